"""Find out how long an MP3 really is, and tell a decoder.

An MP3 does not store its length. Its first frame may hold a table instead of sound, in
which the encoder wrote the number of frames. Without a table a decoder guesses the
length from the bit rate of the first frame, and stops there: most of a recording of
variable bit rate may be lost. In several files joined into one the table is wrong.
"""

import functools
import re
import struct
from typing import NamedTuple

from skmusic.audio.kinds import tag_size

# Kilobits a second by index, of MPEG 1 and of MPEG 2 and 2.5, layer III.
_BIT_RATES = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
_RATES = (44100, 48000, 32000)
# A table begins so; "Info" stands for a constant bit rate.
_TABLES = (b"Xing", b"Info")
# What may follow the last frame, and the pattern of a frame header of layer III.
_TAGS = (b"TAG", b"APE", b"ID3", b"LYR")
_HEADER = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xef]", re.DOTALL)
# The most searches for frames within one file.
_MOST_GAPS = 100_000


class _Frame(NamedTuple):
    size: int  # in bytes
    table: int  # where a table would stand
    kind: tuple  # what is the same in all frames of a recording


class Mended(NamedTuple):
    """An MP3 whose table of contents is right."""

    raw: bytes  # the same object if nothing had to be done
    n_frames: int  # the frames that were found
    damaged: bool  # the table claims more frames


def mended(raw):
    """Mend the bytes of an MP3 of which a decoder would read too little: `Mended`.

    Bytes between frames that are no frame are left out. A decoder would stop there, or
    print lines about them. The table is that of G. Bouvigne, "MP3 info tag revision 1",
    2001.
    """
    runs, n_frames = _runs(raw)
    if not runs:
        return Mended(raw, 0, False)
    start = runs[0][0]
    head, first = raw[start : start + 4], _frame(raw[start : start + 4])
    claimed, size_at = _claim(raw, start, first)
    counted, damaged = n_frames, False
    if claimed is not None:
        counted -= 1  # the frame of the table holds no sound
        damaged = counted < claimed - 1
        # Some encoders count the table itself, some do not.
        if len(runs) == 1 and counted - claimed <= 1:
            if damaged and size_at:  # or a decoder would print that the size is wrong
                size = struct.pack(">I", len(raw) - start)
                raw = raw[:size_at] + size + raw[size_at + 4 :]
            return Mended(raw, n_frames, damaged)
        runs[0] = start + first.size, runs[0][1]
    sound = [raw[i:j] for i, j in runs]
    return Mended(b"".join([_table(head, first, counted), *sound]), n_frames, damaged)


def _runs(raw):
    """Find where frames follow each other: pairs of start and end; count frames."""
    runs, n_frames, start, kind = [], 0, tag_size(raw[:10]), None
    for _ in range(_MOST_GAPS):
        begun, frame = start, _frame(raw[start : start + 4])
        while frame and kind in (None, frame.kind):
            end = start + frame.size
            following = _frame(raw[end : end + 4])
            if not (following or _may_end(raw, end)):
                break
            n_frames, start, kind, frame = n_frames + 1, end, frame.kind, following
        if start > begun:
            runs.append((begun, start))
        if size := tag_size(raw[start : start + 10]):
            start += size
            continue
        found = _HEADER.search(raw, start + (start == begun))
        if not found:
            break
        start = found.start()
    return runs, n_frames


def _may_end(raw, end):
    """Whether the last frame may end there: at the end of the file, or at a tag."""
    return end <= len(raw) < end + 4 or raw[end : end + 3] in _TAGS


def is_only_tags(raw):
    """Whether nothing stands in the bytes of a file but tags and zeros."""
    rest = raw[tag_size(raw[:10]) :].lstrip(b"\0")
    return not rest or rest[:3] in _TAGS


@functools.lru_cache(1024)
def _frame(header):
    """Read the header of a frame; None where there is none."""
    if len(header) < 4:
        return None
    sync, flags, rates, mode = header
    version, layer = flags >> 3 & 3, flags >> 1 & 3
    if sync != 0xFF or flags < 0xE0 or version == 1 or layer != 1:
        return None
    bit_rate, rate = rates >> 4, rates >> 2 & 3
    if bit_rate in (0, 15) or rate == 3:
        return None
    first, mono = version == 3, mode >> 6 == 3
    hertz = _RATES[rate] >> {3: 0, 2: 1, 0: 2}[version]
    thousand = 144_000 if first else 72_000
    size = thousand * _BIT_RATES[not first][bit_rate] // hertz + (rates >> 1 & 1)
    table = 4 + ((32, 17) if first else (17, 9))[mono]
    return _Frame(size, table, (hertz, mono))


def _claim(raw, start, frame):
    """Return the number of frames in the table, and where it has their size."""
    at = start + frame.table
    if raw[at : at + 4] in _TABLES and len(raw) >= at + 16 and raw[at + 7] & 1:
        size_at = at + 12 if raw[at + 7] & 2 else None
        return int.from_bytes(raw[at + 8 : at + 12]), size_at
    at = start + 36  # Fraunhofer's table always stands here
    if raw[at : at + 4] == b"VBRI" and len(raw) >= at + 18:
        return int.from_bytes(raw[at + 14 : at + 18]), at + 10
    return None, None


def _table(header, frame, count):
    """Make a frame that holds a table instead of sound."""
    # Take the lowest bit rate with room for it; no checksum, no padding.
    flags, rates = header[1] | 1, header[2] & 0x0D
    for bit_rate in range(1, 15):
        head = bytes([0xFF, flags, bit_rate << 4 | rates, header[3]])
        size = _frame(head).size
        if size >= frame.table + 12:
            break
    body = b"Xing" + struct.pack(">II", 1, count)
    return (head + bytes(frame.table - 4) + body).ljust(size, b"\0")
