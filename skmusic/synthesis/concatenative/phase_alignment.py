"""Joins that are heard less: partials meet in phase, and go on as loud as they were.

Where two places of the recordings meet, one note may sound in both, at any phase:
faded from one to the other as they are, the two cancel each other for a moment. The
next run is therefore turned so that its partials have the phases of the run that
ends; within a quarter of a second it returns to its own. And its partials have the
strengths of those that they follow, so that a chord goes on where the next run has
another; these are the run's own more slowly, within three quarters of a second. Both
end at once where something begins: an attack is sharp only in phases of its own, and a
note that begins is not to be softened.
"""

import numpy as np
from scipy.ndimage import uniform_filter1d

from skmusic.features.levels import first_bins
from skmusic.spectra.frames import from_complex, to_complex

# Steps after which the phases, and the strengths of partials, are the run's own, and
# decibels from step to step by which what begins rises.
_PHASE, _STRENGTH, _RISE = 11.0, 30.0, 6.0
# Nepers by which a partial is made softer and louder at most, the bins that it takes,
# and what is next to nothing beside the bins about it.
_SOFTER, _LOUDER, _WIDTH, _ABOUT, _NOTHING = 2.5, 1.0, 3, 41, 1e-4


def holding(levels, begun=None):
    """Whether what sounded when a run began still sounds, and nothing new.

    Parameters
    ----------
    levels : ndarray of shape (n_steps, n_ranges)
        Decibels of the run, see `levels`, from where it is faded in.
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
    """Frames of a run, the phases and strengths of their partials changed.

    Parameters
    ----------
    frames : ndarray of shape (n_steps, n_dims)
        Of the run, one a step.
    turn : ndarray of shape (n_bins,) or None
        Nepers and radians, from `meeting`; None leaves the frames as they are.
    layout : skmusic.spectra.frames.Layout
        Of the frames.
    first : int
        The first frame, counted from the run's beginning.
    held : ndarray of shape (n_steps, n_bins) or None
        Share of the turn that is left to each bin, see `holding`; None is all.
    late : ndarray of shape (n_bins,) or float
        Steps from the run's beginning to where each bin has all of its turn.

    Returns
    -------
    ndarray of shape (n_steps, n_dims)
    """
    if turn is None:
        return frames
    n = min(int(np.ceil(_STRENGTH + np.max(late))) - first, len(frames))
    if n <= 0:
        return frames
    z = to_complex(frames[:n], layout)
    t = (first + np.arange(n))[:, None] - late
    left = 1 if held is None else held[:n]
    # All channels alike: between them the phases tell where a sound comes from.
    angle, nepers = (
        (left * np.clip(1 - t / length, 0, 1)).astype(np.float32) * part
        for length, part in ((_PHASE, turn.imag), (_STRENGTH, turn.real))
    )
    factor, gain = np.empty(angle.shape, np.complex64), np.exp(nepers)
    # Not one complex exponential: it takes ten times as long as all of these.
    np.multiply(gain, np.cos(angle), out=factor.real)
    np.multiply(gain, np.sin(angle), out=factor.imag)
    z *= factor[:, None]
    return np.concatenate([from_complex(z), frames[n:]])


def meeting(old, new, layout, weight=None):
    """Turn that makes the partials of the next run meet those of the one that ends.

    Parameters
    ----------
    old, new : ndarray of shape (n_steps, n_dims)
        Frames of both about the join.
    layout : skmusic.spectra.frames.Layout
        Of the frames.
    weight : ndarray of shape (n_steps, n_bins) or None
        What each of their bins counts for the phases; None is alike.

    Returns
    -------
    ndarray of shape (n_bins,), complex64, or None
        Nepers, which change the strengths of partials but not the level of any range
        of pitch, and as imaginary parts radians; None where the frames are no spectra,
        or are too short to tell partials apart: several make a step.

    References
    ----------
    J. Laroche and M. Dolson, "Improved phase vocoder time-scale modification of
    audio", IEEE Trans. Speech and Audio Processing 7 (1999), for the phases: those
    of a peak lead the bins about it.
    """
    if layout.n_parts == 1 or layout.frames_per_step > 1:
        return None
    a, b = to_complex(old, layout), to_complex(new, layout)
    turn = np.empty(layout.n_bins, np.complex64)
    turn.real = _strengths(_power(a), _power(b), first_bins(layout))
    if weight is not None:
        a = a * weight[:, None]
    # Sum over the frames of one's spectrum times the other's, conjugate.
    turn.imag = _phases(np.einsum("tcb,tcb->b", a, b.conj()))
    # The spectrum of a real signal is real at both ends.
    turn.imag[[0, -1]] = 0
    return turn


def _power(z):
    return np.einsum("tcb,tcb->b", z, z.conj()).real


def _phases(cross):
    """Angle of each bin: that of the peak that it is about."""
    strength = np.abs(cross)
    padded = np.full(len(strength) + 4, -1, strength.dtype)
    padded[2:-2] = strength
    about = np.maximum.reduce([padded[k : k + len(strength)] for k in range(5)])
    peaks = np.flatnonzero(strength == about)
    middles = (peaks[1:] + peaks[:-1] + 1) // 2
    owner = np.searchsorted(middles, np.arange(len(strength)), side="right")
    return np.angle(cross[peaks])[owner]


def _strengths(old, new, first):
    """Nepers between the powers of bins, less those between ranges of pitch."""
    a, b = (_smooth(x, _WIDTH) for x in (old, new))
    floor = _NOTHING * np.maximum(_smooth(a, _ABOUT), _smooth(b, _ABOUT))
    floor += 1e-12 * max(a.max(), b.max()) + 1e-30
    nepers = np.clip(0.5 * np.log((a + floor) / (b + floor)), -_SOFTER, _LOUDER)
    before, after = (np.add.reduceat(x, first) for x in (new, new * np.exp(2 * nepers)))
    level = 0.5 * np.log((after + 1e-20) / (before + 1e-20))
    return nepers - np.repeat(level, np.diff(first, append=len(new)))


def _smooth(power, width):
    # In double precision: of running sums in single a soft bin would be lost.
    smooth = uniform_filter1d(power.astype(np.float64), width)
    return np.maximum(smooth, 0)
