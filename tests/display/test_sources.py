"""Laws of the recordings that pieces play."""

from types import SimpleNamespace

import numpy as np
import pytest

from skmusic.display import OriginDisplay
from skmusic.display.sources import stretches
from skmusic.metrics.reference import ReferenceClip
from skmusic.origin import ORIGIN, segments

pytest.importorskip("matplotlib")

# Frames of one second that do not overlap.
FORMAT = SimpleNamespace(sr=100, N=100, hop_length=100, overlap=0)


def display(frames):
    return OriginDisplay(segments(np.array(frames, ORIGIN)), 1.0)


def clip(recording, start, n_seconds):
    """Music that tells of each sample where it is."""
    n = 100 * n_seconds
    x = 1000 * recording + start + np.arange(n, dtype="f") / 100
    return ReferenceClip(recording, start, np.stack([x, x], axis=1))


def test_each_segment_is_where_the_table_says():
    clips = [clip(0, 0.0, 20), clip(1, 5.0, 10), clip(1, 40.0, 10)]
    frames = [(0, 3), (0, 4), (1, 45), (0, 4), (1, 7), (1, 8), (1, 9), (0, 19), (1, 30)]
    sound, (table,) = stretches([display(frames)], clips, FORMAT)
    assert len(table) == 6
    for segment in table[:-1]:
        first = round(100 * segment["offset"])
        last = first + round(100 * segment["seconds"])
        known = 1000 * segment["recording"] + segment["position"]
        assert sound[first] == pytest.approx(known, abs=0.02)
        assert sound[last - 1] - sound[first] == pytest.approx(
            segment["seconds"] - 0.01, abs=0.02
        )
        assert segment["seconds"] >= segment["length"] - 0.01
    assert "offset" not in table[-1]  # of that place nothing is kept


def test_the_page_stays_small_and_keeps_the_longest():
    clips = [clip(0, 0.0, 2000)]
    frames = [(0, i) for j in range(90) for i in range(20 * j, 20 * j + 1 + j % 3)]
    sound, (table,) = stretches([display(frames)], clips, FORMAT)
    assert len(sound) / 100 < 120 + 90 * 0.05 + 1
    without = [s["length"] for s in table if "offset" not in s]
    assert without
    assert max(without) <= min(s["length"] for s in table if "offset" in s)


def test_what_is_played_twice_is_there_once():
    clips = [clip(0, 0.0, 50)]
    once, _ = stretches([display([(0, 3), (0, 4)])], clips, FORMAT)
    pieces = [display([(0, 3), (0, 4)]), display([(0, 3), (0, 4), (0, 3)])]
    twice, tables = stretches(pieces, clips, FORMAT)
    np.testing.assert_array_equal(once, twice)
    assert tables[0][0]["offset"] == tables[1][1]["offset"]
