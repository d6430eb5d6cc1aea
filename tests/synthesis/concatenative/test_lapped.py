import numpy as np
import pytest

from skmusic import FFTFeaturizer
from skmusic.spectra.frames import Layout, find_layout
from skmusic.spectra.reframing import waveform, with_lapped
from skmusic.synthesis.concatenative.storage import (
    LappedFrames,
    StoredFrames,
    bytes_of,
    store_frames,
)

SIZES = [2048, 256, 12]


def noise(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def frames_of(x, **parameters):
    return FFTFeaturizer(**parameters).fit_transform([x])[0].astype(np.float32)


def layout_of(frames, n_channels=2):
    n_bins = frames.shape[1] // (2 * n_channels)
    return Layout(n_channels, 2, n_bins, 1, lapped=True)


def decibels(x, y):
    """Of what is lost of each frame of x in y."""
    lost = np.square(x - y, dtype=np.float64).sum(axis=1)
    return 10 * np.log10(lost / np.square(x, dtype=np.float64).sum(axis=1))


@pytest.mark.parametrize("N", SIZES)
@pytest.mark.parametrize("n_channels", [1, 2, 3])
def test_frames_come_back_from_half_as_many_numbers(N, n_channels):
    x = frames_of(noise(60 * N, n_channels), N=N)
    stored = store_frames([x], layout_of(x, n_channels))
    assert isinstance(stored, LappedFrames)
    assert stored.rows.n_dims == n_channels * N // 2
    assert stored[:].dtype == np.float32
    # Noise is stored in eight bits; the first and the last frame are no worse.
    assert decibels(x, stored[:]).max() < -40
    stored.check()


@pytest.mark.parametrize("N", SIZES)
def test_recordings_stand_one_after_another_and_are_indexed_like_arrays(N):
    x = frames_of(noise(90 * N, 2), N=N)
    parts = [x[:40], x[:0], x[40:41], x[41:]]
    stored = store_frames(parts, layout_of(x))
    assert len(stored) == len(x)
    assert stored.n_dims == x.shape[1]
    # Each recording is whole by itself, where the waveform goes on or not.
    assert decibels(x, stored[:]).max() < -40
    whole = stored[:]
    for which in (slice(3, 60), slice(-5, None), slice(2, 2), np.array([88, 0, 3, 3])):
        np.testing.assert_array_equal(stored[which], whole[which])


@pytest.mark.parametrize("N", SIZES)
def test_their_waveform_is_that_of_the_frames_that_come_back(N):
    x = frames_of(noise(60 * N, 2), N=N)
    stored = store_frames([x[:50], x[50:]], layout_of(x))
    found = stored.waveform(40, 60)
    wanted = waveform(stored[40:60], stored.layout)
    assert found.shape == wanted.shape
    inner = slice(N // 2, -N // 2)  # frames alone begin and end with half a window
    assert decibels(wanted[:, inner], found[:, inner]).max() < -35


def test_what_is_stored_again_is_what_it_was():
    x = frames_of(noise(60 * 512, 2), N=512)
    once = store_frames([x], layout_of(x))[:]
    again = store_frames([once], layout_of(x))[:]
    assert decibels(once, again).max() < -50


def test_silence_stays_silence():
    wave = noise(60 * 512, 2)
    wave[9000:15000] = 0
    x = frames_of(wave, N=512)
    back = store_frames([x], layout_of(x))[:]
    silent = np.flatnonzero(~x.any(axis=1))
    assert len(silent) > 20
    assert not back[silent[1:-1]].any()
    # Beside sound there is what of that is rounded away, which its windows reach.
    assert np.abs(back[silent]).max() < 1e-3 * np.abs(x).max()


@pytest.mark.parametrize(
    "parameters",
    [
        {"N": 1000, "hop_length": 250},
        {"N": 512, "window": "boxcar"},
        {"N": 510},  # no multiple of four
    ],
)
def test_other_frames_are_stored_as_they_are(parameters):
    x = frames_of(noise(30_000, 2), **parameters)
    layout = with_lapped(find_layout([x]), [x])
    stored = store_frames([x[:30], x[30:]], layout)
    assert isinstance(stored, StoredFrames)
    assert decibels(x, stored[:]).max() < -40


def test_what_is_no_sound_is_stored_as_it_is():
    x = noise(100, 256)
    assert isinstance(store_frames([x], Layout(1, 2, 128, 1)), StoredFrames)
    assert isinstance(store_frames([x], Layout(1, 1, 256, 1)), StoredFrames)


@pytest.mark.parametrize("N", SIZES)
def test_bytes_are_known_beforehand(N):
    parts = [frames_of(noise(n * N, 2), N=N) for n in (500, 700)]
    layout = layout_of(parts[0])
    rows = store_frames(parts, layout).rows
    used = rows.fine.nbytes + rows.coarse.nbytes + rows.scales.nbytes
    told = bytes_of(parts, layout) * sum(map(len, parts))
    assert told <= used <= 1.01 * told
    assert used < 0.3 * sum(x.nbytes for x in parts) + 0.01 * used


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ends": np.array([])}, "ends"),
        ({"ends": np.array([40, 30])}, "ends"),
        ({"ends": np.array([119])}, "rows"),
        ({"layout": Layout(2, 2, 257, 1)}, "lapped"),
        ({"layout": Layout(2, 1, 514, 1, True)}, "lapped"),
        ({"layout": Layout(1, 2, 257, 1, True)}, "rows"),
    ],
)
def test_what_does_not_fit_together_is_refused(changes, message):
    x = frames_of(noise(60 * 512, 2), N=512)
    stored = store_frames([x], layout_of(x))
    with pytest.raises(ValueError, match=message):
        LappedFrames(**{**vars(stored), **changes}).check()
