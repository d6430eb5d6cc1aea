"""Sampling: a walk through the bank that the network steers.

State in, state out: `plan` finds the next run, `play` adds its sound, and `advance`
does both.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from skmusic.network.numpy_lstm import forward, log_softmax
from skmusic.synthesis.concatenative.context import lag
from skmusic.synthesis.concatenative.crossfade import Seam
from skmusic.synthesis.concatenative.equalizer import PAST, colouring
from skmusic.synthesis.concatenative.novelty import (
    circling,
    going_along,
    quoted_by_itself,
    quoting,
    resuming,
)
from skmusic.synthesis.concatenative.repetition import Form, earlier, once_more

# What a join of unit cost weighs against a nat of the network, and the best
# join that may follow against the join itself.
SHARPNESS, OUTLOOK = 5.0, 0.25
# What a mood as far off as ten seconds of a recording weighs, in nats; the steps in
# which the mood of a piece follows what is played, and returns to where it began.
MOOD, _MOOD_STEPS, _HOME_STEPS = 20.0, 2600.0, 2600.0
# Runs that are remembered; places among them that may be returned to, at what cost at
# most, and what that counts when it is due, in nats.
_MEMORY, _MOST_RETURNS, _DEAREST, _WISH = 120, 64, 1.5, 3.0


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
    shift : float
        Steps by which that run is played from later on, -0.5 to 0.5: beats are not
        bound to steps.
    tail : ndarray of shape (n_frames, n_long_dims)
        How the last run would go on, to be faded out, see ``bank.layout.long``.
    turn : ndarray of shape (n_bins,) or None
        Phases and strengths of partials that the next run begins with, see
        `skmusic.synthesis.concatenative.phase_alignment`.
    seam : skmusic.synthesis.concatenative.crossfade.Seam or None
        When it is faded in; None where the last run has no tail.
    visits : tuple of (int, int)
        First step and length of the latest runs.
    form : skmusic.synthesis.concatenative.repetition.Form
        How much of itself the piece plays again.
    along : ndarray of shape (n_bank_steps,)
        How often the piece was found to go along with what precedes each step of the
        bank, see `skmusic.synthesis.concatenative.novelty`.
    mood : ndarray of shape (n_numbers,)
        Mood of the piece, as ``bank.moods`` has them.
    home : ndarray of shape (n_numbers,)
        Mood that it returns to, lest it dies away in some quiet corner.
    levels : ndarray of shape (n_steps, n_ranges)
        Of the last steps that are played.
    colour : ndarray of shape (n_ranges,)
        Decibels by which the next run is changed, see `equalizer`.
    tone : ndarray of shape (n_ranges,)
        Decibels by which the whole piece is changed.
    rng : numpy.random.RandomState
        Source of chance.
    last : ndarray of shape (n_steps, n_long_dims)
        Last of these frames, which the next ones overlap with: of the last but one
        and those before, frames to give out were made.
    pending : ndarray of shape (n_frames, n_dims)
        Frames that are made but not yet given out.
    origins : ndarray of shape (n_frames,)
        Frame of the bank that each of these is, and that those to come are.
    """

    lstm: list
    x: np.ndarray
    step: int
    shift: float
    tail: np.ndarray
    turn: np.ndarray | None
    seam: Seam | None
    visits: tuple
    form: Form
    along: np.ndarray
    mood: np.ndarray
    home: np.ndarray
    levels: np.ndarray
    colour: np.ndarray
    tone: np.ndarray
    rng: np.random.RandomState
    last: np.ndarray
    pending: np.ndarray
    origins: np.ndarray


class Run(NamedTuple):
    """Steps that are played from one place of the bank."""

    start: int
    length: int
    target: int  # where the next run begins
    shift: float
    next_shift: float
    colour: np.ndarray
    next_colour: np.ndarray


