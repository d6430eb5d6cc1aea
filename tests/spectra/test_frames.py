"""Laws of frames that know their format."""

import copy
import pickle
from dataclasses import replace

import joblib
import numpy as np
import pytest

from skmusic.spectra.frames import STEP_SECONDS, FrameFormat, Frames, format_of

FORMAT = FrameFormat(N=256, hop_length=128, n_channels=2)


def frames(format=FORMAT, n=7, seed=0):
    x = np.random.default_rng(seed).standard_normal((n, format.n_dims))
    return Frames(x, format)


def dumped(x, tmp_path):
    joblib.dump(x, tmp_path / "x")
    return joblib.load(tmp_path / "x")


WAYS = {
    "slice": lambda x, _: x[2:5],
    "mask": lambda x, _: x[np.arange(7) > 3],
    "sum of two": lambda x, _: x + x[::-1],
    "plus an array": lambda x, _: np.ones(x.shape) + x,
    "astype": lambda x, _: x.astype(np.float32),
    "deeply": lambda x, _: copy.deepcopy(x),
    "pickled": lambda x, _: pickle.loads(pickle.dumps(x)),
    "joblib": dumped,
    "joined": lambda x, _: np.concatenate([x[:3], x[3:]]),
    "joined to plain": lambda x, _: np.concatenate([np.zeros((2, x.shape[1])), x]),
    "stacked": lambda x, _: np.stack([x, x]),
    "split": lambda x, _: np.split(x, [3])[1],
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_frames_keep_their_format(way, tmp_path):
    x = frames()
    made = way(x, tmp_path)
    assert isinstance(made, Frames)
    assert made.format == FORMAT
    np.testing.assert_array_equal(made, way(np.asarray(x), tmp_path))


def test_arrays_and_numbers_made_of_frames_have_none():
    x = frames()
    assert type(np.asarray(x)) is np.ndarray
    for number in (x.sum(), x[0, 0], x.max(), np.linalg.norm(x)):
        assert not isinstance(number, np.ndarray)
    assert Frames(x, None).format is None
    assert x.format == FORMAT  # a view does not change what it is of


def test_frames_of_two_formats_do_not_join():
    other = frames(replace(FORMAT, sr=22050))
    with pytest.raises(ValueError, match="different formats"):
        np.concatenate([frames(), other])


def test_the_format_of_recordings_is_that_of_those_that_know_one():
    plain = np.zeros((3, FORMAT.n_dims))
    assert format_of([plain, frames(), plain]) == FORMAT
    assert format_of(frames()[None]) == FORMAT
    for X in ([plain], plain, [], "a.wav", ["a.wav", "b.wav"], None, [[1.0, 2.0]]):
        assert format_of(X) is None
    for other in (
        replace(FORMAT, hop_length=64),
        replace(FORMAT, window="boxcar"),
        replace(FORMAT, factor=0.5),
    ):
        with pytest.raises(ValueError, match=r"different formats, .*one FFTFeaturizer"):
            format_of([frames(), frames(other)])


@pytest.mark.parametrize("sr", [8000, 44100])
@pytest.mark.parametrize("hop", [1, 64, 500, 4096])
def test_a_step_is_the_multiple_of_the_hop_nearest_to_23_ms(sr, hop):
    step = FrameFormat(N=2 * hop, hop_length=hop, sr=sr).step
    assert step % hop == 0
    off = [abs(n / sr - STEP_SECONDS) for n in (step, step + hop, step - hop) if n > 0]
    assert off[0] <= min(off) + 1e-12


@pytest.mark.parametrize("both_halves", [False, True])
@pytest.mark.parametrize("n_channels", [1, 2, 3])
def test_a_format_counts_the_numbers_of_its_frames(n_channels, both_halves):
    format = FrameFormat(64, 20, "hann", 8000, n_channels, 1.0, both_halves)
    assert format.n_dims == 2 * n_channels * (64 if both_halves else 33)
    assert (format.overlap, format.seconds) == (44, 20 / 8000)


@pytest.mark.parametrize(
    "window", ["hann", ("kaiser", 5.0), tuple(np.linspace(0.5, 1, 16).tolist())]
)
def test_formats_are_values(window):
    format = FrameFormat(16, 8, window)
    assert {format, replace(format)} == {format}
    assert format.weights().shape == (16,)
    assert (format.weights() >= 0).all()
