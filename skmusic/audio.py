"""Find, read, resample and write recordings.

A waveform is a floating-point array of shape ``(n_samples, n_channels)``, time
first, with samples in [-1, 1].  A one-dimensional array is taken as mono.
libsndfile (``soundfile``) does the decoding and encoding; the MPEG-4 family, which
it does not know, is decoded by FFmpeg (``av``, the optional extra ``m4a``).
"""

import contextlib
import os
import re
import uuid
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile as sf
import soxr

__all__ = ["SUFFIXES", "find", "info", "read", "resample", "to_channels", "write"]

_MPEG4 = {".m4a", ".m4b", ".mp4", ".aac"}

# libsndfile names its formats after their usual suffix; the rest are synonyms. Raw
# files (no header) and Matlab files are not recordings one finds by their suffix.
SUFFIXES = tuple(
    sorted(
        {f".{name.lower()}" for name in sf.available_formats()}
        - {".raw", ".mat4", ".mat5"}
        | {".aif", ".aifc", ".bwf", ".iff", ".oga", ".opus", ".sf", ".snd", ".wave"}
        | _MPEG4
    )
)

_RATES = range(100, 1_000_001)  # Hz; no recording of music lies outside
_MAX_CHANNELS = 64
_BLOCK = 8192  # samples decoded or encoded at once: little memory, no stack overflow

