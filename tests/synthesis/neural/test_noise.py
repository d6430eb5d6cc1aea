import numpy as np
import pytest

from skmusic.features.constantq import analysis_spectra
from skmusic.spectra.windows import sine_window
from skmusic.synthesis.neural.noise import (
    N_CLEAR,
    clarity_of,
    noise_share,
    noise_spectra,
)

STEP = 512


def clarity(x):
    return clarity_of(analysis_spectra(x[:, None], STEP), 1.0)


def noise(n_steps=60):
    return np.random.default_rng(0).standard_normal(n_steps * STEP)


def test_clicks_and_tones_are_clear_and_noise_is_not():
    t = np.arange(60 * STEP)
    click = (t % (2 * STEP) == STEP // 2).astype(float)
    tones = sum(np.sin(f * t) for f in np.geomspace(0.1, 3, 15))
    for clear in (click, tones):
        assert np.median(clarity(clear)) > 8
    assert np.median(clarity(noise())) < 4
    np.testing.assert_array_equal(clarity(0 * t), 0)


def test_a_burst_is_clearer_than_the_noise_about_it():
    x = 0.01 * noise()
    x[30 * STEP + 100 : 30 * STEP + 160] *= 300
    found = clarity(x).mean(axis=1)
    assert found[30] > found[:29].max()


def test_clarity_does_not_know_how_loud_it_is():
    x = noise()
    np.testing.assert_allclose(clarity(9 * x), clarity(x), rtol=1e-4)


@pytest.mark.parametrize("step", [1, 2, 3, 64, 1024])
def test_clear_steps_have_no_noise_and_no_step_has_only_noise(step):
    values = np.array([-1e6, 0, 5, 10, 1e6], np.float32)
    share = noise_share(np.repeat(values[:, None], N_CLEAR, axis=1), step)
    assert share.shape == (5, step + 1)
    assert (share >= 0).all()
    assert (share < 1).all()
    assert (share[3:] == 0).all()
    assert (np.diff(share, axis=0) <= 0).all()
    # Low bands are as narrow as a bin: their level tells of all that is in it.
    assert (share[:, :30] == 0).all()


@pytest.mark.parametrize("step", [1, 2, 3, 64, 441])
def test_noise_goes_round(step):
    found = noise_spectra(step)
    assert found.dtype == np.complex64
    assert len(found) % 2 == 0
    assert np.isfinite(found).all()
    assert found is noise_spectra(step)


def test_noise_in_windows_is_white():
    spectra = noise_spectra(STEP)
    windows = np.roll(np.fft.irfft(spectra, axis=1), STEP, axis=1)
    windows *= sine_window(2 * STEP) / 2
    made = np.zeros((len(spectra) + 4) * STEP // 2)
    for i, window in enumerate(windows):
        made[i * STEP // 2 : i * STEP // 2 + 2 * STEP] += window
    made = made[2 * STEP : -3 * STEP]
    assert made.var() * STEP == pytest.approx(1, rel=0.05)
    found = np.correlate(made, made[:-9], "valid")[1:] / (made @ made)
    np.testing.assert_allclose(found, 0, atol=0.02)
