"""Checkpoints: where training stands, on disk, whole or not at all.

A file is a line with the SHA-256 of what follows, then arrays in numpy's format
and the rest in JSON: no pickle, nothing that could run. Each is written beside
its name, forced to the disk and then renamed; the last two are kept.
"""

import hashlib
import io
import json
import os
import time
import warnings
from pathlib import Path

import numpy as np

# Seconds within an epoch after which its state is due to be saved.
INTERVAL = 300.0
_KEPT = 2
_MAGIC = "skmusic checkpoint 1"


class Checkpoint:
    """A folder with the last states of one training, made if it is not there.

    `identity`, a dict of str, is what the training is: settings, data. States of
    another are refused, but for `older`, the training which this one goes on from and
    may write over.
    """

    def __init__(self, folder, identity, older=None):
        self.folder, self.identity, self.older = Path(folder), identity, older
        self._number, self._saved = None, time.monotonic()

    def due(self):
        """Whether the last state is so old that one should be saved."""
        return time.monotonic() - self._saved >= INTERVAL

    def load(self):
        """State of the newest whole file, or None; refuse that of another training."""
        state, self._number = read_newest(self.folder)
        if state is None:
            return None
        found = state.pop("identity")
        if found == self.identity:
            return state
        if found != self.older:
            names = {*found, *self.identity}
            other = sorted(n for n in names if found.get(n) != self.identity.get(n))
            raise ValueError(
                f"checkpoint_dir={str(self.folder)!r} holds another training, of "
                f"other {', '.join(other)}; name a new folder, or remove that one."
            )
        return None

    def save(self, state):
        """Save a state: a dict of numbers, lists of dict and lists of arrays.

        If it cannot be written, for want of space say, the last one stays.
        """
        content = _packed(state | {"identity": self.identity})
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            known = _files(self.folder)
            if self._number is None:
                self._number = int(known[-1].stem) if known else 0
            # A damaged one that is newer than what was loaded is written over.
            path = self.folder / f"{self._number + 1:08d}.checkpoint"
            _write(path, content)
        except OSError as error:
            raise OSError(
                error.errno,
                f"no checkpoint of {len(content)} bytes could be written to "
                f"{str(self.folder)!r} ({error.strerror}); make room and fit again, "
                "it goes on from the last one that could",
            ) from error
        self._number, self._saved = self._number + 1, time.monotonic()
        for old in known:
            if not self._number - _KEPT < int(old.stem) <= self._number:
                old.unlink(missing_ok=True)


def make_folder(folder):
    """Make a folder for checkpoints where there is none."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(
            error.errno,
            f"checkpoint_dir={str(folder)!r} is no folder and none could be made "
            f"({error.strerror}); name another",
        ) from error


def lasting_seed(folder, drawn):
    """Seed that a folder keeps, the one drawn where it has none yet, below 2 ** 31.

    Without it a training that draws its own chance could not be resumed.
    """
    path = Path(folder) / "seed"
    if not path.exists():
        make_folder(folder)
        _write(path, b"%d\n" % drawn)
    text = path.read_bytes()[:20].strip()
    if not text.isdigit() or int(text) >= 2**31:
        raise ValueError(
            f"{str(path)!r} holds no seed; remove the folder to start anew."
        )
    return int(text)


def read_newest(folder):
    """State in the newest file that is whole, and its number; None without a file.

    Newer ones that are damaged are warned of; that all are is a ValueError.
    """
    damaged = []
    for path in reversed(_files(Path(folder))):
        try:
            state = _unpacked(path.read_bytes())
        except ValueError as error:
            damaged.append(f"{str(path)!r} ({error})")
            continue
        if damaged:
            warnings.warn(
                f"left out damaged checkpoints: {', '.join(damaged)}; going on from "
                f"{str(path)!r}.",
                UserWarning,
            )
        return state, int(path.stem)
    if damaged:
        raise ValueError(
            f"all checkpoints are damaged: {', '.join(damaged)}; remove them to start "
            "anew."
        )
    return None, None


def _files(folder):
    """Checkpoints in a folder, the oldest first."""
    paths = folder.glob("*.checkpoint") if folder.is_dir() else []
    return sorted(p for p in paths if p.stem.isdecimal())


def _write(path, content):
    """Write a file that is whole, or absent, even if the power fails."""
    part = path.with_suffix(".part")
    try:
        with open(part, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    if os.name != "nt":  # the name is in the folder, which is a file of its own
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _packed(state):
    arrays, plain = {}, {}
    for name, value in state.items():
        if isinstance(value, list) and any(isinstance(v, np.ndarray) for v in value):
            arrays |= {f"{name} {k}": v for k, v in enumerate(value)}
        else:
            plain[name] = value
    file = io.BytesIO()
    text = json.dumps(plain).encode()
    np.savez(file, plain=np.frombuffer(text, np.uint8), **arrays)
    content = file.getvalue()
    return f"{_MAGIC} {hashlib.sha256(content).hexdigest()}\n".encode() + content


def _unpacked(content):
    head, _, content = content.partition(b"\n")
    if head != f"{_MAGIC} {hashlib.sha256(content).hexdigest()}".encode():
        raise ValueError("its checksum is wrong")
    state = {}
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        for name in arrays.files[1:]:
            state.setdefault(name.rpartition(" ")[0], []).append(arrays[name])
        return json.loads(arrays["plain"].tobytes()) | state