# What `write` makes of a suffix: format, subtype and the rates the encoder takes.
# libvorbis does not refuse rates above 200 kHz: it crashes.
_ENCODERS = {
    ".wav": ("WAV", "PCM_16", _RATES),
    ".w64": ("W64", "PCM_16", _RATES),
    ".aif": ("AIFF", "PCM_16", _RATES),
    ".aiff": ("AIFF", "PCM_16", _RATES),
    ".au": ("AU", "PCM_16", _RATES),
    ".caf": ("CAF", "PCM_16", _RATES),
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

# How libsndfile's log says that the file ends before its header's claim, or that an
# Ogg stream lacks its last page. (It corrects the number of samples silently.)
_CUT_OFF = re.compile(
    r"^\s*(?:data|SSND|Data Size|riff|Riff size) *: *(\d+) \(should be (\d+)\)"
    r"|lacks an end-of-stream bit",
    re.MULTILINE,
)
# Programs that write to a pipe cannot know the length and claim (nearly) 2 or 4 GiB.
_UNKNOWN_LENGTH = 0x7FFFF000


def find(paths, ignore=()):
    """Find recordings by name.

    Parameters
    ----------
    paths : str, path or iterable of these
        Files, kept as they are whatever their suffix, and folders, searched with all
        their subfolders for files with one of the `SUFFIXES` (upper or lower case),
        sorted by name. Hidden files and folders (a leading dot) are skipped; links
        are followed, but no folder is searched twice.
    ignore : str, path or iterable of these, default=()
        Files and folders to leave out.

    Returns
    -------
    list of pathlib.Path

    Raises
    ------
    FileNotFoundError
        If a path does not exist.
    ValueError
        If a folder holds no recording.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in "b.wav", "a.MP3", "notes.txt":
    ...         Path(folder, name).touch()
    ...     [path.name for path in find(folder)]
    ['a.MP3', 'b.wav']
    """
    ignored = {_real(path) for path in _as_paths(ignore)}
    found = []
    for path in _as_paths(paths):
        if path.is_dir():
            recordings = list(_walk(path, set()))
        elif path.exists():
            recordings = [path]
        else:
            raise FileNotFoundError(f"{str(path)!r}: no such file or folder")
        wanted = [
            recording
            for recording in recordings
            if ignored.isdisjoint([_real(recording), *_real(recording).parents])
        ]
        if path.is_dir() and not wanted:
            raise ValueError(
                f"folder {str(path)!r} holds no recording, that is, no file named "
                f"*{', *'.join(SUFFIXES)}; name other files one by one"
            )
        found += wanted
    return found


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


def resample(x, sr_in, sr_out):
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
        Of the type of `x`; `x` itself where the rates are equal. What lies above
        half of `sr_out` is filtered out (soxr, quality HQ).

    Raises
    ------
    ValueError
        If a rate is out of range, `x` is no waveform or too short for one sample.

    Examples
    --------
    >>> resample(np.zeros((44100, 2)), 44100, 16000).shape
    (16000, 2)
    """
    x = _as_waveform(x)
    for sr in (sr_in, sr_out):
        _check_limits("resampling", sr, x.shape[1])
    if sr_in == sr_out:
        return x
    y = soxr.resample(x, sr_in, sr_out, quality="HQ")
    if not len(y):
        raise ValueError(
            f"{len(x)} samples at {sr_in} Hz are too short to resample to {sr_out} Hz"
        )
    return y


def to_channels(x, channels):
    """Mix a waveform to a number of channels.

    One channel is copied into all; many are averaged into one. To make two of more,
    the first two are taken as left and right and each is averaged with all the
    others (centre, surround ...), so that nothing is lost and nothing clips.

    Parameters
    ----------
    x : array-like of shape (n_samples, n_channels) or (n_samples,)
        Waveform, float32 or float64.
    channels : int
        Number of channels wanted: 1, 2, that of `x`, or any up to 64 if `x` is mono.

    Returns
    -------
    ndarray of shape (n_samples, channels)
        Of the type of `x`; `x` itself where it has that many channels.

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
    x = _as_waveform(x)
    if channels == x.shape[1]:
        return x
    if channels == 1:
        return x.mean(axis=1, keepdims=True)
    if x.shape[1] == 1 and channels in range(2, _MAX_CHANNELS + 1):
        return np.repeat(x, int(channels), axis=1)
    if channels == 2:
        rest = x[:, 2:].sum(axis=1, keepdims=True)
        return (x[:, :2] + rest) / (x.shape[1] - 1)
    raise ValueError(
        f"cannot mix {x.shape[1]} channels to {channels!r}; "
        f"ask for 1, 2 or {x.shape[1]} channels"
    )


def write(path, x, sr):
    """Write a recording, whole or not at all.

    The sound goes to a hidden file in the same folder, which takes the target's name
    once complete: after a failure an older target is as it was.

    Parameters
    ----------
    path : str or path
        File to write; its suffix tells the format: .wav, .w64, .aif(f), .au, .caf
        and .flac (all 16 bits per sample), .ogg or .oga (Vorbis), .opus or .mp3.
    x : array-like of shape (n_samples, n_channels) or (n_samples,)
        Waveform, float32 or float64. If its peak exceeds 1, the whole is scaled down
        to a peak of 0.999: clipping would distort.
    sr : int
        Sampling rate in Hz, 100 to 1000000. A format that does not take it (often .mp3,
        .opus) gets the waveform resampled to its next higher rate, else its highest.

    Raises
    ------
    ValueError
        If the suffix is unknown, `x` is no waveform or not finite, or the format
        does not take that many channels.
    FileNotFoundError
        If the folder does not exist.
    IsADirectoryError
        If `path` is a folder.
    OSError
        If writing fails, for instance because the disk is full.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(f"{folder}/a.opus", np.zeros(44100), sr=44100)
    ...     info(f"{folder}/a.opus")["sr"]
    48000
    """
    path = Path(path)
    if path.suffix.lower() not in _ENCODERS:
        raise ValueError(
            f"{str(path)!r}: cannot write {path.suffix or 'no suffix'!r}; "
            f"end the name in one of {', '.join(_ENCODERS)}"
        )
    target = _real(path)  # if a link, its target is replaced, not the link
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"{str(path)!r}: no folder {str(target.parent)!r}; make it first"
        )
    if target.exists():
        _check_regular(target)
    x = _as_waveform(x)
    _check_limits(f"{str(path)!r}", sr, x.shape[1])
    if not np.isfinite(x).all():
        raise ValueError(
            f"{str(path)!r} not written: the waveform is not finite everywhere"
        )
    rates = _ENCODERS[path.suffix.lower()][2]
    if sr not in rates:
        rate = next((rate for rate in rates if rate >= sr), rates[-1])
        x, sr = resample(x, sr, rate), rate
    # A name of its own, not the target's with something added: that may be too long.
    part = target.with_name(f".{uuid.uuid4().hex}.part")
    try:
        _encode(part, path, x, int(sr))
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def _encode(part, path, x, sr):
    """Write to the file `part`, in the format of `path`'s suffix."""
    file_format, subtype, _ = _ENCODERS[path.suffix.lower()]
    peak = max(x.max(), -x.min())
    gain = 0.999 / peak if peak > 1 else 1
    failure = f"{str(path)!r} not written ({file_format}, {sr} Hz, {x.shape[1]} ch.)"
    try:
        with sf.SoundFile(
            _name(part), "w", sr, x.shape[1], subtype, format=file_format
        ) as file:
            for start in range(0, len(x), _BLOCK):
                file.write(x[start : start + _BLOCK] * gain)
        # libsndfile is silent about what it could not write when closing the file.
        complete = sf.info(_name(part)).frames == len(x)
    except AssertionError:  # soundfile's answer to a short write
        complete = False
    except sf.LibsndfileError as error:
        if error.code == 1:  # SF_ERR_UNRECOGNISED_FORMAT
            raise ValueError(f"{failure}: try fewer channels or .wav") from error
        raise OSError(f"{failure}: {error.error_string}") from error
    if not complete:
        raise OSError(f"{failure}: the file came out incomplete; is the disk full?")


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
    _check_regular(path)
    if not path.stat().st_size:
        raise _undecodable(path, "the file is empty")
    opener = _open_mpeg4 if path.suffix.lower() in _MPEG4 else _open_libsndfile
    with opener(path) as source:
        _check_limits(f"{str(path)!r}", source.sr, source.channels)
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
            while len(block := file.read(_BLOCK, dtype.name, always_2d=True)):
                yield block
        except sf.LibsndfileError as error:
            raise _undecodable(path, error.error_string) from error

    try:
        file = _SequentialFile(_name(path))
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


