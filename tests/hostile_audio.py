"""Hostile recordings, made from good ones: `mutated`."""

import struct

import numpy as np
import soundfile as sf

SR = 22050
GOOD = {
    "pcm.wav": ("WAV", "PCM_16"), "float.wav": ("WAV", "FLOAT"),
    "double.wav": ("WAV", "DOUBLE"), "ulaw.wav": ("WAV", "ULAW"),
    "adpcm.wav": ("WAV", "IMA_ADPCM"), "gsm.wav": ("WAV", "GSM610"),
    "a.aiff": ("AIFF", "PCM_16"), "a.flac": ("FLAC", "PCM_16"),
    "a.ogg": ("OGG", "VORBIS"), "a.opus": ("OGG", "OPUS"),
    "a.mp3": ("MP3", "MPEG_LAYER_III"), "a.au": ("AU", "PCM_16"),
    "a.caf": ("CAF", "PCM_16"), "a.w64": ("W64", "PCM_16"),
    "a.rf64": ("RF64", "PCM_16"),
}  # fmt: skip
NUMBERS = [0, 1, 2, 3, 255, 2**15, 2**16 - 1, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**63]


def write_good(folder, seconds=0.7):
    """Good recordings, one of each format; returns their paths."""
    rng = np.random.default_rng(0)
    t = np.arange(round(seconds * SR)) / SR
    x = 0.4 * np.sin(2 * np.pi * 440 * t) + 0.1 * rng.standard_normal(len(t))
    paths = []
    for name, (kind, subtype) in GOOD.items():
        channels, sr = 1 if "gsm" in name else 2, 48000 if kind == "OGG" else SR
        y = np.repeat(x[:, None], channels, axis=1)
        sf.write(folder / name, y, sr, subtype, format=kind)
        paths.append(folder / name)
    return paths


def mutated(raws, rng):
    """A mutant of one of several files: what was done, its suffix, and the bytes.

    Parameters
    ----------
    raws : dict of str to bytes
        Good files by suffix and kind, such as "pcm.wav".
    """
    name = _any(list(raws), rng)
    how = _any(list(MUTATIONS), rng)
    raw = MUTATIONS[how](bytearray(raws[name]), rng, raws)
    suffix = name.rpartition(".")[2]
    if rng.random() < 0.05:
        suffix = _any(["wav", "mp3", "flac", "ogg", "aiff", "m4a", "xyz"], rng)
    return how, suffix, bytes(raw)


def _any(items, rng):
    return items[int(rng.integers(len(items)))]


def _header_bits(raw, rng, raws):
    for k in rng.integers(min(128, len(raw)), size=int(rng.integers(1, 6))):
        raw[k] ^= 1 << int(rng.integers(8))
    return raw


def _header_number(raw, rng, raws):
    """A number of the header, of any width and order, is an odd one."""
    for _ in range(int(rng.integers(1, 3))):
        form = _any(["B", "<H", ">H", "<I", ">I", "<Q", ">Q"], rng)
        width = struct.calcsize(form)
        at = int(rng.integers(min(100, len(raw) - width)))
        struct.pack_into(form, raw, at, _any(NUMBERS, rng) % 2 ** (8 * width))
    return raw


def _bits(raw, rng, raws):
    for k in rng.integers(len(raw), size=int(rng.integers(1, 200))):
        raw[k] ^= 1 << int(rng.integers(8))
    return raw


def _cut(raw, rng, raws):
    return raw[: int(rng.integers(len(raw)))]


def _beheaded(raw, rng, raws):
    return raw[int(rng.integers(min(300, len(raw)))) :]


def _hole(raw, rng, raws):
    i, j = sorted(rng.integers(len(raw), size=2))
    raw[i:j] = _any([bytes(j - i), b"\xff" * (j - i), rng.bytes(j - i), b""], rng)
    return raw


def _repeated(raw, rng, raws):
    i, j = sorted(rng.integers(len(raw), size=2))
    return raw[:j] + raw[i:j] * int(rng.integers(1, 6)) + raw[j:]


def _spliced(raw, rng, raws):
    other = raws[_any(list(raws), rng)]
    i, j = int(rng.integers(min(400, len(raw)))), int(rng.integers(len(other)))
    return raw[:i] + other[j:]


def _samples(raw, rng, raws):
    """Sound that is hard to take, in a float file."""
    n = 4000
    x = np.zeros(n)
    kind = int(rng.integers(9))
    if kind == 1:
        x[:] = 1.0
    elif kind == 2:
        x = np.sign(np.sin(np.arange(n) / 9))
    elif kind == 3:
        x[:] = 1e-310
    elif kind == 4:
        x[int(rng.integers(n))] = 1.0
    elif kind == 5:
        x[int(rng.integers(n))] = _any([np.nan, np.inf, -np.inf], rng)
    elif kind == 6:
        x = rng.standard_normal(n) * _any([1e-30, 1e10, 1e30, 1e38, 1e300], rng)
    elif kind == 7:
        x = x[: int(rng.integers(3))]
    elif kind == 8:
        x = rng.standard_normal(n).view(np.uint64)[rng.permutation(n)].view(float)
    rate = int(_any([1, 99, 100, 8000, 44100, 10**6, 10**9], rng))
    channels = int(_any([0, 1, 2, 6, 64, 65, 255], rng))
    body = x.astype("<f8").tobytes()
    head = struct.pack("<HHIIHH", 3, channels, rate, rate * 8 & 0xFFFFFFFF, 8, 64)
    size = _any([len(body), 0, 2**31, 2**32 - 1], rng)
    riff = b"RIFF" + struct.pack("<I", 36 + len(body)) + b"WAVE"
    fmt = b"fmt " + struct.pack("<I", 16) + head
    return riff + fmt + b"data" + struct.pack("<I", size) + body


MUTATIONS = {
    "bits of the header": _header_bits,
    "numbers of the header": _header_number,
    "bits anywhere": _bits,
    "cut off": _cut,
    "beheaded": _beheaded,
    "hole": _hole,
    "repeated part": _repeated,
    "two formats": _spliced,
    "samples, rates, channels": _samples,
}
