"""The data contract: what is a recording, in which form, and what is refused."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.base import BaseEstimator

from skmusic.utils.validation import (
    as_seed_list,
    check_fields,
    check_recordings,
    check_sampling,
    check_sequence,
    refuse_overflow,
    restore_shape,
)

RNG = np.random.default_rng(0)
MONO, STEREO = RNG.uniform(-1, 1, (3, 50)), RNG.uniform(-1, 1, (3, 50, 2))


def check(X, **options):
    return check_recordings(BaseEstimator(), X, **{"reset": True, **options})


PATHS = {
    "list": ["a.wav", "b/c.mp3"],
    "tuple": ("a.wav", "b/c.mp3"),
    "Path": [Path("a.wav"), Path("b/c.mp3")],
    "mixed": ["a.wav", Path("b/c.mp3")],
    "bytes": [b"a.wav", b"b/c.mp3"],
    "array of str": np.array(["a.wav", "b/c.mp3"]),
    "array of bytes": np.array([b"a.wav", b"b/c.mp3"]),
    "array of variable str": np.array(["a.wav", "b/c.mp3"], np.dtypes.StringDType()),
    "array of objects": np.array([Path("a.wav"), "b/c.mp3"], dtype=object),
    "Series": pd.Series(["a.wav", "b/c.mp3"], index=[7, 3]),
    "Series of objects": pd.Series([Path("a.wav"), "b/c.mp3"], dtype=object),
    "Series of strings": pd.Series(["a.wav", "b/c.mp3"], dtype="string"),
}


@pytest.mark.parametrize("X", PATHS.values(), ids=PATHS)
def test_paths_are_paths_whatever_holds_them(X):
    found = check(X)
    assert (found.form, found.flat) == ("paths", False)
    assert found.items == ["a.wav", str(Path("b/c.mp3"))]
    assert all(type(item) is str or isinstance(item, np.str_) for item in found.items)


ARRAYS = {  # X, form, flat, what the items are
    "list of mono": (list(MONO), "list", True, MONO[..., None]),
    "tuple of mono": (tuple(MONO), "list", True, MONO[..., None]),
    "list of one column": (list(MONO[..., None]), "list", False, MONO[..., None]),
    "list of stereo": (list(STEREO), "list", False, STEREO),
    "mixed lengths": ([MONO[0], MONO[1][:9]], "list", True, None),
    "mono and stereo": ([MONO[0], STEREO[0]], "list", False, None),
    "Series of arrays": (pd.Series(list(MONO)), "list", True, MONO[..., None]),
    "3-D": (STEREO, "3d", False, STEREO),
    "2-D": (MONO, "2d", True, MONO[..., None]),
    "DataFrame": (pd.DataFrame(MONO), "2d", True, MONO[..., None]),
    "nested numbers": (MONO.tolist(), "2d", True, MONO[..., None]),
    "nested deeper": (STEREO.tolist(), "3d", False, STEREO),
}


@pytest.mark.parametrize(("X", "form", "flat", "expected"), ARRAYS.values(), ids=ARRAYS)
def test_arrays_are_recordings_along_axis_0(X, form, flat, expected):
    found = check(X)
    assert (found.form, found.flat, len(found.items)) == (form, flat, len(X))
    assert all(item.ndim == 2 for item in found.items)
    if expected is not None:
        np.testing.assert_array_equal(np.stack(found.items), expected)


@pytest.mark.parametrize("X", [list(MONO), list(STEREO), STEREO, MONO])
def test_results_take_the_form_of_the_recordings(X):
    found = check(X)
    back = found.like(found.items)
    assert type(back) is type(X)
    np.testing.assert_array_equal(back, X)


def test_results_keep_all_columns_where_asked():
    wide = [np.ones((4, 6))] * 3
    assert check(MONO).like(wide, keep_flat=False).shape == (3, 4, 6)
    assert check(list(MONO)).like(wide, keep_flat=False)[0].shape == (4, 6)


def test_results_of_several_lengths_make_no_array():
    results = [np.zeros((5, 1)), np.zeros((6, 1))]
    assert [len(r) for r in restore_shape(results, dense=False, flat=True)] == [5, 6]
    with pytest.raises(ValueError, match=r"lengths 5 to 6 .*pass a list"):
        restore_shape(results, dense=True, flat=True)


@pytest.mark.parametrize("given", ["f4", "f8", "f2", "i2", "?"])
def test_float32_stays_and_other_numbers_become_float64(given):
    checked = np.float32 if given == "f4" else np.float64
    for X in (np.ones((2, 3), given), [np.ones(3, given)], np.ones((2, 3, 2), given)):
        assert check(X).items[0].dtype == checked


def test_columns_are_counted_only_where_x_is_2d():
    estimator = BaseEstimator()
    for X in (STEREO, list(MONO), ["a.wav"]):
        named = pd.DataFrame(MONO).add_prefix("t")
        check_recordings(estimator, named, reset=True)
        assert estimator.n_features_in_ == 50
        assert list(estimator.feature_names_in_) == list(named)
        check_recordings(estimator, X[:, 1:] if X is STEREO else X, reset=False)
        assert estimator.n_features_in_ == 50
        check_recordings(estimator, X, reset=True)
        assert not hasattr(estimator, "n_features_in_")
        assert not hasattr(estimator, "feature_names_in_")


def test_rows_have_the_length_of_those_fitted():
    estimator = BaseEstimator()
    check_recordings(estimator, MONO, reset=True)
    with pytest.raises(ValueError, match=r"X has 49 features, but .* expecting 50"):
        check_recordings(estimator, MONO[:, 1:], reset=False)


def test_nothing_is_changed():
    for X in (MONO.copy(), STEREO.copy(), [MONO[0].copy(), MONO[1].copy()]):
        before = [np.array(x) for x in X]
        for x in X:
            x.flags.writeable = False
        check(X)
        np.testing.assert_array_equal(np.stack(X), np.stack(before))


def test_sequences_of_frames_may_be_empty_but_waveforms_may_not():
    empty = np.zeros((0, 6), np.float32)
    found = check([np.ones((3, 6), np.float32), empty], what="frame sequence")
    assert [item.shape for item in found.items] == [(3, 6), (0, 6)]
    assert found.items[1].dtype == np.float32
    with pytest.raises(ValueError, match=r"0 sample.*shape=\(0, 6\)"):
        check([empty])
    for what in ("waveform", "frame sequence"):
        with pytest.raises(ValueError, match=r"0 sample.*shape=\(0, 1\)"):
            check([np.zeros(0)], what=what)
        with pytest.raises(ValueError, match=r"0 feature.*shape=\(3, 0\)"):
            check([np.zeros((3, 0))], what=what)


NAN, INF = MONO.copy(), STEREO.copy()
NAN[2, 3], INF[1, 2, 0] = np.nan, np.inf

BAD = {  # X, error, message
    "str": ("a.wav", ValueError, r"X='a\.wav' is a single path; .*\['a\.wav'\]"),
    "Path": (Path("a.wav"), ValueError, r"'a\.wav'\) is a single path; wrap it in"),
    "1-D": (MONO[0], ValueError, "Reshape your data"),
    "1-D list": (list(MONO[0]), ValueError, "Reshape your data"),
    "range": (range(9), ValueError, "Reshape your data"),
    "Series of numbers": (pd.Series(MONO[0]), ValueError, "Pass a DataFrame"),
    "scalar": (3.0, ValueError, "Reshape your data"),
    "None": (None, ValueError, "Expected 2D array, got scalar"),
    "4-D": (np.zeros((2, 3, 4, 5)), ValueError, "4 dimensions; the most is 3: "),
    "3-D in list": ([STEREO], ValueError, r"recording 0 has shape \(3, 50, 2\); a w"),
    "empty list": ([], ValueError, "X holds 0 recordings, at least 1"),
    "no paths": (np.array([], "U"), ValueError, "X holds 0 recordings, at least 1"),
    "no rows": (np.zeros((0, 5)), ValueError, r"0 sample.*shape=\(0, 5\)"),
    "no samples": (np.zeros((5, 0)), ValueError, r"0 feature.*shape=\(5, 0\)"),
    "3-D empty": (np.zeros((2, 0, 2)), ValueError, r"shape \(2, 0, 2\): nothing"),
    "NaN": (NAN, ValueError, "contains NaN"),
    "NaN in list": (list(NAN), ValueError, "recording 2 contains NaN"),
    "inf": (INF, ValueError, "contains infinity"),
    "inf in list": (list(INF), ValueError, "recording 1 contains infinity"),
    "complex": (MONO * 1j, ValueError, "Complex data not supported"),
    "complex 3-D": (STEREO * 1j, ValueError, "Complex data not supported"),
    "complex in list": ([MONO[0] * 1j], ValueError, "Complex data not supported"),
    "sparse": (scipy.sparse.csr_array(MONO), TypeError, "Sparse data was passed"),
    "ragged": ([[1, 2], [1]], ValueError, "mixes kinds or lengths; pass a list of p"),
    "path, array": (["a.wav", MONO[0]], ValueError, "mixes kinds or lengths; pass"),
    "path, number": (["a.wav", 1.0], ValueError, "mixes kinds or lengths; pass"),
    "nested paths": ([["a.wav"]], ValueError, "mixes kinds or lengths; pass a list"),
    "generator": ((x for x in MONO), TypeError, "X is a generator.* pass a list"),
    "set": ({"a.wav"}, TypeError, "X is a set.* pass a list"),
    "dict": ({"a.wav": 1}, TypeError, "X is a dict.* pass a list"),
}


@pytest.mark.parametrize(("X", "error", "message"), BAD.values(), ids=BAD)
def test_bad_input_is_refused_with_a_reason(X, error, message):
    with pytest.raises(error, match=message):
        check(X)


def test_messages_name_the_thing_in_question():
    with pytest.raises(ValueError, match="a frame sequence has shape"):
        check([STEREO], what="frame sequence")
    with pytest.raises(ValueError, match="arrays, one frame sequence each"):
        check([[1, 2], [1]], what="frame sequence")


@pytest.mark.parametrize("seed", [None, "a.wav", Path("a.wav"), MONO, [0.1, 0.2]])
def test_one_seed_is_a_list_of_one(seed):
    seeds, many = as_seed_list(seed)
    assert (len(seeds), many) == (1, False)
    assert seeds[0] is seed


def test_a_list_of_seeds_is_one_seed_a_piece():
    seeds = [None, "a.wav", MONO]
    found, many = as_seed_list(tuple(seeds))
    assert many
    assert all(a is b for a, b in zip(found, seeds, strict=True))
    with pytest.raises(ValueError, match="asks for no piece; use None for silence"):
        as_seed_list([])


SAMPLINGS = {  # frames, temperature, top_k, top_p, error, message
    "no frames": (0, 1.0, None, None, ValueError, "frames=0 makes no music"),
    "part of a frame": (1.5, 1.0, None, None, TypeError, "frames=1.5 is no whole"),
    "a truth": (True, 1.0, None, None, TypeError, "frames=True is no whole number"),
    "cold": (1, -0.1, None, None, ValueError, "temperature=-0.1 is out of range"),
    "hot": (1, np.inf, None, None, ValueError, "temperature=inf is out of range"),
    "unknown": (1, np.nan, None, None, ValueError, "temperature=nan is out of range"),
    "text": (1, "1", None, None, TypeError, "temperature='1' is no number"),
    "no token": (1, 1.0, 0, None, ValueError, "top_k=0 allows no token"),
    "no share": (1, 1.0, None, 0.0, ValueError, "top_p=0.0 is no probability"),
    "more": (1, 1.0, None, 1.1, ValueError, "top_p=1.1 is no probability"),
}


@pytest.mark.parametrize("case", SAMPLINGS.values(), ids=SAMPLINGS)
def test_what_nothing_can_be_sampled_with_is_refused(case):
    *parameters, error, message = case
    with pytest.raises(error, match=message):
        check_sampling(*parameters)
    check_sampling(np.int64(3), np.float32(0.5), 1, 1)


def test_numbers_beyond_single_precision_are_refused():
    @refuse_overflow
    def energy(x):
        return np.square(np.float32(x))

    assert energy([2.0]) == 4
    for _ in range(2):
        with pytest.raises(ValueError, match=r"too large .* scale the recordings"):
            energy([1e30])
    with np.errstate(over="ignore"):
        assert np.isinf(np.square(np.float32([1e30])))


@dataclass
class Inner:
    x: int


@dataclass
class Outer:
    inner: Inner
    y: int


def test_objects_of_another_version_are_refused():
    check_fields("no dataclass")
    whole = Outer(Inner(1), 2)
    check_fields(whole)
    del whole.inner.x
    with pytest.raises(ValueError, match=r"Inner.x is missing: another version"):
        check_fields(whole)


def test_one_sequence_has_one_or_two_axes():
    for x in (np.zeros(3), np.zeros((3, 2))):
        check_sequence(x, "seed")
    for x in (np.float64(3), np.zeros((1, 3, 2))):
        with pytest.raises(ValueError, match=r"seed has . dimensions; pass the frames"):
            check_sequence(x, "seed")
