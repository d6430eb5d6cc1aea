"""What the network hears beside its state: the last patch, and what music returns to.

An LSTM that is trained on a few seconds at a time does not know what was a bar ago. So
it is told: the patches a bar and a phrase before the one that comes, and what followed
them. Of its own music it hears the same. So what returns, and how it is varied, can be
learned. The conditions of the moment come last.

References
----------
Y.-S. Huang and Y.-H. Yang, "Pop Music Transformer", ACM Multimedia (2020), for bars
that are told.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.signal import find_peaks

from skmusic.synthesis.neural.conditions import (
    Moment,
    n_told,
    next_moment,
    told_now,
    told_of,
)

# Bounds of the lags, in steps: .5 to 3 seconds, about a bar, and 3 to 12, a phrase.
LAGS = ((20, 130), (130, 520))
# Patches that are heard of what was then: the one in question, and the next.
_HEARD = 2
# No code of music is as far from zero.
_FARTHEST = 1e4


@dataclass(frozen=True)
class Context:
    """What was heard of a piece.

    Parameters
    ----------
    lags : ndarray of shape (2,), int
        Of a bar and of a phrase, in steps.
    moment : Moment
        Conditions of the patch that comes.
    code : ndarray of shape (n_codes,)
        Of the last patch; zeros before the first.
    past : ndarray of shape (n_steps, n_numbers)
        The last steps.
    """

    lags: np.ndarray
    moment: Moment
    code: np.ndarray
    past: np.ndarray


def n_inputs(code):
    """Numbers that the network hears of each patch."""
    return n_noisy(code) + len(LAGS) * _HEARD + n_told(code.n_steps)


def n_noisy(code):
    """How many of them, the first ones, are of single patches."""
    return (1 + len(LAGS) * _HEARD) * code.n_codes


def _places(lags, code):
    """How many steps before the patch that comes each one begins that is heard."""
    return [max(lag - k * code.n_steps, 0) for lag in lags for k in range(_HEARD)]


def lags_of(x):
    """Lags at which what begins in some steps begins again.

    Parameters
    ----------
    x : ndarray of shape (n_steps, n_levels)

    Returns
    -------
    ndarray of shape (2,), int
        Of a bar and of a phrase, in steps. 0 where there are too few steps to tell.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.synthesis.neural.context import lags_of
    >>> beat = np.random.default_rng(0).standard_normal((86, 3))
    >>> lags_of(np.tile(beat, (9, 1))) % 86
    array([0, 0])
    """
    if len(x) <= 2 * LAGS[0][0]:
        return np.zeros(len(LAGS), int)
    rises = np.maximum(np.diff(x, axis=0), 0)
    size = np.sqrt(np.square(rises).sum(axis=1, keepdims=True))
    # Large ones count, but none alone.
    rises = rises / (size + np.sqrt(np.square(size).mean()) + 1e-9)
    rises = rises - rises.mean(axis=0)
    n = len(rises)
    # One level after the other: spectra of all would take several times the memory.
    power = sum(np.square(np.abs(np.fft.rfft(level, 2 * n))) for level in rises.T)
    alike = np.fft.irfft(power)[:n] / np.arange(n, 0, -1)
    # What is seen but twice tells nothing.
    return np.array([_peak(alike, *lag) if lag[1] <= n // 2 else 0 for lag in LAGS])


def _peak(alike, low, high):
    """Where the highest peak between two lags is; 0 where there is none."""
    peaks, _ = find_peaks(alike[low:high])
    return low + int(peaks[alike[low + peaks].argmax()]) if len(peaks) else 0


def inputs_of(x, lags, conditions, code):
    """What the network hears before each patch of a recording, and the patches.

    Parameters
    ----------
    x : ndarray of shape (n_steps, n_numbers)
    lags : ndarray of shape (2,), int
    conditions : Conditions
        Of the recording.
    code : PatchCode

    Returns
    -------
    inputs : ndarray of shape (n_patches, n_inputs), float32
    codes : ndarray of shape (n_patches, n_codes), float32
    """
    codes = code.encode(x)
    ago, known = zip(
        *(_ago(x, place, code) for place in _places(lags, code)), strict=True
    )
    last = np.concatenate([np.zeros_like(codes[:1]), codes[:-1]])
    told = told_of(conditions, len(codes), code.n_steps)
    return np.concatenate([last, *ago, *known, told], axis=1, dtype=np.float32), codes


def _ago(x, lag, code):
    """Codes of the patches a lag before each patch, and whether there were any."""
    n = len(x) // code.n_steps
    if not code.n_steps <= lag < len(x):
        return np.zeros((n, code.n_codes), np.float32), np.zeros((n, 1), np.float32)
    known = np.arange(n) * code.n_steps >= lag
    earlier = np.concatenate([np.repeat(x[:1], lag, axis=0), x])[: len(x)]
    known = known[:, None].astype(np.float32)
    return code.encode(earlier) * known, known


def begin(x, lags, moment, code):
    """Context after the patches of steps ``(n_steps, n_numbers)``, or after none."""
    x = x[: len(x) // code.n_steps * code.n_steps]
    last = code.encode(x[-code.n_steps :])
    last = last[0] if len(last) else np.zeros(code.n_codes, np.float32)
    return Context(lags, moment, last, x[-LAGS[-1][1] :])


def heard(context, codes, steps):
    """Context after one more patch.

    Parameters
    ----------
    context : Context
    codes : ndarray of shape (n_codes,)
        Of the patch.
    steps : ndarray of shape (n_steps, n_numbers)
        Of the patch.

    Returns
    -------
    Context
    """
    past = np.concatenate([context.past, steps])[-LAGS[-1][1] :]
    moment = next_moment(context.moment, len(steps))
    return replace(context, moment=moment, code=codes, past=past)


def bounded(codes):
    """Codes that the network may hear: what a file holds may draw anything."""
    return np.clip(np.nan_to_num(codes), -_FARTHEST, _FARTHEST)


def inputs(context, code):
    """What the network hears before the next patch ``(n_inputs,)``, float32."""
    ago, known = [], []
    for lag in _places(context.lags, code):
        is_known = code.n_steps <= lag <= len(context.past)
        known.append(float(is_known))
        if is_known:
            start = len(context.past) - lag
            part = context.past[start : start + code.n_steps]
            ago.append(code.encode(part)[0])
        else:
            ago.append(np.zeros_like(context.code))
    told = told_now(context.moment, code.n_steps)
    return np.concatenate([context.code, *ago, known, told], dtype=np.float32)
