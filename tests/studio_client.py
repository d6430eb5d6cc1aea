"""A client of the studio, of the standard library alone."""

import http.client
import json
import shlex
import threading
from contextlib import contextmanager
from urllib.parse import quote

from skmusic.studio.server import Server
from skmusic.studio.studio import Studio

SR = 11025


class Client:
    """Asks a server; each time with a connection of its own."""

    def __init__(self, server):
        self.server, self.port, self.token = server, server.server_port, server.token

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def ask(self, method, what="", body=None, headers=(), token=None):
        """Status, headers and body of an answer."""
        if isinstance(body, dict):
            body = json.dumps(body)
        connection = self.connect()
        path = f"/{self.token if token is None else token}/{what}"
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def state(self):
        status, _, body = self.ask("GET", "state")
        assert status == 200
        return json.loads(body)

    def send(self, path, name=None):
        """Id of a recording that is sent."""
        what = f"recordings?name={quote(name or path.name)}"
        status, _, answer = self.ask("POST", what, path.read_bytes())
        assert status == 201, answer
        return json.loads(answer)["id"]

    def compose(self, **settings):
        """Id of a piece, and its samples."""
        settings = {"seconds": 1, "random_state": 3} | settings
        status, headers, body = self.ask("POST", "pieces", settings)
        assert status == 200, body
        return headers["X-Piece"], body

    def piece(self, id):
        (piece,) = [p for p in self.state()["pieces"] if p["id"] == id]
        return piece


@contextmanager
def serving(source):
    """Client of a server, which ends with the block and leaves nothing."""
    studio = Studio(source)
    with Server(studio) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        yield Client(server)
        server.shutdown()
        thread.join()
    studio.close()
    assert not studio.shelf.folder.exists()


def run_lines(piece):
    """Run the commands that make a piece again."""
    from skmusic.cli import main

    for line in piece["command"].splitlines():
        words = shlex.split(line)
        assert words[0] == "skmusic"
        assert main([*words[1:], "--quiet"]) == 0
