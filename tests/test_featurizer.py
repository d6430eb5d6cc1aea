"""What goes in comes back: the contract of the featurizer, its forms and its files."""

import io
import pickle
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks
from small import noise, save

from skmusic import FFTFeaturizer, audio
from skmusic.spectra.streaming import StreamedFrames

SR = 44100
ARTICLE = {"N": 256, "hop_length": 256, "window": "boxcar", "redundant": True}
ARTICLE["factor"] = 2 / 256


@parametrize_with_checks(
    [FFTFeaturizer(N=4), FFTFeaturizer(**ARTICLE, channels=2, n_jobs=2)]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


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
    "one column list": [noise(1000, 1), noise(50, 1)],
    "stereo list of equal lengths": [noise(1000, 2), noise(1000, 2, seed=1)],
    "five channels": [noise(600, 5)],
    "single samples": [noise(1, 2), noise(1, 2, seed=1)],
    "3-D": noise(3 * 700, 2).reshape(3, 700, 2),
    "2-D": noise(3 * 700).reshape(3, 700),
    "2-D of one row": noise(700)[None],
}
SETTINGS = [
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
    channels = 1 if X[0].ndim == 1 else X[0].shape[1]
    assert featurizer.n_channels_ == channels
    columns = getattr(featurizer, "n_features_in_", None)
    assert columns == (
        X.shape[1] if isinstance(X, np.ndarray) and X.ndim == 2 else None
    )
    assert isinstance(frames, list) == isinstance(X, list)
    assert len(frames) == len(X)
    for f in frames:
        assert f.ndim == 2
        assert (f.shape[1], f.dtype) == (featurizer.n_dims_, dtype)
    back = featurizer.inverse_transform(frames)
    assert_same(back, X, atol=1e-12 if dtype == np.float64 else 1e-6)


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


def test_paths_are_paths_whatever_holds_them(noisy):
    featurizer = FFTFeaturizer(N=256)
    frames = featurizer.fit_transform(noisy)
    assert [f.shape[1] for f in frames] == [516] * 3
    assert frames[0].dtype == np.float32
    for X in (
        tuple(noisy),
        [Path(path) for path in noisy],
        np.array(noisy, dtype=bytes),
        [Path(path).read_bytes() for path in noisy],
        [io.BytesIO(Path(path).read_bytes()) for path in noisy],
        [noisy[0], Path(noisy[1]), io.BytesIO(Path(noisy[2]).read_bytes())],
        np.array(noisy),
        np.array(noisy, dtype=object),
        pd.Series(noisy, index=[5, 3, 1]),
    ):
        assert_same(FFTFeaturizer(N=256).fit_transform(X), frames)
    waveforms = [audio.read(path)[0] for path in noisy]
    assert_same(featurizer.transform(waveforms), frames)
    assert_same(featurizer.inverse_transform(frames), waveforms, atol=1e-6)


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


def test_count_frames_counts_what_transform_makes():
    for settings in SETTINGS:
        featurizer = FFTFeaturizer(**settings)
        for n in (1, 255, 256, 257, 1000):
            (frames,) = featurizer.fit_transform([noise(n)])
            assert featurizer.count_frames(n) == len(frames)
            rest = np.ones_like(frames)  # not of stft: nothing tells of padding
            assert len(featurizer.inverse_transform([rest])[0]) >= n


# --- one by one, together, side by side


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_together_is_one_at_a_time(noisy, n_jobs):
    arrays = [noise(n, 2) for n in (1, 700, 5000, 701)]
    for X in (noisy, arrays):
        featurizer = FFTFeaturizer(N=256, n_jobs=n_jobs).fit(X)
        alone = [featurizer.transform([x])[0] for x in X]
        assert_same(featurizer.transform(X), alone)
        assert_same(featurizer.transform(X[::-1]), alone[::-1])
        inverse = featurizer.inverse_transform(alone)
        assert_same(inverse, [featurizer.inverse_transform([f])[0] for f in alone])


def test_fit_reads_headers_only(noisy, monkeypatch):
    def read(*args, **kwargs):
        raise AssertionError("decoded")

    monkeypatch.setattr("skmusic.audio.read", read)
    assert FFTFeaturizer(N=256).fit(noisy).n_channels_ == 2
    with pytest.raises(AssertionError, match="decoded"):
        FFTFeaturizer(N=256).fit(noisy).transform(noisy)


# --- frames that are made when they are asked for


def test_streamed_frames_are_used_as_a_list_is(noisy):
    featurizer = FFTFeaturizer(N=256)
    streamed, frames = featurizer.fit_transform(noisy), featurizer.transform(noisy)
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
    featurizer.set_params(N=64).fit(noisy)  # which is nothing to what was made before
    assert_same(pickle.loads(pickle.dumps(streamed)), frames)


def gather(blocks, argument):
    return argument, list(blocks)


@pytest.mark.filterwarnings("ignore:left out")
@pytest.mark.parametrize("n_jobs", [1, 3])
def test_blocks_of_streamed_frames(noisy, broken, n_jobs):
    featurizer = FFTFeaturizer(N=256, sr=30_000, n_jobs=n_jobs)
    streamed = featurizer.fit_transform([*noisy, broken])
    *found, none = streamed.map_blocks(gather, "abcd", 10)
    assert none == ("d", [])
    assert streamed[3].shape == (0, 516)
    assert [letter for letter, _ in found] == ["a", "b", "c"]
    for (_, blocks), x in zip(found, featurizer.transform(noisy), strict=True):
        np.testing.assert_array_equal(np.concatenate(blocks), x)
        assert {len(block) for block in blocks[:-1]} == {10}


def test_blocks_of_what_cannot_be_decoded(noisy, broken):
    streamed = FFTFeaturizer(N=256, on_error="raise").fit_transform(noisy)
    streamed._paths.append(broken)  # damaged since its header was read
    with pytest.raises(ValueError, match="cannot be decoded"):
        streamed[3]
    with pytest.raises(ValueError, match="cannot be decoded"):
        streamed.map_blocks(gather, "abcd", 10)


# --- files


@pytest.mark.parametrize("sr", [22050.0, 48000])
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


def test_clone_and_parameters():
    featurizer = FFTFeaturizer(**ARTICLE, n_jobs=2, on_error="raise")
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
