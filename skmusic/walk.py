"""Sampling: a walk through the bank that the network steers.

State in, state out: `plan` finds the next run, `play` adds its sound, and `advance`
does both.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from skmusic.colour import PAST, colouring
from skmusic.guards import dying, loosened, resuming
from skmusic.recurrent import forward, log_softmax, zero_state
from skmusic.rendering import play
from skmusic.surroundings import moods_heard, surroundings

# What a join of unit cost weighs against a nat of the network, and the best
# join that may follow against the join itself.
SHARPNESS, OUTLOOK = 4.0, 0.25
# What a mood as far off as ten seconds of a recording weighs, in nats; the steps in
# which the mood of a piece follows what is played, and returns to where it began.
MOOD, _MOOD_STEPS, _HOME_STEPS = 20.0, 2600.0, 2600.0
# Steps that are held against the bank at once.
_BLOCK = 16
# Runs that are remembered, and steps about each where no new one begins.
_MEMORY, _MARGIN = 120, 16


@dataclass(frozen=True)
class Walk:
    """Where a piece is: all that the next frame depends on.

    Parameters
    ----------
    lstm : list of (h, c)
        State of the network after all steps but the last.
    x : ndarray of shape (n_features,)
        Features of the last step, the network's next input.
    step : int
        Step of the bank at which the next run begins.
    tail : ndarray of shape (n_frames, n_dims)
        How the last run would go on, to be faded out.
    turn : ndarray of shape (n_channels, n_bins) or None
        Phases that the next run begins with, see `skmusic.joins`.
    visits : tuple of (int, int)
        First step and length of the latest runs.
    mood : ndarray of shape (n_numbers,)
        Mood of the piece, as ``bank.moods`` has them.
    home : ndarray of shape (n_numbers,)
        Mood that it returns to, lest it dies away in some quiet corner.
    levels : ndarray of shape (n_steps, n_ranges)
        Of the last steps that are played.
    colour : ndarray of shape (n_ranges,)
        Decibels by which the next run is changed, see `skmusic.colour`.
    rng : numpy.random.RandomState
        Source of chance.
    pending : ndarray of shape (n_frames, n_dims)
        Frames that are made but not yet given out.
    origins : ndarray of shape (n_frames,)
        Frame of the bank that each of these is.
    """

    lstm: list
    x: np.ndarray
    step: int
    tail: np.ndarray
    turn: np.ndarray | None
    visits: tuple
    mood: np.ndarray
    home: np.ndarray
    levels: np.ndarray
    colour: np.ndarray
    rng: np.random.RandomState
    pending: np.ndarray
    origins: np.ndarray


class Run(NamedTuple):
    """Steps that are played from one place of the bank."""

    start: int
    length: int
    target: int  # where the next run begins
    colour: np.ndarray
    next_colour: np.ndarray


def shifted(features):
    """Inputs of the network: each step's predecessor, zeros before the first."""
    return np.concatenate([np.zeros_like(features[:1]), features[:-1]])


