import os
import struct
import sys
import tempfile
import time
import warnings
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile as sf
from hostile_audio import mutated
from test_audio import SR, pitch_and_level, snr, tone

from skmusic import FFTFeaturizer, audio
from skmusic.audio import containers as sources
from skmusic.audio import decoding
from skmusic.audio.waveform import BLOCK


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


@pytest.mark.parametrize("suffix", ["aac", "mp3", "txt"])
def test_headerless_aac_is_read(tmp_path, suffix, capfd):
    write_mpeg4(tmp_path / "a.aac", tone())
    path = (tmp_path / "a.aac").rename(tmp_path / f"a.{suffix}")
    y, sr = audio.read(path)
    assert pitch_and_level(y, sr) == pytest.approx((440, 0.5), rel=0.01)
    assert audio.info(path)["samples"] == len(y)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("function", [audio.read, audio.info])
@pytest.mark.parametrize("suffix", ["wav", "mp3", "m4a", "raw", "xyz"])
def test_what_is_no_recording_is_refused(tmp_path, function, suffix):
    path = tmp_path / f"no.{suffix}"
    path.write_bytes(b"Dear diary, " * 99)
    with pytest.raises(ValueError, match=rf"no\.{suffix}' cannot .*; convert it"):
        function(path)


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
    with pytest.raises(ValueError, match=r"a\.mp4' holds no sound; leave"):
        audio.read(tmp_path / "a.mp4")


def test_mpeg4_without_av_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "a.m4a").write_bytes(b"x")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ValueError, match=r'a\.m4a.*pip install "skmusic\[m4a\]"'):
        audio.read(tmp_path / "a.m4a")


def test_files_without_samples_or_with_infinite_ones_are_refused(tmp_path):
    sf.write(tmp_path / "a.wav", np.zeros((0, 2)), SR)
    for function in audio.read, audio.info:
        with pytest.raises(ValueError, match=r"a\.wav' holds no sound; leave"):
            function(tmp_path / "a.wav")
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
    ("channels", "why"), [(0, "damaged"), (65, "1 to 64"), (9**4, "")]
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
    np.testing.assert_allclose(y[:-BLOCK], whole[: len(y) - BLOCK])


@pytest.mark.parametrize("suffix", ["ogg", "opus"])
def test_what_is_lost_of_joined_files_is_told(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    audio.write(path, tone(), SR)
    assert audio.read(path)[0].size  # warnings are errors
    path.write_bytes(path.read_bytes() * 2)
    with pytest.warns(UserWarning, match=rf"a\.{suffix}' is damaged or cut off"):
        x, _ = audio.read(path)
    assert audio.info(path)["samples"] == len(x)


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
    assert audio.info(path)["seconds"] == pytest.approx(2, abs=0.2)
    with pytest.warns(UserWarning, match="damaged or cut off"):
        y, _ = audio.read(path)
    assert abs(len(y) - 2 * SR) <= BLOCK


def test_a_file_that_unfolds_to_fill_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "SURE_SIZE", 1 << 20)
    path = tmp_path / "a.flac"
    audio.write(path, np.zeros((4 * SR, 2)), SR)  # some 2000 times its size
    with pytest.raises(ValueError, match=r"a\.flac' unfolds to more than 1000 times"):
        audio.read(path)
    with pytest.raises(ValueError, match="unfolds to more"):
        next(decoding.read_blocks(path, SR, 2))  # before any of it is given out
    audio.write(path, np.zeros((SR, 2)), SR)  # what is sure is never too much
    assert len(audio.read(path)[0]) == SR
    audio.write(tmp_path / "a.wav", np.zeros((4 * SR, 2)), SR)
    assert len(audio.read(tmp_path / "a.wav")[0]) == 4 * SR


def test_a_claim_is_no_longer_than_the_file_can_be(tmp_path):
    for sr in 100, 44100:
        path = tmp_path / "a.flac"
        audio.write(path, np.zeros((sr, 1)), sr)
        header = bytearray(path.read_bytes())
        header[21] |= 0x0F
        header[22:26] = b"\xff" * 4
        path.write_bytes(header)
        assert audio.info(path)["samples"] == sr
        frames = FFTFeaturizer(N=2048).fit_transform([path])
        (claimed,) = frames.lengths
        assert claimed < 2**26 * (44100 / sr) / 1000
        with pytest.warns(UserWarning, match="cut off"):
            assert len(frames[0]) <= 45


