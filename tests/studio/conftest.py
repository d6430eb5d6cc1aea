import pytest
from studio_client import SR, serving

import skmusic
from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator, audio, datasets


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A folder with a small model and a song."""
    folder = tmp_path_factory.mktemp("made")
    songs = datasets.make_songs(2, 4.0, sr=SR, random_state=0).recordings
    audio.write(folder / "song.wav", songs[0], SR)
    audio.write(folder / "style.wav", songs[1], SR)
    generator = StatefulLSTMGenerator(epochs=1, random_state=0)
    pipe = Pipeline([FFTFeaturizer(N=512, sr=SR), generator]).fit(songs)
    skmusic.save(pipe, folder / "model.skmusic")
    return folder


@pytest.fixture
def client(made):
    """Who has the address of a server with a model."""
    with serving(made / "model.skmusic") as client:
        yield client
