"""Read recordings.

A file may come from anyone. The length that it claims takes no memory, and decoding
stops at a bound, since some kilobytes can unfold to any length.
"""

import warnings
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from skmusic.audio.containers import open_source
from skmusic.audio.recordings import as_file
from skmusic.audio.waveform import resample, resample_blocks, to_channels
from skmusic.utils.limits import LOUDEST, MOST_CHANNELS, MOST_TIMES, SURE_SIZE
from skmusic.utils.types import Array, File


def read(
    recording: File,
    sr: int | None = None,
    channels: int | None = None,
    dtype: DTypeLike = np.float32,
) -> tuple[Array, int]:
    """Read a recording.

    Parameters
    ----------
    recording : str, path, bytes or binary file object
        A sound file, its bytes, or the file opened with mode "rb". Its contents tell
        its format, whatever its name. MPEG-4 (.m4a, .aac) needs the extra ``m4a``.
    sr : int, default=None
        Sampling rate to resample to, in Hz, 100 to 1000000. By default the file's.
    channels : int, default=None
        Number of channels to mix to, see `to_channels`. By default the file's.
    dtype : {np.float32, np.float64}, default=np.float32
        Type of the samples.

    Returns
    -------
    waveform : ndarray of shape (n_samples, n_channels)
        Samples in [-1, 1]. Files that store floats, lossy codecs and resampling may
        exceed that.
    sr : int
        Sampling rate in Hz.

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        If there is no such file.
    TypeError
        If it is none of these.
    ValueError
        If the file cannot be decoded, holds no sound, NaN or samples beyond 1e10, has
        a sampling rate or a number of channels out of range, or unfolds to more
        than 256 MiB and 1000 times its size, in single precision and at `sr`.

    Warns
    -----
    UserWarning
        If the file ends before its header or its codec says so. Its beginning is
        read.

    Notes
    -----
    A file may unfold to 256 MiB, or to 1000 times its size if that is more. Reading
    takes at most three times that memory. An MP3 whose table of contents is missing
    or wrong is mended first, so all of it is read.

    Examples
    --------
    >>> import tempfile
    >>> from skmusic.audio import read, write
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(f"{folder}/a.wav", np.zeros((44100, 1)), sr=44100)
    ...     waveform, sr = read(f"{folder}/a.wav", sr=22050, channels=2)
    >>> waveform.shape, sr
    ((22050, 2), 22050)
    """
    dtype = np.dtype(dtype)
    if dtype not in (np.float32, np.float64):
        raise ValueError(f"dtype must be np.float32 or np.float64, got {dtype}")
    with open_source(recording) as source:
        most = _most_of(source, sr, channels)
        x = np.concatenate(list(_sound(source, recording, dtype, most)))
        file_sr = source.sr
    if channels is not None:
        x = to_channels(x, channels)
    return (x, file_sr) if sr is None else (resample(x, file_sr, sr), int(sr))


def read_blocks(recording, sr, channels):
    """Blocks ``(n_samples, channels)``, float32, of a recording.

    Few are in memory at a time. Together they are exactly what `read` returns. What
    `read` raises is raised when the reading reaches the fault.
    """
    with open_source(recording) as source:
        most = _most_of(source, sr, channels)
        blocks = _sound(source, recording, np.dtype(np.float32), most)
        blocks = (to_channels(x, channels) for x in blocks if len(x))
        yield from resample_blocks(blocks, source.sr, sr, channels)


