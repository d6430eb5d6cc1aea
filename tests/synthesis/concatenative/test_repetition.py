import numpy as np
import pytest

from skmusic.features.self_similarity import returning
from skmusic.synthesis.concatenative.repetition import (
    DISTANCES,
    Form,
    begun,
    earlier,
    once_more,
    recurrence,
)

NEAR, FAR = DISTANCES


def changes(n, seed):
    return np.random.default_rng(seed).standard_normal((n, 30))


# What is learned of recordings


def test_what_returns_is_told():
    verse, chorus, bridge = changes(600, 0), changes(600, 1), changes(600, 2)
    assert not recurrence(np.concatenate([verse, chorus, bridge])).any()
    assert recurrence(np.concatenate([verse, verse, verse]))[1] > 0.9
    _, once = recurrence(np.concatenate([verse, chorus, verse, bridge]))
    _, often = recurrence(np.concatenate([verse, chorus, verse, chorus]))
    assert 0.15 < once < often - 0.1


@pytest.mark.parametrize(("length", "near"), [(250, True), (600, False)])
def test_a_phrase_played_twice_is_told_from_a_part_that_comes_back(length, near):
    x = np.concatenate([np.tile(changes(length, i), (2, 1)) for i in range(6)])
    shares = recurrence(x)
    assert 0.25 < shares[int(not near)] < 0.6
    assert shares[int(near)] < 0.05


@pytest.mark.parametrize("gain", [1e-3, 1e3])
def test_it_does_not_depend_on_the_level(gain):
    song = np.concatenate([changes(600, 0), changes(600, 1), changes(600, 0)])
    np.testing.assert_allclose(recurrence(gain * song), recurrence(song), 1e-6)


def test_the_less_what_returns_is_the_same_the_less_it_counts():
    verse, played = changes(600, 0), []
    for i, change in enumerate((0.1, 0.5, 1.0)):
        played.append(
            recurrence(np.concatenate([verse, verse + change * changes(600, i + 1)]))[1]
        )
    assert played == sorted(played, reverse=True)
    assert played[0] > 0.9 > 0.7 > played[2]


def test_nothing_returns_in_silence_or_in_what_is_short():
    assert not recurrence(np.zeros((2000, 30))).any()
    assert not recurrence(np.zeros((0, 30))).any()
    short = changes(90, 0)
    assert not recurrence(np.concatenate([short, short])).any()
    pause = np.concatenate([changes(600, 0), np.zeros((1200, 30)), changes(600, 1)])
    assert not recurrence(pause).any()


def test_passages_are_held_against_those_within_reach_only():
    x = np.tile(changes(50, 0), (2, 1))
    assert returning(x, 10, 40, 60)[10:].min() > 0.99
    assert returning(x, 10, 51, 60).max() < 0.5
    assert returning(x, 10, 40, 49)[10:].max() < 0.5
    assert returning(x, 10, 40, 60).shape == (51,)


def test_a_piece_returns_as_do_the_recordings_near_which_it_begins():
    shares = np.repeat([[0, 0.1], [0.2, 0.3], [0.9, 0.6]], 4, axis=0)
    assert begun(shares, np.repeat([0.25, 0, 0], 4)).shares == (0, 0.1)
    assert begun(shares, np.repeat([0.125, 0.125, 0], 4)).shares == (0.1, 0.2)
    # Most of a piece is to be new.
    assert begun(shares, np.repeat([0, 0, 0.25], 4)).shares == (0.3, 0.2)


# What is played again

RUNS = tuple((1000 * i, 10 + i % 7) for i in range(60))


def form(near=0.0, far=0.0):
    return Form((0.2, 0.2), (near, far))


def test_what_is_returned_to_was_played_as_long_ago_as_it_should():
    played = np.concatenate([np.arange(a, a + n) for a, n in RUNS])
    for due, allowed in (
        (form(near=NEAR.least), {0}),
        (form(far=FAR.least), {1}),
        (form(NEAR.least, FAR.least), {0, 1}),
    ):
        times, steps, distances = earlier(RUNS, due, 4)
        assert {*distances} == allowed
        np.testing.assert_array_equal(steps, played[times])
        for k, each in enumerate(DISTANCES):
            ago = len(played) - times[distances == k]
            assert ((ago >= each.since) & (ago < each.until)).all()
            assert not ago.size or ago.min() < each.since + 6
        # Nothing from which on less than a run is left.
        assert (np.isin(steps + 3, played)).all()


@pytest.mark.parametrize("due", [form(), form(0.79 * NEAR.least, 0.79 * FAR.least)])
def test_nothing_is_returned_to_before_it_is_due(due):
    assert not earlier(RUNS, due, 4)[0].size


def test_nothing_is_returned_to_where_nothing_was_played():
    assert not earlier((), form(NEAR.least, FAR.least), 4)[0].size


@pytest.mark.parametrize("time", [0, 3, 10, 25, 200])
def test_what_is_played_again_is_what_was_played(time):
    again = once_more(RUNS, time, 300)
    played = np.concatenate([np.arange(a, a + n) for a, n in RUNS])
    step, found = played[time], []
    for length, target in again:
        found.append(np.arange(step, step + length))
        step = target
    found = np.concatenate(found)
    np.testing.assert_array_equal(found, played[time : time + len(found)])
    assert 300 <= len(found) < 300 + 17


def test_no_more_is_played_again_than_there_is():
    again = once_more(RUNS, sum(n for _, n in RUNS[:-3]), 300)
    assert again == tuple((RUNS[i][1], RUNS[i + 1][0]) for i in (-3, -2))
    assert once_more(RUNS[-1:], 0, 300) == ()


def test_not_too_much_is_played_again_at_once():
    for k, each in enumerate(DISTANCES):
        assert Form((0.5, 0.5), (10_000.0, 10_000.0)).due(k) == each.most
        assert Form((0.5, 0.5), (100.0, 100.0)).due(k) == 200


@pytest.mark.parametrize("shares", [(0.1, 0.0), (0.0, 0.3), (0.1, 0.4), (0.3, 0.2)])
def test_a_piece_plays_its_shares_again(shares):
    rng, form = np.random.default_rng(0), Form(shares)
    lengths = rng.integers(10, 20, 5000)
    again = np.zeros(2)
    for length in lengths:
        again[form.distance] += length * bool(form.again)
        distance, to_come = form.distance, form.again[1:]
        if not form.again:
            due = [k for k in (0, 1) if form.due(k) >= DISTANCES[k].least]
            distance = due[0] if due else 0
            n = int(np.ceil(form.due(distance) / 15)) if due else 0
            to_come = ((15, 0),) * n
        form = form.after(length, to_come, distance)
    np.testing.assert_allclose(again / lengths.sum(), shares, atol=0.015)
