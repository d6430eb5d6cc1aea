"""Matches: the moment before that is most like now.

What followed it then tells what may follow now. Music returns after a beat, a bar or a
phrase; which of them it is need not be known. A sequence model that looks back a few
seconds can so go on with what is half a minute old.

References
----------
E. Grave, A. Joulin and N. Usunier, "Improving neural language models with a continuous
cache", ICLR (2017), for what followed like moments of the same sequence.
"""

from typing import NamedTuple

import numpy as np
from scipy.signal import lfilter

# Steps between two moments that are held against each other: .5 to 30 seconds.
NEAREST, FARTHEST = 20, 1300
# Steps over which likeness is smoothed, and the mean that levels are held against.
_SMOOTH, _MEAN = 20, 43
# Steps that are looked at together; what is no louder than that is like nothing.
_BLOCK, _NOTHING = 512, 1e-9
_LAGS = np.arange(NEAREST, FARTHEST + 1)


class Past(NamedTuple):
    """What further steps are held against."""

    mean: np.ndarray | None  # (n_levels,) of the last second; None before the first
    changes: np.ndarray  # (FARTHEST, n_levels) levels less their means
    power: np.ndarray  # (FARTHEST,) of these, smoothed
    alike: np.ndarray  # (n_lags,) products with the last step, smoothed


def no_past(n_levels):
    """`Past` before the first step."""
    changes = np.zeros((FARTHEST, n_levels), np.float32)
    nothing = np.zeros(FARTHEST, np.float32)
    return Past(None, changes, nothing, np.zeros(len(_LAGS), np.float32))


def find_matches(levels, past=None):
    """Where music was most like it is at each step of levels ``(n_steps, n_levels)``.

    Returned are matches ``(n_steps, 2)``, float32: how many steps before each one that
    was, and the likeness, the correlation of what changes, 0 to 1. Likeness 0: nothing
    was like it. Then the `Past` for the steps to come; `past` is that of the steps
    before.
    """
    levels = np.asarray(levels, np.float32)
    past = no_past(levels.shape[1]) if past is None else past
    found = [np.empty((0, 2), np.float32)]
    for i in range(0, len(levels), _BLOCK):
        matches, past = _matches(levels[i : i + _BLOCK], past)
        found.append(matches)
    return np.concatenate(found), past


def _matches(levels, past):
    """The same of a few steps."""
    mean = levels[0] if past.mean is None else past.mean
    slow = np.exp(-1 / _MEAN)
    # Less the mean before, so that levels of any size leave no rounding errors.
    levels = levels - mean
    means, last = _smoothed(levels * (1 - slow), np.zeros_like(mean), slow)
    changes = levels - means
    keep = np.exp(-1 / _SMOOTH)
    power, _ = _smoothed(np.square(changes).sum(axis=1), past.power[-1], keep)
    changes = np.concatenate([past.changes, changes])
    power = np.concatenate([past.power, power])
    # Of each step with those before, by their lags.
    now = np.arange(FARTHEST, len(changes))[:, None]
    products = changes[FARTHEST:] @ changes.T
    products = np.take_along_axis(products, now - _LAGS, axis=1)
    alike, after = _smoothed(products, past.alike, keep)
    likeness = alike / np.sqrt(power[now] * power[now - _LAGS] + _NOTHING)
    best = likeness.argmax(axis=1)
    likeness = np.clip(likeness[np.arange(len(best)), best], 0, 1)
    matches = np.stack([_LAGS[best], likeness], axis=1).astype(np.float32)
    return matches, Past(mean + last, changes[-FARTHEST:], power[-FARTHEST:], after)


def _smoothed(x, before, keep):
    """Sums over the past, what is older counting less, and the last of them."""
    zi = np.asarray(keep * before, np.float32)[None]
    y, _ = lfilter([np.float32(1)], np.float32([1, -keep]), x, axis=0, zi=zi)
    return y, y[-1]
