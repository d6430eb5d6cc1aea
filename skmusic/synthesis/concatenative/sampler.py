"""Sampling: a piece begins after what was heard, and goes on segment by segment.

State in, state out: `prime` listens, `start` begins a piece, `advance` adds a segment.
"""

from typing import NamedTuple

import numpy as np

from skmusic.network.numpy_lstm import (
    forward,
    log_softmax,
    zero_padded_input,
    zero_state,
)
from skmusic.synthesis.concatenative.context import (
    ABOUT,
    contexts,
    distances,
    styles_heard,
)
from skmusic.synthesis.concatenative.equalizer import spectral_match
from skmusic.synthesis.concatenative.rendering import render
from skmusic.synthesis.concatenative.repetition import Repetition
from skmusic.synthesis.concatenative.selection import (
    SHARPNESS,
    STYLE,
    SamplerState,
    select,
)

# Steps that are compared with the database at once, and the last ones whose spectrum
# is matched.
_BLOCK, _MATCHED_STEPS = 16, 860


class Primed(NamedTuple):
    """What a piece knows of the music before it; there is no chance in it."""

    score: np.ndarray  # of each unit, to begin there
    lstm: list  # state after all steps but the last
    x: np.ndarray  # features of the last step
    style: np.ndarray | None  # to begin in; None is that of where it begins
    match: np.ndarray  # decibels of each range, see `equalizer`


def start_scores(database, network, features, tokenizer):
    """Score of starting at each unit after each step heard.

    Parameters
    ----------
    database, network, tokenizer : UnitDatabase, dict, Tokenizer
    features : ndarray of shape (n_steps, n_features)
        What was heard.

    Yields
    ------
    scores : ndarray of shape (n_units,)
        Before the first step, ... after the last.
    """
    y, _ = forward(network, zero_padded_input(features), zero_state(network))
    yield from _scores(database, log_softmax(y), features, tokenizer, 0, None)


def _scores(database, logp, features, tokenizer, first, style):
    """Scores after `first`, ... n_steps steps heard, whose likelihoods are `logp`."""
    # A segment should not end early because its recording does.
    short = np.arange(len(database)) + database.longest > database.ends
    lost = np.where(short & ~short.all(), 1e3, 0).astype(np.float32)
    if not len(features):
        if style is not None:
            lost = lost + STYLE * distances(style[None], database.styles)[0]
        yield logp[0][database.tokens] - lost
        return
    before = contexts(features, tokenizer)[0]
    there = database.context_before(slice(None))
    still = np.minimum(database.movement, np.median(database.movement))
    if style is None:
        wanted = styles_heard(features, tokenizer) * database.style_scale
    else:
        wanted = np.repeat(style[None], len(before), axis=0)
    # Blocks of one size, so that a row's sums do not depend on how many there are.
    for start in range(first, len(before), _BLOCK):
        rows = np.minimum(np.arange(start, start + _BLOCK), len(before) - 1)
        lost_there = SHARPNESS * distances(before[rows], there) / still
        lost_there += STYLE * distances(wanted[rows], database.styles)
        for t, each in zip(rows[: len(before) - start], lost_there, strict=False):
            yield logp[t - first][database.tokens] - lost - (each if t else 0)


def prime(database, network, features, tokenizer, sampling, style=None, match=None):
    """Listen to steps, or to nothing.

    Parameters
    ----------
    database, network, tokenizer : UnitDatabase, dict, Tokenizer
    features : ndarray of shape (n_steps, n_features)
        What is heard; no steps are silence.
    sampling : SamplingParameters
    style : ndarray of shape (n_styles,) or None
        Style to begin in and to keep, from `style_of`; None is that of what is heard.
    match : ndarray of shape (n_ranges,) or None
        Decibels to change the piece by where a style is given; None is none.

    Returns
    -------
    Primed
        From which as many pieces may `start` as are wanted.
    """
    x, zero, n = zero_padded_input(features), zero_state(network), len(features)
    y, states = forward(network, x, zero)
    logp = sampling.mask(log_softmax(y[-1:]))
    if style is None and n:
        style = styles_heard(features, tokenizer)[-1] * database.style_scale
        match = _matched(database, style, features[-_MATCHED_STEPS:], tokenizer)
    if match is None:
        match = np.zeros(database.levels.shape[1], np.float32)
    (score,) = _scores(database, logp, features, tokenizer, n, style)
    score = np.where(np.isfinite(score), score, -1e30)
    return Primed(score, states[n - 1] if n else zero, x[-1], style, match)


def style_of(database, features, tokenizer):
    """Style of the last seconds heard, and the spectral match to all of them."""
    style = styles_heard(features, tokenizer)[-1] * database.style_scale
    return style, _matched(database, style, features, tokenizer)


def _matched(database, style, features, tokenizer):
    """Decibels between steps and the units in their style ``(n_ranges,)``."""
    # No matrix products, whose last bits change with the threads of a process.
    share = _about(_nearness(database, style), database)
    usual = np.einsum("s,sf->f", share, database.features)
    # Nor is more said than can be heard, for the same reason.
    return spectral_match(features, usual, tokenizer).round(1)


def _nearness(database, style):
    """How near each unit is to a style; all are 1 together."""
    loss = STYLE * np.square(database.styles - style, dtype=np.float32).sum(axis=1)
    share = np.exp(loss.min() - loss)
    return share / share.sum()


def _about(share, database):
    """Share of each unit, where each one's is that of the seconds its style is of."""
    units = np.arange(len(share))
    first = np.maximum(units - ABOUT, database.beginning(units))
    last = np.minimum(units + ABOUT, database.ends)
    each, n = share / (last - first), len(share) + 1
    begun = np.bincount(first, each, n) - np.bincount(last, each, n)
    return np.cumsum(begun)[:-1]


def start(database, primed, sampling, rng):
    """State of a piece that goes on after what was heard.

    Parameters
    ----------
    database : UnitDatabase
    primed : Primed
    sampling : SamplingParameters
    rng : numpy.random.RandomState

    Returns
    -------
    SamplerState
    """
    unit = sampling.draw(primed.score, rng)
    style = primed.style
    if style is None:
        style = database.styles[unit].astype(np.float32)
    # A piece returns as much as the recordings in whose style it begins.
    share = (_nearness(database, style) * database.recurrence).sum(dtype=float)
    nothing = np.empty((0, database.waveform.shape[1]), np.float32)
    return SamplerState(
        lstm=primed.lstm,
        x=primed.x,
        unit=unit,
        shift=0,
        played=(),
        # No more is said than can be heard, whatever the order of the sum.
        repetition=Repetition(round(float(share), 2)),
        matches=np.zeros(len(database), np.int16),
        style=style,
        target_style=style,
        levels=np.empty((0, len(primed.match)), np.float32),
        match=primed.match,
        rng=rng,
        tail=nothing,
        pending=nothing,
        origins=np.empty(0, int),
    )


def advance(database, network, states, sampling):
    """States of some pieces, each with one more segment among its pending waveform."""
    states, segments = select(database, network, states, sampling)
    return [render(database, *pair) for pair in zip(states, segments, strict=True)]
