"""Unit selection: the bank of real steps, and where they can be joined.

A *join* leaves the bank after one step and goes on at another. Its cost is the
distance of what is heard before and after the two boundaries: the last steps, the
chord and the beat up to there, the mood of the last seconds, and the steps and the
chord to come. The cheapest joins of every step are found once, as a graph.

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

from skmusic.features.fingerprints import compared, prints
from skmusic.features.onsets import rises
from skmusic.spectra.frames import Layout
from skmusic.spectra.reframing import waveform
from skmusic.synthesis.concatenative.context import mood_scale, moods, surroundings
from skmusic.synthesis.concatenative.limiter import loudest
from skmusic.synthesis.concatenative.novelty import repeats
from skmusic.synthesis.concatenative.repetition import DISTANCES, recurrence
from skmusic.synthesis.concatenative.storage import LappedFrames, StoredFrames
from skmusic.utils.checks import check_array, check_number

# Steps to either side over which the movement of music is averaged, and the power
# of it that a join may cost: at 1 pieces were drawn to where music moves most, at 0
# to where it moves least.
_ABOUT, _LIVELINESS = 43, 0.75
# Steps about a run where no new one begins, at least and at most, and of how many steps
# there is one more. Where all of the corpus is kept, all repeats of a passage are
# there, and a piece would stay in it.
_MARGIN, _EACH = (16, 43), 750


@dataclass(frozen=True)
class Bank:
    """Steps of the corpus, one after another.

    Parameters
    ----------
    layout : Layout
        Of the frames.
    frames : LappedFrames or StoredFrames
        What is played, ``frames_per_step`` each.
    features, tokens : ndarray of shape (n_steps, n_features), (n_steps,)
        What the network hears and says.
    recording, position : ndarray of shape (n_steps,)
        Number of the recording, and of the step in it.
    ends : ndarray of shape (n_steps,)
        First step after the unbroken stretch that a step is of.
    before, before_scale : ndarray of shape (n_steps, n_numbers), int8; (n_numbers,)
        What precedes each step, and the units that its numbers are in, see
        `heard_before`.
    prints : ndarray of shape (n_steps, n_numbers), int8
        What a passage is recognised by, see `skmusic.synthesis.concatenative.novelty`.
    targets, costs : ndarray of shape (n_steps, n_targets)
        Where to go on after each step, -1 for nowhere, and at what cost; 1 is
        the cost of the median best join.
    outlook : ndarray of shape (n_steps,)
        Cost of the best join of a run that starts at the step.
    moods : ndarray of shape (n_steps, n_numbers)
        Mean of the seconds about each step, scaled so that within a recording
        two that are ten seconds apart are at a squared distance of 1.
    levels : ndarray of shape (n_steps, n_ranges)
        Decibels of each range of pitch, see `equalizer`.
    movement : ndarray of shape (n_steps,)
        Squared distance of cost 1 at each step.
    mood_scale : ndarray of shape (n_numbers,)
        Factors of `moods`.
    recurrence : ndarray of shape (n_steps, n_distances)
        Shares of the recording of each step that return in it, see `repetition`.
    limit : ndarray of shape (n_steps,)
        Largest magnitude of the waveforms about each step, see `limiter`.
    shortest, longest : int
        Bounds of a run, in steps.
    margin : int
        Steps about places that were played lately where no new run begins.
    """

    layout: Layout
    frames: LappedFrames | StoredFrames
    features: np.ndarray
    tokens: np.ndarray
    recording: np.ndarray
    position: np.ndarray
    ends: np.ndarray
    before: np.ndarray
    before_scale: np.ndarray
    prints: np.ndarray
    targets: np.ndarray
    costs: np.ndarray
    outlook: np.ndarray
    moods: np.ndarray
    levels: np.ndarray
    movement: np.ndarray
    mood_scale: np.ndarray
    recurrence: np.ndarray
    limit: np.ndarray
    shortest: int
    longest: int
    margin: int

    def heard_before(self, steps):
        """What precedes these steps ``(n, n_numbers)``, float32."""
        return self.before[steps] * self.before_scale

    def waveform(self, first, stop):
        """Waveform of frames, from where the first begins to where the last ends."""
        if isinstance(self.frames, LappedFrames):
            return self.frames.waveform(first, stop)
        return waveform(self.frames[first:stop], self.layout)

    def beginning(self, steps):
        """First step of the stretch that each of these is of."""
        return np.searchsorted(self.ends, self.ends[steps])

    def check(self):
        """Refuse arrays that do not fit together, and steps beyond the bank."""
        n = len(self.tokens)
        if n == 0 or len(self.frames) != n * self.layout.frames_per_step:
            raise ValueError(f"{n} steps have {len(self.frames)} frames.")
        x = self.frames
        if isinstance(x, LappedFrames) and x.layout != self.layout:
            raise ValueError("frames are not of the bank's layout.")
        check_array("features", self.features, (n, None))
        check_array("tokens", self.tokens, (n,), "i", 0, 2**31 - 1)
        for name in ("recording", "position"):
            check_array(name, getattr(self, name), (n,), "i", 0, 2**31 - 1)
        check_array("ends", self.ends, (n,), "i", 1, n)
        # Each stretch ends where its last step says, and after all of its steps.
        last = np.append(np.diff(self.ends) != 0, True)
        if (self.ends[last] != np.flatnonzero(last) + 1).any():
            raise ValueError("ends are not those of stretches.")
        check_array("before", self.before, (n, None), "i", -127, 127)
        check_array("before_scale", self.before_scale, self.before.shape[1:], low=0)
        check_array("prints", self.prints, (n, None), "i", -127, 127)
        check_array("targets", self.targets, (n, None), "i", -1, n - 1)
        check_array("costs", self.costs, self.targets.shape, low=0, high=np.inf)
        check_array("outlook", self.outlook, (n,))
        check_array("moods", self.moods, (n, None))
        check_array("levels", self.levels, (n, None), low=-1e3, high=1e3)
        check_array("movement", self.movement, (n,), low=1e-9)
        check_array("mood_scale", self.mood_scale, self.moods.shape[1:], low=0)
        check_array("recurrence", self.recurrence, (n, len(DISTANCES)), low=0, high=1)
        check_array("limit", self.limit, (n,), low=0, high=np.inf)
        check_number("shortest", self.shortest, "i", 1, 2**31 - 1)
        check_number("longest", self.longest, "i", self.shortest, 2**31 - 1)
        check_number("margin", self.margin, "i", 0, 2**31 - 1)


def build_bank(
    frames, levels, stretches, features, tokens, codebook, *, shortest, longest
):
    """Bank of stretches of recordings, with its graph of joins.

    Parameters
    ----------
    frames : LappedFrames or StoredFrames
        Of the stretches, one after another.
    levels : ndarray of shape (n_steps, n_ranges)
        Of their steps, from `skmusic.features.levels.range_levels`.
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
    found = []

    def of_recording(i):
        rising = rises(features[i], codebook)
        before, after = surroundings(features[i], codebook, rising)
        mood = moods(features[i], codebook, rising=rising)
        found.append(mood[:-1])
        around = np.hstack([before, after])
        marks = prints(features[i], codebook)
        share = np.tile(recurrence(marks[:, 1]).astype(np.float16), (len(mood), 1))
        return before, around, around[1:], mood, features[i], marks, share, tokens[i]

    # One recording after the other, copied: of a large corpus little is kept.
    kept = [
        [array[a:b].copy() for array in arrays]
        for i, group in groupby(stretches, itemgetter(0))
        for arrays in [of_recording(i)]
        for _, a, b in group
    ]
    before, entries, exits, all_moods, all_features, marks, shares, all_tokens = (
        np.concatenate(parts) for parts in zip(*kept, strict=True)
    )
    lengths = np.array([b - a for _, a, b in stretches])
    ends = np.repeat(np.cumsum(lengths), lengths).astype(np.int32)
    enterable = np.arange(len(ends)) + longest <= ends
    if not enterable.any():
        enterable[:] = True
    movement = _movement(entries, ends)
    targets, costs = join_graph(exits, entries, enterable, apart=2 * longest)
    # Where music moves much by itself a join may cost more: by plain distance a
    # piece would be drawn into its stillest places and stay.
    costs /= np.minimum(movement[:, None], movement[targets])
    marks = compared(marks)
    targets, costs = drop(targets, costs, repeats(marks, ends, targets))
    finite = costs[np.isfinite(costs[:, 0]), 0]
    unit = float(np.median(finite)) + 1e-6 if len(finite) else 1.0
    scale = mood_scale(found)
    before_scale = (np.abs(before).max(axis=0) / 127 + 1e-12).astype(np.float32)
    share = len(ends) / sum(map(len, features))
    return Bank(
        layout=codebook.layout,
        frames=frames,
        features=_halved(all_features),
        tokens=all_tokens,
        recording=np.repeat([i for i, _, _ in stretches], lengths).astype(np.int32),
        position=np.concatenate(
            [np.arange(a, b, dtype=np.int32) for _, a, b in stretches]
        ),
        ends=ends,
        before=np.rint(before / before_scale).astype(np.int8),
        before_scale=before_scale,
        prints=marks,
        # Integers that are as small as the bank allows: there are many of them.
        targets=targets.astype(np.min_scalar_type(-len(ends))),
        costs=_halved(costs / unit),
        outlook=outlook(costs[:, 0] / unit, shortest, longest),
        moods=_halved(all_moods * scale),
        levels=levels,
        movement=movement * np.float32(unit),
        mood_scale=scale,
        recurrence=shares,
        limit=loudest(frames, ends, codebook.layout),
        shortest=shortest,
        longest=longest,
        margin=int(np.clip(len(ends) * share**2 / _EACH, *_MARGIN)),
    )


