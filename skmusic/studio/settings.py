"""What a piece is asked to be, and the lines that make it again."""

import secrets
import shlex
from dataclasses import dataclass

from skmusic.utils.keys import parse_key
from skmusic.utils.limits import TEMPI

# Seconds of the longest piece, and of the longest recording to go on from: the page
# holds what it plays in memory.
MOST_SECONDS = 600
# Name -> kind, least and most, as the command `skmusic sample` has them.
_NUMBERS = {
    "seconds": ((int, float), 0.01, MOST_SECONDS),
    "temperature": ((int, float), 0, 100),
    "random_state": (int, 0, 2**32 - 1),
    "tempo": ((int, float), *TEMPI),
}
_DEFAULTS = {"seconds": 30, "temperature": 1}


@dataclass(frozen=True)
class Settings:
    """What is asked for, or None; `seed` and `style` are ids of sounds."""

    seed: str | None = None
    style: str | None = None
    seconds: float = 30
    temperature: float = 1
    random_state: int = 0
    tempo: float | None = None
    key: str | None = None
    energy: list[float] | None = None

    def of_sample(self):
        """Arguments of `Pipeline.sample` but for seed and style."""
        found = {n: x for n, x in vars(self).items() if n not in ("seed", "style")}
        return {name: value for name, value in found.items() if value is not None}


def check_settings(given):
    """Settings out of a dict that a page sent.

    What is None or left out takes its default, and a random state is drawn. Something
    else in it, or a number out of range, is a ValueError.
    """
    found = known(given, Settings.__dataclass_fields__)
    for name, value in found.items():
        if name in _NUMBERS:
            check_number(name, value, *_NUMBERS[name])
        elif name == "key":
            parse_key(value)
        elif name == "energy":
            _check_energy(value)
        elif not isinstance(value, str):
            raise ValueError(f"{name} is no name of a sound")
    drawn = {"random_state": secrets.randbelow(2**31)}
    return Settings(**(_DEFAULTS | drawn | found))


def _check_energy(levels):
    if not (isinstance(levels, list) and levels):
        raise ValueError(f"energy is {levels!r:.40}; give levels such as [0.2, 0.9]")
    for level in levels:
        check_number("energy", level, (int, float), 0, 1)


def known(given, names):
    """What is given and not None; refuse what has none of the names."""
    if unknown := set(given) - set(names):
        raise ValueError(f"unknown setting {min(unknown)!r:.40}")
    return {name: value for name, value in given.items() if value is not None}


def check_number(name, value, kind, low, high):
    """Refuse what is no number of a kind from `low` to `high`."""
    right = isinstance(value, kind) and not isinstance(value, bool)
    if not (right and low <= value <= high):
        what = "a whole number" if kind is int else "a number"
        raise ValueError(f"{name} is {value!r:.40}; give {what} from {low} to {high}")


def command_line(settings, model, out, seed=None, style=None):
    """The command that makes a piece again; files are given by their names."""
    words = ["skmusic", "sample", _plain(model), "-o", out, "--pieces", "1"]
    levels = ",".join(map(repr, settings.energy or ()))
    texts = {"seed": seed, "style": style, "key": settings.key, "energy": levels}
    words += [f"--{name}={text}" for name, text in texts.items() if text]
    # Without a seed the command begins and ends as songs do; the studio fades.
    words += [] if seed else ["--no-begin", "--no-end"]
    for name, value in settings.of_sample().items():
        if name in _NUMBERS:
            words += [f"--{name.replace('_', '-')}", repr(value)]
    return " ".join(_quoted(word) for word in words)


def fit_line(folder, model, learned):
    """The command that makes a model again of what `check_learning` gave."""
    words = ["skmusic", "fit", _plain(folder), "-o", _plain(model)]
    for name, value in learned.items():
        words += [f"--{name.replace('_', '-')}", str(value)]
    return " ".join(_quoted(word) for word in words)


def python_lines(settings, model, out, seed=None, style=None):
    """The lines of Python that make a piece again, as `command_line` has it.

    The command fades a piece in and out, so these lines do.
    """
    arguments = [repr(seed)]
    arguments += [f"style={style!r}"] if style else []
    arguments += [f"{name}={value!r}" for name, value in settings.of_sample().items()]
    return "\n".join(
        [
            "import skmusic",
            "from skmusic import audio",
            "from skmusic.audio.playback import faded",
            "",
            f"pipe = skmusic.load({model!r})",
            f"music = pipe.sample({', '.join(arguments)})",
            "(music,) = faded([music], len(music), music.sr)",
            f"audio.write({out!r}, music)",
        ]
    )


def _plain(name):
    """A name that is no option, whatever it begins with."""
    return f"./{name}" if name.startswith("-") else name


def _quoted(word):
    """A word as a shell reads it; of an option only what follows the sign."""
    option, sign, value = word.partition("=")
    if sign and option.startswith("--"):
        return f"{option}={shlex.quote(value)}"
    return shlex.quote(word)
