"""Music as a player in a page: encoded, not otherwise touched."""

import base64
import html
import io
import time

import numpy as np
import soundfile as sf

from skmusic.audio.playback import faded
from skmusic.audio.waveform import resample, to_channels

# Formats that every browser of today plays, what they are called there, how
# libsndfile is told of them, and the rates they take.
FORMATS = {
    "flac": (
        "audio/flac",
        {"format": "FLAC", "subtype": "PCM_16"},
        range(100, 655_351),
    ),
    "mp3": (
        "audio/mpeg",
        {
            "format": "MP3",
            "subtype": "MPEG_LAYER_III",
            "bitrate_mode": "VARIABLE",  # at a constant one LAME turns it down
            "compression_level": 0.7,  # about 100 kbit/s at 44.1 kHz
        },
        (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000),
    ),
}


def data_uri(x, sr, encoding):
    """Encode music as what stands in ``src`` of an ``audio`` element.

    Parameters
    ----------
    x : ndarray of shape (n_samples, n_channels) or (n_samples,)
        Waveform, mixed to two channels if it has more. Where the peak exceeds 1 the
        whole is turned down.
    sr : int
        Sampling rate in Hz.
    encoding : {"flac", "mp3"}

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If a sample is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.audio.html import data_uri
    >>> data_uri(np.zeros(100), 8000, "flac")[:25]
    'data:audio/flac;base64,Zk'
    """
    kind, options, rates = FORMATS[encoding]
    x = np.asarray(x)
    x = x if x.ndim == 2 else x[:, None]
    if not np.isfinite(x).all():
        raise ValueError("the music is not finite everywhere, so no player plays it.")
    x = to_channels(x.astype(np.float32), min(2, x.shape[1]))
    rate = next((each for each in rates if each >= sr), rates[-1])
    x = resample(x, sr, rate)
    file = io.BytesIO()
    sf.write(file, x / max(1.0, abs(x).max() / 0.999), rate, **options)
    return f"data:{kind};base64,{base64.b64encode(file.getvalue()).decode()}"


def player(x, sr, name, encoding):
    """Make the HTML of a player, with its name above it.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.audio.html import player
    >>> player(np.zeros(100), 8000, "a & b", "flac")[:59]
    '<figure style="margin:0"><figcaption>a &amp; b</figcaption>'
    """
    name = html.escape(name)
    return (
        f'<figure style="margin:0"><figcaption>{name}</figcaption>'
        f'<audio controls preload="metadata" aria-label="{name}" '
        f'src="{data_uri(x, sr, encoding)}"></audio></figure>'
    )


def preview(blocks, sr, name, most=1.0):
    """Make a player of music that is being made, of what is there in time.

    Parameters
    ----------
    blocks : iterable of ndarray of shape (n_samples, n_channels)
        Music as it is made.
    sr : int
        Sampling rate in Hz.
    name : str
        What is written above the player.
    most : float, default=1
        Seconds after which no further block is waited for.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.audio.html import preview
    >>> preview([np.zeros((100, 2))], 8000, "a beginning").count("<audio")
    1
    """
    until, made = time.monotonic() + most, []
    for block in blocks:
        made.append(block)
        if time.monotonic() > until:
            break
    x = np.concatenate(made)
    return player(next(faded([x], len(x), sr)), sr, name, "mp3")
