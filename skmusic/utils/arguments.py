"""Checks of single arguments: seeds, lengths, how to sample, what was unpickled."""

import os
import sys
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from importlib.util import find_spec
from numbers import Integral, Number, Real

import numpy as np

from skmusic.utils.limits import MOST_SECONDS


def as_seed_list(seed):
    """Seeds as a list, and whether a list was given: one of others than numbers.

    Examples
    --------
    >>> from skmusic.utils.arguments import as_seed_list
    >>> as_seed_list("a.wav"), as_seed_list(["a.wav", None]), as_seed_list([0.1, 0.2])
    ((['a.wav'], False), (['a.wav', None], True), ([[0.1, 0.2]], False))
    """
    refuse_number(seed)
    if not isinstance(seed, (list, tuple)):
        return [seed], False
    if any(isinstance(item, (list, tuple, Number)) for item in seed):
        return [seed], False
    if not seed:
        raise ValueError(f"seed={seed} asks for no piece; use None for silence.")
    return list(seed), True


def refuse_number(music, name="seed"):
    """Refuse a number in place of music, which is meant for another argument."""
    if isinstance(music, Number):
        raise ValueError(
            f"{name}={music!r} is a number; a {name} is music, or None. Chance is "
            f"random_state={music!r}, a length frames={music!r}."
        )


@contextmanager
def _told_of_overflow():
    try:
        with np.errstate(over="raise"):
            yield
    except FloatingPointError as error:
        raise ValueError(
            f"the frames hold numbers too large to work with ({error}); scale the "
            "recordings to [-1, 1]."
        ) from error


# Decorator: numbers whose energy is beyond single precision, as no sound's is, are
# refused.
refuse_overflow = _told_of_overflow()


def check_fields(value):
    """Refuse a dataclass, or one in its fields, that lacks what the code asks of it.

    Pickle makes objects without their constructors, of whatever fields they had in
    the version that saved them.
    """
    if not is_dataclass(value):
        return
    for field in fields(value):
        if not hasattr(value, field.name):
            raise ValueError(
                f"{type(value).__name__}.{field.name} is missing: another version of "
                "skmusic saved it; load it with that one, or fit again."
            )
        check_fields(getattr(value, field.name))


def check_sampling(frames, temperature, name="frames"):
    """Refuse what nothing can be sampled with; frames are an argument of that name."""
    _check_kind(name, frames, Integral, "whole number such as 1000")
    _check_kind("temperature", temperature, Real, "number such as 1.0")
    if frames <= 0:
        raise ValueError(f"{name}={frames} makes no music; ask for at least 1.")
    if not 0 <= temperature < np.inf:
        raise ValueError(f"temperature={temperature} is out of range; use 0 or more.")


def refuse_state(seed):
    """Refuse a state of a generator where a recording is asked for."""
    if is_dataclass(seed):
        raise ValueError(
            "the seed is a state, which goes on in frames; pass it to the last step's "
            "sample, pipe[-1].sample(state, frames)."
        )


def check_seconds(seconds):
    """Refuse a length that makes no music."""
    _check_kind("seconds", seconds, Real, "number such as 30")
    if not 0 < seconds < np.inf:
        raise ValueError(f"seconds={seconds} makes no music; use 30.")
    if seconds > MOST_SECONDS:
        raise ValueError(
            f"seconds={seconds} is more than a day; use at most {MOST_SECONDS}."
        )


def check_backend():
    """Refuse to learn without Keras on TensorFlow, before either is loaded."""
    if missing := [name for name in ("keras", "tensorflow") if not _is_there(name)]:
        raise ImportError(
            f"learning needs {' and '.join(missing)}, not installed here; "
            f"pip install {' '.join(missing)} (to play, neither is needed)"
        )
    loaded = sys.modules.get("keras.config")
    name = os.environ.get("KERAS_BACKEND") if loaded is None else loaded.backend()
    if name not in (None, "", "tensorflow"):
        raise ImportError(
            f"KERAS_BACKEND={name!r}: learning needs 'tensorflow'; set it to that, or "
            "unset it, before Keras is loaded."
        )


def _is_there(name):
    """Whether a package can be imported, without doing so."""
    try:
        return name in sys.modules or find_spec(name) is not None
    except ImportError:  # some importers say so
        return False


def _check_kind(name, value, kind, wanted):
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"{name}={value!r} is no {wanted}.")
