"""What the command prints: single lines, whatever is in them."""

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
