"""Learning from a folder: it runs, stops, goes on, and ends as the command does."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from studio_client import serving

import skmusic
from skmusic import audio, datasets
from skmusic.studio import learning
from skmusic.studio.studio import Studio


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two songs, and what is none."""
    folder = tmp_path_factory.mktemp("folder") / "my songs"
    folder.mkdir()
    for i, x in enumerate(datasets.make_songs(2, 5.0, random_state=0).recordings):
        audio.write(folder / f"{i}.flac", x, 44100)
    (folder / "broken.wav").write_bytes(b"RIFF")
    return folder


@pytest.fixture
def client(folder):
    with serving(folder) as client:
        yield client


def wait(client, *phases, n=0):
    """State once a phase is reached, and so many epochs are done."""
    for _ in range(3000):
        state = client.state()["learning"]
        if state["phase"] in phases and len(state["history"]) >= n:
            return state
        time.sleep(0.1)
    raise AssertionError(state)


def test_recordings_are_listed_and_broken_ones_with_the_reason(client, folder):
    state = client.state()
    assert [s["name"] for s in state["recordings"]] == ["0.flac", "1.flac"]
    assert [s["seconds"] for s in state["recordings"]] == [5, 5]
    (broken,) = state["broken"]
    assert broken["name"] == "broken.wav"
    assert "'broken.wav' is damaged" in broken["error"]
    assert str(folder) not in str(state)
    assert client.ask("POST", "pieces", {"seconds": 1})[0] == 400


@pytest.mark.parametrize(
    "given", [{"epochs": 0}, {"epochs": "3"}, {"synthesis": "other"}, {"sr": 1}]
)
def test_what_cannot_be_learned_is_refused(client, given):
    assert client.ask("POST", "learning", given)[0] == 400


def test_learn_stop_go_on_and_play(client, folder, tmp_path, monkeypatch):
    status, _, _ = client.ask("POST", "learning", {"epochs": 500, "random_state": 4})
    assert status == 202
    client.server.studio.jobs.patience = 0.1
    assert client.ask("POST", "pieces", {"seconds": 1})[0] in (400, 503)
    wait(client, "training", n=1)
    assert client.ask("DELETE", "learning")[0] == 200
    stopped = wait(client, "done", "idle")
    n = len(stopped["history"])
    assert stopped["phase"] == "done", stopped
    assert n < 500
    client.server.studio.jobs.patience = 60
    client.compose(seconds=0.5)
    client.ask("POST", "learning", {"epochs": n + 1, "random_state": 4})
    done = wait(client, "done", n=n + 1)
    assert done["history"][:n] == stopped["history"]
    state = client.state()
    assert state["model"]["name"] == f"my songs-{n + 1}.skmusic"
    id, _ = client.compose(seed="f1")
    fit, sample = client.piece(id)["command"].splitlines()
    assert fit == (
        f"skmusic fit 'my songs' -o 'my songs-{n + 1}.skmusic' --epochs {n + 1} "
        "--synthesis concatenative --random-state 4"
    )
    assert "--seed=0.flac" in sample
    # The model is that which the command makes.
    path = tmp_path / "model.skmusic"
    path.write_bytes(client.ask("GET", "model.skmusic")[2])
    monkeypatch.chdir(folder.parent)
    made = Path(f"my songs-{n + 1}.skmusic")
    from skmusic.cli import main

    settings = ["--epochs", str(n + 1), "--random-state", "4", "--quiet"]
    assert main(["fit", "my songs", "-o", str(made), *settings]) == 0
    ours, theirs = (
        skmusic.load(each).sample(folder / "0.flac", seconds=1, random_state=3)
        for each in (path, made)
    )
    made.unlink()
    assert np.array_equal(ours, theirs)


def test_what_is_stopped_before_an_epoch_is_done_leaves_nothing(client):
    client.ask("POST", "learning", {"epochs": 500})
    client.ask("DELETE", "learning")
    assert wait(client, "idle")["error"] is None
    assert client.state()["model"] is None


def test_a_process_that_dies_is_told_of(client, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    client.ask("POST", "learning", {"epochs": 1})
    assert "before its time" in wait(client, "idle")["error"]


def test_a_folder_without_a_readable_recording_is_refused(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    with pytest.raises(ValueError, match=r"no recording in .* can be read"):
        Studio(tmp_path)


def test_a_loss_that_is_not_finite_breaks_nothing(client):
    studio = client.server.studio
    studio.learning = learning.Learning([], Path(), learning.check_learning({}))
    studio.learning.history.append({"epoch": 1, "loss": float("nan")})
    assert client.state()["learning"]["history"] == [{"epoch": 1, "loss": None}]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
@pytest.mark.parametrize("learns", [False, True])
@pytest.mark.parametrize(
    ("sent", "said", "status"),
    [
        (signal.SIGINT, "skmusic: interrupted\n", 130),
        (signal.SIGTERM, "", 143),
    ],
)
def test_signals_end_all_and_leave_nothing(
    folder, tmp_path, learns, sent, said, status
):
    code = "import sys; from skmusic.cli import main; sys.exit(main())"
    with subprocess.Popen(
        [sys.executable, "-c", code, "serve", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    ) as process:
        address = next(w for w in process.stdout.readline().split() if "://" in w)
        if learns:
            request = urllib.request.Request(f"{address}learning", b'{"epochs": 500}')
            with urllib.request.urlopen(request) as answer:
                assert answer.status == 202
        process.send_signal(sent)
        assert process.stderr.read() == said
    assert process.returncode == status
    assert list(tmp_path.glob("skmusic-*")) == []
