from dataclasses import dataclass, replace

import numpy as np
import pytest
from chance import network_of_chance

from skmusic.network.numpy_flow import N_ARRAYS
from skmusic.network.numpy_lstm import from_arrays, to_arrays
from skmusic.persistence.checks import (
    check_array,
    check_declared,
    check_flow,
    check_format,
    check_number,
)
from skmusic.spectra.frames import FrameFormat
from skmusic.utils.fields import LARGEST, array, number

BAD = {"nan": np.nan, "inf": np.inf, "-inf": -np.inf}


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_floats_are_finite_and_in_range(dtype):
    x = np.array([[0.5, -0.25], [-0.0, 3.0]], dtype)
    check_array("x", x, (2, None))
    check_array("x", x, (2, 2), low=-0.25, high=3)
    check_array("x", np.abs(x[:, :1]), (None, 1), low=0)
    for low, high in (-0.2, 3), (-0.25, 2.9):
        with pytest.raises(ValueError, match=r"x holds values from -0\.25 to 3\.0; "):
            check_array("x", x, (2, 2), low=low, high=high)
    for value in BAD.values():
        for places in [(0, 0)], [(1, 1)], np.ndindex(2, 2):
            y = x.copy()
            for place in places:
                y[place] = value
            with pytest.raises(ValueError, match="x holds values from"):
                check_array("x", y, (2, 2))
    y = np.array([1, np.inf], dtype)
    check_array("x", y, (2,), low=0, high=np.inf)


def test_arrays_of_other_kinds_and_shapes_are_refused():
    for x in [1.0], None, 1.0, np.array(["a"]), np.zeros(1, int), np.zeros(1, bool):
        with pytest.raises(ValueError, match=r"x is .*, not an array of kind 'f'"):
            check_array("x", x, (None,))
    with pytest.raises(ValueError, match=r"x has shape \(2, 3\) where \(2, any, 1\)"):
        check_array("x", np.zeros((2, 3)), (2, None, 1))
    with pytest.raises(ValueError, match=r"x has shape \(2,\) where \(3\)"):
        check_array("x", np.zeros(2), (3,))
    check_array("x", np.zeros((0, 3)), (None, 3))
    check_array("x", np.array([2**32 - 1], np.uint32), (1,), "i", 0, 2**32 - 1)
    with pytest.raises(ValueError, match="array of uint64"):
        check_array("x", np.array([1], np.uint64), (1,), "i", 0, 1)


def test_numbers():
    check_number("x", np.float32(2), "f", 0, LARGEST)
    check_number("x", np.int64(2), "i", 2, 2)
    for x in True, "2", None, 2.0:
        with pytest.raises(ValueError, match=r"x is .* not a number of kind 'i'"):
            check_number("x", x, "i", 0, 3)
    for x in BAD.values():
        with pytest.raises(ValueError, match=f"x is {x}; 0 to 3"):
            check_number("x", x, "f", 0, 3)


@dataclass
class Declared:
    """Fields of every kind."""

    floats: np.ndarray = array("n", 3, low=0, high=1)
    numbers: np.ndarray = array("n", None, kind="i", low=0, high=9)
    other: np.ndarray = array("m", "n")
    gain: float = number("f", 0, 1)
    count: int = number("i", 1, 4)

    def laws(self):
        yield self.count < 4, "there are four."


FLOW = network_of_chance(5, 3, 4)


def declared(**changed):
    sound = {
        "floats": np.ones((5, 3)),
        "numbers": np.zeros((5, 2), np.int8),
        "other": np.zeros((2, 5), np.float32),
        "gain": 0.5,
        "count": 1,
    }
    return Declared(**(sound | changed))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"floats": np.ones((5, 2))}, r"floats has shape \(5, 2\) where \(any, 3\)"),
        ({"floats": np.full((5, 3), 2.0)}, "floats holds values from 2.0 to 2.0; 0 to"),
        ({"floats": [[1.0]]}, "floats is .*, not an array"),
        ({"numbers": np.zeros((4, 2), int)}, r"numbers has shape .* \(5, any\)"),
        ({"numbers": np.zeros((5, 2))}, "numbers is an array of float64"),
        ({"numbers": np.full((5, 2), -1)}, "numbers holds values from -1"),
        ({"other": np.zeros((2, 4))}, r"other has shape .* \(any, 5\)"),
        ({"gain": np.nan}, "gain is nan"),
        ({"gain": None}, "gain is None"),
        ({"count": True}, "count is True"),
        ({"count": 10**400}, "count is 1000"),
        ({"count": 4}, "Declared: there are four"),
    ],
)
def test_fields_are_as_they_are_declared(changed, message):
    check_declared(declared())
    with pytest.raises(ValueError, match=message):
        check_declared(declared(**changed))


def test_a_flow_is_of_arrays_that_fit():
    check_flow(FLOW, 5, 3)
    arrays = to_arrays(FLOW)
    for k, x in enumerate(arrays):
        for wrong in (x[:-1], x[..., :0], x[None], x.astype(int), x + np.nan, None):
            broken = from_arrays([*arrays[:k], wrong, *arrays[k + 1 :]], N_ARRAYS)
            with pytest.raises((ValueError, TypeError)):
                check_flow(broken, 5, 3)
    for n_inputs, n_outputs in (4, 3), (5, 2):
        with pytest.raises(ValueError, match="has shape"):
            check_flow(FLOW, n_inputs, n_outputs)


@pytest.mark.parametrize(
    "changed",
    [
        {"flow": None},
        {"skip": ()},
        {"skip": FLOW["skip"] * 2},
        {"more": 1},
        {"flow": FLOW["flow"] | {"blocks": []}},
        {"flow": FLOW["flow"] | {"blocks": [1, 2, 3]}},
        {"flow": FLOW["flow"] | {"outputs": None}},
    ],
    ids=lambda changed: f"{changed!r:.30}",
)
def test_a_flow_has_all_of_its_parts(changed):
    network = FLOW | changed
    with pytest.raises((ValueError, TypeError, LookupError, AttributeError)):
        check_flow(network, 5, 3)


SOUND = FrameFormat(256, 128, "hann", 44100, 2, 1.0, False)


@pytest.mark.parametrize(
    "changed",
    [
        {"N": 255},
        {"N": 2**40},
        {"N": 256.0},
        {"hop_length": 0},
        {"hop_length": 257},
        {"sr": 0},
        {"sr": 10**400},
        {"sr": 1e9, "hop_length": 1},  # a step of 23 million samples
        {"n_channels": 65},
        {"factor": 0},
        {"window": (1.0,) * 255},
        {"window": (np.nan,) * 256},
        {"window": ("kaiser",)},
        {"window": ("kaiser", np.zeros((9, 1)))},
        {"window": ("dpss", 3)},
        {"window": ("gaussian", "x")},
        {"window": "no such"},
        {"window": (0.0,) * 256},
    ],
    ids=lambda changed: f"{changed!r:.40}",
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_formats_that_no_frames_have_are_refused(changed):
    check_format(SOUND)
    check_format(replace(SOUND, window=("kaiser", 8.0)))
    check_format(replace(SOUND, window=(1.0,) * 256))
    with pytest.raises((ValueError, TypeError, LookupError, ArithmeticError)):
        check_format(replace(SOUND, **changed))
