"""Laws of what a musician asks: right where it is told, and a dash where it is not."""

import numpy as np
import pytest

from skmusic.datasets import make_songs
from skmusic.metrics.musical import musical_facts

pytest.importorskip("pyloudnorm")

SR = 22050
STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SHIFTS = {"": 0, "♯": 1, "#": 1, "♭": -1, "b": -1}


def meant(key):
    """Pitch class and mode, however a key is written."""
    tonic, mode = key.split()
    return (STEPS[tonic[0]] + SHIFTS[tonic[1:]]) % 12, mode


@pytest.fixture(scope="module")
def songs():
    return make_songs(6, 20, sr=SR, random_state=11)


@pytest.fixture(scope="module")
def told(songs):
    return [musical_facts(x, SR) for x in songs.recordings]


def test_keys_that_are_told_are_right(songs, told):
    keys = [
        (meant(facts.key), meant(known))
        for facts, known in zip(told, songs.key, strict=True)
        if facts.key is not None
    ]
    assert len(keys) >= 2
    assert all(key == known for key, known in keys)


def test_tempi_are_those_of_the_songs_or_a_double_of_them(songs, told):
    for facts, tempo in zip(told, songs.tempo, strict=True):
        ratio = facts.tempo / tempo
        assert min(abs(ratio - each) for each in (0.5, 2 / 3, 1, 1.5, 2)) < 0.04


@pytest.mark.parametrize(
    "x",
    [
        np.random.default_rng(0).standard_normal((5 * SR, 2)) / 10,
        np.sin(np.arange(5 * SR) * 2 * np.pi * 440 / SR),
    ],
    ids=["noise", "a tone"],
)
def test_what_has_no_key_and_no_beat_gets_none(x):
    facts = musical_facts(x, SR)
    assert facts.key is None
    assert facts.tempo is None
    assert facts.lufs < 0


@pytest.mark.parametrize("n_samples", [1, 1000, SR])
def test_of_silence_and_of_a_moment_nothing_is_told(n_samples):
    assert musical_facts(np.zeros((n_samples, 2)), SR) == (None, None, None)


def test_loudness_is_that_of_the_norm_and_follows_the_level():
    """A tone of 997 Hz at full scale in one channel has -3.01 LUFS (BS.1770)."""
    x = np.sin(np.arange(5 * 48000) * 2 * np.pi * 997 / 48000)
    assert musical_facts(x, 48000).lufs == pytest.approx(-3.01, abs=0.05)
    assert musical_facts(x / 10, 48000).lufs == pytest.approx(-23.01, abs=0.05)
