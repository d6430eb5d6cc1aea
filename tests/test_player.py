"""Where Keras and TensorFlow are not installed, all that plays works."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import joblib
import pytest

import skmusic
from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator, audio
from skmusic.datasets import make_songs

ROOT = Path(__file__).resolve().parents[1]
SR = 8000
WITHOUT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("keras", "tensorflow"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""
LEARNING = "learning needs keras and tensorflow, not installed here; pip install keras"


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


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a model and a song."""
    folder = tmp_path_factory.mktemp("model")
    songs = make_songs(2, 3.0, sr=SR, random_state=0)
    generator = StatefulLSTMGenerator(hidden_layer_sizes=(8,), epochs=1, random_state=0)
    pipe = Pipeline([FFTFeaturizer(N=512, sr=SR), generator]).fit(songs.recordings)
    skmusic.save(pipe, folder / "model.skmusic")
    joblib.dump(pipe, folder / "model.joblib")
    audio.write(folder / "song.wav", songs.recordings[0], SR)
    return folder


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
