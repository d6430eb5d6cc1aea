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
from studio_client import run_lines, serving

import skmusic
from skmusic import audio, datasets
from skmusic.audio.playback import faded
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
        "--synthesis neural --random-state 4"
    )
    assert "--seed='my songs/0.flac'" in sample
    path = tmp_path / "model.skmusic"
    path.write_bytes(client.ask("GET", "model.skmusic")[2])
    # What was heard after the last pass is what the model plays.
    heard = done["heard"][-1]
    assert (heard["name"], heard["seconds"]) == (f"pass {n + 1}", 8)
    status, headers, body = client.ask("GET", f"sounds/{heard['id']}")
    assert (status, headers["X-Rate"], headers["X-Channels"]) == (200, "44100", "2")
    music = skmusic.load(path).sample(seconds=8, random_state=4)
    (music,) = faded([music], len(music), music.sr)
    assert body == music.astype("<f4").tobytes()
    # Beside the folder, the lines make the model and the piece again.
    for each in folder.parent.iterdir():
        (tmp_path / each.name).symlink_to(each)
    monkeypatch.chdir(tmp_path)
    run_lines(client.piece(id))
    piece = Path("piece-2.wav")
    downloaded = client.ask("GET", f"pieces/{id}.wav")[2]
    assert piece.read_bytes() == downloaded
    piece.unlink()
    exec(client.piece(id)["python"], {})
    assert piece.read_bytes() == downloaded


def test_what_is_heard_while_it_learns_is_bounded_and_goes_with_it(client, tmp_path):
    studio = client.server.studio
    asked = learning.check_learning({"random_state": 0})
    studio.learning = new = learning.Learning([], tmp_path, asked, studio.shelf)
    for epoch in range(1, 10):
        np.ones((epoch, 2), "<f4").tofile(tmp_path / f"{epoch}")
        new._hear({"heard": {"epoch": epoch, "sr": 8000, "channels": 2}})
    heard = client.state()["learning"]["heard"]
    assert [each["name"] for each in heard] == [f"pass {n}" for n in (1, 5, 6, 7, 8, 9)]
    assert len(client.ask("GET", f"sounds/{heard[1]['id']}")[2]) == 5 * 2 * 4
    assert len(list(tmp_path.iterdir())) == 6
    new.forget()
    assert list(tmp_path.iterdir()) == []
    assert client.ask("GET", f"sounds/{heard[0]['id']}")[0] == 404


def test_what_libraries_print_does_not_reach_the_parent():
    code = """
import os, sys
from skmusic.studio import child

def learn(asked, training):
    print("printed")
    os.write(1, b"from below")
    child._tell(done=asked["n"])

child._learn = learn
sys.stdout.flush()
os._exit(child.main())
"""
    argv, asked = [sys.executable, "-c", code], '{"n": 3}\n'
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        process.stdin.write(asked)
        process.stdin.flush()
        assert process.stdout.read() == '{"done": 3}\n'


def test_recordings_that_are_too_long_for_a_seed_are_told(folder, monkeypatch):
    monkeypatch.setattr("skmusic.studio.shelf.MOST_SECONDS", 2)
    with serving(folder) as client:
        assert [s["fits"] for s in client.state()["recordings"]] == [False, False]


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
    studio.learning = learning.Learning(
        [], Path(), learning.check_learning({}), studio.shelf
    )
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
        assert process.communicate(timeout=60)[1] == said
    assert process.returncode == status
    assert list(tmp_path.glob("skmusic-*")) == []


LOSING = """
import pathlib, signal, sys
from skmusic.studio.server import serve

class Lost:
    def __del__(self):  # what is raised here goes nowhere
        signal.raise_signal(signal.SIGINT)

def ready(*_):
    Lost()
    print("went on", flush=True)

signal.signal(signal.SIGINT, lambda *_: sys.exit(7))
serve(pathlib.Path(sys.argv[1]), ready)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_a_signal_whose_exception_is_lost_ends_the_studio(folder):
    command = [sys.executable, "-c", LOSING, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.returncode) == ("went on\n", 7)
