from dataclasses import replace

import numpy as np
import pytest

from skmusic.features.constantq import step_bands
from skmusic.synthesis.neural.noise import N_CLEAR
from skmusic.synthesis.neural.panning import N_PLACES
from skmusic.synthesis.neural.vocoder import (
    WARM_UP,
    fit_vocoder,
    push,
    silence,
    sounded,
)

SR = 11025
# How near the levels of bands come to those wanted, in dB, of the middle band.
NEAR_DB = 1.0


def learn(x, step):
    """Vocoder and parameters of a waveform."""
    x = np.asarray(x, np.float32)
    vocoder = fit_vocoder([x], step)
    return vocoder, vocoder.analyse(x)


def noise(n_samples, n_channels, seed=0):
    return np.random.default_rng(seed).standard_normal((n_samples, n_channels))


@pytest.fixture(scope="module", params=[256, 441, 185])
def sounding(request, songs):
    x = songs.recordings[0][: 10 * SR]
    vocoder, parameters = learn(x, request.param)
    return x, vocoder, parameters, sounded(parameters, vocoder)


def test_parameters_that_sound_have_the_levels_they_stand_for(sounding):
    x, vocoder, parameters, made = sounding
    assert made.dtype == np.float32
    assert len(made) == len(parameters) * vocoder.step
    found, wanted = (step_bands(y, vocoder.step).sum(axis=0) for y in (made, x))
    off = 10 * np.log10(found / wanted)
    loud = wanted > 1e-5 * wanted.max()
    assert abs(np.median(off[loud])) < NEAR_DB
    assert np.mean(np.abs(off[loud]) < 4) > 0.8


def test_parameters_that_sound_are_heard_as_what_they_were(sounding):
    _, vocoder, before, made = sounding
    before, after = (p[20:-5] for p in (before, vocoder.analyse(made)))
    error = np.square(before - after).sum(axis=1).mean()
    other = np.square(before - np.roll(after, 40, axis=0)).sum(axis=1).mean()
    assert error < 0.4 * other


def test_no_sample_is_beyond_the_loudest(sounding):
    _, vocoder, parameters, _ = sounding
    soft = replace(vocoder, loudest=vocoder.loudest / 10)
    assert np.abs(sounded(parameters, soft)).max() <= soft.loudest * 1.001


def test_a_push_changes_no_state_and_is_no_chance(sounding):
    _, vocoder, parameters, _ = sounding
    state = push(silence(vocoder, parameters[0]), parameters[:9], vocoder)
    for x in vars(state).values():
        if isinstance(x, np.ndarray):
            x.flags.writeable = False
    first, second = (push(state, parameters[9], vocoder) for _ in range(2))
    np.testing.assert_equal(vars(first), vars(second))


def test_steps_one_by_one_are_steps_at_once(sounding):
    _, vocoder, parameters, made = sounding
    state, parts = silence(vocoder, parameters[0]), []
    # Whoever takes the samples out gets the same ones, part by part.
    for part in [*[parameters[0]] * WARM_UP, *parameters[:30], parameters[30:70]]:
        state = push(state, part, vocoder)
        parts.append(state.samples)
        state = replace(state, samples=state.samples[:0])
    parts = np.concatenate(parts)
    assert len(parts) == 69 * vocoder.step
    # To the bit: so a stream is what is made at once.
    np.testing.assert_array_equal(parts, made[: len(parts)])


def test_chunks_have_the_parameters_of_the_whole(sounding):
    x, vocoder, parameters, _ = sounding
    cut = 17 * vocoder.step
    rest = vocoder.analyse(x[cut:], x[cut - vocoder.step : cut])
    found = np.concatenate([vocoder.analyse(x[:cut]), rest])
    np.testing.assert_allclose(found, parameters, atol=1e-3)
    assert vocoder.analyse(x[: vocoder.step - 1]).shape == (0, vocoder.n_parameters)


def test_higher_levels_are_louder(sounding):
    _, vocoder, parameters, made = sounding
    soft, softer = parameters.copy(), parameters.copy()
    soft[:, : vocoder.n_bands] -= 3
    softer[:, : vocoder.n_bands] -= 6
    energies = [np.square(sounded(p, vocoder)).sum() for p in (softer, soft)]
    assert energies[0] < energies[1] < np.square(made).sum()


def test_channels_keep_their_place():
    t = np.arange(8 * SR) / SR
    left, right = np.sin(2 * np.pi * 300 * t), np.sin(2 * np.pi * 2500 * t)
    slow = 0.6 + 0.4 * np.sin(2 * np.pi * 0.5 * t)
    x = np.stack([slow * left + 0.1 * right, 0.1 * left + slow * right], axis=1)
    vocoder, real = learn(x, 256)
    found = vocoder.analyse(sounded(real, vocoder))
    for place, sign in ((5, 1), (9, -1)):
        level = vocoder.n_bands + place
        assert sign * real[20:-20, level].mean() > 8
        assert np.abs(found - real)[20:-20, level].mean() < 2


@pytest.mark.parametrize("n_channels", [2, 6])
def test_alike_channels_are_alike_and_others_are_not(n_channels):
    x = noise(2 * SR, n_channels)
    for y, low, high in ((x[:, :1] + 0 * x, 0.95, 1), (x, -0.3, 0.3)):
        vocoder, parameters = learn(y, 256)
        made = sounded(parameters, vocoder)
        assert low <= np.corrcoef(made[:, 0], made[:, -1])[0, 1] <= high
        assert (
            low
            <= parameters[:, -N_CLEAR - N_PLACES : -N_CLEAR].mean() / 10
            <= high + 0.01
        )


@pytest.mark.parametrize("n_channels", [1, 2, 3, 64])
@pytest.mark.parametrize("step", [1, 2, 3, 7])
def test_small_steps_and_other_channels(step, n_channels):
    vocoder, parameters = learn(noise(60 * step, n_channels), step)
    made = sounded(parameters, vocoder)
    assert parameters.shape == (60, vocoder.n_parameters)
    assert made.shape == (60 * step, n_channels)
    assert np.isfinite(made).all()
    assert all(holds for holds, _ in vocoder.laws())


@pytest.mark.parametrize("scale", [1e2, 1e6, 3e38])
@pytest.mark.parametrize("n_channels", [1, 2, 6])
def test_any_finite_parameters_sound(n_channels, scale):
    vocoder, parameters = learn(noise(60 * 64, n_channels), 64)
    rng = np.random.default_rng(0)
    wild = (scale * rng.uniform(-1, 1, parameters.shape)).astype(np.float32)
    made = sounded(wild, vocoder)
    assert np.isfinite(made).all()
    assert np.abs(made).max() <= vocoder.loudest * 1.001


@pytest.mark.parametrize("n_steps", [1, 2, 30])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_silence_sounds_silent(n_steps, n_channels):
    vocoder, parameters = learn(np.zeros((n_steps * 64, n_channels)), 64)
    assert np.abs(sounded(parameters, vocoder)).max() < 1e-4


def test_silence_of_a_corpus_that_is_not_sounds_silent():
    vocoder, _ = learn(noise(60 * 64, 2), 64)
    silent = vocoder.analyse(np.zeros((20 * 64, 2), np.float32))
    assert np.abs(sounded(silent, vocoder)).max() < 1e-4 * vocoder.loudest


def test_waveforms_shorter_than_a_step_say_nothing():
    with pytest.raises(ValueError, match="as long as a step of 64"):
        fit_vocoder([np.zeros((63, 2))], 64)
