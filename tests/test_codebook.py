import numpy as np
import pytest
from scipy.signal import find_peaks
from scipy.spatial.distance import cdist
from scipy.stats import Covariance, multivariate_normal

from skmusic import FFTFeaturizer
from skmusic.codebook import (
    STEP_SECONDS,
    Layout,
    band_edges,
    band_energies,
    find_layout,
    fit_codebook,
    frame_energies,
    log_density,
    step_seconds,
    to_levels,
    token_variance,
)

PLAIN = Layout(n_channels=1, n_parts=1, n_bins=6, frames_per_step=1)
PAIRS = Layout(n_channels=2, n_parts=2, n_bins=45, frames_per_step=2)


def noise(n_frames, n_dims, seed=0):
    x = np.random.default_rng(seed).standard_normal((n_frames, n_dims))
    return x.astype(np.float32)


def learn(sequences, layout, n_tokens=None, most=32, seed=0):
    """Codebook, and features of each sequence."""
    edges = band_edges(layout.n_bins * layout.frames_per_step)
    energies = [band_energies(s, layout, edges) for s in sequences]
    rng = np.random.RandomState(seed)
    codebook = fit_codebook(energies, layout, n_tokens, most, rng)
    return codebook, [codebook.reduced(e) for e in energies]


@pytest.fixture(scope="module")
def frames(songs):
    return FFTFeaturizer(N=512, sr=songs.sr).fit_transform(songs.recordings)


@pytest.fixture(scope="module")
def learned(frames):
    return learn(frames, find_layout(frames))


# Layout


@pytest.mark.parametrize("N", [256, 2048])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_channels_are_found_in_music(songs, N, n_channels):
    featurizer = FFTFeaturizer(N=N, sr=songs.sr, channels=n_channels)
    frames = featurizer.fit_transform(songs.recordings)
    for some in (frames, *([f] for f in frames)):
        layout = find_layout(some)
        assert (layout.n_channels, layout.n_parts) == (n_channels, 2)
        assert layout.n_bins == N // 2 + 1


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


# Bands


@pytest.mark.parametrize("n_bins", [1, 2, 3, 40, 129, 1025, 2064])
def test_bands_part_the_bins(n_bins):
    edges = band_edges(n_bins)
    assert edges[0] == 0
    assert edges[-1] < n_bins
    widths = np.diff([*edges, n_bins])
    assert widths.min() >= 1
    # Wider towards the top, but for rounding and the last.
    assert (np.diff(widths[:-1]) >= -1).all()


