import numpy as np
import pytest

from skmusic.synthesis.concatenative.novelty import circling, resuming
from skmusic.synthesis.concatenative.selection import dying, loosened, loudness
from skmusic.synthesis.sampling import Tempering

SOUND, SILENCE = np.full(12, -30.0, np.float32), np.full(12, -80.0, np.float32)


def choices(tempering, score):
    p = np.exp((score - score.max()) / tempering.temperature)
    p = p[p > 0] / p.sum()
    return np.exp(-(p * np.log(p)).sum())


def test_loudness_is_of_all_ranges():
    assert loudness(np.zeros(10)) == pytest.approx(10)
    assert loudness(np.array([-30.0, -300.0])) == pytest.approx(-30)


def test_silence_after_silence_costs_and_nothing_else_does():
    ahead = np.stack([SOUND, SILENCE])
    for played in (ahead, ahead[:1], ahead[:0], ahead[::-1]):
        assert not dying(played, ahead).any()
    cost = dying(ahead[1:], ahead)
    assert cost[0] == 0
    assert cost[1] > 10


def test_what_has_no_levels_cannot_die():
    assert not dying(np.zeros((20, 0)), np.zeros((5, 3, 0))).any()


@pytest.mark.parametrize("n", [1, 3, 60])
def test_circles_are_seen_when_they_close(n):
    visits = tuple((10 * k, 5) for k in range(n))
    before = tuple((10_000 + 10 * k, 5) for k in range(10))
    assert circling(before + 2 * visits)
    assert not circling(before + visits)
    assert not circling((2 * visits)[:-1] + ((7, 3),))


def test_chance_has_a_choice():
    score = np.array([0.0, -50.0, -60.0, -np.inf])
    assert choices(Tempering(1.0), score) < 1.01
    warm = loosened(Tempering(1.0), score, ())
    assert choices(warm, score) >= 1.5
    drawn = {warm.draw(score, np.random.RandomState(i)) for i in range(200)}
    assert 3 not in drawn
    assert len(drawn) > 1


def test_chance_has_a_choice_however_cold():
    score = np.float32([0.0, -50.0, -60.0, -np.inf])
    with np.errstate(all="raise", under="ignore"):
        warm = loosened(Tempering(1e-300), score, ())
    assert choices(warm, score) >= 1.5


def test_where_there_is_a_choice_nothing_changes():
    tempering = Tempering(0.7, top_k=5)
    assert loosened(tempering, np.zeros(4), ()) == tempering
    assert loosened(tempering, np.array([0.0, -np.inf]), ()) == tempering


def test_no_temperature_has_no_chance_but_in_a_circle():
    score = np.array([0.0, -1.0, -2.0])
    away = ((1, 5), (2, 5))
    assert loosened(Tempering(0.0), score, away) == Tempering(0.0)
    assert loosened(Tempering(0.0), score, 2 * away).temperature >= 1


def test_a_passage_is_not_resumed_until_two_seconds_later():
    # 1000..1019 was left for 5000..5014, and the present run is 20 or 25 steps long.
    lengths, visits = np.array([20, 25]), ((1000, 20), (5000, 15))
    goes_on = np.array([[1055, 5035], [1060, 5040]])
    assert resuming(goes_on, lengths, visits).all()
    assert resuming(goes_on + 16, lengths, visits).all()
    assert resuming(goes_on - 16, lengths, visits).all()
    assert not resuming(goes_on + 17, lengths, visits).any()
    assert not resuming(goes_on, lengths, ()).any()
    visits += ((9000, 86),)
    goes_on += 86
    assert not resuming(goes_on[:, :1], lengths, visits).any()
    assert resuming(goes_on[:, 1:], lengths, visits).all()
