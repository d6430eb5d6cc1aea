"""Loops: the end runs into the beginning, of every synthesis."""

import numpy as np
import pytest

from skmusic import Pipeline
from skmusic.datasets import make_songs
from skmusic.features.constantq import band_energies, to_levels
from skmusic.synthesis import SYNTHESES
from skmusic.synthesis.looping import crossfade, find_loop, samples_to_make

SR, SECONDS = 11025, 3


@pytest.fixture(scope="module", params=SYNTHESES)
def pipe(request, pipes):
    return pipes[request.param]


@pytest.fixture(scope="module")
def song(shift):
    return make_songs(1, 45.0, sr=SR, random_state=shift + 1)


def levels(x):
    """Levels of each step of some music that is played round and round."""
    step = 256
    x = x[: len(x) // step * step]
    return to_levels(band_energies(np.concatenate([x, x[: 2 * step]]), step), 1e-3)


def jump(x, at):
    """How far the sample at each place is from where the two before it lead."""
    return np.abs(x[at] - 2 * x[at - 1] + x[at - 2]).max(axis=-1)


def place_of(loop, x):
    """Sample of some music that a loop begins at, the first one."""
    heads = np.lib.stride_tricks.sliding_window_view(x, 50, axis=0)
    same = (heads == loop[:50].T).all(axis=(1, 2))
    return int(same.argmax())


def test_every_synthesis_loops(pipe):
    loop = pipe.sample(None, seconds=SECONDS, loop=True, random_state=1)
    assert abs(len(loop) / SR - SECONDS) <= 0.05 * SECONDS
    assert (loop.sr, loop.shape[1], loop.dtype) == (SR, 2, np.float32)
    again = pipe.sample(None, seconds=SECONDS, loop=True, random_state=1)
    np.testing.assert_array_equal(loop, again)
    x = np.asarray(loop)
    within = jump(x, np.arange(2, len(x)))
    # Where it turns: of the first samples, those before which the end comes.
    assert jump(x, np.array([0, 1])).max() <= within.max()


def test_frames_and_seeds(pipe, song):
    # 256 and 128 samples: 260 frames are 3 seconds.
    seeds, options = [None, song.recordings[0]], {"loop": True, "random_state": 2}
    pieces = pipe.sample(seeds, 260, **options)
    for x in pieces:
        assert abs(len(x) - 259 * 128) <= 0.05 * 259 * 128


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("period", [2500, 3001])
def test_a_loop_of_a_beat_is_whole_beats(channels, period):
    rng, n = np.random.default_rng(period), 5 * SR
    decay = np.exp(-np.arange(period) / 600)[:, None]
    beat = rng.standard_normal((period, channels)) * decay
    made = samples_to_make(n, SR)
    x = np.tile(beat, (made // period + 1, 1))[:made]
    loop = find_loop(x, n, SR)
    assert len(loop) % period == 0
    start = place_of(loop, x)
    np.testing.assert_allclose(loop, x[start : start + len(loop)], atol=1e-5)


def test_a_loop_of_a_song_is_whole_beats(song):
    x, n = song.recordings[0], 30 * SR
    loop = find_loop(x, n, SR)
    beats = len(loop) / SR * song.tempo[0] / 60
    assert abs(beats - round(beats)) < 0.1


def test_nothing_is_heard_of_where_a_loop_turns(song):
    x, n = song.recordings[0], 20 * SR
    loop = find_loop(x, n, SR)
    middle = len(loop) // 2
    rolled = np.roll(loop, middle, axis=0)
    moves = np.abs(np.diff(levels(rolled), axis=0)).mean(axis=1)
    about = moves[middle // 256 - 4 : middle // 256 + 4]
    assert about.max() <= np.quantile(moves, 0.99)
    assert jump(loop, np.array([0, 1])).max() <= jump(x, np.arange(2, len(x))).max()
    # The beginning is as it was: only the end fades, into what came before.
    start = place_of(loop, x)
    np.testing.assert_array_equal(loop[:SR], x[start : start + SR])
    np.testing.assert_allclose(loop[-1], x[start - 1], atol=1e-4)


def test_silence_loops():
    x = np.zeros((samples_to_make(3 * SR, SR), 1))
    assert not find_loop(x, 3 * SR, SR).any()


def test_what_cannot_loop_is_refused(pipe):
    with pytest.raises(ValueError, match=r"loop=True of 1\.9 seconds.*seconds=2"):
        pipe.sample(None, seconds=1.9, loop=True)
    with pytest.raises(ValueError, match=r"of what length\? Give seconds=30"):
        pipe.sample(None, loop=True)
    with pytest.raises(ValueError, match="frames=1 makes no sample"):
        pipe.sample(None, 1, loop=True)
    with pytest.raises(ValueError, match="leave return_state out"):
        pipe.sample(None, seconds=2, loop=True, return_state=True)
    plain = Pipeline([pipe[-1]])
    with pytest.raises(ValueError, match="use an FFTFeaturizer, or leave loop out"):
        plain.sample(None, 600, loop=True)


def noise(seed=0):
    return np.random.default_rng(seed).standard_normal((40_000, 2)).astype(np.float32)


@pytest.mark.parametrize("common", [-0.4, 0, 0.5, 0.9])
def test_a_fade_keeps_the_power_whatever_two_waveforms_have_in_common(common):
    old = noise()
    new = common * old + np.sqrt(1 - common**2) * noise(seed=1)
    power = np.square(crossfade(old, new)).mean(axis=1).reshape(8, -1).mean(axis=1)
    np.testing.assert_allclose(power, 1, atol=0.06)


def test_a_waveform_faded_into_itself_is_itself_and_silence_is_silence():
    x = noise()
    np.testing.assert_allclose(crossfade(x, x), x, rtol=1e-5)
    assert not crossfade(0 * x, 0 * x).any()
