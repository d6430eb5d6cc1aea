import numpy as np
import pytest

from skmusic.features.constantq import analysis_spectra
from skmusic.synthesis.neural.panning import (
    N_PLACES,
    factors,
    n_panning,
    panning_of,
    places,
)

REFERENCE = 64.0


def noise(n_channels, step=64, seed=0):
    return np.random.default_rng(seed).standard_normal((9 * step, n_channels))


def panning_of_sound(x, step=64):
    return panning_of(analysis_spectra(x, step), REFERENCE)


@pytest.mark.parametrize("n_bins", [2, 3, 65, 442, 1025])
def test_places_go_up_with_the_bins(n_bins):
    found = places(n_bins)
    assert (np.diff(found) >= 0).all()
    assert (found[0], found[-1]) == (0, N_PLACES - 1)


@pytest.mark.parametrize("n_channels", [1, 2, 3, 64])
@pytest.mark.parametrize("step", [1, 2, 33, 64])
def test_energies_of_channels_add_up(n_channels, step):
    panning = panning_of_sound(noise(n_channels, step), step)
    assert panning.shape == (8, n_panning(n_channels))
    for scale in (1, 5, -5):
        found = factors(scale * panning, n_channels, step + 1)
        assert found.shape == (8, n_channels, step + 1)
        np.testing.assert_allclose((np.abs(found) ** 2).sum(axis=1), 1, rtol=1e-5)


def test_louder_channels_have_larger_levels():
    panning = panning_of_sound(noise(1) * [2, 0.5, 1])
    level = panning[:, :-N_PLACES].reshape(-1, 2, N_PLACES)
    np.testing.assert_allclose(level.mean(axis=(0, 2)), [6, -6], atol=0.7)
    # What is silent is heard from the middle.
    np.testing.assert_allclose(panning_of_sound(noise(2) * 0)[:, :N_PLACES], 0)


def test_tenths_are_the_correlation_of_the_outer_channels():
    x = noise(2)
    for y, wanted in ((x[:, :1], 10), (-x[:, :1], -10)):
        panning = panning_of_sound(np.hstack([x[:, :1], x[:, 1:], y]))
        np.testing.assert_allclose(panning[:, -N_PLACES:], wanted, atol=1e-2)
    assert abs(panning_of_sound(x)[:, -N_PLACES:].mean()) < 2
    np.testing.assert_allclose(panning_of_sound(0 * x)[:, -N_PLACES:], 10)


def test_factors_have_the_panning_that_they_are_of():
    rng = np.random.default_rng(0)
    panning = np.hstack([rng.uniform(-9, 9, (6, 24)), rng.uniform(-10, 10, (6, 12))])
    found = panning_of(factors(panning, 3, 1025), 1e-9)
    np.testing.assert_allclose(found, panning, atol=0.1)
