import math

import numpy as np
import pytest
import soundfile as sf

from skmusic import audio
from skmusic.audio.waveform import BLOCK

SR = 44100


def tone(freq=440.0, seconds=0.5, sr=SR, channels=2, level=0.5):
    t = np.arange(round(seconds * sr)) / sr
    x = level * np.sin(2 * np.pi * freq * t)
    return np.stack([x * (1 - 0.3 * c) for c in range(channels)], 1).astype("float32")


def snr(x, y):
    """Signal to noise in dB."""
    return 10 * math.log10((x**2).sum() / ((x - y) ** 2).sum())


def pitch_and_level(x, sr):
    """Frequency and amplitude of the strongest partial, off the edges."""
    x = x[len(x) // 8 : -len(x) // 8, 0].astype(float)
    spectrum = np.abs(np.fft.rfft(x * np.hanning(len(x)), 8 * len(x)))
    peak = spectrum.argmax()
    return peak * sr / (8 * len(x)), spectrum[peak] * 4 / len(x)


@pytest.mark.parametrize(
    ("suffix", "subtype", "precision"),
    [
        ("wav", "PCM_U8", 2**-7),
        ("wav", "PCM_16", 2**-15),
        ("wav", "PCM_24", 2**-23),
        ("wav", "PCM_32", 2**-24),
        ("wav", "FLOAT", 0),
        ("wav", "DOUBLE", 0),
        ("flac", "PCM_24", 2**-23),
        ("aiff", "PCM_16", 2**-15),
    ],
)
def test_read_is_exact_to_the_precision_of_the_file(
    tmp_path, suffix, subtype, precision
):
    x = tone()
    sf.write(tmp_path / f"a.{suffix}", x, SR, subtype)
    y, sr = audio.read(tmp_path / f"a.{suffix}")
    assert (y.dtype, y.shape, sr) == (np.float32, x.shape, SR)
    assert abs(y - x).max() <= precision


@pytest.mark.parametrize("suffix", ["wav", "w64", "aif", "aiff", "au", "caf", "flac"])
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_write_then_read_is_exact_to_16_bits(tmp_path, suffix, channels):
    x = tone(channels=channels)
    audio.write(tmp_path / f"a.{suffix}", x, SR)
    y, sr = audio.read(tmp_path / f"a.{suffix}")
    assert (y.shape, sr) == (x.shape, SR)
    assert abs(y - x).max() <= 2**-15


@pytest.mark.parametrize("suffix", ["ogg", "oga", "OGG", "mp3", "opus"])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("n", [1, 100, 24000])
def test_write_then_read_lossy(tmp_path, suffix, channels, n):
    x = tone(sr=48000, channels=channels)[:n]
    audio.write(tmp_path / f"a.{suffix}", x, 48000)
    y, sr = audio.read(tmp_path / f"a.{suffix}")
    assert (y.shape, sr) == (x.shape, 48000)
    if n == 24000:
        assert snr(x, y) > 20


def test_block_boundaries_leave_no_trace(tmp_path):
    x = tone(seconds=2, channels=1)
    for n in (BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK):
        for suffix in ("wav", "flac"):
            audio.write(tmp_path / f"a.{suffix}", x[:n], SR)
            y, _ = audio.read(tmp_path / f"a.{suffix}")
            assert len(y) == n
            assert abs(y - x[:n]).max() <= 2**-15


@pytest.mark.parametrize("suffix", ["mp3", "ogg", "opus", "flac"])
def test_reading_in_blocks_is_reading_at_once(tmp_path, suffix):
    audio.write(tmp_path / f"a.{suffix}", tone(seconds=2, sr=48000), 48000)
    at_once, _ = sf.read(tmp_path / f"a.{suffix}", dtype="float32")
    np.testing.assert_array_equal(audio.read(tmp_path / f"a.{suffix}")[0], at_once)


def test_a_long_ogg_with_many_channels_is_written(tmp_path):
    x = np.zeros((100_000, 8), np.float32)
    audio.write(tmp_path / "a.ogg", x, SR)
    assert audio.info(tmp_path / "a.ogg")["samples"] == len(x)


def test_float64_keeps_more_than_float32(tmp_path):
    x = np.random.default_rng(0).uniform(-1, 1, (1000, 2))
    sf.write(tmp_path / "a.wav", x, SR, "DOUBLE")
    y, _ = audio.read(tmp_path / "a.wav", dtype=np.float64)
    assert y.dtype == np.float64
    np.testing.assert_array_equal(x, y)
    with pytest.raises(ValueError, match="float32 or"):
        audio.read(tmp_path / "a.wav", dtype=np.int16)


def test_info_agrees_with_read(tmp_path):
    for suffix in ("wav", "flac", "ogg", "mp3"):
        path = tmp_path / f"a.{suffix}"
        audio.write(path, tone(), SR)
        y, sr = audio.read(path)
        about = audio.info(str(path))
        assert about["path"] == path
        assert (about["samples"], about["channels"]) == y.shape
        assert (about["sr"], about["seconds"]) == (sr, len(y) / sr)
    assert about["subtype"] == "MPEG_LAYER_III"


def test_read_resamples_and_mixes_as_the_functions_do(tmp_path):
    audio.write(tmp_path / "a.wav", tone(), SR)
    x, _ = audio.read(tmp_path / "a.wav")
    y, sr = audio.read(tmp_path / "a.wav", sr=16000, channels=1)
    assert sr == 16000
    np.testing.assert_array_equal(y, audio.resample(audio.to_channels(x, 1), SR, sr))
    for bad in (0, -1, 50, 2_000_000, 22050.5, math.nan):
        with pytest.raises(ValueError, match="sampling rate"):
            audio.read(tmp_path / "a.wav", sr=bad)
    with pytest.raises(ValueError, match="cannot mix 2 channels to 7"):
        audio.read(tmp_path / "a.wav", channels=7)
