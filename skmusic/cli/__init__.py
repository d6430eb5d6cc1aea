"""The command `skmusic`: learn from recordings, compose new ones.

This file imports next to nothing, so that Ctrl-C is heard from the start.
"""

import os
import sys

try:
    from skmusic.cli.interrupt import ending_at_once, say_interrupted
except KeyboardInterrupt:
    print("skmusic: interrupted", file=sys.stderr, flush=True)
    os._exit(130)

__all__ = ["main"]


def main(argv=None):
    """Run the command line with a list of arguments, by default those of the process.

    Returned is the exit status: 0 if all went well, 1 after an error of input or of the
    system, 130 after Ctrl-C. Of wrong usage, argparse makes a `SystemExit` of status 2.
    """
    argv = sys.argv[1:] if argv is None else argv
    try:
        with ending_at_once():
            from skmusic.cli import commands

            args = commands.parse(argv)
        return commands.run(args)
    except KeyboardInterrupt:
        say_interrupted()
        return 130
