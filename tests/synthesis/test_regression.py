"""Laws of the article's synthesis."""

from dataclasses import replace

import numpy as np
import pytest

from skmusic.network.training import TrainingSettings
from skmusic.spectra.frames import FrameFormat
from skmusic.synthesis.regression import Regression

TRAINING = TrainingSettings(hidden_layer_sizes=(8,), dropout=0, epochs=3)


def music(n, scale=1.0, seed=0):
    """Two numbers that swing, of which the second is soft."""
    rng = np.random.default_rng(seed)
    t = np.arange(n)[:, None]
    x = np.sin(t / (5, 9)) * (1, 0.1) + 0.01 * rng.standard_normal((n, 2))
    return (scale * x).astype(np.float32)


def fit(X, format=None, old=None, past=None, epochs=3):
    rng, training = np.random.RandomState(0), replace(TRAINING, epochs=epochs)
    return Regression.fit(X, format, training, rng, old, past)


@pytest.fixture(scope="module")
def fitted():
    return fit([music(400), music(150, seed=1)], epochs=20)[0]


def sample(regression, seed, *lengths):
    state = regression.start(regression.prime(seed), 1.0, None)
    parts = []
    for n in lengths:
        (x,), (state,) = regression.advance([state], n, 1.0, id)
        parts.append(x)
    return np.concatenate(parts)


def test_a_forecast_knows_only_what_was_heard(fitted):
    x = music(60, seed=2)
    whole = fitted.predict(x)
    assert whole.shape == x.shape
    for n in (1, 20, 59):
        np.testing.assert_array_equal(fitted.predict(x[:n]), whole[:n])
    changed = np.concatenate([x[:30], -x[30:]])
    np.testing.assert_array_equal(fitted.predict(changed)[:30], whole[:30])


def test_it_forecasts_better_than_the_mean(fitted):
    x = music(200, seed=3)
    error = np.square(fitted.predict(x)[:-1] - x[1:]).mean(axis=0)
    assert error[0] < 0.5 * x.var(axis=0)[0]


def test_the_score_is_the_density_of_gaussians_about_forecasts(fitted):
    x = music(50, seed=4)
    forecast = np.concatenate([sample(fitted, x[:0], 1), fitted.predict(x)[:-1]])
    deviation = fitted.scale * np.sqrt(fitted.variance)
    z = (x - forecast) / deviation
    density = -0.5 * z**2 - np.log(deviation * np.sqrt(2 * np.pi))
    found = fitted.log_likelihood(x)
    np.testing.assert_allclose(found, density.mean(axis=1), rtol=1e-3, atol=1e-4)


def test_the_density_of_a_frame_is_one_in_all(fitted):
    fitted = replace(fitted, variance=np.array([0.5, 2.0]))
    grid = np.linspace(-8, 8, 161)
    area = (grid[1] - grid[0]) ** 2
    x = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2) * fitted.scale
    total = sum(np.exp(2 * fitted.log_likelihood(one[None])[0]) for one in x[::7])
    assert 7 * total * area * fitted.scale**2 == pytest.approx(1, rel=0.02)


def test_sampling_is_to_hear_its_own_forecasts(fitted):
    seed = music(30, seed=5)
    made = sample(fitted, seed, 12)
    heard = fitted.predict(np.concatenate([seed, made]))
    np.testing.assert_allclose(made, heard[29:-1], atol=1e-5)
    np.testing.assert_array_equal(sample(fitted, seed, 1, 8, 3), made)


def test_pieces_do_not_hear_each_other(fitted):
    seeds, told = [music(30, seed=5), music(7, seed=6)], []
    states = [fitted.start(fitted.prime(x), 1.0, None) for x in seeds]
    together, _ = fitted.advance(states, 9, 1.0, told.append)
    for x, seed in zip(together, seeds, strict=True):
        np.testing.assert_array_equal(x, sample(fitted, seed, 9))
    assert sum(told) == 18


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_the_unit_of_frames_does_not_matter(scale):
    x = music(100)
    plain, scaled = fit([x])[0], fit([scale * x])[0]
    np.testing.assert_allclose(
        scaled.predict(scale * x) / scale, plain.predict(x), rtol=1e-3, atol=1e-3
    )
    shift = plain.log_likelihood(x) - scaled.log_likelihood(scale * x)
    np.testing.assert_allclose(shift, np.log(scale), rtol=1e-3)


@pytest.mark.parametrize(
    "X",
    [
        [np.zeros((20, 2))],
        [np.ones((20, 2))],
        [np.zeros((1, 2))],
        [music(30).astype(np.float64), music(0)],
        [music(0), music(1)],
    ],
)
def test_next_to_nothing_can_be_learned_from(X):
    made, _ = fit(X, epochs=1)
    for x in X:
        assert np.isfinite(made.predict(x)).all()
        assert np.isfinite(made.log_likelihood(x)).all()
        assert np.isfinite(sample(made, x, 3)).all()


def test_going_on_keeps_the_unit():
    format = FrameFormat(256, 128)
    first, trained = fit([music(100)], format)
    second, _ = fit([music(100, scale=5.0)], format, first, trained.training)
    assert second.scale == first.scale
    assert second.format == format
