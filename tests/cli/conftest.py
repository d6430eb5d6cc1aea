import sys

import numpy as np
import pytest
from cli_helpers import REAL, SR, FakeGenerator, FakePipeline, run

import skmusic
from skmusic import audio, datasets


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


@pytest.fixture(scope="session")
def real(tmp_path_factory):
    """A folder with songs and a model of them, made by the command itself."""
    folder = tmp_path_factory.mktemp("real")
    (folder / "songs").mkdir()
    made = datasets.make_songs(2, 3.0, sr=SR, random_state=0)
    for name, x in zip("ab", made.recordings, strict=True):
        audio.write(folder / "songs" / f"{name}.wav", x, SR)
    assert run("fit", folder / "songs", "-o", folder / "model.joblib", *REAL) == 0
    return folder


@pytest.fixture
def songs(tmp_path):
    """A folder with two recordings, together a little longer than a minute."""
    folder = tmp_path / "songs"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in "ab":
        x = rng.uniform(-0.5, 0.5, (31 * SR, 2)).astype("float32")
        audio.write(folder / f"{name}.wav", x, SR)
    return folder
