"""What the output "tokens" learns: codebook, network, and what is made to sound."""

from dataclasses import replace

import numpy as np

from skmusic import codebook as codes
from skmusic import synthesis
from skmusic.bands import frame_energies
from skmusic.colour import range_levels
from skmusic.corpus import BESIDE, grown, joined, read_corpus
from skmusic.lapped import store_frames
from skmusic.layout import find_layout, step_seconds
from skmusic.moving import with_lapped
from skmusic.recurrent import from_nothing, log_softmax
from skmusic.training import train
from skmusic.transposition import transposed
from skmusic.units import build_bank

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
