"""Music that knows its sampling rate."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from skmusic.audio.html import player
from skmusic.utils.carrying import Carrying
from skmusic.utils.limits import MOST_CHANNELS


class Music(Carrying):
    """Waveform ``(n_samples, n_channels)`` that knows its sampling rate.

    A notebook shows it as a player. It is an ndarray in all else. A slice of it, and
    what arithmetic or a mean makes of it, has the same rate; samples that an index
    picks out have none. Music of two rates is not mixed. Other functions do not mind
    what a rate means: `numpy.take` and `numpy.repeat` keep one that is no longer right,
    `numpy.where` loses it. Put it right by ``Music(x, sr)``; `numpy.asarray` makes a
    plain array.

    Parameters
    ----------
    x : array-like of shape (n_samples, n_channels) or (n_samples,)
        Waveform, which is not copied.
    sr : int, float or None
        Sampling rate in Hz.

    Attributes
    ----------
    sr : int, float or None
        Sampling rate in Hz; None if it is not known.

    See Also
    --------
    skmusic.Pipeline.sample : Gives it.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.audio import Music
    >>> music = Music(np.zeros((44100, 2)), 44100)
    >>> music[:100].sr, (2 * music).sr, music[::2].sr
    (44100, 44100, None)
    """

    _fact = "sr"
    sr: float | None

    def __new__(cls, x: ArrayLike, sr: float | None) -> Self:
        """View of an array, with a rate."""
        return super().__new__(cls, x, sr)

    @staticmethod
    def _fact_of(arrays):
        return rate_of_all(arrays if isinstance(arrays, (list, tuple)) else [arrays])

    def __getitem__(self, key):
        made = super().__getitem__(key)
        time = key[0] if isinstance(key, tuple) and key else key
        even = isinstance(time, slice) and time.step in (None, 1, -1)
        if isinstance(made, Music) and not (even or time is None or time is Ellipsis):
            made.sr = None
        return made

    def _repr_html_(self):
        """Player, in mp3 to keep notebooks small; None of what is no music."""
        sound = self.ndim in (1, 2) and self.size and self.dtype.kind == "f"
        if self.sr is None or not sound or not np.isfinite(self).all():
            return None
        if self.ndim == 2 and self.shape[1] > MOST_CHANNELS:
            return None
        name = f"{len(self) / self.sr:.1f} s of music, {self.sr:g} Hz"
        return player(self, self.sr, name, "mp3")

    def __setitem__(self, key, value):
        rate_of_all([self, value])
        super().__setitem__(key, value)

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **options):
        """Arithmetic; rates are compared first, so `out` is whole where they differ."""
        sr = rate_of_all([*inputs, *out])
        if out:
            options["out"] = tuple(map(_plain, out))
        made = getattr(ufunc, method)(*map(_plain, inputs), **options)
        if out:
            return out[0] if len(out) == 1 else out
        if isinstance(made, tuple):
            return tuple(Music(x, sr) for x in made)
        return Music(made, sr) if isinstance(made, np.ndarray) else made


def _plain(x):
    return np.asarray(x) if isinstance(x, Music) else x


def rate_of_all(arrays: Any) -> float | None:
    """The one rate of arrays that know theirs, None if none does; refuse two rates."""
    rates: Any = {x.sr for x in arrays if isinstance(x, Music)} - {None}
    if len(rates) > 1:
        a, b, *_ = sorted(rates)
        raise ValueError(
            f"music of different rates, {a} and {b} Hz; resample one of them: "
            f"skmusic.audio.resample(x, {b}, {a})."
        )
    return next(iter(rates), None)
