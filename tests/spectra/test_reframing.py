from dataclasses import replace

import numpy as np
import pytest

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator
from skmusic.features.constantq import band_energies
from skmusic.spectra import analysis_window, stft
from skmusic.spectra.frames import Layout, find_layout
from skmusic.spectra.reframing import cut, long_frames, waveform, with_lapped
from skmusic.synthesis.concatenative.context import lag, surroundings

SR, BEAT = 44100, 0.4737  # 20.4 steps


def drummed(seed, seconds=15):
    """Drums that keep a beat, none like another."""
    rng = np.random.default_rng(seed)
    x = 0.01 * rng.standard_normal(SR * seconds)
    t = np.arange(6000) / SR
    for at in np.arange(rng.uniform(0, BEAT), seconds - 0.3, BEAT):
        stroke = rng.standard_normal(6000) * np.exp(-t * rng.uniform(30, 60))
        tone = np.sin(2 * np.pi * rng.uniform(100, 300) * t) * np.exp(-20 * t)
        start = int(at * SR)
        x[start : start + 6000] += rng.uniform(0.5, 1) * (0.3 * stroke + tone)
    return x[:, None] / 4


@pytest.fixture(scope="module")
def fitted():
    recordings = [drummed(seed) for seed in range(3)]
    generator = StatefulLSTMGenerator(epochs=1, random_state=0)
    return Pipeline([FFTFeaturizer(N=512), generator]).fit(recordings), recordings


def frames_of(x, N):
    return stft(x, analysis_window("hann", N), N // 2).astype(np.float32)


@pytest.mark.parametrize("N", [2048, 256])
@pytest.mark.parametrize("share", [0, 0.25, 0.9])
def test_frames_are_those_of_the_waveform_cut_later(N, share):
    x = np.random.default_rng(0).standard_normal((20 * N, 2))
    layout = Layout(2, 2, N // 2 + 1, 1)
    late = int(share * N / 2)
    frames = frames_of(x, N)
    wave = waveform(frames, layout)
    found = cut(wave[:, late:], len(frames) - 1, N)
    wanted = frames_of(x[late:], N)[: len(found)]
    n = min(len(wanted), len(found))
    # A waveform that begins later is mirrored elsewhere: not the first and last.
    np.testing.assert_allclose(found[2 : n - 3], wanted[2 : n - 3], atol=1e-3)


@pytest.mark.parametrize(
    ("parameters", "hop"),
    [
        ({}, 1024),
        ({"N": 256}, 128),
        ({"N": 300}, 150),
        ({"N": 256, "hop_length": 64}, 0),
        ({"N": 512, "window": "boxcar"}, 0),
        ({"N": 512, "window": "hamming"}, 0),
    ],
)
def test_only_frames_that_make_their_waveform_can_be_moved(parameters, hop):
    frames = FFTFeaturizer(**parameters).fit_transform([drummed(0, seconds=4)])
    layout = with_lapped(find_layout(frames), frames)
    assert layout.hop == hop
    layout.check()
    featurizer = FFTFeaturizer(**parameters)
    assert featurizer._is_lapped() == layout.lapped


@pytest.mark.parametrize("n_silent", [0, 30, 2000])
@pytest.mark.parametrize("redundant", [False, True])
def test_windows_are_told_where_there_is_sound(redundant, n_silent):
    featurizer = FFTFeaturizer(N=256, redundant=redundant)
    (frames,) = featurizer.fit_transform([drummed(0, seconds=3)])
    silent = np.zeros((n_silent, frames.shape[1]), np.float32)
    for parts in ([silent, frames], [np.concatenate([silent, frames])], [frames[:9]]):
        layout = with_lapped(find_layout(parts), parts)
        assert layout == Layout(1, 2, 129, 8, lapped=True)


def test_what_is_no_sound_cannot_be_moved():
    rng = np.random.default_rng(0)
    chance = rng.standard_normal((100, 256)).astype(np.float32)
    for parts, x in ((2, chance), (2, 0 * chance), (2, chance[:0]), (1, chance)):
        layout = Layout(1, parts, 256 // parts, 1)
        assert with_lapped(layout, [x]) == layout


@pytest.mark.parametrize("N", [64, 256, 1024])
def test_long_frames_are_those_of_a_long_window(N):
    x = np.random.default_rng(0).standard_normal((30_000, 2))
    m = 2048 // N
    short, wanted = frames_of(x, N), frames_of(x, 2048)
    layout = Layout(2, 2, N // 2 + 1, m, lapped=True)
    n = len(short) // m
    found = long_frames(short, layout, 0, n)
    assert found.shape[1] == layout.long.numbers_per_step == wanted.shape[1]
    lost = np.square(found[2:] - wanted[2:n]).sum(axis=1)
    # They fade out within the last half of the last short window.
    assert lost.max() < 0.02 * np.square(wanted).sum(axis=1).mean()
    for start, stop in ((0, 1), (3, 9), (n - 1, n)):
        part = long_frames(short, layout, start, stop)
        np.testing.assert_array_equal(part, found[start:stop])
        part = long_frames(short[: stop * m], layout, start, stop)
        np.testing.assert_array_equal(part, found[start:stop])


def test_the_lag_of_a_beat_is_told_between_steps(fitted):
    pipe, (x, *_) = fitted
    codebook = pipe[-1].codebook_
    layout = codebook.layout

    def before(x):
        (frames,) = pipe[0].transform([x])
        frames = frames[
            : len(frames) // layout.frames_per_step * layout.frames_per_step
        ]
        energies = band_energies(frames, layout, codebook.edges)
        return surroundings(codebook.reduced(energies), codebook)[0]

    own = before(x)
    for late in (0, 256, 400):
        other = before(x[late:])
        found = [lag(own[t], other[t]) for t in range(100, 600, 5)]
        assert abs(np.median(found) + late / 1024) < 0.06


def strokes(x):
    """Times at which strokes begin."""
    level = np.abs(x[:, 0])[: len(x) // 44 * 44].reshape(-1, 44).max(axis=1)
    found = [-1000]
    for i in range(20, len(level)):
        loud = level[i] > max(0.06, 4 * level[i - 20 : i - 3].mean())
        if loud and i - found[-1] > 150:
            found.append(i)
    return np.array(found[1:]) * 44 / SR


def test_pieces_keep_the_beat_between_steps(fitted):
    pipe, recordings = fitted
    bank, apart = pipe[-1].bank_, []
    for lapped in (True, False):
        layout = replace(bank.layout, lapped=lapped)
        pipe[-1].bank_ = replace(bank, layout=layout)
        pieces = [
            pipe.sample(x[: 5 * SR], seconds=20, random_state=i)
            for i, x in enumerate(recordings)
        ]
        beats = np.concatenate([np.diff(strokes(x)) for x in pieces])
        beats = beats[np.abs(beats - BEAT) < 0.2 * BEAT]
        assert len(beats) > 80
        apart.append(beats.std())
    pipe[-1].bank_ = bank
    assert apart[0] < 0.7 * apart[1]
