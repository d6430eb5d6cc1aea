import io
import pickle
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import soundfile as sf
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import FeatureUnion
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmusic import FFTFeaturizer, audio
from skmusic.spectra.frames import FrameFormat, Frames
from skmusic.spectra.streaming import StreamedFrames

SR = 44100
ARTICLE = {"N": 256, "hop_length": 256, "window": "boxcar", "redundant": True}
ARTICLE["factor"] = 2 / 256


@parametrize_with_checks(
    [
        FFTFeaturizer(),
        FFTFeaturizer(N=8),
        FFTFeaturizer(N=4, hop_length=4, window="boxcar", redundant=True),
        FFTFeaturizer(N=256),
        FFTFeaturizer(**ARTICLE),
        FFTFeaturizer(N=256, hop_length=64, channels=2, n_jobs=2),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def noise(n_samples, *channels, seed=0):
    rng = np.random.default_rng(seed + n_samples)
    return rng.uniform(-0.5, 0.5, (n_samples, *channels))


def save(path, x, sr=SR, subtype="FLOAT"):
    sf.write(path, x, sr, subtype)
    return str(path)


@pytest.fixture(scope="module")
def wavs(tmp_path_factory):
    """Paths of three stereo recordings."""
    folder = tmp_path_factory.mktemp("wavs")
    return [save(folder / f"{n}.wav", noise(n, 2)) for n in (3000, 3001, 4000)]


@pytest.fixture
def broken(tmp_path):
    """A text file that is named as a recording."""
    path = tmp_path / "broken.wav"
    path.write_text("Dear diary, today I have been renamed.")
    return str(path)


def assert_same(found, expected, atol=0):
    found, expected = (
        list(x) if isinstance(x, StreamedFrames) else x for x in (found, expected)
    )
    assert isinstance(found, list) == isinstance(expected, list)
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=0, atol=atol)


# --- the contract

FORMS = {
    "mono list": [noise(1000), noise(1001), noise(7)],
    "mono list of equal lengths": [noise(1000), noise(1000, seed=1)],
    "one mono": [noise(1000)],
    "one column list": [noise(1000, 1), noise(50, 1)],
    "stereo list": [noise(1000, 2), noise(3333, 2)],
    "stereo list of equal lengths": [noise(1000, 2), noise(1000, 2, seed=1)],
    "five channels": [noise(600, 5)],
    "single samples": [noise(1, 2), noise(1, 2, seed=1)],
    "3-D": noise(3 * 700, 2).reshape(3, 700, 2),
    "3-D of one channel": noise(3 * 700).reshape(3, 700, 1),
    "2-D": noise(3 * 700).reshape(3, 700),
    "2-D of one row": noise(700)[None],
}
SETTINGS = [
    {"N": 256},
    {"N": 64, "hop_length": 20, "window": "hamming", "factor": 3},
    {"N": 16, "window": ("kaiser", 4.0), "redundant": True},
    {"N": 256, "window": np.linspace(0.5, 1, 256)},
    ARTICLE,
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("X", FORMS.values(), ids=FORMS)
def test_the_inverse_gives_back_x_in_its_form(X, settings, dtype):
    X = X.astype(dtype) if isinstance(X, np.ndarray) else [x.astype(dtype) for x in X]
    featurizer = FFTFeaturizer(**settings).fit(X)
    frames = featurizer.transform(X)
    assert isinstance(frames, list) == isinstance(X, list)
    assert len(frames) == len(X)
    for f in frames:
        assert f.ndim == 2
        assert (f.shape[1], f.dtype) == (featurizer.n_dims_, dtype)
    back = featurizer.inverse_transform(frames)
    assert_same(back, X, atol=1e-12 if dtype == np.float64 else 1e-6)


@pytest.mark.parametrize("X", FORMS.values(), ids=FORMS)
def test_what_fit_learns(X):
    featurizer = FFTFeaturizer(N=64).fit(X)
    channels = 1 if X[0].ndim == 1 else X[0].shape[1]
    assert featurizer.n_channels_ == channels
    assert featurizer.n_dims_ == channels * 2 * 33
    if isinstance(X, np.ndarray) and X.ndim == 2:
        assert featurizer.n_features_in_ == X.shape[1]
    else:
        assert not hasattr(featurizer, "n_features_in_")


def test_tables_and_nested_numbers_are_rows():
    X = noise(3 * 50).reshape(3, 50)
    frames = FFTFeaturizer(N=16).fit_transform(X)
    featurizer = FFTFeaturizer(N=16)
    assert_same(featurizer.fit_transform(X.tolist()), frames)
    table = pd.DataFrame(X).add_prefix("t")
    assert_same(featurizer.fit_transform(table), frames)
    assert list(featurizer.feature_names_in_) == list(table)
    with pytest.raises(ValueError, match="seen at fit time, yet now missing:\n- t0"):
        featurizer.transform(table.iloc[:, 1:])


def test_paths_are_paths_whatever_holds_them(wavs):
    featurizer = FFTFeaturizer(N=256)
    frames = featurizer.fit_transform(wavs)
    assert [f.shape[1] for f in frames] == [516] * 3
    assert frames[0].dtype == np.float32
    for X in (
        tuple(wavs),
        [Path(path) for path in wavs],
        np.array(wavs, dtype=bytes),
        [Path(path).read_bytes() for path in wavs],
        [io.BytesIO(Path(path).read_bytes()) for path in wavs],
        [wavs[0], Path(wavs[1]), io.BytesIO(Path(wavs[2]).read_bytes())],
        np.array(wavs),
        np.array(wavs, dtype=object),
        pd.Series(wavs, index=[5, 3, 1]),
    ):
        assert_same(FFTFeaturizer(N=256).fit_transform(X), frames)
    waveforms = [audio.read(path)[0] for path in wavs]
    assert_same(featurizer.transform(waveforms), frames)
    assert_same(featurizer.inverse_transform(frames), waveforms, atol=1e-6)


def test_open_files_may_be_closed_and_contents_are_never_printed(wavs):
    with open(wavs[0], "rb") as file:
        frames = FFTFeaturizer(N=256).fit_transform([file])
        assert file.tell() == 0
    assert_same(frames, FFTFeaturizer(N=256).fit_transform(wavs[:1]))
    raw = b"RIFF" + b"secret" * 1000
    for X in (raw, io.BytesIO(raw), [raw], [io.BytesIO(raw)], [raw, noise(9)]):
        with pytest.raises(
            ValueError, match=r"list: \[x\]|decoded|read it fir|dam"
        ) as e:
            FFTFeaturizer(N=256).fit(X)
        assert "secret" not in str(e.value)


def test_a_list_gives_a_list_also_where_lengths_agree(wavs):
    frames = FFTFeaturizer(N=256).fit(wavs).transform([wavs[0], wavs[0]])
    assert isinstance(frames, list)
    X = noise(2 * 500, 2).reshape(2, 500, 2)
    featurizer = FFTFeaturizer(N=256).fit(X)
    assert_same(featurizer.transform(list(X)), list(featurizer.transform(X)))


def test_mono_is_copied_to_both_channels_where_any_recording_is_stereo(tmp_path):
    mono, stereo = noise(1000), noise(1200, 2)
    for X in (
        [mono, stereo],
        [mono[:, None], stereo],
        [save(tmp_path / "m.wav", mono), save(tmp_path / "s.wav", stereo)],
    ):
        featurizer = FFTFeaturizer(N=64).fit(X)
        assert featurizer.n_channels_ == 2
        back = featurizer.inverse_transform(featurizer.transform(X))
        np.testing.assert_allclose(back[0], np.stack([mono, mono], 1), atol=1e-6)
        np.testing.assert_allclose(back[1], stereo, atol=1e-6)


def test_channels_are_mixed_to_the_number_asked_for(tmp_path):
    mono, stereo = noise(1000), noise(1000, 2)
    for channels in (1, 2):
        featurizer = FFTFeaturizer(N=64, channels=channels).fit([stereo, mono])
        assert featurizer.n_channels_ == channels
        for X in ([stereo, mono], [save(tmp_path / "s.wav", stereo)]):
            back = featurizer.inverse_transform(featurizer.transform(X))
            mixed = audio.to_channels(stereo, channels)
            np.testing.assert_allclose(back[0], mixed, atol=1e-6)


def test_files_of_many_channels_are_taken_as_stereo(tmp_path):
    path = save(tmp_path / "surround.wav", noise(1000, 6))
    featurizer = FFTFeaturizer(N=64)
    back = featurizer.inverse_transform(featurizer.fit_transform([path]))
    x, _ = audio.read(path, channels=2)
    assert_same(back, [x], atol=1e-6)


# --- the article


def test_the_articles_frames_are_exactly_those_of_the_article():
    N, x = 256, noise(2560, 2)
    featurizer = FFTFeaturizer(**ARTICLE)
    (frames,) = featurizer.fit_transform([x])
    assert featurizer.n_dims_ == 4 * N
    assert frames.shape == (10, 4 * N)
    for frame, start in zip(frames, range(0, 2560, N), strict=True):
        left, right = np.fft.fft(x[start : start + N], axis=0).T * 2 / N
        expected = np.concatenate([left.real, left.imag, right.real, right.imag])
        np.testing.assert_allclose(frame, expected, rtol=0, atol=1e-14)


def test_the_default_keeps_half_of_the_spectrum():
    assert FFTFeaturizer().fit([noise(9, 2)]).n_dims_ == 2 * (2048 + 2)
    assert FFTFeaturizer().fit([noise(9)]).n_dims_ == 2048 + 2


def test_one_frame_is_the_fft_of_one_window():
    x = noise(1000, 2)
    (frames,) = FFTFeaturizer(N=64).fit_transform([x])
    w = np.sin(np.pi * np.arange(64) / 64)
    spectrum = np.fft.rfft(w * x[32 * 4 : 32 * 4 + 64, 1])
    right = frames[5].reshape(2, 2, 33)[1]  # the first frame starts at -32
    np.testing.assert_allclose(right[0] + 1j * right[1], spectrum, atol=1e-13)


def test_count_frames_counts_what_transform_makes():
    for settings in SETTINGS:
        featurizer = FFTFeaturizer(**settings)
        for n in (1, 255, 256, 257, 1000):
            (frames,) = featurizer.fit_transform([noise(n)])
            assert featurizer.count_frames(n) == len(frames)
            rest = np.ones_like(frames)  # not of stft: nothing tells of padding
            assert len(featurizer.inverse_transform([rest])[0]) >= n


# --- one by one, together, side by side


@pytest.mark.parametrize("n_jobs", [None, 2, -1])
def test_together_is_one_at_a_time(wavs, n_jobs):
    arrays = [noise(n, 2) for n in (1, 700, 5000, 701)]
    for X in (wavs, arrays):
        featurizer = FFTFeaturizer(N=256, n_jobs=n_jobs).fit(X)
        alone = [featurizer.transform([x])[0] for x in X]
        assert_same(featurizer.transform(X), alone)
        assert_same(featurizer.transform(X[::-1]), alone[::-1])
        inverse = featurizer.inverse_transform(alone)
        assert_same(inverse, [featurizer.inverse_transform([f])[0] for f in alone])


def test_fit_reads_headers_only(wavs, monkeypatch):
    def read(*args, **kwargs):
        raise AssertionError("decoded")

    monkeypatch.setattr("skmusic.audio.read", read)
    assert FFTFeaturizer(N=256).fit(wavs).n_channels_ == 2
    with pytest.raises(AssertionError, match="decoded"):
        FFTFeaturizer(N=256).fit(wavs).transform(wavs)


def test_x_stays_as_it_is():
    X = [noise(500, 2), noise(400, 2)]
    before = [x.copy() for x in X]
    for x in X:
        x.flags.writeable = False
    featurizer = FFTFeaturizer(N=64)
    frames = featurizer.fit_transform(X)
    kept = [f.copy() for f in frames]
    featurizer.inverse_transform(frames)
    assert_same(X, before)
    assert_same(frames, kept)


# --- frames that are made when they are asked for


def test_streamed_frames_are_used_as_a_list_is(wavs):
    featurizer = FFTFeaturizer(N=256)
    streamed, frames = featurizer.fit_transform(wavs), featurizer.transform(wavs)
    assert len(streamed) == 3
    assert streamed.format == featurizer.format_
    assert streamed.lengths == [len(f) for f in frames]
    assert_same(streamed, frames)
    assert_same(streamed[1:], frames[1:])
    assert_same(list(reversed(streamed)), frames[::-1])
    assert_same(streamed.whole(), frames)
    np.testing.assert_array_equal(streamed[-1], frames[-1])
    np.testing.assert_array_equal(np.concatenate(streamed), np.concatenate(frames))
    with pytest.raises(IndexError):
        streamed[3]
    featurizer.set_params(N=64).fit(wavs)  # which is nothing to what was made before
    assert_same(pickle.loads(pickle.dumps(streamed)), frames)


def gather(blocks, argument):
    return argument, list(blocks)


@pytest.mark.filterwarnings("ignore:left out")
@pytest.mark.parametrize("n_jobs", [1, 3])
def test_blocks_of_streamed_frames(wavs, broken, n_jobs):
    featurizer = FFTFeaturizer(N=256, sr=30_000, n_jobs=n_jobs)
    streamed = featurizer.fit_transform([*wavs, broken])
    *found, none = streamed.map_blocks(gather, "abcd", 10)
    assert none == ("d", [])
    assert streamed[3].shape == (0, 516)
    assert [letter for letter, _ in found] == ["a", "b", "c"]
    for (_, blocks), x in zip(found, featurizer.transform(wavs), strict=True):
        np.testing.assert_array_equal(np.concatenate(blocks), x)
        assert {len(block) for block in blocks[:-1]} == {10}


def test_blocks_of_what_cannot_be_decoded(wavs, broken):
    streamed = FFTFeaturizer(N=256, on_error="raise").fit_transform(wavs)
    streamed._paths.append(broken)  # damaged since its header was read
    with pytest.raises(ValueError, match="cannot be decoded"):
        streamed[3]
    with pytest.raises(ValueError, match="cannot be decoded"):
        streamed.map_blocks(gather, "abcd", 10)


# --- files


@pytest.mark.parametrize(
    ("name", "subtype", "precision"),
    [
        ("a.wav", "PCM_U8", 2**-7),
        ("a.wav", "PCM_16", 2**-14),
        ("a.wav", "PCM_24", 2**-21),
        ("a.wav", "PCM_32", 2**-21),
        ("a.wav", "FLOAT", 1e-6),
        ("a.WAV", "DOUBLE", 1e-6),
        ("a.flac", "PCM_16", 2**-14),
        ("a.flac", "PCM_24", 2**-21),
        ("a.ogg", "VORBIS", 0.1),
        ("a.mp3", "MPEG_LAYER_III", 0.1),
    ],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_formats(tmp_path, name, subtype, precision, channels):
    t = np.arange(SR // 2)[:, None]
    x = 0.5 * np.sin(2 * np.pi * np.array([440, 880])[:channels] * t / SR)
    path = save(tmp_path / name, x, subtype=subtype)
    featurizer = FFTFeaturizer(N=256)
    (back,) = featurizer.inverse_transform(featurizer.fit_transform([path]))
    assert back.shape == x.shape
    inner = slice(2000, -2000)  # where a lossy codec is at its best
    assert abs(back[inner] - x[inner]).max() <= precision


@pytest.mark.parametrize("sr", [22050, 48000, 22050.0])
def test_files_are_resampled(tmp_path, sr):
    t = np.arange(SR) / SR
    path = save(tmp_path / "a.wav", 0.5 * np.sin(2 * np.pi * 1000 * t))
    featurizer = FFTFeaturizer(N=256, sr=sr)
    (back,) = featurizer.inverse_transform(featurizer.fit_transform([path]))
    assert back.shape == (int(sr), 1)
    spectrum = abs(np.fft.rfft(back[:, 0]))
    assert spectrum.argmax() == 1000  # a second: bins are hertz
    assert spectrum.max() / len(back) * 2 == pytest.approx(0.5, rel=0.01)


def test_arrays_are_not_resampled():
    x = [noise(1000)]
    slow, fast = (FFTFeaturizer(N=64, sr=sr).fit_transform(x) for sr in (8000, 96000))
    assert_same(slow, fast)


# --- an estimator


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_clone_and_parameters(settings):
    featurizer = FFTFeaturizer(**settings, n_jobs=2, on_error="raise")
    assert featurizer.get_params().items() >= {"n_jobs": 2, "sr": SR}.items()
    copy = clone(featurizer)
    x = [noise(1000)]
    assert_same(copy.fit_transform(x), featurizer.fit_transform(x))
    assert repr(copy) == repr(featurizer)
    copy.set_params(N=64, window="hann", hop_length=None, redundant=False)
    assert copy.fit(x).n_dims_ == 66


def test_persistence(tmp_path):
    X = [noise(1000)]
    featurizer = FFTFeaturizer(N=64).fit(X)
    frames = featurizer.transform(X)
    joblib.dump(featurizer, tmp_path / "a.joblib")
    for copy in (
        joblib.load(tmp_path / "a.joblib"),
        pickle.loads(pickle.dumps(featurizer)),
    ):
        assert_same(copy.transform(X), frames)
        assert_same(copy.inverse_transform(frames), X, atol=1e-12)


def test_fit_returns_itself_and_forgets_the_last_fit():
    featurizer = FFTFeaturizer(N=64)
    assert featurizer.fit(np.ones((2, 70))) is featurizer
    featurizer.fit([noise(50, 2)])
    assert (featurizer.n_channels_, featurizer.n_dims_) == (2, 132)
    assert not hasattr(featurizer, "n_features_in_")
    assert featurizer.inverse_transform(np.ones((2, 3, 132))).shape == (2, 64, 2)


# --- bad parameters


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"N": 255}, "N=255 is odd; use an even number such as 2048"),
        ({"N": 0}, r"'N' parameter .* int in the range \[2, 1048576\]\. Got 0"),
        ({"N": 2**21}, r"'N' parameter .* in the range \[2, 1048576\]\. Got 2097152"),
        ({"N": -2}, r"'N' parameter .* int in the range \[2, 1048576\]\. Got -2"),
        ({"N": 256.0}, r"'N' parameter .* int in the range .* Got 256\.0"),
        ({"N": "256"}, r"'N' parameter .* int in the range .* Got '256'"),
        ({"hop_length": 0}, r"'hop_length' parameter .*\[1, inf\) or None\. Got 0"),
        ({"N": 64, "hop_length": 65}, "hop_length=65 is beyond N=64.*use at most N"),
        ({"N": 64, "hop_length": 64}, "N=64 and hop_length=64 .*use a smaller hop"),
        ({"window": "hahn"}, "window='hahn' is unknown .*use for example 'hann'"),
        ({"window": 3}, r"'window' parameter .* array-like\. Got 3"),
        ({"N": 4, "window": [1, 1]}, r"window needs 4 .* got shape \(2,\)"),
        ({"N": 2, "window": [1, -1]}, r"-1\] has negative values.*use for example"),
        ({"factor": 0}, "factor=0 cannot be undone.*use a number nearer to 1"),
        ({"factor": np.nan}, "factor=nan cannot be undone.*use a number nearer"),
        ({"factor": np.inf}, "factor=inf cannot be undone.*use a number nearer"),
        ({"factor": 1e-300}, "factor=1e-300 cannot be undone.*use a number nearer"),
        ({"factor": "2"}, r"'factor' parameter .* Got '2'"),
        ({"sr": 0}, r"'sr' parameter .* range \(0\.0, 1000000000\.0\]\. Got 0"),
        ({"channels": 0}, r"'channels' parameter .*\[1, 64\] or None\. Got 0"),
        ({"channels": 65}, r"'channels' parameter .*\[1, 64\] or None\. Got 65"),
        (
            {"on_error": "skip"},
            r"'on_error' parameter .* must be a str among .* Got 'skip'",
        ),
        ({"n_jobs": "2"}, r"'n_jobs' parameter .* Got '2'"),
    ],
)
def test_bad_parameters_are_refused_in_fit(settings, message):
    featurizer = FFTFeaturizer(**settings)
    with pytest.raises(ValueError, match=message):
        featurizer.fit([noise(1000)])


