"""Laws of the noise that pieces are drawn from."""

from dataclasses import replace

import numpy as np
import pytest

from skmusic.synthesis.neural import calibration
from skmusic.synthesis.neural.calibration import calibrated
from skmusic.synthesis.neural.conditions import NOTHING


@pytest.fixture(scope="module")
def plain(numbers):
    """What was learned of numbers, with noise as the network learned it."""
    X, neural = numbers
    ones, zeros = np.ones_like(neural.noise_size), np.zeros_like(neural.noise_size)
    return X, replace(neural, noise_size=ones, noise_persistence=zeros)


@pytest.fixture(scope="module")
def made(plain):
    X, neural = plain
    return calibrated(neural, X, [NOTHING] * len(X))


def movement(neural, X, n_pieces=16):
    rng = np.random.RandomState(1)
    pieces = [
        calibration._piece(neural, X[k % len(X)], NOTHING, 150, rng)
        for k in range(n_pieces)
    ]
    return np.log(calibration._variances(pieces))


def test_pieces_move_more_as_recordings_do(plain, made):
    X, neural = plain
    goal = np.log(calibration._variances([neural.code.encode(x) for x in X]))

    def far(neural):
        return np.abs(movement(neural, X) - goal).mean()

    assert far(made) < far(neural)


def test_it_is_the_same_each_time(plain, made):
    X, neural = plain
    first, second = made, calibrated(neural, X, [NOTHING] * len(X))
    np.testing.assert_array_equal(first.noise_size, second.noise_size)
    np.testing.assert_array_equal(first.noise_persistence, second.noise_persistence)
    assert not np.allclose(first.noise_size, 1)


def test_what_is_learned_is_calibrated(numbers, made):
    _, neural = numbers
    np.testing.assert_array_equal(neural.noise_size, made.noise_size)
    np.testing.assert_array_equal(neural.noise_persistence, made.noise_persistence)


def test_of_short_recordings_noise_stays_plain(plain):
    X, neural = plain
    assert calibrated(neural, [X[0][:100]], [NOTHING]) is neural


@pytest.mark.parametrize(("size", "persistence"), [(0.5, -0.5), (1.0, 0.0), (1.2, 0.7)])
def test_movement_tells_size_and_persistence(size, persistence):
    rng = np.random.default_rng(0)
    x = np.zeros((20_000, 4))
    fresh = rng.standard_normal(x.shape)
    for k in range(1, len(x)):
        x[k] = persistence * x[k - 1] + np.sqrt(1 - persistence**2) * fresh[k]
    both = np.log(calibration._variances([size * x]))
    usual = np.log(calibration._variances([fresh]))
    found = calibration._noise(both - usual)
    # A second is not endless: the slow end is not quite reached.
    np.testing.assert_allclose(found[0], size, rtol=0.2)
    np.testing.assert_allclose(found[1], persistence, atol=0.2)
    again = calibration._noise(calibration._within(both - usual))
    np.testing.assert_allclose(again, found, rtol=1e-6)


def test_noise_stays_within_its_bounds():
    rng = np.random.default_rng(0)
    size, persistence = calibration._noise(
        calibration._within(9 * rng.standard_normal((2, 500)))
    )
    assert size.min() >= 0.3 - 1e-9
    assert size.max() <= 1.3 + 1e-9
    assert np.abs(persistence).max() <= 0.8 + 1e-9


def test_interrupted_it_keeps_what_was_learned(plain, monkeypatch):
    X, neural = plain
    draw, n_drawn = calibration.draw, []

    def interrupted(*args):
        n_drawn.append(1)
        if len(n_drawn) == 5:
            raise KeyboardInterrupt
        return draw(*args)

    monkeypatch.setattr(calibration, "draw", interrupted)
    with pytest.warns(UserWarning, match="calibration was interrupted"):
        made = calibrated(neural, X, [NOTHING] * len(X))
    assert made.network is neural.network
    assert np.isfinite(made.noise_size).all()
