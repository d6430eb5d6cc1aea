"""Read recordings.

libsndfile (``soundfile``) does the decoding; the MPEG-4 family, which it does not
know, is decoded by FFmpeg (``av``, the optional extra ``m4a``).
"""

import contextlib
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile as sf

from .files import MPEG4, check_regular, native_name
from .waveforms import BLOCK, check_limits, resample, to_channels

# How libsndfile's log says that the file ends before its header's claim, or that an
# Ogg stream lacks its last page. (It corrects the number of samples silently.)
_CUT_OFF = re.compile(
    r"^\s*(?:data|SSND|Data Size|riff|Riff size) *: *(\d+) \(should be (\d+)\)"
    r"|lacks an end-of-stream bit",
    re.MULTILINE,
)
# Programs that write to a pipe cannot know the length and claim (nearly) 2 or 4 GiB.
_UNKNOWN_LENGTH = 0x7FFFF000


def read(path, sr=None, channels=None, dtype=np.float32):
    """Read a recording.

    Parameters
    ----------
    path : str or path
        A sound file; one named .m4a, .m4b, .mp4 or .aac needs the extra ``m4a``.
    sr : int, default=None
        Sampling rate to resample to, in Hz, 100 to 1000000. By default the file's.
    channels : int, default=None
        Number of channels to mix to, see `to_channels`. By default the file's.
    dtype : {np.float32, np.float64}, default=np.float32
        Type of the samples.

    Returns
    -------
    waveform : ndarray of shape (n_samples, n_channels)
        Samples in [-1, 1]; only files that store floats, lossy codecs and resampling
        may go beyond.
    sr : int
        Sampling rate in Hz.

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        If there is no such file.
    ValueError
        If the file cannot be decoded, holds no samples, infinite ones or NaN, or has
        a sampling rate or a number of channels out of range.

    Warns
    -----
    UserWarning
        If the file ends before its header or its codec says so; what is there is
        read.

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
    with _open(path) as source:
        x, complete = _gather(source, dtype)
        file_sr = source.sr
    if not len(x):
        raise ValueError(f"{str(path)!r} holds no samples; leave it out")
    if not np.isfinite(x).all():
        raise ValueError(
            f"{str(path)!r} holds samples that are infinite or not a number; "
            "export it anew or leave it out"
        )
    if not complete:
        warnings.warn(
            f"{str(path)!r} is damaged or cut off: read the first "
            f"{len(x) / file_sr:.2f} s; if there should be more, export it anew",
            stacklevel=2,
        )
    if channels is not None:
        x = to_channels(x, channels)
    return (x, file_sr) if sr is None else (resample(x, file_sr, sr), int(sr))


def info(path):
    """Describe a recording without decoding it.

    Parameters
    ----------
    path : str or path
        A sound file, as for `read`.

    Returns
    -------
    dict
        ``path`` (pathlib.Path), ``format`` and ``subtype`` (names such as "WAV" and
        "PCM_16"), ``sr`` (Hz), ``channels``, ``seconds`` and ``samples`` (per
        channel). The length is the header's claim: for a damaged file `read` may
        find less, and without a header (.aac) it is an estimate.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, ValueError
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
    with _open(path) as source:
        return {
            "path": Path(path),
            "format": source.format,
            "subtype": source.subtype,
            "sr": source.sr,
            "channels": source.channels,
            "seconds": source.samples / source.sr,
            "samples": source.samples,
        }


class _Source(NamedTuple):
    """A recording opened for decoding."""

    format: str
    subtype: str
    sr: int
    channels: int
    samples: int  # as the header claims
    cut_off: bool  # the file is known to end too early
    sized: bool  # the header knows the length, it is no estimate
    blocks: Callable  # blocks(dtype) yields the samples; may raise ValueError midway


@contextlib.contextmanager
def _open(path):
    """Open a recording as a `_Source`, refusing what is none."""
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{str(path)!r}: no such file")
    check_regular(path)
    if not path.stat().st_size:
        raise _undecodable(path, "the file is empty")
    opener = _open_mpeg4 if path.suffix.lower() in MPEG4 else _open_libsndfile
    with opener(path) as source:
        check_limits(f"{str(path)!r}", source.sr, source.channels)
        yield source


class _SequentialFile(sf.SoundFile):
    """A file read from start to end.

    soundfile seeks after every read if it can. That garbles an MP3 read in blocks,
    as its frames borrow bits from the ones before.
    """

    def seekable(self):
        return False


@contextlib.contextmanager
def _open_libsndfile(path):
    def blocks(dtype):
        try:
            while len(block := file.read(BLOCK, dtype.name, always_2d=True)):
                yield block
        except sf.LibsndfileError as error:
            raise _undecodable(path, error.error_string) from error

    try:
        file = _SequentialFile(native_name(path))
    except sf.LibsndfileError as error:
        raise _undecodable(path, error.error_string) from error
    except TypeError as error:  # soundfile's answer to the suffix .raw
        raise _undecodable(path, "raw files do not tell their format") from error
    with file:
        cut_off = any(
            not log[1] or int(log[2]) < int(log[1]) < _UNKNOWN_LENGTH
            for log in _CUT_OFF.finditer(file.extra_info)
        )
        yield _Source(
            file.format,
            file.subtype,
            file.samplerate,
            file.channels,
            file.frames,
            cut_off,
            True,
            blocks,
        )


@contextlib.contextmanager
def _open_mpeg4(path):
    try:
        import av
    except ImportError as error:
        raise ValueError(
            f'{str(path)!r}: reading {path.suffix} needs pip install "skmusic[m4a]"; '
            "or convert it to WAV or FLAC"
        ) from error

    def blocks(dtype):
        converter = av.AudioResampler(format="flt")  # only to interleaved floats
        try:
            for frame in container.decode(stream):
                for piece in converter.resample(frame):
                    samples = piece.to_ndarray().reshape(-1, codec.channels)
                    yield samples.astype(dtype, copy=False)
        except (av.FFmpegError, ValueError) as error:
            raise _undecodable(path, error) from error

    with contextlib.ExitStack() as stack:
        file = stack.enter_context(path.open("rb"))  # takes any name, unlike av
        try:
            container = stack.enter_context(av.open(file, metadata_errors="replace"))
        except av.FFmpegError as error:
            raise _undecodable(path, error.strerror) from error
        if not container.streams.audio:
            raise _undecodable(path, "it holds no sound")
        stream = container.streams.audio[0]
        codec = stream.codec_context
        seconds = (stream.duration or 0) * (stream.time_base or 0)
        yield _Source(
            path.suffix[1:].upper(),
            codec.name.upper(),
            stream.rate or 0,
            codec.channels,
            round(seconds * (stream.rate or 0)),
            False,
            container.format.name != "aac" and seconds > 0,
            blocks,
        )


def _gather(source, dtype):
    """Join the blocks of a recording, and tell whether it is complete."""
    # The list grows by what is there: a header may claim any number of samples.
    kept = [np.empty((0, source.channels), dtype)]
    complete = not source.cut_off
    try:
        for block in source.blocks(dtype):
            kept.append(block)
    except ValueError:
        if len(kept) == 1:
            raise
        complete = False
    x = np.concatenate(kept)
    if source.sized:
        x = x[: source.samples]  # AAC pads its last frame
        # An MP3 without a table of contents is only roughly as long as it claims.
        complete &= len(x) > source.samples - 0.25 * source.sr
    return x, complete


def _undecodable(path, reason):
    return ValueError(
        f"{str(path)!r} cannot be decoded ({str(reason).strip(' .')}); "
        "convert it to WAV or FLAC, or leave it out"
    )
