import numpy as np
import pytest

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator
from skmusic.metrics.reference import (
    ReferenceClip,
    equal_parts,
    excerpt,
    measure,
    reference_clips,
)


def noise(n_samples, recording=0, start=0.0, seed=0):
    x = np.random.default_rng(seed).standard_normal((n_samples, 2))
    return ReferenceClip(recording, start, x.astype("f"))


def test_clips_are_the_recordings(songs):
    generator = StatefulLSTMGenerator(hidden_layer_sizes=(8,), epochs=1, random_state=0)
    featurizer = FFTFeaturizer(N=512, sr=songs.sr)
    pipe = Pipeline([featurizer, generator]).fit(songs.recordings)
    found = reference_clips(pipe)
    assert {s.recording for s in found} == set(range(len(songs.recordings)))
    for recording, start, music in found:
        first = round(start * songs.sr)
        whole = songs.recordings[recording][first : first + len(music)]
        error = music[: len(whole)] - whole
        # The ends lack their neighbours' windows.
        inside = slice(512, len(whole) - 512)
        assert error[inside].std() < 0.05 * whole.std()


@pytest.mark.parametrize("synthesis", ["neural", "regression"])
def test_only_what_plays_recordings_keeps_clips(songs, synthesis):
    generator = StatefulLSTMGenerator(synthesis, hidden_layer_sizes=(8,), epochs=1)
    pipe = Pipeline([FFTFeaturizer(N=64, sr=songs.sr), generator])
    assert reference_clips(pipe.fit([songs.recordings[0][:9000]])) == []


def test_excerpts_are_the_middle_of_the_longest():
    found = [noise(50, 1), noise(100, 1, 7.0), noise(900, 2)]
    got = excerpt(found, 1, 40, sr=10)
    assert (got.recording, got.start) == (1, 7.0 + 3.0)
    np.testing.assert_array_equal(got.music, found[1].music[30:70])
    assert len(excerpt(found, 1, 1000, sr=10).music) == 100
    assert excerpt(found, 5, 10, sr=10).recording == 2  # of any


@pytest.mark.parametrize("n_samples", [10, 40, 100, 1000])
def test_parts_are_equal_and_apart(n_samples):
    found = [noise(n, seed=n) for n in (50, 100, 90)]
    got = equal_parts(found, n_samples, most=5)
    assert {len(x) for x in got} == {min(n_samples, 100)}
    assert 1 <= len(got) <= 5
    assert len({x.tobytes() for x in got}) == len(got)


def test_recordings_lie_within_their_own_range(songs):
    found = [ReferenceClip(i, 0.0, x) for i, x in enumerate(songs.recordings[:3])]
    parts = equal_parts(found, 5 * songs.sr)
    table = measure(parts, found, songs.sr)
    for row in table.values():
        if "low" in row:  # by its definition at most one in twenty is on either side
            inside = [row["low"] <= value <= row["high"] for value in row["values"]]
            assert sum(inside) >= len(parts) - 2
    assert min(table["share_1s"]["values"]) > 0.95
    hum = np.sin(np.arange(5 * songs.sr) / 20)[:, None].repeat(2, axis=1)
    row = measure([hum], found, songs.sr)["temporal_variance"]
    assert row["values"][0] < row["low"]