# --- bad input


def with_one(value):
    x = noise(1000)
    x[500] = value
    return x


BAD = {  # X, error, message
    "a path": ("a.wav", ValueError, r"X='a\.wav' is a single path; .*\['a\.wav'\]"),
    "missing": (["gone.wav"], FileNotFoundError, r"'gone\.wav' does not exist; check"),
    "empty name": ([""], FileNotFoundError, "'' does not exist; check the path"),
    "1-D": (noise(1000), ValueError, "Reshape your data"),
    "4-D": (np.zeros((2, 2, 2, 2)), ValueError, "4 dimensions; the most is 3"),
    "NaN": ([noise(9), with_one(np.nan)], ValueError, "recording 1 contains NaN"),
    "inf": ([with_one(np.inf)], ValueError, "recording 0 contains infinity"),
    "sparse": (scipy.sparse.eye_array(9, format="csr"), TypeError, "Sparse data was"),
    "complex": ([noise(9) * 1j], ValueError, "Complex data not supported"),
    "empty list": ([], ValueError, "X holds 0 recordings, at least 1 is required"),
    "no samples": ([np.zeros((0, 2))], ValueError, r"0 sample.*shape=\(0, 2\)"),
    "no samples, 1-D": ([np.zeros(0)], ValueError, r"0 sample.*shape=\(0, 1\)"),
    "generator": (iter([noise(9)]), TypeError, "X is a list_iterator.* pass a list"),
    "path and array": (["a.wav", noise(9)], ValueError, "recording 0 is the path 'a.w"),
}


