import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import Covariance, multivariate_normal

from skmusic import FFTFeaturizer
from skmusic.features.constantq import (
    band_edges,
    band_energies,
    frame_energies,
    to_levels,
)
from skmusic.features.tokenizer import fit_codebook, log_density, token_variance
from skmusic.spectra.frames import Layout, find_layout

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
