import json

import numpy as np
import pytest

from skmusic.persistence.description import build, describe


def nothing(value):
    return None


def there_and_back(value):
    arrays = {}
    content = json.loads(json.dumps(describe(value, "x", arrays, nothing)))
    arrays = {k: np.ascontiguousarray(x).reshape(x.shape) for k, x in arrays.items()}
    return build(content, arrays, None)


def same(a, b):
    if isinstance(a, np.ndarray):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        assert a.flags.f_contiguous == b.flags.f_contiguous
        np.testing.assert_array_equal(a, b)
    elif isinstance(a, (list, tuple)):
        assert type(a) is type(b)
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same(x, y)
    elif isinstance(a, dict):
        assert list(a) == list(b)
        same(list(a.values()), list(b.values()))
    else:
        assert type(a) is type(b)
        assert a == b or a != a


@pytest.mark.parametrize(
    "value",
    [
        [None, True, False, 0, -(2**70), "", "é\udcff\n", 0.1, -0.0, 5e-324],
        [float("nan"), float("inf"), -float("inf")],
        [(), [], {}, ([{"a": (1,)}],), {"tuple": [1], "new": {}}],
        [np.float32(0.1), np.int8(-3), np.bool_(True), np.float64("nan")],
        [np.zeros((0, 3)), np.array(5), np.ones((2, 3, 4), np.float16)],
        [np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.array([True])],
        [np.array(["a", "b"], dtype=object), np.arange(3, dtype=np.uint64)],
    ],
)
def test_values_come_back_as_they_were(value):
    same(value, there_and_back(value))


def test_an_array_in_several_places_is_stored_once_and_is_one_again():
    x, y = np.zeros(3), np.ones((2, 3)).T
    arrays = {}
    content = describe([x, (x, y), {"y": y}], "x", arrays, nothing)
    assert len(arrays) == 2
    a, (b, c), d = build(content, arrays, None)
    assert a is b
    assert c is d["y"]


@pytest.mark.parametrize(
    "value", [print, {1: 2}, {1}, 1j, b"x", np.array([1j]), np.array([None]), object()]
)
def test_what_is_no_plain_value_is_refused_by_name(value):
    with pytest.raises(ValueError, match=r"x\.a\.0 is .*cannot be described"):
        describe({"a": [value]}, "x", {}, nothing)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"tuple": [], "dict": {}},
        {"float": "1"},
        {"array": "a"},
        {"array": "b", "order": "C"},
        {"array": "a", "order": "K"},
        {"scalar": "a"},
        {"strings": [1]},
        {"new": "a", "fields": []},
        1e999,
        [{"array": "a", "order": "C"}, {"array": "b", "order": "C"}],
        1,
    ],
)
def test_what_stands_for_nothing_is_refused(content):
    def new(name, parts):
        raise AssertionError

    with pytest.raises(ValueError, match=r"stands for|missing|number|reshape|no place"):
        build(content, {"a": np.zeros(2)}, new)


def test_the_number_of_objects_is_bounded():
    nodes = [{"new": "a", "fields": {}}] * 30
    assert build(nodes, {}, lambda name, parts: name) == ["a"] * 30
    with pytest.raises(ValueError, match="more than 32 parts"):
        build(nodes * 2, {}, lambda name, parts: name)


def test_depth_is_bounded():
    deep = []
    for _ in range(40):
        deep = [deep]
    with pytest.raises(ValueError, match="nested deeper"):
        build(deep, {}, None)
