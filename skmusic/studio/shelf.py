"""Sounds in a temporary folder: recordings that were given, pieces that were made."""

import itertools
import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from skmusic import audio
from skmusic.audio.decoding import read_blocks
from skmusic.studio.settings import MOST_SECONDS

# The most of each that is held; the oldest that nobody keeps goes.
MOST_RECORDINGS, MOST_PIECES, MOST_KEPT = 32, 24, 100
# Samples of the largest recording, all channels together.
_MOST_SAMPLES = 60_000_000
_BLOCK = 1 << 14


@dataclass
class Sound:
    """A recording or a piece.

    Parameters
    ----------
    id : str
        "r1" was sent, "f1" is of the folder, "p1" a piece, "e1" one of what was
        learned so far.
    name : str
        As people know it.
    path : pathlib.Path
        A recording's file; of a piece its samples, single precision.
    seconds : float
    about : dict
        More of a piece, as the page is told it: settings, lines that make it again.
    fits : bool
        Whether a recording is short enough to go on from.
    """

    id: str
    name: str
    path: Path
    seconds: float
    about: dict = field(default_factory=dict)
    kept: bool = False
    sr: int = 0
    channels: int = 0
    fits: bool = True

    @property
    def is_made(self):
        """Whether it was made here, so that its file is samples."""
        return self.id[0] in "pe"

    def told(self):
        """What the page is told: no path."""
        told = {"id": self.id, "name": self.name, "seconds": round(self.seconds, 2)}
        if self.is_made:
            return told | {"sr": self.sr, "kept": self.kept, **self.about}
        return told | {"fits": self.fits}


class Shelf:
    """Sounds by their ids, in a folder that someone else removes."""

    def __init__(self, folder):
        self.folder, self.sounds = folder, {}
        self._lock, self._numbers = threading.Lock(), itertools.count(1)
        self._n_pieces = itertools.count(1)

    def of_folder(self, folder, paths, abouts):
        """Take in recordings that lie in a folder."""
        for i, (path, about) in enumerate(zip(paths, abouts, strict=True), 1):
            name = path.relative_to(folder).as_posix()
            sound = Sound(f"f{i}", name, path, about["seconds"], fits=_fits(about))
            self.sounds[sound.id] = sound

    def new_file(self):
        """Path that nothing has yet."""
        return self.folder / f"{next(self._numbers)}"

    def add_recording(self, path, name):
        """Take in a file that was sent; remove it if it is of no use."""
        try:
            about = audio.info(path)
            _check_size(name, about)
        except (OSError, ValueError) as error:
            path.unlink(missing_ok=True)
            raise ValueError(str(error).replace(repr(str(path)), repr(name))) from None
        sound = Sound(f"r{path.name}", name, path, about["seconds"])
        self._put(sound, "r", MOST_RECORDINGS)
        return sound

    def new_piece(self, sr, channels):
        """Piece whose samples are to be written."""
        n = next(self._n_pieces)
        return Sound(
            f"p{n}", f"piece-{n}", self.new_file(), 0.0, sr=sr, channels=channels
        )

    def add_piece(self, piece):
        """Take in a piece that is whole."""
        self._measure(piece)
        self._put(piece, "p", MOST_PIECES)

    def add_heard(self, name, path, sr, channels):
        """Take in samples that lie in a file; return the sound."""
        sound = Sound(
            f"e{next(self._numbers)}", name, path, 0.0, sr=sr, channels=channels
        )
        self._measure(sound)
        self.sounds[sound.id] = sound
        return sound

    def _measure(self, sound):
        samples = sound.path.stat().st_size // (4 * sound.channels)
        sound.seconds = samples / sound.sr

    def _put(self, sound, kind, most):
        with self._lock:
            loose = [s for i, s in self.sounds.items() if i[0] == kind and not s.kept]
            for old in loose[: max(0, len(loose) + 1 - most)]:
                self._drop(old)
            self.sounds[sound.id] = sound

    def keep(self, id, kept=True):
        """Keep a piece, or no longer; refuse to keep too many."""
        with self._lock:
            piece = self.sounds[id]
            if kept and sum(s.kept for s in self.sounds.values()) >= MOST_KEPT:
                raise ValueError(f"{MOST_KEPT} pieces are kept; discard one first")
            piece.kept = kept

    def discard(self, id):
        """Forget a piece; `KeyError` if there is none."""
        with self._lock:
            self._drop(self.sounds[id])

    def _drop(self, sound):
        del self.sounds[sound.id]
        for path in (sound.path, sound.path.with_suffix(".wav")):
            path.unlink(missing_ok=True)

    def file_of(self, sound):
        """A file that a sound can be read from, as someone who downloads it has it."""
        if not sound.is_made:
            _check_size(sound.name, audio.info(sound.path))
            return sound.path
        path = sound.path.with_suffix(".wav")
        if not path.exists():
            audio.write(path, samples_of(sound), sound.sr)
        return path


def _fits(about):
    long = about["seconds"] > MOST_SECONDS
    return not long and about["samples"] * about["channels"] <= _MOST_SAMPLES


def _check_size(name, about):
    if not _fits(about):
        raise ValueError(
            f"{name!r} is longer than {MOST_SECONDS // 60} minutes or has too many "
            "channels; cut out a part, its end counts most"
        )


def samples_of(piece):
    """Samples of a piece, ``(n_samples, n_channels)``."""
    return np.fromfile(piece.path, "<f4").reshape(-1, piece.channels)


def blocks_of(sound, sr, channels):
    """Samples of a sound in blocks, at a rate."""
    if sound.is_made:
        with sound.path.open("rb") as file:
            while raw := file.read(4 * sound.channels * _BLOCK):
                yield np.frombuffer(raw, "<f4").reshape(-1, sound.channels)
    else:
        yield from read_blocks(sound.path, sr, channels)
