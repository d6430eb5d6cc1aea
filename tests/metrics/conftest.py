import numpy as np
import pytest
from test_descriptors import SR, looped, music

SHAPE = (10 * SR, 2)


def shuffled(x, seconds):
    size = int(seconds * SR)
    grains = x[: len(x) // size * size].reshape(-1, size, 2)
    return np.random.default_rng(0).permutation(grains).reshape(-1, 2)


@pytest.fixture(scope="session")
def sets():
    """Music, other music, and what was spoilt or is none."""
    rng = np.random.default_rng(0)
    t = np.arange(SHAPE[0])[:, None] / SR
    unheard = [music(seed, 10) for seed in range(10, 14)]
    return {
        "reference": [music(seed, 10) for seed in range(6)],
        "unheard": unheard,
        "shuffled": [shuffled(x, 0.05) for x in unheard],
        "grain": [looped(x, 0.05) for x in unheard],
        "noise": [0.1 * rng.standard_normal(SHAPE) for _ in unheard],
        "tone": [np.sin(2 * np.pi * f * t) * [0.3, 0.3] for f in (220, 300, 440, 600)],
        "silence": [np.zeros(SHAPE) for _ in unheard],
        "dc": [np.full(SHAPE, 0.25) for _ in unheard],
    }
