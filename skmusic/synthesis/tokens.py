"""The output "tokens": a softmax over tokens, and what is made to sound of them.

By the emission "frames" real frames are played, see `concatenative`, by "spectra" new
ones are made, see `neural`.
"""

from copy import deepcopy
from dataclasses import replace

import numpy as np
from scipy.special import logsumexp

from skmusic.features import tokenizer as codes
from skmusic.features.constantq import frame_energies
from skmusic.features.levels import first_bins, range_levels
from skmusic.features.transposition import transposed
from skmusic.network.numpy_lstm import (
    check_network,
    forward,
    from_nothing,
    log_softmax,
    shifted,
    zero_state,
)
from skmusic.network.training import train
from skmusic.spectra.frames import (
    check_frames,
    find_layout,
    lower_half,
    step_seconds,
    with_upper_half,
)
from skmusic.spectra.reframing import with_lapped
from skmusic.synthesis.concatenative import sampler as entry
from skmusic.synthesis.concatenative.context import moods, moods_heard, surroundings
from skmusic.synthesis.concatenative.database import build_bank
from skmusic.synthesis.concatenative.sampler import go_on_together
from skmusic.synthesis.concatenative.selection import Walk
from skmusic.synthesis.concatenative.storage import store_frames
from skmusic.synthesis.corpus import BESIDE, grown, joined, read_corpus
from skmusic.synthesis.neural import emission as synthesis
from skmusic.utils.checks import check_array

State = Walk, synthesis.Piece


def check(generator):
    """Refuse fitted attributes that do not fit together."""
    codebook, layout = generator.codebook_, generator.codebook_.layout
    n_tokens, n_features = codebook.centroids.shape
    check_frames(layout, generator.n_dims_)
    codes.check_variance(generator.variance_, n_tokens, layout)
    check_network(generator.network_, n_features, n_tokens)
    if not _plays(generator):
        synthesis.check(generator)
        return
    bank = generator.bank_
    if bank.layout != layout or bank.frames.n_dims != layout.n_dims:
        raise ValueError("bank and codebook are of other frames.")
    heard = np.zeros((1, n_features), np.float32)
    for name, width in (
        ("features", n_features),
        ("moods", moods_heard(heard, codebook).shape[1]),
        ("levels", len(first_bins(layout))),
    ):
        check_array(name, getattr(bank, name), (None, width))
    n_before = surroundings(heard, codebook)[0].shape[1]
    check_array("before_scale", bank.before_scale, (n_before,))
    check_array("tokens", bank.tokens, (None,), "i", 0, n_tokens - 1)
    check_array("recording", bank.recording, (None,), "i", 0, 2**31 - 1)


def _plays(generator):
    """Whether what sounds are frames of recordings."""
    return hasattr(generator, "bank_")


def predict(generator, x):
    """Real frame that is likeliest to follow each frame, or its likeliest spectrum."""
    layout = generator.codebook_.layout
    x = lower_half(x, layout)
    y = _predict(generator, x) if _plays(generator) else synthesis.predict(generator, x)
    return with_upper_half(y, layout, generator.n_dims_)


