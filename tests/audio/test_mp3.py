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
    ((start, _),), _ = mp3._runs(raw)
    frame = mp3._frame(raw[start : start + 4])
    assert mp3._claim(raw, start, frame)[0]
    return raw[start + frame.size :]


@pytest.mark.parametrize("mode", ["VARIABLE", "CONSTANT"])
@pytest.mark.parametrize(("sr", "channels"), [(44100, 1), (22050, 2), (8000, 1)])
def test_all_of_an_mp3_without_a_table_is_read(tmp_path, sr, channels, mode):
    path = tmp_path / "a.mp3"
    raw = encoded(path, sr, channels, mode=mode)
    assert mp3.mended(raw).raw is raw
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


TAG = b"ID3\x03\0\0\0\0\x01\x00" + b"\xff\xfb\x90\x64" * 32


@pytest.mark.parametrize("suffix", ["mp3", "wav", "raw"])
@pytest.mark.parametrize("between", [TAG, b"TAG" + bytes(125)])
def test_all_is_read_whatever_the_name_and_info_gives_its_length(
    tmp_path, suffix, between, capfd
):
    raw = encoded(tmp_path / "a.mp3")
    n = len(audio.read(tmp_path / "a.mp3")[0])
    bare = without_table(raw)
    half = bare[: len(bare) // 2]
    for made, length in (
        (bare, n),
        (bare + between + bare, 2 * n),
        (raw + between + raw, 2 * n),
        (half, mp3.mended(half).n_frames * 1152),
    ):
        path = tmp_path / f"x.{suffix}"
        path.write_bytes(made)
        x, sr = audio.read(path)
        assert len(x) == pytest.approx(length, abs=5000)
        about = audio.info(path)
        assert (about["samples"], about["seconds"]) == (len(x), len(x) / sr)
        assert about["format"] == "MP3"
    assert capfd.readouterr() == ("", "")


def test_what_is_cut_off_is_as_long_as_it_is_read(tmp_path, capfd):
    raw = encoded(tmp_path / "a.mp3")
    (tmp_path / "cut.wav").write_bytes(raw[: len(raw) // 2])
    with pytest.warns(UserWarning, match=r"cut\.wav' is damaged or cut off"):
        x, _ = audio.read(tmp_path / "cut.wav")
    assert audio.info(tmp_path / "cut.wav")["samples"] == len(x) > 44100
    assert capfd.readouterr() == ("", "")


def test_what_follows_a_hole_is_read_too(tmp_path, capfd):
    path = tmp_path / "a.mp3"
    raw = encoded(path, levels=[0.9])
    n = len(audio.read(path)[0])
    path.write_bytes(raw[:20_000] + bytes(3000) + raw[23_000:])
    with pytest.warns(UserWarning, match="damaged"):
        x, _ = audio.read(path)
    assert audio.info(path)["samples"] == len(x) == pytest.approx(n, abs=20_000)
    assert capfd.readouterr() == ("", "")


def test_frames_of_another_rate_are_no_part_of_it(tmp_path):
    long, other = encoded(tmp_path / "a.mp3"), encoded(tmp_path / "b.mp3", 22050)
    (tmp_path / "a.mp3").write_bytes(long + other)
    x, sr = audio.read(tmp_path / "a.mp3")
    assert (len(x) / sr, sr) == (pytest.approx(6, abs=0.1), 44100)
    assert audio.info(tmp_path / "a.mp3")["samples"] == len(x)


def test_tags_about_the_music_are_no_music(tmp_path):
    path = tmp_path / "a.mp3"
    raw = without_table(encoded(path, seconds=1))
    path.write_bytes(raw)
    n = len(audio.read(path)[0])
    path.write_bytes(TAG + raw + b"TAG" + bytes(125))
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
    assert len(mp3.mended(raw).raw) < len(raw) + 2000
