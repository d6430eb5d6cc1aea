"""Unit selection: the bank of real steps, and where they can be joined.

A *join* leaves the bank after one step and goes on at another. Its cost is the
distance of what is heard before and after the two boundaries: the last steps,
the beat of the last second and a half, the mood of the last four, and the steps
to come. The cheapest joins of every step are found once, as a graph.

References
----------
A. Hunt and A. Black, "Unit selection in a concatenative speech synthesis system
using a large speech database", ICASSP 1996. A. Schödl et al., "Video textures",
SIGGRAPH 2000.
"""

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import numpy as np

from skmusic.checks import LARGEST, check_array, check_number
from skmusic.codebook import Layout
from skmusic.storage import StoredFrames

# Steps before and after a boundary that are compared, and features of each.
_PAST, _FUTURE, _N_FEATURES = 3, 2, 40
# Steps of the onset curve, and of the mean, before a boundary; their weights
# beside past and future, which weigh one each.
_RHYTHM, _MOOD = 64, 172
_RHYTHM_WEIGHT, _MOOD_WEIGHT = 0.5, 0.7
# Steps to either side over which the movement of music is averaged.
_ABOUT = 43
# Targets that are kept of each step; of so many neighbours only the best.
_N_TARGETS, _GROUP = 32, 6
# A target that goes on as its source does is the same music once more: the
# steps ahead that are compared, and the share of what the source moves by in a
# moment, some steps, by which the two must differ.
_AHEAD, _NOVELTY, _MOMENT = (6, 12, 18, 24), 0.5, 4


@dataclass(frozen=True)
class Bank:
    """Steps of the corpus, one after another.

    Parameters
    ----------
    layout : Layout
        Of the frames.
    frames : StoredFrames
        What is played, ``frames_per_step`` each.
    features, tokens : ndarray of shape (n_steps, n_features), (n_steps,)
        What the network hears and says.
    recording, position : ndarray of shape (n_steps,)
        Number of the recording, and of the step in it.
    ends : ndarray of shape (n_steps,)
        First step after the unbroken stretch that a step is of.
    before : ndarray of shape (n_steps, n_numbers)
        What precedes each step.
    targets, costs : ndarray of shape (n_steps, n_targets)
        Where to go on after each step, -1 for nowhere, and at what cost; 1 is
        the cost of the median best join.
    outlook : ndarray of shape (n_steps,)
        Cost of the best join of a run that starts at the step.
    moods : ndarray of shape (n_steps, n_numbers)
        Mean of the seconds about each step, scaled so that within a recording
        two that are ten seconds apart are at a squared distance of 1.
    movement : ndarray of shape (n_steps,)
        Squared distance of cost 1 at each step.
    mood_scale : float
        Factor of `moods`.
    shortest, longest : int
        Bounds of a run, in steps.
    """

    layout: Layout
    frames: StoredFrames
    features: np.ndarray
    tokens: np.ndarray
    recording: np.ndarray
    position: np.ndarray
    ends: np.ndarray
    before: np.ndarray
    targets: np.ndarray
    costs: np.ndarray
    outlook: np.ndarray
    moods: np.ndarray
    movement: np.ndarray
    mood_scale: float
    shortest: int
    longest: int

    def check(self):
        """Refuse arrays that do not fit together, and steps beyond the bank."""
        n = len(self.tokens)
        if n == 0 or len(self.frames) != n * self.layout.frames_per_step:
            raise ValueError(f"{n} steps have {len(self.frames)} frames.")
        check_array("features", self.features, (n, None))
        check_array("tokens", self.tokens, (n,), "i", 0, 2**31 - 1)
        for name in ("recording", "position"):
            check_array(name, getattr(self, name), (n,), "i", 0, 2**31 - 1)
        check_array("ends", self.ends, (n,), "i", 1, n)
        # Each stretch ends where its last step says, and after all of its steps.
        last = np.append(np.diff(self.ends) != 0, True)
        if (self.ends[last] != np.flatnonzero(last) + 1).any():
            raise ValueError("ends are not those of stretches.")
        check_array("before", self.before, (n, None))
        check_array("targets", self.targets, (n, None), "i", -1, n - 1)
        check_array("costs", self.costs, self.targets.shape, low=0, high=np.inf)
        check_array("outlook", self.outlook, (n,))
        check_array("moods", self.moods, (n, None))
        check_array("movement", self.movement, (n,), low=1e-9)
        check_number("mood_scale", self.mood_scale, "f", 0, LARGEST)
        check_number("shortest", self.shortest, "i", 1, 2**31 - 1)
        check_number("longest", self.longest, "i", self.shortest, 2**31 - 1)