def _predict(generator, x):
    bank, m = generator.bank_, generator.codebook_.layout.frames_per_step
    features = generator.codebook_.features(x)
    steps = [
        int(scores.argmax())
        for scores in entry.entry_scores(
            bank, generator.network_, features, generator.codebook_
        )
    ]
    t = np.arange(1, len(x) + 1)
    return bank.frames[np.array(steps)[t // m] * m + t % m]


def log_likelihood(generator, x):
    """Of each step, in nats for each number of it."""
    codebook = generator.codebook_
    x = lower_half(x, codebook.layout)
    features = codebook.features(x)
    if not len(features):
        return np.empty(0)
    network = generator.network_
    logp = log_softmax(forward(network, shifted(features), zero_state(network))[0])
    energies = frame_energies(x, codebook.layout)
    density = codes.log_density(energies, generator.variance_, codebook.layout)
    return logsumexp(logp + density, axis=1) / codebook.layout.numbers_per_step


def hear(generator, seed, tempering, mood=None):
    """What is known after a seed, in the mood of it or of other frames."""
    codebook = generator.codebook_
    seed = lower_half(seed, codebook.layout)
    if not _plays(generator):
        return synthesis.hear(generator, seed)
    asked = () if mood is None else _mood(generator, mood)
    heard = entry.hear(
        generator.bank_,
        generator.network_,
        codebook.features(seed),
        codebook,
        tempering,
        *asked,
    )
    # Frames of the first step that were heard already.
    return heard, len(seed) % codebook.layout.frames_per_step


def start(generator, heard, tempering, rng):
    """State of a piece after what was heard."""
    if not _plays(generator):
        return synthesis.start(generator, heard, tempering, rng)
    heard, skip = heard
    bank, network = generator.bank_, generator.network_
    return entry.enter(bank, network, heard, tempering, rng, skip)


def in_mood(generator, state, mood):
    """State that goes on in the mood and the tone of these frames."""
    mood, sound = _mood(generator, mood)
    return replace(state, mood=mood, home=mood, tone=sound)


def _mood(generator, frames):
    """Mood and tone of all frames."""
    codebook, bank = generator.codebook_, generator.bank_
    features = codebook.features(lower_half(frames, codebook.layout))
    if not len(features):
        raise ValueError(
            "the mood has too few frames to make a step; pass a longer one."
        )
    mood = moods(features, codebook, len(features), 0)[-1] * bank.mood_scale
    return mood, entry.tone_in(bank, mood, features, codebook)


def go_on(generator, states, n_frames, tempering, progress):
    """Frames of each, the frame of the bank that each is, and the states after them."""
    kind = Walk if _plays(generator) else synthesis.Piece
    if not all(isinstance(state, kind) for state in states):
        raise ValueError("the state is of another emission; pass a seed or None.")
    # The caller's states stay as they are, their sources of chance too.
    states = [replace(state, rng=deepcopy(state.rng)) for state in states]
    more = states, n_frames, tempering, progress
    if _plays(generator):
        found = go_on_together(generator.bank_, generator.network_, *more)
    else:
        found = synthesis.go_on(generator, *more)
    (frames, origins, states), layout = found, generator.codebook_.layout
    frames = [with_upper_half(x, layout, generator.n_dims_) for x in frames]
    return frames, origins, states


_N_TOKENS = 256
# Noise on what the LSTM hears, in deviations: it must not learn songs by heart.
_NOISE = 0.7
# Distances to centroids over which the tokeniser's softmax may fall, of which the best
# is taken.
_WIDTHS = 1, 3, 10, 20, 40, 80, 160, 320, 1000


def fit(recordings, generator, rng, past, grow=False, frame_seconds=None):
    """Learn codebook, network and what sounds; with `past`, the network goes on.

    With `grow` what sounds is of the recordings that were there too. `frame_seconds`
    from one frame to the next tell how long runs are.

    Returns
    -------
    dict
        Fitted attributes.
    """
    codebook = generator.codebook_ if past else None
    layout = codebook.layout if past else _layout(recordings, generator, frame_seconds)
    seconds = step_seconds(layout, frame_seconds)
    corpus = read_corpus(recordings, layout, generator.bank_size)
    if not past:
        codebook = codes.fit_codebook(
            corpus.energies, layout, generator.n_tokens, _N_TOKENS, rng
        )
    inputs, features = _heard(corpus, codebook)
    tokens = [codebook.tokens(f) for f in features]
    pairs = [(x, t) for x, t in zip(inputs, tokens, strict=True) if len(t)]
    n_before = generator.n_recordings_ if grow else 0
    numbers = n_before + np.arange(len(features))
    plays = generator.emission == "frames"
    if grow and plays:
        corpus, *old, old_numbers = grown(corpus, generator.bank_, generator.bank_size)
        features, tokens = old[0] + features, old[1] + tokens
        numbers = np.concatenate([old_numbers, numbers])
    stretches, leads = joined(corpus.pieces), corpus.leads
    sounding = np.concatenate([tokens[i][a:b] for i, a, b in stretches])
    energies = np.concatenate([frame_energies(x, layout) for x in corpus.frames])
    variance = codes.token_variance(energies, sounding, len(codebook.centroids))
    frames, levels = corpus.frames, None
    if plays:
        levels = range_levels(frames, layout)
        size = generator.bank_size - BESIDE * len(sounding)
        frames = store_frames(frames, layout, size)
    del corpus, energies  # they are large, and stored now
    trained = _train(generator, pairs, codebook, rng, past, seconds)
    heard = stretches, features, tokens, codebook
    if plays:
        bank = _bank(generator, frames, levels, heard, seconds, numbers, leads)
        sounds = {"bank_": bank}
    else:
        network, seed = trained["network_"], trained["training_"]["seed"]
        past = generator if grow else None
        sounds = synthesis.fit(frames, *heard, network, seed, past)
        if grow:
            share = generator.changes_.n_steps / sounds["changes_"].n_steps
            variance = share * generator.variance_ + (1 - share) * variance
    return {
        "codebook_": codebook,
        "variance_": variance,
        "n_recordings_": n_before + len(recordings),
        **trained,
        **sounds,
    }


def _heard(corpus, codebook):
    """Inputs of the network, and the features that follow, of each recording."""
    inputs, features = [], []
    while corpus.energies:  # of a large corpus they are not kept beside the features
        f = from_nothing(codebook.reduced(corpus.energies.pop(0)))
        inputs.append(f[:-1])
        features.append(f[1:])
    return inputs, features


def _train(generator, pairs, codebook, rng, past, seconds):
    return train(
        generator,
        pairs,
        len(codebook.centroids),
        "crossentropy",
        rng,
        past,
        step_seconds=seconds,
        skip=_tokenizer(codebook, pairs),
        noise=_NOISE,
        # What is no spectrum has no key.
        version=transposed(codebook) if codebook.layout.n_parts == 2 else None,
    )


def _bank(generator, frames, levels, heard, seconds, numbers, leads):
    """Bank that knows of which recordings it is, and where in them its steps are."""
    bank = build_bank(
        frames,
        levels,
        *heard,
        shortest=max(1, round(generator.min_run / seconds)),
        longest=max(2, round(generator.max_run / seconds)),
    )
    return replace(
        bank,
        recording=numbers[bank.recording].astype(np.int32),
        position=(bank.position + leads[bank.recording]).astype(np.int32),
    )


def _layout(recordings, generator, frame_seconds):
    """Layout of the frames, which streamed ones know in part."""
    n_channels, m = generator.n_channels, generator.frames_per_step
    if not hasattr(recordings, "n_channels"):
        layout = find_layout(recordings, n_channels, m, frame_seconds)
        return with_lapped(layout, recordings)
    none = [np.empty((0, recordings.n_dims))]
    n_channels = n_channels or recordings.n_channels
    known = n_channels == recordings.n_channels
    redundant = known and recordings.redundant
    layout = find_layout(none, n_channels, m, frame_seconds, redundant)
    lapped = known and recordings.lapped and layout.window_length > 0
    return replace(layout, lapped=lapped)


def _tokenizer(codebook, pairs):
    """The softmax that gives each step the token of the last, as weights.

    Its sharpness is that at which it forecasts best.
    """
    A = 2 * codebook.weight[:, None] * codebook.centroids.T
    d = -(codebook.centroids**2).sum(axis=1)
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
