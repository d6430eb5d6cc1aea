"""The command refuses in one line what the studio cannot be opened with."""

import os
import signal
import socket
import stat
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import skmusic
from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator
from skmusic.cli import main
from skmusic.studio.server import Server


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none.skmusic", "no such file or folder"),
        ("a.joblib", "neither a folder nor a .skmusic file"),
        ("broken.skmusic", "broken.skmusic"),
        ("empty", "holds no recording"),
        ("featurizer.skmusic", "no model that skmusic fit made"),
        ("unfitted.skmusic", "no model that skmusic fit made"),
    ],
)
def test_sources_of_no_use_are_refused(tmp_path, capsys, name, words):
    (tmp_path / "empty").mkdir()
    skmusic.save(FFTFeaturizer(), tmp_path / "featurizer.skmusic")
    unfitted = Pipeline([FFTFeaturizer(), StatefulLSTMGenerator()])
    skmusic.save(unfitted, tmp_path / "unfitted.skmusic")
    for file in "a.joblib", "broken.skmusic":
        (tmp_path / file).write_bytes(b"no model")
    assert main(["serve", str(tmp_path / name)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("skmusic: error: ")
    assert err.count("\n") == 1
    assert words in err


@pytest.fixture(autouse=True)
def _handler_as_before():
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_a_port_that_is_taken_is_told(made, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["serve", str(made / "model.skmusic"), "--port", port]) == 1
    assert f"port {port} cannot be had" in capsys.readouterr().err


def test_a_browser_is_opened_without_the_token_in_its_arguments(
    made, capsys, monkeypatch
):
    opened = []

    def look(address):
        path = Path(urlsplit(address).path)
        opened.append((address, path, path.read_text(), path.parent.stat().st_mode))

    monkeypatch.setattr("webbrowser.open", look)
    monkeypatch.setattr(Server, "serve_forever", lambda server: None)
    assert main(["serve", str(made / "model.skmusic"), "--open"]) == 0
    ((address, path, text, mode),) = opened
    told = next(word for word in capsys.readouterr().out.split() if "://" in word)
    assert told in text
    assert address.startswith("file://")
    assert told.split("/")[3] not in address
    assert os.name == "nt" or stat.S_IMODE(mode) == 0o700
    assert not path.exists()


@pytest.mark.parametrize("port", ["0", "80", "65536", "x"])
def test_ports_of_no_use_are_refused(made, port):
    with pytest.raises(SystemExit) as stop:
        main(["serve", str(made), "--port", port])
    assert stop.value.code == 2