def onset_strength(decibels):
    """Mean rise of the bands up to each step, smoothed over three."""
    rise = np.diff(decibels, axis=0, prepend=decibels[:1])
    strength = np.maximum(rise, 0).mean(axis=1)
    return np.convolve(strength, [0.25, 0.5, 0.25])[:-2]


def surroundings(features, codebook):
    """What precedes and what follows each boundary of a recording.

    Parameters
    ----------
    features : ndarray of shape (n_steps, n_features)
        Of one recording.
    codebook : Codebook
        That made them.

    Returns
    -------
    before : ndarray of shape (n_steps + 1, n_before), float32
        Of the boundary before each step, and after the last.
    after : ndarray of shape (n_steps + 1, n_after), float32
    """
    n, weight = len(features), codebook.weight[:_N_FEATURES]
    x = features[:, :_N_FEATURES] * (weight / np.linalg.norm(weight))
    at = np.arange(n + 1)[:, None]
    past = x[np.clip(at - np.arange(1, _PAST + 1), 0, n - 1)] / np.sqrt(_PAST)
    future = x[np.clip(at + np.arange(_FUTURE), 0, n - 1)] / np.sqrt(_FUTURE)
    onset = np.concatenate(
        [np.zeros(_RHYTHM), onset_strength(codebook.decibels(features))]
    )
    beat = np.lib.stride_tricks.sliding_window_view(onset, _RHYTHM)
    beat = beat - beat.mean(axis=1, keepdims=True)
    beat = beat / (np.linalg.norm(beat, axis=1, keepdims=True) + 1e-3)
    mood = _moods(features, codebook, _MOOD, 0) / np.linalg.norm(weight)
    before = [past.reshape(n + 1, -1), _RHYTHM_WEIGHT * beat, _MOOD_WEIGHT * mood]
    return (
        np.concatenate(before, axis=1).astype(np.float32),
        future.reshape(n + 1, -1).astype(np.float32),
    )


def _moods(features, codebook, before, after):
    """Mean of the features from `before` steps back to `after` steps ahead.

    Of the boundary before each step, and after the last.
    """
    n, k = len(features), _N_FEATURES
    x = features[:, :k] * codebook.weight[:k]
    sums = np.concatenate([np.zeros_like(x[:1]), np.cumsum(x, axis=0)])
    first = np.maximum(np.arange(n + 1) - before, 0)
    last = np.minimum(np.arange(n + 1) + after, n)
    return (sums[last] - sums[first]) / np.maximum(last - first, 1)[:, None]


def moods_heard(features, codebook):
    """Mood of what was heard before each boundary of a recording.

    Parameters
    ----------
    features : ndarray of shape (n_steps, n_features)
        Of one recording.
    codebook : Codebook
        That made them.

    Returns
    -------
    ndarray of shape (n_steps + 1, n_numbers)
        To be multiplied by ``bank.mood_scale``.
    """
    return _moods(features, codebook, 2 * _MOOD, 0)


def _mood_scale(moods, apart=430):
    """Factor that brings moods ten seconds apart to a squared distance of 1."""
    moved = [((m[apart:] - m[:-apart]) ** 2).sum(axis=1) for m in moods]
    typical = np.median(np.concatenate(moved)) if any(map(len, moved)) else 0.0
    # Recordings too short, or too still, have no mood to keep to.
    return float(1 / np.sqrt(typical)) if typical > 1e-2 else 0.0


