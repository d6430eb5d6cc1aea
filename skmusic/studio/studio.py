"""What the page can ask for: learn, compose, keep, read; one job at a time."""

import contextlib
import os
import re
import secrets
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np

from skmusic import audio
from skmusic.audio.playback import faded
from skmusic.persistence.saving import load
from skmusic.pipeline import Pipeline
from skmusic.studio.learning import Learning, check_learning, listed, new_thread
from skmusic.studio.settings import (
    MOST_SECONDS,
    check_settings,
    command_line,
    fit_line,
    python_lines,
)
from skmusic.studio.shelf import Shelf, blocks_of, samples_of
from skmusic.studio.turns import Turns
from skmusic.synthesis.controls import taken_by

# Frames of 23 ms in a block: the first sound is not to wait for more.
_BLOCK_FRAMES = 16
# What a piece can be downloaded as.
FORMATS = {".wav": "audio/wav", ".flac": "audio/flac", ".mp3": "audio/mpeg"}


class Studio:
    """A model or a folder to learn from, and all that is made with it.

    Of its `Turns`, ``jobs`` is for what takes long, composing and learning, and
    ``files`` for what reads and writes files.
    """

    def __init__(self, source):
        self.jobs = Turns(most_waiting=4, patience=20)
        self.files = Turns(most_waiting=16, patience=20)
        self.pipe = self.model_name = self.model_path = self.folder = None
        self.broken, self.learning, self._songs, self._fits = [], None, [], 0
        self._fit_line = None
        if source.is_dir():
            self.folder = source.resolve()
        else:
            self._take_model(load(source), source.name, source.resolve())
        self._temporary = Path(tempfile.mkdtemp(prefix="skmusic-"))
        self.shelf = Shelf(self._temporary)
        try:
            if self.folder:
                self._list_folder()
        except BaseException:
            self.close()
            raise

    def close(self):
        """End what runs, and remove all that was made."""
        if self.learning:
            self.learning.end()
        shutil.rmtree(self._temporary, ignore_errors=True)

    def opener(self, address):
        """File that leads a browser to an address which others must not read.

        The arguments of a browser's process can be read by all who use the machine;
        the folder of this file cannot.
        """
        path = self._temporary / "open.html"
        path.write_text(
            f'<meta http-equiv="refresh" content="0; url={address}">'
            f'<a href="{address}">Open the studio</a>',
            encoding="utf-8",
        )
        return path.as_uri()

    def _take_model(self, pipe, name, path):
        fitted = isinstance(pipe, Pipeline) and hasattr(pipe.steps[0][1], "n_channels_")
        if not fitted or not hasattr(pipe.steps[-1][1], "synthesis_"):
            raise ValueError(f"{name!r} is no model that skmusic fit made.")
        self.rate = pipe.steps[0][1].sr
        self.channels = pipe.steps[0][1].n_channels_
        self.pipe, self.model_name, self.model_path = pipe, name, path

    def _list_folder(self):
        about = listed(self.folder)
        found = [(p, a) for p, a in about if isinstance(a, dict)]
        for path, error in about:
            if not isinstance(error, dict):
                name = path.relative_to(self.folder).as_posix()
                self.broken.append({"name": name, "error": self.plain(error, path)})
        if not found:
            raise ValueError(
                f"no recording in {str(self.folder)!r} can be read "
                f"({self.broken[0]['error']})"
            )
        self._songs = [str(path) for path, _ in found]
        self.shelf.of_folder(self.folder, *zip(*found, strict=True))

    def plain(self, error, *paths):
        """Text of an error, without the machine's paths."""
        text = str(error) or type(error).__name__
        for path in filter(None, paths):
            text = text.replace(str(path), path.name)
        for root in filter(None, (self._temporary, self.folder)):
            text = text.replace(f"{root}{os.sep}", "")
        # Whatever else begins at a root.
        return re.sub(r"(?<![\w.])(?:[A-Za-z]:)?[/\\][^\s'\":;,()]+[/\\]", "", text)

    @property
    def knows_style(self):
        """Whether the model takes a recording as style."""
        return "style" in taken_by(self.pipe.steps[-1][1].synthesis_)

    def state(self):
        """All that the page shows, as plain values."""
        sounds = list(self.shelf.sounds.values())
        learning = self.learning and self.learning.state()
        if learning:
            learning["warnings"] = [self.plain(text) for text in learning["warnings"]]
            learning["error"] = learning["error"] and self.plain(learning["error"])
        model = self.pipe and {
            "name": self.model_name,
            "sr": self.rate,
            "channels": self.channels,
            "style": self.knows_style,
        }
        return {
            "model": model,
            "folder": self.folder and self._folder_name(),
            "broken": self.broken,
            "recordings": [s.told() for s in sounds if not s.is_made],
            "pieces": [s.told() for s in sounds if s.id[0] == "p"],
            "learning": learning,
            "most_seconds": MOST_SECONDS,
        }

    def _folder_name(self):
        return self.folder.name or "songs"

    # Sounds ---------------------------------------------------------------------

    def add_recording(self, path, name):
        """Take in a file that was sent; return what the page is told of it."""
        return self.shelf.add_recording(path, _name(name)).told()

    def samples(self, id):
        """Rate, channels and blocks of a sound; of recordings as the model has them."""
        sound = self.shelf.sounds[id]
        if sound.is_made:
            rate, channels = sound.sr, sound.channels
        elif self.pipe is None:
            raise KeyError(id)
        else:
            rate, channels = self.rate, self.channels
            self.shelf.file_of(sound)
        return rate, channels, blocks_of(sound, rate, channels)

    def encoded(self, id, suffix):
        """File of a piece in a format, which the caller removes; and its name."""
        piece = self.shelf.sounds[id]
        path = self.shelf.new_file().with_suffix(suffix)
        audio.write(path, samples_of(piece), piece.sr)
        return path, f"{piece.name}{suffix}"

    # Composing ------------------------------------------------------------------

    def begin(self, given):
        """Begin a piece: return it and its blocks, the first of which is made.

        The piece is on the shelf when the blocks have come to their end; it is gone
        if they do not.
        """
        if self.pipe is None:
            raise ValueError("there is no model yet; learn first")
        settings = check_settings(given)
        if settings.style and not self.knows_style:
            raise ValueError("this model knows no style; leave it out")
        ids = {"seed": settings.seed, "style": settings.style}
        heard = {name: self.shelf.sounds[id] for name, id in ids.items() if id}
        paths = {name: self.shelf.file_of(sound) for name, sound in heard.items()}
        piece = self.shelf.new_piece(self.rate, self.channels)
        piece.about = self._about(piece, settings, heard)
        blocks = self.pipe.stream(
            paths.get("seed"),
            style=paths.get("style"),
            block_frames=_BLOCK_FRAMES,
            **settings.of_sample(),
        )
        n_samples = round(settings.seconds * self.rate)
        blocks = self._written(piece, faded(blocks, n_samples, self.rate))
        return piece, _begun(blocks)

    def _about(self, piece, settings, heard):
        """What the page is told of a piece: settings, and lines that make it again."""
        names = {n: self._file_name(sound) for n, sound in heard.items()}
        about = [settings, self.model_name, f"{piece.name}.wav"]
        lines = [command_line(*about, **names)]
        if self._fit_line:
            lines.insert(0, self._fit_line)
        named = {f"{n}_name": sound.name for n, sound in heard.items()}
        return {
            "settings": asdict(settings) | named,
            "command": "\n".join(lines),
            "python": python_lines(*about, **names),
        }

    def _file_name(self, sound):
        """Name that a sound's file has in the folder where the lines are run.

        This is where the model is: beside the studio's folder, if it learned there.
        """
        if sound.is_made:
            return f"{sound.name}.wav"
        if sound.id[0] == "f":
            return f"{self._folder_name()}/{sound.name}"
        return sound.name

    def _written(self, piece, blocks):
        """Blocks as they come, and a file of them; the piece is there at the end."""
        try:
            with piece.path.open("wb") as file:
                for x in blocks:
                    raw = np.ascontiguousarray(x, "<f4")
                    file.write(raw.tobytes())
                    yield raw
            self.shelf.add_piece(piece)
        finally:
            if piece.id not in self.shelf.sounds:
                piece.path.unlink(missing_ok=True)

    # Learning -------------------------------------------------------------------

    def learn(self, given):
        """Begin to learn, or go on with what was stopped; return at once."""
        if self.folder is None:
            raise ValueError("the server was started with a model; nothing to learn")
        asked, old = check_learning(given), self.learning
        same = old and asked["synthesis"] == old.settings["synthesis"]
        chance = asked["random_state"]
        same = same and chance in (None, old.settings["random_state"])
        going_on = bool(same and len(old.history) < asked["epochs"])
        self.jobs.take()  # until learning has ended
        try:
            if not going_on:
                drawn = secrets.randbelow(2**31) if chance is None else chance
                self._fits += 1
                folder = self._temporary / f"fit-{self._fits}"
                folder.mkdir()
                if old:
                    old.forget()
                asked["random_state"] = drawn
                self.learning = Learning(self._songs, folder, asked, self.shelf)
            self.learning.begin(asked["epochs"])
            new_thread(self._run, self.learning)
        except BaseException:
            self.jobs.give()
            raise

    def _run(self, learning):
        """Learn, and take the model; in a thread."""
        phase = "idle"
        try:
            if learning.run():
                name = f"{self._folder_name()}-{learning.n_done}.skmusic"
                self._take_model(load(learning.model), name, learning.model)
                self._fit_line = fit_line(self._folder_name(), name, learning.made())
                phase = "done"
        except Exception as error:
            learning.error = str(error)
        finally:
            learning.phase = phase
            self.jobs.give()

    def stop_learning(self):
        """Stop learning; what was learned so far is kept."""
        if self.learning:
            self.learning.stop()


def _begun(blocks):
    """The blocks, the first of which is made at once, so that errors come now."""
    first = next(blocks)

    def all_of_them():
        with contextlib.closing(blocks):
            yield first
            yield from blocks

    return all_of_them()


def _name(given):
    """A name of a file out of what was sent: its last part, nothing unprintable."""
    last = re.split(r"[/\\]", given)[-1]
    name = "".join(c for c in last if c.isprintable()).strip()[:120]
    return name if name.strip(".") else "recording"
