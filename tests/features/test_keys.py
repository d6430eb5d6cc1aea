"""Laws of keys."""

import pytest

from skmusic.datasets import make_songs
from skmusic.features.constantq import band_middles, step_bands, to_levels
from skmusic.features.keys import find_key, semitones_between
from skmusic.features.transposition import band_sources, transposed
from skmusic.utils.keys import MODES, PITCHES, parse_key

KEYS = [(tonic, mode) for tonic in range(12) for mode in MODES]
RATE, STEP = 44100, 1024


def levels_of(x):
    bands = step_bands(x, STEP)
    return to_levels(bands, bands.max())


def found_in(levels):
    return find_key(levels, band_middles(STEP + 1) * RATE / (2 * STEP))


@pytest.mark.parametrize("key", KEYS)
def test_keys_are_named_and_read(key):
    tonic, mode = key
    assert parse_key(f"{PITCHES[tonic]} {mode}") == key


@pytest.mark.parametrize("key", ["H", "c", "C maj", "", "F## minor", 3])
def test_what_is_no_key_is_refused(key):
    with pytest.raises(ValueError, match="give None or a tonic and a mode"):
        parse_key(key)


@pytest.mark.parametrize("key", KEYS)
def test_from_one_key_to_another_and_back(key):
    for other in KEYS:
        there, back = semitones_between(key, other), semitones_between(other, key)
        assert (there + back) % 12 == 0
        assert -6 <= there <= 5
    tonic, mode = key
    relative = ((tonic + 9) % 12, "minor") if mode == "major" else None
    assert relative is None or semitones_between(key, relative) == 0


def test_songs_are_heard_in_their_keys():
    songs = make_songs(6, 20.0, sr=RATE, random_state=0)
    found = [found_in(levels_of(x)) for x in songs.recordings]
    # Another key of nearly the same notes may be told, a fifth or the relative off.
    apart = [
        semitones_between(key, parse_key(name))
        for key, name in zip(found, songs.key, strict=True)
    ]
    assert sum(abs(a) in (0, 5) for a in apart) >= 5


@pytest.mark.parametrize("semitones", [-5, 2, 4])
def test_music_in_another_key_is_heard_in_it(semitones):
    x = make_songs(1, 20.0, sr=RATE, key="C major", random_state=1).recordings[0]
    levels = levels_of(x)
    moved = transposed(levels, band_sources(band_middles(STEP + 1), semitones))
    before, after = found_in(levels), found_in(moved)
    assert semitones_between(before, after) % 12 == semitones % 12
