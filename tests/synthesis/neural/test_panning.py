import numpy as np
import pytest

from skmusic.features.constantq import analysis_spectra
from skmusic.synthesis.neural.panning import (
    N_PLACES,
    StereoPanning,
    panning_of,
    places,
)


def noise(n_channels, step=64, seed=0):
    return np.random.default_rng(seed).standard_normal((9 * step, n_channels))


def panning_of_sound(x, step=64):
    return panning_of(analysis_spectra(x, step))


@pytest.mark.parametrize("n_bins", [2, 3, 65, 442, 1025])
def test_places_go_up_with_the_bins(n_bins):
    found = places(n_bins)
    assert (np.diff(found) >= 0).all()
    assert (found[0], found[-1]) == (0, N_PLACES - 1)


@pytest.mark.parametrize("n_channels", [1, 2, 3])
@pytest.mark.parametrize("step", [1, 2, 33, 64])
def test_shares_are_of_one_whole(n_channels, step):
    share, alike = panning_of_sound(noise(n_channels, step), step)
    assert share.shape == (8, n_channels, N_PLACES)
    np.testing.assert_allclose(np.exp(share).sum(axis=1), 1, rtol=1e-6)
    assert (np.abs(alike) <= 1 + 1e-6).all()


def test_louder_channels_have_larger_shares():
    share, _ = panning_of_sound(noise(1) * [1, 0.5])
    np.testing.assert_allclose(np.exp(share[:, 0]), 0.8, rtol=1e-3)


def test_likeness_is_the_correlation_of_the_outer_channels():
    x = noise(2)
    for y, wanted in ((x[:, :1], 1), (-x[:, :1], -1)):
        _, alike = panning_of_sound(np.hstack([x[:, :1], x[:, 1:], y]))
        np.testing.assert_allclose(alike, wanted, atol=1e-3)
    _, alike = panning_of_sound(x)
    assert abs(alike.mean()) < 0.2
    _, alike = panning_of_sound(0 * x)
    np.testing.assert_allclose(alike, 1)


def random_panning(seed, n_channels=2, n_features=5):
    rng = np.random.default_rng(seed)
    shares = rng.standard_normal((n_features + 1, n_channels * N_PLACES))
    alike = rng.standard_normal((n_features + 1, N_PLACES))
    return StereoPanning(shares, alike, rng.uniform(-6, 6, 9), float(seed))


def test_features_tell_shares_and_likeness():
    panning, x = random_panning(1), np.random.default_rng(0).standard_normal((7, 5))
    share, alike = panning.at(1e3 * x)
    np.testing.assert_allclose(share.sum(axis=1), 1)
    assert (np.abs(alike) <= 1).all()
    assert all(holds for holds, _ in panning.laws())
    assert not all(holds for holds, _ in random_panning(1, n_channels=0).laws())


def test_a_mixture_lies_between():
    a, b = random_panning(1), random_panning(2)
    np.testing.assert_array_equal(a.mixed(b, 0).shares, a.shares)
    np.testing.assert_array_equal(a.mixed(b, 1).gain, b.gain)
    half = a.mixed(b, 0.5)
    np.testing.assert_allclose(half.alike, (a.alike + b.alike) / 2)
    assert half.loudest == 2
