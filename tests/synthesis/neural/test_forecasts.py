"""Laws of forecasts and scores."""

import numpy as np
import pytest
from neural_helpers import sample, steps_of

from skmusic import FFTFeaturizer
from skmusic.synthesis.neural import forecasts


def noise(n_samples, n_numbers, scale=1.0):
    x = scale * np.random.default_rng(0).standard_normal((n_samples, n_numbers))
    return x.astype(np.float32)


@pytest.fixture(params=["frames", "numbers"])
def learned(request, fitted, numbers):
    (x, *_), neural = fitted if request.param == "frames" else numbers
    return x, neural


@pytest.mark.parametrize("n", [0, 7, 250])
def test_a_forecast_hears_only_the_past(learned, n):
    x, neural = learned
    steps, n_steps = steps_of(neural, x), neural.code.n_steps
    whole, part = (forecasts.mean(neural, s) for s in (steps, steps[:n]))
    assert whole.shape == ((len(steps) // n_steps + 1) * n_steps, steps.shape[1])
    assert len(part) == (n // n_steps + 1) * n_steps
    np.testing.assert_allclose(part, whole[: len(part)], atol=1e-3)
    np.testing.assert_array_equal(part, forecasts.mean(neural, steps[:n]))


def test_draws_are_as_many_and_other_each_time(learned):
    x, neural = learned
    drawn = list(forecasts.draws(neural, steps_of(neural, x)))
    assert len({each.shape[0] for each in drawn}) == 1
    drawn = np.concatenate(drawn, axis=1)
    assert len(drawn) > 1
    assert np.isfinite(drawn).all()
    assert (drawn.std(axis=0).max(axis=1) > 0).all()


def test_the_mean_is_nearer_to_music_than_any_draw(learned):
    x, neural = learned
    steps = steps_of(neural, x)
    drawn = np.concatenate(list(forecasts.draws(neural, steps)), axis=1)
    drawn = drawn[:, : len(steps)]
    errors = np.square(drawn - steps).mean(axis=(1, 2))
    assert np.square(drawn.mean(axis=0) - steps).mean() < errors.min()


@pytest.mark.parametrize("n", [9, 150])
def test_a_score_does_not_know_what_comes(learned, n):
    x, neural = learned
    other = x.copy()
    other[n:] = 1e4 * other[n:].max()
    before = len(neural.log_likelihood(x[:n]))
    a, b = (neural.log_likelihood(each)[: before - 1] for each in (x, other))
    np.testing.assert_allclose(a, b, atol=1e-3)


@pytest.mark.filterwarnings("ignore:recording 0 has a peak")
@pytest.mark.filterwarnings("ignore:all recordings are silent")
@pytest.mark.parametrize("scale", [0, 1e-40, 1e-18, 1e6])
@pytest.mark.parametrize("n_channels", [None, 2])
def test_any_level_is_learned_forecast_scored_and_played(untrained, scale, n_channels):
    x = noise(60 * 256 if n_channels else 300, n_channels or 3, scale)
    if n_channels:
        x = FFTFeaturizer(N=512, sr=11025).fit_transform([x])[0]
    neural = untrained([x], x.format if n_channels else None)
    assert np.isfinite(neural.log_likelihood(x)).all()
    assert np.isfinite(neural.predict(x)).all()
    assert np.isfinite(sample(neural, x, 9)).all()


@pytest.mark.parametrize("n", [0, 1])
def test_next_to_nothing_is_scored(learned, n):
    x, neural = learned
    score = neural.log_likelihood(x[:n])
    assert len(score) <= n
    assert np.isfinite(score).all()


def test_a_carried_on_tone_goes_on():
    """Phases go on as a steady tone's do, and the level is the one that is forecast."""
    from skmusic.synthesis.neural.vocoder import fit_vocoder

    t = np.arange(60 * 256) / 11025
    x = np.sin(2 * np.pi * 8 * 11025 / 512 * t)[:, None].astype(np.float32)
    (frames,) = FFTFeaturizer(N=512, hop_length=256, sr=11025).fit_transform([x])
    vocoder = fit_vocoder([x], frames.format.step)
    expected = np.repeat(vocoder.analyse(x)[30:31], len(frames), axis=0)
    made = forecasts.carried_on(frames, expected, frames.format, vocoder)
    assert made.shape == frames.shape
    z = [each.reshape(len(frames), 2, -1) for each in (made, frames)]
    a, b = (each[:, 0] + 1j * each[:, 1] for each in z)
    inside = slice(5, -5)
    turned = np.angle(a[:-1][inside, 8] * b[1:][inside, 8].conj())
    np.testing.assert_allclose(turned, 0, atol=0.05)
    off = np.abs(a[inside]).sum() / np.abs(b[inside]).sum()
    assert 0.5 < off < 2.5