def entry_scores(bank, network, features, codebook, tempering, first=0, mood=None):
    """Score of starting at each step of the bank after each step heard.

    Parameters
    ----------
    bank, network, codebook
        What is fitted.
    features : ndarray of shape (n_steps, n_features)
        What was heard.
    tempering : Tempering
        Of the tokens.
    first : int
        Scores are given for `first`, ... n_steps steps heard.
    mood : ndarray of shape (n_numbers,) or None
        Mood to begin in, as ``bank.moods`` has them; None is that of what was heard.

    Yields
    ------
    scores : ndarray of shape (n_bank_steps,)
    """
    heard = np.concatenate(
        [np.zeros((1, bank.features.shape[1]), np.float32), features]
    )
    logp = tempering.mask(log_softmax(forward(network, heard, zero_state(network))[0]))
    # A run should not end early because its recording does.
    short = np.arange(len(bank.ends)) + bank.longest > bank.ends
    lost = np.where(short & ~short.all(), 1e3, 0).astype(np.float32)
    if not len(features):
        if mood is not None:
            lost = lost + MOOD * _distances(mood[None], bank.moods)[0]
        yield logp[0][bank.tokens] - lost
        return
    before = surroundings(features, codebook)[0]
    still = np.minimum(bank.movement, np.median(bank.movement))
    if mood is None:
        moods = moods_heard(features, codebook) * bank.mood_scale
    else:
        moods = np.repeat(mood[None], len(heard), axis=0)
    # Blocks of one size, so that a row's sums do not depend on how many there are.
    for start in range(first, len(heard), _BLOCK):
        rows = np.minimum(np.arange(start, start + _BLOCK), len(heard) - 1)
        lost_there = SHARPNESS * _distances(before[rows], bank.before) / still
        lost_there += MOOD * _distances(moods[rows], bank.moods)
        for t, each in zip(rows[: len(heard) - start], lost_there, strict=False):
            yield logp[t][bank.tokens] - lost - (each if t else 0)


def _distances(x, y):
    """Squared distances ``(len(x), len(y))``."""
    x, y = x.astype(np.float32), y.astype(np.float32)
    d = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1) - 2 * (x @ y.T)
    return np.maximum(d, 0)


def enter(bank, network, features, codebook, tempering, rng, skip=0, mood=None):
    """Walk that goes on after steps heard, or from nothing.

    Parameters
    ----------
    bank, network, codebook
        What is fitted.
    features : ndarray of shape (n_steps, n_features)
        What was heard; no steps start from nothing.
    tempering : Tempering
    rng : numpy.random.RandomState
    skip : int
        Frames of the first step that were heard already.
    mood : ndarray of shape (n_numbers,) or None
        Mood to begin in and to keep; None is that of what was heard.

    Returns
    -------
    Walk
    """
    n_heard = len(features)
    if mood is None and n_heard:
        mood = moods_heard(features, codebook)[-1] * bank.mood_scale
    (score,) = entry_scores(
        bank, network, features, codebook, tempering, first=n_heard, mood=mood
    )
    state, x = zero_state(network), np.zeros(bank.features.shape[1], np.float32)
    if n_heard:
        state = forward(network, shifted(features), state)[1][-1]
        x = features[-1]
    start = tempering.draw(np.where(np.isfinite(score), score, -1e30), rng)
    nothing = np.empty((0, bank.frames.n_dims), np.float32)
    if mood is None:
        mood = bank.moods[start].astype(np.float32)
    n_ranges = bank.levels.shape[1]
    walk = Walk(
        lstm=state,
        x=x,
        step=start,
        tail=nothing,
        turn=None,
        visits=(),
        mood=mood,
        home=mood,
        levels=np.empty((0, n_ranges), np.float32),
        colour=np.zeros(n_ranges, np.float32),
        rng=rng,
        pending=nothing,
        origins=np.empty(0, int),
    )
    if skip:
        walk = advance(bank, network, walk, tempering)
        walk = without(walk, skip)
    return walk


def without(walk, n_frames):
    """Walk without the first pending frames, as they were given out."""
    return replace(
        walk, pending=walk.pending[n_frames:], origins=walk.origins[n_frames:]
    )


def advance(bank, network, walk, tempering):
    """Walk with one more run among its pending frames."""
    (walk,), (run,) = plan(bank, network, [walk], tempering)
    return play(bank, walk, run)


