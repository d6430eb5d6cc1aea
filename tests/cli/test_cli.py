import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest

import skmusic
from skmusic import audio, datasets
from skmusic.cli import main

SR = 8000
QUICK = ("--sr", SR, "--N", 256, "--seconds", 0.5)
REAL = ("--sr", SR, "--N", 256, "--epochs", 1, "--random-state", 3)


class FakeGenerator:
    """Takes what the generator takes and learns nothing."""

    def __init__(self, **params):
        self.params = params

    def get_params(self, deep=True):
        return self.params


class FakePipeline:
    """Reads the songs as the real one does; composes noise."""

    fits = []
    calls = []

    def __init__(self, steps):
        self.steps = [(type(step).__name__.lower(), step) for step in steps]

    def fit(self, X):
        self.fits.append(X)
        self.steps[0][1].fit_transform(X)
        return self

    def sample(self, seed, *, seconds, random_state, verbose, **settings):
        n_samples = round(seconds * self.steps[0][1].sr)
        pieces = []
        for each in seed:
            self.calls.append({"seed": each, "verbose": verbose, **settings})
            noise = random_state.uniform(-0.5, 0.5, (n_samples, 2))
            pieces.append(noise.astype("float32"))
        return pieces


@pytest.fixture(autouse=True)
def fake(request, monkeypatch, tmp_path):
    """Work in an empty folder, without the real estimators unless asked for."""
    monkeypatch.chdir(tmp_path)
    if "real" in request.fixturenames:
        return None
    monkeypatch.setitem(sys.modules, "skmusic.network.keras_lstm", sys)  # no TensorFlow
    monkeypatch.setitem(vars(skmusic), "Pipeline", FakePipeline)
    monkeypatch.setitem(vars(skmusic), "StatefulLSTMGenerator", FakeGenerator)
    monkeypatch.setattr(FakePipeline, "fits", [])
    monkeypatch.setattr(FakePipeline, "calls", [])
    return FakePipeline


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A folder with songs and a model of them, made by the command itself."""
    folder = tmp_path_factory.mktemp("real")
    (folder / "songs").mkdir()
    made = datasets.make_songs(2, 3.0, sr=SR, random_state=0)
    for name, x in zip("ab", made.recordings, strict=True):
        audio.write(folder / "songs" / f"{name}.wav", x, SR)
    assert run("fit", folder / "songs", "-o", folder / "model.joblib", *REAL) == 0
    return folder


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
    assert run(*fit, "--output", "regression") == 1
    assert "holds another training, of other" in capsys.readouterr().err


@pytest.fixture
def songs(tmp_path):
    folder = tmp_path / "songs"
    folder.mkdir()
    made = datasets.make_songs(2, 3.0, sr=SR, random_state=0)
    for name, x in zip("ab", made.recordings, strict=True):
        audio.write(folder / f"{name}.wav", x, SR)
    return folder


def run(*argv):
    """Status of a command line, also of one that argparse refuses."""
    try:
        return main([str(arg) for arg in argv])
    except SystemExit as stop:
        return stop.code


def run_json(capsys, *argv, status=0):
    capsys.readouterr()
    assert run(*argv, "--json") == status
    return json.loads(capsys.readouterr().out)


def assert_one_error_line(capsys, *words):
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("skmusic: error: ")
    assert err.count("\n") == 1
    for word in words:
        assert word in err


def leftovers(folder):
    return sorted(p.name for p in Path(folder).rglob("*") if p.is_file())


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


def test_songs_and_seed_are_never_overwritten(songs, capsys, fake):
    song = songs / "a.wav"
    argv = ("-o", song, "--pieces", 1)
    before = song.read_bytes()
    assert run("compose", song, *QUICK, *argv) == 1
    assert_one_error_line(capsys, "a.wav", "overwritten")
    for option in ("--seed", "--mood"):
        assert run("compose", songs, option, song, *QUICK, *argv) == 1
        assert_one_error_line(capsys, "a.wav", "overwritten")
    assert song.read_bytes() == before
    assert fake.fits == []


def test_options_reach_the_estimators(songs, fake, capsys):
    options = ("--temperature", 0.5, "--top-k", 4, "--top-p", 0.9)
    model = ("--epochs", 3, "--output", "regression", "--save", "m.joblib")
    seed = songs / "a.wav"
    options += ("--seed", seed, "--mood", seed)
    assert run("compose", songs, *QUICK, *options, *model) == 0
    assert fake.calls[0] == {
        "seed": seed, "mood": seed, "verbose": 0,
        "temperature": 0.5, "top_k": 4, "top_p": 0.9,
    }  # fmt: skip
    steps = dict(joblib.load("m.joblib").steps)
    assert steps["fakegenerator"].params["epochs"] == 3
    assert steps["fakegenerator"].params["output"] == "regression"
    assert steps["fftfeaturizer"].get_params()["N"] == 256


@pytest.mark.parametrize(
    "argv",
    [
        ("compose", "songs", "-o", "out.xyz"),
        ("compose", "songs", "--save", "model.wav"),
        ("fit", "songs", "-o", "song.wav"),
        ("fit", "songs"),
        ("sample",),
        ("info",),
        ("compose", "--seconds", "nan"),
        ("compose", "--seconds", "inf"),
        ("compose", "--seconds", "0"),
        ("compose", "--pieces", "0"),
        ("compose", "--top-p", "1.5"),
        ("compose", "--random-state", "-1"),
        ("compose", "--epochs", "many"),
        ("compose", ""),
        ("compose", "songs", "-o", ""),
        ("dance",),
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
        ("compose", "songs", "-o", "nowhere/folder"),
        ("compose", "songs", "-o", "songs/a.wav/out.wav"),
        ("compose", "songs", "-o", "folder.wav/x.wav"),
        ("compose", "songs", "-o", "x" * 300 + ".wav"),
        ("compose", "songs", "--save", "nowhere/m.joblib"),
        ("compose", "songs", "--seed", "nowhere.wav"),
        ("compose", "songs", "--seed", "notes.wav"),
        ("compose", "songs", "--N", "255"),
        ("compose", "nowhere"),
        ("compose", "folder.wav"),
        ("fit", "songs", "-o", "nowhere/m.joblib"),
        ("fit", "songs", "-o", "folder.joblib"),
        ("sample", "nowhere.joblib"),
        ("sample", "notes.wav"),
        ("sample", "songs/a.wav"),
        ("sample", "dict.joblib"),
        ("sample", "folder.joblib"),
        ("sample", "dict.skmusic"),
        ("sample", "part.skmusic"),
        ("info", "dict.skmusic"),
        ("info", "nowhere.wav"),
        ("info", "notes.wav"),
        ("info", "notes.joblib"),
        ("info", "dict.joblib"),
    ],
)
def test_wrong_input_is_one_line_and_leaves_nothing(songs, argv, capsys, fake):
    Path("notes.wav").write_text("no sound")
    Path("notes.joblib").write_text("no model")
    Path("folder.joblib").mkdir()
    (Path("folder.wav") / "x-1.wav").mkdir(parents=True)
    for name in "dict.joblib", "dict.skmusic":
        joblib.dump({}, name)
    skmusic.save(skmusic.FFTFeaturizer(), "part.skmusic")
    before = leftovers(".")
    learning = ("--random-state", 0, "--quiet") if argv[0] != "info" else ()
    assert run(*argv, *learning) == 1
    assert_one_error_line(capsys)
    assert leftovers(".") == before
    # The window is the estimator's own to judge, and it does at once.
    assert fake.fits == [] or "--N" in argv


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
    assert run("compose", songs, *QUICK, "-o", "out", "--quiet") == 1
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
    assert_one_error_line(capsys, "No space left")
    assert leftovers(".") == before
    assert Path("m.joblib").read_text() == "older"


def test_failing_to_compose_leaves_nothing(songs, capsys, monkeypatch, fake):
    def fail(self, **settings):
        raise MemoryError

    monkeypatch.setattr(fake, "sample", fail)
    assert run("compose", songs, *QUICK, "-o", "new", "--quiet") == 1
    assert_one_error_line(capsys, "MemoryError")
    assert not Path("new").exists()


@pytest.mark.parametrize("when", ["fit", "sample"])
def test_ctrl_c_is_status_130_and_one_line(songs, capsys, monkeypatch, fake, when):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(fake, when, interrupt)
    before = leftovers(".")
    assert run("compose", songs, *QUICK, "--quiet") == 130
    assert capsys.readouterr() == ("", "skmusic: interrupted\n")
    assert leftovers(".") == before


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
    assert recording.endswith("a.wav: WAV PCM_16, 8000 Hz, 2 channels, 3.00 s")
    assert "m.joblib: model" in model
    assert "N=256" in model
    report = run_json(capsys, "info", songs / "a.wav", "m.joblib")
    recording, model = report["files"]
    assert (recording["format"], recording["sr"], recording["channels"]) == (
        "WAV", SR, 2
    )  # fmt: skip
    assert recording["seconds"] == 3.0
    assert model["steps"]["FFTFeaturizer"]["N"] == 256


def test_info_goes_on_after_a_broken_file(songs, capsys):
    report = run_json(capsys, "info", "nowhere", songs / "a.wav", status=1)
    assert [f["path"] for f in report["files"]] == [str(songs / "a.wav")]
    assert len(report["errors"]) == 1


def in_python(code, *argv, **options):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, argv)],
        capture_output=True,
        text=True,
        timeout=300,
        **options,
    )


LOADED = """
import sys
from skmusic.cli import main
try:
    status = main(sys.argv[1:])