@pytest.mark.parametrize(("X", "error", "message"), BAD.values(), ids=BAD)
def test_bad_input_is_refused_with_a_reason(X, error, message):
    with pytest.raises(error, match=message):
        FFTFeaturizer(N=64).fit(X)
    fitted = FFTFeaturizer(N=64).fit([noise(9)])
    with pytest.raises(error, match=message):
        fitted.transform(X)


def test_a_bare_stereo_array_is_refused():
    for n_channels in (1, 2, 8):
        with pytest.raises(ValueError, match=r"is one waveform, .* list: \[x\]"):
            FFTFeaturizer(N=256).fit(noise(1000, n_channels))
    FFTFeaturizer(N=256).fit(noise(255, 2))  # may be what it says
    FFTFeaturizer(N=256).fit(noise(1000, 9))


def test_channels_first_are_refused_at_once():
    for X in ([noise(2, 4000)], noise(2 * 2 * 4000).reshape(2, 2, 4000)):
        for method in (FFTFeaturizer().fit, FFTFeaturizer().fit([noise(9)]).transform):
            with pytest.raises(ValueError, match=r"channel-first; pass x\.T"):
                method(X)


def test_integers_are_the_recordings_that_they_stand_for():
    x = noise(3000, 2)
    stored = np.rint(x * 32768).astype(np.int16)
    featurizer = FFTFeaturizer(N=256)
    back = featurizer.inverse_transform(featurizer.fit_transform([stored]))
    np.testing.assert_allclose(back[0], x, atol=2**-16)
    with pytest.warns(UserWarning, match=r"peak of .* divide them by 32768") as told:
        featurizer.fit_transform([stored.astype(float)])
    assert len(told) == 1


