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

from skmusic.checks import check_array, check_number
from skmusic.codebook import Layout
from skmusic.graph import drop, join_graph, outlook, repeats
from skmusic.storage import StoredFrames

# Ranges of bands whose rises tell how much happens.
N_RISES = 4
# Steps before and after a boundary that are compared, and features of each.
_PAST, _FUTURE, _N_FEATURES = 3, 2, 40
# Steps of the onset curve, and of the mean, before a boundary; their weights
# beside past and future, which weigh one each. At 0.5 the beat got lost.
_RHYTHM, _MOOD = 64, 172
_RHYTHM_WEIGHT, _MOOD_WEIGHT = 3.0, 0.7
# Steps to either side over which the movement of music is averaged.
_ABOUT = 43


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
    mood_scale : ndarray of shape (n_numbers,)
        Factors of `moods`.
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
    mood_scale: np.ndarray
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
        check_array("mood_scale", self.mood_scale, self.moods.shape[1:], low=0)
        check_number("shortest", self.shortest, "i", 1, 2**31 - 1)
        check_number("longest", self.longest, "i", self.shortest, 2**31 - 1)


def rises(features, codebook):
    """Mean rise of each range of bands up to each step ``(n_steps, N_RISES)``."""
    levels = codebook.levels(features)
    rise = np.maximum(np.diff(levels, axis=0, prepend=levels[:1]), 0)
    parts = np.array_split(rise, N_RISES, axis=1)
    return np.stack([p.sum(axis=1) / max(p.shape[1], 1) for p in parts], axis=1)


def onset_strength(rises):
    """Mean rise up to each step, smoothed over three."""
    return np.convolve(rises.mean(axis=1), [0.25, 0.5, 0.25])[:-2]


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
        [np.zeros(_RHYTHM), onset_strength(rises(features, codebook))]
    )
    beat = np.lib.stride_tricks.sliding_window_view(onset, _RHYTHM)
    beat = beat - beat.mean(axis=1, keepdims=True)
    # Where next to nothing begins there is no beat to keep to.
    beat = beat / (np.linalg.norm(beat, axis=1, keepdims=True) + 2.0)
    mood = _moods(features, codebook, _MOOD, 0)[:, : x.shape[1]]
    mood = mood / np.linalg.norm(weight)
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
    x = np.concatenate([x, np.log1p(rises(features, codebook))], axis=1)
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
    """Factors that bring moods ten seconds apart to a squared distance of 1.

    Half of it is timbre, half how much happens.
    """
    moved = np.concatenate([np.square(m[apart:] - m[:-apart]) for m in moods])
    scale = np.zeros(moved.shape[1], np.float32)
    for part in (slice(None, -N_RISES), slice(-N_RISES, None)):
        typical = np.median(moved[:, part].sum(axis=1)) if len(moved) else 0.0
        # Recordings too short, or too still, have no mood to keep to.
        if typical > 1e-4:
            scale[part] = 1 / np.sqrt(2 * typical)
    return scale


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
    same = repeats(all_features * codebook.weight, ends, targets)
    targets, costs = drop(targets, costs, same)
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
        outlook=outlook(costs[:, 0] / unit, shortest, longest),
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
