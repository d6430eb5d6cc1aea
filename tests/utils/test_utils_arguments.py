"""Single arguments: seeds, lengths, how to sample, what was unpickled."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from skmusic.spectra.frames import FrameFormat
from skmusic.utils.arguments import (
    as_seed_list,
    check_backend,
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


def test_only_one_backend_learns(monkeypatch):
    monkeypatch.delitem(sys.modules, "keras.config", raising=False)
    for fine in ("tensorflow", ""):
        monkeypatch.setenv("KERAS_BACKEND", fine)
        check_backend()
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    with pytest.raises(ImportError, match="KERAS_BACKEND='torch': learning needs"):
        check_backend()
    # What is loaded counts, not what would be.
    loaded = SimpleNamespace(backend=lambda: "tensorflow")
    monkeypatch.setitem(sys.modules, "keras.config", loaded)
    check_backend()


@pytest.mark.parametrize("missing", [["keras"], ["keras", "tensorflow"]])
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
