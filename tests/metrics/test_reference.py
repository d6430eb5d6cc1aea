import numpy as np
import pytest

from skmusic.metrics.reference import equal_parts, measure


@pytest.mark.parametrize("n_samples", [10, 40, 100, 1000])
def test_parts_are_equal_and_apart(n_samples):
    rng = np.random.default_rng(0)
    recordings = [rng.standard_normal((n, 2)) for n in (50, 100, 90)]
    got = equal_parts(recordings, n_samples, most=5)
    assert {len(x) for x in got} == {min(n_samples, 100)}
    assert 1 <= len(got) <= 5
    assert len({x.tobytes() for x in got}) == len(got)


def test_recordings_lie_within_their_own_range(songs):
    recordings = songs.recordings[:3]
    parts = equal_parts(recordings, 5 * songs.sr)
    table = measure(parts, recordings, songs.sr)
    for row in table.values():
        if "low" in row:  # by its definition at most one in twenty is on either side
            inside = [row["low"] <= value <= row["high"] for value in row["values"]]
            assert sum(inside) >= len(parts) - 2
    assert min(table["share_1s"]["values"]) > 0.95
    hum = np.sin(np.arange(5 * songs.sr) / 20)[:, None].repeat(2, axis=1)
    row = measure([hum], recordings, songs.sr)["temporal_variance"]
    assert row["values"][0] < row["low"]
