"""Write recordings, by libsndfile (``soundfile``).

libsndfile writes the sound. What marks a loop it does not write, so that is put into
its files afterwards: a chunk of a wav file, comments of FLAC and Ogg files.
"""

import struct
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
# Formats in which a loop can be marked; and what comes before comments in Ogg streams.
LOOPED = (".wav", ".flac", ".ogg", ".oga", ".opus")
_COMMENTS = (b"\3vorbis", b"OpusTags")


def write(
    path: Name, x: ArrayLike, sr: float | None = None, *, loop: bool = False
) -> None:
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
    loop : bool, default=False
        Whether all of it is to be played round and round. Game engines read that of a
        ``smpl`` chunk in .wav, of the tags LOOPSTART and LOOPLENGTH in .flac, .ogg,
        .oga and .opus, which then has 48000 Hz. Other formats are refused.

    Raises
    ------
    ValueError
        If the suffix is unknown or cannot tell of a loop, `x` is no waveform or not
        finite, the format does not take that many channels, or `sr` is missing or
        contradicts the music.
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
    if loop:
        check_looped(path)
    sr = rate_of(x, sr)
    with written_whole(path) as part:
        x = as_waveform(x)
        check_limits(f"{str(path)!r}", sr, x.shape[1])
        if not np.isfinite(x).all():
            raise ValueError(
                f"{str(path)!r} not written: the waveform is not finite everywhere"
            )
        rates = ENCODERS[path.suffix.lower()][2]
        if loop and path.suffix.lower() == ".opus":
            rates = rates[-1:]  # its decoders count samples at this rate
        if sr not in rates:
            rate = next((rate for rate in rates if rate >= sr), rates[-1])
            x, sr = (_resample_loop if loop else resample)(x, sr, rate), rate
        _encode(part, path, x, int(sr))
        if loop:
            _mark_loop(part, path, len(x), int(sr))


def check_looped(path):
    """Refuse a loop in a format that cannot tell of it."""
    if path.suffix.lower() not in LOOPED:
        why = (
            "an mp3 pauses where it repeats"
            if path.suffix.lower() == ".mp3"
            else ("nothing in it tells of a loop")
        )
        raise ValueError(
            f"{str(path)!r}: cannot write a loop as {path.suffix}, {why}; "
            f"end the name in one of {', '.join(LOOPED)}"
        )


def _resample_loop(x, sr, rate):
    """Resample what is played round and round: its end is heard at its beginning."""
    x = as_waveform(x)
    # Whole seconds are whole samples at both rates.
    round_and_round = np.pad(x, ((int(sr), int(sr)), (0, 0)), mode="wrap")
    start = int(rate)
    n = round(len(x) * rate / sr)
    return resample(round_and_round, sr, rate)[start : start + n]


def _mark_loop(part, path, n_samples, sr):
    """Mark a file that is written as one loop over all samples."""
    raw = part.read_bytes()
    try:
        if path.suffix.lower() == ".wav":
            marked = _with_chunk(raw, n_samples, sr)
        else:
            tags = [b"LOOPSTART=0", b"LOOPLENGTH=%d" % n_samples]
            commented = _flac_commented if raw[:4] == b"fLaC" else _ogg_commented
            marked = commented(raw, tags)
        part.write_bytes(marked)
    except struct.error as error:  # a number is too large for its field
        raise ValueError(
            f"{str(path)!r} not written: there is no room to mark the loop; try .flac"
        ) from error
    except OSError as error:
        raise OSError(f"{str(path)!r} not written: {error.strerror}") from error


def _with_chunk(raw, n_samples, sr):
    """A wav file with a ``smpl`` chunk: nanoseconds a sample, middle C, one loop."""
    about = 0, 0, round(1e9 / sr), 60, 0, 0, 0, 1, 0
    forward = 0, 0, 0, n_samples - 1, 0, 0  # the last sample is of the loop
    chunk = struct.pack("<4sI15I", b"smpl", 60, *about, *forward)
    size = struct.pack("<I", len(raw) + len(chunk) - 8)
    return b"".join([raw[:4], size, raw[8:], chunk])


def _comment(vendor, tags):
    """Vorbis comment: who encoded, and tags, each after its length."""
    sized = [struct.pack("<I", len(text)) + text for text in (vendor, *tags)]
    return b"".join([sized[0], struct.pack("<I", len(tags)), *sized[1:]])


def _vendor(comment):
    """Who encoded, of a Vorbis comment."""
    return comment[4 : 4 + int.from_bytes(comment[:4], "little")]


def _flac_commented(raw, tags):
    """A FLAC file whose block of comments, of kind 4, has these tags."""
    blocks, at, last, vendor = [], 4, False, b"skmusic"
    while not last:
        last, kind = raw[at] >> 7, raw[at] & 127
        end = at + 4 + int.from_bytes(raw[at + 1 : at + 4], "big")
        if kind == 4:
            vendor = _vendor(raw[at + 4 : end])
        else:
            blocks.append((kind, raw[at + 4 : end]))
        at = end
    blocks.append((4, _comment(vendor, tags)))
    heads = [
        bytes([kind | (i == len(blocks) - 1) << 7]) + len(block).to_bytes(3, "big")
        for i, (kind, block) in enumerate(blocks)
    ]
    made = (head + block for head, (_, block) in zip(heads, blocks, strict=True))
    return b"".join([b"fLaC", *made, raw[at:]])


def _ogg_commented(raw, tags):
    """An Ogg stream whose second page, which begins with comments, has these tags."""
    first = 27 + raw[26] + sum(raw[27 : 27 + raw[26]])
    page = raw[first:]
    n, lacing = page[26], page[27 : 27 + page[26]]
    end = 27 + n + sum(lacing)
    # The packet ends with the first part that is not full.
    parts = next(i for i, size in enumerate(lacing) if size < 255) + 1
    packet, others = page[27 + n :][: sum(lacing[:parts])], lacing[parts:]
    kind = next(name for name in _COMMENTS if packet.startswith(name))
    made = kind + _comment(_vendor(packet[len(kind) :]), tags)
    made += b"\1" * (kind == _COMMENTS[0])  # so a comment of Vorbis ends
    lacing = bytes([255] * (len(made) // 255) + [len(made) % 255]) + others
    # Pages are numbered: there must not be more of them.
    head = page[:22] + bytes(4) + struct.pack("B", len(lacing)) + lacing
    new = head + made + page[27 + n + len(packet) : end]
    new = new[:22] + struct.pack("<I", _checksum(new)) + new[26:]
    return raw[:first] + new + page[end:]


def _checksum(page):
    """CRC of an Ogg page, whose own is zero."""
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1) ^ (0x104C11DB7 if crc >> 31 else 0)
    return crc


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
