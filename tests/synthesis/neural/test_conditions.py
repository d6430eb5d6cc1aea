"""Laws of what the network is told of a moment."""

from types import SimpleNamespace

import numpy as np
import pytest

from skmusic.features.activity import N_ACTIVITY
from skmusic.features.style import N_STYLE
from skmusic.synthesis.neural.conditions import (
    NOTHING,
    Asked,
    Conditions,
    Moment,
    conditions_of,
    moment_after,
    n_style,
    n_told,
    next_moment,
    placed,
    places,
    told_now,
    told_of,
    unasked,
    with_asked,
)

STYLE = np.array([0.3, -2, 0, 1, 5])


def code_of(n_steps, n_codes=5):
    """All that is asked of a code here."""
    return SimpleNamespace(n_steps=n_steps, n_codes=n_codes)


def even(n, tempo=1 / 21.3, strength=0.4, activity=(0.2, 0.5, 0.9)):
    """Conditions of a recording that changes but in where it is."""
    beat, activity = 3.2 + tempo * np.arange(n), np.tile(activity, (n, 1))
    return Conditions(beat, strength, activity, places(n), np.tile(STYLE, (n, 1)))


@pytest.mark.parametrize("n_steps", [1, 4])
@pytest.mark.parametrize("n", [400, 401, 403])
def test_a_piece_is_told_what_would_be_told_of_a_recording(n, n_steps):
    recording, code = even(600), code_of(n_steps)
    wanted = told_of(recording, 600 // n_steps, code)
    assert wanted.shape == (600 // n_steps, n_told(code))
    n = n // n_steps * n_steps
    heard = recording._replace(beat=recording.beat[:n], activity=recording.activity[:n])
    moment = moment_after(heard)._replace(place=recording.place[n])
    for k in range(n // n_steps, 600 // n_steps):
        np.testing.assert_allclose(told_now(moment, code), wanted[k], atol=1e-9)
        moment = next_moment(moment, n_steps)


LEFT_OUT = {"strength": 0.0, "place": None, "activity": None, "style": None}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_is_left_out_is_no_recording_of_another(name):
    code, whole = code_of(8), even(200)
    sizes = [26, 6, N_ACTIVITY + 1, n_style(code) + 1]
    assert sum(sizes) == n_told(code)
    each = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
    parts = dict(zip(LEFT_OUT, each, strict=True))
    told = told_of(whole, 20, code)
    without = told_of(whole._replace(**{name: LEFT_OUT[name]}), 20, code)
    for other, columns in parts.items():
        assert told[:, columns].any()
        if other == name:
            assert not without[:, columns].any()
        else:
            np.testing.assert_array_equal(without[:, columns], told[:, columns])


def test_of_nothing_nothing_is_told():
    code = code_of(8)
    assert not told_of(NOTHING, 20, code).any()
    assert not told_now(Moment(), code).any()
    assert not told_now(moment_after(NOTHING), code).any()


def test_a_part_is_told_as_in_the_whole():
    whole, code = even(203), code_of(4)
    told, part = told_of(whole, 50, code), told_of(whole.at(slice(3, None)), 50, code)
    np.testing.assert_allclose(
        told_of(whole.at(slice(4, None)), 49, code), told[1:], atol=1e-9
    )
    assert not np.allclose(part, told)


@pytest.mark.parametrize("n_codes", [1, 5, 32, 33, 128])
def test_a_style_is_told_by_the_first_numbers_of_a_code(n_codes):
    code = code_of(4, n_codes)
    assert n_style(code) == min(n_codes, N_STYLE)
    assert len(told_now(Moment(), code)) == n_told(code)


def test_a_beginning_and_an_end_are_told_where_they_are_near():
    code = code_of(1)
    told = told_of(Conditions(*NOTHING[:3], place=places(9000)), 9000, code)
    told = told[:, told.any(axis=0)]
    assert told.shape[1] == 6
    assert np.abs(told).max() <= 1
    begins, ends = told[:, np.diff(told, axis=0)[0] < 0], told[:, told[-1] > 0.5]
    assert begins.shape[1] == ends.shape[1] == 3
    assert (np.diff(begins, axis=0) <= 0).all()
    assert (np.diff(ends, axis=0) >= 0).all()
    # In the middle of a long piece neither is.
    np.testing.assert_allclose(told[4500], 0, atol=1e-4)


@pytest.mark.parametrize("n", [0, 3, 100, 900])
def test_conditions_of_any_recording_are_finite(n):
    levels = np.random.default_rng(0).standard_normal((n, 5))
    found = placed(
        conditions_of(levels, levels), np.linspace(0, 1, 9)[:, None] * np.ones(3)
    )
    told = told_of(found, n // 4, code_of(4))
    assert np.isfinite(told).all()
    assert (np.abs(told) <= 3).all()
    moment = moment_after(found)
    assert np.isfinite(told_now(moment, code_of(4))).all()
    assert moment.tempo >= 0


def test_a_curve_of_energy_is_told_as_it_goes():
    moment = moment_after(even(400))
    assert next_moment(moment, 8).activity is moment.activity
    curve = np.array([0.0, 100.0]), np.array([0.3, 0.9])
    risen = with_asked(moment, Asked(curve), 0)
    for n in (0, 4, 96, 40):
        risen = next_moment(risen, n)
        wanted = np.interp(risen.n_steps, *curve)
        np.testing.assert_allclose(risen.activity, [wanted, wanted, 0.9])
    # Of nothing that was heard, too.
    first = with_asked(Moment(), Asked(curve), 0)
    np.testing.assert_allclose(first.activity, [0.3, 0.3, 0.5])


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({"energy": (np.array([0.0, 9.0]), np.array([0.3, 0.9]))}, "activity"),
        ({"style": (np.array([0.0, 9.0]), np.ones((2, 5)))}, "style"),
        ({"place": np.array([0, 9])}, "place"),
        ({"tempo": 1 / 15}, "strength"),
    ],
)
def test_without_what_is_asked_for_all_else_is_told(asked, name):
    code = code_of(4)
    known = moment_after(even(400))
    assert all(a is b for a, b in zip(unasked(known), known, strict=True))
    moment = next_moment(with_asked(known, Asked(**asked), 0), 4)
    free = unasked(moment)
    assert getattr(free, name) == getattr(Moment(), name)
    assert told_now(free, code).any()
    assert (told_now(free, code) != told_now(moment, code)).any()
    # A later wish does not undo an earlier one.
    both = with_asked(moment, Asked(place=np.array([3, 4])), 0)
    assert both.asked == moment.asked | {"place"}


def test_a_tempo_is_told_at_once_and_kept():
    moment = moment_after(even(400, strength=0.1))
    moment = with_asked(moment, Asked(tempo=1 / 15), 0.3)
    assert moment.strength == 0.3
    np.testing.assert_allclose(moment.activity, [0.2, 0.6, 0.9])
    later = next_moment(moment, 30)
    assert later.beat - moment.beat == pytest.approx(2)
    assert with_asked(later, Asked(tempo=0.05), 0.2).strength == 0.3
