"""Learning from a folder, in a process of its own, and how it stands."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import skmusic
from skmusic.studio.settings import check_number, known
from skmusic.synthesis import SYNTHESES

# The most passes that a page may ask for.
MOST_EPOCHS = 10_000
# The most pieces that are held of what was learned so far.
MOST_HEARD = 6


def check_learning(given):
    """What to learn out of what a page sent; a random state may be left out.

    Both are dicts of ``epochs``, ``synthesis`` and ``random_state``. Something else in
    it, or a value of no use, is a ValueError.
    """
    epochs = skmusic.StatefulLSTMGenerator().epochs
    asked = {"epochs": epochs, "synthesis": next(iter(SYNTHESES)), "random_state": None}
    asked |= known(given, asked)
    check_number("epochs", asked["epochs"], int, 1, MOST_EPOCHS)
    if asked["random_state"] is not None:
        check_number("random_state", asked["random_state"], int, 0, 2**32 - 1)
    if asked["synthesis"] not in SYNTHESES:
        raise ValueError(f"synthesis is none of {', '.join(SYNTHESES)}")
    return asked


class Learning:
    """One training: it runs, may be stopped, and may go on.

    Parameters
    ----------
    songs : list of str
        Recordings.
    folder : pathlib.Path
        For checkpoints and the model; this training has it alone.
    settings : dict
        ``epochs``, ``synthesis`` and ``random_state``, all given.
    shelf : skmusic.studio.shelf.Shelf
        For the pieces that are made meanwhile.

    Attributes
    ----------
    history : list of dict
        The record of each epoch.
    heard : list of Sound
        Pieces of what was learned so far: the first, and the last ones.
    model : pathlib.Path
        Where the model is once `run` has returned True.
    """

    def __init__(self, songs, folder, settings, shelf):
        self.songs, self.folder, self.settings = songs, folder, settings
        self.model, self.shelf = folder / "model.skmusic", shelf
        self.history, self.heard, self.warnings, self.error = [], [], [], None
        self.phase, self.n_done = "reading", 0
        self._began = self._first = self._trained = time.monotonic()
        self._since = 0
        self._process, self._stopped = None, False

    def begin(self, epochs):
        """Say that `run` is to come, until so many epochs are done."""
        self.settings = self.settings | {"epochs": epochs}
        self.phase, self.error, self._stopped = "reading", None, False
        self._began, self._since = time.monotonic(), len(self.history)

    def run(self):
        """Learn until all epochs are done, or `stop`; block until then.

        Returned is whether there is a model, for the caller to take and then to set
        `phase`, "done" or "idle". If there is none, `error` says why, or it was stopped
        before the first epoch was done.
        """
        asked = self.settings | {
            "songs": self.songs,
            "out": str(self.model),
            "checkpoint": str(self.folder / "checkpoint"),
            "heard": str(self.folder),
            "done": len(self.history),
        }
        done = False
        with _process() as process:
            self._process = process
            if self._stopped:  # before there was one
                process.kill()
            _send(process, json.dumps(asked))
            for line in process.stdout:
                done = self._hear(json.loads(line)) or done
        self._process, made = None, done and process.returncode == 0
        if not made and not self._stopped and self.error is None:
            self.error = "learning ended before its time; is there too little memory?"
        return made

    def made(self):
        """Settings that make the same model."""
        return self.settings | {"epochs": self.n_done}

    def _hear(self, told):
        """Take in a line of the process; return whether the model is there."""
        if "epoch" in told:
            self.history.append(told["epoch"])
            self._trained = time.monotonic()
            if len(self.history) == self._since + 1:
                self._first = self._trained
            last = len(self.history) >= self.settings["epochs"]
            self.phase = "finishing" if last or self._stopped else "training"
        if "heard" in told:
            self._take_heard(**told["heard"])
        self.warnings += [told["warning"]] if "warning" in told else []
        self.error = told.get("error", self.error)
        self.n_done = told.get("done", self.n_done)
        return "done" in told

    def _take_heard(self, epoch, sr, channels):
        path = self.folder / str(epoch)
        self.heard.append(self.shelf.add_heard(f"pass {epoch}", path, sr, channels))
        if len(self.heard) > MOST_HEARD:
            self.shelf.discard(self.heard.pop(1).id)

    def forget(self):
        """Remove what is of no use once something else is learned."""
        for sound in self.heard:
            self.shelf.discard(sound.id)
        shutil.rmtree(self.folder / "checkpoint", ignore_errors=True)

    def stop(self):
        """Stop: what was learned so far is kept, if any epoch is done."""
        process, self._stopped = self._process, True
        if process is None or self.phase == "finishing":
            return
        if len(self.history) == self._since:  # nothing new to keep
            process.kill()
            return
        self.phase = "finishing"
        _send(process, "stop")

    def end(self):
        """End the process at once."""
        self._stopped = True
        if self._process is not None:
            self._process.kill()

    def state(self):
        """How it stands, for the page: plain numbers and words."""
        now, n = time.monotonic(), len(self.history) - self._since
        left = None
        if self.phase == "training" and n:
            # The first epoch's time has the reading in it.
            each = self._trained - self._began
            if n > 1:
                each = (self._trained - self._first) / (n - 1)
            n_left = self.settings["epochs"] - len(self.history)
            left = max(0.0, n_left * each - (now - self._trained))
        return {
            **self.settings,
            "phase": self.phase,
            "history": self.history,
            "heard": [sound.told() for sound in list(self.heard)],
            "elapsed": now - self._began,
            "left": left,
            "warnings": self.warnings[-3:],
            "error": self.error,
        }


@contextlib.contextmanager
def _process():
    """A process that learns, in which Ctrl-C of a terminal does nothing.

    With ``-P`` it imports nothing from the folder that the studio was started in.
    """
    package = str(Path(skmusic.__file__).resolve().parents[1])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "skmusic.studio.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUTF8": "1"},
        start_new_session=True,
    )
    try:
        yield process
    except BaseException:
        process.kill()
        raise
    finally:
        with contextlib.suppress(OSError):
            process.stdin.close()
        process.wait()
        process.stdout.close()


def _send(process, line):
    with contextlib.suppress(OSError):  # it has ended
        process.stdin.write(line + "\n")
        process.stdin.flush()


def listed(folder):
    """Pairs (path, about) of the recordings of a folder, and of what cannot be read.

    They are in the order of `skmusic.audio.find`; ``about`` is what
    `skmusic.audio.info` says, or the `ValueError` that it raises.
    """
    from concurrent.futures import ThreadPoolExecutor

    from skmusic import audio

    def about(path):
        try:
            return audio.info(path)
        except (OSError, ValueError) as error:
            return error

    found = audio.find(folder)
    with ThreadPoolExecutor() as pool:
        return list(zip(found, pool.map(about, found), strict=True))


def new_thread(target, *args):
    """Run something in a thread that does not hold up the end."""
    thread = threading.Thread(target=target, args=args, daemon=True)
    thread.start()
    return thread
