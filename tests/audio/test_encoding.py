import os
import resource

import numpy as np
import pytest
import soundfile as sf
from test_audio import SR, pitch_and_level, tone

from skmusic import audio


def test_write_scales_down_rather_than_clips(tmp_path):
    x = tone(level=3.0)
    audio.write(tmp_path / "a.wav", x, SR)
    y, _ = audio.read(tmp_path / "a.wav")
    assert 0.998 < abs(y).max() < 1
    np.testing.assert_allclose(y, x * 0.999 / abs(x).max(), atol=2**-15)
    audio.write(tmp_path / "b.wav", [1.0, -1.0, 0.5], SR)  # a full scale is no excess
    assert audio.read(tmp_path / "b.wav")[0][2, 0] == 0.5


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("suffix", ["wav", "w64", "aiff", "au", "caf", "flac"])
def test_samples_are_rounded_as_libsndfile_rounds_them(tmp_path, suffix, dtype):
    x = np.random.default_rng(0).uniform(-1, 1, (9000, 2))
    x[::3] *= 1e-7
    x[:4] = [[1, -1], [1e-12, -1e-12], [0, -0.0], [1 - 2.0**-20, 2.0**-16]]
    x = x.astype(dtype)
    audio.write(tmp_path / f"ours.{suffix}", x, SR)
    sf.write(tmp_path / f"theirs.{suffix}", x, SR, "PCM_16")
    ours, theirs = (
        sf.read(tmp_path / f"{name}.{suffix}", dtype="int16")[0]
        for name in ("ours", "theirs")
    )
    np.testing.assert_array_equal(ours, theirs)


def test_write_takes_one_dimension_as_mono(tmp_path):
    audio.write(tmp_path / "a.wav", tone()[:, 0], SR)
    assert audio.read(tmp_path / "a.wav")[0].shape == tone(channels=1).shape


@pytest.mark.parametrize(
    ("suffix", "sr", "becomes"),
    [
        ("opus", 44100, 48000),
        ("opus", 11025, 12000),
        ("opus", 96000, 48000),
        ("mp3", 4000, 8000),
        ("mp3", 96000, 48000),
        ("ogg", 384_000, 200_000),
        ("flac", 1_000_000, 655_350),
        ("wav", 1_000_000, 1_000_000),
    ],
)
def test_write_resamples_to_a_rate_the_format_takes(tmp_path, suffix, sr, becomes):
    audio.write(tmp_path / f"a.{suffix}", tone(freq=500, sr=sr), sr)
    y, sr = audio.read(tmp_path / f"a.{suffix}")
    assert sr == becomes
    assert len(y) / sr == pytest.approx(0.5, abs=1e-4)
    assert pitch_and_level(y, sr) == pytest.approx((500, 0.5), rel=0.03)


def test_write_refuses_with_a_remedy(tmp_path):
    x = tone()
    for name in ("a.xyz", "a", "a.m4a"):
        with pytest.raises(ValueError, match=rf"{name}': cannot write .*\.wav, "):
            audio.write(tmp_path / name, x, SR)
    with pytest.raises(FileNotFoundError, match=r"no folder .*nowhere'; make it"):
        audio.write(tmp_path / "nowhere" / "a.wav", x, SR)
    with pytest.raises(ValueError, match=r"a\.wav' not written: .* not finite"):
        audio.write(tmp_path / "a.wav", x * np.nan, SR)
    with pytest.raises(ValueError, match=r"a\.mp3' not written .*fewer channels"):
        audio.write(tmp_path / "a.mp3", tone(channels=3), SR)
    with pytest.raises(ValueError, match=r"a\.wav': the sampling rate must"):
        audio.write(tmp_path / "a.wav", x, 0)
    with pytest.raises(ValueError, match=r"a\.wav': there must be 1 to 64"):
        audio.write(tmp_path / "a.wav", np.zeros((2, 65)), SR)
    assert not list(tmp_path.iterdir())
    (tmp_path / "d.wav").mkdir()
    with pytest.raises(IsADirectoryError, match=r"d\.wav' is a folder"):
        audio.write(tmp_path / "d.wav", x, SR)
    os.mkfifo(tmp_path / "p.wav")
    with pytest.raises(ValueError, match="pipe or a device"):
        audio.write(tmp_path / "p.wav", x, SR)


@pytest.mark.parametrize("failing", ["write", "replace"])
@pytest.mark.parametrize("suffix", ["wav", "ogg"])
def test_an_interrupted_write_changes_nothing(tmp_path, monkeypatch, failing, suffix):
    old, new = tmp_path / f"old.{suffix}", tmp_path / f"new.{suffix}"
    audio.write(old, tone(), SR)
    before = old.read_bytes()
    calls = []
    write = sf.SoundFile.write

    def fail(*args):
        calls.append(args)
        if failing == "replace" or len(calls) > 1:  # in the middle
            raise KeyboardInterrupt
        return write(*args)

    monkeypatch.setattr(os if failing == "replace" else sf.SoundFile, failing, fail)
    for path in (old, new):
        calls.clear()
        with pytest.raises(KeyboardInterrupt):
            audio.write(path, tone(), SR)
    assert calls
    assert list(tmp_path.iterdir()) == [old]
    assert old.read_bytes() == before


@pytest.mark.parametrize("suffix", ["wav", "ogg", "mp3"])
@pytest.mark.parametrize("limit", [0, 20_000])
def test_a_full_disk_is_an_oserror_and_leaves_nothing(tmp_path, suffix, limit):
    x = np.random.default_rng(0).uniform(-0.5, 0.5, (5 * SR, 2))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        with pytest.raises(OSError, match=rf"a\.{suffix}' not written"):
            audio.write(tmp_path / f"a.{suffix}", x, SR)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.iterdir())


def test_writing_through_a_link_keeps_the_link(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.wav").symlink_to(tmp_path / "sub" / "b.wav")
    audio.write(tmp_path / "a.wav", tone(), SR)
    assert (tmp_path / "a.wav").is_symlink()
    assert audio.info(tmp_path / "sub" / "b.wav")["channels"] == 2


def test_written_files_have_ordinary_permissions(tmp_path):
    audio.write(tmp_path / "a.wav", tone(), SR)
    (tmp_path / "b").touch()
    mode = (tmp_path / "a.wav").stat().st_mode
    assert mode & 0o666 == (tmp_path / "b").stat().st_mode & 0o666
