"""Energy and level of constant-Q bands, of whole steps and of frames' own bins."""

from functools import cache

import numpy as np
import scipy.fft

from skmusic.spectra.frames import step_count
from skmusic.spectra.reframing import long_frames

BANDS_PER_OCTAVE = 24
# Levels are a power of the energy, between decibels (0) and loudness (0.3): what is
# hardly heard beside the rest counts less than in decibels.
_POWER = 0.1


@cache
def band_edges(n_bins):
    """First bin of each constant-Q band, never narrower than one bin.

    Examples
    --------
    >>> from skmusic.features.constantq import band_edges
    >>> edges = band_edges(1025)
    >>> edges[:3], len(edges)
    (array([0, 1, 2]), 152)
    """
    edge, edges, ratio = 1.0, [0], 2 ** (1 / BANDS_PER_OCTAVE)
    while edge < n_bins:
        edges.append(round(edge))
        edge = max(edge + 1, edge * ratio)
    edges = np.unique([e for e in edges if e < n_bins])
    edges.flags.writeable = False  # all who ask are given the same
    return edges


def band_energies(frames, layout, edges):
    """Mean energy of each band's fine bins in each step, over all channels.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_dims)
        Frames.
    layout : Layout
        Of the frames.
    edges : ndarray of shape (n_bands,)
        From `band_edges` of the layout's fine bins.

    Returns
    -------
    ndarray of shape (n_steps, n_bands), float32
    """
    m = layout.frames_per_step
    n_steps = step_count(len(frames), layout)
    widths = np.diff(np.append(edges, layout.n_fine_bins))
    energies = np.empty((n_steps, len(edges)), np.float32)
    block = max(1, (1 << 18) // (frames.shape[1] * m))
    for i in range(0, n_steps, block):
        stop = min(i + block, n_steps)
        power = _fine_power(frames, layout, i, stop)
        energies[i:stop] = np.add.reduceat(power, edges, axis=1) / widths
    return energies


def _fine_power(frames, layout, start, stop):
    """Power ``(n_steps, n_fine_bins)`` of steps start to stop.

    One short window does not tell frequencies apart. Long ones are made of the
    waveform where that is known; where it is not, a bin's values in successive frames
    are a signal of their own, of which the FFT over twice a step is taken.
    """
    m = layout.frames_per_step
    if m == 1 or layout.n_parts == 1:
        power = _power(frames[start * m : stop * m], layout)
        power = power.reshape(stop - start, m, layout.n_bins).mean(axis=1)
        return np.repeat(power, m, axis=1)
    if layout.lapped:
        return _power(long_frames(frames, layout, start, stop), layout.long) / m
    # Twice a step, and not beyond its end: what is to be forecast is not heard.
    first, last = (start - 1) * m, stop * m
    shape = layout.n_channels, layout.n_parts, layout.n_bins
    x = np.zeros((last - first, *shape), np.float32)
    lo, hi = max(first, 0), min(last, len(frames))
    x[lo - first : hi - first] = frames[lo:hi].reshape(-1, *shape)
    z = x[:, :, 0] + 1j * x[:, :, 1]
    # With a hop of half a window an odd bin's centre turns by half a circle a frame.
    z[(first % 2) ^ 1 :: 2, :, 1::2] *= -1
    windows = np.lib.stride_tricks.sliding_window_view(z, 2 * m, axis=0)[::m]
    taper = np.hanning(2 * m + 1)[:-1].astype(np.float32)
    # In C order, which numpy would not choose; the FFT is slow in any other.
    fine = scipy.fft.fft(np.multiply(windows, taper, order="C"), axis=-1)
    fine = np.roll(fine, m // 2, axis=-1)[..., :m]
    power = (fine.real**2 + fine.imag**2).sum(axis=1, dtype=np.float32) / m
    return power.reshape(stop - start, -1)


def _power(frames, layout):
    """Power ``(n_frames, n_bins)``, over all channels."""
    x = frames.reshape(-1, layout.n_channels, layout.n_parts, layout.n_bins)
    return np.square(x, dtype=np.float32).sum(axis=(1, 2))


def to_levels(energies, reference):
    """Levels: like decibels over `reference` near it, compressed far below.

    The Box-Cox transform, which no energy takes below -44.

    References
    ----------
    S. Stevens, "On the psychophysical law", Psychological Review 64 (1957).
    """
    ratio = energies / np.float32(reference)
    return np.float32(10 / np.log(10) / _POWER) * (ratio ** np.float32(_POWER) - 1)


def to_energies(levels):
    """Energies of levels, in units of the reference; the inverse of `to_levels`.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.features.constantq import to_energies, to_levels
    >>> to_energies(to_levels(np.float32([0.01, 1.0]), 1.0)).round(6)
    array([0.01, 1.  ])
    """
    root = 1 + np.asarray(levels, np.float64) * (_POWER * np.log(10) / 10)
    return np.maximum(root, 0) ** (1 / _POWER)


def frame_energies(frames, layout):
    """Energy of each band of the frames' own bins, summed over each step.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_dims)
        Frames.
    layout : Layout
        Of the frames.

    Returns
    -------
    ndarray of shape (n_steps, n_bands), float64
    """
    m, edges = layout.frames_per_step, band_edges(layout.n_bins)
    n_steps = step_count(len(frames), layout)
    energies = np.empty((n_steps, len(edges)))
    for i in range(0, n_steps, block := max(1, (1 << 21) // layout.numbers_per_step)):
        x = np.square(frames[i * m : min(i + block, n_steps) * m], dtype=np.float64)
        x = x.reshape(-1, m * layout.n_channels * layout.n_parts, layout.n_bins)
        energies[i : i + block] = np.add.reduceat(x.sum(axis=1), edges, axis=1)
    return energies
