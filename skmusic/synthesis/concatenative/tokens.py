"""Tokens: what the network of the concatenative synthesis learns.

Steps become features and tokens, and an LSTM learns the probability of the next token.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import logsumexp

from skmusic.features.tokenizer import (
    fit_tokenizer,
    mean_energies,
    numbers_in_bands,
    step_bands,
)
from skmusic.features.transposition import transposed
from skmusic.network.numpy_lstm import (
    forward,
    log_softmax,
    teacher_forcing_input,
    zero_padded_input,
    zero_state,
)
from skmusic.network.training import train
from skmusic.spectra.reframing import step_seconds, waveform
from skmusic.synthesis.corpus import read_corpus

_N_TOKENS = 256
# Noise on what the LSTM hears, in deviations: it must not learn songs by heart.
_NOISE = 0.7
# Widths that the softmax over distances to centroids may have; the best one is taken.
_WIDTHS = 1, 3, 10, 20, 40, 80, 160, 320, 1000


@dataclass(frozen=True)
class SynthesisSettings:
    """What is learned, as `skmusic.StatefulLSTMGenerator` documents it."""

    n_tokens: int | None = None
    min_segment: float = 0.25
    max_segment: float = 0.45
    database_size: int = 90_000_000


@dataclass(frozen=True)
class Tokens:
    """What the network learns.

    Parameters
    ----------
    tokenizer : Tokenizer
    inputs, features : list of ndarray of shape (n_steps, n_features)
        Of each recording: what the network hears at each step, the features of the
        step before; and those of the step itself.
    tokens : list of ndarray of shape (n_steps,)
    """

    tokenizer: object
    inputs: list
    features: list
    tokens: list


def read_tokens(recordings, format, settings, rng, old, most):
    """Make tokens of recordings, and learn the tokenizer if there is none yet.

    Parameters
    ----------
    recordings : list of ndarray of shape (n_frames, n_dims), or `StreamedFrames`
        Frames of each recording.
    format : FrameFormat or None
        Of the frames; None of plain numbers.
    settings : SynthesisSettings
    rng : numpy.random.RandomState
    old : Concatenative or None
        What was learned before, whose tokenizer stays.
    most : int
        Steps whose waveforms are kept, at most.

    Returns
    -------
    Tokens
    corpus : Corpus
        Without the energies, which are large.
    """
    step = 0 if format is None else format.step
    corpus = read_corpus(recordings, format, most)
    bands = corpus.bands
    if old is None:
        tokenizer = fit_tokenizer(bands, step, settings.n_tokens, _N_TOKENS, rng)
    else:
        tokenizer = old.tokenizer
    # The network hears the features of the step before each, zeros before the first.
    inputs, features = [], []
    for x in bands:
        f = zero_padded_input(tokenizer.reduced(x))
        inputs.append(f[:-1])
        features.append(f[1:])
    tokens = [tokenizer.tokens(f) for f in features]
    variance = mean_energies(bands, tokens, len(tokenizer.centroids), step)
    if old is not None:
        variance = (variance + tokenizer.variance) / 2
    tokenizer = replace(tokenizer, variance=variance)
    return Tokens(tokenizer, inputs, features, tokens), replace(corpus, bands=[])


def train_on(found, format, training, rng, past, playing):
    """Train the network on tokens.

    Parameters
    ----------
    found : Tokens
    format : FrameFormat or None
    training, rng, past, playing
        As `skmusic.network.training.train` has them.

    Returns
    -------
    Trained
    """
    tokenizer, step = found.tokenizer, 0 if format is None else format.step
    pairs = [
        pair for pair in zip(found.inputs, found.tokens, strict=True) if len(pair[1])
    ]
    return train(
        pairs,
        len(tokenizer.centroids),
        "crossentropy",
        training,
        rng,
        past,
        playing=playing,
        step_seconds=0.0 if format is None else step_seconds(format),
        skip=_nearest_token(tokenizer, pairs),
        noise=_NOISE,
        # What is no spectrum has no key.
        version=transposed(pairs, tokenizer) if step else None,
    )


def _nearest_token(tokenizer, pairs):
    """The softmax that gives each step the token of the last, as weights.

    Its sharpness is that at which it forecasts best.

    Returns
    -------
    A : ndarray of shape (n_features, n_tokens), float32
    d : ndarray of shape (n_tokens,), float32
    """
    # The squared distance to centroids, less what all have in common, is linear.
    A = 2 * tokenizer.weight[:, None] * tokenizer.centroids.T
    d = -(tokenizer.centroids**2).sum(axis=1)
    if not any(len(x) > 1 for x, _ in pairs):
        return (A * 0).astype(np.float32), (d * 0).astype(np.float32)
    losses = np.zeros(len(_WIDTHS))
    for x, y in pairs:  # one after the other: there may be thousands
        x, y = x[1:1000], y[1:1000]
        distance = x @ A + d
        for k, width in enumerate(_WIDTHS):
            losses[k] -= log_softmax(distance / width)[np.arange(len(y)), y].sum()
    width = _WIDTHS[losses.argmin()]
    return (A / width).astype(np.float32), (d / width).astype(np.float32)


def seed_features(frames, format, tokenizer):
    """Features ``(n_steps, n_features)`` of a seed, the last step at its end.

    Frames at the beginning that make no whole step are passed over.
    """
    x, size = waveform(frames, format), max(tokenizer.step, 1)
    return tokenizer.features(x[len(x) % size :])


def log_likelihood(frames, format, tokenizer, network):
    """Log-likelihood of each step, in nats for each number of its spectrum.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_dims)
    format : FrameFormat or None
    tokenizer, network : Tokenizer, dict

    Returns
    -------
    ndarray of shape (n_steps,)
    """
    bands = step_bands(waveform(frames, format), tokenizer.step)
    if not len(bands):
        return np.empty(0)
    features = tokenizer.reduced(bands)
    z, _ = forward(network, teacher_forcing_input(features), zero_state(network))
    n_channels = 1 if format is None else format.n_channels
    # A mixture of the tokens' densities, by the network's probabilities.
    density = tokenizer.log_density(bands, n_channels)
    count = numbers_in_bands(tokenizer.step, tokenizer.n_bands, n_channels).sum()
    return logsumexp(log_softmax(z) + density, axis=1) / count
