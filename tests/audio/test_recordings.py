import io
import os
import tempfile
import zipfile

import numpy as np
import pytest
import soundfile as sf
from test_audio import SR, tone
from test_decoding import write_mpeg4
from test_mp3 import encoded, without_table

from skmusic import audio
from skmusic.audio.decoding import read_blocks
from skmusic.audio.recordings import as_file


@pytest.fixture
def paths(tmp_path):
    """The same tone in each way of decoding."""
    for suffix in ("wav", "flac", "ogg", "opus", "mp3"):
        audio.write(tmp_path / f"a.{suffix}", tone(sr=48000), 48000)
    (tmp_path / "bare.mp3").write_bytes(without_table(encoded(tmp_path / "b.mp3")))
    write_mpeg4(tmp_path / "a.m4a", tone())
    return sorted(tmp_path.iterdir())


def test_bytes_and_open_files_are_read_as_paths_are(paths):
    for path in paths:
        x, sr = audio.read(path)
        about = audio.info(path)
        raw = path.read_bytes()
        with path.open("rb") as file, path.open("rb", buffering=0) as unbuffered:
            file.seek(9)
            given = [str(path), raw, bytearray(raw), memoryview(raw), io.BytesIO(raw)]
            for recording in [*given, file, unbuffered]:
                y, sr_y = audio.read(recording)
                np.testing.assert_array_equal(x, y)
                assert sr == sr_y
                found = audio.info(recording)
                assert found | {"path": path} == about
                assert found["path"] == (path if recording is given[0] else None)
                blocks = list(read_blocks(recording, sr, x.shape[1]))
                np.testing.assert_array_equal(np.concatenate(blocks), x)
            assert file.tell() == 9


def test_files_in_archives_and_temporary_ones_are_read(tmp_path):
    audio.write(tmp_path / "a.wav", tone(), SR)
    raw = (tmp_path / "a.wav").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.wav", raw)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive, archive.open("a.wav") as file:
        assert len(audio.read(file)[0]) == len(tone())
    with tempfile.SpooledTemporaryFile() as file:
        sf.write(file, tone(), SR, format="WAV")
        assert len(audio.read(file)[0]) == len(tone())


def test_errors_never_print_contents():
    raw = b"RIFF" + b"secret" * 1000
    for recording in (raw, io.BytesIO(raw), b"secret" * 99, b"\xff\xfb\x90secret"):
        for function in (audio.read, audio.info):
            with pytest.raises(ValueError, match=r"recording of \d+ bytes|file") as e:
                function(recording)
            assert "secret" not in str(e.value)
            assert len(str(e.value)) < 200
    with pytest.raises(ValueError, match="recording of 0 bytes is empty; leave"):
        audio.read(b"")


def test_open_files_that_cannot_be_read_are_told_of(tmp_path):
    path = tmp_path / "a.wav"
    audio.write(path, tone(), SR)
    with (
        path.open(encoding="latin-1") as file,
        pytest.raises(ValueError, match=r"a\.wav' was opened as text; .*'rb'"),
    ):
        audio.read(file)
    with pytest.raises(ValueError, match="closed; pass it while"):
        audio.read(file)
    reading, writing = os.pipe()
    os.close(writing)
    with open(reading, "rb") as pipe, pytest.raises(ValueError, match=r"file\.read\("):
        audio.read(pipe)


@pytest.mark.parametrize("x", [None, 3, 0.5, [0.1, 0.2], np.zeros(3), {}, object()])
def test_what_is_no_file_is_told_apart(x):
    assert as_file(x) is None
    with pytest.raises(TypeError, match=r"is no recording in a file; pass a path"):
        audio.read(x)


def test_paths_of_any_class_are_paths(tmp_path):
    audio.write(tmp_path / "a.wav", tone(), SR)
    for folder in (str(tmp_path), os.fsencode(tmp_path)):
        (entry,) = os.scandir(folder)
        assert as_file(entry).path == tmp_path / "a.wav"
        assert len(audio.read(entry)[0]) == len(tone())
