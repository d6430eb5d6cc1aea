import numpy as np
import pytest

from skmusic.form import (
    AGO,
    LEAST,
    MOST,
    Form,
    begun,
    earlier,
    once_more,
    recurrence,
    returning,
)


def changes(n, seed):
    return np.random.default_rng(seed).standard_normal((n, 30))


# What is learned of recordings


def test_what_returns_is_told():
    verse, chorus, bridge = changes(600, 0), changes(600, 1), changes(600, 2)
    assert recurrence(np.concatenate([verse, chorus, bridge])) == 0
    assert recurrence(np.concatenate([verse, verse, verse])) > 0.9
    once = recurrence(np.concatenate([verse, chorus, verse, bridge]))
    often = recurrence(np.concatenate([verse, chorus, verse, chorus]))
    assert 0.15 < once < often - 0.1


@pytest.mark.parametrize("gain", [1e-3, 1e3])
def test_it_does_not_depend_on_the_level(gain):
    song = np.concatenate([changes(600, 0), changes(600, 1), changes(600, 0)])
    assert recurrence(gain * song) == pytest.approx(recurrence(song))


def test_the_less_what_returns_is_the_same_the_less_it_counts():
    verse, played = changes(600, 0), []
    for i, change in enumerate((0.1, 0.5, 1.0)):
        played.append(
            recurrence(np.concatenate([verse, verse + change * changes(600, i + 1)]))
        )
    assert played == sorted(played, reverse=True)
    assert played[0] > 0.9 > 0.7 > played[2]


def test_nothing_returns_in_silence_or_in_what_is_short():
    assert recurrence(np.zeros((2000, 30))) == 0
    assert recurrence(np.zeros((0, 30))) == 0
    short = changes(196, 0)
    assert recurrence(np.concatenate([short, short])) == 0
    pause = np.concatenate([changes(600, 0), np.zeros((1200, 30)), changes(600, 1)])
    assert recurrence(pause) == 0


def test_passages_are_held_against_those_within_reach_only():
    x = np.tile(changes(50, 0), (2, 1))
    assert returning(x, 10, 40, 60)[10:].min() > 0.99
    assert returning(x, 10, 51, 60).max() < 0.5
    assert returning(x, 10, 40, 49)[10:].max() < 0.5
    assert returning(x, 10, 40, 60).shape == (51,)


def test_a_piece_returns_as_do_the_recordings_near_which_it_begins():
    returns = np.repeat([0.1, 0.3, 0.9], 4)
    assert begun(returns, np.repeat([0.25, 0, 0], 4)).share == pytest.approx(0.1)
    assert begun(returns, np.repeat([0.125, 0.125, 0], 4)).share == pytest.approx(0.2)
    # Most of a piece is to be new.
    assert begun(returns, np.repeat([0, 0, 0.25], 4)).share == 0.5


# What is played again

RUNS = tuple((1000 * i, 10 + i % 7) for i in range(60))


def test_what_is_returned_to_was_played_and_is_long_ago():
    due = Form(0.2, owed=LEAST)
    times, steps = earlier(RUNS, due, 4)
    played = np.concatenate([np.arange(a, a + n) for a, n in RUNS])
    assert len(times)
    np.testing.assert_array_equal(steps, played[times])
    assert times.max() <= len(played) - AGO < times.max() + 6
    # Nothing from which on less than a run is left.
    assert (np.isin(steps + 3, played)).all()


@pytest.mark.parametrize("form", [Form(0.0), Form(0.2, owed=0.79 * LEAST)])
def test_nothing_is_returned_to_before_it_is_due(form):
    assert not earlier(RUNS, form, 4)[0].size


def test_nothing_is_returned_to_where_nothing_was_played():
    assert not earlier((), Form(0.2, owed=LEAST), 4)[0].size


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
    assert Form(0.5, owed=10_000.0).due == MOST
    assert Form(0.5, owed=100.0).due == 200


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_a_piece_plays_its_share_again(share):
    rng, form = np.random.default_rng(0), Form(share)
    lengths = rng.integers(10, 20, 5000)
    again = 0
    for length in lengths:
        again += length * bool(form.again)
        if form.again:
            to_come = form.again[1:]
        else:
            n = int(np.ceil(form.due / 15)) if form.due >= LEAST else 0
            to_come = ((15, 0),) * n
        form = form.after(length, to_come)
    assert again / lengths.sum() == pytest.approx(share, abs=0.01)
