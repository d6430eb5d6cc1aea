"""Joins that are heard less: partials meet in phase before they are cross-faded.

Where two places of the recordings meet, one note may sound in both, at any phase:
faded from one to the other as they are, the two cancel each other for a moment. The
next run is therefore turned so that its partials have the phases of the run that
ends; within a quarter of a second it returns to its own, and at once where something
begins: an attack is sharp only in phases of its own.
"""

import numpy as np

from skmusic.layout import complex_parts

# Steps after which the phases are the run's own, and decibels from step to step by
# which what begins rises.
_PHASE, _RISE = 11.0, 6.0


def holding(levels, begun=None):
    """Whether what sounded when a run began still sounds, and nothing new.

    Parameters
    ----------
    levels : ndarray of shape (n_steps, n_ranges)
        Decibels of the run, see `skmusic.colour`, from where it is faded in.
    begun : ndarray of shape (n_steps, n_ranges) or None
        Whether the run is heard in a range already: before, nothing begins; None
        is everywhere.

    Returns
    -------
    ndarray of shape (n_steps, n_ranges), float32
        1 of each range until it rises, then 0.

    References
    ----------
    A. Roebel, "A new approach to transient processing in the phase vocoder", DAFx
    2003: where an attack is, phases are set anew.
    """
    rises = np.diff(levels.astype(np.float32), axis=0, prepend=levels[:1]) > _RISE
    if begun is not None:
        rises &= begun
    return 1 - np.logical_or.accumulate(rises, axis=0).astype(np.float32)


def turned(frames, turn, layout, first=0, held=None, late=0.0):
    """Frames of a run, their phases turned.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_dims)
        Frames of the run.
    turn : ndarray of shape (n_bins,) or None
        Radians, from `meeting`; None leaves the frames as they are.
    layout : skmusic.layout.Layout
        Of the frames.
    first : int
        Place of the first frame, counted from the run's beginning.
    held : ndarray of shape (n_frames, n_bins) or None
        Share of the turn that is left to each bin, see `holding`; None is all.
    late : ndarray of shape (n_bins,) or float
        Steps from the run's beginning to where each bin has all of its turn.

    Returns
    -------
    ndarray of shape (n_frames, n_dims)
    """
    if turn is None:
        return frames
    t = (first + np.arange(len(frames))) / layout.frames_per_step
    n = int(np.searchsorted(t, _PHASE + np.max(late)))
    share = np.clip(1 - (t[:n, None] - late) / _PHASE, 0, 1).astype(np.float32)
    # All channels alike: between them the phases tell where a sound comes from.
    angle = (turn * share if held is None else turn * share * held[:n])[:, None]
    # Not one complex exponential: it takes ten times as long as both of these.
    cos, sin = np.cos(angle), np.sin(angle)
    real, imag = complex_parts(frames[:n], layout)
    out = np.empty_like(frames)
    out[n:] = frames[n:]
    new_real, new_imag = complex_parts(out[:n], layout)
    np.multiply(real, cos, out=new_real)
    new_real -= imag * sin
    np.multiply(imag, cos, out=new_imag)
    new_imag += real * sin
    return out


def meeting(old, new, layout, weight=None):
    """Turn that makes the partials of the next run meet those of the one that ends.

    Parameters
    ----------
    old, new : ndarray of shape (n_frames, n_dims)
        Frames of both about the join.
    layout : skmusic.layout.Layout
        Of the frames.
    weight : ndarray of shape (n_frames, n_bins) or None
        What each of their bins counts; None is alike.

    Returns
    -------
    ndarray of shape (n_bins,), or None
        Radians; None where the frames are no spectra.

    References
    ----------
    J. Laroche and M. Dolson, "Improved phase vocoder time-scale modification of
    audio", IEEE Trans. Speech and Audio Processing 7 (1999), for the phases: those
    of a peak lead the bins about it.
    """
    if layout.n_parts == 1:
        return None
    # Sum over the frames of one's spectrum times the other's, conjugate.
    (a, b), (c, d) = complex_parts(old, layout), complex_parts(new, layout)
    if weight is not None:
        a, b = a * weight[:, None], b * weight[:, None]
    real, imag = _summed(a, c) + _summed(b, d), _summed(b, c) - _summed(a, d)
    strength = np.hypot(real, imag)
    padded = np.full(len(strength) + 4, -1, strength.dtype)
    padded[2:-2] = strength
    about = np.maximum.reduce([padded[k : k + len(strength)] for k in range(5)])
    peaks = np.flatnonzero(strength == about)
    middles = (peaks[1:] + peaks[:-1] + 1) // 2
    owner = np.searchsorted(middles, np.arange(len(strength)), side="right")
    turn = np.arctan2(imag[peaks], real[peaks])[owner].astype(np.float32)
    # The spectrum of a real signal is real at both ends.
    turn[[0, -1]] = 0
    return turn


def _summed(x, y):
    return np.einsum("tcb,tcb->b", x, y)
