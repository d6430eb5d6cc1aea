"""Ctrl-C: one line and status 130, whenever it comes."""

import contextlib
import os
import signal
import sys


def say_interrupted():
    """Print the line. A second Ctrl-C then ends the process without a word."""
    with contextlib.suppress(ValueError):  # of other threads than the main one
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    print("skmusic: interrupted", file=sys.stderr, flush=True)


@contextlib.contextmanager
def ending_at_once():
    """Let Ctrl-C end the process at once, where nothing needs to be cleaned up.

    During an import a `KeyboardInterrupt` is not safe: some libraries turn it into an
    `ImportError`, others print it and go on.
    """

    def end(signum, frame):
        say_interrupted()
        os._exit(130)

    before = signal.getsignal(signal.SIGINT)
    try:
        if before is signal.default_int_handler:
            signal.signal(signal.SIGINT, end)
    except ValueError:  # of other threads than the main one
        before = None
    try:
        yield
    finally:
        if before is signal.default_int_handler:
            signal.signal(signal.SIGINT, before)