def build_bank(frames, stretches, features, tokens, codebook, *, shortest, longest):
    """Bank of stretches of recordings, with its graph of joins.

    Parameters
    ----------
    frames : skmusic.storage.StoredFrames
        Of the stretches, one after another.
    stretches : list of (int, int, int)
        Recording, first step and the step after the last.
    features, tokens : list of ndarray
        Of each recording.
    codebook : Codebook
        That made features and tokens.
    shortest, longest : int
        Bounds of a run, in steps.

    Returns
    -------
    Bank
    """

    def of_recording(i):
        before, after = surroundings(features[i], codebook)
        moods = _moods(features[i], codebook, _MOOD, _MOOD)
        around = np.hstack([before, after])
        return before, around, around[1:], features[i], tokens[i], moods

    # One recording after the other, copied: of a large corpus little is kept.
    kept = [
        [array[a:b].copy() for array in arrays]
        for i, group in groupby(stretches, itemgetter(0))
        for arrays in [of_recording(i)]
        for _, a, b in group
    ]
    before, entries, exits, all_features, all_tokens, moods = (
        np.concatenate(parts) for parts in zip(*kept, strict=True)
    )
    lengths = np.array([b - a for _, a, b in stretches])
    ends = np.repeat(np.cumsum(lengths), lengths)
    enterable = np.arange(len(ends)) + longest <= ends
    if not enterable.any():
        enterable[:] = True
    movement = _movement(entries, ends)
    targets, costs = join_graph(exits, entries, enterable, apart=2 * longest)
    # Where music moves much by itself a join may cost more: by plain distance a
    # piece would be drawn into its stillest places and stay.
    costs /= np.minimum(movement[:, None], movement[targets])
    same = _goes_on_alike(all_features * codebook.weight, ends, targets)
    targets, costs = _drop(targets, costs, same)
    finite = costs[np.isfinite(costs[:, 0]), 0]
    unit = float(np.median(finite)) + 1e-6 if len(finite) else 1.0
    mood_scale = _mood_scale(
        _moods(f, codebook, _MOOD, _MOOD)[:-1] for f in features if len(f)
    )
    return Bank(
        layout=codebook.layout,
        frames=frames,
        features=_halved(all_features),
        tokens=all_tokens,
        recording=np.repeat([i for i, _, _ in stretches], lengths),
        position=np.concatenate([np.arange(a, b) for _, a, b in stretches]),
        ends=ends,
        before=before.astype(np.float16),
        targets=targets,
        costs=_halved(costs / unit),
        outlook=_outlook(costs[:, 0] / unit, shortest, longest),
        moods=_halved(moods * mood_scale),
        movement=movement * np.float32(unit),
        mood_scale=mood_scale,
        shortest=shortest,
        longest=longest,
    )


def _movement(entries, ends):
    """How far music moves in a step by itself, about each step."""
    moved = np.square(np.diff(entries, axis=0, append=entries[-1:])).sum(axis=1)
    moved[np.append(np.diff(ends) > 0, True)] = 0
    kernel = np.ones(2 * _ABOUT + 1) / (2 * _ABOUT + 1)
    about = np.convolve(moved, kernel)[_ABOUT:][: len(moved)]
    return (about + 0.1 * about.mean() + 1e-6).astype(np.float32)


def _halved(x):
    """Half precision, finite where `x` is."""
    limit = np.finfo(np.float16).max
    return np.where(np.isinf(x), x, np.clip(x, -limit, limit)).astype(np.float16)