@pytest.mark.parametrize("lengths", [(900, 900), (900, 700)])
@pytest.mark.parametrize("form", ["arrays", "paths"])
def test_frames_are_not_joined_along_time(lengths, form, tmp_path):
    X = [noise(n, 2) for n in lengths]
    if form == "paths":
        X = [save(tmp_path / f"{i}.wav", x) for i, x in enumerate(X)]
    union = FeatureUnion([("a", FFTFeaturizer(N=64)), ("b", FFTFeaturizer(N=32))])
    with pytest.raises(TypeError, match=r"FeatureUnion.* Use one FFTFeaturizer"):
        union.fit_transform(X)
    with pytest.raises(TypeError, match=r"FeatureUnion.* Use one FFTFeaturizer"):
        union.fit(X).transform(X)


def test_for_all_else_frames_are_a_list():
    X = [noise(900, 2)] * 3
    frames = FFTFeaturizer(N=64).fit_transform(X)
    assert np.shape(frames) == (3, 30, 132)
    assert np.concatenate(frames).shape == (90, 132)
    np.testing.assert_allclose(np.mean(frames, axis=0), frames[0])
    assert pickle.loads(pickle.dumps(frames))[0].format == frames[0].format


def test_frames_know_their_format():
    featurizer = FFTFeaturizer(N=64, hop_length=16, sr=8000)
    for X in ([noise(900, 2)], noise(2 * 900).reshape(2, 900)):
        frames = featurizer.fit_transform(X)
        assert frames[0].format == featurizer.format_
        assert featurizer.format_.n_dims == featurizer.n_dims_ == frames[0].shape[1]
    other = FFTFeaturizer(N=64, hop_length=32, sr=8000).fit([noise(900)])
    with pytest.raises(ValueError, match="frames of another format"):
        other.inverse_transform(frames)


