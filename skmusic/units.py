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

import numpy as np

# Steps before and after a boundary that are compared, and features of each.
_PAST, _FUTURE, _N_FEATURES = 3, 2, 40
# Steps of the onset curve, and of the mean, before a boundary; their weights
# beside past and future, which weigh one each.
_RHYTHM, _MOOD = 64, 172
_RHYTHM_WEIGHT, _MOOD_WEIGHT = 0.5, 0.7
# Targets that are kept of each step; of so many neighbours only the best.
_N_TARGETS, _GROUP = 48, 6
# A target that goes on as its source does is the same music once more: the
# steps ahead that are compared, and the share of the variance they must differ.
_AHEAD, _NOVELTY = (12, 20, 28, 36), 0.25
# Numbers that share one scale factor in the stored frames.
_SCALE_GROUP = 32


@dataclass(frozen=True)
class Bank:
    """Steps of the corpus, one after another.

    Parameters
    ----------
    layout : Layout
        Of the frames.
    frames : ndarray of shape (n_frames, n_groups, 32), int8
        What is played, each group over its largest magnitude.
    scales : ndarray of shape (n_frames, n_groups), float32
        That magnitude over 127.
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
    unit : float
        Squared distance of cost 1.
    shortest, longest : int
        Bounds of a run, in steps.
    """

    layout: object
    frames: np.ndarray
    scales: np.ndarray
    features: np.ndarray
    tokens: np.ndarray
    recording: np.ndarray
    position: np.ndarray
    ends: np.ndarray
    before: np.ndarray
    targets: np.ndarray
    costs: np.ndarray
    outlook: np.ndarray
    unit: float
    shortest: int
    longest: int

    def play(self, start, stop):
        """Frames ``(stop - start, n_dims)`` of the bank."""
        x = self.frames[start:stop] * self.scales[start:stop, :, None]
        n_dims = self.layout.n_channels * self.layout.n_parts * self.layout.n_bins
        return x.reshape(len(x), -1)[:, :n_dims]

    def gather(self, which):
        """Frames ``(n, n_dims)`` at given places."""
        x = self.frames[which] * self.scales[which, :, None]
        n_dims = self.layout.n_channels * self.layout.n_parts * self.layout.n_bins
        return x.reshape(len(x), -1)[:, :n_dims]

    def entry_costs(self, before):
        """Cost ``(n, n_steps)`` of starting at each step after given pasts."""
        d = before @ self.before.T
        d *= -2
        d += (self.before**2).sum(axis=1)
        d += (before**2).sum(axis=1)[:, None]
        return np.maximum(d, 0) / self.unit


