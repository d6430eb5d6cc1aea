from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import find_peaks

from skmusic import FFTFeaturizer
from skmusic.features.constantq import (
    band_edges,
    band_energies,
    frame_energies,
    to_levels,
)
from skmusic.spectra.frames import Layout, find_layout

PLAIN = Layout(n_channels=1, n_parts=1, n_bins=6, frames_per_step=1)
PAIRS = Layout(n_channels=2, n_parts=2, n_bins=45, frames_per_step=2)


def noise(n_frames, n_dims, seed=0):
    x = np.random.default_rng(seed).standard_normal((n_frames, n_dims))
    return x.astype(np.float32)


@pytest.mark.parametrize("n_bins", [1, 2, 3, 40, 129, 1025, 2064])
def test_bands_part_the_bins(n_bins):
    edges = band_edges(n_bins)
    assert edges[0] == 0
    assert edges[-1] < n_bins
    widths = np.diff([*edges, n_bins])
    assert widths.min() >= 1
    # Wider towards the top, but for rounding and the last.
    assert (np.diff(widths[:-1]) >= -1).all()


@pytest.mark.parametrize("layout", [PLAIN, PAIRS])
def test_energy_is_kept(layout):
    x = noise(21, layout.numbers_per_step // layout.frames_per_step)
    steps = len(x) // layout.frames_per_step
    whole = np.square(x[: steps * layout.frames_per_step], dtype=float)
    np.testing.assert_allclose(
        frame_energies(x, layout).sum(axis=1),
        whole.reshape(steps, -1).sum(axis=1),
        rtol=1e-6,
    )


def test_bands_of_one_frame_are_means_over_its_bins():
    layout = Layout(2, 2, 45, 1)
    x, edges = noise(7, 180), band_edges(45)
    widths = np.diff([*edges, 45])
    np.testing.assert_allclose(
        band_energies(x, layout, edges) * widths, frame_energies(x, layout), rtol=1e-4
    )


def tones(*hz, N=256, sr=44100):
    """Frames of half a second of tones together."""
    t = np.arange(sr // 2) / sr
    x = sum(np.sin(2 * np.pi * f * t + k) for k, f in enumerate(hz))
    return FFTFeaturizer(N=N, sr=sr).fit_transform([x])[0]


def decibels(energies):
    """Mean of the steps that are not at the ends."""
    return 10 * np.log10(energies[4:-4].mean(axis=0) + 1e-9)


def peaks(db):
    return len(find_peaks(db, prominence=6, height=db.max() - 20)[0])


@pytest.mark.parametrize("lapped", [False, True])
@pytest.mark.parametrize("hz", [450, 500, 600])
def test_steps_separate_tones_that_one_window_cannot(hz, lapped):
    frames = tones(hz, hz + 60)
    layout = replace(find_layout([frames], 1), lapped=lapped)
    fine = band_edges(layout.n_fine_bins)
    assert peaks(decibels(frame_energies(frames, layout))) == 1
    assert peaks(decibels(band_energies(frames, layout, fine))) == 2


@pytest.mark.parametrize("lapped", [False, True])
def test_higher_tones_are_in_higher_bands(lapped):
    best = []
    for hz in range(300, 1000, 60):
        frames = tones(hz)
        layout = replace(find_layout([frames], 1), lapped=lapped)
        edges = band_edges(layout.n_fine_bins)
        best.append(decibels(band_energies(frames, layout, edges)).argmax())
    assert (np.diff(best) > 0).all()


@pytest.mark.parametrize("N", [64, 256, 512, 1024])
def test_every_window_hears_the_same(N):
    x = np.random.default_rng(0).standard_normal((40_000, 2))
    found = []
    for size, m in ((N, 2048 // N), (2048, 1)):
        frames = FFTFeaturizer(N=size).fit_transform([x])[0]
        layout = Layout(2, 2, size // 2 + 1, m, lapped=True)
        edges = band_edges(layout.n_fine_bins)
        energies = band_energies(frames, layout, edges)
        found.append(energies[2:-2] * m)
    short, long = (np.log10(e[: min(map(len, found))]) for e in found)
    assert short.shape == long.shape
    # They differ by what the last half of the last short window fades out.
    assert np.abs(short - long).mean() < (0.02 if N < 1024 else 0.1)


def test_levels_are_near_decibels_at_the_reference_and_compressed_far_below():
    energies = np.array([1.0, 0.99, 1e-4, 1e-12, 0.0])
    levels = to_levels(energies, 1.0)
    decibels = 10 * np.log10(energies[:4])
    np.testing.assert_allclose(levels[:2], decibels[:2], atol=1e-3)
    assert (np.diff(levels) < 0).all()
    assert (np.diff(levels[1:4]) > np.diff(decibels[1:4]) / 1.5).all()
    assert levels[-1] > -44