def test_what_is_odd_but_fine():
    for x in (np.zeros(1000), np.ones(1), np.full(300, 1e-30), np.full(300, 30.0)):
        featurizer = FFTFeaturizer(N=256)
        frames = featurizer.fit_transform([x])
        assert np.isfinite(frames[0]).all()
        back = featurizer.inverse_transform(frames)
        assert_same(back, [x], atol=1e-12 * abs(x).max())


def test_other_channels_than_fitted():
    fitted = FFTFeaturizer(N=64).fit([noise(1000)])
    with pytest.raises(
        ValueError, match=r"2 channels where 1 were fitted; mix it down"
    ):
        fitted.transform([noise(1000, 2)])
    fitted = FFTFeaturizer(N=64).fit([noise(1000, 2)])
    with pytest.raises(
        ValueError, match=r"3 channels where 2 were fitted; mix it down"
    ):
        fitted.transform([noise(1000, 3)])
    assert fitted.transform([noise(1000)])[0].shape[1] == fitted.n_dims_


@pytest.mark.parametrize("method", ["transform", "inverse_transform"])
def test_unfitted_use_is_refused(method):
    with pytest.raises(NotFittedError, match=r"not fitted yet. Call 'fit'"):
        getattr(FFTFeaturizer(), method)([noise(1000)])


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([np.ones((5, 66)), np.ones((5, 7))], "recording 1 have 7 numbers, .* 66 "),
        (np.ones((2, 5, 7)), r"recording 0 have 7 numbers, .* 66 \(n_dims_\)"),
        (np.ones((5, 66)), r"have 1 numbers.* wrap the frames of a single recording"),
        (Frames(np.ones((5, 66)), FrameFormat(64, 32)), r"one frame seq.* list: \[x\]"),
        (np.ones(66), "Reshape your data"),
        ([np.full((5, 66), np.nan)], "recording 0 contains NaN"),
        (["a.wav"], r"X holds files such as the path 'a\.wav', not frames"),
        ([np.ones((2, 5, 66))], r"shape \(2, 5, 66\); a frame sequence has shape"),
    ],
)
def test_what_are_no_frames_is_refused(X, message):
    fitted = FFTFeaturizer(N=64).fit([noise(1000)])
    with pytest.raises(ValueError, match=message):
        fitted.inverse_transform(X)