def quantise(frames):
    """Frames as bytes and scales, and nothing lost that could be heard.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.units import quantise
    >>> q, scales = quantise(np.linspace(-1, 1, 64)[None])
    >>> q.shape, q.dtype, scales.shape
    ((1, 2, 32), dtype('int8'), (1, 2))
    """
    n, n_dims = frames.shape
    n_groups = -(-n_dims // _SCALE_GROUP)
    padded = np.zeros((n, n_groups * _SCALE_GROUP), np.float32)
    padded[:, :n_dims] = frames
    groups = padded.reshape(n, n_groups, _SCALE_GROUP)
    scales = np.abs(groups).max(axis=2) / np.float32(127)
    safe = np.where(scales > 0, scales, 1)[:, :, None]
    return np.rint(groups / safe).astype(np.int8), scales


def onset_strength(decibels):
    """Mean rise of the bands at each step, over its deviation."""
    rise = np.diff(decibels, axis=0, prepend=decibels[:1])
    strength = np.maximum(rise, 0).mean(axis=1)
    smooth = np.convolve(strength, [0.25, 0.5, 0.25], mode="full")[1:-1]
    return smooth / (strength.std() + 1e-3)


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
    sums = np.concatenate([np.zeros_like(x[:1]), np.cumsum(x, axis=0)])
    first, last = np.maximum(at[:, 0] - _MOOD, 0), np.maximum(at[:, 0], 1)
    mood = (sums[last] - sums[first]) / (last - first)[:, None]
    before = [past.reshape(n + 1, -1), _RHYTHM_WEIGHT * beat, _MOOD_WEIGHT * mood]
    return (
        np.concatenate(before, axis=1).astype(np.float32),
        future.reshape(n + 1, -1).astype(np.float32),
    )


def build_bank(frames, features, tokens, codebook, *, size, shortest, longest):
    """Bank of recordings, with its graph of joins.

    Parameters
    ----------
    frames, features, tokens : list of ndarray
        Of each recording.
    codebook : Codebook
        That made features and tokens.
    size : int
        Bytes of frames at most; of a larger corpus stretches are kept, spread
        evenly over it.
    shortest, longest : int
        Bounds of a run, in steps.

    Returns
    -------
    Bank
    """
    m = codebook.layout.frames_per_step
    stretches = _stretches([len(t) for t in tokens], _step_budget(frames, m, size))
    around = [surroundings(f, codebook) for f in features]

    def kept(arrays):
        return np.concatenate([arrays[i][a:b] for i, a, b in stretches])

    lengths = np.array([b - a for _, a, b in stretches])
    ends = np.repeat(np.cumsum(lengths), lengths)
    exits = kept([np.hstack([b[1:], a[1:]]) for b, a in around])
    entries = kept([np.hstack(pair) for pair in around])
    all_features = kept(features)
    enterable = np.arange(len(ends)) + longest <= ends
    if not enterable.any():
        enterable[:] = True
    targets, costs = join_graph(exits, entries, enterable, apart=2 * longest)
    same = _goes_on_alike(all_features * codebook.weight, ends, targets)
    targets, costs = _drop(targets, costs, same)
    finite = costs[np.isfinite(costs[:, 0]), 0]
    unit = float(np.median(finite)) + 1e-6 if len(finite) else 1.0
    q, scales = quantise(
        np.concatenate([frames[i][a * m : b * m] for i, a, b in stretches])
    )
    return Bank(
        layout=codebook.layout,
        frames=q,
        scales=scales,
        features=all_features,
        tokens=kept(tokens),
        recording=np.repeat([i for i, _, _ in stretches], lengths),
        position=np.concatenate([np.arange(a, b) for _, a, b in stretches]),
        ends=ends,
        before=kept([b for b, _ in around]),
        targets=targets,
        costs=costs / np.float32(unit),
        outlook=_outlook(costs[:, 0] / unit, shortest, longest),
        unit=unit,
        shortest=shortest,
        longest=longest,
    )


def _step_budget(frames, m, size):
    bytes_per_step = frames[0].shape[1] * (1 + 4 / _SCALE_GROUP) * m
    return max(1, int(size / bytes_per_step))


def _stretches(lengths, budget, stretch=860):
    """``(recording, start, stop)`` of what is kept of recordings so long."""
    if sum(lengths) <= budget:
        return [(i, 0, n) for i, n in enumerate(lengths) if n]
    share, kept, due = budget / sum(lengths), [], 0.0
    for i, n in enumerate(lengths):
        for a in range(0, n, stretch):
            due += share * (min(a + stretch, n) - a)
            if due >= min(stretch, n - a):
                kept.append((i, a, min(a + stretch, n)))
                due -= kept[-1][2] - a
    return kept or [(int(np.argmax(lengths)), 0, budget)]


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
    columns = np.zeros((n_groups * _GROUP, entries.shape[1]), np.float32)
    columns[:n] = entries
    offset = np.full(len(columns), np.inf, np.float32)
    offset[:n] = np.where(enterable, (entries**2).sum(axis=1), np.inf)
    targets, costs = np.empty((n, k), np.int32), np.empty((n, k), np.float32)
    block = max(1, (1 << 24) // len(columns))
    for start in range(0, n, block):
        rows = np.arange(start, min(start + block, n))
        d = exits[rows] @ columns.T
        d *= -2
        d += offset
        for row, i in zip(d, rows, strict=True):
            row[max(0, i + 1 - apart) : i + 1 + apart] = np.inf
        d = d.reshape(len(rows), n_groups, _GROUP)
        member = d.argmin(axis=2)
        d = np.take_along_axis(d, member[:, :, None], axis=2)[:, :, 0]
        best = np.argpartition(d, k - 1, axis=1)[:, :k]
        best = np.take_along_axis(
            best, np.take_along_axis(d, best, axis=1).argsort(axis=1), axis=1
        )
        cost = np.take_along_axis(d, best, axis=1)
        found = best * _GROUP + np.take_along_axis(member, best, axis=1)
        targets[rows] = np.where(np.isfinite(cost), found, -1)
        costs[rows] = np.maximum(cost + (exits[rows] ** 2).sum(axis=1)[:, None], 0)
    return targets, costs


def _goes_on_alike(x, ends, targets):
    """Whether what comes after each target is what comes after its source."""
    n, variance = len(x), 2 * x.var(axis=0).sum() + 1e-12
    distance = np.zeros(targets.shape)
    for ahead in _AHEAD:
        source = np.minimum(np.arange(n) + 1 + ahead, ends - 1)
        target = np.minimum(targets + ahead, ends[targets] - 1)
        for k in range(targets.shape[1]):
            distance[:, k] += ((x[source] - x[target[:, k]]) ** 2).sum(axis=1)
    return distance / (variance * len(_AHEAD)) < _NOVELTY


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
