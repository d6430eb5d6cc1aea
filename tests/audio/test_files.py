import os

import pytest

from skmusic import audio


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


def test_find_tells_of_sound_that_cannot_be_read(folder):
    (folder / "sub" / "windows.WMA").touch()
    text = "skipped 1 file of a kind that cannot be read: windows.WMA"
    with pytest.warns(UserWarning, match=f"^{text}$"):
        assert len(audio.find(folder)) == 4
    audio.find(folder, ignore=folder / "sub")  # warnings are errors
    audio.find(folder / "sub" / "windows.WMA")  # it was asked for
    for i in range(6):
        (folder / f"{i}.mka").touch()
    with pytest.warns(UserWarning, match=r"skipped 7 files .*: 0\.mka, .*, \.\.\.$"):
        audio.find(folder)
    (folder / "other").mkdir()
    (folder / "other" / "a.ape").touch()
    with (
        pytest.warns(UserWarning, match=r"a\.ape"),
        pytest.raises(ValueError, match="no recording"),
    ):
        audio.find(folder / "other")


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
