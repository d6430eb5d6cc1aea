"""Loudness of ranges of pitch at each step, in decibels."""

from functools import cache

import numpy as np

from skmusic.features.constantq import band_edges, band_widths

# Ranges of pitch that have a level each.
_N_RANGES = 12
# Decibels below the loudest step at which nothing is heard.
FLOOR_DB = -80.0


@cache
def range_bands(step):
    """First band of each range of pitch ``(n_ranges,)``; none of plain numbers."""
    if not step:
        return np.empty(0, int)
    n_bins = step + 1
    edges = np.geomspace(max(1.0, n_bins / 256), 0.75 * n_bins, _N_RANGES)
    edges[0] = 0
    first = np.searchsorted(band_edges(n_bins), edges.round())
    # Of a few bins the last range would begin beyond them.
    return np.unique(np.minimum(first, len(band_edges(n_bins)) - 1))


def range_energies(bands, step):
    """Energy of each range of pitch ``(n_steps, n_ranges)``, float64.

    Parameters
    ----------
    bands : ndarray of shape (n_steps, n_bands)
        Mean energies, from `skmusic.features.tokenizer.step_bands`.
    step : int
        Samples in a step; 0 of plain numbers, which have no ranges.
    """
    first = range_bands(step)
    if not len(first):
        return np.empty((len(bands), 0))
    total = bands.astype(np.float64) * band_widths(step + 1)
    return np.add.reduceat(total, first, axis=1)


def range_levels(energies):
    """Level of each range, from -80 to 0, below the loudest step.

    Parameters
    ----------
    energies : ndarray of shape (n_steps, n_ranges)
        From `range_energies`.

    Returns
    -------
    ndarray of shape (n_steps, n_ranges), float16
    """
    loudest = energies.sum(axis=1).max(initial=0) or 1.0
    share = energies / loudest + 10 ** (FLOOR_DB / 10)
    return (10 * np.log10(share)).astype(np.float16)


def loudness(levels):
    """Level of the whole from the levels of its ranges, in decibels."""
    return 10 * np.log10((10 ** (np.float32(0.1) * levels)).sum(axis=-1))


@cache
def range_shares(step):
    """Share of each range in each bin ``(n_ranges, step + 1)``, half overlapping."""
    edges = np.append(band_edges(step + 1)[range_bands(step)], step + 1)
    middles = np.log1p(np.sqrt(np.maximum(edges[:-1], 1) * edges[1:]))
    bins = np.log1p(np.arange(step + 1))
    shares = [np.interp(bins, middles, one) for one in np.eye(len(middles))]
    return np.array(shares, np.float32)
