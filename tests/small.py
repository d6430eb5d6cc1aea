"""Small things to learn from, and generators that learn them in seconds."""

import numpy as np
import soundfile as sf

from skmusic import StatefulLSTMGenerator
from skmusic.network.numpy_lstm import to_arrays

# Of one shape of batches, for which a network is compiled once.
ALIKE = {"hidden_layer_sizes": (8, 4), "n_streams": 1, "chunk_length": 8}
SYNTHESES = ["neural", "regression"]


def generator(synthesis="neural", **options):
    """Generator that is not fitted, of the shape of all others."""
    options = ALIKE | {"epochs": 2, "random_state": 0} | options
    return StatefulLSTMGenerator(synthesis, **options)


def waves(n_recordings=4, n_frames=100, n_dims=3, seed=0):
    """Frames of a few slow waves each, and a little noise; one frame is a step.

    From 108 frames on, noise is calibrated, which takes seconds.
    """
    rng = np.random.default_rng(seed)
    t = np.arange(n_frames)[:, None]
    return [
        np.sin(t / rng.uniform(2, 12, n_dims) + rng.uniform(0, 6, n_dims))
        + 0.1 * rng.standard_normal((n_frames, n_dims))
        for _ in range(n_recordings)
    ]


def weights(generator):
    """Arrays of the network that was learned."""
    return to_arrays(generator.synthesis_.network)


def same(a, b):
    """Whether arrays are equal to the bit, one by one."""
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def noise(n_samples, *channels, seed=0):
    """Noise of one length, other for each length."""
    rng = np.random.default_rng(seed + n_samples)
    return rng.uniform(-0.5, 0.5, (n_samples, *channels))


def save(path, x, sr=44100, subtype="FLOAT"):
    """Path of a file with this sound."""
    sf.write(path, x, sr, subtype)
    return str(path)
