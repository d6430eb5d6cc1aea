import math
import os
import resource
import struct
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile as sf

from skmusic import audio

SR = 44100


def tone(freq=440.0, seconds=0.5, sr=SR, channels=2, level=0.5):
    t = np.arange(round(seconds * sr)) / sr
    x = level * np.sin(2 * np.pi * freq * t)
    return np.stack([x * (1 - 0.3 * c) for c in range(channels)], 1).astype("float32")


def write_mpeg4(path, x, sr=SR, codec="aac"):
    """Write with FFmpeg, as nothing else here writes AAC or ALAC."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=sr)
        stream.layout = "mono" if x.shape[1] == 1 else "stereo"
        if codec == "alac":
            x = np.round(x * 32767).astype("int16")
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(x.T),
            format="s16p" if codec == "alac" else "fltp",
            layout=stream.layout.name,
        )
        frame.sample_rate, frame.pts = sr, 0
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


def snr(x, y):
    """Signal to noise in dB."""
    return 10 * math.log10((x**2).sum() / ((x - y) ** 2).sum())


def pitch_and_level(x, sr):
    """Frequency and amplitude of the strongest partial, off the edges."""
    x = x[len(x) // 8 : -len(x) // 8, 0].astype(float)
    spectrum = np.abs(np.fft.rfft(x * np.hanning(len(x)), 8 * len(x)))
    peak = spectrum.argmax()
    return peak * sr / (8 * len(x)), spectrum[peak] * 4 / len(x)


@pytest.fixture
def folder(tmp_path):
    for name in "b.wav", "a.MP3", "notes.txt", ".hidden.wav", "sub/c.ogg", "sub/d.m4a":
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "e.wav").touch()
    return tmp_path


def names(paths, folder):
    return [str(path.relative_to(folder)) for path in paths]


# --- find


def test_find_searches_folders_sorted_and_skips_hidden_and_other_files(folder):
    assert names(audio.find(folder), folder) == ["a.MP3", "b.wav", "sub/c.ogg"] + [
        "sub/d.m4a"
    ]
    assert audio.find(str(folder)) == audio.find([folder])


def test_find_keeps_files_as_given(folder):
    given = [folder / "notes.txt", folder / "b.wav"]
    assert audio.find(given) == given
    assert audio.find(iter([*given, folder / "sub"]))[:2] == given


def test_find_ignores_files_and_folders(folder):
    found = audio.find(folder, ignore=[folder / "sub", folder / "x" / ".." / "b.wav"])
    assert names(found, folder) == ["a.MP3"]
    assert names(audio.find(folder, ignore=folder / "sub"), folder)[1:] == ["b.wav"]
    with pytest.raises(ValueError, match="no recording"):
        audio.find(folder, ignore=folder)


def test_find_survives_circles_of_links(folder):
    (folder / "sub" / "up").symlink_to(folder)
    (folder / "loop.wav").symlink_to(folder / "loop.wav")
    (folder / "gone.wav").symlink_to(folder / "nowhere.wav")
    assert len(audio.find(folder)) == 4


def test_find_skips_pipes(folder):
    os.mkfifo(folder / "pipe.wav")
    assert len(audio.find(folder)) == 4


def test_find_explains_what_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.wav"):
        audio.find(tmp_path / "nothing.wav")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"empty' holds no recording.*\*\.wav"):
        audio.find([tmp_path / "empty"])


def test_suffixes_cover_the_usual_formats():
    usual = {".wav", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".m4a", ".aac", ".mp4"}
    assert usual <= set(audio.SUFFIXES)
    assert not {".raw", ".txt"} & set(audio.SUFFIXES)


# --- what is written is what is read


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


@pytest.mark.parametrize(
    ("name", "codec", "quality"),
    [("a.m4a", "aac", 25), ("a.mp4", "aac", 25), ("a.M4A", "alac", 70)],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_mpeg4_is_read_with_its_exact_length(tmp_path, name, codec, quality, channels):
    x = tone(channels=channels)
    write_mpeg4(tmp_path / name, x, codec=codec)
    y, sr = audio.read(tmp_path / name)
    assert (y.dtype, y.shape, sr) == (np.float32, x.shape, SR)
    edge = 2048  # the encoder's onset is not its best
    assert snr(x[edge:-edge], y[edge:-edge]) > quality
    about = audio.info(tmp_path / name)
    assert (about["sr"], about["channels"]) == (SR, channels)
    assert (about["samples"], about["subtype"]) == (len(x), codec.upper())


def test_headerless_aac_is_read(tmp_path):
    write_mpeg4(tmp_path / "a.aac", tone())
    y, sr = audio.read(tmp_path / "a.aac")
    assert pitch_and_level(y, sr) == pytest.approx((440, 0.5), rel=0.01)
    assert audio.info(tmp_path / "a.aac")["seconds"] == pytest.approx(0.5, abs=0.1)


def test_block_boundaries_leave_no_trace(tmp_path):
    x = tone(seconds=2, channels=1)
    for n in (audio._BLOCK - 1, audio._BLOCK, audio._BLOCK + 1, 5 * audio._BLOCK):
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


# --- resample


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


# --- to_channels


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


# --- read: bad files


@pytest.mark.parametrize("function", [audio.read, audio.info])
@pytest.mark.parametrize("suffix", ["wav", "mp3", "m4a", "raw", "xyz"])
@pytest.mark.parametrize("content", [b"", b"Dear diary, " * 99, b"RIFF\x24\0\0\0WAVE"])
def test_what_is_no_recording_is_refused(tmp_path, function, suffix, content):
    path = tmp_path / f"no.{suffix}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"no\.{suffix}' cannot .*; convert it") as e:
        function(path)
    assert ("empty" in str(e.value)) == (not content)


@pytest.mark.parametrize("function", [audio.read, audio.info])
def test_missing_files_folders_and_pipes_are_refused_at_once(tmp_path, function):
    with pytest.raises(FileNotFoundError, match=r"a\.wav': no such file"):
        function(tmp_path / "a.wav")
    with pytest.raises(IsADirectoryError, match=r"is a folder; .*find"):
        function(tmp_path)
    os.mkfifo(tmp_path / "pipe.wav")
    start = time.monotonic()
    for path in (tmp_path / "pipe.wav", Path("/dev/zero")):
        with pytest.raises(ValueError, match="pipe or a device; pass a regular"):
            function(path)
    assert time.monotonic() - start < 1


def test_video_without_sound_is_refused(tmp_path):
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 16
        frame = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8))
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    with pytest.raises(ValueError, match=r"a\.mp4' cannot be decoded .*no sound"):
        audio.read(tmp_path / "a.mp4")


def test_mpeg4_without_av_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "a.m4a").write_bytes(b"x")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ValueError, match=r'a\.m4a.*pip install "skmusic\[m4a\]"'):
        audio.read(tmp_path / "a.m4a")


def test_files_without_samples_or_with_infinite_ones_are_refused(tmp_path):
    sf.write(tmp_path / "a.wav", np.zeros((0, 2)), SR)
    with pytest.raises(ValueError, match=r"a\.wav' holds no samples; leave"):
        audio.read(tmp_path / "a.wav")
    for bad in (np.nan, np.inf):
        sf.write(tmp_path / "a.wav", np.array([0, bad, 0]), SR, "FLOAT")
        with pytest.raises(ValueError, match=r"a\.wav' holds .*not a number; export"):
            audio.read(tmp_path / "a.wav")


def patched_wav(path, offset, form, value):
    sf.write(path, tone(), SR)
    header = bytearray(path.read_bytes())
    struct.pack_into(form, header, offset, value)
    path.write_bytes(header)


@pytest.mark.parametrize("sr", [1, 99, 2_000_000, 2**31 - 1])
def test_absurd_rates_are_refused(tmp_path, sr):
    patched_wav(tmp_path / "a.wav", 24, "<I", sr)
    with pytest.raises(ValueError, match=rf"a\.wav': the sampling rate .* got {sr}"):
        audio.read(tmp_path / "a.wav")


@pytest.mark.parametrize(
    ("channels", "why"), [(0, "decoded"), (65, "1 to 64"), (9**4, "")]
)
def test_absurd_channels_are_refused(tmp_path, channels, why):
    patched_wav(tmp_path / "a.wav", 22, "<H", channels)
    with pytest.raises(ValueError, match=rf"a\.wav'.*{why}"):
        audio.read(tmp_path / "a.wav")


@pytest.mark.parametrize("suffix", ["wav", "aiff", "au", "w64", "flac", "ogg", "mp3"])
def test_a_file_cut_off_is_read_as_far_as_it_goes_with_a_warning(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (10 * SR, 1))
    audio.write(path, noise, SR)
    whole, _ = audio.read(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.warns(UserWarning, match=rf"a\.{suffix}' is damaged or cut off: read"):
        y, _ = audio.read(path)
    assert 0.4 * len(whole) < len(y) < 0.6 * len(whole)
    np.testing.assert_allclose(y[: -audio._BLOCK], whole[: len(y) - audio._BLOCK])


def test_a_stream_of_unknown_length_is_no_truncation(tmp_path):
    for unknown in (0xFFFFFFFF, 0x7FFFF000):  # as FFmpeg and SoX write to pipes
        patched_wav(tmp_path / "a.wav", 40, "<I", unknown)
        assert audio.read(tmp_path / "a.wav")[0].shape == tone().shape


def test_a_claim_of_many_days_costs_nothing(tmp_path):
    path = tmp_path / "a.flac"
    audio.write(path, tone(seconds=2, channels=1), SR)
    header = bytearray(path.read_bytes())
    header[21] |= 0x0F  # the 36 bits that hold the number of samples
    header[22:26] = b"\xff" * 4
    path.write_bytes(header)
    assert audio.info(path)["seconds"] > 10 * 86400
    with pytest.warns(UserWarning, match="damaged or cut off"):
        y, _ = audio.read(path)
    assert abs(len(y) - 2 * SR) <= audio._BLOCK


@pytest.mark.parametrize("name", [b"a\nb.wav", b"\xff\xfe.wav", b"'\" %s{}.wav"])
def test_odd_names_work(tmp_path, name):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    audio.write(path, tone(), SR)
    assert audio.find(tmp_path) == [path]
    assert audio.read(path)[0].shape == tone().shape
    path.write_bytes(b"text")
    with pytest.raises(ValueError, match="cannot be decoded") as error:
        audio.read(path)
    str(error.value).encode()  # can be printed


# --- write


def test_write_scales_down_rather_than_clips(tmp_path):
    x = tone(level=3.0)
    audio.write(tmp_path / "a.wav", x, SR)
    y, _ = audio.read(tmp_path / "a.wav")
    assert 0.998 < abs(y).max() < 1
    np.testing.assert_allclose(y, x * 0.999 / abs(x).max(), atol=2**-15)
    audio.write(tmp_path / "b.wav", [1.0, -1.0, 0.5], SR)  # a full scale is no excess
    assert audio.read(tmp_path / "b.wav")[0][2, 0] == 0.5


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
@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("suffix", ["wav", "ogg"])
def test_an_interrupted_write_changes_nothing(
    tmp_path, monkeypatch, failing, error, suffix
):
    old, new = tmp_path / f"old.{suffix}", tmp_path / f"new.{suffix}"
    audio.write(old, tone(), SR)
    before = old.read_bytes()
    calls = []
    write = sf.SoundFile.write

    def fail(*args):
        calls.append(args)
        if failing == "replace" or len(calls) > 1:  # in the middle
            raise error
        return write(*args)

    monkeypatch.setattr(os if failing == "replace" else sf.SoundFile, failing, fail)
    for path in (old, new):
        calls.clear()
        with pytest.raises(error):
            audio.write(path, tone(), SR)
    assert calls
    assert list(tmp_path.iterdir()) == [old]
    assert old.read_bytes() == before


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3", "opus"])
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
