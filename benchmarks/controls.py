"""Rows of the quality table to calibrate by: what is no music, and lesser methods."""

import copy
import time
from contextlib import contextmanager
from unittest import mock

import numpy as np
from ngrams import WittenBell
from scipy.signal import butter, sosfilt

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator

SR, CLIP = 44100, 20


def low_passed(recordings, hertz=1000.0):
    """Recordings through a low-pass of fourth order."""
    sections = butter(4, hertz, fs=SR, output="sos")
    return [sosfilt(sections, x, axis=0).astype(np.float32) for x in recordings]


def looped(recordings, seconds=0.25):
    """Clips of one grain of each recording, over and over."""
    n = int(seconds * SR)
    return [np.tile(x[:n], (int(CLIP / seconds), 1)) for x in recordings]


def noise(n_clips, slope, rng):
    """Clips of noise whose power falls by so many powers of frequency."""
    n = CLIP * SR
    spectrum = np.fft.rfft(rng.standard_normal((n_clips, n, 2)), axis=1)
    frequency = np.arange(spectrum.shape[1]).clip(20 * CLIP)
    x = np.fft.irfft(spectrum * frequency[:, None] ** (-slope / 2), n, axis=1)
    return [(0.2 * y / y.std()).astype(np.float32) for y in x]


def tones(n_clips):
    """Clips of one tone each."""
    t = np.arange(CLIP * SR) / SR
    waves = [np.sin(2 * np.pi * 220 * 2 ** (k / 12) * t) for k in range(n_clips)]
    return [np.repeat(0.3 * x[:, None], 2, axis=1).astype(np.float32) for x in waves]


def silence(n_clips):
    """Clips of next to nothing."""
    rng = np.random.default_rng(0)
    shape = n_clips, CLIP * SR, 2
    return list(1e-5 * rng.standard_normal(shape, dtype=np.float32))


def grains(learnt, n_clips, seconds, rng):
    """Clips of real grains in random order, cross-faded."""
    n, fade = int(seconds * SR), min(441, int(seconds * SR) // 4)
    ramp = np.linspace(0, 1, fade)[:, None]
    made = []
    for _ in range(n_clips):
        out = np.zeros((CLIP * SR + n + fade, 2), np.float32)
        for at in range(0, CLIP * SR, n):
            x = learnt[rng.integers(len(learnt))]
            i = rng.integers(len(x) - n - fade)
            grain = x[i : i + n + fade].copy()
            grain[:fade] *= ramp
            grain[-fade:] *= ramp[::-1]
            out[at : at + n + fade] += grain
        made.append(out[: CLIP * SR])
    return made


def without_network(pipe):
    """The pipeline with nothing to choose by but joins, mood and token frequency."""
    pipe = copy.deepcopy(pipe)
    generator = pipe[-1]
    network = generator.network_
    V, _ = network["head"]
    count = np.bincount(generator.bank_.tokens, minlength=V.shape[1]) + 1
    generator.network_ = {
        "layers": network["layers"],
        "head": (0 * V, np.log(count / count.sum()).astype(V.dtype)),
        "skip": tuple(0 * A for A in network["skip"]),
    }
    return pipe


@contextmanager
def bigrams_in_its_place(pipe, learnt):
    """Within, the walk asks a table of bigrams and not the network."""
    codebook = pipe[-1].codebook_
    heard = [codebook.features(x) for x in pipe[0].transform(learnt)]
    n = len(codebook.centroids)
    table = WittenBell([codebook.tokens(x) for x in heard], 2, n)
    logp = np.log([[table.probability((a,), b) for b in range(n)] for a in range(n)])

    def forward(network, x, state):
        tokens = codebook.tokens(x.reshape(-1, x.shape[-1]))
        y = logp[tokens].reshape(*x.shape[:-1], n).astype(np.float32)
        return y, [state] * x.shape[-2]

    with mock.patch("skmusic.synthesis.concatenative.selection.forward", forward):
        yield


def article(learnt, seeds, epochs, seconds=300.0):
    """Clips of the article's network on its analysis; so long it may train at most."""
    begun = time.perf_counter()

    def stop(record):
        if time.perf_counter() - begun > seconds:
            raise KeyboardInterrupt

    pipe = Pipeline(
        [
            FFTFeaturizer(
                N=256, hop_length=256, window="boxcar", factor=2 / 256, redundant=True
            ),
            StatefulLSTMGenerator(
                "regression",
                epochs=epochs,
                validation_fraction=0,
                callbacks=[stop],
                random_state=0,
            ),
        ]
    ).fit(learnt)
    fitted = time.perf_counter()
    made = [pipe.sample(s, seconds=CLIP) for s in seeds]
    return made, {"fit_s": fitted - begun, "sample_s": time.perf_counter() - fitted}
