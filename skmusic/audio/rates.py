"""At what rate a waveform is sampled: music knows, plain arrays are told of."""

from typing import Any

import numpy as np


def rate_of(x: Any, sr: Any = None, default: Any = None) -> Any:
    """Rate of music: its own, or what is said of it where it does not know.

    Parameters
    ----------
    x : object
        Waveform.
    sr : int, float or None
        What is said.
    default : int, float or None
        Rate of what does not know its own, if nothing is said; None refuses that.

    Returns
    -------
    int or float
        In Hz.

    Raises
    ------
    ValueError
        If the two are different, or neither is known.

    Examples
    --------
    >>> from skmusic.audio import Music
    >>> from skmusic.audio.rates import rate_of
    >>> rate_of(Music([0.1], 8000)), rate_of([0.1], 44100)
    (8000, 44100)
    """
    own = getattr(x, "sr", None) if isinstance(x, np.ndarray) else None
    if own is None and sr is None:
        if default is None:
            raise ValueError(
                "sr is missing: a plain array does not know its rate; pass it, such as "
                "sr=44100."
            )
        return default
    if own is not None and sr is not None and own != sr:
        raise ValueError(
            f"sr={sr} contradicts the music, whose rate is {own} Hz; leave sr out, or "
            f"change the rate: skmusic.audio.resample(x, {own}, {sr})."
        )
    return sr if own is None else own
