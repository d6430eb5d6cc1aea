import json
import subprocess
import sys
from pathlib import Path

import joblib
import pytest
from cli_helpers import MAIN, QUICK, SR, in_python, run, run_json

from skmusic import audio, datasets


def test_compose_writes_the_asked_pieces(songs, capsys, fake):
    report = run_json(capsys, "compose", songs, *QUICK, "--random-state", 7)
    assert [f["path"] for f in report["files"]] == [
        f"skmusic-{n}.wav" for n in (1, 2, 3)
    ]
    for file in report["files"]:
        about = audio.info(file["path"])
        assert (about["sr"], about["channels"], about["seconds"]) == (SR, 2, 0.5)
        assert {k: about[k] for k in ("sr", "channels", "seconds")} == {
            k: file[k] for k in ("sr", "channels", "seconds")
        }
    assert report["seconds"] == 0.5
    assert report["random_state"] == 7
    assert report["settings"]["FFTFeaturizer"]["N"] == 256
    assert report["settings"]["sample"]["temperature"] == 1.0
    assert report["elapsed"] >= 0
    assert report["songs"] == [str(songs / "a.wav"), str(songs / "b.wav")]
    assert not report["built_in_songs"]


def test_json_moves_human_text_to_stderr_and_quiet_drops_it(songs, capsys):
    assert run("compose", songs, *QUICK, "--json") == 0
    out, err = capsys.readouterr()
    assert out.count("\n") == 1
    assert "--random-state" in err
    assert "skmusic-1.wav" in err
    assert run("compose", songs, *QUICK, "--quiet") == 0
    assert capsys.readouterr() == ("", "")
    assert run("compose", songs, *QUICK) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "skmusic-7.wav: WAV PCM_16, 8000 Hz, 2 channels, 0.50 s" in out


def test_same_random_state_same_bytes_and_pieces_differ(songs):
    for out, pieces in ("x", 10), ("y", 2), ("z", 2):
        state = 2 if out == "z" else 1
        argv = ("--pieces", pieces, "-o", out, "--random-state", state)
        assert run("compose", songs, *QUICK, *argv) == 0
    x, y, z = (
        [next(Path(out).glob(f"piece-*{n}.wav")).read_bytes() for n in (1, 2)]
        for out in "xyz"
    )
    assert x == y
    assert len({*x, *z}) == 4


def test_a_random_state_that_was_drawn_repeats_the_run(songs, capsys):
    report = run_json(capsys, "compose", songs, *QUICK, "-o", "x")
    state = report["random_state"]
    assert run("compose", songs, *QUICK, "-o", "y", "--random-state", state) == 0
    assert f"--random-state {state}" not in capsys.readouterr().out
    x, y = (Path(out, "piece-2.wav").read_bytes() for out in "xy")
    assert x == y
    assert run_json(capsys, "compose", songs, *QUICK)["random_state"] != state


def test_compose_is_fit_and_sample(songs, capsys):
    state = ("--random-state", 5)
    learning = ("--sr", SR, "--N", 256, *state)
    playing = ("--seconds", 0.5, "--pieces", 2, *state)
    argv = ("--save", "c.joblib", "-o", "c.wav")
    assert run("compose", songs, *learning, *playing[:-2], *argv) == 0
    assert run("fit", songs, "-o", "f.joblib", *learning) == 0
    assert run("sample", "f.joblib", "-o", "f.wav", *playing) == 0
    assert run("sample", "c.joblib", "-o", "d.wav", *playing) == 0
    for n in 1, 2:
        c, d, f = (Path(f"{stem}-{n}.wav").read_bytes() for stem in "cdf")
        assert c == d == f


@pytest.mark.parametrize(
    ("argv", "names"),
    [
        (("-o", "out.wav", "--pieces", "1"), ["out.wav"]),
        (("-o", "out.flac", "--pieces", "2"), ["out-1.flac", "out-2.flac"]),
        (("-o", "new", "--pieces", "1"), ["piece-1.wav"]),
        (("-o", "there.wav", "--pieces", "1"), ["piece-1.wav"]),
        (("--pieces", "1"), ["skmusic-1.wav"]),
    ],
)
def test_names_of_pieces(songs, argv, names, capsys):
    Path("there.wav").mkdir()
    report = run_json(capsys, "compose", songs, *QUICK, *argv)
    assert [Path(f["path"]).name for f in report["files"]] == names
    assert all(Path(f["path"]).is_file() for f in report["files"])


