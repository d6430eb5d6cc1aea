import pytest

from skmusic.datasets import make_songs
from skmusic.datasets.styles import STYLES


@pytest.fixture(scope="session")
def songs(shift):
    """One song of every style."""
    return make_songs(len(STYLES), 24.0, sr=11025, random_state=3 + shift)
