import os

# scikit-learn's array API checks run only with this set, and before scipy loads.
os.environ["SCIPY_ARRAY_API"] = "1"

import pytest


@pytest.fixture(scope="session")
def shift():
    """What is added to the random states of shared fixtures: tests/variations.py."""
    return int(os.environ.get("SKMUSIC_TEST_SEED", "0"))


@pytest.fixture(scope="session")
def songs(shift):
    """Five short songs in stereo at 11025 Hz, one in each style; not to be changed."""
    from skmusic.datasets import make_songs

    songs = make_songs(5, seconds=16, sr=11025, random_state=shift)
    for x in songs.recordings:
        x.flags.writeable = False
    return songs


@pytest.fixture(scope="session")
def wavs(songs, tmp_path_factory):
    """Paths of the first six seconds of four songs."""
    from skmusic import audio

    folder = tmp_path_factory.mktemp("wavs")
    paths = [str(folder / f"{i}.wav") for i in range(4)]
    for path, x in zip(paths, songs.recordings, strict=False):
        audio.write(path, x[: 6 * songs.sr], songs.sr)
    return paths


@pytest.fixture(scope="session")
def recordings(wavs):
    """What these files hold; not to be changed."""
    from skmusic import audio

    found = [audio.read(path)[0] for path in wavs]
    for x in found:
        x.flags.writeable = False
    return found


@pytest.fixture(scope="session")
def pipes(songs, wavs):
    """A pipeline of each synthesis, fitted on these files; not to be changed."""
    from small import SYNTHESES, generator

    from skmusic import FFTFeaturizer, Pipeline

    return {
        name: Pipeline([FFTFeaturizer(N=256, sr=songs.sr), generator(name)]).fit(wavs)
        for name in SYNTHESES
    }


@pytest.fixture(scope="session")
def noisy(tmp_path_factory):
    """Paths of three stereo recordings of noise."""
    from small import noise, save

    folder = tmp_path_factory.mktemp("noisy")
    return [save(folder / f"{n}.wav", noise(n, 2)) for n in (3000, 3001, 4000)]


@pytest.fixture
def broken(tmp_path):
    """A text file that is named as a recording."""
    path = tmp_path / "broken.wav"
    path.write_text("Dear diary, today I have been renamed.")
    return str(path)