def _movement(entries, ends):
    """How far music moves in a step by itself, about each step."""
    moved = np.square(np.diff(entries, axis=0, append=entries[-1:])).sum(axis=1)
    moved[np.append(np.diff(ends) > 0, True)] = 0
    kernel = np.ones(2 * _ABOUT + 1) / (2 * _ABOUT + 1)
    about = np.convolve(moved, kernel)[_ABOUT:][: len(moved)]
    about = about + 0.1 * about.mean() + 1e-6
    return (about**_LIVELINESS).astype(np.float32)


def _halved(x):
    """Half precision, finite where `x` is."""
    limit = np.finfo(np.float16).max
    return np.where(np.isinf(x), x, np.clip(x, -limit, limit)).astype(np.float16)


# Targets that are looked at and that are kept of each step; of so many neighbours only
# the best.
_N_FOUND, _N_KEPT, _GROUP = 256, 64, 6


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
    k = min(_N_FOUND, n_groups)
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


def drop(targets, costs, dropped):
    """The cheapest targets and their costs without some of them, still ascending."""
    costs = np.where(dropped, np.float32(np.inf), costs)
    order = costs.argsort(axis=1, kind="stable")[:, :_N_KEPT]
    costs = np.take_along_axis(costs, order, axis=1)
    targets = np.take_along_axis(targets, order, axis=1)
    return np.where(np.isfinite(costs), targets, -1), costs


def outlook(best, shortest, longest):
    """Cost of the best join that a run from each step can end with."""
    worst = best[np.isfinite(best)].max(initial=1.0)
    padded = np.append(np.where(np.isfinite(best), best, worst), [worst] * longest)
    windows = np.lib.stride_tricks.sliding_window_view(padded, longest - shortest + 1)
    return windows.min(axis=1)[shortest - 1 :][: len(best)].astype(np.float32)
