import warnings

import numpy as np
import pytest
from hostile_audio import GOOD

from skmusic import audio


@pytest.mark.parametrize("name", list(GOOD) + ["a.m4a"])
def test_a_wrong_name_changes_nothing(good, tmp_path, name, capfd):
    (tmp_path / name).write_bytes(good[name])
    x, _ = audio.read(tmp_path / name)
    about = audio.info(tmp_path / name)
    assert about["samples"] == len(x)
    for suffix in ("mp3", "m4a", "raw", "doc"):
        path = tmp_path / f"wrong.{suffix}"
        path.write_bytes(good[name])
        np.testing.assert_array_equal(audio.read(path)[0], x)
        assert audio.info(path) == about | {"path": path}
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", list(GOOD) + ["a.m4a"])
def test_info_of_a_cut_file_is_the_length_that_is_read(good, tmp_path, name, capfd):
    path = tmp_path / name
    for part in (0.3, 0.8):
        path.write_bytes(good[name][: int(part * len(good[name]))])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            try:
                n = len(audio.read(path)[0])
            except ValueError:
                with pytest.raises(ValueError, match=r"is damaged|no sound"):
                    audio.info(path)
            else:
                assert audio.info(path)["samples"] == n
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("function", [audio.read, audio.info])
@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.wma", bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), "Windows Media"),
        ("a.mp3", bytes.fromhex("1a45dfa3") + bytes(99), "Matroska or WebM"),
        ("a.wav", b"MAC \x96\x0f" + bytes(99), "Monkey's Audio"),
        ("a.mp3", b"ID3\x03\0\0\0\0\0\x04" + bytes(4) + b"MPCK", "Musepack"),
        ("a.wav", b"RIFF\x24\0\0\0AVI LIST", "AVI video"),
    ],
)
def test_kinds_that_cannot_be_read_are_named(tmp_path, function, name, content, why):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=rf"{name}' is {why}, which .*; convert it"):
        function(tmp_path / name)


@pytest.mark.parametrize("function", [audio.read, audio.info])
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"fLaC\0\0\0\x22", "is damaged"),
        (b"RIFF\x24\0\0\0WAVE", "is damaged"),
        (b"OggS", "is damaged"),
        (b"\xff\xfb\x90\x64" + bytes(99), "is damaged"),
        (b"\0\0\0\x18ftypM4A ", "is damaged"),
        (b"ID3\x03\0\0\0\0\x01\0" + bytes(128), "holds no sound, only tags"),
        (b"ID3\x03\0\0\0\0\x01\0" + bytes(128) + b"TAG", "holds no sound, only"),
    ],
)
@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "m4a"])
def test_what_is_wrong_with_a_file_is_told(
    tmp_path, function, content, why, suffix, capfd
):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"a\.{suffix}' {why}.*leave it out"):
        function(path)
    assert capfd.readouterr() == ("", "")
