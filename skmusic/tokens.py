"""The output "tokens": a softmax over tokens, and what is made to sound of them.

By the emission "frames" real frames are played, see `skmusic.walk`, by "spectra" new
ones are made, see `skmusic.synthesis`.
"""

from copy import deepcopy
from dataclasses import replace

import numpy as np
from scipy.special import logsumexp

from skmusic import codebook as codes
from skmusic import entry, synthesis
from skmusic.bands import frame_energies
from skmusic.checks import check_array
from skmusic.colour import first_bins
from skmusic.layout import (
    check_frames,
    lower_half,
    with_upper_half,
)
from skmusic.recurrent import (
    check_network,
    forward,
    log_softmax,
    shifted,
    zero_state,
)
from skmusic.surroundings import moods, moods_heard, surroundings
from skmusic.together import go_on_together
from skmusic.tokens_fit import fit as fit  # which generators ask of an output
from skmusic.walk import Walk

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
