"""What learning lacks is named, and frames of other sizes."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from skmusic.spectra.frames import FrameFormat
from skmusic.utils.arguments import check_backend
from skmusic.utils.sequences import check_dims
from skmusic.utils.validation import Recordings


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


def test_all_frames_have_as_many_numbers_as_their_format():
    format = FrameFormat(2, 1)  # of four numbers
    recordings = Recordings([np.zeros((5, 4)), np.zeros((0, 4))], "list")
    check_dims(recordings, 4, None)
    check_dims(recordings, 4, format)
    with pytest.raises(ValueError, match=r"recording 0 have 4 numbers where 3 are exp"):
        check_dims(recordings, 3, None)
    with pytest.raises(ValueError, match=r"n_channels=2.* have 8 numbers, and X has 4"):
        check_dims(recordings, 4, FrameFormat(2, 1, n_channels=2))