def join_graph(exits, entries, enterable, apart):
    """Cheapest targets of each step.

    Parameters
    ----------
    exits, entries : ndarray of shape (n_steps, n_numbers)
        Surroundings of the boundary after, and before, each step.
    enterable : ndarray of shape (n_steps,), bool
        Where a run may begin.
    apart : int
        Steps about a step that are no target of it.

    Returns
    -------
    targets : ndarray of shape (n_steps, n_targets), int32
        -1 where there are fewer.
    costs : ndarray of shape (n_steps, n_targets), float32
        Squared distances, ascending; infinite where there is no target.
    """
    n, n_groups = len(entries), -(-len(entries) // _GROUP)
    k = min(_N_TARGETS, n_groups)
    # Column m * n_groups + g is step g * _GROUP + m, so that the least of each group
    # is found in long loops. A last number, times 1, adds the squared length.
    columns = np.zeros((n_groups * _GROUP, entries.shape[1] + 1), np.float32)
    columns[:n, :-1], columns[:, -1] = entries, np.inf
    columns[:n, -1] = np.where(enterable, (entries**2).sum(axis=1), np.inf)
    columns = columns.reshape(n_groups, _GROUP, -1).swapaxes(0, 1)
    columns = columns.reshape(n_groups * _GROUP, -1)
    sources = np.hstack([-2 * exits, np.ones((n, 1), np.float32)])
    targets, costs = np.empty((n, k), np.int32), np.empty((n, k), np.float32)
    block = max(1, (1 << 24) // len(columns))
    for start in range(0, n, block):
        rows = np.arange(start, min(start + block, n))
        d = (sources[rows] @ columns.T).reshape(len(rows), _GROUP, n_groups)
        for row, i in zip(d, rows, strict=True):
            near = np.arange(max(0, i + 1 - apart), min(i + 1 + apart, n))
            row[near % _GROUP, near // _GROUP] = np.inf
        least = d.min(axis=1)
        best = np.argpartition(least, k - 1, axis=1)[:, :k]
        cost = np.take_along_axis(least, best, axis=1)
        order = cost.argsort(axis=1)
        best = np.take_along_axis(best, order, axis=1)
        cost = np.take_along_axis(cost, order, axis=1)
        member = np.take_along_axis(d, best[:, None], axis=2).argmin(axis=1)
        targets[rows] = np.where(np.isfinite(cost), best * _GROUP + member, -1)
        costs[rows] = np.maximum(cost + (exits[rows] ** 2).sum(axis=1)[:, None], 0)
    return targets, costs


def _goes_on_alike(x, ends, targets):
    """Whether what comes after each target is what comes after its source.

    That is so where the two differ by less than the source does from itself a
    moment later, as repeats of one sound file do.
    """
    source, apart, moved = np.arange(len(x)) + 1, 0.0, 0.0
    for ahead in _AHEAD:
        here = np.minimum(source + ahead, ends - 1)
        later = np.minimum(here + _MOMENT, ends - 1)
        there = np.minimum(targets + ahead, ends[targets] - 1)
        moved += ((x[here] - x[later]) ** 2).sum(axis=1)
        apart += np.stack(
            [((x[here] - x[column]) ** 2).sum(axis=1) for column in there.T], axis=1
        )
    return apart < _NOVELTY * moved[:, None]


def _drop(targets, costs, dropped):
    """Targets and costs without some of them, still ascending."""
    costs = np.where(dropped, np.float32(np.inf), costs)
    order = costs.argsort(axis=1, kind="stable")
    costs = np.take_along_axis(costs, order, axis=1)
    targets = np.take_along_axis(targets, order, axis=1)
    return np.where(np.isfinite(costs), targets, -1), costs


def _outlook(best, shortest, longest):
    """Cost of the best join that a run from each step can end with."""
    worst = best[np.isfinite(best)].max(initial=1.0)
    padded = np.append(np.where(np.isfinite(best), best, worst), [worst] * longest)
    windows = np.lib.stride_tricks.sliding_window_view(padded, longest - shortest + 1)
    return windows.min(axis=1)[shortest - 1 :][: len(best)].astype(np.float32)