def info(recording: File) -> dict[str, Any]:
    """Describe a recording.

    Only a damaged file, and one without a header (.aac), is decoded for it.

    Parameters
    ----------
    recording : str, path, bytes or binary file object
        As `read` takes it.

    Returns
    -------
    dict
        ``path`` (pathlib.Path, None for bytes and file objects), ``size`` (bytes of
        the file), ``format`` and ``subtype`` (names such as "WAV" and "PCM_16"),
        ``sr`` (Hz), ``channels``, ``seconds`` and ``samples`` (per channel). The
        length is that which `read` gives, unless the file is damaged in its midst.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, TypeError, ValueError
        As for `read`.

    Examples
    --------
    >>> import tempfile
    >>> from skmusic.audio import info, write
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(f"{folder}/a.flac", np.zeros((4000, 2)), sr=8000)
    ...     about = info(f"{folder}/a.flac")
    >>> about["format"], about["sr"], about["channels"], about["seconds"]
    ('FLAC', 8000, 2, 0.5)
    """
    with open_source(recording) as source:
        most = _most_of(source)
        ends = source.sized and (not source.samples or source.ends())
    samples = source.samples if ends else _count(recording, most, source.samples)
    if not samples:
        raise _silent(source)
    return {
        "path": as_file(recording).path,
        "size": source.size,
        "format": source.format,
        "subtype": source.subtype,
        "sr": source.sr,
        "channels": source.channels,
        "seconds": samples / source.sr,
        "samples": samples,
    }


def most_samples(size, channels, gain=1.0):
    """Most samples of each channel that a recording of so many bytes may have.

    `channels` are those of the file, or of the result if it has more; `gain` is the new
    sampling rate by the file's.
    """
    return round(max(SURE_SIZE, MOST_TIMES * size) / (4 * channels * max(1.0, gain)))


def _most_of(source, sr=None, channels=None):
    known = channels if channels in range(MOST_CHANNELS + 1) else 0
    gain = (sr or 0) / source.sr
    return most_samples(source.size, max(source.channels, known), gain)


def _count(recording, most, claimed):
    """Count what reading gives, by decoding; `claimed` where that is refused."""
    n = 0
    with open_source(recording) as source:
        try:
            for x in source.blocks(np.dtype(np.float32)):
                n += len(x)
                if n > most:
                    return max(n, claimed)
        except ValueError:
            if not n:
                raise
    return n


def _check_length(n, most, name):
    if n > most:
        raise ValueError(
            f"{name} unfolds to more than {MOST_TIMES} times its size; it "
            "is made to fill memory, or mere silence: leave it out or convert it "
            "to WAV"
        )


def _silent(source):
    if source.cut_off or source.samples:
        return ValueError(f"{source.name} is damaged or cut off; leave it out")
    return ValueError(f"{source.name} holds no sound; leave it out")


def _sound(source, recording, dtype, most):
    """Yield the samples of a recording; warn if some are missing."""
    # A file of a long claim is refused before it takes memory, unless it holds less.
    if source.sized and source.samples > most:
        _check_length(_count(recording, most, 0), most, source.name)
    complete, n = not source.cut_off, 0
    # AAC pads its last frame, so the header's length cuts it. It adds nothing.
    wanted = source.samples if source.sized else np.inf
    blocks = source.blocks(dtype)
    while True:
        try:
            x = next(blocks, None)
        except ValueError:
            if not n:
                raise
            x, complete = None, False
        if x is None:
            break
        _check_length(n + len(x), most, source.name)
        if not _is_sound(x):
            raise ValueError(
                f"{source.name} holds samples that are infinite, beyond "
                f"{LOUDEST:.0e} or not a number; export it anew or leave it out"
            )
        x = x[: int(min(len(x), wanted - n))]
        n += len(x)
        yield x
    if not n:
        raise _silent(source)
    # Encoders may claim a little more than there is.
    if (source.sized and n <= source.samples - 0.25 * source.sr) or not complete:
        warnings.warn(
            f"{source.name} is damaged or cut off: read the first "
            f"{n / source.sr:.2f} s; if there should be more, export it anew",
            stacklevel=3,
        )


def _is_sound(block):
    # NaN fails both comparisons. An array of magnitudes would take longer.
    return not len(block) or (block.min() >= -LOUDEST and block.max() <= LOUDEST)
