"""What the command prints: single lines, whatever is in them."""

import contextlib
import os
import sys
import warnings


def say(args, text):
    """Tell something, if the arguments allow it."""
    if not args.quiet:
        # Standard output is for what programs read.
        taken = args.json or args.command == "stream"
        print_line(text, sys.stderr if taken else sys.stdout)


def print_error(error):
    """Print an error in one line."""
    print_line(f"skmusic: error: {str(error) or type(error).__name__}", sys.stderr)


def print_line(text, stream):
    """Print one line, whatever characters file names are made of."""
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(text))
    encoding = stream.encoding or "utf-8"
    text = text.encode(encoding, "backslashreplace").decode(encoding)
    print(text, file=stream, flush=True)


def show_warnings_in_one_line():
    """Print each warning once, from now on, without the place in the code."""
    shown = set()

    def show(message, category, filename, lineno, file=None, line=None):
        # Fitting and transforming both tell of the same broken file.
        if str(message) not in shown:
            shown.add(str(message))
            print_line(f"skmusic: warning: {message}", sys.stderr)

    warnings.simplefilter("always", UserWarning)
    warnings.showwarning = show


@contextlib.contextmanager
def without_library_noise():
    """Keep what C libraries print on file 2 off the terminal, but not what Python does.

    TensorFlow greets there, and decoders tell of each damaged frame.
    """
    stderr = sys.stderr
    try:
        kept = os.dup(2)
    except OSError:  # it is closed: there is nothing to keep quiet
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        if _is_file_2(stderr):
            form = {"encoding": stderr.encoding, "errors": stderr.errors}
            sys.stderr = os.fdopen(kept, "w", 1, closefd=False, **form)
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        sys.stderr = stderr
        os.close(nowhere)
        os.close(kept)


def _is_file_2(stream):
    try:
        return stream.fileno() == 2
    except (OSError, ValueError):  # such as what tests put in its place
        return False
