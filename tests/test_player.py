"""Where Keras and TensorFlow are not installed, all that plays works."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import joblib
import pytest

import skmusic
from skmusic import audio

ROOT = Path(__file__).resolve().parents[1]
SR = 11025
WITHOUT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("keras", "tensorflow"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""
LEARNING = "learning needs keras and tensorflow, not installed here; pip install keras"


@pytest.fixture(scope="module")
def folder(pipes, wavs, tmp_path_factory):
    """A folder with a model and a song."""
    folder = tmp_path_factory.mktemp("model")
    skmusic.save(pipes["neural"], folder / "model.skmusic")
    joblib.dump(pipes["neural"], folder / "model.joblib")
    shutil.copy(wavs[0], folder / "song.wav")
    return folder


def without_tensorflow(code, folder):
    return subprocess.run(
        [sys.executable, "-c", WITHOUT + code],
        capture_output=True,
        text=True,
        errors="replace",
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},  # this skmusic
        timeout=300,
    )


def test_all_that_plays_works(folder):
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    run = without_tensorflow(
        """
import joblib
import numpy as np
import skmusic
from skmusic.cli import main

pipe = skmusic.load("model.skmusic")
music = pipe.sample("song.wav", seconds=1, random_state=0)
blocks = pipe.stream("song.wav", seconds=1, random_state=0)
assert np.array_equal(np.concatenate(list(blocks)), music)
again = joblib.load("model.joblib").sample("song.wav", seconds=1, random_state=0)
assert np.array_equal(again, music) and np.isfinite(music).all()
frames = pipe[:-1].transform(["song.wav"])
assert pipe[-1].predict(frames)[0].shape == frames[0].shape
assert np.isfinite(pipe.score(["song.wav"]))
for line in (
    "sample model.skmusic --pieces 1 --seconds 1 -o out.wav --report page.html -q",
    "info model.skmusic song.wav -q",
    "stream model.skmusic --seconds 1 --raw",
):
    assert main(line.split()) == 0, line

import threading
from pathlib import Path
from urllib.request import Request, urlopen
from skmusic.studio.server import Server
from skmusic.studio.studio import Studio

with Server(Studio(Path("model.skmusic"))) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    asked = Request(f"{server.address}pieces", b'{"seconds": 0.5}')
    assert len(urlopen(asked).read()) == 8 * round(0.5 * pipe[0].sr)
    server.shutdown()
    server.studio.close()
""",
        folder,
    )
    assert run.returncode == 0, run.stderr
    assert len(run.stdout) > SR  # of samples
    assert audio.info(folder / "out.wav")["seconds"] == 1
    assert "<audio" in (folder / "page.html").read_text()


def test_learning_says_in_one_line_what_to_install(folder):
    run = without_tensorflow(
        """
import skmusic
from skmusic.cli import main

pipe = skmusic.load("model.skmusic")
for learn in (pipe.fit, pipe.partial_fit):
    try:
        learn(["song.wav"])
    except ImportError as error:
        print(error)
sys.exit(main(["compose", "song.wav"]) + main(["fit", "song.wav", "-o", "m.skmusic"]))
""",
        folder,
    )
    assert run.returncode == 2
    assert [LEARNING in line for line in run.stdout.splitlines()] == [True, True]
    lines = run.stderr.splitlines()
    assert len(lines) == 2
    assert all(line.startswith(f"skmusic: error: {LEARNING}") for line in lines)


def test_what_playing_needs_is_all_but_two():
    """``make player`` leaves out of the dependencies what begins with these names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    left_out = [
        need
        for need in project["dependencies"]
        if need.startswith(("keras", "tensorflow"))
    ]
    names = [need.partition(">=")[0] for need in left_out]
    assert names == ["keras", "tensorflow"]
    assert "startswith(('keras', 'tensorflow'))" in (ROOT / "Makefile").read_text()


def test_the_guide_names_all_that_playing_needs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = [need.partition(">=")[0] for need in project["dependencies"]]
    names = [name for name in names if name not in ("keras", "tensorflow")]
    guide = (ROOT / "docs" / "guide" / "saving.md").read_text()
    assert f"pip install {' '.join(names)}\n" in guide