def test_frames_of_several_lengths_make_no_array():
    fitted = FFTFeaturizer(N=64).fit([noise(9, 2)])
    frames = fitted.transform([noise(1000, 2), noise(1001, 2)])
    with pytest.raises(ValueError, match="lengths 1000 to 1001 make no array; pass"):
        fitted.inverse_transform(np.stack(frames))


# --- bad files


def empty_file(path):
    path.touch()


def text(path):
    path.write_text("Dear diary, today I have been renamed.")


def no_samples(path):
    save(path, np.zeros((0, 2)))


def not_finite(path):
    save(path, with_one(np.nan))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (empty_file, r"bad\.wav' is empty; leave it out"),
        (text, r"bad\.wav' cannot be decoded .*; convert it .*, or leave it out"),
        (no_samples, r"bad\.wav' holds no sound; leave it out"),
        (not_finite, r"bad\.wav' holds samples that are .*not a number; export it"),
    ],
)
@pytest.mark.parametrize("on_error", ["warn", "raise"])
def test_a_bad_file_alone_is_an_error(tmp_path, make, message, on_error):
    make(tmp_path / "bad.wav")
    featurizer = FFTFeaturizer(N=64, on_error=on_error)
    with pytest.raises(ValueError, match=message):
        featurizer.fit([tmp_path / "bad.wav"]).transform([tmp_path / "bad.wav"])


