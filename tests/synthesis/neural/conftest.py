import numpy as np
import pytest

from skmusic import FFTFeaturizer
from skmusic.network.training import TrainingSettings
from skmusic.synthesis.neural.synthesis import Neural
from skmusic.synthesis.tokens import SynthesisSettings


def learn(X, format, old=None, past=None, n_before=0):
    training = TrainingSettings(hidden_layer_sizes=(8,), epochs=1)
    rng, settings = np.random.RandomState(0), SynthesisSettings(n_tokens=None)
    return Neural.fit(X, format, settings, training, rng, old, past, n_before)


@pytest.fixture(scope="session")
def fit_neural():
    """Function that learns from frames: synthesis and training."""
    return learn


@pytest.fixture(scope="session")
def fitted(songs):
    """Frames of three songs in stereo, and what the neural synthesis learned."""
    X = [x[: 12 * songs.sr] for x in songs.recordings[:3]]
    frames = FFTFeaturizer(N=512, sr=songs.sr).fit_transform(X)
    return frames, learn(frames, frames[0].format)[0]
