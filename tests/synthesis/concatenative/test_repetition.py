import numpy as np
import pytest

from skmusic.features.self_similarity import returning
from skmusic.synthesis.concatenative.repetition import (
    Repetition,
    once_more,
    recurrence,
    returns,
)


def changes(n, seed):
    return np.random.default_rng(seed).standard_normal((n, 30))


# What is learned of recordings


def test_what_returns_is_told():
    verse, chorus, bridge = changes(600, 0), changes(600, 1), changes(600, 2)
    assert recurrence(np.concatenate([verse, chorus, bridge])) == 0
    once = recurrence(np.concatenate([verse, chorus, verse, bridge]))
    often = recurrence(np.concatenate([verse, chorus, verse, chorus]))
    always = recurrence(np.concatenate([verse, verse, verse]))
    assert 0 < once < often <= always


@pytest.mark.parametrize("gain", [1e-3, 1e3])
def test_it_does_not_depend_on_the_level(gain):
    song = np.concatenate([changes(600, 0), changes(600, 1), changes(600, 0)])
    assert recurrence(gain * song) == pytest.approx(recurrence(song), rel=1e-6)


def test_the_less_what_returns_is_the_same_the_less_it_counts():
    verse = changes(600, 0)
    again = [verse + change * changes(600, 1) for change in (0.5, 1, 2, 8)]
    shares = [recurrence(np.concatenate([verse, x])) for x in again]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > shares[2] > shares[3] == 0


def test_nothing_returns_in_silence_or_in_what_is_short():
    assert recurrence(np.zeros((2000, 30))) == 0
    assert recurrence(np.zeros((0, 30))) == 0
    short = changes(90, 0)
    assert recurrence(np.concatenate([short, short])) == 0
    pause = np.concatenate([changes(600, 0), np.zeros((1200, 30)), changes(600, 1)])
    assert recurrence(pause) == 0


def test_passages_are_compared_with_those_within_reach_only():
    x = np.tile(changes(50, 0), (2, 1))
    assert returning(x, 10, 40, 60)[10:].min() > 0.99
    assert returning(x, 10, 51, 60).max() < 0.5
    assert returning(x, 10, 40, 49)[10:].max() < 0.5
    assert returning(x, 10, 40, 60).shape == (51,)


# What is played again

SEGMENTS = tuple((1000 * i, 10 + i % 7) for i in range(80))
PLAYED = np.concatenate([np.arange(a, a + n) for a, n in SEGMENTS])
DUE = Repetition(0.3, 1e4)


def test_what_is_returned_to_was_played_and_long_ago():
    times, units = returns(SEGMENTS, DUE, 4)
    assert len(times)
    np.testing.assert_array_equal(units, PLAYED[times])
    latest = len(PLAYED) - times.max()
    # Sooner than so nothing is, and all of a segment before that may be.
    sooner, _ = returns(SEGMENTS[-30:], DUE, 4)
    assert latest > 300
    assert len(sooner) == 0 or len(PLAYED) - latest >= sooner.max()
    # Nothing from which on less than a segment is left.
    assert np.isin(units + 3, PLAYED).all()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
def test_nothing_is_returned_to_before_it_is_due(share):
    assert not returns(SEGMENTS, Repetition(share), 4)[0].size
    assert not returns(SEGMENTS, Repetition(share, -100.0), 4)[0].size
    assert not returns((), DUE, 4)[0].size


@pytest.mark.parametrize("time", [0, 3, 10, 25, 200])
def test_what_is_played_again_is_what_was_played(time):
    again = once_more(SEGMENTS, time, 300)
    unit, found = PLAYED[time], []
    for length, target in again:
        found.append(np.arange(unit, unit + length))
        unit = target
    found = np.concatenate(found)
    np.testing.assert_array_equal(found, PLAYED[time : time + len(found)])
    assert 300 <= len(found) < 300 + 17


def test_no_more_is_played_again_than_there_is():
    again = once_more(SEGMENTS, sum(n for _, n in SEGMENTS[:-3]), 300)
    assert again == tuple((SEGMENTS[i][1], SEGMENTS[i + 1][0]) for i in (-3, -2))
    assert once_more(SEGMENTS[-1:], 0, 300) == ()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5])
def test_what_is_played_again_and_what_is_owed_are_the_share(share):
    rng, repetition = np.random.default_rng(0), Repetition(share)
    total = again = 0
    for length in rng.integers(10, 20, 3000):
        total += length
        again += length * bool(repetition.again)
        due = 0 if repetition.again else repetition.due
        to_come = repetition.again[1:] or ((15, 0),) * int(due / 15)
        repetition = repetition.after(length, to_come)
        assert repetition.owed == pytest.approx(share * total - again, abs=1e-6)
        # All of what is due at once is owed, so that never much more is played.
        assert repetition.owed > -40
    assert again / total == pytest.approx(share, abs=0.02)
