"""The server: requests pass the guards, then the studio does what they ask."""

import contextlib
import secrets
import signal
import sys
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from itertools import chain
from urllib.parse import parse_qs, quote, urlsplit

import numpy as np

from skmusic.studio import guards
from skmusic.studio.guards import Refused
from skmusic.studio.studio import FORMATS, Studio
from skmusic.studio.turns import Busy

# Connections at a time, seconds that one may be idle, and seconds for which what is
# refused is still read, so that the answer arrives.
_MOST_CONNECTIONS, _IDLE, _LINGER = 64, 30, 5
_PIECE = 1 << 16
# Address -> package, file and type of what the page consists of.
_PAGE = {
    "": ("skmusic.studio", "page/studio.html", "text/html"),
    "studio.css": ("skmusic.studio", "page/studio.css", "text/css"),
    "studio.js": ("skmusic.studio", "page/studio.js", "text/javascript"),
    "learning.js": ("skmusic.studio", "page/learning.js", "text/javascript"),
    "words.js": ("skmusic.studio", "page/words.js", "text/javascript"),
    "player.js": ("skmusic.display", "templates/player.js", "text/javascript"),
    "base.css": ("skmusic.display", "templates/base.css", "text/css"),
}


def serve(source, ready, port=0):
    """Serve a studio to this machine until it is interrupted.

    The source is a ``.skmusic`` file or a folder of recordings. When the page can be
    opened, `ready` is called with its address, and with one that leads to it but does
    not tell it. Port 0 is any that is free.
    """
    studio = Studio(source)
    try:
        try:
            server = Server(studio, port)
        except OSError as error:
            raise OSError(f"port {port} cannot be had ({error.strerror})") from error
        with server, _noting_signals(server):
            ready(server.address, studio.opener(server.address))
            server.serve_forever()
    finally:
        studio.close()


@contextlib.contextmanager
def _noting_signals(server):
    """Tell a server of signals too, since what their handlers raise may be lost.

    Python drops what is raised while it collects garbage, or calls back a weak
    reference, as it does where a thread begins.
    """

    def noting(handler):
        def handle(*signal_and_frame):
            server.ending = lambda: handler(*signal_and_frame)
            handler(*signal_and_frame)

        return handle

    before = {}
    if threading.current_thread() is threading.main_thread():  # only there they are set
        before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
    before = {n: handler for n, handler in before.items() if callable(handler)}
    for n, handler in before.items():
        signal.signal(n, noting(handler))
    try:
        yield
    finally:
        for n, handler in before.items():
            signal.signal(n, handler)


