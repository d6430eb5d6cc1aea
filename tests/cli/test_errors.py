import os
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
from cli_helpers import QUICK, SR, assert_one_error_line, leftovers, run

import skmusic
from skmusic import audio


def test_songs_and_seed_are_never_overwritten(songs, capsys, fake):
    song = songs / "a.wav"
    argv = ("-o", song, "--pieces", 1)
    before = song.read_bytes()
    assert run("compose", song, *QUICK, *argv) == 1
    assert_one_error_line(capsys, "a.wav", "overwritten")
    for option in ("--seed", "--style"):
        assert run("compose", songs, option, song, *QUICK, *argv) == 1
        assert_one_error_line(capsys, "a.wav", "overwritten")
    assert song.read_bytes() == before
    assert fake.fits == []


@pytest.mark.parametrize(
    "argv",
    [
        ("compose", "songs", "-o", "out.xyz"),
        ("compose", "songs", "--save", "model.wav"),
        ("compose", "songs", "--report", "page.txt"),
        ("fit", "songs", "-o", "song.wav"),
        ("fit", "songs"),
        ("sample",),
        ("info",),
        ("compose", "--seconds", "nan"),
        ("compose", "--pieces", "0"),
        ("compose", "--temperature", "-1"),
        ("compose", "--random-state", "-1"),
        ("compose", "--epochs", "many"),
        ("compose", ""),
        ("compose", "songs", "-o", ""),
        ("dance",),
        ("compose", "songs", "--N", "255"),
        ("compose", "songs", "--quiet", "-v"),
        ("stream", "m.joblib", "--json"),
        ("stream", "m.joblib", "--pieces", "2"),
        (),
    ],
)
def test_wrong_usage_is_status_2_before_fitting(songs, argv, fake, capsys):
    assert run(*argv) == 2
    assert "error: " in capsys.readouterr().err
    assert fake.fits == []


@pytest.mark.parametrize(
    "argv",
    [
        ("compose", "songs", "-o", "nowhere/out.wav"),
        ("compose", "songs", "-o", "songs/a.wav/out.wav"),
        ("compose", "songs", "-o", "folder.wav/x.wav"),
        ("compose", "songs", "-o", "x" * 300 + ".wav"),
        ("compose", "songs", "--save", "nowhere/m.joblib"),
        ("compose", "songs", "--seed", "nowhere.wav"),
        ("compose", "songs", "--seed", "notes.wav"),
        ("compose", "empty"),
        ("compose", "windows.wma"),
        ("compose", "songs", "--seed", "songs"),
        ("compose", "songs", "--style", "songs"),
        ("compose", "songs", "--report", "/dev/null/page.html"),
        ("compose", "songs", "--checkpoint", "notes.wav/states"),
        ("compose", "nowhere"),
        ("fit", "songs", "-o", "nowhere/m.joblib"),
        ("fit", "songs", "-o", "folder.joblib"),
        ("sample", "nowhere.joblib"),
        ("sample", "notes.wav"),
        ("sample", "dict.joblib"),
        ("sample", "folder.joblib"),
        ("sample", "songs"),
        ("stream", "songs"),
        ("sample", "dict.skmusic"),
        ("sample", "part.skmusic"),
        ("info", "dict.skmusic"),
        ("info", "nowhere.wav"),
        ("info", "notes.joblib"),
        ("info", "dict.joblib"),
    ],
)
def test_wrong_input_is_one_line_and_leaves_nothing(songs, argv, capsys, fake):
    Path("notes.wav").write_text("no sound")
    Path("notes.joblib").write_text("no model")
    Path("folder.joblib").mkdir()
    (Path("folder.wav") / "x-1.wav").mkdir(parents=True)
    Path("empty").mkdir()
    Path("windows.wma").write_bytes(bytes.fromhex("3026b2758e66cf11") + bytes(99))
    for name in "dict.joblib", "dict.skmusic":
        joblib.dump({}, name)
    skmusic.save(skmusic.FFTFeaturizer(), "part.skmusic")
    before = leftovers(".")
    learning = ("--random-state", 0, "--quiet") if argv[0] != "info" else ()
    assert run(*argv, *learning) == 1
    assert_one_error_line(capsys)
    assert leftovers(".") == before
    assert fake.fits == []


def test_newlines_in_names_are_escaped(capsys):
    name = "two\nlines\udcff.wav"
    assert run("info", name) == 1
    assert_one_error_line(capsys, r"two\nlines\udcff.wav")
    audio.write("two\nlines.wav", np.zeros((SR, 1)), SR)
    assert run("info", "two\nlines.wav") == 0
    out = capsys.readouterr().out
    assert out == "two\\nlines.wav: WAV PCM_16, 8000 Hz, 1 channel, 1.00 s\n"


def test_a_broken_song_warns_once_and_strict_stops(songs, capsys):
    (songs / "bad\n.wav").write_text("no sound")
    argv = ("compose", songs, *QUICK, "--quiet", "--pieces", 1)
    assert run(*argv) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("skmusic: warning: ")
    assert err.count("\n") == 1
    assert r"bad\n.wav" in err
    Path("skmusic-1.wav").unlink()
    assert run(*argv, "--strict") == 1
    assert_one_error_line(capsys, r"bad\n.wav")
    assert not Path("skmusic-1.wav").exists()


