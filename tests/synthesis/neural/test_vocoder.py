from dataclasses import replace

import numpy as np
import pytest

from skmusic.features.constantq import analysis_spectra
from skmusic.features.tokenizer import fit_tokenizer, step_bands
from skmusic.synthesis.neural.panning import panning_of
from skmusic.synthesis.neural.vocoder import (
    WARM_UP,
    bin_energies,
    fit_panning,
    push,
    silence,
)

SR = 11025
# How near the levels of bands come to those wanted, in dB, of the middle band.
NEAR_DB = 1.0


def learn(x, step):
    """Tokenizer, panning, and features of a waveform."""
    x = np.asarray(x, np.float32)
    bands = step_bands(x, step)
    tokenizer = fit_tokenizer([bands], step, None, 8, np.random.RandomState(0))
    features = tokenizer.reduced(bands)
    return (
        tokenizer,
        fit_panning([x[: len(bands) * step]], [features], tokenizer),
        features,
    )


def again(tokenizer, panning, features):
    """Waveform that features are made to sound as."""
    state = silence(tokenizer, panning, features[0])
    for each in [features[0]] * WARM_UP + [*features, features[-1]]:
        state = push(state, each, tokenizer, panning)
    return state.samples


@pytest.fixture(scope="module", params=[256, 441, 185])
def sounding(request, songs):
    x = songs.recordings[0][: 10 * SR]
    tokenizer, panning, features = learn(x, request.param)
    return x, tokenizer, panning, features, again(tokenizer, panning, features)


def test_features_that_sound_have_the_levels_they_stand_for(sounding):
    x, tokenizer, _, features, made = sounding
    assert made.dtype == np.float32
    assert len(made) == len(features) * tokenizer.step
    found, wanted = (step_bands(y, tokenizer.step).sum(axis=0) for y in (made, x))
    off = 10 * np.log10(found / wanted)
    loud = wanted > 1e-5 * wanted.max()
    assert abs(np.median(off[loud])) < NEAR_DB
    assert np.mean(np.abs(off[loud]) < 4) > 0.8


def test_features_that_sound_are_heard_as_what_they_were(sounding):
    _, tokenizer, _, features, made = sounding
    after = tokenizer.features(made)
    before, after = (y[20:-5] * tokenizer.weight for y in (features, after))
    error = np.square(before - after).sum(axis=1).mean()
    other = np.square(before - np.roll(after, 40, axis=0)).sum(axis=1).mean()
    assert error < 0.4 * other


def test_no_sample_is_beyond_the_loudest(sounding):
    _, tokenizer, panning, features, _ = sounding
    soft = replace(panning, loudest=panning.loudest / 10)
    assert np.abs(again(tokenizer, soft, features)).max() <= soft.loudest * 1.001


def test_a_step_changes_no_state_and_is_no_chance(sounding):
    _, tokenizer, panning, features, made = sounding
    state = silence(tokenizer, panning, features[0])
    for each in features[:9]:
        state = push(state, each, tokenizer, panning)
    for x in vars(state).values():
        if isinstance(x, np.ndarray):
            x.flags.writeable = False
    first, second = (push(state, features[9], tokenizer, panning) for _ in range(2))
    np.testing.assert_equal(vars(first), vars(second))
    # Whoever takes the samples out gets the same ones, part by part.
    state, parts = silence(tokenizer, panning, features[0]), []
    for each in [features[0]] * WARM_UP + [*features[:30]]:
        state = push(state, each, tokenizer, panning)
        parts.append(state.samples)
        state = replace(state, samples=state.samples[:0])
    parts = np.concatenate(parts)
    np.testing.assert_array_equal(parts, made[: len(parts)])


def test_channels_keep_their_place():
    t = np.arange(8 * SR) / SR
    left, right = np.sin(2 * np.pi * 300 * t), np.sin(2 * np.pi * 2500 * t)
    slow = 0.6 + 0.4 * np.sin(2 * np.pi * 0.5 * t)
    x = np.stack([slow * left + 0.1 * right, 0.1 * left + slow * right], axis=1)
    tokenizer, panning, features = learn(x, 256)
    made = again(tokenizer, panning, features)
    # Of some bands there is nothing in the recording.
    for place, channel in ((5, 0), (10, 1)):
        shares = [panning_of(analysis_spectra(y, 256))[0] for y in (x, made)]
        real, found = (np.exp(s[20:-20, channel, place]).mean() for s in shares)
        assert real > 0.6
        assert found == pytest.approx(real, abs=0.15)


def test_alike_channels_are_alike_and_others_are_not():
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal((2, 4 * SR, 1))
    for x, low, high in (([one, one], 0.95, 1), ([one, other], -0.5, 0.5)):
        made = again(*learn(np.hstack(x), 256))
        assert low <= np.corrcoef(made.T)[0, 1] <= high


@pytest.mark.parametrize("n_channels", [1, 3])
@pytest.mark.parametrize("step", [2, 3, 7])
def test_small_steps_and_other_channels(step, n_channels):
    x = np.random.default_rng(0).standard_normal((60 * step, n_channels))
    tokenizer, panning, features = learn(x, step)
    made = again(tokenizer, panning, features)
    assert made.shape == (60 * step, n_channels)
    assert np.isfinite(made).all()
    assert (bin_energies(features, tokenizer) > 0).all()


@pytest.mark.parametrize("n_steps", [1, 2, 30])
def test_silence_sounds_silent(n_steps):
    tokenizer, panning, features = learn(np.zeros((n_steps * 64, 2)), 64)
    assert np.abs(again(tokenizer, panning, features)).max() < 1e-4
