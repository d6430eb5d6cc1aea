"""Arguments of the command `skmusic`: commands, options, and their help."""

import argparse
from functools import partial
from pathlib import Path

from skmusic import __version__
from skmusic.synthesis import SYNTHESES
from skmusic.utils.keys import parse_key
from skmusic.utils.limits import MOST_SECONDS, MOST_WINDOW, RATES, TEMPI

# Suffixes of models. The first kind is safe to share, the second is a pickle.
MODELS = (".skmusic", ".joblib")

_EPILOG = """\
examples:
  skmusic compose                                three pieces after built-in songs
  skmusic compose songs/ --pieces 1 -o out.wav   one piece after your own
  skmusic fit songs/ -o mine.skmusic             learn now ...
  skmusic sample mine.skmusic -o out.flac        ... and compose later
  skmusic stream mine.skmusic | aplay            ... or listen without end
  skmusic serve songs/                           learn, compose, listen in a browser

A .skmusic file holds no code and may come from anyone. A .joblib file is a pickle:
loading one can run any program, so load only those that you trust.
"""

# Groups of options; each command takes those of what it does.


def _add_learning(add):
    text = "file, or folder to search; without any, built-in songs are learned"
    add("songs", nargs="*", type=_path, metavar="SONG", help=text)
    add("--N", type=_even, help="samples in a window, an even number (2048)")
    text = "sampling rate of the music (44100)"
    add("--sr", type=_number(int, RATES[0], RATES[-1]), metavar="HZ", help=text)
    add("--epochs", type=_number(int, 1, 10**6), help="passes over the songs")
    text = "minutes of learning after which no further pass begins"
    add("--max-minutes", type=_number(float, 0.01, 10**6), metavar="MIN", help=text)
    text = "draw sound of its own, or predict frames as the article did (neural)"
    add("--synthesis", choices=list(SYNTHESES), help=text)
    text = "folder for the state of learning; after a crash the same command goes on"
    add("--checkpoint", type=_path, metavar="DIR", help=text)
    add("--strict", action="store_true", help="stop at a broken file, do not warn")


def _add_playing(add):
    text = "file (out-1.wav ... if there are more) or folder (piece-1.wav ...)"
    add("-o", dest="out", type=_out, metavar="OUT", help=text)
    add("--pieces", type=_number(int, 1, 10**4), default=3, help="how many (3)")
    text = "length of a piece (30)"
    add("--seconds", type=_number(float, 0.01, MOST_SECONDS), default=30.0, help=text)
    text = "pieces that repeat without a break, marked so for game engines"
    add("--loop", action="store_true", help=text)
    add("--play", action="store_true", help="play the pieces too")
    text = "page to judge the pieces by: players, figures, measures; an .html file"
    add("--report", type=_page, metavar="PAGE", help=text)


def _add_sampling(add):
    add("--seed", type=_path, metavar="FILE", help="recording to continue")
    text = "recording whose style the pieces keep (the seed, or whatever comes)"
    add("--style", type=_path, metavar="FILE", action=_Style, help=text)
    text = "of the --style before it, where several are blended (1)"
    number = _number(float, 0, 10**6)
    add("--weight", type=number, metavar="W", action=_Style, help=text)
    text = "seconds at which the --style before it is reached, where styles change"
    number = _number(float, 0, MOST_SECONDS)
    add("--at", type=number, metavar="S", action=_Style, help=text)
    text = "levels from 0 (quiet) to 1 (loud and busy): 0.2,0.9 or 0:0.2,30:0.9 with \
seconds; or a recording that is as loud"
    add("--energy", type=_energy, metavar="LEVELS", help=text)
    add("--vary", type=_path, metavar="FILE", help="recording to make variations of")
    text = "of variation, from 0 (close) to 1 (free) (0.3)"
    add("--amount", type=_number(float, 0, 1), metavar="A", help=text)
    text = "recording that can follow the pieces at once"
    add("--until", type=_path, metavar="FILE", help=text)
    yes_no = argparse.BooleanOptionalAction
    text = "begin as the songs begin (without a seed they do)"
    add("--begin", action=yes_no, help=text)
    text = "end as the songs end, not with a fade (compose and sample, without a seed)"
    add("--end", action=yes_no, help=text)
    number = _number(float, *TEMPI)
    add("--tempo", type=number, metavar="BPM", help="beats a minute (the seed's)")
    add("--key", type=_key, metavar="KEY", help="as 'C major', 'F# minor' (the seed's)")
    text = "above 1 is more daring, below 1 less (1)"
    add("--temperature", type=_number(float, 0, 100), default=1.0, help=text)


def _add_chance(add):
    text = "same number, same music on one machine; else one is drawn and printed"
    add("--random-state", type=_number(int, 0, 2**32 - 1), help=text)