def test_resampling_cannot_unfold_a_file_either(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "SURE_SIZE", 1 << 20)
    sf.write(tmp_path / "a.wav", np.zeros(3000), 100, "PCM_U8")
    assert len(audio.read(tmp_path / "a.wav")[0]) == 3000
    with pytest.raises(ValueError, match="unfolds to more"):
        audio.read(tmp_path / "a.wav", sr=44100, channels=2)


def test_samples_beyond_all_sound_are_refused(tmp_path):
    for level, good in (2.0**31, True), (1e11, False), (1e38, False):
        sf.write(tmp_path / "a.wav", level * tone(), SR, "DOUBLE")
        if good:
            assert np.isfinite(audio.read(tmp_path / "a.wav", sr=44100)[0]).all()
            continue
        with pytest.raises(ValueError, match=r"a\.wav' holds .*beyond 1e\+10"):
            audio.read(tmp_path / "a.wav", sr=44100)


def test_an_mpeg4_of_an_unknown_codec_is_refused(tmp_path):
    write_mpeg4(tmp_path / "a.m4a", tone())
    raw = (tmp_path / "a.m4a").read_bytes()
    (tmp_path / "a.m4a").write_bytes(
        raw.replace(b"mp4a", b"zzzz").replace(b"esds", b"zzzz")
    )
    with pytest.raises(ValueError, match=r"a\.m4a' cannot be decoded"):
        audio.read(tmp_path / "a.m4a")


@pytest.mark.parametrize("change", ["cut", "vanish", "overwrite", "grow"])
@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "ogg"])
def test_a_file_may_change_while_it_is_read(tmp_path, monkeypatch, suffix, change):
    path = tmp_path / f"a.{suffix}"
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (4 * SR, 1))
    audio.write(path, noise, SR)
    n = len(audio.read(path)[0])
    read, calls = sources._SequentialFile.read, []

    def changed(self, *args, **options):
        calls.append(self)
        if len(calls) == 2:
            size = path.stat().st_size
            if change == "vanish":
                path.unlink()
            else:
                with path.open("r+b") as file:
                    if change == "cut":
                        file.truncate(size // 3)
                    elif change == "grow":
                        file.seek(size)
                        file.write(bytes(size))
                    else:
                        file.write(b"\xa5" * size)
        return read(self, *args, **options)

    monkeypatch.setattr(sources._SequentialFile, "read", changed)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            x, _ = audio.read(path)
        except ValueError:
            x = np.zeros((0, 1))
    assert len(calls) >= 2
    assert np.isfinite(x).all()
    assert len(x) <= n
    if change == "vanish":
        assert len(x) == n
    if change in ("cut", "grow"):
        assert caught or len(x) in (0, n)


def test_a_file_that_vanishes_before_it_is_opened(tmp_path, monkeypatch):
    audio.write(tmp_path / "a.wav", tone(), SR)
    opener = sources._open_libsndfile
    gone = tmp_path / "b.wav"

    def late(path, *args):
        gone.unlink()
        return opener(path, *args)

    monkeypatch.setattr(sources, "_open_libsndfile", late)
    gone.write_bytes((tmp_path / "a.wav").read_bytes())
    with pytest.raises((ValueError, OSError), match=r"b\.wav"):
        audio.read(gone)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs users of POSIX")
def test_a_file_that_may_not_be_read_is_a_permission_error():
    root = os.geteuid() == 0  # who may read everything
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.wav")
        audio.write(path, tone(), SR)
        path.chmod(0)
        Path(folder).chmod(0o755)
        if root:
            os.seteuid(65534)
        try:
            for function in audio.read, audio.info:
                with pytest.raises(PermissionError, match=r"a\.wav"):
                    function(path)
        finally:
            if root:
                os.seteuid(0)


def test_circles_of_links_and_names_too_long_are_errors_of_the_system(tmp_path):
    (tmp_path / "loop.wav").symlink_to(tmp_path / "loop.wav")
    for name in "loop.wav", "x" * 300 + ".wav", "nul\0.wav":
        for function in audio.read, audio.info:
            with pytest.raises((OSError, ValueError)):
                function(tmp_path / name)


def test_hostile_files_are_read_or_refused(good, tmp_path):
    # The long run is benchmarks/fuzz_audio.py.
    read = 0
    for i in range(400):
        how, suffix, raw = mutated(good, np.random.default_rng([3, i]))
        path = tmp_path / f"{i}.{suffix}"
        path.write_bytes(raw)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", UserWarning)
            try:
                x, _ = audio.read(path, sr=22050, channels=2)
            except (ValueError, OSError):
                continue
            finally:
                path.unlink()
        read += 1
        assert np.isfinite(x).all(), (i, how)
    assert 100 < read < 300


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
