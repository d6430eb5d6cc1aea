"""Calibration: noise of a size and a persistence with which pieces move as music does.

A network that hears its own draws does not move as what it learned from: its loudness
flickers, and what is fine in its sound hardly changes. So pieces are drawn after parts
of the recordings, and the noise of each number of a code is changed until the number
changes as much as in recordings, from patch to patch and from second to second.

References
----------
H. Robbins and S. Monro, "A stochastic approximation method", Annals of Mathematical
Statistics 22 (1951), for steps along differences that chance blurs.
"""

import warnings
from dataclasses import replace

import numpy as np
from numpy.random import RandomState

from skmusic.features.style import styles
from skmusic.network import numpy_flow
from skmusic.synthesis.neural.drawing import draw
from skmusic.utils.progress import Progress

# Patches of a piece, those that are heard before it, and those of a second.
_DRAWN, _HEARD, _SECOND = 130, 86, 11
# Rounds, and pieces of a round at most.
_ROUNDS, _PIECES = 8, 8
# What of a difference is made good in a round: fast change, to which the network itself
# adds most, follows noise less than slow change.
_RATES = np.array([[1.2], [0.6]])
# The least and the greatest size of noise, and its persistence at most.
_SIZES, _PERSISTENT = (0.3, 1.3), 0.8
# Variances are no less.
_NOTHING = 1e-9


def calibrated(neural, recordings, told, verbose=0):
    """The same synthesis with noise that lets pieces move as recordings do.

    `recordings`, steps ``(n_steps, n_numbers)`` that it learned from, and the
    conditions of each. Without any that is a second longer than what is heard before a
    piece, noise stays plain. The same network and recordings give the same.
    """
    size, rng = neural.code.n_steps, RandomState(0)
    least = (_HEARD + 2 * _SECOND) * size
    long = [(x, each) for x, each in zip(recordings, told, strict=True)]
    long = [(x, each) for x, each in long if len(x) >= least]
    if not long:
        return neural
    n_drawn = min(_DRAWN, max(len(x) for x, _ in long) // size - _HEARD)
    n_pieces = sum(len(x) for x, _ in long) // size // (_HEARD + n_drawn)
    n_pieces = min(_PIECES, max(1, n_pieces))
    goals = [_variances(_parts(neural, x, n_drawn)) for x, _ in long]
    # Logarithms of how much noise changes, from patch to patch and second to second.
    both = np.zeros((2, neural.code.n_codes))
    rounds = [both]
    with Progress("calibrate", _ROUNDS * n_pieces, "pieces", verbose) as progress:
        try:
            for _ in range(_ROUNDS):
                # Pieces are held against the recordings that they go on from.
                chosen, made = rng.randint(len(long), size=n_pieces), []
                for k in chosen:
                    made.append(_piece(neural, *long[k], n_drawn, rng))
                    progress(1)
                goal = np.mean([goals[k] for k in chosen], axis=0)
                lacking = np.log(goal + _NOTHING) - np.log(_variances(made) + _NOTHING)
                both = _within(both + _RATES * lacking)
                neural = _with_noise(neural, both)
                rounds.append(both)
        except KeyboardInterrupt:
            warnings.warn(
                "calibration was interrupted; pieces may move less as recordings do.",
                UserWarning,
            )
    # Of the last rounds the mean, in which chance counts less.
    return _with_noise(neural, np.mean(rounds[-3:], axis=0))


def _parts(neural, x, n_patches):
    """Codes of parts of a recording, each half a part after the other."""
    codes = neural.code.encode(x)
    starts = range(0, max(1, len(codes) - n_patches + 1), max(1, n_patches // 2))
    return [codes[start : start + n_patches] for start in starts]


def _piece(neural, x, told, n_patches, rng):
    """Codes of a piece that goes on after a part of a recording."""
    size = neural.code.n_steps
    n_heard = _HEARD * size
    start = rng.randint(len(x) // size - _HEARD + 1) * size
    heard = slice(start, start + n_heard)
    x = x[heard]
    if neural.vocoder is not None:
        style = styles(neural.code.encode(x), size)
        told = told.at(heard)._replace(place=None, style=style)
    state = neural.start((x, told, None), 1.0, rng)
    times = numpy_flow.schedule(neural.network["flow"])
    n_steps = n_patches * size
    x, *_ = draw(neural, state.lstm, state.context, n_steps, 1.0, times, rng)
    return neural.code.encode(x)


def _variances(parts):
    """How much codes ``(n_patches, n_codes)`` of parts change, on average.

    Of shape (2, n_codes): half the mean square of differences from patch to patch, and
    the variance of the means of seconds.
    """
    fast = [np.square(np.diff(x, axis=0)).mean(axis=0) / 2 for x in parts]
    slow = []
    for x in parts:
        seconds = x[: len(x) // _SECOND * _SECOND].reshape(-1, _SECOND, x.shape[1])
        slow.append(seconds.mean(axis=1).var(axis=0))
    return np.mean([fast, slow], axis=1)


def _within(both):
    """The same, with noise no larger, smaller or more persistent than it may be."""
    size, persistence = _noise(both)
    size = np.clip(size, *_SIZES)
    persistence = np.clip(persistence, -_PERSISTENT, _PERSISTENT)
    level, tilt = 2 * np.log(size), 2 * np.arctanh(persistence)
    return np.stack([level - tilt, level + tilt])


def _noise(both):
    """Size and persistence of noise with this much of fast and of slow change.

    Of noise that goes on with a correlation of p the spectrum is (1 + p) / (1 - p) at
    its slow end and the inverse at its fast one.
    """
    fast, slow = both
    return np.exp((fast + slow) / 4), np.tanh((slow - fast) / 4)


def _with_noise(neural, both):
    size, persistence = (x.astype(np.float32) for x in _noise(both))
    return replace(neural, noise_size=size, noise_persistence=persistence)