def parser():
    """Make the parser; ``args.command`` names a function of `skmusic.cli.commands`."""
    top = argparse.ArgumentParser(
        "skmusic",
        description="Learn from recordings, compose new ones.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"skmusic {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    command = partial(_add_command, commands)
    add = command(
        "compose",
        "learn and compose",
        _add_learning,
        _add_playing,
        _add_sampling,
        _add_chance,
    )
    kinds = "a file .skmusic, safe to share, or .joblib"
    add("--save", type=_model, metavar="MODEL", help=f"keep the model, {kinds}")
    add = command("fit", "learn and save a model", _add_learning, _add_chance)
    add("-o", dest="out", type=_model, metavar="MODEL", required=True, help=kinds)
    trust = "(.skmusic from anyone, .joblib only if you trust it)"
    groups = _add_sampling, _add_chance
    add = command("sample", f"compose with a model {trust}", _add_playing, *groups)
    add("model", type=_path, metavar="MODEL", help="file that skmusic fit made")
    text = f"compose while you listen {trust}"
    add = command("stream", text, *groups, json=False)
    add("model", type=_path, metavar="MODEL", help="file that skmusic fit made")
    text = "how much; by default without end"
    add("--seconds", type=_number(float, 0.01, MOST_SECONDS), help=text)
    text = "write 16-bit little-endian samples without a wav header"
    add("--raw", action="store_true", help=text)
    add("--play", action="store_true", help="play it")
    text = "open the studio, a page in the browser to learn, compose and listen in"
    add = command("serve", text, json=False)
    text = "a model (.skmusic), or a folder of recordings to learn from"
    add("source", type=_path, metavar="MODEL_OR_FOLDER", help=text)
    text = "of this machine, from 1024; by default any that is free"
    add("--port", type=_number(int, 1024, 65_535), help=text)
    add("--open", action="store_true", help="open the page in the browser too")
    add = command("info", f"describe recordings and models {trust}")
    add(
        "files",
        nargs="+",
        type=_path,
        metavar="FILE",
        help="recording, folder or model",
    )
    return top


def _add_command(commands, name, text, *groups, json=True):
    """Add a command with the options that most have; return its `add_argument`."""
    parser = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
    add = parser.add_argument
    for group in groups:
        group(add)
    if json:
        add("--json", action="store_true", help="print one JSON object for programs")
    else:
        parser.set_defaults(json=False)
    how_much = parser.add_mutually_exclusive_group().add_argument
    text = "print only warnings and errors"
    how_much("-q", "--quiet", action="store_true", help=text)
    text = "show progress even without a terminal, as lines"
    how_much("-v", "--verbose", action="store_true", help=text)
    return add


class _Style(argparse.Action):
    """Collects styles; ``--weight`` and ``--at`` are told of the style before them."""

    def __call__(self, parser, namespace, value, option_string=None):
        styles = getattr(namespace, "style", None) or []
        if option_string == "--style":
            namespace.style = [*styles, {"style": value}]
        elif not styles:
            parser.error(f"{option_string} goes after the --style that it is of")
        elif (name := option_string[2:]) in styles[-1]:
            parser.error(f"{option_string} is given twice for one --style")
        else:
            styles[-1][name] = value


def style_of(styles):
    """The argument ``style`` of `Pipeline.sample` from what `_Style` collects."""
    if not styles:
        return None
    timed = ["at" in each for each in styles]
    if any(timed):
        if not all(timed):
            raise ValueError("--at is needed after each --style, or after none")
        times = sorted({each["at"] for each in styles})
        return [
            (at, style_of([_untimed(x) for x in styles if x["at"] == at]))
            for at in times
        ]
    if len(styles) == 1 and "weight" not in styles[0]:
        return styles[0]["style"]
    return [(each["style"], each.get("weight", 1.0)) for each in styles]


def _untimed(style):
    return {name: value for name, value in style.items() if name != "at"}


def _energy(text):
    """Levels, pairs of seconds and a level, or a path."""
    try:
        found = [[float(x) for x in part.split(":")] for part in text.split(",")]
    except ValueError:
        return _path(text)
    if {len(part) for part in found} == {1}:
        return [level for (level,) in found]
    if {len(part) for part in found} == {2}:
        return [tuple(part) for part in found]
    raise argparse.ArgumentTypeError(f"{text}: give 0.2,0.9 or 0:0.2,30:0.9")


def _key(text):
    try:
        parse_key(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(error) from error
    return text


def _path(text):
    if not text:  # likely an unset shell variable; Path("") is the current folder
        raise argparse.ArgumentTypeError("the name is empty")
    return Path(text)


def _model(text):
    # So "fit -o song.wav" cannot overwrite a recording with a model.
    if (path := _path(text)).suffix.lower() not in MODELS:
        names = " or ".join(MODELS)
        raise argparse.ArgumentTypeError(f"{text!r}: end the name in {names}")
    return path


def _page(text):
    if (path := _path(text)).suffix.lower() not in (".html", ".htm"):
        raise argparse.ArgumentTypeError(f"{text!r}: end the name in .html")
    return path


def _out(text):
    from skmusic.audio.encoding import ENCODERS

    path = _path(text)
    known = path.suffix.lower() in ("", *ENCODERS)
    if not (known or path.is_dir()):
        names = ", ".join(ENCODERS)
        raise argparse.ArgumentTypeError(f"{text!r}: end the name in one of {names}")
    return path


def _even(text):
    N = _number(int, 2, MOST_WINDOW)(text)
    if N % 2:
        raise argparse.ArgumentTypeError(f"{N} is odd; give {N - 1} or {N + 1}")
    return N


_even.__name__ = "int"  # for argparse's messages


def _number(kind, low, high):
    """Make a parser of numbers from `low` to `high`; it refuses NaN."""

    def parse(text):
        if not low <= (value := kind(text)) <= high:
            raise argparse.ArgumentTypeError(f"{text}: give one from {low} to {high}")
        return value

    parse.__name__ = kind.__name__  # for argparse's messages
    return parse
