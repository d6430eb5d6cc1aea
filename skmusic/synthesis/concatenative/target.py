"""The target: what is wanted of the units at each step of a piece, and what it costs.

Unit selection adds two costs: the join cost, between what is played and what may
follow, and the target cost, between what may follow and what is asked for. Here is the
second. Where nothing is asked for there is no target, and no cost.

References
----------
A. Hunt and A. Black, "Unit selection in a concatenative speech synthesis system
using a large speech database", ICASSP 1996. D. Schwarz, "Concatenative sound synthesis:
the early years", Journal of New Music Research 35 (2006).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from skmusic.features.constantq import to_energies
from skmusic.features.levels import loudness, range_energies
from skmusic.features.onsets import N_RANGES
from skmusic.synthesis.concatenative.context import CHORD, chord_and_onsets, styles

# Nats for the quietest where the loudest is asked for, and for the least busy where the
# busiest is; for a place that is some seconds off; for an end that goes on as far from
# what is to follow as a common concatenation point; and for a chord, and for onsets, of
# another moment than is asked for.
_ENERGY, _POSITION, _JOINING = np.array([800.0, 80.0]), 6.0, 5.0
_MUSIC = np.repeat([40.0, 20.0], [12, CHORD]).astype(np.float32)
# Steps over which loudness is a mean.
_ABOUT = 22
# Steps from the beginning and from the end that count, ten seconds, and those that are
# told apart well.
FORM, _FINE = 430, 20
# Rise in decibels, within so many steps, that is an attack; steps that the last chord
# may ring, and that may precede it in one segment; steps that an end may be early by.
_ATTACK, _WITHIN, _RINGS, _LEADS, _EARLY = 3.0, 4, 344, 86, 10
# Nats for what would not come to an end, and for entering a chord after its attack.
_NO_END, _NO_ATTACK = 1e3, 10.0
# Percentiles of loudness between which energy goes from 0 to 1.
_ENDS = 5, 95


@dataclass(frozen=True)
class Target:
    """What is wanted of a piece from its beginning to its end.

    Parameters
    ----------
    styles : tuple of ndarray or None
        Steps ``(n_points,)`` and the styles there ``(n_points, n_styles)``, between
        which the style of the piece changes evenly.
    energy : tuple of ndarray or None
        Steps ``(n_points,)``, and loudness and busyness there ``(n_points, 2)``.
    music : ndarray of shape (n_steps, n_numbers) or None
        Chord and onsets from each step on, as `music_ahead` scales them.
    music_share, energy_share : float
        What they count, from 0 to 1.
    to_follow : ndarray of shape (n_before,) or None
        Context, `CHORD` steps after the last, of what is to follow the piece.
    begin, end : bool
        Whether the piece begins, and ends, as recordings do.
    stop : int or None
        Step after the last; None goes on.
    """

    styles: tuple | None = None
    energy: tuple | None = None
    music: np.ndarray | None = None
    music_share: float = 1.0
    energy_share: float = 1.0
    to_follow: np.ndarray | None = None
    begin: bool = False
    end: bool = False
    stop: int | None = None

    def style(self, step):
        """Style asked for at a step ``(n_styles,)``."""
        return _between(self.styles, step)

    def returns(self, step):
        """Whether the piece may play for ten seconds what it has played."""
        if self.styles or self.energy or self.music is not None:
            return False
        begun = not self.begin or step >= FORM
        return begun and (self.stop is None or self.stop - step >= 2 * FORM)


class Traits(NamedTuple):
    """What a target is compared with, of each unit."""

    energy: np.ndarray  # (n_units, 2), loudness and busyness, mostly from 0 to 1
    since: np.ndarray  # steps since the beginning of its recording
    to_end: np.ndarray  # steps to the end of its recording
    rings: np.ndarray  # steps of the last chord, where the end is kept; -1 elsewhere
    before: np.ndarray  # (n_units, n_before), context, float32
    music: np.ndarray  # (n_units, n_numbers), chord and onsets in the steps ahead


def traits_of(database):
    """`Traits` of the units of a database."""
    _, first, of = np.unique(database.recording, return_index=True, return_inverse=True)
    before = database.context_before(slice(None))
    # Where the first stretch of a recording begins this early, the music does: what is
    # left out is silence, or longer.
    lead = database.position[first][of]
    return Traits(
        energy=_on_scale(_energy(database), database),
        since=database.position - np.where(lead < 2 * FORM, lead, 0),
        to_end=database.to_end,
        rings=_ringing(database),
        before=before,
        music=music_ahead(before, database.ends - 1) / music_scale(before),
    )


def music_ahead(before, last):
    """Chord and onsets in the steps from each on, as far as to `last`, unscaled."""
    at = np.minimum(np.arange(len(before)) + CHORD, last)
    return chord_and_onsets(before)[at]


def music_scale(before):
    """What makes the squared distance of two units 1 in chord and 1 in onsets."""
    variance = chord_and_onsets(before).var(axis=0)
    parts = [variance[:12], variance[12:]]
    return np.concatenate([np.full(len(v), np.sqrt(2 * v.sum()) + 1e-6) for v in parts])


def forms(traits):
    """Which of the ends of recordings are kept: "begin", "end"."""
    kept = {"begin": traits.since == 0, "end": traits.rings >= 0}
    return [name for name, units in kept.items() if units.any()]


def check_loudness(database):
    """Refuse energy where nothing is loud."""
    if not database.levels.shape[1]:
        raise ValueError(
            "energy is given, but plain numbers have no loudness; use an FFTFeaturizer "
            "before the generator, or leave it out."
        )


def check_target(database, target):
    """Refuse ends that the database does not have."""
    kept = forms(traits_of(database))
    for name in ("begin", "end"):
        if getattr(target, name) and name not in kept:
            raise ValueError(
                f"{name}=True, but of no recording the {name} is kept; fit with a "
                f"larger database_size, or leave {name} out."
            )


def target_cost(database, traits, target, units, step):
    """Nats that it costs to go on at units from a step on.

    Parameters
    ----------
    database, traits : UnitDatabase, Traits
    target : Target
    units : ndarray of shape (n_steps, n_units), int
    step : ndarray of shape (n_steps, 1), int

    Returns
    -------
    ndarray of shape (n_steps, n_units)
    """
    cost = np.zeros(units.shape)
    if target.energy:
        apart = traits.energy[units] - _between(target.energy, step + _ABOUT // 2)
        cost += target.energy_share * (_ENERGY * np.square(apart)).sum(axis=-1)
    if target.begin:
        cost += _POSITION * np.square(_place(traits.since[units]) - _place(step))
    if target.end:
        cost += _cost_of_ending(traits, units, target.stop - step)
    if target.music is not None:
        row = np.minimum(step, len(target.music) - 1)
        apart = np.square(traits.music[units] - target.music[row])
        cost += target.music_share * (apart @ _MUSIC)
    if target.to_follow is not None:
        cost += _cost_of_joining(database, traits, target, units, step)
    return cost


def _between(points, step):
    """What is asked for at steps ``(..., n_numbers)``, from that at some points."""
    at, values = points
    return np.stack([np.interp(step, at, column) for column in values.T], axis=-1)


def _place(steps):
    """How far from an end, where the nearest steps are told apart best."""
    return np.log1p(np.clip(steps, 0, FORM) / _FINE)


def rings_out(traits, target, units, step):
    """Whether units lead to the end of a recording when the piece is to end.

    Parameters
    ----------
    traits, target : Traits, Target
    units, step : ndarray or int
        What is played from which step on.

    Returns
    -------
    ndarray, bool
    """
    if not target.end:
        return np.zeros(np.shape(units), bool)
    rings = traits.rings[units]
    kept = (rings >= 0) & (traits.to_end[units] <= rings + _LEADS)
    return kept & _in_time(traits, units, target.stop - step)


def _in_time(traits, units, left):
    early = left - traits.to_end[units]
    return (early >= 0) & (early <= _EARLY)


def _cost_of_ending(traits, units, left):
    to_end, rings = traits.to_end[units], traits.rings[units]
    cost = _POSITION * np.square(_place(to_end) - _place(left))
    in_time = (rings >= 0) & _in_time(traits, units, left)
    cost += np.where(in_time & (left < rings), _NO_ATTACK, 0)
    late = np.median(traits.rings[traits.rings >= 0]) + _LEADS / 2
    return cost + np.where(~in_time & (left < late), _NO_END, 0)


def _cost_of_joining(database, traits, target, units, step):
    """What it costs that what is to follow is none of the units that would."""
    left = target.stop - step
    there = np.minimum(units + np.maximum(left, 0) + CHORD, database.ends[units] - 1)
    apart = np.square(traits.before[there] - target.to_follow).sum(axis=-1)
    # Only the last segment goes on there.
    last = (left >= 0) & (left <= database.longest)
    return np.where(last, _JOINING * apart / database.movement[units], 0)


def _energy(database):
    """Loudness in the steps ahead, in decibels, and busyness about each unit."""
    level = 10 ** (0.1 * _loudness(database))
    at, sums = np.arange(len(level)), np.append(0, np.cumsum(level))
    last = np.minimum(at + _ABOUT, database.ends)
    mean = (sums[last] - sums[at]) / (last - at)
    scale = np.where(database.style_scale > 0, database.style_scale, 1)
    busy = (database.styles / scale)[:, -N_RANGES:].mean(axis=1)
    return np.stack([10 * np.log10(np.maximum(mean, 1e-12)), busy], axis=1)


def _loudness(database):
    """Decibels of each unit; plain numbers have none."""
    ranges = database.levels
    return loudness(ranges) if ranges.shape[1] else np.zeros(len(ranges))


def _on_scale(energy, database):
    """Energy from 0, that of the quietest twentieth, to 1, that of the loudest."""
    low, high = np.percentile(_energy(database), _ENDS, axis=0)
    return (energy - low) / np.maximum(high - low, 1e-3)


def energy_of(database, features, tokenizer):
    """Loudness and busyness of each step of a recording ``(n_steps, 2)``.

    Its loudest parts are as loud as the database's.
    """
    energies = to_energies(tokenizer.levels(features))
    total = range_energies(energies, tokenizer.step).sum(axis=1)
    kernel = np.ones(_ABOUT) / _ABOUT
    level = 10 * np.log10(np.convolve(total, kernel)[_ABOUT // 2 :][: len(total)])
    busy = styles(features, tokenizer)[:-1, -N_RANGES:].mean(axis=1)
    usual = np.percentile(_energy(database)[:, 0], _ENDS[1])
    level += usual - np.percentile(level, _ENDS[1])
    return _on_scale(np.stack([level, busy], axis=1), database)


def _ringing(database):
    """Steps from the last attack of a recording to its end, where that is kept."""
    level, rings = _loudness(database), np.full(len(database), -1)
    for end in np.flatnonzero(database.to_end == 1) + 1:
        first = int(database.beginning(end - 1))
        last = np.convolve(level[max(first, end - _RINGS) : end], [1 / 3] * 3, "valid")
        rises = np.flatnonzero(last[_WITHIN:] - last[:-_WITHIN] >= _ATTACK)
        rung = len(last) - (rises[-1] if len(rises) else 0)
        rings[first:end] = min(rung + _WITHIN, end - first)
    return rings
