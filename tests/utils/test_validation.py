"""The data contract: what is a recording, in which form, and what is refused."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.base import BaseEstimator

from skmusic.spectra.frames import FrameFormat, Frames
from skmusic.utils.validation import check_recordings, restore_shape

RNG = np.random.default_rng(0)
MONO, STEREO = RNG.uniform(-1, 1, (3, 50)), RNG.uniform(-1, 1, (3, 50, 2))


def check(X, **options):
    return check_recordings(BaseEstimator(), X, **{"reset": True, **options})


PATHS = {
    "list": ["a.wav", "b/c.mp3"],
    "tuple": ("a.wav", "b/c.mp3"),
    "Path": [Path("a.wav"), Path("b/c.mp3")],
    "mixed": ["a.wav", Path("b/c.mp3")],
    "array of str": np.array(["a.wav", "b/c.mp3"]),
    "array of bytes": np.array([b"a.wav", b"b/c.mp3"]),
    "array of variable str": np.array(["a.wav", "b/c.mp3"], np.dtypes.StringDType()),
    "array of objects": np.array([Path("a.wav"), "b/c.mp3"], dtype=object),
    "Series": pd.Series(["a.wav", "b/c.mp3"], index=[7, 3]),
    "Series of objects": pd.Series([Path("a.wav"), "b/c.mp3"], dtype=object),
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


@pytest.mark.parametrize("given", ["f4", "f8", "f2", "i8"])
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
    "1-D": (MONO[0], ValueError, r"wrap it in a list, \[x\].*Reshape your data"),
    "Series of numbers": (pd.Series(MONO[0]), ValueError, "wrap it in a list"),
    "scalar": (3.0, ValueError, "Reshape your data"),
    "None": (None, ValueError, "X is None; pass a list"),
    "None in list": ([MONO[0], None], ValueError, "recording 1 is None; leave it"),
    "NaN among paths": (np.array(["a.wav", np.nan], object), ValueError, "1 is nan"),
    "a dict in a list": (
        [{"path": "a.wav"}],
        ValueError,
        "recording 0 is a dict; pass",
    ),
    "None among paths": (np.array(["a.wav", None]), ValueError, "recording 1 is None"),
    "folder": (str(Path(__file__).parent), ValueError, r"skmusic\.audio\.find\("),
    "rate beside": ([(MONO[0], 44100)], ValueError, r"alone.* FFTFeaturizer\(sr="),
    "rate before": ([(44100, STEREO[0])], ValueError, "recording 0 is an array with"),
    "table": (pd.DataFrame({"path": ["a.wav"]}), ValueError, r"alone: X\['path'\]"),
    "table of more": (
        pd.DataFrame({"id": [1], "path": ["a.wav"]}),
        ValueError,
        r"X\['path'\]",
    ),
    "channels first": ([STEREO[0].T], ValueError, r"\(2, 50\), .*channel-first.* x\.T"),
    "channels first, 3-D": (STEREO.transpose(0, 2, 1), ValueError, "channel-first"),
    "many channels": ([np.zeros((90, 65))], ValueError, "65 channels, the most is 64"),
    "booleans": ([MONO[0] > 0], ValueError, "holds booleans"),
    "booleans, 3-D": (STEREO > 0, ValueError, "holds booleans"),
    "bare stereo": (np.zeros((22050, 2)), ValueError, r"wrap it in a list: \[x\]"),
    "4-D": (np.zeros((2, 3, 4, 5)), ValueError, "4 dimensions; the most is 3: "),
    "3-D in list": ([STEREO], ValueError, r"recording 0 has shape \(3, 50, 2\); a w"),
    "empty list": ([], ValueError, "X holds 0 recordings, at least 1"),
    "no rows": (np.zeros((0, 5)), ValueError, r"0 sample.*shape=\(0, 5\)"),
    "no samples": (np.zeros((5, 0)), ValueError, r"0 feature.*shape=\(5, 0\)"),
    "3-D empty": (np.zeros((2, 0, 2)), ValueError, r"shape \(2, 0, 2\): nothing"),
    "NaN": (NAN, ValueError, "contains NaN"),
    "NaN in list": (list(NAN), ValueError, "recording 2 contains NaN"),
    "inf": (INF, ValueError, "contains infinity"),
    "inf in list": (list(INF), ValueError, "recording 1 contains infinity"),
    "complex": (MONO * 1j, ValueError, "Complex data not supported"),
    "sparse": (scipy.sparse.csr_array(MONO), TypeError, "Sparse data was passed"),
    "ragged": ([[1, 2], [1]], ValueError, "mixes kinds or lengths; pass a list of p"),
    "path, array": (["a.wav", MONO[0]], ValueError, "recording 0 is the path 'a.wav'"),
    "array, path": (
        [MONO[0], "b.wav"],
        ValueError,
        r"the path.*audio\.read\(path",
    ),
    "nested paths": ([["a.wav"]], ValueError, "mixes kinds or lengths; pass a list"),
    "generator": ((x for x in MONO), TypeError, "X is a generator.* pass a list"),
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


def test_frames_of_one_recording_are_not_as_many_recordings():
    frames = Frames(np.zeros((300, 34)), FrameFormat(16, 8))
    with pytest.raises(ValueError, match=r"one frame sequence.*list: \[x\]"):
        check(frames, what="frame sequence")
    assert len(check([frames], what="frame sequence").items) == 1


@pytest.mark.parametrize(
    "wrap", [lambda x: [x], lambda x: x[None], lambda x: [x[:, 0]]]
)
@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4"])
def test_integers_are_scaled_as_files_are(wrap, dtype, tmp_path):
    limits = np.iinfo(dtype)
    x = np.linspace(limits.min, limits.max, 64).astype(dtype).reshape(32, 2)
    (*_, found) = check(wrap(x)).items
    half = 2.0 ** (8 * x.itemsize - 1)
    expected = (wrap(x.astype(float))[-1] - half * (x.dtype.kind == "u")) / half
    np.testing.assert_array_equal(found, expected.reshape(found.shape))
    assert found.dtype == (np.float32 if x.itemsize < 4 else np.float64)
    assert -1 <= found.min() < found.max() <= 1


@pytest.mark.parametrize(
    ("scale", "factor"), [(127, "128"), (32767, "32768"), (2**31 - 1, "2147483648")]
)
def test_another_full_scale_is_warned_of_with_the_factor(scale, factor):
    for X in ([MONO[0], MONO[1] * scale], list(MONO * scale), STEREO * scale):
        X[1][0] = scale
        with pytest.warns(UserWarning, match=rf"where full scale is 1; .* by {factor}"):
            check(X)
    check(list(2 * MONO))  # too loud, but music: warnings are errors here
    check(list(MONO * scale), what="frame sequence")


def test_contents_and_open_files_stay_as_they_are():
    given = [b"RIFF", bytearray(b"RIFF"), io.BytesIO(b"RIFF"), "a.wav"]
    found = check(given)
    assert found.form == "paths"
    assert all(a is b for a, b in zip(found.items, given, strict=True))
    for X in given[:3]:
        with pytest.raises(ValueError, match=r"X is (4 bytes|an open file), a single"):
            check(X)