def _check_regular(path):
    """Refuse folders, and pipes and devices, which would hang when opened."""
    if path.is_dir():
        raise IsADirectoryError(
            f"{str(path)!r} is a folder; pass a file (skmusic.audio.find lists them)"
        )
    if not path.is_file():
        raise ValueError(f"{str(path)!r} is a pipe or a device; pass a regular file")


def _check_limits(what, sr, channels):
    """Refuse rates and numbers of channels that no recording of music has."""
    if not (_RATES[0] <= sr <= _RATES[-1] and sr == int(sr)):
        raise ValueError(
            f"{what}: the sampling rate must be a whole number of Hz from "
            f"{_RATES[0]} to {_RATES[-1]}, got {sr!r}"
        )
    if not 1 <= channels <= _MAX_CHANNELS:
        raise ValueError(
            f"{what}: there must be 1 to {_MAX_CHANNELS} channels, got {channels!r}"
        )


def _as_waveform(x):
    """Return `x` as an array of shape (n_samples, n_channels) of floats."""
    x = np.asarray(x)
    if x.dtype not in (np.float32, np.float64):
        raise ValueError(
            f"a waveform must be float32 or float64 in [-1, 1], got {x.dtype}; "
            "divide integers by their type's maximum"
        )
    if x.ndim == 1:
        x = x[:, np.newaxis]
    if x.ndim != 2 or not x.size:
        raise ValueError(
            "a waveform must have the shape (n_samples, n_channels), neither of them "
            f"0, got {x.shape}"
        )
    return x


def _as_paths(paths):
    """Return one path or an iterable of paths as a list of Paths."""
    one = isinstance(paths, str | os.PathLike)
    return [Path(path) for path in ([paths] if one else paths)]


def _walk(folder, seen):
    """Yield the recordings in a folder and its subfolders, sorted by name."""
    if _real(folder) in seen:  # links may lead in a circle
        return
    seen.add(_real(folder))
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _walk(path, seen)
        elif path.is_file() and path.suffix.lower() in SUFFIXES:
            yield path


def _real(path):
    """Return the absolute path without links; Path.resolve raises for circles."""
    return Path(os.path.realpath(path))


def _name(path):
    """Return the name for libsndfile; as str only UTF-8 names would pass on POSIX."""
    return str(path) if os.name == "nt" else os.fsencode(path)