def without(walk, n_frames):
    """Walk without the first pending frames, as they were given out."""
    return replace(
        walk, pending=walk.pending[n_frames:], origins=walk.origins[n_frames:]
    )


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
        along = going_along(bank, walk.along, start, lengths)
        length, target, *again = _next(
            bank, logp, start, lengths, along, walk, tempering
        )
        target, shift = _in_time(bank, start + length, target, walk.shift)
        levels, colour = _colour(bank, walk, start, length, target)
        run = Run(start, length, target, walk.shift, shift, walk.colour, colour)
        runs.append(run)
        planned.append(
            replace(
                walk,
                lstm=[(h[i].copy(), c[i].copy()) for h, c in after[length - 1]],
                x=x[i, length].copy(),
                step=target,
                shift=shift,
                visits=(*walk.visits, (start, length))[-_MEMORY:],
                form=walk.form.after(length, *again),
                along=along[length - lengths[0]].copy(),
                mood=_drifted(walk, bank.moods[start + length // 2], length),
                levels=levels,
                colour=colour,
            )
        )
    return planned, runs


def _next(bank, logp, start, lengths, along, walk, tempering):
    """Length of a run, where the next begins, what is played again, how long after."""
    if not walk.form.again:
        return _choose(bank, logp, start, lengths, along, walk, tempering)
    (length, target), *again = walk.form.again
    # Moved to the beat, it may end a step earlier.
    length = int(np.clip(length, lengths[0], lengths[-1]))
    return length, target, tuple(again), walk.form.distance


def _choose(bank, logp, start, lengths, along, walk, tempering):
    """The same of what is not played again: a join, or a return to what was played."""
    leave = start + lengths - 1
    times, steps, distances, costs = _returns(bank, walk, leave + 1)
    targets = np.hstack([bank.targets[leave], steps])
    costs = np.hstack([bank.costs[leave], costs]) + OUTLOOK * bank.outlook[targets]
    costs = SHARPNESS * costs
    costs = costs + MOOD * ((bank.moods[targets] - walk.mood) ** 2).sum(axis=2)
    costs = costs + dying(walk.levels, bank.levels[targets])
    score = np.take_along_axis(logp, bank.tokens[targets], axis=1) - costs
    visited = _visited(bank, targets, (*walk.visits, (start, lengths[-1])))
    n_joins = bank.targets.shape[1]
    visited[:, n_joins:] = False
    new = (targets >= 0) & ~visited & ~quoting(bank, along, targets)
    new &= np.isfinite(score) & ~quoted_by_itself(bank, along)[:, None]
    for allowed in (new & ~resuming(targets, lengths, walk.visits), new):
        if allowed.any():
            score = np.where(allowed, score, -np.inf).ravel()
            warm = loosened(tempering, score, walk.visits)
            row, column = divmod(warm.draw(score, walk.rng), targets.shape[1])
            again, distance = (), 0
            if column >= n_joins:
                found = row, column - n_joins
                distance = int(distances[found])
                due = walk.form.due(distance)
                again = once_more(walk.visits, times[found], due)
            return int(lengths[row]), int(targets[row, column]), again, distance
    # No longer run: where all joins are barred, to play on is often to quote on.
    end = start + lengths[:1]
    target = _jump(bank, logp[0], end, along[:1], walk, tempering)
    return int(lengths[0]), target, (), 0


def _returns(bank, walk, ends):
    """Where a piece may return to after runs to these ends, if it is due.

    Returns
    -------
    times : ndarray of shape (n_ends, n_returns)
        Steps of the piece, counted from the first run that is remembered.
    steps, distances, costs : ndarray of shape (n_ends, n_returns)
        What was played there, how long ago, and what it costs to go on there.
    """
    times, steps, distances = earlier(walk.visits, walk.form, bank.shortest)
    costs = _costs(bank, ends, steps)
    best = np.argsort(costs, axis=1, kind="stable")[:, :_MOST_RETURNS]
    costs = np.take_along_axis(costs, best, axis=1)
    costs = np.where(costs > _DEAREST, np.inf, costs - _WISH / SHARPNESS)
    return times[best], steps[best], distances[best], costs.astype(bank.costs.dtype)


def _costs(bank, ends, steps):
    """Cost of going on at each of these steps after runs to these ends."""
    here = bank.heard_before(np.minimum(ends, bank.ends[ends - 1] - 1))
    there = bank.heard_before(steps)
    costs = [np.square(there - x).sum(axis=1) for x in here]
    movement = np.minimum(bank.movement[steps], bank.movement[ends - 1, None])
    return np.array(costs) / movement


def _jump(bank, logp, end, along, walk, tempering):
    """Step to go on at after the run to `end`, where no join is left, of all steps."""
    steps = np.arange(len(bank.ends))
    costs = _costs(bank, end, steps)[0]
    score = np.maximum(logp, -1e3)[bank.tokens] - SHARPNESS * costs
    score = score - MOOD * ((bank.moods - walk.mood) ** 2).sum(axis=1)
    score = score - dying(walk.levels, bank.levels)
    visited = _visited(bank, steps, (*walk.visits, (walk.step, end[0] - walk.step)))
    quoted = quoting(bank, along, steps[None])[0]
    # What is asked for is given up where the bank is too small.
    for lost in (steps + bank.longest > bank.ends, visited, quoted):
        score = np.where(lost, score - 1e6, score)
    return loosened(tempering, score, walk.visits).draw(score, walk.rng)


def _in_time(bank, end, target, shift):
    """The step, or one beside it, and the shift that keep the beat after a run."""
    begins = target == 0 or bank.ends[target - 1] != bank.ends[target]
    if begins or not bank.layout.lapped:
        return target, 0.0
    later = shift + lag(*bank.heard_before([end - 1, target - 1]))
    near = target + round(later)
    within = bank.ends[near] if near < len(bank.ends) else 0
    if within == bank.ends[target] and near + bank.longest <= within:
        target, later = near, later - round(later)
    return target, float(np.clip(later, -0.5, 0.5))


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
    return levels, walk.tone + colouring(levels - walk.tone, own)


def _visited(bank, steps, visits):
    """Whether steps are in or about places that were played."""
    starts, lengths = np.array(visits).T
    behind = steps[..., None] - starts
    margin = bank.margin + 1  # by which the beat may move where a run begins
    return ((behind >= -margin) & (behind < lengths + margin)).any(axis=-1)


# Equally likely choices that chance has at least, and how it gets them.
_CHOICES, _HEATING = 1.5, 1.3
# Decibels below the loudest step that are silence, and nats that more of it costs
# where there was some already.
_SILENCE, _DEATH = -60.0, 20.0


def loudness(levels):
    """Level of the whole from the levels of its ranges, in decibels."""
    return 10 * np.log10((10 ** (np.float32(0.1) * levels)).sum(axis=-1))


def dying(played, ahead):
    """Nats that places cost where silence would follow silence.

    Parameters
    ----------
    played : ndarray of shape (n_steps, n_ranges)
        Levels of the last steps, see `equalizer`.
    ahead : ndarray of shape (..., n_ranges)
        Levels of the places that might follow.

    Returns
    -------
    ndarray of shape (...)
    """
    if not played.size or (loudness(played) > _SILENCE).any():
        return np.zeros(ahead.shape[:-1], np.float32)
    return np.where(loudness(ahead) > _SILENCE, 0, np.float32(_DEATH))


def loosened(tempering, score, visits):
    """Tempering at which there is a choice.

    Parameters
    ----------
    tempering : skmusic.synthesis.sampling.Tempering
        As it was asked for.
    score : ndarray of shape (n_choices,)
        What is to be drawn from, -inf where it is not allowed.
    visits : tuple of (int, int)
        First step and length of the latest runs.

    Returns
    -------
    skmusic.synthesis.sampling.Tempering
        Warmer where chance would have fewer than one and a half equally likely
        choices. At no temperature nothing is left to chance, but in a circle.
    """
    temperature = tempering.temperature
    if temperature == 0:
        if not circling(visits):
            return tempering
        temperature = 1.0
    loss = score.max() - score[np.isfinite(score)]
    if len(loss) > 1:
        while _choices(loss / temperature) < _CHOICES:
            temperature *= _HEATING
    return replace(tempering, temperature=temperature)


def _choices(loss):
    """Exponential of the entropy: how many equally likely choices it is worth."""
    p = np.exp(-loss)
    total = p.sum()
    return float(np.exp(np.log(total) + (p * loss).sum() / total))
