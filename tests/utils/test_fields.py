from dataclasses import dataclass, fields

import numpy as np

from skmusic.utils.fields import LARGEST, array, number


@dataclass(frozen=True)
class Learned:
    step: int = number("i", 0, 10)
    x: np.ndarray = array("n", None, 3)
    y: np.ndarray = array("n", kind="i", low=0, high=7)


def test_fields_say_what_may_stand_in_them():
    step, x, y = (field.metadata for field in fields(Learned))
    assert dict(step) == {"kind": "i", "low": 0, "high": 10}
    assert x["shape"] == ("n", None, 3)
    assert (x["kind"], x["low"], x["high"]) == ("f", -LARGEST, LARGEST)
    assert dict(y) == {"shape": ("n",), "kind": "i", "low": 0, "high": 7}
