"""Who may ask: only a page of this server, opened with the address that it printed."""

import hmac
import json
import math
from http import HTTPStatus

# Bytes of the largest recording that may be sent, and of settings.
MOST_BYTES = 100 << 20
MOST_JSON = 1 << 16
# Nothing is loaded from anywhere else, no page may frame this one, and no address
# with the token is told to others.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Refused(Exception):
    """A request that is not answered; `status` says why."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = HTTPStatus(status)


def check_asker(method, headers, port):
    """Refuse what another site sends, or a name that was made to lead here.

    Host must be this server, Origin no other, and the browser must not say that another
    site asks. A link to the page may stand anywhere.
    """
    hosts = [f"{name}:{port}" for name in ("127.0.0.1", "localhost")]
    if headers.get("Host", "").lower() not in hosts:
        raise Refused(403, "another host was asked for")
    origin = headers.get("Origin")
    if origin is not None and origin.lower() not in [f"http://{h}" for h in hosts]:
        raise Refused(403, "another site asks")
    kind = [headers.get(f"Sec-Fetch-{name}") for name in ("Mode", "Dest")]
    followed = method == "GET" and kind == ["navigate", "document"]
    ours = headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none")
    if not (ours or followed):
        raise Refused(403, "another site asks")


def split_token(path, token):
    """What stands in an address after the token, which must be right."""
    given, _, rest = path.removeprefix("/").partition("/")
    if not hmac.compare_digest(given.encode(), token.encode()):
        raise Refused(403, "open the address that skmusic serve printed, all of it")
    return rest


def check_length(headers, most):
    """Bytes that will follow, which must be told and `most` at most."""
    length = headers.get("Content-Length", "")
    if "Transfer-Encoding" in headers or not (length.isascii() and length.isdigit()):
        raise Refused(411, "say how many bytes follow (Content-Length)")
    if len(length) > 20 or int(length) > most:
        raise Refused(413, f"too large: at most {most / 2**20:.3g} MiB may be sent")
    return int(length)


def as_object(raw):
    """Dict that JSON text stands for; refuse all else."""

    def refuse(text):
        raise ValueError(text)

    try:
        found = json.loads(raw, parse_constant=refuse)
    except (ValueError, RecursionError):
        raise Refused(400, "send a JSON object") from None
    if not isinstance(found, dict):
        raise Refused(400, "send a JSON object")
    return found


def as_json(value):
    """Bytes of JSON; numbers that are not finite become null."""
    return json.dumps(_finite(value), allow_nan=False).encode()


def _finite(value):
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
