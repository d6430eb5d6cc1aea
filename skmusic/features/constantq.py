"""Constant-Q bands of a waveform, step by step: their energy, and their level."""

from functools import cache

import numpy as np
import scipy.fft

from skmusic.spectra.windows import sine_window

BANDS_PER_OCTAVE = 24
# Levels are a power of the energy, between decibels (0) and loudness (0.3): what is
# hardly heard beside the rest counts less than in decibels.
_POWER = 0.1
# Numbers of the spectra that are made at once.
_BLOCK = 1 << 20


@cache
def band_edges(n_bins):
    """First bin of each constant-Q band, never narrower than one bin."""
    edge, edges, ratio = 1.0, [0], 2 ** (1 / BANDS_PER_OCTAVE)
    while edge < n_bins:
        edges.append(round(edge))
        # Low bands are as narrow as a bin; from there on they widen by a ratio.
        edge = max(edge + 1, edge * ratio)
    edges = np.unique([e for e in edges if e < n_bins])
    edges.flags.writeable = False  # all who ask are given the same
    return edges


def band_widths(n_bins):
    """Bins in each band ``(n_bands,)``."""
    return np.diff(band_edges(n_bins), append=n_bins)


def band_middles(n_bins):
    """Middle of each band ``(n_bands,)``, in bins."""
    return band_edges(n_bins) + (band_widths(n_bins) - 1) / 2


def analysis_spectra(x, step):
    """Spectra ``(n_steps, n_channels, step + 1)``, complex64, of windows of two steps.

    Of each step and the one before it; no sample after the step is heard. The waveform
    ``(n_samples, n_channels)`` is from one step, of `step` samples, before the first.
    """
    n_steps = len(x) // step - 1
    x = np.asarray(x[: (n_steps + 1) * step], np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(x, 2 * step, axis=0)[::step]
    return scipy.fft.rfft(windows * sine_window(2 * step).astype(np.float32), axis=-1)


def band_energies(x, step):
    """Mean energy ``(n_steps, n_bands)``, float32, of the bins of each band.

    It is summed over channels. The waveform ``(n_samples, n_channels)`` is from one
    step, of `step` samples, before the first.
    """
    n_steps = max(len(x) // step - 1, 0)
    energies = np.empty((n_steps, len(band_edges(step + 1))), np.float32)
    block = max(1, _BLOCK // (2 * step * x.shape[1]))
    for i in range(0, n_steps, block):
        part = x[i * step : (min(i + block, n_steps) + 1) * step]
        energies[i : i + block] = energies_of(analysis_spectra(part, step))
    return energies


def step_bands(x, step):
    """Energies ``(n_steps, n_bands)`` of a waveform ``(n_samples, n_channels)``.

    Before its beginning it is mirrored. A step of 0 samples is one of plain numbers.
    """
    if not step or len(x) < step:
        return x if not step else np.empty((0, len(band_edges(step + 1))), np.float32)
    return band_energies(np.concatenate([x[:step][::-1], x]), step)


def energies_of(z):
    """The same ``(n_steps, n_bands)`` of spectra ``(n_steps, n_channels, n_bins)``."""
    n_bins = z.shape[-1]
    power = (z.real**2 + z.imag**2).sum(axis=1)
    energies = np.add.reduceat(power, band_edges(n_bins), axis=1)
    return energies / band_widths(n_bins).astype(np.float32)


def to_levels(energies, reference):
    """Levels: like decibels over `reference` near it, compressed far below.

    The Box-Cox transform of energies, float32 of any shape, which none takes below -44.
    S. Stevens, "On the psychophysical law", Psychological Review 64 (1957).
    """
    ratio = energies / np.float32(reference)
    return np.float32(10 / np.log(10) / _POWER) * (ratio ** np.float32(_POWER) - 1)


def to_energies(levels):
    """Energies of levels, in units of the reference; the inverse of `to_levels`.

    Levels of any shape become float64 of the same shape.
    """
    root = 1 + np.asarray(levels, np.float64) * (_POWER * np.log(10) / 10)
    return np.maximum(root, 0) ** (1 / _POWER)


def to_log_energies(levels, least):
    """Natural logarithm of the energies of levels, in units of the reference.

    Float32 of any shape; energies are raised to `least`, which is above zero.
    """
    root = levels * np.float32(_POWER * np.log(10) / 10) + 1
    np.maximum(root, np.float32(least**_POWER), out=root)
    return np.log(root, out=root) * np.float32(1 / _POWER)