def test_default_names_never_overwrite(songs):
    Path("skmusic-2.wav").write_text("dear to me")
    assert run("compose", songs, *QUICK, "--pieces", 2) == 0
    assert Path("skmusic-2.wav").read_text() == "dear to me"
    assert Path("skmusic-4.wav").exists()


def test_without_songs_the_built_in_ones_are_learned(capsys, fake, monkeypatch):
    made = datasets.make_songs(1, 1.0, sr=SR, random_state=0)
    asked = []
    monkeypatch.setattr(
        datasets, "make_songs", lambda **options: asked.append(options) or made
    )
    assert run("compose", *QUICK) == 0
    assert "built-in" in capsys.readouterr().out
    assert run("fit", "-o", "m.joblib", "--sr", SR, "--N", 256) == 0
    assert asked == [{"sr": SR, "random_state": 0}] * 2
    assert fake.fits == [made.recordings] * 2


def test_own_pieces_are_not_learned(songs, fake):
    for _ in range(2):
        assert run("compose", songs, *QUICK, "-o", songs / "out.wav") == 0
    assert [len(X) for X in fake.fits] == [2, 2]


def test_options_reach_the_estimators(songs, fake, capsys):
    seed = songs / "a.wav"
    options = ("--temperature", 0.5, "--seed", seed, "--style", seed)
    model = ("--epochs", 3, "--max-minutes", 9, "--save", "m.joblib", "--synthesis")
    assert run("compose", songs, *QUICK, *options, *model, "regression") == 1
    assert run("compose", songs, *QUICK, *options, *model, "neural") == 0
    assert fake.calls[0] == {
        "seed": seed, "style": seed, "verbose": 0, "temperature": 0.5,
    }  # fmt: skip
    steps = dict(joblib.load("m.joblib").steps)
    assert steps["fakegenerator"].params["epochs"] == 3
    assert steps["fakegenerator"].params["max_minutes"] == 9
    assert steps["fakegenerator"].params["synthesis"] == "neural"
    assert steps["fftfeaturizer"].get_params()["N"] == 256


def test_bars_are_for_terminals(songs, monkeypatch, fake):
    for terminal, argv, verbose in (
        (1, [], 1),
        (1, ["--quiet"], 0),
        (0, [], 0),
        (0, ["-v"], 1),
    ):
        monkeypatch.setattr(sys.stderr, "isatty", lambda t=terminal: bool(t))
        assert run("compose", songs, *QUICK, "--pieces", 1, *argv) == 0
        assert fake.calls[-1]["verbose"] == verbose


def test_info_tells_of_recordings_and_models(songs, capsys):
    assert run("fit", songs, "-o", "m.joblib", "--sr", SR, "--N", 256) == 0
    capsys.readouterr()
    assert run("info", songs / "a.wav", "m.joblib") == 0
    recording, model = capsys.readouterr().out.splitlines()
    assert recording.endswith("a.wav: WAV PCM_16, 8000 Hz, 2 channels, 31.00 s")
    assert "m.joblib: model" in model
    assert "N=256" in model
    report = run_json(capsys, "info", songs / "a.wav", "m.joblib")
    recording, model = report["files"]
    assert (recording["format"], recording["sr"], recording["channels"]) == (
        "WAV", SR, 2
    )  # fmt: skip
    assert recording["seconds"] == 31.0
    assert model["steps"]["FFTFeaturizer"]["N"] == 256


def test_info_of_a_folder_lists_it(songs, capsys):
    (songs / "empty.wav").touch()
    (songs / "none").mkdir()
    assert run("info", songs) == 1
    out, err = capsys.readouterr()
    first, second, total = out.splitlines()
    assert first.endswith("a.wav: WAV PCM_16, 8000 Hz, 2 channels, 31.00 s")
    assert second.startswith(f"{songs / 'b.wav'}: ")
    assert total == f"{songs}: 3 recordings, 1 min 02 s in all"
    assert err == f"skmusic: error: '{songs / 'empty.wav'}' is empty; leave it out\n"
    (songs / "empty.wav").unlink()
    assert len(run_json(capsys, "info", songs)["files"]) == 2
    report = run_json(capsys, "info", songs / "none", songs / "a.wav", status=1)
    assert len(report["files"]) == len(report["errors"]) == 1


