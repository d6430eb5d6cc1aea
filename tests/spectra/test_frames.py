import numpy as np
import pytest

from skmusic import FFTFeaturizer
from skmusic.spectra.frames import STEP_SECONDS, find_layout, step_seconds


def noise(n_frames, n_dims, seed=0):
    x = np.random.default_rng(seed).standard_normal((n_frames, n_dims))
    return x.astype(np.float32)


@pytest.fixture(scope="module")
def frames(songs):
    return FFTFeaturizer(N=512, sr=songs.sr).fit_transform(songs.recordings)


@pytest.mark.parametrize("N", [256, 2048])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_channels_are_found_in_music(songs, N, n_channels):
    featurizer = FFTFeaturizer(N=N, sr=songs.sr, channels=n_channels)
    frames = featurizer.fit_transform(songs.recordings)
    for some in (frames, *([f] for f in frames)):
        layout = find_layout(some)
        assert (layout.n_channels, layout.n_parts) == (n_channels, 2)
        assert layout.n_bins == N // 2 + 1


@pytest.mark.parametrize("n_channels", [1, 2])
@pytest.mark.parametrize("known", [False, True])
def test_upper_halves_that_mirror_the_lower_are_told(n_channels, known):
    x = noise(4000, n_channels)
    for redundant in (False, True):
        frames = FFTFeaturizer(N=128, redundant=redundant).fit_transform([x])
        layout = find_layout(frames, n_channels if known else None)
        assert (layout.n_channels, layout.n_parts, layout.n_bins) == (n_channels, 2, 65)
    silent = np.zeros((5, 256 * n_channels), np.float32)
    assert find_layout([silent], n_channels).n_bins == 128


@pytest.mark.parametrize("n_dims", [1, 2, 3, 7, 128, 258, 516, 4100])
@pytest.mark.parametrize("frames_per_step", [None, 1, 3])
def test_a_layout_accounts_for_every_number(n_dims, frames_per_step):
    layout = find_layout([noise(9, n_dims)], None, frames_per_step)
    assert layout.n_channels * layout.n_parts * layout.n_bins == n_dims
    assert layout.frames_per_step == (frames_per_step or layout.frames_per_step) >= 1
    assert layout.numbers_per_step == n_dims * layout.frames_per_step


@pytest.mark.parametrize("channels", [1, 2])
def test_a_step_lasts_alike_whatever_the_window(songs, channels):
    lengths = {}
    for N in (256, 512, 1024, 2048):
        featurizer = FFTFeaturizer(N=N, sr=songs.sr, channels=channels)
        layout = find_layout(featurizer.fit_transform(songs.recordings[:1]))
        assert layout.n_channels == channels
        lengths[N] = layout.frames_per_step * N
    assert set(lengths.values()) == {2048}


@pytest.mark.parametrize("sr", [11025, 22050, 44100, 96000])
@pytest.mark.parametrize("N", [128, 256, 512, 1024, 2048, 4096])
@pytest.mark.parametrize("hop", [4, 2, 1])
def test_a_step_is_as_near_to_23_ms_as_frames_of_half_windows_allow(sr, N, hop):
    frame_seconds = N / hop / sr
    layout = find_layout([noise(9, N + 2)], 1, None, frame_seconds)
    length = step_seconds(layout, frame_seconds)
    assert layout.frames_per_step * N <= 2048 or layout.frames_per_step == 1
    assert length <= 1.5 * STEP_SECONDS or layout.frames_per_step == 1
    if layout.frames_per_step * N < 2048:
        assert length >= STEP_SECONDS / 1.5


def test_channels_that_are_known_are_not_looked_for(frames):
    assert find_layout(frames, 1).n_channels == 1
    assert find_layout(frames, 4).n_channels == 4


def test_channels_that_do_not_divide():
    with pytest.raises(ValueError, match=r"n_channels=4 .* 258 .*n_channels=None"):
        find_layout([noise(9, 258)], 4)
