"""Hostile requests are refused, and the server answers on."""

import json
import re
import socket
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from studio_client import SR

from skmusic.studio import guards


@contextmanager
def within(most):
    """Check that what the block holds in memory at a time is at most so many bytes."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < most


def raw(client, text, n=65536):
    """What comes back for bytes."""
    with socket.create_connection(("127.0.0.1", client.port), timeout=30) as connection:
        connection.sendall(text)
        return connection.recv(n)


def test_the_page_is_served_and_loads_nothing_from_elsewhere(client):
    status, headers, body = client.ask("GET")
    assert status == 200
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    text = body.decode()
    assert "http:" not in text
    assert "https:" not in text
    assert not re.search(r"\son[a-z]+=|<script>|<style", text)
    names = re.findall(r'(?:href|src)="(\w[\w.]+)"', text)
    names += re.findall(r'from "./(.+)"', client.ask("GET", "studio.js")[2].decode())
    assert {"base.css", "studio.js", "player.js"} <= set(names)
    for name in names:
        status, _, body = client.ask("GET", name)
        assert status == 200
        assert body


@pytest.mark.parametrize("token", ["", "x", "é".encode().hex()])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_without_the_token_nothing_is_answered(client, token, method):
    status, _, body = client.ask(method, "state", token=token)
    assert status == 403
    assert client.token not in body.decode()


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", ""])
def test_another_host_is_refused(client, host):
    status, _, _ = client.ask("GET", "state", headers={"Host": host})
    assert status == 403


def test_localhost_is_this_host(client):
    host = {"Host": f"localhost:{client.port}"}
    assert client.ask("GET", "state", headers=host)[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_origin_is_refused(client, headers):
    assert client.ask("POST", "pieces", {"seconds": 1}, headers)[0] == 403
    assert client.ask("GET", "state", headers=headers)[0] == 403
    assert client.state()["pieces"] == []


def test_a_link_to_the_page_may_stand_on_another_site(client):
    followed = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    headers = {"Sec-Fetch-Site": "cross-site"} | followed
    assert client.ask("GET", headers=headers)[0] == 200
    assert client.ask("POST", "pieces", {"seconds": 1}, headers)[0] == 403
    framed = headers | {"Sec-Fetch-Dest": "iframe"}
    assert client.ask("GET", headers=framed)[0] == 403


def test_the_own_origin_is_welcome(client):
    origin = {"Origin": f"http://127.0.0.1:{client.port}"}
    assert client.ask("POST", "pieces/p9", {"kept": True}, origin)[0] == 404


def test_too_large_an_upload_is_refused_before_it_is_sent(client):
    head = (
        f"POST /{client.token}/recordings?name=a.wav HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{client.port}\r\nContent-Length: {1 << 30}\r\n"
    )
    assert b" 413 " in raw(client, f"{head}\r\n".encode())
    answer = raw(client, f"{head}Expect: 100-continue\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert client.state()["recordings"] == []


def test_a_gigabyte_that_is_sent_anyway_takes_no_memory_and_no_disk(client):
    class Zeros:
        left = 1 << 30

        def read(self, n=-1):
            n = min(self.left, 1 << 20)
            self.left -= n
            return bytes(n)

    headers = {"Content-Length": str(1 << 30)}
    with within(64 << 20):
        try:
            status, _, _ = client.ask("POST", "recordings?name=a.wav", Zeros(), headers)
        except ConnectionError:  # it was sent more slowly than the server listens
            status = 413
    assert status == 413
    assert list(client.server.studio.shelf.folder.iterdir()) == []


@pytest.mark.parametrize("length", ["", "-1", "1_0", "x", "٣", "9" * 5000])
def test_lengths_that_are_none_are_refused(client, length):
    text = (
        f"POST /{client.token}/recordings HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{client.port}\r\nContent-Length: {length}\r\n\r\n"
    )
    assert raw(client, text.encode()).split()[1] in (b"411", b"413")


def test_chunked_uploads_are_refused(client):
    status, _, _ = client.ask("POST", "recordings", iter([b"RIFF"]))
    assert status == 411


@pytest.mark.parametrize(
    "body", [b"", b"RIFF", b"RIFF\xff\xff\xff\xffWAVEfmt ", b"\0" * 5000, b"ID3"]
)
def test_broken_audio_is_refused_by_its_name(client, body):
    status, _, answer = client.ask("POST", "recordings?name=..%2Fmy%20song.wav", body)
    assert status == 400
    error = json.loads(answer)["error"]
    assert "my song.wav" in error
    assert "/" not in error
    assert list(client.server.studio.shelf.folder.iterdir()) == []


def test_an_upload_that_breaks_off_is_gone(client):
    text = (
        f"POST /{client.token}/recordings?name=a HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{client.port}\r\nContent-Length: 100\r\n\r\nRIFF"
    )
    with socket.create_connection(("127.0.0.1", client.port)) as connection:
        connection.sendall(text.encode())
    assert client.state()["recordings"] == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[" * 60000,
        b'{"seconds": NaN}',
        b'{"seconds": 1e999}',
        b'{"seconds": 601}',
        b'{"temperature": -1}',
        b'{"random_state": 4294967296}',
        b'{"seconds": 1%b}' % (b"0" * 400),
        b'{"seed": ["r1"]}',
        b'{"seed": "../../etc/passwd"}',
        b"x" * 70000,
    ],
)
def test_settings_of_no_use_are_refused(client, body):
    status, _, answer = client.ask("POST", "pieces", body)
    assert status in (400, 404, 413)
    assert json.loads(answer)["error"]
    assert client.state()["pieces"] == []


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("tempo", 39.5, "39.5"),
        ("key", "H minor", "'H minor'"),
        ("energy", 0.5, "0.5"),
        ("energy", [], "[]"),
        ("energy", [0.2, 7], "7"),
        ("energy", [[0, 0.2]], "[0, 0.2]"),
    ],
)
def test_controls_of_no_use_are_refused_by_their_value(client, name, value, named):
    status, _, answer = client.ask("POST", "pieces", {name: value})
    assert status == 400
    error = json.loads(answer)["error"]
    assert name in error
    assert named in error


@pytest.mark.parametrize(
    ("method", "what"),
    [
        ("GET", "../../etc/passwd"),
        ("GET", "studio.py"),
        ("GET", "sounds/p1"),
        ("GET", "pieces/p1.wav"),
        ("GET", "pieces/p1.exe"),
        ("DELETE", "pieces/p1"),
        ("DELETE", "state"),
    ],
)
def test_what_is_not_there_is_not_found(client, method, what):
    assert client.ask(method, what)[0] == 404


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "HEAD"])
def test_other_methods_are_refused(client, method):
    assert client.ask(method, "state")[0] == 501


def test_a_model_that_is_given_does_not_learn(client):
    assert client.ask("POST", "learning", {"epochs": 1})[0] == 400


def test_answers_name_no_path_of_the_machine(client, made):
    texts = [client.ask("GET", "state")[2].decode()]
    texts.append(client.ask("POST", "recordings?name=a", b"RIFF")[2].decode())
    for text in texts:
        assert str(made) not in text
        assert str(client.server.studio.shelf.folder) not in text


def test_two_hundred_pieces_at_once(client):
    def compose(i):
        status, headers, body = client.ask("POST", "pieces", {"seconds": 0.1})
        assert status == 200 or headers["Retry-After"]
        return status, len(body) == 8 * round(0.1 * SR)

    with within(256 << 20), ThreadPoolExecutor(200) as pool:
        found = set(pool.map(compose, range(200)))
    assert found == {(200, True), (503, False)}
    assert client.state()["pieces"]


def test_the_error_of_a_guard_is_plain():
    with pytest.raises(guards.Refused, match="skmusic serve printed"):
        guards.split_token("/", "token")
