from types import SimpleNamespace

import numpy as np
import pytest

from skmusic.features.fingerprints import whitened
from skmusic.synthesis.concatenative.novelty import (
    heard,
    later,
    nothing_heard,
    novelty_cost,
)

SHORTEST, LONGEST = 11, 19


def unlike(n=300, seed=0):
    """Steps that are all unlike: what sounds, and how it has changed."""
    x = np.random.default_rng(seed).standard_normal((n, 2, 40))
    return x.astype(np.float32)


def database_of(*stretches):
    lengths = [len(x) for x in stretches]
    return SimpleNamespace(
        fingerprints=whitened(np.concatenate(stretches)),
        ends=np.repeat(np.cumsum(lengths), lengths),
        shortest=SHORTEST,
        longest=LONGEST,
    )


@pytest.fixture(scope="module")
def twice():
    """Two recordings of 300 units of the same music, and one of other music."""
    return database_of(unlike(), unlike(), unlike(seed=1))


def cost_after(database, *starts):
    """Cost of each unit after shortest segments from these units on."""
    lately = nothing_heard(len(database.ends))
    for start in starts:
        lately = heard(database, lately, start)
    return novelty_cost(lately)


def test_before_a_piece_begins_nothing_costs():
    assert not novelty_cost(nothing_heard(9)).any()


def test_what_was_just_played_costs_most(twice):
    cost = cost_after(twice, 100)
    assert (cost[100 : 100 + LONGEST] == cost.max()).all()
    assert cost.max() > 0


def test_a_copy_elsewhere_counts_as_heard(twice):
    cost = cost_after(twice, 100)
    assert (cost[400 : 400 + LONGEST] > 0.9 * cost.max()).all()


def test_what_is_unrelated_costs_nothing(twice):
    cost = cost_after(twice, 100)
    assert not cost[600:].any()
    assert not cost[[0, 250, 299, 300, 550]].any()


def test_a_louder_copy_is_a_copy():
    database = database_of(unlike(), 1.5 * unlike(), unlike(seed=1))
    cost = cost_after(database, 100)
    assert cost[400] > 0.9 * cost.max()


def test_cost_falls_with_time(twice):
    lately = heard(twice, nothing_heard(900), 100)
    for _ in range(3):
        after = later(lately, 100)
        assert (after <= lately).all()
        assert after[100] < lately[100]
        lately = after
    assert not later(lately, 10**5).any()


def test_segments_in_a_row_are_one_stretch_of_time(twice):
    lately = later(heard(twice, nothing_heard(900), 100), 50)
    then = heard(twice, lately, 700)
    np.testing.assert_allclose(then[100], later(lately, SHORTEST)[100])
    assert then[700] == 1


def test_what_was_heard_before_is_not_forgotten_for_what_is_heard_now(twice):
    first = heard(twice, nothing_heard(900), 100)
    then = heard(twice, first, 700)
    assert (then >= later(first, SHORTEST)).all()
    assert ((then >= 0) & (then <= 1)).all()


def test_what_is_alike_in_all_music_is_no_copy():
    """Strokes of one drum are alike; what is played about them is not."""
    stroke, other = 2 * unlike(1, seed=5), unlike(600)
    parts = [other[:300], other[300:], other[:300]]
    database = database_of(*(stroke + x for x in parts))
    cost = cost_after(database, 100)
    assert cost[700] > 0.9 * cost.max()
    assert (cost[300:600] < 0.5 * cost.max()).all()


@pytest.mark.parametrize("start", [0, 5, 290, 299, 300, 899])
def test_at_the_ends_of_stretches(twice, start):
    cost = cost_after(twice, start)
    assert cost[start] == cost.max()
    assert np.isfinite(cost).all()


@pytest.mark.parametrize("n", [1, 2, 5])
def test_of_next_to_nothing_all_is_heard(n):
    cost = cost_after(database_of(unlike(n)), n - 1)
    assert (cost == cost.max()).all()


@pytest.mark.parametrize("n_bands", [0, 3, 100])
def test_fingerprints_of_few_bands(n_bands):
    prints = whitened(np.zeros((7, 2, n_bands), np.float32))
    assert prints.shape[0] == 7
    assert not prints.any()


def test_products_of_fingerprints_are_exact():
    prints = whitened(unlike(2000))
    x, whole = prints.astype(np.float32), prints.astype(np.int64)
    np.testing.assert_array_equal(x[:50] @ x.T, whole[:50] @ whole.T)