except SystemExit as stop:
    status = stop.code
heavy = {"tensorflow", "keras"} & set(sys.modules)
sys.exit(status or (f"loaded {heavy}" if heavy else 0))
"""


def test_help_and_info_load_no_tensorflow(songs):
    for argv in ("--help",), ("compose", "--help"), ("info", songs / "a.wav"):
        done = in_python(LOADED, *argv)
        assert (done.returncode, done.stderr) == (0, "")


def test_python_m_skmusic(songs):
    def module(*argv):
        argv = [sys.executable, "-m", "skmusic", *map(str, argv)]
        return subprocess.run(argv, capture_output=True, text=True, timeout=300)

    done = module("info", songs / "a.wav", "nowhere.wav")
    assert done.returncode == 1
    assert "3.00 s" in done.stdout
    assert done.stderr == "skmusic: error: 'nowhere.wav': no such file\n"
    done = module("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: skmusic ")


def test_loading_tensorflow_is_silent():
    code = "from skmusic.cli import _load_tensorflow as load; load(); load()"
    code += "\nimport os, keras; keras.ops.add(1, 1); os.write(2, b'back')"
    done = in_python(code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "back")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
def test_a_closed_pipe_is_no_traceback(songs):
    code = "import sys\nfrom skmusic.cli import main\nsys.exit(main(sys.argv[1:]))"
    argv = [sys.executable, "-c", code, "info", *[str(songs / "a.wav")] * 9]
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1


# From end to end, with the real estimators.


PLAY = ("--seconds", 2, "--pieces", 2, "--random-state", 3)


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


def test_real_regression(real, capsys):
    argv = ("--output", "regression", "--seconds", 2, "--pieces", 1, "-o", "r.flac")
    report = run_json(capsys, "compose", real / "songs", *REAL, *argv)
    assert report["settings"]["StatefulLSTMGenerator"]["output"] == "regression"
    assert audio.info("r.flac")["seconds"] == 2.0


def test_real_spectra(real, capsys):
    argv = ("--emission", "spectra", "--save", "s.skmusic", "-o", "s.flac")
    page = ("--report", "page.html")
    report = run_json(capsys, "compose", real / "songs", *REAL, *PLAY, *argv, *page)
    assert report["settings"]["StatefulLSTMGenerator"]["emission"] == "spectra"
    (about,) = run_json(capsys, "info", "s.skmusic")["files"]
    assert about["steps"]["StatefulLSTMGenerator"]["emission"] == "spectra"
    assert run("sample", "s.skmusic", *PLAY, "-o", "again.flac") == 0
    assert Path("again-1.flac").read_bytes() == Path("s-1.flac").read_bytes()


def test_real_equal_pieces_are_told_of(real, capsys):
    argv = ("--temperature", 0, "--quiet")
    assert run("sample", real / "model.joblib", *PLAY, *argv) == 0
    err = capsys.readouterr().err
    assert err.startswith("skmusic: warning: some pieces are equal")
    assert err.count("\n") == 1
    assert Path("skmusic-1.wav").read_bytes() == Path("skmusic-2.wav").read_bytes()


def test_real_seed_and_sampling_options_count(real):
    model, options = real / "model.joblib", ("--temperature", 0.5, "--top-k", 3)
    seed = ("--seed", real / "songs" / "a.wav")
    mood = ("--mood", seed[1])
    kinds = {"plain": (), "cool": options, "seeded": seed, "moody": mood}
    for name, argv in kinds.items():
        assert run("sample", model, *PLAY, *argv, "-o", name) == 0
    pieces = [Path(name, "piece-1.wav").read_bytes() for name in kinds]
    assert len(set(pieces)) == 4


def test_real_sample_and_info_of_a_model_load_no_tensorflow(real):
    for argv in (
        ("sample", real / "model.joblib", *PLAY, "--quiet"),
        ("info", real / "model.joblib"),
    ):
        done = in_python(LOADED, *argv)
        assert (done.returncode, done.stderr) == (0, "")


def test_real_process_is_silent_on_stderr_but_for_its_own_lines(real):
    (real / "broken").mkdir()
    (real / "broken" / "bad.wav").write_text("no sound")
    argv = ["compose", real / "songs", real / "broken", *REAL, "--seconds", 2]
    done = in_python(LOADED.replace("heavy else", "0 else"), *argv)
    assert done.returncode == 0
    assert done.stderr.startswith("skmusic: warning: ")
    assert done.stderr.count("\n") == 1
    assert leftovers(".") == [f"skmusic-{n}.wav" for n in (1, 2, 3)]


def stream(real, *argv, **options):
    """Process that streams from the model."""
    code = "import sys\nfrom skmusic.cli import main\nsys.exit(main(sys.argv[1:]))"
    argv = [sys.executable, "-c", code, "stream", str(real / "model.joblib"), *argv]
    return subprocess.Popen(argv, stderr=subprocess.PIPE, **options)


def test_real_stream_is_what_sample_writes_and_loads_no_tensorflow(real):
    argv = ("--seconds", 2, "--random-state", 3)
    assert (
        run("sample", real / "model.joblib", *argv, "--pieces", 1, "-o", "a.wav") == 0
    )
    whole = Path("a.wav").read_bytes()
    for options, expected in ((), whole), (("--raw",), whole[44:]):
        done = subprocess.run(
            [sys.executable, "-c", LOADED, "stream", str(real / "model.joblib")]
            + [str(arg) for arg in (*argv, *options)],
            capture_output=True,
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout == expected


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
    model, argv = real / "model.joblib", ("--seconds", 2, "--random-state", 3, "--play")
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


def test_real_progress_in_a_log_is_plain_lines(real):
    argv = ["fit", real / "songs", "-o", "m.joblib", *REAL, "-v"]
    done = in_python(LOADED.replace("heavy else", "0 else"), *argv)
    assert done.returncode == 0
    assert "fit: " in done.stderr
    assert not {"\r", "\x1b"} & set(done.stderr)


def test_real_report_shows_the_pieces_and_how_to_repeat_them(real, capsys):
    argv = ("--seconds", 1, "--pieces", 1, "--report", "page.html", "-o", "p.wav")
    report = run_json(capsys, "sample", real / "model.joblib", *argv)
    assert report["report"] == "page.html"
    page = Path("page.html").read_text(encoding="utf-8")
    assert ">p.wav<" in page
    line = f"--report page.html -o p.wav --json --random-state {report['random_state']}"
    assert line in page


@pytest.mark.parametrize(
    ("argv", "status"),
    [(["--report", "page.txt"], 2), (["--report", "nowhere/page.html"], 1)],
)
def test_reports_that_cannot_be_written_are_refused_early(songs, argv, status, fake):
    assert run("compose", songs, *QUICK, *argv) == status
    assert fake.fits == []


def test_a_report_that_lacks_a_library_is_refused_early(songs, monkeypatch, fake):
    def missing():
        raise ImportError("the report needs jinja2")

    monkeypatch.setattr("skmusic.display.html.check_installed", missing)
    assert run("compose", songs, *QUICK, "--report", "page.html") == 1
    assert fake.fits == []