def plan(bank, network, walks, tempering):
    """Next run of each walk; `walks` that have taken it, but for its sound.

    The walks share the passes of the network and nothing else.

    Returns
    -------
    walks : list of Walk
    runs : list of Run
    """
    counts = [int(min(bank.longest, bank.ends[w.step] - w.step)) for w in walks]
    x = np.zeros((len(walks), max(counts) + 1, len(walks[0].x)), np.float32)
    for each, walk, n in zip(x, walks, counts, strict=True):
        each[0], each[1 : n + 1] = walk.x, bank.features[walk.step : walk.step + n]
    layers = zip(*(walk.lstm for walk in walks), strict=True)
    before = [tuple(map(np.stack, zip(*layer, strict=True))) for layer in layers]
    z, after = forward(network, x, before)
    planned, runs = [], []
    for i, (walk, n) in enumerate(zip(walks, counts, strict=True)):
        start, lengths = walk.step, np.arange(min(bank.shortest, n), n + 1)
        logp = tempering.mask(log_softmax(z[i, lengths]))
        length, target = _choose(bank, logp, start, lengths, walk, tempering)
        levels, colour = _colour(bank, walk, start, length, target)
        runs.append(Run(start, length, target, walk.colour, colour))
        planned.append(
            replace(
                walk,
                lstm=[(h[i].copy(), c[i].copy()) for h, c in after[length - 1]],
                x=x[i, length].copy(),
                step=target,
                visits=(*walk.visits, (start, length))[-_MEMORY:],
                mood=_drifted(walk, bank.moods[start + length // 2], length),
                levels=levels,
                colour=colour,
            )
        )
    return planned, runs


def _choose(bank, logp, start, lengths, walk, tempering):
    """Length of the run from `start`, and the step at which the next begins."""
    leave = start + lengths - 1
    targets = bank.targets[leave]
    costs = bank.costs[leave] + OUTLOOK * bank.outlook[targets]
    costs = SHARPNESS * costs
    costs = costs + MOOD * ((bank.moods[targets] - walk.mood) ** 2).sum(axis=2)
    costs = costs + dying(walk.levels, bank.levels[targets])
    score = np.take_along_axis(logp, bank.tokens[targets], axis=1) - costs
    known = targets >= 0
    visited = _visited(targets, (*walk.visits, (start, lengths[-1])))
    new = known & ~visited
    onward = new & ~resuming(targets, lengths, walk.visits)
    # What is asked for is given up one by one where the bank is too small.
    for allowed in (onward & np.isfinite(score), new & np.isfinite(score), new, known):
        if allowed.any():
            score = np.where(np.isfinite(score), score, -costs - 1e3)
            score = np.where(allowed, score, -np.inf).ravel()
            warm = loosened(tempering, score, walk.visits)
            row, column = divmod(warm.draw(score, walk.rng), targets.shape[1])
            return int(lengths[row]), int(targets[row, column])
    return int(lengths[-1]), _jump(bank, logp[-1], walk, tempering)


def _jump(bank, logp, walk, tempering):
    """Step to go on at where no join is left: by network and mood alone."""
    score = np.maximum(logp, -1e3)[bank.tokens]
    score = score - MOOD * ((bank.moods - walk.mood) ** 2).sum(axis=1)
    score = score - dying(walk.levels, bank.levels)
    steps = np.arange(len(score))
    visited = _visited(steps, (*walk.visits, (walk.step, 1)))
    for lost in (steps + bank.longest > bank.ends, visited):
        score = np.where(lost, score - 1e6, score)
    return loosened(tempering, score, walk.visits).draw(score, walk.rng)


def _drifted(walk, played, n_steps):
    """Mood after so many steps: it follows what is played, and returns home."""
    away, back = 1 - np.exp(-n_steps / np.array([_MOOD_STEPS, _HOME_STEPS]))
    return walk.mood + away * (played - walk.mood) + back * (walk.home - walk.mood)


def _colour(bank, walk, start, length, target):
    """Levels of the last steps after a run, and the colour of the next one."""
    levels = bank.levels[start : start + length] + walk.colour
    levels = np.concatenate([walk.levels, levels])[-PAST:]
    own = slice(max(target - PAST, 0), target)
    own = bank.levels[own][bank.ends[own] == bank.ends[target]]
    return levels, colouring(levels, own)


def _visited(targets, visits):
    starts, lengths = np.array(visits).T
    behind = targets[..., None] - starts
    return ((behind >= -_MARGIN) & (behind < lengths + _MARGIN)).any(axis=-1)
