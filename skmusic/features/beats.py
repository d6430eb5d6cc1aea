"""Beats: where in a recording they are, told by what begins.

References
----------
D. Ellis, "Beat tracking by dynamic programming", Journal of New Music Research 36
(2007).
"""

import numpy as np
from scipy.ndimage import gaussian_filter1d, uniform_filter1d

from skmusic.spectra.frames import STEP_SECONDS

# Seconds of the shortest beat, of the longest, and of the usual one, beside which those
# an octave off count less.
_SHORTEST, _LONGEST, _USUAL = 0.33, 1.0, 0.5
# Multiples of a beat after which what begins is like before; periods that are tried.
_MULTIPLES, _PERIODS = 8, 600
# What beats cost that are not even, beside what begins at them; seconds of the mean
# that what begins is held against.
_TIGHTNESS, _MEAN = 100.0, 1.0
# Levels of a range.
_RANGE = 8
# Steps of music too short to have a beat: three seconds.
LEAST = round(3 / STEP_SECONDS)


def onset_curve(levels):
    """How much begins at each step ``(n_steps,)``: mean rise of ranges of levels.

    Levels of a range rise together where something begins. In noise each goes its own
    way, and their mean is still.
    """
    edges = np.arange(0, levels.shape[1], _RANGE)
    ranges = np.add.reduceat(levels, edges, axis=1, dtype=float) / _RANGE
    rises = np.maximum(np.diff(ranges, axis=0, prepend=ranges[:1]), 0)
    return rises.mean(axis=1)


def track_beats(levels):
    """Beats ``(n_steps,)`` before each step of levels ``(n_steps, n_levels)``.

    Between two of them the number grows evenly. Beside them stands how clear the beat
    is, from 0 to 1: the mean correlation of what begins with what begins a beat and its
    multiples later. It is 0 where there is too little music.
    """
    n = len(levels)
    if n < LEAST:
        return np.zeros(n), 0.0
    onsets = onset_curve(levels)
    onsets -= uniform_filter1d(onsets, round(_MEAN / STEP_SECONDS))
    onsets /= onsets.std() + 1e-9
    period, strength = _period(onsets)
    found = _beats(gaussian_filter1d(onsets, 1.0), period)
    # Before the first beat and after the last it goes on as it usually does.
    at = np.concatenate([[found[0] - n], found, [found[-1] + n]])
    last = len(found) - 1 + n / period
    numbers = np.concatenate([[-n / period], np.arange(len(found)), [last]])
    return np.interp(np.arange(n), at, numbers), max(strength, 0.0)


def _period(onsets):
    """Steps of a beat, and how clear it is."""
    n = len(onsets)
    power = np.square(np.abs(np.fft.rfft(onsets, 2 * n)))
    alike = np.fft.irfft(power)[:n] / np.arange(n, 0, -1)
    alike /= alike[0] + 1e-9
    periods = np.geomspace(_SHORTEST, _LONGEST, _PERIODS) / STEP_SECONDS
    lags = periods[:, None] * np.arange(1, _MULTIPLES + 1)
    # What is seen but twice tells nothing.
    alike = np.interp(lags, np.arange(n // 2), alike[: n // 2], right=0)
    alike = alike.mean(axis=1)
    octaves = np.log2(periods * STEP_SECONDS / _USUAL)
    best = int((alike * np.exp(-0.5 * octaves**2)).argmax())
    return float(periods[best]), float(alike[best])


def _beats(onsets, period):
    """Steps of the beats: much begins at them, and they are a period apart."""
    n = len(onsets)
    apart = np.arange(max(1, int(period / 2)), int(2 * period) + 1)
    cost = _TIGHTNESS * np.square(np.log(apart / period))
    # The best score of beats of which the last is here, and the one before it.
    score, before = onsets.copy(), np.full(n, -1)
    for t in range(apart[0], n):
        some = apart[apart <= t]
        gain = score[t - some] - cost[: len(some)]
        best = int(gain.argmax())
        if gain[best] > 0:
            score[t] += gain[best]
            before[t] = t - some[best]
    last = max(0, n - int(period) - 1)
    beats = [last + int(score[last:].argmax())]
    while before[beats[-1]] >= 0:
        beats.append(int(before[beats[-1]]))
    return np.array(beats[::-1])
