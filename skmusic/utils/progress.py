"""Progress: a bar, or lines where nothing can be redrawn."""

import sys
import time

from tqdm import tqdm

from skmusic.utils.lengths import length

# Seconds between two lines, and what they tell.
_LINE_EVERY = 10.0
# Seconds after the first update at which it is said how long the rest will take.
_TOLD_AFTER = 5.0
_LINE = "{desc}: {n_fmt}/{total_fmt}{unit} [{elapsed}<{remaining}{postfix}]"


class _Lines:
    """A file to which tqdm redraws a line, and that makes lines of it."""

    def __init__(self, file):
        self.file, self.last = file, ""

    def write(self, text):
        if (line := text.strip()) and line != self.last:
            print(line, file=self.file, flush=True)
            self.last = line

    def flush(self):
        pass


class Progress:
    """A bar that counts `total` of a unit, or nothing at all if not `verbose`.

    Where standard error is no terminal, it is a line now and then. After some seconds a
    line of its own says how long all will take at most.
    """

    def __init__(self, what, total, unit, verbose):
        options = {}
        if not sys.stderr.isatty():
            options = {"file": _Lines(sys.stderr), "bar_format": _LINE}
            options["mininterval"] = _LINE_EVERY
        self._bar = tqdm(
            desc=what, total=total, unit=f" {unit}", disable=not verbose, **options
        )
        self._begun = time.perf_counter()
        self._audio_seconds = 0.0
        # When the first update was done, and how much then: it alone may wait for what
        # is compiled.
        self._first = None

    def __call__(self, done, audio_seconds=0.0, **shown):
        """Count `done` more, and show numbers beside them."""
        if not self._bar.disable:
            if audio_seconds:
                self._audio_seconds += audio_seconds
                elapsed = max(time.perf_counter() - self._begun, 1e-3)
                shown["audio_s_per_s"] = f"{self._audio_seconds / elapsed:.0f}"
            self._bar.set_postfix(shown, refresh=False)
            self._bar.update(done)
            self._tell_how_long()

    def _tell_how_long(self):
        if self._first is None:
            self._first = time.perf_counter(), self._bar.n
        if not self._first or self._bar.n == self._first[1] or not self._bar.total:
            return
        now, (begun, n) = time.perf_counter(), self._first
        if now - begun >= _TOLD_AFTER:
            left = (now - begun) / (self._bar.n - n) * (self._bar.total - self._bar.n)
            text = f"{self._bar.desc}: {length(left)} more at most, at this speed"
            tqdm.write(text, file=sys.stderr)
            self._first = ()  # said

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._bar.close()
