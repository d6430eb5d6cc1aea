import numpy as np
import pytest

from skmusic.features.levels import first_bins
from skmusic.spectra.frames import Layout
from skmusic.synthesis.concatenative.crossfade import FADE, Seam, find_seam, mix
from skmusic.synthesis.concatenative.equalizer import coloured

LAYOUTS = [Layout(1, 2, 1025, 1), Layout(2, 2, 129, 8), Layout(1, 1, 6, 1)]
SPECTRA = LAYOUTS[:2]


def noise(layout, n_steps=16, seed=0):
    n_dims = layout.numbers_per_step // layout.frames_per_step
    shape = n_steps * layout.frames_per_step, n_dims
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def range_power(frames, layout):
    power = np.square(frames).reshape(len(frames), -1, layout.n_bins).sum(axis=1)
    power = power.reshape(-1, layout.frames_per_step, layout.n_bins).sum(axis=1)
    return np.add.reduceat(power, first_bins(layout), axis=1)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("before", "after"), [(8, 8), (5, 8), (8, 0), (0, 6), (1, 0)])
def test_all_of_a_fade_is_where_both_runs_are(layout, before, after):
    old, new = noise(layout, before + after), noise(layout, before + after, 1)
    seam = find_seam(old, new, before, layout)
    n = len(old)
    assert seam.late.shape == (layout.n_bins,)
    assert (seam.late >= seam.fade - before).all()
    assert (seam.late <= after - seam.fade).all()
    slope = seam.slope(-before * layout.frames_per_step, n, layout)
    assert (np.diff(slope, axis=0) >= 0).all()
    outside = [seam.slope(t * layout.frames_per_step, 1, layout) for t in (-9, 9)]
    assert not outside[0].any()
    assert (outside[1] == 1).all()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_slope_is_the_same_in_parts(layout):
    m = layout.frames_per_step
    seam = find_seam(noise(layout), noise(layout, seed=1), 8, layout)
    parts = [seam.slope(-8 * m, 5 * m, layout), seam.slope(-3 * m, 11 * m, layout)]
    whole = seam.slope(-8 * m, 16 * m, layout)
    np.testing.assert_array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("layout", SPECTRA)
@pytest.mark.parametrize("moment", [-3, 0, 3])
def test_ranges_go_over_where_the_runs_are_alike(layout, moment):
    m = layout.frames_per_step
    old, new = noise(layout), noise(layout, seed=1)
    alike = slice((8 + moment - FADE) * m, (8 + moment + FADE) * m)
    new[alike] = old[alike]
    late = find_seam(old, new, 8, layout).late
    np.testing.assert_allclose(late, moment, atol=0.01)


@pytest.mark.parametrize("layout", SPECTRA)
def test_each_range_has_a_moment_of_its_own(layout):
    m, n_ranges = layout.frames_per_step, len(first_bins(layout))
    old = noise(layout)
    # The low half of the ranges is alike early, the high half late.
    low, high = (
        np.arange(n_ranges) < n_ranges // 2,
        np.arange(n_ranges) >= n_ranges // 2,
    )
    new = old.copy()
    new[9 * m :] = coloured(new[9 * m :], 20.0 * low, layout)
    new[: 7 * m] = coloured(new[: 7 * m], 20.0 * high, layout)
    late = find_seam(old, new, 8, layout).late
    assert late[0] <= -3
    assert late[-1] >= 3


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_run_joins_itself_without_a_trace(layout):
    x = noise(layout)
    slope = find_seam(x, x, 8, layout).slope(
        -8 * layout.frames_per_step, len(x), layout
    )
    # Where many frames make a step, their power is that of their neighbours too.
    within = 1e-4 if layout.frames_per_step == 1 else 0.06
    np.testing.assert_allclose(mix(x, x, slope, layout), x, rtol=within, atol=1e-5)


@pytest.mark.parametrize("layout", SPECTRA)
def test_cross_fades_keep_the_power_of_each_range(layout):
    old, new = noise(layout), noise(layout, seed=1)
    slope = find_seam(old, new, 8, layout).slope(
        -8 * layout.frames_per_step, len(old), layout
    )
    for sign in (1, -1):  # unrelated, and opposed by half
        other = 0.7 * new + sign * 0.3 * old
        power = [range_power(x, layout) for x in (mix(old, other, slope, layout), old)]
        assert (power[0] / power[1]).min() > 0.1
        assert (power[0] / power[1]).max() < 4
        whole = [x.sum(axis=1) for x in power]
        assert (whole[0] / whole[1]).min() > 0.4
        assert (whole[0] / whole[1]).max() < 1.3


def test_before_a_fade_all_is_old_and_after_it_all_is_new():
    layout = SPECTRA[0]
    old, new = noise(layout), noise(layout, seed=1)
    slope = Seam(np.zeros(layout.n_bins), FADE).slope(-8, 16, layout)
    mixed = mix(old, new, slope, layout)
    np.testing.assert_allclose(mixed[: 8 - FADE], old[: 8 - FADE], rtol=1e-5)
    np.testing.assert_allclose(mixed[8 + FADE :], new[8 + FADE :], rtol=1e-5, atol=1e-6)
