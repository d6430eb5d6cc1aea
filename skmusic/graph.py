"""The graph of joins: where each step may go on, and at what cost."""

import numpy as np

# Targets that are kept of each step; of so many neighbours only the best.
_N_TARGETS, _GROUP = 32, 6
# Steps between which change is measured, steps ahead at which it is compared, and
# the correlation from which two continuations are the same music.
_MOMENT, _AHEAD, _ALIKE = 4, tuple(range(4, 25, 2)), 0.15


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


def repeats(x, ends, targets):
    """Whether what comes after each target is what comes after its source.

    Such a join would quote the recording on and on, as repeats of one sound file
    do. Changes are compared, for a held chord is no quote: the correlation of
    both continuations' changes, where little changes next to none.

    Parameters
    ----------
    x : ndarray of shape (n_steps, n_features)
        Features of the steps.
    ends : ndarray of shape (n_steps,)
        First step after the stretch that each is of.
    targets : ndarray of shape (n_steps, n_targets)
        Where to go on after each step; -1 for nowhere.

    Returns
    -------
    ndarray of shape (n_steps, n_targets), bool
    """
    change = np.zeros_like(x)
    change[_MOMENT:] = x[_MOMENT:] - x[:-_MOMENT]
    energy = np.square(change).sum(axis=1)
    source = np.arange(len(x)) + 1
    shared = np.zeros(targets.shape, np.float32)
    here, there = np.zeros((len(x), 1), np.float32), np.zeros_like(shared)
    for ahead in _AHEAD:
        at = np.minimum(source + ahead, ends - 1)
        here[:, 0] += energy[at]
        for k, column in enumerate(targets.T):
            to = np.minimum(column + ahead, ends[column] - 1)
            shared[:, k] += np.einsum("ij,ij->i", change[at], change[to])
            there[:, k] += energy[to]
    little = 0.3 * len(_AHEAD) * np.median(energy) + 1e-12
    return shared > _ALIKE * np.sqrt((here + little) * (there + little))


def drop(targets, costs, dropped):
    """Targets and costs without some of them, still ascending."""
    costs = np.where(dropped, np.float32(np.inf), costs)
    order = costs.argsort(axis=1, kind="stable")
    costs = np.take_along_axis(costs, order, axis=1)
    targets = np.take_along_axis(targets, order, axis=1)
    return np.where(np.isfinite(costs), targets, -1), costs


def outlook(best, shortest, longest):
    """Cost of the best join that a run from each step can end with."""
    worst = best[np.isfinite(best)].max(initial=1.0)
    padded = np.append(np.where(np.isfinite(best), best, worst), [worst] * longest)
    windows = np.lib.stride_tricks.sliding_window_view(padded, longest - shortest + 1)
    return windows.min(axis=1)[shortest - 1 :][: len(best)].astype(np.float32)
