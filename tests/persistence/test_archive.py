import json
import os
import struct

import numpy as np
import pytest
from safetensors import safe_open

from skmusic.persistence.archive import read_archive, write_archive

ARRAYS = {"a": np.arange(6.0).reshape(2, 3), "b": np.array(True), "c": np.ones(0, "f2")}


@pytest.fixture
def path(tmp_path):
    write_archive(tmp_path / "a.skmusic", ARRAYS, {"x": [1]}, {"skmusic": "0"})
    return tmp_path / "a.skmusic"


def test_arrays_and_content_come_back(path):
    arrays, content, made_with = read_archive(path)
    assert (content, made_with) == ({"x": [1]}, {"skmusic": "0"})
    assert arrays.keys() == ARRAYS.keys()
    for name, x in ARRAYS.items():
        assert (arrays[name].dtype, arrays[name].shape) == (x.dtype, x.shape)
        np.testing.assert_array_equal(arrays[name], x)


def test_any_array_is_stored_as_it_reads(tmp_path):
    x = np.arange(24.0).reshape(4, 6)
    for y in x.T, x[::2, ::-1], np.broadcast_to(x[0], (3, 6)):
        write_archive(tmp_path / "a", {"x": y}, None, {})
        np.testing.assert_array_equal(read_archive(tmp_path / "a")[0]["x"], y)


def test_tools_for_safetensors_can_read_it(path):
    with safe_open(path, "np") as file:
        assert set(file.keys()) == set(ARRAYS)
        assert file.metadata()["format"] == "skmusic"
        np.testing.assert_array_equal(file.get_tensor("a"), ARRAYS["a"])


def test_every_byte_is_under_the_checksum(path):
    raw = path.read_bytes()
    for i in range(len(raw)):
        changed = bytearray(raw)
        changed[i] ^= 1 << i % 8
        path.write_bytes(changed)
        with pytest.raises(ValueError, match=r"damaged|no skmusic|header|check|vers"):
            read_archive(path)


def test_a_file_cut_short_or_with_more_is_refused(path):
    raw = path.read_bytes()
    for changed in [raw[:i] for i in range(len(raw))] + [raw + b"\0", raw + raw]:
        path.write_bytes(changed)
        with pytest.raises(ValueError, match=r"damaged|no skmusic|header|check"):
            read_archive(path)


def test_a_later_version_is_told_whatever_else_it_changed(path):
    raw = path.read_bytes().replace(b'"version":"1"', b'"version":"2"') + b"more"
    path.write_bytes(raw)
    with pytest.raises(ValueError, match=r"version '2', this skmusic knows 1; update"):
        read_archive(path)


@pytest.mark.parametrize(
    "header",
    [
        b"[" * 100_000,
        b'{"__metadata__":{"format":"skmusic"},"__metadata__":{"format":"skmusic"}}',
        b'{"__metadata__":{"format":"skmusic","version":NaN}}',
        b'{"__metadata__":[]}',
        b'{"__metadata__":{}}',
        b"{" + b"9" * 10_000,
        b'{"\xff":1}',
    ],
)
def test_hostile_headers_are_refused(path, header):
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(ValueError, match=r"no skmusic|header cannot"):
        read_archive(path)


def test_a_header_that_claims_to_be_huge_is_not_read(path):
    with path.open("wb") as file:
        file.write(struct.pack("<Q", 2**40) + b"{")
        file.truncate(2**42)  # no room on the disk is taken, but all memory would be
    with pytest.raises(ValueError, match="no skmusic model"):
        read_archive(path)


def test_booleans_are_zero_or_one(path):
    # numpy counts the true ones by adding bytes up, and would write beyond arrays.
    from hostile_models import resealed

    raw = path.read_bytes()
    start = 8 + struct.unpack("<Q", raw[:8])[0]
    place = json.loads(raw[8:start])["b"]["data_offsets"][0]
    changed = bytearray(raw)
    changed[start + place] = 2
    path.write_bytes(resealed(changed))
    with pytest.raises(ValueError, match="b holds bytes that are no booleans"):
        read_archive(path)


def test_folders_pipes_and_nothing_are_refused_at_once(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_archive(tmp_path / "nothing")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        read_archive(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    for path in tmp_path / "pipe", "/dev/zero":
        with pytest.raises(ValueError, match="pipe or a device"):
            read_archive(path)


def test_an_interrupted_write_changes_nothing(path, monkeypatch):
    def fail(*args):
        raise KeyboardInterrupt

    before = path.read_bytes()
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        write_archive(path, {}, None, {})
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
