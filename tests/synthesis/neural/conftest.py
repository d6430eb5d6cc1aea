import chance
import numpy as np
import pytest

from skmusic import FFTFeaturizer
from skmusic.network.training import TrainingSettings


def learn(X, format, old=None, past=None, n_before=0, epochs=1):
    from skmusic.synthesis.neural.synthesis import Neural

    training = TrainingSettings(hidden_layer_sizes=(8,), epochs=epochs)
    rng = np.random.RandomState(0)
    return Neural.fit(X, format, training, rng, old, past, n_before)


def learn_all_but_the_network(X, format, old=None, n_before=0):
    with chance.untrained():
        return learn(X, format, old, None, n_before)[0]


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
