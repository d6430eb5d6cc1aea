import numpy as np
import pytest

from skmusic.origin import ORIGIN, segments


def played(n_segments=20, seed=0):
    rng = np.random.default_rng(seed)
    parts = []
    for _ in range(n_segments):
        part = np.empty(rng.integers(1, 9), ORIGIN)
        part["recording"] = rng.integers(3)
        part["frame"] = rng.integers(1000) + np.arange(len(part))
        parts.append(part)
    return np.concatenate(parts)


@pytest.mark.parametrize("seed", range(5))
def test_segments_cover_the_piece_and_tell_all_of_it(seed):
    origin = played(seed=seed)
    found = segments(origin)
    assert found["start"][0] == 0
    np.testing.assert_array_equal(found["start"][1:], np.cumsum(found["length"])[:-1])
    assert found["length"].sum() == len(origin)
    again = np.empty_like(origin)
    again["recording"] = np.repeat(found["recording"], found["length"])
    within = np.arange(len(origin)) - np.repeat(found["start"], found["length"])
    again["frame"] = np.repeat(found["frame"], found["length"]) + within
    np.testing.assert_array_equal(again, origin)


def test_no_segment_goes_on_the_one_before():
    found = segments(played())
    on = found["frame"][:-1] + found["length"][:-1] == found["frame"][1:]
    assert not (on & (np.diff(found["recording"]) == 0)).any()


@pytest.mark.parametrize("n_frames", [0, 1])
def test_few_frames(n_frames):
    found = segments(played()[:n_frames])
    assert found["length"].tolist() == [1] * n_frames
