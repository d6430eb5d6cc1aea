from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import spectrogram

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator
from skmusic.spectra.reframing import cut, waveform
from skmusic.synthesis import tokens
from skmusic.synthesis.concatenative.rendering import play
from skmusic.synthesis.concatenative.selection import Run
from skmusic.synthesis.sampling import Tempering

SR = 44100
HERTZ = 330.0, 440.0, 587.3


def tones(seed, seconds=12):
    """One sine after another, each of which fades under the next."""
    rng, n = np.random.default_rng(seed), SR * seconds
    x, t = np.zeros(n), np.arange(SR // 2) / SR
    fade = np.minimum(1, np.minimum(t, t[::-1]) / 0.05)
    for start in range(0, n - len(t), SR // 4):
        tone = np.sin(2 * np.pi * rng.choice(HERTZ) * t) * np.exp(-4 * t)
        x[start : start + len(t)] += tone * fade
    return 0.3 * x[:, None]


@pytest.fixture(scope="module", params=[2048, 512, 256, 250])
def pipe(request):
    generator = StatefulLSTMGenerator(epochs=1, random_state=0)
    pipe = Pipeline([FFTFeaturizer(N=request.param), generator])
    return pipe.fit([tones(seed) for seed in range(3)])


@pytest.fixture
def begun(pipe):
    """Bank, and a walk that has played nothing and changes no colour."""
    generator = pipe[-1]
    seed, warm = np.empty((0, generator.n_dims_), np.float32), Tempering()
    heard = tokens.hear(generator, seed, warm)
    walk = tokens.start(generator, heard, warm, np.random.RandomState(0))
    bank = generator.bank_
    bank = replace(bank, limit=np.full(len(bank.ends), np.inf, np.float32))
    return bank, replace(walk, colour=0 * walk.colour)


def played(bank, walk, runs, shift=0.0):
    """Frames of runs from their starts, of so many steps each."""
    plain = np.zeros(bank.levels.shape[1], np.float32)
    targets = [start for start, _ in runs[1:]] + [sum(runs[-1])]
    for (start, length), target in zip(runs, targets, strict=True):
        walk = play(bank, walk, Run(start, length, target, shift, shift, plain, plain))
    return walk


def decibels(x, y):
    """Of what differs between frames, beside the loudest of them."""
    return 10 * np.log10(np.square(x - y).sum(axis=1).max() / np.square(x).sum(1).max())


def test_to_go_on_in_the_recording_is_to_play_it(begun):
    bank, walk = begun
    m, start = bank.layout.frames_per_step, 100
    after = played(bank, walk, [(start, 20), (start + 20, 13), (start + 33, 17)])
    wanted = bank.frames[start * m : (start + 50) * m]
    assert bank.ends[start] > start + 60
    assert len(after.pending) == len(wanted) - m  # the last step waits for the next
    assert decibels(wanted[:-m], after.pending) < -40
    np.testing.assert_array_equal(after.origins, np.arange(start * m, (start + 50) * m))


def test_what_begins_later_is_the_recording_later(begun):
    bank, walk = begun
    m, hop, start = bank.layout.frames_per_step, bank.layout.hop, 100
    after = played(bank, walk, [(start, 20), (start + 20, 20)], 0.5)
    n = len(after.pending)
    frames = bank.frames[start * m - 1 : start * m + n + m + 1]
    wave = waveform(frames, bank.layout)[:, hop + m * hop // 2 :]
    assert decibels(cut(wave, n, 2 * hop), after.pending) < -40


def test_runs_at_the_ends_of_recordings_are_finite(begun):
    bank, walk = begun
    end = int(bank.ends[0])
    for shift in (-0.5, 0.0, 0.5):
        after = played(bank, walk, [(0, 1), (end - 4, 4), (0, 9), (end, 9)], shift)
        assert np.isfinite(after.pending).all()


def test_joins_leave_no_images_of_a_tone(pipe):
    """In short windows what is done to one bin is done to its aliases in others."""
    x = pipe.sample(tones(9)[: 4 * SR], seconds=20, random_state=0).mean(axis=1)
    f, _, power = spectrogram(x, SR, "hann", 8192, 4096)
    power = power.mean(axis=1)
    near = np.any([np.abs(f - hertz) < 80 for hertz in HERTZ], axis=0)
    assert power[~near & (f > 100)].max() < 1e-4 * power.max()
