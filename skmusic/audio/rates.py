"""At what rate a waveform is sampled: music knows, plain arrays are told of."""

from typing import Any

import numpy as np


def rate_of(x: Any, sr: Any = None, default: Any = None) -> Any:
    """Rate of music in Hz: its own, or what is said of it where it does not know.

    `default` is the rate of what does not know its own, if nothing is said; None
    refuses that. Two rates that differ are refused.
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
