"""Music as a player in a page: encoded, not otherwise touched."""

import base64
import html
import io
import time

import numpy as np
import soundfile as sf

from skmusic.audio.encoding import ENCODERS
from skmusic.audio.playback import faded
from skmusic.audio.waveform import resample, to_channels

# Formats that every browser of today plays: what they are called there, and what
# libsndfile is told beside what `ENCODERS` says. At a constant bit rate LAME turns
# music down; this compression makes about 100 kbit/s at 44.1 kHz.
FORMATS = {
    "flac": ("audio/flac", {}),
    "mp3": ("audio/mpeg", {"bitrate_mode": "VARIABLE", "compression_level": 0.7}),
}


def data_uri(x, sr, encoding):
    """Encode music as what stands in ``src`` of an ``audio`` element, a str.

    `x` has the shape (n_samples, n_channels) or (n_samples,), and is mixed to two
    channels if it has more; `sr` is its rate in Hz. Where the peak exceeds 1 the whole
    is turned down. What is not finite is refused.
    """
    kind, options = FORMATS[encoding]
    file_format, subtype, rates = ENCODERS[f".{encoding}"]
    x = np.asarray(x)
    x = x if x.ndim == 2 else x[:, None]
    if not np.isfinite(x).all():
        raise ValueError("the music is not finite everywhere, so no player plays it.")
    x = to_channels(x.astype(np.float32), min(2, x.shape[1]))
    rate = next((each for each in rates if each >= sr), rates[-1])
    x = resample(x, sr, rate)
    file = io.BytesIO()
    x = x / max(1.0, abs(x).max() / 0.999)
    sf.write(file, x, rate, subtype, format=file_format, **options)
    return f"data:{kind};base64,{base64.b64encode(file.getvalue()).decode()}"


def player(x, sr, name, encoding):
    """Make the HTML of a player, with its name above it."""
    name = html.escape(name)
    return (
        f'<figure style="margin:0"><figcaption>{name}</figcaption>'
        f'<audio controls preload="metadata" aria-label="{name}" '
        f'src="{data_uri(x, sr, encoding)}"></audio></figure>'
    )


def preview(blocks, sr, name, most=1.0):
    """Make the HTML of a player of music that is being made, of what is there in time.

    Blocks have the shape (n_samples, n_channels); `sr` is their rate in Hz. After
    `most` seconds no further block is waited for.
    """
    until, made = time.monotonic() + most, []
    for block in blocks:
        made.append(block)
        if time.monotonic() > until:
            break
    x = np.concatenate(made)
    return player(next(faded([x], len(x), sr)), sr, name, "mp3")
