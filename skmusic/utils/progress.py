"""Progress: a bar, or lines where nothing can be redrawn."""

import sys
import time

from tqdm import tqdm

# Seconds between two lines, and what they tell.
_LINE_EVERY = 10.0
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
    """A bar that counts something, or nothing at all if not `verbose`.

    Where standard error is no terminal, it is a line now and then.

    Parameters
    ----------
    what : str
        What is going on.
    total : int
        How much there is to do.
    unit : str
        Of what.
    verbose : int
        0 shows nothing.

    Examples
    --------
    >>> from skmusic.utils.progress import Progress
    >>> with Progress("sample", 8, "frames", verbose=0) as progress:
    ...     progress(8)
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

    def __call__(self, done, audio_seconds=0.0, **shown):
        """Count `done` more, and show numbers beside them."""
        if not self._bar.disable:
            if audio_seconds:
                self._audio_seconds += audio_seconds
                elapsed = max(time.perf_counter() - self._begun, 1e-3)
                shown["audio_s_per_s"] = f"{self._audio_seconds / elapsed:.0f}"
            self._bar.set_postfix(shown, refresh=False)
            self._bar.update(done)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._bar.close()
