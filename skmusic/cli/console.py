"""Print single lines, whatever characters are in them."""

import contextlib
import os
import sys
import warnings


def say(args, text):
    """Print a line for people, unless they asked for quiet."""
    if not args.quiet:
        # Standard output is then for programs.
        taken = args.json or args.command == "stream"
        print_line(text, sys.stderr if taken else sys.stdout)


def print_error(error):
    """Print an error in one line."""
    print_line(f"skmusic: error: {str(error) or type(error).__name__}", sys.stderr)


def print_line(text, stream):
    """Print one line; escape what cannot be printed, as in names of files."""
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(text))
    encoding = stream.encoding or "utf-8"
    text = text.encode(encoding, "backslashreplace").decode(encoding)
    print(text, file=stream, flush=True)


def show_warnings_in_one_line():
    """From now on print each warning once, without its place in the code."""
    shown = set()

    def show(message, category, filename, lineno, file=None, line=None):
        # Fitting and transforming both warn of the same broken file.
        if str(message) not in shown:
            shown.add(str(message))
            print_line(f"skmusic: warning: {message}", sys.stderr)

    warnings.simplefilter("always", UserWarning)
    warnings.showwarning = show


@contextlib.contextmanager
def without_library_noise():
    """Silence what C libraries print on file 2, and let Python print there.

    TensorFlow prints a greeting, decoders print a line for each damaged frame.
    """
    stderr = sys.stderr
    try:
        kept = os.dup(2)
    except OSError:  # file 2 is closed, so nothing can be printed
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
