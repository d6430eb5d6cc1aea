"""Open recordings for decoding.

libsndfile (``soundfile``) does the decoding; the MPEG-4 family, which it does not
know, is decoded by FFmpeg (``av``, the optional extra ``m4a``).
"""

import contextlib
import io
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import soundfile as sf

from skmusic.audio import mp3
from skmusic.audio.files import MPEG4, check_regular, native_name
from skmusic.audio.waveform import BLOCK, check_limits

# How libsndfile's log says that the file ends before its header's claim, or that an
# Ogg stream lacks its last page. (It corrects the number of samples silently.)
_CUT_OFF = re.compile(
    r"^\s*(?:data|SSND|Data Size|riff|Riff size) *: *(\d+) \(should be (\d+)\)"
    r"|lacks an end-of-stream bit",
    re.MULTILINE,
)
# Programs that write to a pipe cannot know the length and claim (nearly) 2 or 4 GiB.
_UNKNOWN_LENGTH = 0x7FFFF000
# Bytes of an MP3 that may be mended, which takes memory for all of it: 14 hours.
_MOST_MP3 = 1 << 31


class Source(NamedTuple):
    """A recording opened for decoding."""

    format: str
    subtype: str
    sr: int
    channels: int
    samples: int  # as the header claims
    size: int  # bytes of the file
    cut_off: bool  # the file is known to end too early
    sized: bool  # the header knows the length, it is no estimate
    blocks: Callable  # blocks(dtype) yields the samples; may raise ValueError midway


@contextlib.contextmanager
def open_source(path, whole=False):
    """Open a recording as a `Source`, refusing what is none.

    `whole` is for reading all of it: what would be cut short is mended.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{str(path)!r}: no such file")
    check_regular(path)
    with path.open("rb") as file:  # tells what is wrong better than a decoder does
        size = os.fstat(file.fileno()).st_size
    if not size:
        raise _undecodable(path, "the file is empty")
    opener = _open_mpeg4 if path.suffix.lower() in MPEG4 else _open_libsndfile
    with opener(path, size, whole) as source:
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
def _open_libsndfile(path, size, whole):
    def blocks(dtype):
        try:
            while len(block := file.read(BLOCK, dtype.name, always_2d=True)):
                yield block
        except sf.LibsndfileError as error:
            raise _undecodable(path, error.error_string) from error

    mended = None
    if whole and path.suffix.lower() == ".mp3" and size < _MOST_MP3:
        mended = mp3.with_length(path.read_bytes())
    try:
        file = _SequentialFile(io.BytesIO(mended) if mended else native_name(path))
    except sf.LibsndfileError as error:
        raise _undecodable(path, error.error_string) from error
    except TypeError as error:  # soundfile's answer to the suffix .raw
        raise _undecodable(path, "raw files do not tell their format") from error
    with file:
        cut_off = any(
            not log[1] or int(log[2]) < int(log[1]) < _UNKNOWN_LENGTH
            for log in _CUT_OFF.finditer(file.extra_info)
        )
        yield Source(
            file.format,
            file.subtype,
            file.samplerate,
            file.channels,
            file.frames,
            size,
            cut_off,
            True,
            blocks,
        )


@contextlib.contextmanager
def _open_mpeg4(path, size, whole):
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
        if codec is None:
            raise _undecodable(path, "FFmpeg does not know its codec")
        seconds = (stream.duration or 0) * (stream.time_base or 0)
        yield Source(
            path.suffix[1:].upper(),
            codec.name.upper(),
            stream.rate or 0,
            codec.channels,
            round(seconds * (stream.rate or 0)),
            size,
            False,
            container.format.name != "aac" and seconds > 0,
            blocks,
        )


def _undecodable(path, reason):
    return ValueError(
        f"{str(path)!r} cannot be decoded ({str(reason).strip(' .')}); "
        "convert it to WAV or FLAC, or leave it out"
    )
