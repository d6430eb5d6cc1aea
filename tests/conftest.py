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
