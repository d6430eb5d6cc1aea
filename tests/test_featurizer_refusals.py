"""What the featurizer refuses, and what it leaves out."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import FeatureUnion
from small import noise, save
from test_featurizer import assert_same

from skmusic import FFTFeaturizer
from skmusic.spectra.frames import FrameFormat, Frames

# --- bad parameters


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"N": 255}, "N=255 is odd; use an even number such as 2048"),
        ({"N": 0}, r"'N' parameter .* int in the range \[2, 1048576\]\. Got 0"),
        ({"N": 2**21}, r"'N' parameter .* in the range \[2, 1048576\]\. Got 2097152"),
        ({"N": 256.0}, r"'N' parameter .* int in the range .* Got 256\.0"),
        ({"hop_length": 0}, r"'hop_length' parameter .*\[1, inf\) or None\. Got 0"),
        ({"N": 64, "hop_length": 65}, "hop_length=65 is beyond N=64.*use at most N"),
        ({"N": 64, "hop_length": 64}, "N=64 and hop_length=64 .*use a smaller hop"),
        ({"window": "hahn"}, "window='hahn' is unknown .*use for example 'hann'"),
        ({"window": 3}, r"'window' parameter .* array-like\. Got 3"),
        ({"N": 4, "window": [1, 1]}, r"window needs 4 .* got shape \(2,\)"),
        ({"N": 2, "window": [1, -1]}, r"-1\] has negative values.*use for example"),
        ({"factor": 0}, "factor=0 cannot be undone.*use a number nearer to 1"),
        ({"factor": np.nan}, "factor=nan cannot be undone.*use a number nearer"),
        ({"factor": 1e-300}, "factor=1e-300 cannot be undone.*use a number nearer"),
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


# --- bad input; all that is refused of recordings: tests/utils/test_validation.py


def test_a_bare_stereo_array_is_refused():
    for n_channels in (1, 8):
        with pytest.raises(ValueError, match=r"is one waveform, .* list: \[x\]"):
            FFTFeaturizer(N=256).fit(noise(1000, n_channels))
    FFTFeaturizer(N=256).fit(noise(255, 2))  # may be what it says
    FFTFeaturizer(N=256).fit(noise(1000, 9))


def test_channels_first_are_refused_at_once():
    for X in ([noise(2, 4000)], noise(2 * 2 * 4000).reshape(2, 2, 4000)):
        for method in (FFTFeaturizer().fit, FFTFeaturizer().fit([noise(9)]).transform):
            with pytest.raises(ValueError, match=r"channel-first; pass x\.T"):
                method(X)


@pytest.mark.parametrize("form", ["arrays", "paths"])
def test_frames_are_not_joined_along_time(form, tmp_path):
    X = [noise(n, 2) for n in (900, 900)]
    if form == "paths":
        X = [save(tmp_path / f"{i}.wav", x) for i, x in enumerate(X)]
    union = FeatureUnion([("a", FFTFeaturizer(N=64)), ("b", FFTFeaturizer(N=32))])
    with pytest.raises(TypeError, match=r"FeatureUnion.* Use one FFTFeaturizer"):
        union.fit_transform(X)
    with pytest.raises(TypeError, match=r"FeatureUnion.* Use one FFTFeaturizer"):
        union.fit(X).transform(X)


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


# --- bad files; what is wrong with a file: tests/audio/test_decoding.py


def text(path):
    path.write_text("Dear diary, today I have been renamed.")


def not_finite(path):
    save(path, np.full(1000, np.nan))


@pytest.mark.parametrize("on_error", ["warn", "raise"])
def test_a_bad_file_alone_is_an_error(broken, on_error):
    featurizer = FFTFeaturizer(N=64, on_error=on_error)
    with pytest.raises(ValueError, match=r"broken\.wav' cannot be decoded .*; convert"):
        featurizer.fit([broken]).transform([broken])


@pytest.mark.parametrize("make", [text, not_finite])
def test_a_bad_file_among_good_ones_leaves_an_empty_recording(noisy, tmp_path, make):
    make(tmp_path / "bad.wav")
    X = [noisy[0], str(tmp_path / "bad.wav"), noisy[1]]
    featurizer = FFTFeaturizer(N=256).fit(noisy)
    with pytest.warns(UserWarning, match=r"left out: .*bad\.wav'") as caught:
        frames = featurizer.transform(X)
    assert len(caught) == 1
    assert (frames[1].shape, frames[1].dtype) == ((0, 516), np.float32)
    assert_same(frames[::2], featurizer.transform(noisy[:2]))
    back = featurizer.inverse_transform(frames)
    assert [x.shape for x in back] == [(3000, 2), (0, 2), (3001, 2)]


def test_a_bad_file_does_not_hinder_fit(noisy, broken):
    with pytest.warns(UserWarning, match=r"left out: .*broken\.wav"):
        featurizer = FFTFeaturizer(N=256).fit([broken, *noisy])
    assert featurizer.n_channels_ == 2


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_on_error_raise_stops_at_once(noisy, broken, n_jobs):
    featurizer = FFTFeaturizer(N=256, on_error="raise", n_jobs=n_jobs)
    with pytest.raises(ValueError, match=r"broken\.wav' cannot be decoded"):
        featurizer.fit([*noisy, broken])
    featurizer.fit(noisy)
    with pytest.raises(ValueError, match=r"broken\.wav' cannot be decoded"):
        featurizer.transform([*noisy, broken])


def test_if_all_are_broken_the_first_is_named(broken, tmp_path):
    (tmp_path / "also.wav").touch()
    with pytest.raises(ValueError, match=r"broken\.wav' cannot be decoded"):
        FFTFeaturizer(N=256).fit([broken, str(tmp_path / "also.wav")])


@pytest.mark.parametrize("on_error", ["warn", "raise"])
def test_missing_files_and_folders_are_always_an_error(noisy, tmp_path, on_error):
    featurizer = FFTFeaturizer(N=256, on_error=on_error).fit(noisy)
    for method in (featurizer.transform, featurizer.fit):
        with pytest.raises(FileNotFoundError, match=r"gone\.wav' does not exist; ch"):
            method([*noisy, tmp_path / "gone.wav"])
        with pytest.raises(IsADirectoryError, match=r"is a folder; .*audio\.find"):
            method([*noisy, tmp_path])


def test_a_truncated_file_is_read_as_far_as_it_goes(tmp_path, noisy):
    path = tmp_path / "cut.wav"
    path.write_bytes(Path(noisy[2]).read_bytes()[:20_000])
    featurizer = FFTFeaturizer(N=256).fit([path])
    with pytest.warns(UserWarning, match=r"cut\.wav' is damaged or cut off: read the"):
        frames = featurizer.transform([path, noisy[0]])
    (back,) = featurizer.inverse_transform(frames[:1])
    assert 2000 < len(back) < 2600
    np.testing.assert_allclose(back, noise(4000, 2)[: len(back)], atol=1e-6)
