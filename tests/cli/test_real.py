"""From end to end, with the real estimators."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
from cli_helpers import (
    MAIN,
    REAL,
    SR,
    assert_one_error_line,
    in_python,
    leftovers,
    run,
    run_json,
)

from skmusic import audio

PLAY = ("--seconds", 2, "--pieces", 2, "--random-state", 3)


def test_a_command_goes_on_from_its_checkpoint(real, capsys, tmp_path):
    for epochs in (1, 2):
        options = "--sr", SR, "--N", 256, "--epochs", epochs, "--json"
        model = tmp_path / f"{epochs}.joblib"
        fit = "fit", real / "songs", "-o", model, *options, "--checkpoint", "states"
        assert run(*fit) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert said[0]["random_state"] == said[1]["random_state"]
    first, second = (joblib.load(f"{n}.joblib").steps[1][1] for n in (1, 2))
    assert second.history_[:1] == first.history_
    assert second.n_iter_ == 2
    assert run(*fit, "--synthesis", "regression") == 1
    assert "holds another training, of other" in capsys.readouterr().err


def test_real_compose_is_real_fit_and_sample(real, capsys):
    argv = ("--seconds", 2, "--pieces", 2, "-o", "c.wav")
    report = run_json(capsys, "compose", real / "songs", *REAL, *argv)
    assert run("sample", real / "model.joblib", *PLAY, "-o", "s.wav") == 0
    pieces = [Path(f["path"]).read_bytes() for f in report["files"]]
    assert pieces == [Path(f"s-{n}.wav").read_bytes() for n in (1, 2)]
    assert pieces[0] != pieces[1]
    for file in report["files"]:
        about = audio.info(file["path"])
        assert (about["sr"], about["channels"], about["seconds"]) == (SR, 2, 2.0)
        assert np.abs(audio.read(file["path"])[0]).max() > 0.001


def test_real_models_that_are_safe_to_share(real, capsys):
    argv = ("--save", "m.skmusic", *PLAY[:-2], "-o", "c.wav")
    assert run("compose", real / "songs", *REAL, *argv) == 0
    assert run("sample", "m.skmusic", *PLAY, "-o", "s.wav") == 0
    assert run("fit", real / "songs", *REAL, "-o", "f.skmusic") == 0
    assert run("sample", "f.skmusic", *PLAY, "-o", "f.wav") == 0
    pieces = {Path(f"{name}-1.wav").read_bytes() for name in "csf"}
    assert len(pieces) == 1
    (about,) = run_json(capsys, "info", "m.skmusic")["files"]
    assert about["steps"]["FFTFeaturizer"]["N"] == 256
    assert about["steps"]["StatefulLSTMGenerator"]["synthesis"] == "neural"


def test_real_regression(real, capsys):
    argv = ("--synthesis", "regression", "--seconds", 2, "--pieces", 1, "-o", "r.flac")
    argv += ("--report", "page.html")
    report = run_json(capsys, "compose", real / "songs", *REAL, *argv)
    assert report["settings"]["StatefulLSTMGenerator"]["synthesis"] == "regression"
    assert not {"begin", "end"} & report["settings"]["sample"].keys()
    assert audio.info("r.flac")["seconds"] == 2.0
    # The songs are there to hold the piece against.
    page = Path("page.html").read_text(encoding="utf-8")
    assert "Reference clip: b.wav" in page
    assert ">Measures<" in page


def test_real_equal_pieces_are_told_of(real, capsys):
    argv = ("--temperature", 0, "--quiet")
    assert run("sample", real / "model.joblib", *PLAY, *argv) == 0
    err = capsys.readouterr().err
    assert err.startswith("skmusic: warning: some pieces are equal")
    assert err.count("\n") == 1
    assert Path("skmusic-1.wav").read_bytes() == Path("skmusic-2.wav").read_bytes()


def test_real_process_is_silent_on_stderr_but_for_its_own_lines(real):
    (real / "broken").mkdir()
    (real / "broken" / "bad.wav").write_text("no sound")
    argv = ["compose", real / "songs", real / "broken", *REAL, "--seconds", 2]
    done = in_python(MAIN, *argv)
    assert done.returncode == 0
    left_out, little = done.stderr.splitlines()
    assert left_out.startswith("skmusic: warning: left out: ")
    assert little.startswith("skmusic: warning: less than a minute of music is little")
    assert leftovers(".") == [f"skmusic-{n}.wav" for n in (1, 2, 3)]


def stream(real, *argv, **options):
    """Process that streams from the model."""
    argv = [sys.executable, "-c", MAIN, "stream", str(real / "model.joblib"), *argv]
    return subprocess.Popen(argv, stderr=subprocess.PIPE, **options)


def test_real_stream_is_what_sample_writes(real, capfdbinary):
    # A stream has no end of its own.
    model = real / "model.joblib"
    argv = ("--seconds", 2, "--random-state", 3, "--no-end")
    assert run("sample", model, *argv, "--pieces", 1, "-o", "a.wav", "--quiet") == 0
    whole = Path("a.wav").read_bytes()
    for options, expected in ((), whole), (("--raw",), whole[44:]):
        assert run("stream", model, *argv, *options) == 0
        assert capfdbinary.readouterr() == (expected, b"")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
def test_real_endless_stream_ends_cleanly_with_its_listener(real):
    with stream(real, "--quiet", stdout=subprocess.PIPE) as process:
        assert len(process.stdout.read(200_000)) == 200_000
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_real_endless_stream_ends_cleanly_by_ctrl_c(real):
    with stream(real, "--quiet", stdout=subprocess.PIPE) as process:
        process.stdout.read(100_000)
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert process.stderr.read() == b"skmusic: interrupted\n"
    assert process.returncode == 130


def test_a_stream_is_not_poured_over_a_terminal(real, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert run("stream", real / "model.joblib") == 1
    assert_one_error_line(capsys, "terminal", "| aplay", "--play")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows runs no scripts")
def test_real_playing(real, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    model = real / "model.joblib"
    argv = ("--seconds", 2, "--random-state", 3, "--no-end", "--play")
    assert run("stream", model, *argv, "--quiet") == 1
    assert_one_error_line(capsys, "no player found")
    player = tmp_path / "aplay"
    text = "import sys; open('heard', 'ab').write(sys.stdin.buffer.read())"
    player.write_text(f"#!{sys.executable}\n{text}\n")
    player.chmod(0o755)
    assert run("stream", model, *argv) == 0
    streamed = Path("heard").read_bytes()
    assert run("sample", model, *argv, "--pieces", 2, "-o", "p.wav") == 0
    pieces = [Path(f"p-{n}.wav").read_bytes()[44:] for n in (1, 2)]
    assert Path("heard").read_bytes() == streamed + b"".join(pieces)
    assert streamed == pieces[0]


def test_real_progress_in_a_log_is_plain_lines(real, capsys):
    assert run("fit", real / "songs", "-o", "m.joblib", *REAL, "-v") == 0
    err = capsys.readouterr().err
    assert "fit to 5.9 s of music: " in err  # whole patches of 6 s
    assert not {"\r", "\x1b"} & set(err)


def test_real_report_shows_the_pieces_and_how_to_repeat_them(real, capsys):
    argv = ("--seconds", 1, "--pieces", 1, "--report", "page.html", "-o", "p.wav")
    report = run_json(capsys, "sample", real / "model.joblib", *argv)
    assert report["report"] == "page.html"
    page = Path("page.html").read_text(encoding="utf-8")
    assert ">p.wav<" in page
    line = f"--report page.html -o p.wav --json --random-state {report['random_state']}"
    assert line in page
