import math

import numpy as np
import pytest
from test_audio import SR, pitch_and_level, snr, tone

from skmusic import audio


@pytest.mark.parametrize("sr_out", [8000, 22050, 48000, 96000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_resampling_keeps_pitch_level_duration_and_type(sr_out, dtype):
    x = tone(freq=1000).astype(dtype)
    y = audio.resample(x, SR, sr_out)
    assert y.dtype == dtype
    assert y.shape == (round(len(x) * sr_out / SR), 2)
    assert pitch_and_level(y, sr_out) == pytest.approx((1000, 0.5), rel=1e-3)


def test_resampling_kills_what_the_new_rate_cannot_hold():
    y = audio.resample(tone(freq=9000), SR, 16000)
    assert abs(y[500:-500]).max() < 1e-4


def test_resampling_up_and_down_is_the_identity():
    x = tone()
    y = audio.resample(audio.resample(x, SR, 2 * SR), 2 * SR, SR)
    assert snr(x[500:-500], y[500:-500]) > 80


def test_resampling_to_the_same_rate_is_free():
    x = tone()
    assert audio.resample(x, SR, SR) is x


def test_resampling_takes_views_and_mono():
    x = tone()
    x.flags.writeable = False
    y = audio.resample(x, SR, 8000)
    np.testing.assert_array_equal(audio.resample(np.asfortranarray(x), SR, 8000), y)
    np.testing.assert_array_equal(audio.resample(x[:, 1], SR, 8000), y[:, 1:])


def test_resampling_refuses_what_it_cannot_do():
    for rates in ((SR, 0), (math.nan, SR), (SR, 10**9)):
        with pytest.raises(ValueError, match="100 to 1000000"):
            audio.resample(tone(), *rates)
    with pytest.raises(ValueError, match="too short"):
        audio.resample(np.zeros((3, 1)), SR, 100)


def test_upmix_copies_and_downmix_averages():
    x = tone(channels=1)
    for channels in (2, 3, 64):
        y = audio.to_channels(x, channels)
        assert y.shape == (len(x), channels)
        assert (y == x).all()
        np.testing.assert_allclose(audio.to_channels(y, 1), x, rtol=1e-6)
    x = tone(channels=2)
    assert audio.to_channels(x, 2) is x
    np.testing.assert_array_equal(audio.to_channels(x, 1)[:, 0], x.mean(axis=1))


@pytest.mark.parametrize("n", [3, 5, 6])
def test_surround_to_stereo(n):
    x = np.random.default_rng(0).uniform(-1, 1, (100, n)).astype(np.float32)
    y = audio.to_channels(x, 2)
    assert (y.dtype, y.shape) == (np.float32, (100, 2))
    assert abs(y).max() <= 1
    others = x[:, 2:].sum(axis=1)
    np.testing.assert_allclose(y[:, 0] * (n - 1) - others, x[:, 0], atol=1e-5)
    np.testing.assert_allclose(y[:, 1] * (n - 1) - others, x[:, 1], atol=1e-5)
    same = audio.to_channels(np.repeat(x[:, :1], n, axis=1), 2)
    np.testing.assert_allclose(same, np.repeat(x[:, :1], 2, axis=1), rtol=1e-5)


@pytest.mark.parametrize(
    ("n", "wish"), [(2, 0), (2, 3), (3, 4), (1, 65), (2, -1), (2, "stereo"), (1, 1.5)]
)
def test_impossible_mixes_are_refused(n, wish):
    with pytest.raises(ValueError, match=f"cannot mix {n} channels to {wish!r}; ask"):
        audio.to_channels(np.zeros((10, n)), wish)


@pytest.mark.parametrize(
    ("x", "complaint"),
    [
        (np.zeros((10, 2), np.int16), "int16; divide"),
        (np.zeros((0, 2)), r"\(0, 2\)"),
        (np.zeros((2, 0)), r"\(2, 0\)"),
        (np.zeros((2, 2, 2)), r"\(2, 2, 2\)"),
        (np.float64(1), r"\(\)"),
        (np.zeros((2, 100)), "there must be 1 to 64 channels, got 100"),
    ],
)
def test_what_is_no_waveform_is_refused(tmp_path, x, complaint):
    for function in (
        lambda: audio.to_channels(x, 1),
        lambda: audio.resample(x, SR, 8000),
        lambda: audio.write(tmp_path / "a.wav", x, SR),
    ):
        with pytest.raises(ValueError, match=complaint):
            function()
    assert not list(tmp_path.iterdir())
