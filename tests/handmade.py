"""Concatenative syntheses of recordings made to order; no network is trained."""

import numpy as np

from skmusic.features.tokenizer import fit_tokenizer, step_bands
from skmusic.spectra.frames import FrameFormat
from skmusic.spectra.reframing import step_of
from skmusic.synthesis.concatenative.database import build_database
from skmusic.synthesis.concatenative.synthesis import Concatenative

MONO = FrameFormat(N=256, hop_length=128, sr=11025)
STEREO = FrameFormat(N=512, hop_length=256, sr=11025, n_channels=2)
# Ten hops are a step; the window is no multiple of the hop.
UNEVEN = FrameFormat(N=256, hop_length=100, sr=44100, n_channels=2)
FORMATS = {"mono": MONO, "stereo": STEREO, "uneven": UNEVEN, "numbers": None}
SHORTEST, LONGEST = 5, 12


def notes(n_steps, format=MONO, seed=0):
    """Notes with overtones that die away, and a little noise; or smooth numbers."""
    rng, size = np.random.default_rng(seed), step_of(format)
    n_channels = 3 if format is None else format.n_channels
    x = 1e-3 * rng.standard_normal((n_steps * size, n_channels))
    for start in range(0, len(x), 6 * size):
        part = x[start : start + 18 * size]
        t = np.arange(len(part))[:, None] / (1024 if format else 10)
        pitch = 20 * 2 ** (rng.integers(0, 25) / 12)
        tone = sum(np.sin(2 * np.pi * k * pitch * t) / k for k in (1, 2, 3))
        part += rng.uniform(0.05, 0.2, n_channels) * tone * np.exp(-2 * t)
    return x.astype(np.float32)


def synthesis_of(
    waveforms, format=MONO, shortest=SHORTEST, longest=LONGEST, stretches=None
):
    """Concatenative synthesis of these waveforms, with a network of chance."""
    step = 0 if format is None else format.step
    bands = [step_bands(x, step) for x in waveforms]
    tokenizer = fit_tokenizer(bands, step, None, 16, np.random.RandomState(0))
    features = [tokenizer.reduced(b) for b in bands]
    tokens = [tokenizer.tokens(f) for f in features]
    if stretches is None:
        stretches = [(i, 0, len(f)) for i, f in enumerate(features)]
    size = step_of(format)
    waveforms = [waveforms[i][a * size : b * size] for i, a, b in stretches]
    bounds = {"shortest": shortest, "longest": longest}
    database = build_database(
        waveforms, stretches, features, tokens, tokenizer, **bounds
    )
    network = network_of(features[0].shape[1], len(tokenizer.centroids))
    return Concatenative(format, tokenizer, network, database)


def network_of(n_inputs, n_outputs, seed=0):
    """Network of chance, of one layer of 8 units."""
    rng = np.random.default_rng(seed)
    shapes = (n_inputs, 32), (8, 32), (32,), (8, n_outputs), (n_outputs,)
    W, U, b, V, d = (rng.standard_normal(s).astype(np.float32) for s in shapes)
    return {"layers": [(W, U, b)], "head": (V, d), "skip": ()}


def steered(network, token):
    """The network, but sure of one token."""
    V, d = network["head"]
    bias = np.where(np.arange(len(d)) == token, 1000, 0).astype(np.float32)
    return network | {"head": (0 * V, bias)}
