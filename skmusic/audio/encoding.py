"""Write recordings, by libsndfile (``soundfile``)."""

from pathlib import Path

import numpy as np
import soundfile as sf
from numpy.typing import ArrayLike

from skmusic.audio.files import native_name, written_whole
from skmusic.audio.rates import rate_of
from skmusic.audio.waveform import (
    BLOCK,
    as_waveform,
    check_limits,
    resample,
    to_16_bits,
)
from skmusic.utils.limits import RATES
from skmusic.utils.types import Name

# For each suffix: format, subtype and the rates that the encoder takes. libvorbis does
# not refuse rates above 200 kHz, it crashes.
ENCODERS = {
    ".wav": ("WAV", "PCM_16", RATES),
    ".w64": ("W64", "PCM_16", RATES),
    ".aif": ("AIFF", "PCM_16", RATES),
    ".aiff": ("AIFF", "PCM_16", RATES),
    ".au": ("AU", "PCM_16", RATES),
    ".caf": ("CAF", "PCM_16", RATES),
    ".flac": ("FLAC", "PCM_16", range(100, 655_351)),
    ".oga": ("OGG", "VORBIS", range(100, 200_001)),
    ".ogg": ("OGG", "VORBIS", range(100, 200_001)),
    ".opus": ("OGG", "OPUS", (8000, 12000, 16000, 24000, 48000)),
    ".mp3": (
        "MP3",
        "MPEG_LAYER_III",
        (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000),
    ),
}


def write(path: Name, x: ArrayLike, sr: float | None = None) -> None:
    """Write a recording, whole or not at all.

    The sound goes to a hidden file in the same folder, which is renamed once it is
    complete. After a failure an older file is as it was.

    Parameters
    ----------
    path : str or path
        File to write; its suffix tells the format: .wav, .w64, .aif(f), .au, .caf
        and .flac (all 16 bits per sample), .ogg or .oga (Vorbis), .opus or .mp3.
    x : array-like of shape (n_samples, n_channels) or (n_samples,)
        Waveform, float32 or float64. If its peak exceeds 1, all of it is scaled to a
        peak of 0.999, since clipping would distort.
    sr : int or None, default=None
        Sampling rate in Hz, 100 to 1000000; `Music` knows its own. If the format does
        not take it (often .mp3, .opus), the waveform is resampled to the next higher
        rate that it takes, or to the highest.

    Raises
    ------
    ValueError
        If the suffix is unknown, `x` is no waveform or not finite, the format does
        not take that many channels, or `sr` is missing or contradicts the music.
    FileNotFoundError
        If the folder does not exist.
    IsADirectoryError
        If `path` is a folder.
    OSError
        If writing fails, for instance because the disk is full.

    Examples
    --------
    >>> import tempfile
    >>> from skmusic.audio import info, write
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(f"{folder}/a.opus", np.zeros(44100), sr=44100)
    ...     info(f"{folder}/a.opus")["sr"]
    48000
    """
    path = Path(path)
    if path.suffix.lower() not in ENCODERS:
        raise ValueError(
            f"{str(path)!r}: cannot write {path.suffix or 'no suffix'!r}; "
            f"end the name in one of {', '.join(ENCODERS)}"
        )
    sr = rate_of(x, sr)
    with written_whole(path) as part:
        x = as_waveform(x)
        check_limits(f"{str(path)!r}", sr, x.shape[1])
        if not np.isfinite(x).all():
            raise ValueError(
                f"{str(path)!r} not written: the waveform is not finite everywhere"
            )
        rates = ENCODERS[path.suffix.lower()][2]
        if sr not in rates:
            rate = next((rate for rate in rates if rate >= sr), rates[-1])
            x, sr = resample(x, sr, rate), rate
        _encode(part, path, x, int(sr))


def _encode(part, path, x, sr):
    """Write to the file `part`, in the format of `path`'s suffix."""
    file_format, subtype, _ = ENCODERS[path.suffix.lower()]
    peak = max(x.max(), -x.min())
    gain = 0.999 / peak if peak > 1 else 1
    failure = f"{str(path)!r} not written ({file_format}, {sr} Hz, {x.shape[1]} ch.)"
    try:
        with sf.SoundFile(
            native_name(part), "w", sr, x.shape[1], subtype, format=file_format
        ) as file:
            for start in range(0, len(x), BLOCK):
                block = x[start : start + BLOCK] * gain
                # libsndfile would do the same in three times the time. For FLAC it
                # rounds in another way.
                if subtype == "PCM_16" and file_format != "FLAC":
                    block = to_16_bits(block)
                file.write(block)
        # libsndfile does not tell what it could not write when it closes the file.
        complete = sf.info(native_name(part)).frames == len(x)
    except AssertionError:  # soundfile's answer to a short write
        complete = False
    except sf.LibsndfileError as error:
        if error.code == 1:  # SF_ERR_UNRECOGNISED_FORMAT
            raise ValueError(f"{failure}: try fewer channels or .wav") from error
        raise OSError(f"{failure}: {error.error_string}") from error
    if not complete:
        raise OSError(f"{failure}: the file came out incomplete; is the disk full?")
