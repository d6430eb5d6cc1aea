import numpy as np
import pytest

from skmusic.spectra import analysis_window, stft
from skmusic.spectra.frames import Layout
from skmusic.synthesis.concatenative.limiter import limited, loudest, peaks

LAYOUTS = [Layout(2, 2, 1025, 1), Layout(1, 2, 129, 8)]


def highest(frames, layout):
    return peaks(frames, layout).max()


def noise(layout, n_frames=400, seed=0):
    n_dims = layout.numbers_per_step // layout.frames_per_step
    x = np.random.default_rng(seed).standard_normal((n_frames, n_dims))
    return (x * np.linspace(0, 1, n_frames)[:, None]).astype(np.float32)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_frame_is_louder_than_the_limit(layout):
    frames = noise(layout)
    limit = highest(frames[:200], layout)
    assert (peaks(frames, layout) > limit).any()
    assert peaks(limited(frames, limit, layout), layout).max() <= limit * (1 + 1e-6)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_below_the_limit_is_left_as_it_is(layout):
    frames = noise(layout)
    assert limited(frames, highest(frames, layout), layout) is frames
    limit = highest(frames[:200], layout)
    np.testing.assert_array_equal(limited(frames, limit, layout)[:150], frames[:150])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_only_the_loudness_of_a_frame_is_changed(layout):
    frames = noise(layout)[1:]
    gain = limited(frames, 0.5 * highest(frames, layout), layout) / frames
    np.testing.assert_allclose(gain, gain[:, :1] + 0 * gain, rtol=1e-5)
    assert gain.max() <= 1


def test_peaks_are_those_of_the_samples():
    N = 512
    x = np.random.default_rng(1).standard_normal((20 * N, 2)).astype(np.float32)
    frames = stft(x, analysis_window("hann", N), N // 2)
    found = peaks(frames, Layout(2, 2, N // 2 + 1, 1))
    # The first frame begins half a window before the music.
    middles = np.abs(x[N // 4 :][: 38 * N // 2]).reshape(38, N // 2 * 2).max(axis=1)
    np.testing.assert_allclose(found[1:39], middles, rtol=1e-4)


def test_what_is_no_spectrum_has_no_limit():
    frames, layout = np.ones((5, 6), np.float32), Layout(1, 1, 6, 1)
    limits = loudest(0 * frames, np.full(5, 5), layout)
    assert limited(frames, limits.max(), layout) is frames


@pytest.mark.parametrize("layout", LAYOUTS)
def test_after_silence_only_silence_is_possible(layout):
    frames = noise(layout)
    made = limited(frames, highest(0 * frames, layout), layout)
    assert not made.any()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_step_is_louder_than_what_is_about_it_in_its_own_stretch(layout):
    m, frames = layout.frames_per_step, noise(layout)
    n = len(frames) // m
    ends = np.repeat([n // 2, n], [n // 2, n - n // 2])
    limits, loud = loudest(frames, ends, layout), peaks(frames, layout)
    assert (np.repeat(limits, m) >= loud).all()
    quiet = loud[: n // 2 * m].max()
    assert limits[: n // 2].max() == quiet < limits[n // 2 :].min()