class Server(ThreadingHTTPServer):
    """Serves a studio to this machine, to who has the `address` with the token."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, studio, port=0):
        self.studio, self.token = studio, secrets.token_urlsafe(24)
        self._free = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        self.ending = None
        super().__init__(("127.0.0.1", port), Handler)
        self.address = f"http://127.0.0.1:{self.server_port}/{self.token}/"

    def service_actions(self):
        """End if a signal came whose exception was lost."""
        if self.ending is not None:
            self.ending()

    def process_request(self, request, client_address):
        """Answer in a thread; refuse where there are too many."""
        if self._free.acquire(timeout=0.5):
            try:
                super().process_request(request, client_address)
            except BaseException:
                self._free.release()
                raise
            return
        with contextlib.suppress(OSError):
            request.settimeout(0.5)
            request.sendall(
                b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n"
                b"Content-Length: 0\r\nConnection: close\r\n\r\n"
            )
        self.shutdown_request(request)

    def process_request_thread(self, request, client_address):
        """Answer, then let another one in."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request, client_address):
        """Say what failed in one line, unless someone only closed the page."""
        error = sys.exception()
        if not isinstance(error, OSError):
            print(f"skmusic: error: {error!r:.300}", file=sys.stderr, flush=True)


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "skmusic", ""
    timeout = _IDLE

    def log_message(self, *_):
        """Print nothing: addresses have the token."""

    def do_GET(self):
        """Give the page, the state, sounds and files."""
        self._answer(self._get)

    def do_POST(self):
        """Take a recording, compose, keep, learn."""
        self._answer(self._post)

    def do_DELETE(self):
        """Discard a piece, stop learning."""
        self._answer(self._delete)

    def handle_expect_100(self):
        """Ask for what follows only when it is known to be welcome."""
        self._expects = True
        return True

    def _answer(self, method):
        """Answer a request; say in plain words what was refused."""
        self._unread, self._begun = 0, False
        length = self.headers.get("Content-Length", "")
        if length.isascii() and length.isdigit():
            self._unread = int(length[:20])
        elif "Transfer-Encoding" in self.headers:  # of a length that is not told
            self._unread = _PIECE
        studio = self.server.studio
        try:
            guards.check_asker(self.command, self.headers, self.server.server_port)
            address = urlsplit(self.path)
            method(guards.split_token(address.path, self.server.token), address.query)
            if self._unread:  # what nobody asked for is no next request
                self.close_connection = True
        except Refused as refused:
            self._refuse(refused.status, str(refused))
        except Busy as busy:
            self._refuse(503, "busy; ask again in some seconds", busy.retry_after)
        except (KeyError, FileNotFoundError):
            self._refuse(404, "there is no such thing, or no longer")
        except (ValueError, TypeError) as error:
            self._refuse(400, studio.plain(error))
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        except Exception as error:
            print(f"skmusic: error: {error!r:.300}", file=sys.stderr, flush=True)
            self._refuse(500, studio.plain(error))

    # Methods --------------------------------------------------------------------

    def _get(self, what, query):
        studio = self.server.studio
        if what in _PAGE:
            package, name, kind = _PAGE[what]
            raw = resources.files(package).joinpath(name).read_bytes()
            self._send(raw, f"{kind}; charset=utf-8")
        elif what == "state":
            self._send_object(studio.state())
        elif what == "model.skmusic":
            if studio.model_path is None:
                raise KeyError(what)
            self._send_file(studio.model_path, studio.model_name)
        elif what.startswith("sounds/"):
            with studio.files.turn():
                self._stream(*studio.samples(what.removeprefix("sounds/")))
        else:
            self._send_piece(what)

    def _send_piece(self, what):
        id, dot, kind = what.removeprefix("pieces/").partition(".")
        if not what.startswith("pieces/p") or dot + kind not in FORMATS:
            raise KeyError(what)
        with self.server.studio.files.turn():
            path, name = self.server.studio.encoded(id, dot + kind)
            try:
                self._send_file(path, name, FORMATS[dot + kind])
            finally:
                path.unlink(missing_ok=True)

    def _post(self, what, query):
        studio = self.server.studio
        if what == "recordings":
            names = parse_qs(query).get("name", [""])
            self._send_object(self._receive(names[0]), 201)
            return
        given = guards.as_object(self._body())
        if what == "pieces":
            self._compose(given)
        elif what == "learning":
            studio.learn(given)
            self._send_object(studio.state(), 202)
        elif what.startswith("pieces/p"):
            studio.shelf.keep(what.removeprefix("pieces/"), given.get("kept") is True)
            self._send_object({})
        else:
            raise KeyError(what)

    def _delete(self, what, query):
        studio = self.server.studio
        if what == "learning":
            studio.stop_learning()
        elif what.startswith("pieces/p"):
            studio.shelf.discard(what.removeprefix("pieces/"))
        else:
            raise KeyError(what)
        self._send_object({})

    def _compose(self, given):
        """Compose, and send each block when it is made; who leaves ends it."""
        studio = self.server.studio
        with studio.jobs.turn():
            piece, blocks = studio.begin(given)
            with contextlib.closing(blocks):
                about = {"X-Piece": piece.id}
                self._stream(piece.sr, piece.channels, blocks, about)

    def _receive(self, name):
        """Take a recording, block by block into a file."""
        guards.check_length(self.headers, guards.MOST_BYTES)
        studio = self.server.studio
        with studio.files.turn():
            self._welcome()
            path = studio.shelf.new_file()
            try:
                with path.open("wb") as file:
                    while self._unread:
                        file.write(self._read(min(_PIECE, self._unread)))
            except BaseException:
                path.unlink(missing_ok=True)
                raise
            return studio.add_recording(path, name)

    # What is read and sent ------------------------------------------------------

    def _body(self):
        length = guards.check_length(self.headers, guards.MOST_JSON)
        self._welcome()
        return self._read(length)

    def _welcome(self):
        if self.__dict__.pop("_expects", False):
            self.send_response_only(HTTPStatus.CONTINUE)
            self.end_headers()

    def _read(self, n):
        raw = self.rfile.read(n)
        self._unread -= len(raw)
        if len(raw) < n:
            raise ConnectionError("the rest did not come")
        return raw

    def _head(self, status, headers):
        self._begun = True
        self.send_response(status)
        for name, value in (guards.HEADERS | headers).items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, raw, kind, status=200, **headers):
        more = {"Content-Type": kind, "Content-Length": str(len(raw))}
        self._head(status, more | headers)
        self.wfile.write(raw)

    def _send_object(self, value, status=200, **headers):
        raw = guards.as_json(value)
        self._send(raw, "application/json", status, **headers)

    def _send_file(self, path, name, kind="application/octet-stream"):
        with path.open("rb") as file:
            headers = {
                "Content-Type": kind,
                "Content-Length": str(path.stat().st_size),
                "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
            }
            self._head(200, headers)
            while raw := file.read(_PIECE):
                self.wfile.write(raw)

    def _stream(self, rate, channels, blocks, headers=()):
        """Send samples in chunks, little-endian in single precision."""
        headers = dict(headers) | {
            "Content-Type": "application/octet-stream",
            "Transfer-Encoding": "chunked",
            "X-Rate": str(rate),
            "X-Channels": str(channels),
        }
        # What cannot be read is refused before the answer begins.
        first = next(blocks, np.empty(0))
        self._head(200, headers)
        for x in chain([first], blocks):
            if raw := np.ascontiguousarray(x, "<f4").tobytes():
                self.wfile.write(b"%x\r\n%b\r\n" % (len(raw), raw))
        self.wfile.write(b"0\r\n\r\n")

    def _refuse(self, status, text, retry_after=None):
        """Say why not; read on for a while, or the answer would be lost."""
        self.close_connection = True
        if self._begun:  # too late for words: the answer breaks off
            return
        headers = {"Connection": "close"}
        headers |= {"Retry-After": str(retry_after)} if retry_after else {}
        with contextlib.suppress(OSError):
            self._send_object({"error": text}, status, **headers)
            if self.__dict__.pop("_expects", False):
                return
            until = time.monotonic() + _LINGER
            self.connection.settimeout(1)
            while self._unread > 0 and time.monotonic() < until:
                raw = self.rfile.read1(_PIECE)
                if not raw:
                    break
                self._unread -= len(raw)
