"""Controls: what is asked of a piece beside its seed and its length.

Styles, a curve of energy, a recording to vary or to arrive at, a beginning and an end,
a tempo, a key.
Here they are checked and brought into one form. A *curve* is a list of points, each of
seconds and of what is asked for there; between two points it changes over evenly.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from numbers import Number, Real
from os import PathLike
from typing import Any

import numpy as np

from skmusic.utils.arguments import refuse_number
from skmusic.utils.keys import parse_key
from skmusic.utils.limits import TEMPI


@dataclass(frozen=True)
class Controls:
    """What is asked of a piece; nothing by default.

    Parameters
    ----------
    style : recording, blend of recordings, path of styles over time, or None
        See `as_curve`.
    energy : float, list or recording or None
        Levels from 0 to 1, spread evenly over the piece; pairs of seconds and a level;
        or a recording that is as loud as the piece is to be.
    vary : recording or None
    amount : float
        From 0, which follows what is varied closely, to 1, which does not.
    until : recording or None
        What the piece arrives at.
    begin, end : bool
        Whether it begins, and ends, as recordings do.
    tempo : float or None
        Beats a minute.
    key : str, or (int, str), or None
        Such as "F# minor"; then its tonic as a pitch class, and its mode.
    """

    style: Any = None
    energy: Any = None
    vary: Any = None
    amount: float = 0.3
    until: Any = None
    begin: bool = False
    end: bool = False
    tempo: float | None = None
    key: Any = None

    def __post_init__(self):
        for name in ("begin", "end"):
            if not isinstance(getattr(self, name), (bool, np.bool_)):
                raise TypeError(f"{name}={getattr(self, name)!r} is no bool; use True.")
        if not isinstance(self.amount, Real) or isinstance(self.amount, bool):
            raise TypeError(f"amount={self.amount!r} is no number such as 0.3.")
        if not 0 <= self.amount <= 1:
            raise ValueError(
                f"amount={self.amount} is out of range; 0 follows the recording "
                "closely, 1 not at all."
            )
        if self.tempo is not None:
            _check_tempo(self.tempo)
        if isinstance(self.key, str):
            object.__setattr__(self, "key", parse_key(self.key))
        elif self.key is not None and not isinstance(self.key, tuple):
            raise TypeError(f"key={self.key!r} is no key such as 'F# minor'.")
        for name in ("vary", "until"):
            refuse_number(getattr(self, name), name)
            _refuse_several(getattr(self, name), name)
        if self.until is not None:
            for name in ("end", "vary", "key"):
                if _is_asked(getattr(self, name)):
                    raise ValueError(
                        f"until= and {name}= exclude each other, for the piece arrives "
                        "at that recording, in its key; leave one out."
                    )
        if self.style is not None:
            object.__setattr__(self, "style", as_curve(self.style))
        if self.energy is not None:
            object.__setattr__(self, "energy", _levels(self.energy))

    @property
    def given(self):
        """Names of what is asked for."""
        return [n for n in CONTROLS if n != "amount" and _is_asked(getattr(self, n))]

    def heard(self, listen):
        """The same, with what ``listen(recording, name)`` makes of each recording."""
        style = self.style and [
            (at, [(listen(x, "style"), share) for x, share in blend])
            for at, blend in self.style
        ]
        energy = self.energy
        if energy is not None and not isinstance(energy, list):
            energy = listen(energy, "energy")
        found = {
            name: None if x is None else listen(x, name)
            for name, x in (("vary", self.vary), ("until", self.until))
        }
        return replace(self, style=style, energy=energy, **found)


# Arguments of `sample` that are controls, and those that each synthesis takes.
CONTROLS = tuple(Controls.__dataclass_fields__)
TAKEN = {"neural": CONTROLS, "regression": ()}


def heard_options(options, listen):
    """Options whose recordings are what ``listen(recording, name)`` makes of them.

    What asks for nothing is left out.
    """
    controls = Controls(**{n: options[n] for n in CONTROLS if n in options})
    heard = controls.heard(listen)
    found = {name: getattr(heard, name) for name in heard.given}
    match found.get("style"):
        case [(0.0, [(x, 1.0)])]:
            found["style"] = x
    if heard.vary is not None:
        found["amount"] = heard.amount
    return {n: x for n, x in options.items() if n not in CONTROLS} | found


def taken_by(made):
    """Controls that what was fitted takes, an instance of a synthesis."""
    return TAKEN[type(made).__name__.lower()]


def refuse_untaken(names, synthesis, spelled="{}", told="synthesis={!r}"):
    """Refuse controls that a synthesis does not take, and name one that does.

    `spelled` and `told` are how the caller writes a control, and a synthesis.
    """
    for name in names:
        if name not in TAKEN[synthesis]:
            other = next(each for each, taken in TAKEN.items() if name in taken)
            raise ValueError(
                f"{spelled.format(name)} is given, but {told.format(synthesis)} does "
                f"not take it; use {told.format(other)}, or leave it out."
            )


def refuse_endings(options, loop, frames):
    """Refuse what a loop, or a piece whose frames are None, cannot have."""
    asked = {name for name, value in options.items() if _is_asked(value)}
    for name in ("begin", "end", "until", "return_state"):
        if loop and name in asked:
            raise ValueError(f"loop=True begins and ends nowhere, so leave {name} out.")
    for name in ("end", "until"):
        if frames is None and name in asked:
            raise ValueError(f"{name}= of what length? Give seconds=30 too.")


def in_steps(points, seconds, n_steps):
    """Steps ``(n_points,)`` of a curve's points (seconds, level), and the levels there.

    Seconds that are None are spread evenly over `n_steps`; `seconds` is the length of
    one.
    """
    at, levels = zip(*points, strict=True)
    if at[0] is None:
        return np.linspace(0, n_steps, len(levels)), np.array(levels, float)
    return np.array(at) / seconds, np.array(levels, float)


def _check_tempo(tempo):
    if not _is_number(tempo) or not isinstance(tempo, Real):
        raise TypeError(f"tempo={tempo!r} is no number of beats a minute such as 120.")
    low, high = TEMPI
    if not low <= tempo <= high:
        raise ValueError(
            f"tempo={tempo} is out of range; give {low} to {high} beats a minute."
        )


def _is_asked(value):
    return value is not None and value is not False


def _is_pair(item):
    return isinstance(item, (list, tuple)) and len(item) == 2


def _is_recording(x):
    """Whether it is a path or an array: no number and no list of numbers."""
    return isinstance(x, (str, PathLike)) or (np.ndim(x) and hasattr(x, "__array__"))


def _refuse_several(x, name):
    """Refuse a list of recordings; one of numbers, or of rows of them, is one."""
    if isinstance(x, (list, tuple)) and any(
        isinstance(item, (str, PathLike)) or np.ndim(item) > 1 for item in x
    ):
        raise TypeError(f"{name} is a list of recordings; give one.")


def _is_number(x):
    return isinstance(x, Number) and not isinstance(x, bool)


def as_curve(style):
    """Points ``(seconds, [(recording, share), ...])`` of a style; shares sum to 1.

    Parameters
    ----------
    style : recording, blend, or path
        A blend of recordings is a dict of weights or a list of pairs (recording,
        weight). A path is a list of pairs (seconds, recording or blend).

    Examples
    --------
    >>> from skmusic.synthesis.controls import as_curve
    >>> as_curve("a.wav")
    [(0.0, [('a.wav', 1.0)])]
    >>> as_curve({"a.wav": 3, "b.wav": 1})
    [(0.0, [('a.wav', 0.75), ('b.wav', 0.25)])]
    >>> as_curve([(0, "a.wav"), (30, [("b.wav", 1)])])
    [(0.0, [('a.wav', 1.0)]), (30.0, [('b.wav', 1.0)])]
    """
    if not _is_path(style):
        return [(0.0, _blend(style))]
    points = [(_seconds("style", at), _blend(x)) for at, x in style]
    _check_order("style", points)
    return points


def _is_path(style):
    """Whether it is a list of pairs of a number and no number."""
    if not isinstance(style, (list, tuple)) or not all(map(_is_pair, style)):
        return False
    return bool(style) and all(_is_number(a) and not _is_number(b) for a, b in style)


def _blend(style):
    """Recordings and the share of each."""
    refuse_number(style, "style")
    if isinstance(style, Mapping):
        pairs = list(style.items())
    elif (
        isinstance(style, (list, tuple))
        and all(map(_is_pair, style))
        and any(_is_number(b) and not _is_number(a) for a, b in style)
    ):
        pairs = list(style)
    else:
        if (
            isinstance(style, (list, tuple))
            and style
            and all(map(_is_recording, style))
        ):
            raise ValueError(
                "style is a list of recordings without weights; give pairs such as "
                "(recording, 1), or a dict {path: 1}."
            )
        return [(style, 1.0)]
    for recording, weight in pairs:
        refuse_number(recording, "style")
        if not _is_number(weight) or not 0 <= weight < np.inf:
            raise ValueError(
                f"style has the weight {weight!r}; use numbers from 0, such as 0.7."
            )
    total = sum(weight for _, weight in pairs)
    if not total:
        raise ValueError("the weights of style sum to 0; give one recording more.")
    return [(x, float(weight / total)) for x, weight in pairs]


def _seconds(name, at):
    if not 0 <= at < np.inf:
        raise ValueError(f"{name} has a point at {at} seconds; use 0 or more.")
    return float(at)


def _check_order(name, points):
    times = [at for at, _ in points]
    if times != sorted(times):
        raise ValueError(f"{name} goes back in time, {times}; sort its points.")


def _levels(energy):
    """Points ``(seconds or None, level)`` of a curve, or the recording that it is."""
    if _is_number(energy):
        energy = [energy]
    # One row of numbers is a curve, unless it swings about zero as a waveform does.
    if isinstance(energy, np.ndarray) and energy.ndim == 1 and np.all(energy >= 0):
        energy = energy.tolist()
    if not isinstance(energy, (list, tuple)):
        return energy
    if not energy:
        raise ValueError(f"energy={energy} has no level; give some from 0 to 1.")
    pairs = all(map(_is_pair, energy))
    points = list(energy) if pairs else [(None, level) for level in energy]
    for at, level in points:
        if not _is_number(level) or not (at is None or _is_number(at)):
            raise TypeError(
                f"energy has the point {(at, level)!r}; give levels, or pairs of "
                "seconds and a level."
            )
        if not 0 <= level <= 1:
            raise ValueError(
                f"energy has the level {level}; use 0, the quietest, to 1, the loudest."
            )
    if pairs and points[0][0] is not None:
        points = [(_seconds("energy", at), level) for at, level in points]
        _check_order("energy", points)
    return points
