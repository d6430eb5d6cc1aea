"""Turn blocks of music into a stream of bytes while they are made."""

import struct

import numpy as np

from skmusic.audio.waveform import to_16_bits

_UNKNOWN = 2**32 - 1  # the length that stands in the header of an endless wav
# Seconds of the fade-in, most seconds of the fade-out, and its share of the piece.
_FADE_IN, _FADE_OUT, _SHARE = 0.01, 2.0, 0.05


def write(blocks, file, sr, *, n_samples=None, raw=False):
    """Write each block of music ``(n_samples, n_channels)`` when it comes, in 16 bits.

    The file need not be seekable. `n_samples` is the length of the music, for the
    header; None if it is unknown. `raw` writes samples only, little-endian, without a
    header.
    """
    for i, x in enumerate(limited(blocks)):
        if not (i or raw):
            file.write(_wav_header(sr, x.shape[1], n_samples))
        file.write(to_16_bits(x).astype("<i2").tobytes())
        file.flush()


def faded(blocks, n_samples, sr):
    """Blocks ``(n_samples, n_channels)`` of a piece that fades in and out.

    Of `n_samples` the last twentieth is faded out, two seconds at most. None has no
    end, so only its beginning is faded in.
    """
    fades = [(0, _ramp(_FADE_IN * sr))]
    if n_samples is not None:
        fall = _ramp(min(_SHARE * n_samples, _FADE_OUT * sr))[::-1]
        fades.append((n_samples - len(fall), np.sin(np.pi / 2 * fall) ** 2))
    at = 0
    for x in blocks:
        x = x.copy()
        for start, gain in fades:
            first, last = max(start, at), min(start + len(gain), at + len(x))
            if first < last:
                here = gain[first - start : last - start].astype("f")
                x[first - at : last - at] *= here[:, None]
        yield x
        at += len(x)


def _ramp(n):
    """Rise from 0 to 1 within `n` samples."""
    n = max(n, 1)
    return np.minimum((np.arange(np.ceil(n)) + 0.5) / n, 1)


def limited(blocks):
    """Blocks ``(n_samples, n_channels)``, turned down once they would be too loud.

    They stay so, and no sample exceeds 1. The gain falls during the block before, so
    nothing jumps or clips. For this each block is held back until the next one is
    there.
    """
    gain, before = 1.0, None
    for x in blocks:
        peak = float(abs(x).max(initial=0))
        new = min(gain, 0.999 / peak) if peak > 1 else gain
        if before is not None:
            yield before * np.linspace(gain, new, len(before), dtype="f")[:, None]
        gain, before = new, x
    if before is not None:
        yield before * np.float32(gain)


def _wav_header(sr, channels, n_samples):
    # Sizes that do not fit are marked unknown, like the size of an endless stream.
    size = _UNKNOWN if n_samples is None else 2 * channels * n_samples
    size, whole = min(size, _UNKNOWN), min(size + 36, _UNKNOWN)
    form = struct.pack("<HHIIHH", 1, channels, sr, 2 * channels * sr, 2 * channels, 16)
    return (
        struct.pack("<4sI4s4sI", b"RIFF", whole, b"WAVE", b"fmt ", len(form))
        + form
        + struct.pack("<4sI", b"data", size)
    )
