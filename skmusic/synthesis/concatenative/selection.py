"""Selection: which units a piece plays next, by network and join cost.

At the end of each segment, all its lengths and all targets of these compete: the
network's log-probability of the token at the target, less the join cost, less the
distance from the style of the piece. The novelty constraint excludes some. Where
something is asked for, its target cost is taken off too, and units beyond the graph
that meet it compete as well.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from skmusic.features.levels import loudness
from skmusic.network.numpy_lstm import forward, log_softmax
from skmusic.synthesis.concatenative.context import beat_lag, distances
from skmusic.synthesis.concatenative.novelty import (
    count_matches,
    goes_too_long,
    quotes_on,
    was_played,
)
from skmusic.synthesis.concatenative.repetition import Repetition, once_more, returns
from skmusic.synthesis.concatenative.target import Target, rings_out, target_cost

# What a unit of join cost weighs against a nat of the network, and a style as far off
# as ten seconds of a recording.
SHARPNESS, STYLE = 5.0, 20.0
# Steps in which the style of a piece follows what is played, and returns to its target.
_STYLE_STEPS = 2600.0
# Segments that are remembered; units among them that may be returned to, at what cost
# at most, and what that counts when it is due, in nats.
_MEMORY, _MOST_RETURNS, _DEAREST, _WISH = 120, 64, 1.5, 3.0
# Decibels below the loudest unit that are silence, the nats that more of it costs where
# there was some already, and the steps that tell.
_SILENCE, _SILENCE_COST, _PAST = -60.0, 20.0, 20
# Units beyond the graph that compete where something is asked for.
_MOST_WANTED = 64


@dataclass(frozen=True)
class SamplerState:
    """Where a piece is: all that the next frame depends on.

    Parameters
    ----------
    lstm : list of (h, c)
        State of the network after all steps but the last.
    x : ndarray of shape (n_features,)
        Features of the last step, the network's next input.
    unit : int
        Unit at which the next segment begins.
    shift : int
        Samples by which that segment is played from later on: beats are not bound to
        steps.
    played : tuple of (int, int)
        First unit and length of the latest segments.
    repetition : Repetition
        How much of itself the piece plays again.
    matches : ndarray of shape (n_units,)
        How often the piece was found to go along with what precedes each unit, see
        `novelty`.
    style, target_style : ndarray of shape (n_styles,)
        Style of the piece, and the one that it returns to.
    levels : ndarray of shape (n_steps, n_ranges)
        Of the last steps that are played.
    match : ndarray of shape (n_ranges,)
        Decibels by which the whole piece is changed, see `equalizer`.
    rng : numpy.random.RandomState
        Source of chance.
    tail : ndarray of shape (n_samples, n_channels)
        Beginning of the next segment, into which the last one fades.
    pending : ndarray of shape (n_samples, n_channels)
        Waveform that is made but not yet given out.
    origins : ndarray of shape (n_steps,)
        Sample of the database at which each step of it begins.
    given : int
        Samples of the first of these steps that were given out.
    target : Target or None
        What is asked for.
    step : int
        Step at which the next segment begins, counted as the target does.
    """

    lstm: list
    x: np.ndarray
    unit: int
    shift: int
    played: tuple
    repetition: Repetition
    matches: np.ndarray
    style: np.ndarray
    target_style: np.ndarray
    levels: np.ndarray
    match: np.ndarray
    rng: np.random.RandomState
    tail: np.ndarray
    pending: np.ndarray
    origins: np.ndarray
    given: int = 0
    target: Target | None = None
    step: int = 0

    @property
    def left(self):
        """Steps to the end of the piece; without bound where none is asked for."""
        stops = self.target is not None and self.target.stop is not None
        return self.target.stop - self.step if stops else np.inf


class Segment(NamedTuple):
    """Units in a row, and where the next segment begins."""

    start: int
    length: int
    target: int  # -1 at the end of the piece
    shift: int  # samples that it is played from later on
    next_shift: int


def last_segment(database, state, traits):
    """The segment that ends a piece; None where the piece goes on after the next."""
    n = database.units_from(state.unit, state.shift)
    if state.left > database.longest and not (
        state.target is not None
        and rings_out(traits, state.target, state.unit, state.step)
    ):
        return None
    return Segment(state.unit, int(min(n, state.left)), -1, state.shift, 0)


def select(database, network, states, sampling, traits=None):
    """Next segment of each piece, and the states that have chosen it.

    The pieces share the passes of the network and nothing else.

    Parameters
    ----------
    database : UnitDatabase
    network : dict
    states : list of SamplerState
    sampling : SamplingParameters
    traits : Traits or None
        Of the units, where something is asked for.

    Returns
    -------
    states : list of SamplerState
        But for the sound of the segment.
    segments : list of Segment
    """
    counts = [
        min(database.longest, database.units_from(s.unit, s.shift)) for s in states
    ]
    x = np.zeros((len(states), max(counts) + 1, len(states[0].x)), np.float32)
    for row, state, n in zip(x, states, counts, strict=True):
        row[0], row[1 : n + 1] = state.x, database.features[state.unit :][:n]
    layers = zip(*(state.lstm for state in states), strict=True)
    before = [tuple(map(np.stack, zip(*layer, strict=True))) for layer in layers]
    z, after = forward(network, x, before)
    chosen, segments = [], []
    for i, (state, n) in enumerate(zip(states, counts, strict=True)):
        # What is left of a piece is no shorter than a segment.
        n = max(1, min(n, state.left - database.shortest))
        start, lengths = state.unit, np.arange(min(database.shortest, n), n + 1)
        logp = sampling.mask(log_softmax(z[i, lengths]))
        matches = count_matches(database, state.matches, start, lengths)
        length, target, again = _next(
            database, logp, lengths, matches, state, sampling, traits
        )
        target, shift = _in_time(database, start + length, target, state.shift)
        levels = database.levels[start : start + length]
        segments.append(Segment(start, length, target, state.shift, shift))
        chosen.append(
            replace(
                state,
                lstm=[(h[i].copy(), c[i].copy()) for h, c in after[length - 1]],
                x=x[i, length].copy(),
                unit=target,
                shift=shift,
                played=(*state.played, (start, length))[-_MEMORY:],
                repetition=state.repetition.after(length, again),
                matches=matches[length - lengths[0]].copy(),
                **_drifted(state, database.styles[start + length // 2], length),
                levels=np.concatenate([state.levels, levels])[-_PAST:],
                step=state.step + length,
            )
        )
    return chosen, segments


def _next(database, logp, lengths, matches, state, sampling, traits):
    """Choose the next segment.

    Returns its length in steps, the unit that follows it, and the segments that are to
    be played again after it.
    """
    if not state.repetition.again:
        return _choose(database, logp, lengths, matches, state, sampling, traits)
    (length, target), *again = state.repetition.again
    # Moved to the beat, it may end a step earlier.
    return int(np.clip(length, lengths[0], lengths[-1])), target, tuple(again)


def _choose(database, logp, lengths, matches, state, sampling, traits):
    """The same where nothing is being played again."""
    leave = state.unit + lengths - 1
    targets, costs = database.targets[leave], database.costs[leave]
    n_targets = targets.shape[1]
    # Half precision would not hold the products.
    costs = SHARPNESS * costs.astype(np.float32)
    times, units, return_costs = _returns(database, state, leave + 1)
    if state.target is not None:
        wanted, wanted_costs = _wanted(database, state, leave + 1, traits)
        targets, costs = np.hstack([targets, wanted]), np.hstack([costs, wanted_costs])
        n_targets = targets.shape[1]
    targets, costs = np.hstack([targets, units]), np.hstack([costs, return_costs])
    if state.target is not None:
        costs = costs + _target_cost(database, state, traits, targets, lengths)
    costs = costs + _style_cost(database, targets, state)
    score = np.take_along_axis(logp, database.tokens[targets], axis=1) - costs
    played = (*state.played, (state.unit, lengths[-1]))
    novel = (targets >= 0) & ~quotes_on(database, matches, targets)
    novel &= ~goes_too_long(database, matches)[:, None]
    # Where a return is due a piece goes where it was, but quotes no longer for it.
    novel[:, :n_targets] &= ~was_played(targets[:, :n_targets], played)
    if state.target is not None:
        # An end may have been played before, if there is no other.
        step = state.step + lengths[:, None]
        novel |= (targets >= 0) & rings_out(traits, state.target, targets, step)
    score = np.where(novel, score, -np.inf).ravel()
    if not np.isfinite(score).any():
        target = _anywhere(
            database, logp[0], matches[:1], state, lengths[0], sampling, traits
        )
        return int(lengths[0]), target, ()
    chosen = sampling.adapted(score).draw(score, state.rng)
    row, column = divmod(chosen, targets.shape[1])
    again = ()
    if column >= n_targets:
        due = state.repetition.due
        again = once_more(state.played, times[row, column - n_targets], due)
    return int(lengths[row]), int(targets[row, column]), again


def _anywhere(database, logp, matches, state, length, sampling, traits):
    """Unit to go on at, of all, where no target is left after the shortest segment."""
    units = np.arange(len(database))
    score = logp[database.tokens]
    if not np.isfinite(score).any():
        score = np.zeros_like(score)  # no unit has a token that is allowed
    end = np.array([state.unit + length])
    score = score - SHARPNESS * _costs(database, end, units)[0]
    score = score - _style_cost(database, units, state)
    if state.target is not None:
        lengths = np.array([length])
        score = score - _target_cost(database, state, traits, units[None], lengths)[0]
    played = (*state.played, (state.unit, length))
    # What is asked for is given up one by one where the database is too small.
    for lost in (
        units + database.longest > database.ends,
        was_played(units, played),
        quotes_on(database, matches, units[None])[0],
    ):
        left = np.where(lost, -np.inf, score)
        score = left if np.isfinite(left).any() else score
    return sampling.adapted(score).draw(score, state.rng)


def _costs(database, ends, units, there=None):
    """Cost of going on at units after segments to these ends ``(n_ends, n_units)``."""
    last = np.minimum(ends, database.ends[ends - 1] - 1)
    there = database.context_before(units) if there is None else there
    apart = distances(database.context_before(last), there)
    movement = np.minimum(database.movement[units], database.movement[ends - 1, None])
    return apart / movement


def _target_cost(database, state, traits, units, lengths):
    """Nats for what is asked for, after segments of these lengths."""
    step = state.step + lengths[:, None]
    return target_cost(database, traits, state.target, units, step)


def _wanted(database, state, ends, traits):
    """Units that meet what is asked for and fit best, of all.

    Returns
    -------
    units, costs : ndarray of shape (n_ends, n_wanted)
        And what it costs to go on at them after segments to these ends, in nats.
    """
    units, middle = np.arange(len(database)), len(ends) // 2
    lengths = ends[[middle]] - state.unit
    cost = SHARPNESS * _costs(database, ends[[middle]], units, traits.before)
    cost = cost + _target_cost(database, state, traits, units[None], lengths)
    cost = (cost + _style_cost(database, units, state))[0]
    played = (*state.played, (state.unit, int(lengths[0])))
    ends_it = rings_out(traits, state.target, units, state.step + lengths)
    cost = np.where(was_played(units, played) & ~ends_it, np.inf, cost)
    n = min(_MOST_WANTED, len(units))
    best = np.sort(np.argpartition(cost, n - 1)[:n])
    costs = SHARPNESS * _costs(database, ends, best)
    return np.broadcast_to(best, costs.shape), costs


def _style_cost(database, units, state):
    """Nats for the distance from the style, and where silence would follow silence."""
    cost = STYLE * ((database.styles[units] - state.style) ** 2).sum(axis=-1)
    if state.levels.size and (loudness(state.levels) <= _SILENCE).all():
        silent = loudness(database.levels[units]) <= _SILENCE
        cost = cost + np.where(silent, np.float32(_SILENCE_COST), 0)
    return cost


def _returns(database, state, ends):
    """Where a piece may return to after segments to these ends, if it is due.

    Returns
    -------
    times, units, costs : ndarray of shape (n_ends, n_returns)
        Steps of the piece, counted from the first segment that is remembered, the units
        that were played there, and what it costs to go on at these, in nats.
    """
    played = state.played
    if state.target is not None and not state.target.returns(state.step):
        played = ()
    times, units = returns(played, state.repetition, database.shortest)
    costs = _costs(database, ends, units)
    best = np.argsort(costs, axis=1, kind="stable")[:, :_MOST_RETURNS]
    costs = np.take_along_axis(costs, best, axis=1)
    costs = np.where(costs > _DEAREST, np.inf, SHARPNESS * costs - _WISH)
    return times[best], units[best], costs


def _in_time(database, end, target, shift):
    """The unit, or one beside it, and the shift that keep the beat after a segment."""
    size, first = database.samples_per_unit, int(database.beginning(target))
    if size == 1 or target == first:
        return target, 0
    # The boundary at the end itself may be one of the next stretch.
    before = database.context_before([end - 1, target - 1])
    wanted = target + shift / size + beat_lag(*before)
    # A segment may always be as long as it was, and begins within the stretch.
    last = max(target, int(database.ends[target]) - database.longest)
    place = min(max(wanted, first), last)
    return round(place), round(size * (place - round(place)))


def _drifted(state, played, n_steps):
    """Style after so many steps: it follows what is played, and returns to target."""
    share = 1 - np.exp(-n_steps / _STYLE_STEPS)
    style = state.style + share * (played + state.target_style - 2 * state.style)
    if state.target is None or not state.target.styles:
        return {"style": style}
    aim = state.target.style(state.step + n_steps)
    return {"style": style + aim - state.target_style, "target_style": aim}
