import numpy as np

from skmusic.features.self_similarity import returning


def noise(n, seed=0):
    return np.random.default_rng(seed).standard_normal((n, 20))


def test_what_returns_is_told_whatever_its_loudness():
    x = noise(150)
    x[100:120] = 5 * x[20:40]
    found = returning(x, 10, 30, 100)  # of the passages from step 30 on
    np.testing.assert_allclose(found[70:81], 1, atol=0.01)
    assert np.delete(found, np.arange(61, 90)).max() < 0.6


def test_only_what_lies_between_the_lags_counts():
    x = np.tile(noise(50), (2, 1))
    assert returning(x, 10, 40, 49).max() < 0.6
    assert returning(x, 10, 51, 60).max() < 0.6
    assert returning(x, 10, 50, 50).min() > 0.99


def test_silence_and_short_recordings_return_nowhere():
    assert not returning(np.zeros((60, 5)), 10, 20, 30).any()
    for n in (0, 1, 9, 29):
        assert returning(noise(n), 10, 20, 30).shape == (max(0, n - 29),)
