import numpy as np
import pytest

from skmusic.synthesis.controls import (
    CONTROLS,
    Controls,
    as_curve,
    heard_options,
    refuse_endings,
)

A, B = "a.wav", "b.wav"


@pytest.mark.parametrize(
    ("style", "curve"),
    [
        (A, [(0.0, [(A, 1.0)])]),
        ([(A, 3), (B, 1)], [(0.0, [(A, 0.75), (B, 0.25)])]),
        ({A: 1, B: 0}, [(0.0, [(A, 1.0), (B, 0.0)])]),
        ([(A, 1)], [(0.0, [(A, 1.0)])]),
        ([(0, A), (30, B)], [(0.0, [(A, 1.0)]), (30.0, [(B, 1.0)])]),
        (
            [(1, {A: 1, B: 1}), (2, A)],
            [(1.0, [(A, 0.5), (B, 0.5)]), (2.0, [(A, 1.0)])],
        ),
        # Numbers alone are a recording.
        ([[0.1, 0.2], [0.3, 0.4]], [(0.0, [([[0.1, 0.2], [0.3, 0.4]], 1.0)])]),
        ([0.1, 0.2, 0.3], [(0.0, [([0.1, 0.2, 0.3], 1.0)])]),
    ],
)
def test_a_style_is_a_curve(style, curve):
    assert as_curve(style) == curve
    assert as_curve(as_curve(style)) == curve


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"style": 10}, ValueError, "style=10 is a number"),
        ({"style": {A: -1}}, ValueError, "the weight -1"),
        ({"style": {A: np.nan}}, ValueError, "the weight nan"),
        ({"style": {A: "x"}}, ValueError, "the weight 'x'"),
        ({"style": {A: 0}}, ValueError, "sum to 0"),
        ({"style": [(A, 1), (2, B)]}, ValueError, "style=2 is a number"),
        ({"style": [A, B]}, ValueError, "recordings without weights"),
        ({"style": [np.zeros(9), np.zeros(9)]}, ValueError, "without weights"),
        ({"style": [(5, A), (1, B)]}, ValueError, "goes back in time"),
        ({"style": [(-1, A)]}, ValueError, "at -1 seconds"),
        ({"energy": 1.5}, ValueError, "the level 1.5"),
        ({"energy": []}, ValueError, "no level"),
        ({"energy": [(3, 0), (1, 1)]}, ValueError, "goes back in time"),
        ({"energy": [(0, "loud")]}, TypeError, "the point"),
        ({"vary": 3}, ValueError, "vary=3 is a number"),
        ({"until": 3}, ValueError, "until=3 is a number"),
        ({"vary": [A]}, TypeError, "vary is a list of recordings"),
        ({"until": [np.zeros((9, 2))]}, TypeError, "until is a list of recordings"),
        ({"amount": 1.1, "vary": A}, ValueError, "amount=1.1 is out of range"),
        ({"amount": "much"}, TypeError, "amount='much'"),
        ({"begin": 1}, TypeError, "begin=1 is no bool"),
        ({"until": A, "end": True}, ValueError, "exclude each other"),
        ({"until": A, "vary": B}, ValueError, "exclude each other"),
        ({"until": A, "key": "C"}, ValueError, "in its key"),
    ],
)
def test_what_makes_no_sense_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        Controls(**options)


def test_each_recording_is_heard_once_and_nothing_else_is_passed_on():
    options = {
        "style": {A: 1, B: 3},
        "energy": A,
        "vary": B,
        "begin": False,
        "frames": 3,
    }
    heard = []

    def listen(x, name):
        heard.append((x, name))
        return np.zeros((len(heard), 2))

    found = heard_options(options, listen)
    assert heard == [(A, "style"), (B, "style"), (A, "energy"), (B, "vary")]
    assert set(found) == {"style", "energy", "vary", "amount", "frames"}
    # What was made of it is understood again.
    again = Controls(**{n: found[n] for n in CONTROLS if n in found})
    assert [share for _, share in again.style[0][1]] == [0.25, 0.75]
    assert heard_options({"style": A}, listen)["style"].shape == (5, 2)


def test_levels_are_passed_on():
    found = heard_options({"energy": [0, 1]}, None)
    assert Controls(**found).energy == [(None, 0), (None, 1)]


def test_a_row_of_numbers_from_zero_up_is_levels_and_one_that_swings_a_recording():
    levels = np.linspace(0, 1, 3)
    assert Controls(energy=levels).energy == Controls(energy=levels.tolist()).energy
    assert Controls(energy=levels - 0.5).energy.shape == (3,)


@pytest.mark.parametrize("name", ["begin", "end", "until", "return_state"])
def test_a_loop_has_no_ends(name):
    with pytest.raises(ValueError, match=f"leave {name} out"):
        refuse_endings({name: True}, True, 1000)
    refuse_endings({name: False} if name != "until" else {}, True, 1000)
