"""Laws of what the network is told of a moment."""

import numpy as np
import pytest

from skmusic.synthesis.neural.conditions import (
    NOTHING,
    Asked,
    Conditions,
    Moment,
    conditions_of,
    moment_after,
    n_told,
    next_moment,
    placed,
    steered,
    told_now,
    told_of,
    with_asked,
)


def even(n, tempo=1 / 21.3, strength=0.4, activity=(0.2, 0.5, 0.9)):
    """Conditions of a recording that never changes."""
    return Conditions(3.2 + tempo * np.arange(n), strength, np.tile(activity, (n, 1)))


@pytest.mark.parametrize("n_steps", [1, 4])
@pytest.mark.parametrize("n", [400, 401, 403])
def test_a_piece_is_told_what_would_be_told_of_a_recording(n, n_steps):
    recording = even(600)
    wanted = told_of(recording, 600 // n_steps, n_steps)
    assert wanted.shape == (600 // n_steps, n_told(n_steps))
    n = n // n_steps * n_steps
    moment = moment_after(
        Conditions(
            *(each[:n] if isinstance(each, np.ndarray) else each for each in recording)
        )
    )
    for k in range(n // n_steps, 600 // n_steps):
        np.testing.assert_allclose(told_now(moment, n_steps), wanted[k], atol=1e-9)
        moment = next_moment(moment, n_steps)


def test_what_is_left_out_is_no_recording_of_another():
    n, whole = 8, even(200)
    first, silent = whole._replace(strength=0.0), whole._replace(activity=None)
    told = told_of(whole, 20, n)
    without_beat, without_activity = told_of(first, 20, n), told_of(silent, 20, n)
    assert not without_beat[:, :-4].any()
    np.testing.assert_array_equal(without_beat[:, -4:], told[:, -4:])
    assert not without_activity[:, -4:].any()
    np.testing.assert_array_equal(without_activity[:, :-4], told[:, :-4])
    assert not told_of(NOTHING, 20, n).any()
    assert not told_now(Moment(), n).any()
    assert not told_now(moment_after(NOTHING), n).any()


def test_a_part_is_told_as_in_the_whole():
    whole = even(203)
    told, part = told_of(whole, 50, 4), told_of(whole.after(3), 50, 4)
    np.testing.assert_allclose(told_of(whole.after(4), 49, 4), told[1:], atol=1e-9)
    assert not np.allclose(part, told)


@pytest.mark.parametrize("n", [0, 3, 100, 900])
def test_conditions_of_any_recording_are_finite(n):
    levels = np.random.default_rng(0).standard_normal((n, 5))
    found = placed(
        conditions_of(levels, levels), np.linspace(0, 1, 9)[:, None] * np.ones(3)
    )
    told = told_of(found, n // 4, 4)
    assert np.isfinite(told).all()
    assert (np.abs(told) <= 3).all()
    moment = moment_after(found)
    assert np.isfinite(told_now(moment, 4)).all()
    assert moment.tempo >= 0


def test_a_curve_of_energy_is_told_as_it_goes():
    moment = moment_after(even(400))
    assert next_moment(moment, 8).activity is moment.activity
    curve = np.array([0.0, 100.0]), np.array([0.3, 0.9])
    risen = with_asked(moment, Asked(curve), 0)
    for n in (0, 4, 96, 40):
        risen = next_moment(risen, n)
        wanted = np.interp(risen.n_steps, *curve)
        np.testing.assert_allclose(risen.wanted, [wanted, wanted, 0.9])
        np.testing.assert_allclose(risen.activity, risen.wanted)
    # Of nothing that was heard, too.
    first = with_asked(Moment(), Asked(curve), 0)
    np.testing.assert_allclose(first.wanted, [0.3, 0.3, 0.5])
    np.testing.assert_allclose(first.activity, first.wanted)


def test_a_tempo_is_told_at_once_and_kept():
    moment = moment_after(even(400, strength=0.1))
    moment = with_asked(moment, Asked(tempo=1 / 15), 0.3)
    assert moment.strength == 0.3
    np.testing.assert_allclose(moment.wanted, [0.2, 0.6, 0.9])
    np.testing.assert_allclose(moment.activity, moment.wanted)
    later = next_moment(moment, 30)
    assert later.beat - moment.beat == pytest.approx(2)
    assert with_asked(later, Asked(tempo=0.05), 0.2).strength == 0.3


@pytest.mark.parametrize("sign", [1, -1])
def test_a_piece_is_told_more_of_what_it_lacks(sign):
    levels = np.random.default_rng(0).standard_normal((400, 9))
    whole = conditions_of(levels, levels)
    quantiles = np.linspace(-30, 30, 61)[:, None] * np.ones(3)
    moment = moment_after(placed(whole, quantiles))
    moment = moment._replace(wanted=moment.wanted + 0.1 * sign)
    found = steered(moment, levels[-344:], quantiles)
    assert (sign * (found.activity - moment.activity) > 0).all()
    for _ in range(300):
        found = steered(found, levels[-344:], quantiles)
    np.testing.assert_allclose(found.activity, 0.5 + 0.75 * sign)  # and no more
    assert steered(moment, levels[:50], quantiles) is moment
    assert steered(Moment(), levels, quantiles) == Moment()
