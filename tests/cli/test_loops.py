"""The option --loop: what it writes, and what it refuses before anything is learned."""

import pytest
from cli_helpers import run, run_json

from skmusic import audio


@pytest.mark.parametrize("suffix", ["wav", "ogg"])
def test_sample_writes_marked_loops(real, capsys, suffix):
    out = f"out.{suffix}"
    argv = ("sample", real / "model.joblib", "--loop", "--seconds", 2, "--pieces", 1)
    report = run_json(capsys, *argv, "-o", out, "--random-state", 1)
    assert report["settings"]["sample"]["loop"] is True
    x, sr = audio.read(out)
    assert abs(len(x) / sr - 2) <= 0.1
    mark = b"smpl" if suffix == "wav" else b"LOOPLENGTH=%d" % len(x)
    with open(out, "rb") as file:
        assert mark in file.read()
    # It neither rises from silence nor falls to it.
    tenth = sr // 10
    ends = min(abs(x[:tenth]).max(), abs(x[-tenth:]).max())
    assert ends > 0.02 * abs(x).max()


def test_without_loop_nothing_is_marked(real, capsys):
    argv = ("sample", real / "model.joblib", "--seconds", 2, "--pieces", 1)
    report = run_json(capsys, *argv, "-o", "out.wav", "--random-state", 1)
    assert "loop" not in report["settings"]["sample"]
    with open("out.wav", "rb") as file:
        assert b"smpl" not in file.read()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-o", "out.mp3"), "cannot write a loop as .mp3"),
        (("--seconds", 1), "--loop takes --seconds 2 or more, not 1"),
    ],
)
def test_what_cannot_loop_is_said_before_learning(
    fake, songs, capsys, options, message
):
    assert run("compose", songs, "--loop", "--pieces", 1, *options) == 1
    assert message in capsys.readouterr().err
    assert not fake.fits
