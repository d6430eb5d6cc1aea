"""Open recordings for decoding.

libsndfile (``soundfile``) does the decoding; the MPEG-4 family, which it does not
know, is decoded by FFmpeg (``av``, the optional extra ``m4a``).
"""

import contextlib
import io
import re
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import soundfile as sf

from skmusic.audio import mp3
from skmusic.audio.files import MPEG4, native_name
from skmusic.audio.kinds import find_kind
from skmusic.audio.recordings import as_file
from skmusic.audio.waveform import BLOCK, check_limits
from skmusic.utils.limits import MOST_MP3

# libsndfile corrects the number of samples silently. Only its log tells that a file is
# shorter than its header claims, or that an Ogg stream lacks its last page.
_CUT_OFF = re.compile(
    r"^\s*(?:data|SSND|Data Size|riff|Riff size) *: *(\d+) \(should be (\d+)\)"
    r"|lacks an end-of-stream bit",
    re.MULTILINE,
)
# Programs that write to a pipe do not know the length; they claim some 2 or 4 GiB.
_UNKNOWN_LENGTH = 0x7FFFF000
_CONVERT = "convert it to WAV or FLAC, or leave it out"


class Source(NamedTuple):
    """A recording opened for decoding."""

    name: str  # for messages
    format: str
    subtype: str
    sr: int
    channels: int
    samples: int  # as the header claims
    size: int  # bytes of the file
    cut_off: bool  # the file is known to end too early
    sized: bool  # the header knows the length and does not estimate it
    blocks: Callable  # blocks(dtype) yields the samples; may raise ValueError midway
    ends: Callable  # ends() tells whether the last sample is there; no blocks after it


@contextlib.contextmanager
def open_source(recording):
    """Open a recording as a `Source`; refuse what cannot be decoded."""
    file = as_file(recording)
    if file is None:
        raise TypeError(
            f"a {type(recording).__name__} is no recording in a file; pass a path, "
            "bytes, or a file opened with mode 'rb'"
        )
    with file.opened() as raw:
        size = raw.seek(0, io.SEEK_END)
        if not size:
            raise ValueError(f"{file.name} is empty; leave it out")
        kind, what = find_kind(raw)
        if kind == "unreadable":
            raise ValueError(f"{file.name} is {what}, which cannot be read; {_CONVERT}")
        named = file.path is not None and file.path.suffix.lower() in MPEG4
        mpeg4 = kind in ("mpeg4", "aac") or (kind == "unknown" and named)
        opener = _open_mpeg4 if mpeg4 else _open_libsndfile
        raw.seek(0)
        with opener(file, raw, size, kind) as source:
            check_limits(file.name, source.sr, source.channels)
            yield source


class _SequentialFile(sf.SoundFile):
    """A file that is read from start to end.

    soundfile seeks after every read if it can. Frames of an MP3 borrow bits from the
    frames before, so seeking garbles an MP3 that is read in blocks.
    """

    def seekable(self):
        return False


@contextlib.contextmanager
def _open_libsndfile(file, raw, size, kind):
    def blocks(dtype):
        try:
            while len(block := sound.read(BLOCK, dtype.name, always_2d=True)):
                yield block
        except sf.LibsndfileError as error:
            raise _undecodable(file, kind, error.error_string) from error

    def ends():
        try:
            sound.seek(sound.frames - 1)
            return len(sound.read(1)) == 1
        except sf.LibsndfileError:
            return False

    opened, damaged = raw, _is_chained(raw)
    if kind == "mp3" and size < MOST_MP3:
        opened, damaged = _mended_mp3(file, raw.read())
    elif file.path and file.path.suffix.lower() in (".raw", ".mp3"):
        opened = io.BytesIO(raw.read())  # the libraries would believe such a name
    elif file.path:  # libsndfile reads it without the interpreter
        opened = native_name(file.path)
    try:
        sound = _SequentialFile(opened)
    except sf.LibsndfileError as error:
        raise _undecodable(file, kind, error.error_string) from error
    with sound:
        cut_off = damaged or any(
            not log[1] or int(log[2]) < int(log[1]) < _UNKNOWN_LENGTH
            for log in _CUT_OFF.finditer(sound.extra_info)
        )
        yield Source(
            file.name,
            sound.format,
            sound.subtype,
            sound.samplerate,
            sound.channels,
            sound.frames,
            size,
            cut_off,
            True,
            blocks,
            ends,
        )


def _is_chained(raw):
    """Tell whether an Ogg file is several in one; libsndfile decodes the first."""
    chained = raw.read(4) == b"OggS"
    if chained:  # a first page that follows another page
        pages = raw.read()
        chained = pages.find(b"OggS\0\2", max(pages.find(b"OggS\0\0"), 0)) > 0
    raw.seek(0)
    return chained


def _mended_mp3(file, raw):
    """Return an MP3 as libsndfile is to open it, and whether much of it is missing."""
    made = mp3.mended(raw)
    if not made.n_frames:  # do not let libsndfile print about it
        if mp3.is_only_tags(raw):
            raise ValueError(f"{file.name} holds no sound, only tags; leave it out")
        raise _undecodable(file, "mp3", "no frame of it is whole")
    return io.BytesIO(made.raw), made.damaged


@contextlib.contextmanager
def _open_mpeg4(file, raw, size, kind):
    try:
        import av
    except ImportError as error:
        raise ValueError(
            f"{file.name}: reading MPEG-4 (.m4a, .aac) needs pip install "
            '"skmusic[m4a]"; or convert it to WAV or FLAC'
        ) from error

    with contextlib.ExitStack() as stack:
        try:
            container = stack.enter_context(av.open(raw, metadata_errors="replace"))
        except av.FFmpegError as error:
            raise _undecodable(file, kind, error.strerror) from error
        if not container.streams.audio:
            raise ValueError(f"{file.name} holds no sound; leave it out")
        stream = container.streams.audio[0]
        codec = stream.codec_context
        if codec is None:
            raise _undecodable(file, "unknown", "FFmpeg does not know its codec")
        seconds = (stream.duration or 0) * (stream.time_base or 0)
        yield Source(
            file.name,
            "AAC" if container.format.name == "aac" else "MPEG4",
            codec.name.upper(),
            stream.rate or 0,
            codec.channels,
            round(seconds * (stream.rate or 0)),
            size,
            False,
            container.format.name != "aac" and seconds > 0,
            partial(_decode_mpeg4, av, file, kind, container, stream),
            partial(_reaches, av, container, stream, seconds),
        )


def _decode_mpeg4(av, file, kind, container, stream, dtype):
    converter = av.AudioResampler(format="flt")  # interleaved floats, same rate
    try:
        for frame in container.decode(stream):
            for piece in converter.resample(frame):
                samples = piece.to_ndarray().reshape(-1, stream.codec_context.channels)
                yield samples.astype(dtype, copy=False)
    except (av.FFmpegError, ValueError) as error:
        raise _undecodable(file, kind, error) from error


def _reaches(av, container, stream, seconds):
    try:
        packets = [p for p in container.demux(stream) if p.pts is not None]
    except av.FFmpegError:
        return False
    last = max((p.pts + (p.duration or 0) for p in packets), default=0)
    return last * stream.time_base >= seconds - 0.05


def _undecodable(file, kind, reason):
    reason = str(reason).strip(" .")
    if kind == "unknown":
        return ValueError(f"{file.name} cannot be decoded ({reason}); {_CONVERT}")
    return ValueError(
        f"{file.name} is damaged, or its codec is unknown ({reason}); get it anew, "
        "convert it to WAV or FLAC, or leave it out"
    )
