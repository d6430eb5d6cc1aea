"""What is heard, downloaded and made again is one and the same."""

import json
import os
import threading
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from studio_client import SR, run_lines, serving

import skmusic
from skmusic.audio.playback import faded
from skmusic.studio.settings import check_settings

CONTROLS = {"tempo": 92, "key": "A minor", "energy": [0.2, 0.9]}
SETTINGS = (
    {},
    CONTROLS,
    {"seconds": 0.7, "temperature": 0.7},
    {"temperature": 0},
)


@pytest.fixture
def away(made, tmp_path, monkeypatch):
    """An empty folder with the model and the recordings, to work in."""
    for path in made.iterdir():
        os.link(path, tmp_path / path.name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("settings", SETTINGS)
def test_a_stream_is_what_sample_gives(client, made, settings):
    _, heard = client.compose(seed=client.send(made / "song.wav"), **settings)
    pipe = skmusic.load(made / "model.skmusic")
    settings = {"seconds": 1, "random_state": 3} | settings
    music = pipe.sample(made / "song.wav", **settings)
    (music,) = faded([music], len(music), SR)
    assert np.array_equal(np.frombuffer(heard, "<f4").reshape(music.shape), music)


@pytest.mark.parametrize("settings", SETTINGS)
def test_settings_that_were_checked_are_taken_again(settings):
    checked = check_settings(settings)
    assert check_settings(asdict(checked)) == checked
    assert settings.items() <= checked.of_sample().items()


def test_what_a_model_does_not_take_is_refused(client, made, pipes, tmp_path):
    assert client.state()["model"]["style"]
    song = made / "song.wav"
    skmusic.save(pipes["regression"], tmp_path / "other.skmusic")
    with serving(tmp_path / "other.skmusic") as other:
        assert not other.state()["model"]["style"]
        for name, value in {"style": other.send(song), **CONTROLS}.items():
            settings = {"seconds": 1, name: value}
            status, _, answer = other.ask("POST", "pieces", settings)
            assert status == 400
            assert name in json.loads(answer)["error"]


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3"])
def test_a_download_is_what_the_command_writes(client, made, away, kind):
    seed, style = (client.send(made / f"{name}.wav") for name in ("song", "style"))
    id, _ = client.compose(seed=seed, style=style, **CONTROLS)
    status, headers, got = client.ask("GET", f"pieces/{id}.{kind}")
    assert status == 200
    assert f"piece-1.{kind}" in headers["Content-Disposition"]
    piece = client.piece(id)
    piece["command"] = piece["command"].replace("piece-1.wav", f"piece-1.{kind}")
    run_lines(piece)
    assert Path(f"piece-1.{kind}").read_bytes() == got


def test_a_download_is_what_the_python_lines_write(client, made, away):
    seed = client.send(made / "song.wav", "a'b song.wav")
    id, _ = client.compose(seed=seed, **CONTROLS)
    (away / "song.wav").rename("a'b song.wav")
    exec(client.piece(id)["python"], {})
    assert Path("piece-1.wav").read_bytes() == client.ask("GET", f"pieces/{id}.wav")[2]


def test_more_like_this_goes_on_from_the_file_of_the_piece(client, away):
    first, _ = client.compose()
    second, _ = client.compose(seed=first)
    run_lines(client.piece(first))
    got = client.ask("GET", f"pieces/{first}.wav")[2]
    assert Path("piece-1.wav").read_bytes() == got
    run_lines(client.piece(second))
    got = client.ask("GET", f"pieces/{second}.wav")[2]
    assert Path("piece-2.wav").read_bytes() == got


def test_a_random_state_is_drawn_and_told(client):
    id, _ = client.compose(random_state=None)
    drawn = client.piece(id)["settings"]["random_state"]
    assert f"--random-state {drawn}" in client.piece(id)["command"]


def test_sounds_come_as_the_model_has_them(client, made):
    id = client.send(made / "song.wav")
    status, headers, body = client.ask("GET", f"sounds/{id}")
    assert (status, headers["X-Rate"], headers["X-Channels"]) == (200, str(SR), "2")
    x, _ = skmusic.audio.read(made / "song.wav")
    assert np.array_equal(np.frombuffer(body, "<f4").reshape(-1, 2), x)
    piece, heard = client.compose()
    assert client.ask("GET", f"sounds/{piece}")[2] == heard


def test_a_sound_without_samples_is_an_answer_of_none(client, made, monkeypatch):
    monkeypatch.setattr("skmusic.studio.studio.blocks_of", lambda *_: iter(()))
    id = client.send(made / "song.wav")
    status, headers, body = client.ask("GET", f"sounds/{id}")
    assert (status, headers["X-Rate"], body) == (200, str(SR), b"")


def test_the_model_can_be_downloaded(client, made):
    status, headers, body = client.ask("GET", "model.skmusic")
    assert status == 200
    assert "model.skmusic" in headers["Content-Disposition"]
    assert body == (made / "model.skmusic").read_bytes()


def test_keep_and_discard(client):
    first, second = client.compose()[0], client.compose()[0]
    assert client.ask("POST", f"pieces/{first}", {"kept": True})[0] == 200
    assert client.ask("DELETE", f"pieces/{second}")[0] == 200
    (piece,) = client.state()["pieces"]
    assert (piece["id"], piece["kept"]) == (first, True)
    assert client.ask("GET", f"pieces/{second}.wav")[0] == 404


def test_the_oldest_that_nobody_keeps_goes(client, monkeypatch):
    monkeypatch.setattr("skmusic.studio.shelf.MOST_PIECES", 2)
    kept, *ids = [client.compose(seconds=0.5)[0] for _ in range(1)]
    client.ask("POST", f"pieces/{kept}", {"kept": True})
    ids = [client.compose(seconds=0.5)[0] for _ in range(3)]
    assert [p["id"] for p in client.state()["pieces"]] == [kept, *ids[1:]]
    files = [p for p in client.server.studio.shelf.folder.iterdir() if p.is_file()]
    assert len(files) == 3


def test_who_leaves_ends_the_piece(client):
    connection = client.connect()
    body = json.dumps({"seconds": 600, "random_state": 1})
    connection.request("POST", f"/{client.token}/pieces", body)
    answer = connection.getresponse()
    assert answer.read(4) is not None
    answer.close()
    connection.close()
    client.compose(seconds=0.5)  # waits for its turn, which comes
    assert len(client.state()["pieces"]) == 1
    assert len(list(client.server.studio.shelf.folder.iterdir())) == 1


def test_one_job_at_a_time_some_wait_the_others_are_told_when(client):
    jobs = client.server.studio.jobs
    jobs.take()
    jobs.patience = 0.2
    status, headers, body = client.ask("POST", "pieces", {"seconds": 0.5})
    assert (status, headers["Retry-After"]) == (503, "5")
    assert b"busy" in body
    jobs.patience, jobs.most_waiting = 20, 1
    waiting = threading.Thread(target=client.compose)
    waiting.start()
    while jobs._n < 2:
        pass
    assert client.ask("POST", "pieces", {"seconds": 0.5})[0] == 503
    jobs.give()
    waiting.join()
    assert len(client.state()["pieces"]) == 1


def test_a_long_recording_is_no_seed(client, made, monkeypatch):
    monkeypatch.setattr("skmusic.studio.shelf.MOST_SECONDS", 2)
    body = (made / "song.wav").read_bytes()
    status, _, answer = client.ask("POST", "recordings?name=song.wav", body)
    assert status == 400
    assert b"longer than" in answer
