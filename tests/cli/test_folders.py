"""A folder as people have them: all that can be read is learned, the rest is named."""

import os

import numpy as np
import pytest
import soundfile as sf
from cli_helpers import QUICK, run

from skmusic import audio

# Name, sampling rate, channels, format and subtype of files that libsndfile writes.
READABLE = [
    ("8 bits.wav", 8000, 1, "WAV", "PCM_U8"),
    ("16 bits.WAV", 44100, 2, "WAV", "PCM_16"),
    ("24 bits.wave", 96000, 2, "WAV", "PCM_24"),
    ("32 bits.wav", 192000, 1, "WAV", "PCM_32"),
    ("float.wav", 11025, 2, "WAV", "FLOAT"),
    ("64 bits.wav", 48000, 2, "WAV", "DOUBLE"),
    ("extensible, 5.1.wav", 48000, 6, "WAVEX", "PCM_24"),
    ("phone.wav", 8000, 1, "WAV", "GSM610"),
    ("large.rf64", 44100, 2, "RF64", "PCM_16"),
    ("sony.w64", 44100, 2, "W64", "PCM_16"),
    ("loss/less.flac", 88200, 2, "FLAC", "PCM_24"),
    ("old/mac.aiff", 22050, 2, "AIFF", "PCM_16"),
    ("old/new/mac.caf", 44100, 1, "CAF", "ALAC_16"),
    ("-o.mp3", 44100, 2, "MP3", "MPEG_LAYER_III"),
    ("vorbis.ogg", 32000, 2, "OGG", "VORBIS"),
    ("Ünïcödé ☃ #1 (100%).opus", 48000, 2, "OGG", "OPUS"),
    ("two\nlines.oga", 44100, 2, "OGG", "VORBIS"),
    ("a flac, it says.mp3", 44100, 2, "FLAC", "PCM_16"),
]
# What is left out, and a word of why.
UNREADABLE = {
    "windows.wma": (bytes.fromhex("3026b2758e66cf11"), "of a kind that cannot be read"),
    "video.MKV": (bytes.fromhex("1a45dfa3"), "of a kind that cannot be read"),
    "tune.mid": (b"MThd", "of a kind that cannot be read"),
    "empty.flac": (b"", "is empty"),
    "notes.wav": (b"no sound", "cannot be decoded"),
    "tags.mp3": (bytes.fromhex("49443303000000000100") + bytes(128), "only tags"),
    "renamed.ogg": (b"MAC " + bytes(99), "Monkey's Audio"),
}
# What lies beside music, and is no concern of anyone.
BESIDE = "cover.jpg", "Folder.PNG", "all.m3u8", "album.cue", "info.txt", "Thumbs.db"
HIDDEN = ".DS_Store", "._16 bits.wav", ".trash/old.wav"


def put(path, content=b""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@pytest.fixture
def folder(tmp_path):
    folder, rng = tmp_path / "my music", np.random.default_rng(0)
    for name, sr, channels, kind, subtype in READABLE:
        put(folder / name)
        x = rng.uniform(-0.5, 0.5, (2 * sr, channels))
        sf.write(os.fsencode(folder / name), x, sr, subtype, format=kind)
    for name in (*BESIDE, *HIDDEN):
        put(folder / name, b"no sound")
    for name, (content, _) in UNREADABLE.items():
        put(folder / name, content)
    return folder


def write_m4a(path):
    av = pytest.importorskip("av")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        stream.layout = "mono"
        x = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 88200)).astype("f")
        frame = av.AudioFrame.from_ndarray(x, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 44100, 0
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


def test_all_that_can_be_read_is_learned_and_the_rest_is_named(folder, capsys, fake):
    write_m4a(folder / "phone.m4a")
    cut = (folder / "16 bits.WAV").read_bytes()
    put(folder / "cut.wav", cut[: len(cut) // 2])
    assert run("compose", folder, *QUICK, "--pieces", 1) == 0
    out, err = capsys.readouterr()
    readable = {name for name, *_ in READABLE} | {"phone.m4a", "cut.wav"}
    (learned,) = fake.fits
    assert {str(path.relative_to(folder)) for path in learned} == readable
    for path in learned:
        if path.name != "cut.wav":
            x, sr = audio.read(path)
            assert len(x) == pytest.approx(2 * sr, abs=0.1 * sr), path
            assert 0.05 < np.abs(x).mean() < 0.5
    assert "learning from 20 recordings, 39.0 s of music" in out
    for name, (_, why) in UNREADABLE.items():
        (line,) = (line for line in err.splitlines() if name in line)
        assert why in line
    for name in (*BESIDE, *HIDDEN, *readable):
        assert name not in out + err, name
    lines = (out + err).splitlines()
    assert len(lines) <= 12
    assert sum(-(-len(line) // 80) for line in lines) <= 24  # one screen
