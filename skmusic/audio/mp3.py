"""How long an MP3 really is, and telling a decoder so.

An MP3 has no length of its own: its first frame may hold no sound but a table, in
which an encoder writes the number of frames. Without it a decoder guesses from the
bit rate of the first frame, and stops there: of a recording of variable bit rate most
may be lost. The table is wrong, too, where several files were joined into one.
"""

import re
import struct
from typing import NamedTuple

# Kilobits a second by index, of MPEG 1 and of MPEG 2 and 2.5, layer III.
_BIT_RATES = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
_RATES = (44100, 48000, 32000)
# What a table begins with: "Info" where the bit rate is constant.
_TABLES = (b"Xing", b"Info")
# What may follow the last frame, and what looks like a header of layer III.
_TAGS = (b"TAG", b"APE", b"ID3", b"LYR")
_HEADER = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xef]", re.DOTALL)
# Places where frames may be looked for anew, at most.
_MOST_GAPS = 100_000


class _Frame(NamedTuple):
    size: int  # in bytes
    table: int  # where a table would stand


def with_length(raw):
    """The file with a table that tells its number of frames.

    Parameters
    ----------
    raw : bytes
        An MP3 file.

    Returns
    -------
    bytes or None
        None where the file tells its length, or is none that could be mended.

    References
    ----------
    G. Bouvigne, "MP3 info tag revision 1", 2001.

    Examples
    --------
    >>> from skmusic.audio.mp3 import with_length
    >>> frame = bytes.fromhex("fffb9064") + bytes(413)  # 128 kbit/s, 44.1 kHz
    >>> with_length(b"no frame") is None
    True
    >>> mended = with_length(frame * 9)
    >>> mended[36:40], int.from_bytes(mended[44:48])
    (b'Xing', 9)
    >>> with_length(mended) is None
    True
    """
    if raw[:3] != b"ID3" and raw[:1] != b"\xff":
        return None
    frames = _frames(raw, _skip_tag(raw))
    start = next(frames, None)
    if start is None:
        return None
    head, first = raw[start : start + 4], _frame(raw, start)
    claimed, size = _claim(raw, start, first)
    # A table that knows of nearly all bytes is right, and counting takes time.
    if claimed is not None and 1.01 * size + 4096 >= len(raw) - start:
        return None
    counted = 1 + sum(1 for _ in frames)
    if claimed is not None:
        start, counted = start + first.size, counted - 1
        # Encoders count the table itself, or do not.
        if counted - claimed <= 1:
            return None
    return _table(head, first, counted) + raw[start:]


def _skip_tag(raw):
    """Where an ID3v2 tag at the beginning ends."""
    if raw[:3] != b"ID3" or len(raw) < 10:
        return 0
    size = 0
    for byte in raw[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size


def _frame(raw, start):
    """The frame whose header stands there, or None."""
    if start + 4 > len(raw):
        return None
    sync, flags, rates, mode = raw[start : start + 4]
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
    return _Frame(size, 4 + ((32, 17) if first else (17, 9))[mono])


def _frames(raw, start):
    """Where the frames stand, of which each is followed by another, or the end."""
    for _ in range(_MOST_GAPS):
        while (frame := _frame(raw, start)) and _is_followed(raw, start + frame.size):
            yield start
            start += frame.size
        found = _HEADER.search(raw, start + 1)
        if not found:
            return
        start = found.start()


def _is_followed(raw, end):
    if end + 4 > len(raw):
        return end <= len(raw)
    return raw[end : end + 3] in _TAGS or _frame(raw, end) is not None


def _claim(raw, start, frame):
    """Number of frames and of bytes that a table tells; None and 0 without one."""
    at = start + frame.table
    if raw[at : at + 4] in _TABLES and len(raw) >= at + 16 and raw[at + 7] & 1:
        count, size = struct.unpack_from(">II", raw, at + 8)
        return count, size if raw[at + 7] & 2 else 0
    at = start + 36  # Fraunhofer's table always stands here
    if raw[at : at + 4] == b"VBRI" and len(raw) >= at + 18:
        size, count = struct.unpack_from(">II", raw, at + 10)
        return count, size
    return None, 0


def _table(header, frame, count):
    """A frame without sound that holds a table."""
    # The least bit rate at which there is room for it; no checksum, no padding.
    flags, rates = header[1] | 1, header[2] & 0x0D
    for bit_rate in range(1, 15):
        head = bytes([0xFF, flags, bit_rate << 4 | rates, header[3]])
        size = _frame(head, 0).size
        if size >= frame.table + 12:
            break
    body = b"Xing" + struct.pack(">II", 1, count)
    return (head + bytes(frame.table - 4) + body).ljust(size, b"\0")
