import re

import numpy as np

from skmusic.datasets import make_songs
from skmusic.datasets.harmony import CHORDS, PITCHES, PROGRESSIONS, SCALES

SR = 11025


def parse_chord(name):
    root, quality = re.fullmatch(r"([A-G]#?)(.*)", name).groups()
    return PITCHES.index(root), CHORDS[quality]


def test_sections_differ_in_density():
    song = make_songs(1, 30.0, sr=SR, tempo=120, random_state=0).recordings[0]
    loudness = np.sqrt((song**2).reshape(30, -1).mean(axis=1))
    assert loudness.max() > 1.5 * loudness[:3].mean()


def test_chords_belong_to_the_key_and_lead_home(songs):
    for chords, key, tempo in zip(songs.chords, songs.key, songs.tempo, strict=True):
        tonic, mode = key.split()
        degrees = [(parse_chord(c)[0] - PITCHES.index(tonic)) % 12 for _, c in chords]
        assert set(degrees) <= set(SCALES[mode])
        assert degrees[0] == 0
        assert degrees[-2:] == [7, 0]
        assert chords[0][0] == 0
        beats = np.array([start for start, _ in chords]) * tempo / 60
        np.testing.assert_allclose(beats, np.round(beats), atol=1e-9)
        assert (np.diff(beats) > 0).all()


def test_progressions_start_at_home_in_whole_phrases():
    for mode, progressions in PROGRESSIONS.items():
        for progression in map(str.split, progressions):
            assert progression[0] == ("I" if mode == "major" else "i")
            assert len(progression) in (4, 8)
