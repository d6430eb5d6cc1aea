"""The concatenation graph: where a piece may go on after each unit, at what cost."""

import numpy as np

# Targets that are looked at and that are kept of each unit; of so many neighbours only
# the best.
_N_FOUND, _N_KEPT, _GROUP = 256, 64, 6
# Cost of what is no target. An infinite one would make some processors' products warn,
# where they multiply it by zeros of their own.
_NEVER = np.float32(1e30)


def concatenation_graph(exits, entries, enterable, apart):
    """Cheapest targets of each unit.

    Parameters
    ----------
    exits, entries : ndarray of shape (n_units, n_numbers)
        Context of the boundary after, and before, each unit.
    enterable : ndarray of shape (n_units,), bool
        Where a segment may begin.
    apart : int
        Units about a unit that are no target of it.

    Returns
    -------
    targets : ndarray of shape (n_units, n_targets), int32
        -1 where there are fewer.
    costs : ndarray of shape (n_units, n_targets), float32
        Squared distances, ascending; infinite where there is no target.
    """
    n, n_groups = len(entries), -(-len(entries) // _GROUP)
    k = min(_N_FOUND, n_groups)
    # Column m * n_groups + g is unit g * _GROUP + m, so that the least of each group
    # is found in long loops. A last number, times 1, adds the squared length.
    columns = np.zeros((n_groups * _GROUP, entries.shape[1] + 1), np.float32)
    columns[:n, :-1], columns[:, -1] = entries, _NEVER
    columns[:n, -1] = np.where(enterable, (entries**2).sum(axis=1), _NEVER)
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
            row[near % _GROUP, near // _GROUP] = _NEVER
        least = d.min(axis=1)
        best = np.argpartition(least, k - 1, axis=1)[:, :k]
        cost = np.take_along_axis(least, best, axis=1)
        cost[cost > _NEVER / 2] = np.inf
        order = cost.argsort(axis=1)
        best = np.take_along_axis(best, order, axis=1)
        cost = np.take_along_axis(cost, order, axis=1)
        member = np.take_along_axis(d, best[:, None], axis=2).argmin(axis=1)
        targets[rows] = np.where(np.isfinite(cost), best * _GROUP + member, -1)
        costs[rows] = np.maximum(cost + (exits[rows] ** 2).sum(axis=1)[:, None], 0)
    return targets, costs


def drop(targets, costs, dropped):
    """The cheapest targets and their costs without some of them, ascending.

    Parameters
    ----------
    targets, costs, dropped : ndarray of shape (n_units, n_found)

    Returns
    -------
    targets, costs : ndarray of shape (n_units, n_targets)
    """
    costs = np.where(dropped, np.float32(np.inf), costs)
    order = costs.argsort(axis=1, kind="stable")[:, :_N_KEPT]
    costs = np.take_along_axis(costs, order, axis=1)
    targets = np.take_along_axis(targets, order, axis=1)
    return np.where(np.isfinite(costs), targets, -1), costs
