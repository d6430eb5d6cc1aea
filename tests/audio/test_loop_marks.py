"""Marks of loops, read back by readers of their own."""

import struct

import numpy as np
import pytest
import soundfile as sf

from skmusic import audio

SR = 22050


def waveform(channels=2, seconds=2.5, sr=SR):
    t = np.arange(round(seconds * sr))[:, None] / sr
    return np.sin(2 * np.pi * t * 200 * np.arange(1, channels + 1)) / 2


def chunks(raw):
    """Chunks of a wav file."""
    assert raw[:4] == b"RIFF"
    assert int.from_bytes(raw[4:8], "little") == len(raw) - 8
    at, found = 12, {}
    while at < len(raw):
        size = int.from_bytes(raw[at + 4 : at + 8], "little")
        found[raw[at : at + 4]] = raw[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    assert at == len(raw)
    return found


def crc(page):
    """Of an Ogg page, as polynomials are divided, bit by bit."""
    value = int.from_bytes(page + bytes(4), "big")
    for bit in range(value.bit_length() - 1, 31, -1):
        if value >> bit & 1:
            value ^= 0x104C11DB7 << bit - 32
    return value


def pages(raw):
    """Pages of an Ogg stream: (number, checksum is right, lacing, body)."""
    at = 0
    while at < len(raw):
        assert raw[at : at + 4] == b"OggS"
        lacing = raw[at + 27 : at + 27 + raw[at + 26]]
        end = at + 27 + len(lacing) + sum(lacing)
        number, said = struct.unpack("<II", raw[at + 18 : at + 26])
        page = raw[at : at + 22] + bytes(4) + raw[at + 26 : end]
        yield number, said, page, lacing, raw[at + 27 + len(lacing) : end]
        at = end


def comments(raw):
    """Tags of a FLAC or Ogg file."""
    if raw[:4] == b"fLaC":
        at = 4
        while raw[at] & 127 != 4:
            at += 4 + int.from_bytes(raw[at + 1 : at + 4], "big")
        text = raw[at + 4 :]
    else:
        found = list(pages(raw))
        assert [page[0] for page in found] == list(range(len(found)))
        for _, said, page, *_ in found[:2]:
            assert said == crc(page)
        body = found[1][-1]
        text = body[7:] if body[1:7] == b"vorbis" else body[8:]
    n = int.from_bytes(text[:4], "little")
    assert b"lib" in text[4 : 4 + n]
    count, at, tags = int.from_bytes(text[4 + n : 8 + n], "little"), 8 + n, {}
    for _ in range(count):
        size = int.from_bytes(text[at : at + 4], "little")
        name, _, value = text[at + 4 : at + 4 + size].decode().partition("=")
        tags[name], at = value, at + 4 + size
    return tags


@pytest.mark.parametrize("channels", [1, 6])
@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "opus"])
def test_loops_are_marked_and_sound_the_same(tmp_path, suffix, channels):
    path, plain = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    sr = 48000 if suffix == "opus" else SR
    x = waveform(channels, sr=sr)
    audio.write(path, x, sr, loop=True)
    audio.write(plain, x, sr)
    raw = path.read_bytes()
    if suffix == "wav":
        found = chunks(raw)
        assert list(found) == [b"fmt ", b"data", b"smpl"]
        numbers = struct.unpack("<15I", found[b"smpl"])
        assert numbers[2:4] == (round(1e9 / sr), 60)
        # One loop, forward, of all samples, without end.
        assert numbers[7:] == (1, 0, 0, 0, 0, len(x) - 1, 0, 0)
    else:
        assert comments(raw) == {"LOOPSTART": "0", "LOOPLENGTH": str(len(x))}
    np.testing.assert_array_equal(audio.read(path)[0], audio.read(plain)[0])
    np.testing.assert_array_equal(sf.read(path)[0], sf.read(plain)[0])
    assert audio.info(path)["samples"] == len(x)


def test_a_loop_is_resampled_round_and_round(tmp_path):
    x = waveform(1)  # whole periods
    audio.write(tmp_path / "a.opus", x, SR, loop=True)
    n = int(comments((tmp_path / "a.opus").read_bytes())["LOOPLENGTH"])
    assert n == audio.info(tmp_path / "a.opus")["samples"] == round(len(x) * 48000 / SR)
    resampled = audio.encoding._resample_loop(x, SR, 48000)
    np.testing.assert_allclose(resampled, waveform(1, sr=48000), atol=1e-3)


@pytest.mark.parametrize("suffix", ["mp3", "aiff"])
def test_other_formats_refuse_a_loop(tmp_path, suffix):
    with pytest.raises(ValueError, match=rf"as \.{suffix}, .*\.wav, \.flac, \.ogg"):
        audio.write(tmp_path / f"a.{suffix}", waveform(), SR, loop=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg"])
def test_what_cannot_be_marked_is_not_written(tmp_path, monkeypatch, suffix):
    path = tmp_path / f"a.{suffix}"
    audio.write(path, waveform(), SR)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(path), "write_bytes", full)
    with pytest.raises(OSError, match=rf"a\.{suffix}' not written: No space"):
        audio.write(path, waveform(), SR, loop=True)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
