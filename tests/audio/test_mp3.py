import numpy as np
import pytest
import soundfile as sf

from skmusic import audio
from skmusic.audio import mp3

QUIET_THEN_LOUD = [1e-3, 0.9]


def encoded(path, sr=44100, channels=1, seconds=3, mode="VARIABLE", levels=None):
    rng = np.random.default_rng(0)
    parts = [
        level * rng.uniform(-1, 1, (seconds * sr, channels))
        for level in levels or QUIET_THEN_LOUD
    ]
    with sf.SoundFile(
        path, "w", sr, channels, "MPEG_LAYER_III", format="MP3",
        compression_level=0.5, bitrate_mode=mode,
    ) as file:  # fmt: skip
        file.write(np.concatenate(parts))
    return path.read_bytes()


def without_table(raw):
    start = next(mp3._frames(raw, 0))
    frame = mp3._frame(raw, start)
    assert mp3._claim(raw, start, frame)[0]
    return raw[start + frame.size :]


@pytest.mark.parametrize("mode", ["VARIABLE", "CONSTANT", "AVERAGE"])
@pytest.mark.parametrize(
    ("sr", "channels"), [(44100, 1), (48000, 2), (22050, 2), (11025, 1), (8000, 1)]
)
def test_all_of_an_mp3_without_a_table_is_read(tmp_path, sr, channels, mode):
    path = tmp_path / "a.mp3"
    raw = encoded(path, sr, channels, mode=mode)
    assert mp3.with_length(raw) is None
    whole, _ = audio.read(path)
    path.write_bytes(without_table(raw))
    x, _ = audio.read(path)
    # A table also tells what the encoder put before and after the music.
    assert 0 <= len(x) - len(whole) < 3000
    delay = np.correlate(x[:4000, 0], whole[500:2500, 0]).argmax() - 500
    np.testing.assert_allclose(
        x[delay:][2000 : len(whole)], whole[2000 : len(x) - delay], atol=1e-4
    )


def test_libsndfile_alone_would_lose_most_of_it(tmp_path):
    path = tmp_path / "a.mp3"
    path.write_bytes(without_table(encoded(path)))
    assert sf.info(path).duration < 3  # when this fails, skmusic.audio.mp3 can go
    assert len(audio.read(path)[0]) / 44100 > 6


def test_all_of_two_files_in_one_is_read(tmp_path):
    path = tmp_path / "a.mp3"
    raw = encoded(path)
    n = len(audio.read(path)[0])
    path.write_bytes(raw + raw)
    assert len(audio.read(path)[0]) == pytest.approx(2 * n, abs=5000)


def test_tags_about_the_music_are_no_music(tmp_path):
    path = tmp_path / "a.mp3"
    raw = without_table(encoded(path, seconds=1))
    path.write_bytes(raw)
    n = len(audio.read(path)[0])
    tag = b"ID3\x03\0\0\0\0\x01\x00" + b"\xff\xfb\x90\x64" * 32
    path.write_bytes(tag + raw + b"TAG" + bytes(125))
    assert len(audio.read(path)[0]) == n


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff",
        b"ID3",
        b"RIFF" + b"\xff\xfb\x90\x64" * 500,
        b"\xff" * 1_000_000,
        b"\xff\xfb\x90" * 300_000,
        b"ID3\x03\0\0\x7f\x7f\x7f\x7f" + bytes(99),
        (b"\xff\xe3\x10" + bytes(21)) * 10_000,
    ],
)
def test_what_is_no_mp3_is_left_alone(raw):
    mended = mp3.with_length(raw)
    assert mended is None or len(mended) < len(raw) + 2000
