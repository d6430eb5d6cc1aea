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


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_the_unit_of_frames_does_not_matter(scale):
    x = music(100)
    plain, scaled = fit([x])[0], fit([scale * x])[0]
    np.testing.assert_allclose(
        scaled.predict(scale * x) / scale, plain.predict(x), rtol=1e-3, atol=1e-3
    )
    shift = plain.log_likelihood(x) - scaled.log_likelihood(scale * x)
    np.testing.assert_allclose(shift, np.log(scale), rtol=1e-3)


def test_going_on_keeps_the_unit():
    format = FrameFormat(256, 128)
    first, trained = fit([music(100)], format)
    second, _ = fit([music(100, scale=5.0)], format, first, trained.training)
    assert second.scale == first.scale
    assert second.format == format
