"""Single arguments: seeds, lengths, how to sample, what was unpickled."""

import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from skmusic.spectra.frames import FrameFormat
from skmusic.utils.arguments import (
    as_seed_list,
    check_backend,
    check_fields,
    check_sampling,
    check_seconds,
    refuse_overflow,
)
from skmusic.utils.sequences import check_dims, check_same_format, check_sequence
from skmusic.utils.validation import Recordings

MONO = np.zeros(50)


@pytest.mark.parametrize("seed", [None, "a.wav", Path("a.wav"), MONO, [0.1, 0.2]])
def test_one_seed_is_a_list_of_one(seed):
    seeds, many = as_seed_list(seed)
    assert (len(seeds), many) == (1, False)
    assert seeds[0] is seed


def test_a_list_of_seeds_is_one_seed_a_piece():
    seeds = [None, "a.wav", MONO]
    found, many = as_seed_list(tuple(seeds))
    assert many
    assert all(a is b for a, b in zip(found, seeds, strict=True))
    with pytest.raises(ValueError, match="asks for no piece; use None for silence"):
        as_seed_list([])


SAMPLINGS = {  # frames, temperature, error, message
    "no frames": (0, 1.0, ValueError, "frames=0 makes no music"),
    "part of a frame": (1.5, 1.0, TypeError, "frames=1.5 is no whole"),
    "a truth": (True, 1.0, TypeError, "frames=True is no whole number"),
    "cold": (1, -0.1, ValueError, "temperature=-0.1 is out of range"),
    "hot": (1, np.inf, ValueError, "temperature=inf is out of range"),
    "unknown": (1, np.nan, ValueError, "temperature=nan is out of range"),
    "text": (1, "1", TypeError, "temperature='1' is no number"),
}


@pytest.mark.parametrize("case", SAMPLINGS.values(), ids=SAMPLINGS)
def test_what_nothing_can_be_sampled_with_is_refused(case):
    *parameters, error, message = case
    with pytest.raises(error, match=message):
        check_sampling(*parameters)
    check_sampling(np.int64(3), np.float32(0.5))


def test_numbers_beyond_single_precision_are_refused():
    @refuse_overflow
    def energy(x):
        return np.square(np.float32(x))

    assert energy([2.0]) == 4
    for _ in range(2):
        with pytest.raises(ValueError, match=r"too large .* scale the recordings"):
            energy([1e30])
    with np.errstate(over="ignore"):
        assert np.isinf(np.square(np.float32([1e30])))


@dataclass
class Inner:
    x: int


@dataclass
class Outer:
    inner: Inner
    y: int


def test_objects_of_another_version_are_refused():
    check_fields("no dataclass")
    whole = Outer(Inner(1), 2)
    check_fields(whole)
    del whole.inner.x
    with pytest.raises(ValueError, match=r"Inner.x is missing: another version"):
        check_fields(whole)


@pytest.mark.parametrize("seed", [0, 10, 7.0, np.int64(3), np.float32(1), True])
def test_a_number_is_no_seed(seed):
    with pytest.raises(ValueError, match=r"is a number; .*random_state=.* frames="):
        as_seed_list(seed)


@pytest.mark.parametrize("seconds", [0, -1, np.nan, np.inf])
def test_lengths_that_are_no_music(seconds):
    with pytest.raises(ValueError, match=f"seconds={seconds} makes no music; use 30"):
        check_seconds(seconds)
    check_seconds(np.float32(0.1))


@pytest.mark.parametrize("seconds", ["3", None, True, [3]])
def test_lengths_that_are_no_number(seconds):
    with pytest.raises(TypeError, match=r"seconds=.* is no number such as 30"):
        check_seconds(seconds)


@pytest.mark.parametrize("name", ["jax", "torch", "numpy"])
def test_only_one_backend_learns(name, monkeypatch):
    monkeypatch.delitem(sys.modules, "keras.config", raising=False)
    for fine in ("tensorflow", ""):
        monkeypatch.setenv("KERAS_BACKEND", fine)
        check_backend()
    monkeypatch.setenv("KERAS_BACKEND", name)
    with pytest.raises(ImportError, match=f"KERAS_BACKEND='{name}': learning needs"):
        check_backend()
    # What is loaded counts, not what would be.
    loaded = SimpleNamespace(backend=lambda: "tensorflow")
    monkeypatch.setitem(sys.modules, "keras.config", loaded)
    check_backend()


@pytest.mark.parametrize(
    "missing", [["keras"], ["tensorflow"], ["keras", "tensorflow"]]
)
def test_what_learning_lacks_is_named(missing, monkeypatch):
    for name in missing:
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(
        "skmusic.utils.arguments.find_spec",
        lambda name: None if name in missing else name,
    )
    with pytest.raises(ImportError, match=f"pip install {' '.join(missing)} "):
        check_backend()


def sequence(x):
    return check_sequence(BaseEstimator(), x, 2, "seed")


def test_one_sequence_has_one_or_two_axes():
    assert sequence(np.zeros((3, 2))).shape == (3, 2)
    assert sequence(None).shape == (0, 2)
    for x in (np.float64(3), np.zeros((1, 3, 2)), "a.wav"):
        with pytest.raises(ValueError, match=r"seed has . dimensions; pass the frames"):
            sequence(x)
    for x in (np.zeros(3), np.zeros((3, 1))):
        with pytest.raises(ValueError, match=r"seed has frames of 1 numbers where 2 "):
            sequence(x)


def test_all_frames_have_as_many_numbers_as_their_format():
    format = FrameFormat(2, 1)  # of four numbers
    recordings = Recordings([np.zeros((5, 4)), np.zeros((0, 4))], "list")
    check_dims(recordings, 4, None)
    check_dims(recordings, 4, format)
    with pytest.raises(ValueError, match=r"recording 0 have 4 numbers where 3 are exp"):
        check_dims(recordings, 3, None)
    with pytest.raises(ValueError, match=r"n_channels=2.* have 8 numbers, and X has 4"):
        check_dims(recordings, 4, FrameFormat(2, 1, n_channels=2))


def test_frames_are_of_the_format_that_was_fitted_where_they_know_theirs():
    format, other = FrameFormat(4, 2), FrameFormat(4, 1)
    for found, fitted in ((format, format), (None, format), (format, None)):
        check_same_format(found, fitted, "X")
    with pytest.raises(ValueError, match=r"seed holds frames of the format .*=1, .*="):
        check_same_format(other, format, "seed")
