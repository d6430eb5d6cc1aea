"""Laws of constant-Q bands: energy, time, loudness, pitch."""

import numpy as np
import pytest

from skmusic.features.constantq import (
    band_edges,
    band_energies,
    band_middles,
    band_widths,
    step_bands,
    to_energies,
    to_levels,
)
from skmusic.spectra.windows import sine_window

# Of 8 kHz, of hop 441, of 44.1 kHz, of 96 kHz: some are odd.
each_step = pytest.mark.parametrize("step", [1, 2, 186, 441, 1024, 2229])


def noise(n_samples, n_channels=1, seed=0):
    x = np.random.default_rng(seed).standard_normal((n_samples, n_channels))
    return x.astype(np.float32)


@pytest.mark.parametrize("n_bins", [1, 2, 3, 40, 129, 1025, 2064])
def test_bands_part_the_bins(n_bins):
    edges, widths = band_edges(n_bins), band_widths(n_bins)
    assert edges[0] == 0
    np.testing.assert_array_equal(edges + widths, [*edges[1:], n_bins])
    assert widths.min() >= 1
    # Wider towards the top, but for rounding and the last.
    assert (np.diff(widths[:-1]) >= -1).all()
    middles = band_middles(n_bins)
    assert ((edges <= middles) & (middles < edges + widths)).all()


@each_step
def test_bands_hold_the_energy_of_a_step_and_the_one_before(step, monkeypatch):
    x = noise(9 * step, 2)
    power = []
    for s in range(8):
        z = np.fft.rfft(x[s * step :][: 2 * step].T * sine_window(2 * step))
        power.append(np.square(np.abs(z)).sum())
    energies = band_energies(x, step)
    assert energies.dtype == np.float32
    np.testing.assert_allclose(energies @ band_widths(step + 1), power, rtol=1e-4)
    monkeypatch.setattr("skmusic.features.constantq._BLOCK", 5 * step)
    np.testing.assert_allclose(band_energies(x, step), energies, rtol=1e-4)


@each_step
def test_bands_of_a_step_know_no_sample_after_it(step):
    x = noise(12 * step, 2)
    whole = step_bands(x, step)
    assert len(whole) == 12
    for n in (1, 5, 11):
        part = step_bands(x[: n * step + step // 2], step)
        np.testing.assert_allclose(part, whole[:n], rtol=1e-5)


@each_step
def test_steps_of_a_part_are_those_of_the_whole(step):
    x = noise(12 * step, 2)
    whole = step_bands(x, step)
    # Only the first is mirrored where the recording went on.
    part = step_bands(x[4 * step :], step)
    np.testing.assert_allclose(part[1:], whole[5:], rtol=1e-5)


@pytest.mark.parametrize("n_samples", [0, 1, 440])
def test_less_than_a_step_is_none(n_samples):
    found = step_bands(noise(n_samples, 2), 441)
    assert found.shape == (0, len(band_edges(442)))
    assert step_bands(noise(5, 3), 0).shape == (5, 3)


def test_energies_grow_with_the_square_and_add_up_over_channels():
    x = noise(5000)
    energies = step_bands(x, 441)
    np.testing.assert_allclose(step_bands(3 * x, 441), 9 * energies, rtol=1e-4)
    both = step_bands(np.hstack([x, -x]), 441)
    np.testing.assert_allclose(both, 2 * energies, rtol=1e-4)
    doubles = step_bands(x.astype(np.float64), 441)
    np.testing.assert_array_equal(doubles, energies)


@pytest.mark.parametrize("step", [186, 441, 1024, 2229])
def test_a_tone_is_in_its_band(step):
    for band in range(3, len(band_edges(step + 1)) - 1, 7):
        turns = band_middles(step + 1)[band] / (2 * step)
        x = np.sin(2 * np.pi * turns * np.arange(9 * step))[:, None]
        assert (step_bands(x, step)[2:].argmax(axis=1) == band).all()


@pytest.mark.parametrize("reference", [1e-30, 1.0, 1e12])
def test_energies_are_those_of_their_levels(reference):
    ratio = np.array([1.0, 0.5, 1e-3, 1e-6, 0.0])
    found = to_energies(to_levels((reference * ratio).astype(np.float32), reference))
    np.testing.assert_allclose(found, ratio, rtol=1e-3, atol=1e-12)


def test_levels_are_near_decibels_at_the_reference_and_compressed_far_below():
    energies = np.array([1.0, 0.99, 1e-4, 1e-12, 0.0])
    levels = to_levels(energies, 1.0)
    decibels = 10 * np.log10(energies[:4])
    np.testing.assert_allclose(levels[:2], decibels[:2], atol=1e-3)
    assert (np.diff(levels) < 0).all()
    assert (np.diff(levels[1:4]) > np.diff(decibels[1:4]) / 1.5).all()
    assert levels[-1] > -44
