import shutil

import pytest
from studio_client import serving

import skmusic


@pytest.fixture(scope="session")
def made(pipes, wavs, tmp_path_factory):
    """A folder with a small model and two songs."""
    folder = tmp_path_factory.mktemp("made")
    for name, path in zip(("song.wav", "style.wav"), wavs, strict=False):
        shutil.copy(path, folder / name)
    skmusic.save(pipes["neural"], folder / "model.skmusic")
    return folder


@pytest.fixture
def client(made):
    """Who has the address of a server with a model."""
    with serving(made / "model.skmusic") as client:
        yield client