@pytest.mark.parametrize("make", [empty_file, text, no_samples, not_finite])
def test_a_bad_file_among_good_ones_leaves_an_empty_recording(wavs, tmp_path, make):
    make(tmp_path / "bad.wav")
    X = [wavs[0], str(tmp_path / "bad.wav"), wavs[1]]
    featurizer = FFTFeaturizer(N=256).fit(wavs)
    with pytest.warns(UserWarning, match=r"left out: .*bad\.wav'") as caught:
        frames = featurizer.transform(X)
    assert len(caught) == 1
    assert (frames[1].shape, frames[1].dtype) == ((0, 516), np.float32)
    assert_same(frames[::2], featurizer.transform(wavs[:2]))
    back = featurizer.inverse_transform(frames)
    assert [x.shape for x in back] == [(3000, 2), (0, 2), (3001, 2)]


def test_a_bad_file_does_not_hinder_fit(wavs, broken):
    with pytest.warns(UserWarning, match=r"left out: .*broken\.wav"):
        featurizer = FFTFeaturizer(N=256).fit([broken, *wavs])
    assert featurizer.n_channels_ == 2


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_on_error_raise_stops_at_once(wavs, broken, n_jobs):
    featurizer = FFTFeaturizer(N=256, on_error="raise", n_jobs=n_jobs)
    with pytest.raises(ValueError, match=r"broken\.wav' cannot be decoded"):
        featurizer.fit([*wavs, broken])
    featurizer.fit(wavs)
    with pytest.raises(ValueError, match=r"broken\.wav' cannot be decoded"):
        featurizer.transform([*wavs, broken])


