import resource

import numpy as np
import pytest

from skmusic import StatefulLSTMGenerator
from skmusic.network.checkpoint import Checkpoint, lasting_seed, read_newest

STATE = {
    "weights": [
        np.arange(6, dtype=np.float32).reshape(2, 3),
        np.float64(2.5) * np.eye(2),
    ],
    "rest": [np.array(7), np.array([1, 2], np.uint32)],
    "best_loss": float("inf"),
    "since": 3,
    "position": [4, 0.1 + 0.2, 1e-300],
    "carried": [],
    "history": [{"epoch": 1, "loss": 1 / 3}],
}
THIS = {"data": "abc", "units": "(8,)"}


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_is_saved_is_loaded_to_the_bit(tmp_path):
    Checkpoint(tmp_path / "new" / "folder", THIS).save(STATE)
    state = Checkpoint(tmp_path / "new" / "folder", THIS).load()
    assert state.keys() == STATE.keys()
    np.testing.assert_equal(state, STATE)
    for name in ("weights", "rest"):
        for a, b in zip(state[name], STATE[name], strict=True):
            assert a.dtype == b.dtype
            assert a.shape == b.shape


def test_nothing_there_is_nothing_to_load(tmp_path):
    assert Checkpoint(tmp_path, THIS).load() is None
    assert Checkpoint(tmp_path / "none", THIS).load() is None
    assert not (tmp_path / "none").exists()


def test_the_last_two_are_kept(tmp_path):
    checkpoint = Checkpoint(tmp_path, THIS)
    for k in range(1, 6):
        checkpoint.save(STATE | {"since": k})
        assert Checkpoint(tmp_path, THIS).load()["since"] == k
    assert files(tmp_path) == ["00000004.checkpoint", "00000005.checkpoint"]


DAMAGES = {
    "empty": lambda content: b"",
    "half": lambda content: content[: len(content) // 2],
    "a bit": lambda content: content[:-40] + bytes([content[-40] ^ 1]) + content[-39:],
    "a bit of the sum": lambda content: content[:30] + b"?" + content[31:],
    "more": lambda content: content + b"\0",
    "something else": lambda content: b"RIFF" + content,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_of_a_damaged_one_the_one_before_is_taken(tmp_path, damage):
    checkpoint = Checkpoint(tmp_path, THIS)
    for k in (1, 2):
        checkpoint.save(STATE | {"since": k})
    newest = tmp_path / "00000002.checkpoint"
    newest.write_bytes(damage(newest.read_bytes()))
    again = Checkpoint(tmp_path, THIS)
    with pytest.warns(UserWarning, match=r"damaged.*00000002.*from .*00000001"):
        assert again.load()["since"] == 1
    again.save(STATE | {"since": 3})  # in the damaged one's place: two are good again
    assert files(tmp_path) == ["00000001.checkpoint", "00000002.checkpoint"]
    assert Checkpoint(tmp_path, THIS).load()["since"] == 3
    for path in tmp_path.iterdir():
        path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"all checkpoints are damaged.*remove them"):
        Checkpoint(tmp_path, THIS).load()


def test_another_training_is_refused(tmp_path):
    Checkpoint(tmp_path, THIS).save(STATE)
    other = THIS | {"units": "(9,)", "noise": "0.5"}
    with pytest.raises(ValueError, match=r"another training, of other noise, units"):
        Checkpoint(tmp_path, other).load()
    assert Checkpoint(tmp_path, other, older=THIS).load() is None
    assert read_newest(tmp_path)[0]["identity"] == THIS


def test_states_are_due_after_a_while(tmp_path, monkeypatch):
    checkpoint = Checkpoint(tmp_path, THIS)
    assert not checkpoint.due()
    monkeypatch.setattr("skmusic.network.checkpoint.INTERVAL", 0.0)
    assert checkpoint.due()


def test_a_full_disk_leaves_the_last_good_one(tmp_path):
    checkpoint = Checkpoint(tmp_path, {})
    checkpoint.save({"n": 1, "x": [np.ones(10)]})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(OSError, match=r"no checkpoint of 80.*; make room and fit"):
            checkpoint.save({"n": 2, "x": [np.ones(100_000)]})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files(tmp_path) == ["00000001.checkpoint"]
    assert Checkpoint(tmp_path, {}).load()["n"] == 1


def test_a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("here")
    with pytest.raises(OSError, match=r"no checkpoint of .*file/within'.*make room"):
        Checkpoint(tmp_path / "file" / "within", THIS).save(STATE)


def test_a_folder_that_cannot_be_is_told_before_training(tmp_path):
    (tmp_path / "file").write_text("here")
    generator = StatefulLSTMGenerator(
        checkpoint_dir=tmp_path / "file", random_state=0, callbacks=[pytest.fail]
    )
    with pytest.raises(OSError, match=r"checkpoint_dir=.*file' is no folder"):
        generator.fit([np.zeros((50, 1))])


def test_a_seed_lasts(tmp_path):
    assert lasting_seed(tmp_path / "new", 7) == 7
    assert lasting_seed(tmp_path / "new", 8) == 7
    (tmp_path / "new" / "seed").write_text("-7\n")
    with pytest.raises(ValueError, match="holds no seed; remove the folder"):
        lasting_seed(tmp_path / "new", 9)
