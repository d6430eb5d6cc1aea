"""Laws of what the network of the concatenative synthesis learns."""

import numpy as np
import pytest
from scipy.special import logsumexp

from skmusic import FFTFeaturizer
from skmusic.features.tokenizer import step_bands
from skmusic.network.numpy_lstm import (
    forward,
    log_softmax,
    teacher_forcing_input,
    zero_state,
)
from skmusic.network.training import TrainingSettings
from skmusic.spectra.reframing import waveform
from skmusic.synthesis.concatenative.tokens import (
    SynthesisSettings,
    log_likelihood,
    read_tokens,
    seed_features,
    train_on,
)

TRAINING = TrainingSettings(hidden_layer_sizes=(8,), epochs=2)


def learn(X, format, n_tokens=None, training=TRAINING, old=None, most=10**6):
    rng = np.random.RandomState(0)
    settings = SynthesisSettings(n_tokens=n_tokens)
    found, _ = read_tokens(X, format, settings, rng, old, most)
    trained = train_on(found, format, training, rng, None, lambda network: network)
    return found, trained.network


@pytest.fixture(scope="module")
def frames(songs):
    x = [x[:80_000] for x in songs.recordings[:3]]
    return FFTFeaturizer(N=256, sr=songs.sr).fit_transform(x)


@pytest.fixture(scope="module")
def learned(frames):
    return learn(frames, frames[0].format, 16)


def test_tokens_are_those_of_the_features(learned, frames):
    found, network = learned
    tokenizer = found.tokenizer
    assert len(found.tokens) == len(found.features) == len(frames)
    for x, features, tokens in zip(frames, found.features, found.tokens, strict=True):
        np.testing.assert_array_equal(tokenizer.tokens(features), tokens)
        whole = tokenizer.features(waveform(x, x.format))
        # The first step of the music follows what was silent.
        lead = len(whole) - len(features)
        assert 0 <= lead < 5
        np.testing.assert_allclose(features, whole[lead:], atol=1e-2)
    assert network["head"][1].shape == (16,)


def test_forecasts_begin_better_than_chance(frames):
    training = TrainingSettings(hidden_layer_sizes=(8,), epochs=1, learning_rate=1e-9)
    found, network = learn(frames, frames[0].format, 16, training)
    losses, usual = [], []
    count = np.bincount(np.concatenate(found.tokens), minlength=16)
    for x, y in zip(found.features, found.tokens, strict=True):
        z, _ = forward(network, teacher_forcing_input(x), zero_state(network))
        losses.append(-log_softmax(z)[np.arange(len(y)), y])
        usual.append(-np.log(count[y] / count.sum()))
    # The nearest token of the last step is known from the start.
    assert np.concatenate(losses).mean() < 0.8 * np.concatenate(usual).mean()


def test_the_score_is_a_mixture_of_densities(learned, frames):
    (found, network), x = learned, frames[0]
    tokenizer = found.tokenizer
    score = log_likelihood(x, x.format, tokenizer, network)
    features = tokenizer.features(waveform(x, x.format))
    assert score.shape == (len(features),)
    z, _ = forward(network, teacher_forcing_input(features), zero_state(network))
    assert np.allclose(logsumexp(log_softmax(z), axis=1), 0, atol=1e-5)
    bands = step_bands(waveform(x, x.format), tokenizer.step)
    each = tokenizer.log_density(bands, x.format.n_channels)
    each /= 2 * x.format.n_channels * (tokenizer.step + 1)
    assert (score <= each.max(axis=1) + 1e-6).all()
    assert (score >= each.min(axis=1) - 1e-6).all()


@pytest.mark.parametrize("n", [1, 40, 133])
def test_the_score_of_a_step_knows_no_later_one(learned, frames, n):
    (found, network), x = learned, frames[0]
    args = x.format, found.tokenizer, network
    whole, part = log_likelihood(x, *args), log_likelihood(x[:n], *args)
    np.testing.assert_allclose(part, whole[: len(part)], rtol=1e-3, atol=1e-3)


def test_a_seed_is_heard_up_to_its_end(learned, frames):
    (found, _), x, format = learned, frames[0], frames[0].format
    per_step = format.step // format.hop_length
    whole = seed_features(x[: 30 * per_step + 1], format, found.tokenizer)
    # Whole steps whose samples lie at other frames sound the same a frame later.
    later = seed_features(x[per_step : 30 * per_step + 1], format, found.tokenizer)
    np.testing.assert_allclose(later[1:], whole[-len(later) + 1 :], atol=2e-2)
    assert seed_features(x[:0], format, found.tokenizer).shape == (0, whole.shape[1])


def plain(n, seed=0):
    return np.random.default_rng(seed).standard_normal((n, 3)).astype(np.float32)


@pytest.mark.parametrize("lengths", [[40, 0], [0, 40], [1], [1, 1, 0]])
def test_plain_numbers_of_any_length(lengths):
    X = [plain(n, seed) for seed, n in enumerate(lengths)]
    found, network = learn(X, None)
    assert [len(t) for t in found.tokens] == lengths
    for x in X:
        score = log_likelihood(x, None, found.tokenizer, network)
        assert score.shape == (len(x),)
        assert np.isfinite(score).all()


@pytest.mark.parametrize("n_samples", [256, 257, 700])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_next_to_no_music(n_samples, value):
    x = np.full((n_samples, 2), value)
    frames = FFTFeaturizer(N=64, sr=11025).fit_transform([x, x[:1]])
    found, _ = learn(frames, frames[0].format)
    assert [len(t) for t in found.tokens] == [n_samples // 256, 0]
    assert np.isfinite(found.tokenizer.centroids).all()


def test_less_than_a_step_is_refused():
    frames = FFTFeaturizer(N=64, sr=11025).fit_transform([np.ones(255)])
    with pytest.raises(ValueError, match="no recording has 8 frames"):
        learn(frames, frames[0].format)
