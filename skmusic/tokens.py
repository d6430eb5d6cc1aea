"""The output "tokens": a softmax over tokens, played as real frames."""

from dataclasses import replace

import numpy as np
from scipy.special import logsumexp

from skmusic import codebook as codes
from skmusic.checks import check_array
from skmusic.recurrent import check_network, forward, log_softmax, zero_state
from skmusic.training import STEP_SECONDS, train
from skmusic.units import build_bank, moods_heard, surroundings
from skmusic.walk import Tempering, Walk, advance, enter, entry_scores, shifted, without

State = Walk

_N_TOKENS = 256
# Noise on what the LSTM hears, in deviations: it must not learn songs by heart.
_NOISE = 0.7
# Steps quieter than the loudest by so much, at the ends, are no music to learn.
_SILENCE_DB = -60.0


def fit(sequences, generator, rng, past):
    """Learn codebook, network and bank; with `past`, only the network goes on.

    Returns
    -------
    dict
        Fitted attributes.
    """
    if past:
        codebook = generator.codebook_
        sequences, leads = _trimmed(sequences, codebook.layout)
        features = [codebook.features(s) for s in sequences]
    else:
        layout = codes.find_layout(
            sequences, generator.n_channels, generator.frames_per_step
        )
        sequences, leads = _trimmed(sequences, layout)
        codebook, features = codes.fit_codebook(
            sequences, layout, generator.n_tokens, _N_TOKENS, rng
        )
    tokens = [codebook.tokens(f) for f in features]
    pairs = [(shifted(f), t) for f, t in zip(features, tokens, strict=True) if len(t)]
    trained = train(
        generator,
        pairs,
        len(codebook.centroids),
        "crossentropy",
        rng,
        past,
        skip=_tokenizer(codebook, pairs),
        noise=_NOISE,
    )
    bank = build_bank(
        sequences,
        features,
        tokens,
        codebook,
        size=generator.bank_size,
        shortest=max(1, round(generator.min_run / STEP_SECONDS)),
        longest=max(2, round(generator.max_run / STEP_SECONDS)),
    )
    bank = replace(bank, position=bank.position + leads[bank.recording])
    energies = [codes.frame_energies(s, codebook.layout) for s in sequences]
    variance = codes.token_variance(
        np.concatenate(energies), np.concatenate(tokens), len(codebook.centroids)
    )
    return {"codebook_": codebook, "bank_": bank, "variance_": variance, **trained}


def check(generator):
    """Refuse fitted attributes that do not fit together."""
    codebook, bank = generator.codebook_, generator.bank_
    n_tokens, n_features = codebook.centroids.shape
    if bank.layout != codebook.layout or bank.frames.n_dims != generator.n_dims_:
        raise ValueError("bank and codebook are of other frames.")
    codes.check_frames(codebook.layout, generator.n_dims_)
    heard = np.zeros((1, n_features), np.float32)
    for name, width in (
        ("features", n_features),
        ("before", surroundings(heard, codebook)[0].shape[1]),
        ("moods", moods_heard(heard, codebook).shape[1]),
    ):
        check_array(name, getattr(bank, name), (None, width))
    check_array("tokens", bank.tokens, (None,), "i", 0, n_tokens - 1)
    codes.check_variance(generator.variance_, n_tokens, codebook.layout)
    n_recordings = len(generator._numbers)
    check_array("numbers", generator._numbers, (None,), "i", 0, 2**31 - 1)
    check_array("recording", bank.recording, (None,), "i", 0, n_recordings - 1)
    check_network(generator.network_, n_features, n_tokens)


def _trimmed(sequences, layout):
    """Frames without the silence before and after the music; steps before it."""
    m, trimmed, leads = layout.frames_per_step, [], []
    for frames in sequences:
        energy = codes.frame_energies(frames, layout).sum(axis=1)
        loud = np.flatnonzero(energy > energy.max(initial=0) * 10 ** (_SILENCE_DB / 10))
        leads.append(loud[0] if len(loud) else 0)
        part = slice(loud[0] * m, (loud[-1] + 1) * m) if len(loud) else slice(None)
        trimmed.append(frames[part])
    return trimmed, np.array(leads)


def _tokenizer(codebook, pairs):
    """The softmax that gives each step the token of the last, as weights.

    Its sharpness is that at which it forecasts best.
    """
    A = 2 * codebook.weight[:, None] * codebook.centroids.T
    d = -(codebook.centroids**2).sum(axis=1)
    x, y = (np.concatenate([pair[k][1:1000] for pair in pairs]) for k in (0, 1))
    if not len(x):
        return (A * 0).astype(np.float32), (d * 0).astype(np.float32)
    distance = x @ A + d
    losses = {
        width: -log_softmax(distance / width)[np.arange(len(y)), y].mean()
        for width in (1, 3, 10, 20, 40, 80, 160, 320, 1000)
    }
    width = min(losses, key=losses.get)
    return (A / width).astype(np.float32), (d / width).astype(np.float32)


def predict(generator, x):
    """Real frame that is likeliest to follow each frame."""
    bank, m = generator.bank_, generator.codebook_.layout.frames_per_step
    features = generator.codebook_.features(x)
    steps = [
        int(scores.argmax())
        for scores in entry_scores(
            bank, generator.network_, features, generator.codebook_, Tempering(0.0)
        )
    ]
    t = np.arange(1, len(x) + 1)
    return bank.frames[np.array(steps)[t // m] * m + t % m]


def log_likelihood(generator, x):
    """Of each step, in nats for each number of it."""
    codebook = generator.codebook_
    features = codebook.features(x)
    if not len(features):
        return np.empty(0)
    network = generator.network_
    logp = log_softmax(forward(network, shifted(features), zero_state(network))[0])
    energies = codes.frame_energies(x, codebook.layout)
    density = codes.log_density(energies, generator.variance_, codebook.layout)
    return logsumexp(logp + density, axis=1) / codebook.layout.numbers_per_step


def start(generator, seed, tempering, rng):
    """State after a seed."""
    return enter(
        generator.bank_,
        generator.network_,
        generator.codebook_.features(seed),
        generator.codebook_,
        tempering,
        rng,
        skip=len(seed) % generator.codebook_.layout.frames_per_step,
    )


def go_on(generator, state, n_frames, tempering, progress):
    """Frames, the frame of the bank that each is, and the state after them."""
    # The caller's state stays as it is, its source of chance too.
    rng = np.random.RandomState()
    rng.set_state(state.rng.get_state())
    walk, made, origins = replace(state, rng=rng), [], []
    left = n_frames
    while left > 0:
        if not len(walk.pending):
            walk = advance(generator.bank_, generator.network_, walk, tempering)
        part = walk.pending[:left]
        made.append(part)
        origins.append(walk.origins[: len(part)])
        walk = without(walk, len(part))
        left -= len(part)
        progress(len(part))
    return np.concatenate(made), np.concatenate(origins), walk