def test_if_all_are_broken_the_first_is_named(broken, tmp_path):
    (tmp_path / "also.wav").touch()
    with pytest.raises(ValueError, match=r"broken\.wav' cannot be decoded"):
        FFTFeaturizer(N=256).fit([broken, str(tmp_path / "also.wav")])


@pytest.mark.parametrize("on_error", ["warn", "raise"])
def test_missing_files_and_folders_are_always_an_error(wavs, tmp_path, on_error):
    featurizer = FFTFeaturizer(N=256, on_error=on_error).fit(wavs)
    for method in (featurizer.transform, featurizer.fit):
        with pytest.raises(FileNotFoundError, match=r"gone\.wav' does not exist; ch"):
            method([*wavs, tmp_path / "gone.wav"])
        with pytest.raises(IsADirectoryError, match=r"is a folder; .*audio\.find"):
            method([*wavs, tmp_path])


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_truncated_file_is_read_as_far_as_it_goes(tmp_path, wavs, n_jobs):
    path = tmp_path / "cut.wav"
    path.write_bytes(Path(wavs[2]).read_bytes()[:20_000])
    featurizer = FFTFeaturizer(N=256, n_jobs=n_jobs).fit([path])
    with pytest.warns(UserWarning, match=r"cut\.wav' is damaged or cut off: read the"):
        frames = featurizer.transform([path, wavs[0]])
    (back,) = featurizer.inverse_transform(frames[:1])
    assert 2000 < len(back) < 2600
    np.testing.assert_allclose(back, noise(4000, 2)[: len(back)], atol=1e-6)
