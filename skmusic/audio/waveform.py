"""Waveforms: their limits, their sampling rate and their channels."""

import numpy as np
import soxr
from numpy.typing import ArrayLike

from skmusic.audio.rates import rate_of
from skmusic.utils.limits import MOST_CHANNELS, RATES
from skmusic.utils.types import Array

BLOCK = 8192  # samples decoded or encoded at once; longer ones overflow stacks


def resample(x: ArrayLike, sr_in: float, sr_out: float) -> Array:
    """Change the sampling rate, keeping pitch, level and duration.

    Parameters
    ----------
    x : array-like of shape (n_samples, n_channels) or (n_samples,)
        Waveform, float32 or float64.
    sr_in, sr_out : int
        Sampling rates of `x` and of the result, in Hz, 100 to 1000000.

    Returns
    -------
    ndarray of shape (round(n_samples * sr_out / sr_in), n_channels)
        Of the type of `x`; `x` itself if the rates are equal. Frequencies above half
        of `sr_out` are filtered out (soxr, quality HQ).

    Raises
    ------
    ValueError
        If a rate is out of range or not that of music that knows its own, `x` is no
        waveform, or too short for one sample.

    Examples
    --------
    >>> resample(np.zeros((44100, 2)), 44100, 16000).shape
    (16000, 2)
    """
    sr_in = rate_of(x, sr_in)
    x = as_waveform(x)
    for sr in (sr_in, sr_out):
        check_limits("resampling", sr, x.shape[1])
    if sr_in == sr_out:
        return x
    y = soxr.resample(x, sr_in, sr_out, quality="HQ")
    if not len(y):
        raise ValueError(
            f"{len(x)} samples at {sr_in} Hz are too short to resample to {sr_out} Hz"
        )
    return y


def resample_blocks(blocks, sr_in, sr_out, channels):
    """Yield exactly what `resample` makes of a waveform that comes in blocks."""
    for sr in (sr_in, sr_out):
        check_limits("resampling", sr, channels)
    if sr_in == sr_out:
        yield from blocks
        return
    stream = soxr.ResampleStream(
        sr_in, sr_out, channels, dtype=np.float32, quality="HQ"
    )
    n_in = n_out = 0
    for x in blocks:
        y = stream.resample_chunk(x)
        n_in, n_out = n_in + len(x), n_out + len(y)
        yield y
    y = stream.resample_chunk(np.empty((0, channels), np.float32), last=True)
    if not n_out + len(y):
        raise ValueError(
            f"{n_in} samples at {sr_in} Hz are too short to resample to {sr_out} Hz"
        )
    yield y


def to_channels(x: ArrayLike, channels: int) -> Array:
    """Mix a waveform to a number of channels.

    One channel is copied into all; many are averaged into one. To make two of more,
    the first two are taken as left and right. Each is averaged with all the others
    (centre, surround ...), so nothing is lost and nothing clips.

    Parameters
    ----------
    x : array-like of shape (n_samples, n_channels) or (n_samples,)
        Waveform, float32 or float64.
    channels : int
        Number of channels wanted: 1, 2, that of `x`, or any up to 64 if `x` is mono.

    Returns
    -------
    ndarray of shape (n_samples, channels)
        Of the type of `x`; `x` itself if it has that many channels.

    Raises
    ------
    ValueError
        If there is no such mix or `x` is no waveform.

    Examples
    --------
    >>> to_channels([[0.5, -0.25]], 1)
    array([[0.125]])
    >>> to_channels([0.5, 0.25], 2)
    array([[0.5 , 0.5 ],
           [0.25, 0.25]])
    """
    x = as_waveform(x)
    _check_channels("mixing", x.shape[1])
    if channels == x.shape[1]:
        return x
    if channels == 1:
        return x.mean(axis=1, keepdims=True)
    if x.shape[1] == 1 and channels in range(2, MOST_CHANNELS + 1):
        return np.repeat(x, int(channels), axis=1)
    if channels == 2:
        rest = x[:, 2:].sum(axis=1, keepdims=True)
        return (x[:, :2] + rest) / (x.shape[1] - 1)
    possible = ", ".join(map(str, sorted({1, 2, x.shape[1]})))
    raise ValueError(
        f"cannot mix {x.shape[1]} channels to {channels!r}; ask for one of {possible}"
    )


def to_16_bits(x):
    """Round floats to integers of 16 bits exactly as libsndfile does for PCM.

    What is beyond [-1, 1] is clipped.
    """
    # It rounds to the nearest of 32 bits, and keeps the upper half.
    x = np.rint(x * x.dtype.type(2.0**31))
    np.floor(np.multiply(x, x.dtype.type(2.0**-16), out=x), out=x)
    return np.clip(x, -(2**15), 2**15 - 1, out=x).astype(np.int16)


def check_limits(what, sr, channels):
    """Refuse rates and channel counts that no recording of music has."""
    if not (RATES[0] <= sr <= RATES[-1] and sr == int(sr)):
        raise ValueError(
            f"{what}: the sampling rate must be a whole number of Hz from "
            f"{RATES[0]} to {RATES[-1]}, got {sr!r}"
        )
    _check_channels(what, channels)


def _check_channels(what, channels):
    if not 1 <= channels <= MOST_CHANNELS:
        raise ValueError(
            f"{what}: there must be 1 to {MOST_CHANNELS} channels, got {channels!r}"
        )


def as_waveform(x: ArrayLike) -> Array:
    """Return `x` as an array of shape (n_samples, n_channels) of floats."""
    x = np.asarray(x)
    if x.dtype.kind != "f":
        raise ValueError(
            f"a waveform must be floats in [-1, 1], got {x.dtype}; "
            "divide integers by their type's maximum"
        )
    x = x.astype(np.float32 if x.dtype.itemsize <= 4 else np.float64, copy=False)
    if x.ndim == 1:
        x = x[:, np.newaxis]
    if x.ndim != 2 or not x.size:
        raise ValueError(
            "a waveform must have the shape (n_samples, n_channels), neither of them "
            f"0, got {x.shape}"
        )
    return x