@pytest.mark.parametrize("layout", [PLAIN, PAIRS])
def test_energy_is_kept(layout):
    x = noise(21, layout.numbers_per_step // layout.frames_per_step)
    steps = len(x) // layout.frames_per_step
    whole = np.square(x[: steps * layout.frames_per_step], dtype=float)
    np.testing.assert_allclose(
        frame_energies(x, layout).sum(axis=1),
        whole.reshape(steps, -1).sum(axis=1),
        rtol=1e-6,
    )


def test_bands_of_one_frame_are_means_over_its_bins():
    layout = Layout(2, 2, 45, 1)
    x, edges = noise(7, 180), band_edges(45)
    widths = np.diff([*edges, 45])
    np.testing.assert_allclose(
        band_energies(x, layout, edges) * widths, frame_energies(x, layout), rtol=1e-4
    )


def tones(*hz, N=256, sr=44100):
    """Frames of half a second of tones together."""
    t = np.arange(sr // 2) / sr
    x = sum(np.sin(2 * np.pi * f * t + k) for k, f in enumerate(hz))
    return FFTFeaturizer(N=N, sr=sr).fit_transform([x])[0]


def decibels(energies):
    """Mean of the steps that are not at the ends."""
    return 10 * np.log10(energies[4:-4].mean(axis=0) + 1e-9)


def peaks(db):
    return len(find_peaks(db, prominence=6, height=db.max() - 20)[0])


@pytest.mark.parametrize("hz", [450, 500, 600])
def test_steps_separate_tones_that_one_window_cannot(hz):
    frames = tones(hz, hz + 60)
    layout = find_layout([frames], 1)
    fine = band_edges(layout.n_bins * layout.frames_per_step)
    assert peaks(decibels(frame_energies(frames, layout))) == 1
    assert peaks(decibels(band_energies(frames, layout, fine))) == 2


def test_higher_tones_are_in_higher_bands():
    best = []
    for hz in range(300, 1000, 60):
        frames = tones(hz)
        layout = find_layout([frames], 1)
        edges = band_edges(layout.n_bins * layout.frames_per_step)
        best.append(decibels(band_energies(frames, layout, edges)).argmax())
    assert (np.diff(best) > 0).all()


# Features and tokens


def test_features_have_unit_variance_and_no_correlation(learned):
    _, features = learned
    pooled = np.concatenate(features)
    np.testing.assert_allclose(np.cov(pooled.T), np.eye(pooled.shape[1]), atol=2e-2)
    np.testing.assert_allclose(pooled.mean(axis=0), 0, atol=1e-2)


def test_features_of_a_recording_do_not_depend_on_the_others(learned, frames):
    codebook, features = learned
    for f, x in zip(features, frames, strict=True):
        np.testing.assert_array_equal(codebook.features(x), f)


def test_features_do_not_know_the_future(learned, frames):
    codebook, features = learned
    m = codebook.layout.frames_per_step
    for n in (1, 30, 100):
        np.testing.assert_allclose(
            codebook.features(frames[0][: n * m]), features[0][:n], atol=1e-3
        )


def test_features_tell_the_levels():
    codebook, features = learn([noise(400, 6)], PLAIN)
    energies = band_energies(noise(400, 6), PLAIN, codebook.edges)
    expected = to_levels(energies, codebook.reference)
    np.testing.assert_allclose(codebook.levels(features[0]), expected, atol=0.05)


def test_levels_are_near_decibels_at_the_reference_and_compressed_far_below():
    energies = np.array([1.0, 0.99, 1e-4, 1e-12, 0.0])
    levels = to_levels(energies, 1.0)
    decibels = 10 * np.log10(energies[:4])
    np.testing.assert_allclose(levels[:2], decibels[:2], atol=1e-3)
    assert (np.diff(levels) < 0).all()
    assert (np.diff(levels[1:4]) > np.diff(decibels[1:4]) / 1.5).all()
    assert levels[-1] > -44


def test_louder_music_has_higher_levels(learned, frames):
    codebook, _ = learned
    soft, loud = (codebook.levels(codebook.features(k * frames[0])) for k in (0.1, 1))
    assert 3 < np.median(loud - soft) < 25


def test_tokens_are_the_nearest_centroids(learned):
    codebook, features = learned
    x = np.concatenate(features)
    distance = cdist(x * codebook.weight, codebook.centroids)
    tokens = codebook.tokens(x)
    np.testing.assert_allclose(
        distance[np.arange(len(x)), tokens], distance.min(axis=1), rtol=1e-4
    )
    assert set(tokens) == set(range(len(codebook.centroids)))


def test_tokens_are_closer_to_music_than_one_mean(learned):
    codebook, features = learned
    x = np.concatenate(features) * codebook.weight
    left = x - codebook.centroids[codebook.tokens(x / codebook.weight)]
    assert left.var(axis=0).sum() < 0.7 * x.var(axis=0).sum()


def test_number_of_tokens(frames):
    layout = find_layout(frames)
    steps = sum(len(f) // layout.frames_per_step for f in frames)
    assert len(learn(frames, layout, 7)[0].centroids) == 7
    assert len(learn(frames, layout, None, most=11)[0].centroids) == 11
    assert len(learn(frames, layout, None, most=10**6)[0].centroids) == steps // 10


def test_same_chance_same_codebook(frames, learned):
    again, other = (learn(frames, find_layout(frames), seed=s)[0] for s in (0, 1))
    np.testing.assert_array_equal(again.centroids, learned[0].centroids)
    assert not np.array_equal(other.centroids, learned[0].centroids)


def test_other_music_is_not_blown_up():
    still = [np.tile(noise(1, 180), (200, 1)) * (1 + 0.01 * noise(200, 1))]
    codebook, _ = learn(still, PAIRS)
    assert np.abs(codebook.features(noise(100, 180, seed=5))).max() < 1000


def test_more_tokens_than_steps():
    with pytest.raises(ValueError, match=r"n_tokens=30 .* 25 steps .*fewer tokens"):
        learn([noise(20, 6), noise(5, 6)], PLAIN, n_tokens=30)


@pytest.mark.parametrize(
    "x",
    [
        np.zeros((50, 6)),
        np.ones((50, 6)),
        np.zeros((1, 6)),
        np.ones((2, 6)),
        noise(1, 6),
        noise(2, 6),
        np.concatenate([np.zeros((20, 6)), np.ones((1, 6))]),
    ],
)
def test_next_to_nothing_to_learn_from(x):
    codebook, (features,) = learn([x.astype(np.float32)], PLAIN)
    assert np.isfinite(features).all()
    assert np.isfinite(codebook.centroids).all()
    assert codebook.tokens(features).shape == (len(x),)


# Density


@pytest.mark.parametrize("layout", [PLAIN, PAIRS])
def test_log_density_is_the_gaussians(layout):
    m, edges = layout.frames_per_step, band_edges(layout.n_bins)
    x = noise(5 * m, layout.numbers_per_step // m)
    variance = np.random.default_rng(1).uniform(0.5, 9, (3, len(edges)))
    widths = np.diff([*edges, layout.n_bins])
    alike = widths * (layout.numbers_per_step // layout.n_bins)
    density = log_density(frame_energies(x, layout), variance, layout)
    for token in range(3):
        per_bin = np.repeat(variance[token] / alike, widths)
        diagonal = np.tile(per_bin, layout.numbers_per_step // layout.n_bins)
        gaussian = multivariate_normal(cov=Covariance.from_diagonal(diagonal))
        expected = gaussian.logpdf(x.reshape(5, -1))
        np.testing.assert_allclose(density[:, token], expected, rtol=1e-5)


def test_variance_is_the_mean_energy_of_each_token():
    rng = np.random.default_rng(0)
    energies, tokens = rng.uniform(1, 2, (4000, 6)), rng.integers(3, size=4000)
    energies[tokens == 1] *= 10
    variance = token_variance(energies, tokens, 4)
    for token in range(3):
        expected = energies[tokens == token].mean(axis=0)
        np.testing.assert_allclose(variance[token], expected, rtol=0.02)
    # Of a token that never was, all that is known is the whole.
    np.testing.assert_allclose(variance[3], energies.mean(axis=0), rtol=1e-6)


def test_variance_is_never_zero():
    variance = token_variance(np.zeros((4, 6)), np.zeros(4, int), 2)
    assert (variance > 0).all()
    assert np.isfinite(log_density(np.ones((4, 6)), variance, PLAIN)).all()
