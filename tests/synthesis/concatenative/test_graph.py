import numpy as np
import pytest
from scipy.spatial.distance import cdist

from skmusic.synthesis.concatenative.graph import concatenation_graph, drop


def graph(n, apart=4, closed=()):
    """Targets, costs, and all costs by brute force: infinite where none may be."""
    exits, entries = np.random.default_rng(0).standard_normal((2, n, 5))
    exits, entries = exits.astype(np.float32), entries.astype(np.float32)
    enterable = ~np.isin(np.arange(n), closed)
    targets, costs = concatenation_graph(exits, entries, enterable, apart)
    d = cdist(exits, entries, "sqeuclidean")
    d[:, ~enterable] = np.inf
    ahead = np.arange(n) - np.arange(1, n + 1)[:, None]  # from where it would go on
    d[(ahead >= -apart) & (ahead < apart)] = np.inf
    return targets, costs, d


@pytest.mark.parametrize("n", [1, 2, 9, 40, 333])
@pytest.mark.parametrize("closed", [(), (0,), range(0, 333, 2)])
def test_the_best_targets_and_all_costs_are_those_of_brute_force(n, closed):
    targets, costs, d = graph(n, closed=closed)
    np.testing.assert_allclose(costs[:, 0], d.min(axis=1), rtol=1e-3, atol=1e-4)
    found = np.isfinite(costs)
    np.testing.assert_array_equal(targets >= 0, found)
    wanted = d[np.nonzero(found)[0], targets[found]]
    np.testing.assert_allclose(costs[found], wanted, rtol=1e-3, atol=1e-4)


def test_targets_are_the_nearest_of_their_neighbours():
    targets, costs, d = graph(600)
    # Of six neighbours one is kept, and of these the nearest.
    groups = np.pad(d, ((0, 0), (0, -600 % 6)), constant_values=np.inf)
    best = np.sort(groups.reshape(600, -1, 6).min(axis=2), axis=1)
    np.testing.assert_allclose(costs, best[:, : costs.shape[1]], rtol=1e-3, atol=1e-4)
    assert all(len(set(row // 6)) == len(row) for row in targets)


def test_costs_ascend():
    _, costs, _ = graph(333)
    with np.errstate(invalid="ignore"):
        assert not (np.diff(costs, axis=1) < 0).any()


@pytest.mark.parametrize("apart", [1, 4, 100])
def test_targets_are_apart(apart):
    targets, _, _ = graph(150, apart)
    away = np.abs(targets - np.arange(150)[:, None])[targets >= 0]
    assert away.size
    assert away.min() >= apart


def test_where_all_is_near_there_are_no_targets():
    targets, costs, _ = graph(20, apart=40)
    assert (targets == -1).all()
    assert np.isinf(costs).all()


def test_dropped_targets_are_gone_and_the_others_ascend():
    targets = np.array([[4, 5, 6], [7, 8, 9]], np.int32)
    costs = np.array([[1, 2, 3], [1, 2, 3]], np.float32)
    kept, cost = drop(targets, costs, np.array([[1, 0, 0], [0, 1, 0]], bool))
    np.testing.assert_array_equal(kept, [[5, 6, -1], [7, 9, -1]])
    np.testing.assert_array_equal(cost, [[2, 3, np.inf], [1, 3, np.inf]])