def test_a_failure_midway_leaves_whole_pieces_or_none(songs, capsys, monkeypatch):
    Path("out").mkdir()
    Path("out/piece-2.wav").write_text("older")
    replace = os.replace

    def fail(source, target):
        if Path(target).name == "piece-2.wav":
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail)
    argv = ("-o", "out", "--quiet", "--save", "m.joblib")
    assert run("compose", songs, *QUICK, *argv) == 1
    assert_one_error_line(capsys, "No space left")
    assert leftovers("out") == [f"piece-{n}.wav" for n in (1, 2, 3)]
    assert Path("out/piece-2.wav").read_text() == "older"
    assert audio.info("out/piece-1.wav")["seconds"] == 0.5


def test_a_failing_save_leaves_the_older_model(songs, capsys, monkeypatch):
    Path("m.joblib").write_text("older")

    def fail(pipe, path):
        Path(path).write_text("half a mod")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(joblib, "dump", fail)
    before = leftovers(".")
    assert run("fit", songs, "-o", "m.joblib", "--quiet", "--sr", SR) == 1
    assert "No space left" in capsys.readouterr().err.splitlines()[-1]
    assert leftovers(".") == before
    assert Path("m.joblib").read_text() == "older"


def test_failing_to_compose_leaves_no_pieces(songs, capsys, monkeypatch, fake):
    def fail(self, **settings):
        raise MemoryError

    monkeypatch.setattr(fake, "sample", fail)
    monkeypatch.setitem(vars(skmusic), "save", lambda pipe, path: None)
    assert run("compose", songs, *QUICK, "-o", "new", "--quiet") == 1
    assert "MemoryError" in capsys.readouterr().err
    assert not Path("new").exists()


def fail(*args, **kwargs):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("where", [".", "elsewhere"])
def test_what_was_learned_is_kept_when_writing_fails(
    songs, capsys, monkeypatch, where, tmp_path
):
    saved = []

    def save(pipe, path):
        if where != "." and path.parent == Path():
            fail()
        saved.append(path)

    monkeypatch.setitem(vars(skmusic), "save", save)
    monkeypatch.setattr(audio, "write", fail)
    Path("skmusic-1.skmusic").touch()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert run("compose", songs, *QUICK, "--quiet") == 1
    kept, error = capsys.readouterr().err.splitlines()
    assert error == "skmusic: error: [Errno 28] No space left on device"
    assert kept == f"skmusic: the model is kept in {saved[0]}"
    folder = Path() if where == "." else tmp_path
    assert saved == [folder / "skmusic-2.skmusic"]


def test_a_model_that_is_saved_is_not_kept_again(songs, capsys, monkeypatch):
    monkeypatch.setattr(audio, "write", fail)
    assert run("compose", songs, *QUICK, "--quiet", "--save", "m.joblib") == 1
    assert_one_error_line(capsys, "No space left")
    assert leftovers(".") == ["a.wav", "b.wav", "m.joblib"]


def test_a_model_that_cannot_be_saved_anywhere_is_told_of(songs, capsys, monkeypatch):
    monkeypatch.setitem(vars(skmusic), "save", fail)
    assert run("fit", songs, "-o", "m.skmusic", "--quiet") == 1
    lost, error = capsys.readouterr().err.splitlines()
    assert "the model is lost" in lost
    assert "No space left" in error


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a /proc")
@pytest.mark.parametrize(
    "argv",
    [
        ("compose", "songs", "-o", "/proc/x.wav"),
        ("compose", "songs", "--save", "/proc/m.skmusic"),
        ("compose", "songs", "--checkpoint", "/proc/deep/states"),
        ("fit", "songs", "-o", "/proc/m.skmusic"),
        ("fit", "songs", "-o", "m.skmusic", "--checkpoint", "/proc/states"),
        ("sample", "m.joblib", "-o", "/proc/x.wav"),
    ],
)
def test_targets_are_tried_before_anything_is_learned(songs, argv, capsys, fake):
    assert run(*argv) == 1  # though its rights would allow it to root
    assert_one_error_line(capsys, "/proc/", "cannot be written (")
    assert fake.fits == []


def test_names_of_folders_are_answered_in_the_words_of_the_shell(songs, capsys):
    folder = songs.rename("my songs")
    for argv, words in (
        (("sample", folder), "skmusic compose 'my songs'"),
        (("compose", folder, "--seed", folder), "skmusic info 'my songs'"),
    ):
        assert run(*argv) == 1
        err = capsys.readouterr().err
        assert words in err
        assert "skmusic." not in err


def test_without_a_player_nothing_is_learned(songs, capsys, monkeypatch, fake):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    for argv in ("compose", songs), ("sample", "m.joblib"), ("stream", "m.joblib"):
        assert run(*argv, "--play") == 1
        assert_one_error_line(capsys, "no player found")
    assert fake.fits == []


@pytest.mark.parametrize("when", ["fit", "sample"])
def test_ctrl_c_is_status_130_and_one_line(songs, capsys, monkeypatch, fake, when):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(fake, when, interrupt)
    before = leftovers(".")
    assert run("compose", songs, *QUICK, "--quiet") == 130
    assert capsys.readouterr() == ("", "skmusic: interrupted\n")
    assert leftovers(".") == before


def test_a_report_that_lacks_a_library_is_refused_early(songs, monkeypatch, fake):
    def missing():
        raise ImportError("the report needs jinja2")

    monkeypatch.setattr("skmusic.display.html.check_installed", missing)
    assert run("compose", songs, *QUICK, "--report", "page.html") == 1
    assert fake.fits == []
