"""Levels: decibels of ranges of pitch at each step."""

from functools import cache

import numpy as np

from skmusic.features.constantq import band_edges, band_energies
from skmusic.spectra.frames import step_count

# Ranges of bins that have a level each.
_N_RANGES = 12
# Decibels below the loudest step at which nothing is heard.
_FLOOR = -80.0


@cache
def _ranges(layout):
    """First fine bin of each range, the same whatever the window.

    None where the frames are no spectra.
    """
    if layout.n_parts == 1:
        return np.empty(0, int)
    n_bins = layout.n_fine_bins
    edges = np.geomspace(max(1.0, n_bins / 256), 0.75 * n_bins, _N_RANGES)
    edges[0] = 0
    bands = np.unique(np.searchsorted(band_edges(n_bins), edges.round()))
    return band_edges(n_bins)[bands]


@cache
def first_bins(layout):
    """First bin of each range ``(n_ranges,)``; in short windows some may share it."""
    return -(-_ranges(layout) // layout.frames_per_step)


@cache
def _fine_bins(layout):
    """First bin of each range, as measured: a short one's begin half below it."""
    first = _ranges(layout)
    return np.where(first > 0, first + layout.long.frames_per_step // 2, 0)


def range_levels(sequences, layout):
    """Level of each range at each step of some sequences, one after another.

    Parameters
    ----------
    sequences : list of ndarray of shape (n_frames, n_dims)
        Frames.
    layout : skmusic.spectra.frames.Layout
        Of the frames.

    Returns
    -------
    ndarray of shape (n_steps, n_ranges), float16
        In decibels below the loudest step, from -80 to 0.
    """
    first = _fine_bins(layout)
    if not len(first):
        n_steps = sum(step_count(len(x), layout) for x in sequences)
        return np.empty((n_steps, 0), np.float16)
    widths = np.diff(first, append=layout.n_fine_bins)
    means = np.concatenate([band_energies(x, layout, first) for x in sequences])
    energies = means.astype(np.float64) * widths
    loudest = energies.sum(axis=1).max(initial=0) or 1.0
    return (10 * np.log10(energies / loudest + 10 ** (_FLOOR / 10))).astype(np.float16)


@cache
def spread(layout):
    """Share of each range in each bin ``(n_ranges, n_bins)``; they overlap by half."""
    edges = np.append(_ranges(layout), layout.n_fine_bins)
    middles = np.log1p(np.sqrt(np.maximum(edges[:-1], 1) * edges[1:]))
    bins = np.log1p(np.arange(layout.n_bins) * layout.frames_per_step)
    shares = [np.interp(bins, middles, one) for one in np.eye(len(middles))]
    return np.array(shares, np.float32)
