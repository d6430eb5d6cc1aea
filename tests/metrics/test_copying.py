import numpy as np
import pytest
from scipy.signal import butter, sosfilt
from soxr import resample
from test_descriptors import SR

from skmusic.datasets import make_songs
from skmusic.metrics.copying import copying

SHAPE = (10 * SR, 2)


def disguised(x, disguise):
    rng = np.random.default_rng(0)
    return {
        "verbatim": lambda: x,
        "level": lambda: x / 20,
        "noise": lambda: x + rng.standard_normal(x.shape) * x.std() / 10,
        "lowpass": lambda: sosfilt(butter(6, 2000, fs=SR, output="sos"), x, axis=0),
        "higher": lambda: resample(x, SR * 2 ** (2 / 12), SR),
        "lower": lambda: resample(x, SR * 2 ** (-3 / 12), SR),
    }[disguise]()


@pytest.mark.parametrize(
    "disguise", ["verbatim", "level", "noise", "lowpass", "higher", "lower"]
)
def test_copies_are_found(sets, disguise):
    copy = disguised(sets["reference"][2][30011 : 30011 + 6 * SR], disguise)
    found = copying(sets["reference"], [copy], sr=SR)
    assert found["share_1s"] > 0.9
    assert found["share_250ms"] > 0.9
    assert found["longest_run"] == pytest.approx(len(copy) / SR, rel=0.15)


def test_share_is_of_all_generated_music(sets):
    half = np.vstack([sets["unheard"][0][: 4 * SR], sets["reference"][0][: 4 * SR]])
    found = copying(sets["reference"], [half], sr=SR, semitones=0)
    assert found["share_1s"] == pytest.approx(0.5, abs=0.1)
    assert found["longest_run"] == pytest.approx(4, abs=0.3)


def test_new_music_is_not_copied(sets):
    for name in ("unheard", "noise", "tone", "silence", "dc"):
        found = copying(sets["reference"], sets[name], sr=SR)
        assert found["share_1s"] < 0.05, name
        assert found["share_250ms"] < 0.1, name


def test_new_songs_of_the_same_instruments_are_not_copied():
    songs = make_songs(5, 12.0, sr=SR, random_state=0).recordings
    found = copying(songs[:4], songs[4:], sr=SR, semitones=1)
    assert found["share_1s"] < 0.05


def test_splices_are_copied_in_short_windows_only(sets):
    rng = np.random.default_rng(0)
    size = SR // 2
    starts = rng.integers(0, SHAPE[0] - size, 16)
    songs = rng.integers(0, 6, 16)
    pieces = [
        sets["reference"][song][start : start + size]
        for song, start in zip(songs, starts, strict=True)
    ]
    found = copying(sets["reference"], [np.vstack(pieces)], sr=SR)
    assert found["share_1s"] < 0.2
    assert found["share_250ms"] > 0.85


def test_no_pitch_search_finds_no_pitch_changes(sets):
    copy = disguised(sets["reference"][2][: 6 * SR], "higher")
    assert copying(sets["reference"], [copy], sr=SR, semitones=0)["share_1s"] < 0.1


def test_too_short_recordings_are_not_copied():
    short = np.random.default_rng(0).standard_normal((500, 1))
    assert copying([short], [short], sr=SR)["longest_run"] == 0
