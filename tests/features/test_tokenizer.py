"""Laws of features and tokens."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import Covariance, multivariate_normal

from skmusic import FFTFeaturizer
from skmusic.features.constantq import band_widths, to_levels
from skmusic.features.tokenizer import fit_tokenizer, mean_energies, step_bands
from skmusic.spectra.reframing import waveform

STEP = 256  # of 11025 Hz


def noise(n_steps, n_columns, seed=0):
    x = np.random.default_rng(seed).standard_normal((n_steps, n_columns))
    return x.astype(np.float32)


def learn(waveforms, step=STEP, n_tokens=None, most=32, seed=0):
    """Tokenizer, and features of each recording."""
    bands = [step_bands(x, step) for x in waveforms]
    rng = np.random.RandomState(seed)
    tokenizer = fit_tokenizer(bands, step, n_tokens, most, rng)
    return tokenizer, [tokenizer.reduced(x) for x in bands]


def test_features_have_unit_variance_and_no_correlation(learned):
    pooled = np.concatenate(learned[1])
    np.testing.assert_allclose(np.cov(pooled.T), np.eye(pooled.shape[1]), atol=2e-2)
    np.testing.assert_allclose(pooled.mean(axis=0), 0, atol=1e-2)


def test_features_of_a_recording_depend_on_no_other_and_not_on_the_future(
    learned, songs
):
    tokenizer, features = learned
    for f, x in zip(features, songs.recordings, strict=True):
        np.testing.assert_array_equal(tokenizer.features(x), f)
        for n in (1, 30, 100):
            part = tokenizer.features(x[: n * STEP + 99])
            np.testing.assert_allclose(part, f[:n], atol=1e-3)


@pytest.mark.parametrize(
    "parameters",
    [
        {"N": 2048},
        {"N": 512},
        {"N": 64, "hop_length": 16, "window": "hamming"},
        {"N": 256, "hop_length": 256, "window": "boxcar", "factor": 1e-3},
        {"N": 1024, "hop_length": 256, "redundant": True, "factor": 50.0},
        {"N": 2, "hop_length": 1},
    ],
    ids=str,
)
def test_features_are_those_of_the_waveform_whatever_the_frames(
    learned, songs, parameters
):
    tokenizer, features = learned
    x = songs.recordings[0][: 40 * STEP + 17]
    (frames,) = FFTFeaturizer(sr=songs.sr, **parameters).fit_transform([x])
    if parameters["N"] < 2048:
        assert frames.format.step == STEP
    found = tokenizer.features(waveform(frames, frames.format))
    np.testing.assert_allclose(found, features[0][:40], atol=2e-2)


def test_features_tell_the_levels():
    x = noise(400, 6)
    tokenizer, (features,) = learn([x], 0)
    np.testing.assert_allclose(tokenizer.levels(features), x, atol=0.05)
    waves = [noise(400 * 8, 1)]  # of as many bands as features
    tokenizer, (features,) = learn(waves, 8)
    levels = to_levels(step_bands(waves[0], 8), tokenizer.reference)
    np.testing.assert_allclose(tokenizer.levels(features), levels, atol=0.05)


def test_louder_music_has_higher_levels(learned, songs):
    tokenizer, x = learned[0], songs.recordings[0]
    soft, loud = (tokenizer.levels(tokenizer.features(k * x)) for k in (0.1, 1))
    assert 3 < np.median(loud - soft) < 25


def test_tokens_are_the_nearest_centroids_and_all_are_used(learned):
    tokenizer, features = learned
    x = np.concatenate(features)
    distance = cdist(x * tokenizer.weight, tokenizer.centroids)
    tokens = tokenizer.tokens(x)
    assert tokens.dtype == np.int32
    np.testing.assert_allclose(
        distance[np.arange(len(x)), tokens], distance.min(axis=1), rtol=1e-4
    )
    assert set(tokens) == set(range(len(tokenizer.centroids)))
    # They are closer to music than one mean.
    left = x * tokenizer.weight - tokenizer.centroids[tokens]
    assert left.var(axis=0).sum() < 0.7 * (x * tokenizer.weight).var(axis=0).sum()


def test_number_of_tokens(songs, learned):
    n_steps = sum(map(len, learned[1]))
    for n_tokens, most, n in ((7, 32, 7), (None, 11, 11), (None, 10**6, n_steps // 10)):
        tokenizer, _ = learn(songs.recordings, STEP, n_tokens, most)
        assert len(tokenizer.centroids) == n
    with pytest.raises(ValueError, match=r"n_tokens=30 .* 25 steps .*fewer tokens"):
        learn([noise(20, 6), noise(5, 6)], 0, n_tokens=30)


def test_same_chance_same_tokenizer(songs, learned):
    again, other = (learn(songs.recordings, seed=seed)[0] for seed in (0, 1))
    np.testing.assert_array_equal(again.centroids, learned[0].centroids)
    assert not np.array_equal(other.centroids, learned[0].centroids)


def test_other_music_is_not_blown_up():
    # Only its loudness changes; in all else there is next to nothing but rounding.
    loudness = np.random.default_rng(1).uniform(0.1, 1, 400).repeat(8)[:, None]
    tokenizer, _ = learn([np.tile(noise(8, 1), (400, 1)) * loudness.round(1)], 8)
    assert np.abs(tokenizer.features(noise(800, 1, seed=5))).max() < 1000


@pytest.mark.parametrize("step", [0, 1, 8])
@pytest.mark.parametrize(
    "x",
    [
        np.zeros((50, 6)),
        np.ones((50, 6)),
        np.zeros((1, 6)),
        np.ones((2, 6)),
        noise(2, 6),
        1e-22 * noise(30, 6),
        1e15 * noise(30, 6),
        np.concatenate([np.zeros((20, 6)), np.ones((1, 6))]),
    ],
)
def test_next_to_nothing_to_learn_from(x, step):
    x = np.repeat(x, max(step, 1), axis=0).astype(np.float32)
    tokenizer, (features,) = learn([x, x[:0]], step)[0], learn([x], step)[1]
    assert np.isfinite(features).all()
    assert np.isfinite(tokenizer.centroids).all()
    assert tokenizer.tokens(features).shape == (len(x) // max(step, 1),)
    assert tokenizer.features(x[:0]).shape == (0, features.shape[1])


@pytest.mark.parametrize(("step", "n_channels"), [(0, 1), (8, 1), (40, 2)])
def test_log_density_is_the_gaussians(step, n_channels):
    n_bands = 6 if not step else len(band_widths(step + 1))
    variance = np.random.default_rng(1).uniform(0.5, 9, (3, n_bands))
    tokenizer = replace(learn([noise(100, n_bands)], 0)[0], step=step)
    tokenizer = replace(tokenizer, mean=np.zeros(n_bands), variance=variance)
    widths = band_widths(step + 1) if step else np.ones(n_bands, int)
    per_bin = 2 * n_channels if step else 1  # real, imaginary, of each channel
    numbers = noise(5, widths.sum() * per_bin).reshape(5, -1, per_bin)
    bands = np.square(numbers).sum(axis=2) if step else numbers[:, :, 0]
    bands = np.add.reduceat(bands, np.cumsum([0, *widths[:-1]]), axis=1) / widths
    density = tokenizer.log_density(bands, n_channels)
    for token in range(3):
        # Energy is the mean of bins, of which each has so many numbers.
        diagonal = np.repeat(variance[token], widths * per_bin) / per_bin
        gaussian = multivariate_normal(cov=Covariance.from_diagonal(diagonal))
        wanted = gaussian.logpdf(numbers.reshape(5, -1))
        np.testing.assert_allclose(density[:, token], wanted, rtol=1e-4)


def test_variance_is_the_mean_energy_of_each_token():
    rng = np.random.default_rng(0)
    bands, tokens = rng.uniform(1, 2, (4000, 6)), rng.integers(3, size=4000)
    bands[tokens == 1] *= 10
    parts = np.split(bands, [1500]), np.split(tokens, [1500])
    variance = mean_energies(*parts, 4, step=8)
    for token in range(3):
        expected = bands[tokens == token].mean(axis=0)
        np.testing.assert_allclose(variance[token], expected, rtol=0.02)
    # Of a token that never was, all that is known is the whole.
    np.testing.assert_allclose(variance[3], bands.mean(axis=0), rtol=1e-6)
    squares = mean_energies([np.sqrt(bands)], [tokens], 4, step=0)
    np.testing.assert_allclose(squares, variance)


def test_variance_is_never_zero():
    variance = mean_energies([np.zeros((4, 6))], [np.zeros(4, int)], 2, step=0)
    assert (variance > 0).all()
    tokenizer = replace(learn([noise(100, 6)], 0)[0], variance=variance)
    assert np.isfinite(tokenizer.log_density(np.ones((4, 6)), 1)).all()
