"""What the network hears beside its state: the last patch, and what music returns to.

An LSTM that is trained on a few seconds at a time does not know what was a bar ago. So
it hears what followed the moment before that is most like now. Of its own music it
hears the same. So what returns, and how it is varied, can be learned. The conditions
of the moment come last.
"""

from dataclasses import dataclass, replace

import numpy as np

from skmusic.features.matches import FARTHEST, Past, find_matches, no_past
from skmusic.synthesis.neural.conditions import (
    Moment,
    n_told,
    next_moment,
    told_now,
    told_of,
)

# Patches that are heard of what followed.
_HEARD = 2
# No code of music is as far from zero.
_FARTHEST = 1e4


@dataclass(frozen=True)
class Context:
    """What was heard of a piece.

    Parameters
    ----------
    moment : Moment
        Conditions of the patch that comes.
    code : ndarray of shape (n_codes,)
        Of the last patch; zeros before the first.
    noise : ndarray of shape (n_codes,)
        That the last patch was drawn from; zeros before the first.
    past : ndarray of shape (n_steps, n_numbers)
        The last steps.
    levels : Past
        Of the last steps.
    match : ndarray of shape (2,)
        Of the last step, see `skmusic.features.matches`.
    """

    moment: Moment
    code: np.ndarray
    noise: np.ndarray
    past: np.ndarray
    levels: Past
    match: np.ndarray


def n_inputs(code):
    """Numbers that the network hears of each patch."""
    return (1 + _HEARD) * code.n_codes + 1 + n_told(code)


def levels_of(steps, vocoder):
    """What music returns by ``(n_steps, n_levels)``; all of plain numbers."""
    return steps if vocoder is None else vocoder.levels(steps)


def inputs_of(x, matches, conditions, code):
    """What the network hears before each patch of a recording, and the patches.

    Of steps ``(n_steps, n_numbers)`` and the matches ``(n_steps, 2)`` after each:
    inputs ``(n_patches, n_inputs)`` and codes ``(n_patches, n_codes)``, float32.
    """
    codes = code.encode(x)
    last = np.concatenate([np.zeros_like(codes[:1]), codes[:-1]])
    at = np.arange(len(codes)) * code.n_steps
    matches = np.concatenate([np.zeros((1, 2), np.float32), matches])[at]
    told = told_of(conditions, len(codes), code)
    followed = _followed(x, at, matches, code)
    return np.concatenate([last, followed, told], axis=1, dtype=np.float32), codes


def _followed(x, at, matches, code):
    """Codes of what followed matches, and their likeness: n_heard * n_codes + 1 each.

    `at` ``(n_patches,)`` are the steps before each patch of `x` ``(n_steps,
    n_numbers)``; `matches` ``(n_patches, 2)`` are those of the steps before them.
    """
    n_steps, lag = _HEARD * code.n_steps, matches[:, 0].astype(int)
    known = np.flatnonzero((n_steps <= lag) & (lag <= at) & (matches[:, 1] > 0))
    steps = x[(at - lag)[known, None] + np.arange(n_steps)]
    followed = np.zeros((len(at), _HEARD * code.n_codes + 1), np.float32)
    codes = code.encode(steps.reshape(-1, x.shape[1]))
    followed[known, :-1] = codes.reshape(len(known), _HEARD * code.n_codes)
    followed[known, -1] = matches[known, 1]
    return followed


def begin(x, levels, moment, code):
    """Context after the patches of steps, or after none, and matches ``(n_steps, 2)``.

    Steps have the shape (n_steps, n_numbers), and levels (n_steps, n_levels).
    """
    n = len(x) // code.n_steps * code.n_steps
    x, (matches, past) = x[:n], find_matches(levels[:n])
    nothing = np.zeros(code.n_codes, np.float32)
    last = code.encode(x[-code.n_steps :])[0] if n else nothing
    match = matches[-1] if n else np.zeros(2, np.float32)
    return Context(moment, last, nothing, x[-FARTHEST:], past, match), matches


def heard(context, codes, noise, steps, levels):
    """Context after one more patch.

    `codes` and the noise that it was drawn from have the shape (n_codes,); its steps
    (n_steps, n_numbers), and their levels (n_steps, n_levels).
    """
    past = np.concatenate([context.past, steps])[-FARTHEST:]
    moment = next_moment(context.moment, len(steps))
    matches, levels = find_matches(levels, context.levels)
    return Context(moment, codes, noise, past, levels, matches[-1])


def forgetful(context):
    """Context that nothing before is like."""
    n_levels = context.levels.changes.shape[1]
    levels = no_past(n_levels)._replace(mean=context.levels.mean)
    return replace(context, levels=levels, match=np.zeros(2, np.float32))


def bounded(codes):
    """Codes that the network may hear: what a file holds may draw anything."""
    return np.clip(np.nan_to_num(codes), -_FARTHEST, _FARTHEST)


def inputs(context, code):
    """What the network hears before the next patch ``(n_inputs,)``, float32."""
    at, match = np.array([len(context.past)]), context.match[None]
    followed = _followed(context.past, at, match, code)[0]
    told = told_now(context.moment, code)
    return np.concatenate([context.code, followed, told], dtype=np.float32)
