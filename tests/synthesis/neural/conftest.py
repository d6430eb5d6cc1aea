import numpy as np
import pytest

from skmusic import FFTFeaturizer
from skmusic.network import numpy_flow, numpy_lstm
from skmusic.network.training import Trained, TrainingSettings


def learn(X, format, old=None, past=None, n_before=0, epochs=1):
    from skmusic.synthesis.neural.synthesis import Neural

    training = TrainingSettings(hidden_layer_sizes=(8,), epochs=epochs)
    rng = np.random.RandomState(0)
    return Neural.fit(X, format, training, rng, old, past, n_before)


def network_of_chance(n_inputs, n_outputs, n_units=8, seed=0):
    """LSTM of one layer and flow, whose draws are no wilder than what is learned."""
    rng, n = np.random.default_rng(seed), n_units
    both = n + 2 * n_outputs
    shapes = [(n_inputs, 4 * n), (n, 4 * n), (4 * n,)]
    shapes += [(n, both), (both,), (n_inputs, both)]
    shapes += [(n_outputs, n), (32, 5), (5,)]
    for _ in range(numpy_flow.N_BLOCKS):
        shapes += [(n, 3 * n), (5, 3 * n), (3 * n,), (n, n), (n,), (n, n), (n,)]
    shapes += [(n, n_outputs), (n_outputs,)]
    arrays = [rng.standard_normal(s) / np.sqrt(4 * s[0]) for s in shapes]
    arrays = [x.astype(np.float32) for x in arrays]
    return numpy_lstm.from_arrays(arrays, numpy_flow.N_ARRAYS)


def learn_all_but_the_network(X, format, old=None, n_before=0):
    def train(sequences, n_outputs, *args, **options):
        n_inputs = sequences[0][0].shape[1]
        return Trained(network_of_chance(n_inputs, n_outputs), [], {})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skmusic.synthesis.neural.synthesis.train", train)
        return learn(X, format, old, None, n_before)[0]


@pytest.fixture(scope="session")
def fit_neural():
    """Function that learns from frames: synthesis and training."""
    return learn


@pytest.fixture(scope="session")
def untrained():
    """Function that learns from frames all but the network, which is one of chance."""
    return learn_all_but_the_network


@pytest.fixture(scope="session")
def frames(songs):
    """Frames of three songs in stereo."""
    X = [x[: 12 * songs.sr] for x in songs.recordings[:3]]
    return FFTFeaturizer(N=512, sr=songs.sr).fit_transform(X)


@pytest.fixture(scope="session")
def fitted(frames):
    """Frames, and what the neural synthesis learned of them."""
    return frames, learn(frames, frames[0].format)[0]


def swings(n_steps, n_numbers=3, seed=0):
    rng = np.random.default_rng(seed)
    t = np.arange(n_steps)[:, None]
    x = np.sin(t / rng.uniform(2, 9, n_numbers)) + 0.1 * rng.standard_normal(
        (n_steps, n_numbers)
    )
    return x.astype(np.float32)


@pytest.fixture(scope="session")
def numbers():
    """Plain numbers, and what the neural synthesis learned of them."""
    X = [swings(300), swings(200, seed=1)]
    return X, learn(X, None, epochs=4)[0]