def test_the_length_of_all_is_told_and_little_is_warned_of(songs, capsys):
    assert run("compose", songs, *QUICK) == 0
    out, err = capsys.readouterr()
    assert "learning from 2 recordings, 1 min 02 s of music ..." in out
    assert err == ""
    assert run("compose", songs / "a.wav", *QUICK) == 0
    out, err = capsys.readouterr()
    assert "learning from 1 recording, 31.0 s of music ..." in out
    assert err.startswith("skmusic: warning: less than a minute of music is little")
    assert err.count("\n") == 1


def test_sound_that_cannot_be_read_is_named(songs, capsys, fake):
    (songs / "windows.wma").write_bytes(bytes.fromhex("3026b2758e66cf11"))
    (songs / "empty.flac").touch()
    assert run("compose", songs, *QUICK) == 0
    skipped, left_out = capsys.readouterr().err.splitlines()
    assert skipped.endswith("skipped 1 file of a kind that cannot be read: windows.wma")
    assert left_out.endswith("empty.flac' is empty; leave it out")
    assert [len(X) for X in fake.fits] == [2]


def test_info_goes_on_after_a_broken_file(songs, capsys):
    report = run_json(capsys, "info", "nowhere", songs / "a.wav", status=1)
    assert [f["path"] for f in report["files"]] == [str(songs / "a.wav")]
    assert len(report["errors"]) == 1


CHEAP = """
import json, os, sys
from skmusic.cli import main

def check(names, lines, wanted):
    for folder, *argv in lines:
        os.chdir(folder)
        try:
            status = main(argv)
        except SystemExit as stop:
            status = stop.code
        heavy = names & {name.partition(".")[0] for name in sys.modules}
        assert bool(status) == wanted and not heavy, (argv, status, heavy)

refused, heard = json.loads(sys.argv[1])
check({"tensorflow", "keras", "sklearn", "scipy"}, refused, True)
check({"tensorflow", "keras"}, heard, False)
"""


def test_cheap_checks_load_nothing_heavy(songs, tmp_path):
    (tmp_path / "windows.wma").write_bytes(bytes.fromhex("3026b2758e66cf11"))
    (tmp_path / "no.skmusic").touch()
    (tmp_path / "empty").mkdir()
    here, empty, song = map(str, (tmp_path, tmp_path / "empty", songs / "a.wav"))
    refused = [
        (here, "compose", "windows.wma"),
        (empty, "compose", "."),
        (here, "compose", "a.wav", "--N", "255"),
        (here, "compose", "a.wav", "-o", "nowhere/out.wav"),
        (here, "fit", "windows.wma", "-o", "m.skmusic"),
        (here, "compose", "a.wav", "--save", "nowhere/m.skmusic"),
        (here, "compose", "a.wav", "--report", "nowhere/page.html"),
        (empty, "sample", "."),
        (here, "sample", "nowhere.skmusic"),
        (here, "sample", "windows.wma"),
        (here, "info", "no.skmusic"),
        (empty, "sample", "m.skmusic", "--seed", "."),
    ]
    heard = [(here, "--help"), (here, "compose", "--help"), (here, "info", song)]
    done = in_python(CHEAP, json.dumps([refused, heard]))
    assert done.returncode == 0, done.stderr


def test_python_m_skmusic(songs):
    def module(*argv):
        argv = [sys.executable, "-m", "skmusic", *map(str, argv)]
        return subprocess.run(argv, capture_output=True, text=True, timeout=300)

    done = module("info", songs / "a.wav", "nowhere.wav")
    assert done.returncode == 1
    assert "31.00 s" in done.stdout
    assert done.stderr == "skmusic: error: 'nowhere.wav': no such file\n"
    done = module("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: skmusic ")


def test_loading_tensorflow_is_silent_but_python_is_not():
    code = """
import os, sys
from skmusic.cli.console import without_library_noise
for _ in range(2):
    with without_library_noise():
        import skmusic.network.keras_lstm, keras
        keras.ops.add(1, 1)
        os.write(2, b"noise")
        print("said", file=sys.stderr)
os.write(2, b"back")
"""
    done = in_python(code)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "said\nsaid\nback"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
def test_a_closed_pipe_is_no_traceback(songs):
    argv = [sys.executable, "-c", MAIN, "info", *[str(songs / "a.wav")] * 9]
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1
