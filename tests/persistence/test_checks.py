import numpy as np
import pytest

from skmusic.utils.checks import LARGEST, check_array, check_number

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


@pytest.mark.parametrize("signs", [(1,), (-1,), (1, -1)])
def test_half_precision_is_ranged_as_single_is(signs):
    rng = np.random.default_rng(0)
    x = np.concatenate([s * rng.uniform(1e-7, 6e4, 99) for s in signs]).astype("f2")
    low, high = float(x.min()), float(x.max())
    check_array("x", x, (None,), low=low, high=high)
    check_array("x", x.reshape(-1, 9).T, (9, None), low=low, high=high)
    for bounds in ({"low": low + 1e-9}, {"high": high - 1e-9}):
        with pytest.raises(ValueError, match="x holds"):
            check_array("x", x, (None,), **bounds)


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
    check_array("x", np.zeros(2, bool), (2,), "b")


def test_numbers():
    check_number("x", np.float32(2), "f", 0, LARGEST)
    check_number("x", np.int64(2), "i", 2, 2)
    for x in True, "2", None, 2.0:
        with pytest.raises(ValueError, match=r"x is .* not a number of kind 'i'"):
            check_number("x", x, "i", 0, 3)
    for x in BAD.values():
        with pytest.raises(ValueError, match=f"x is {x}; 0 to 3"):
            check_number("x", x, "f", 0, 3)
