from itertools import pairwise

import numpy as np
import pytest
from handmade import MONO, STEREO, UNEVEN, notes

from skmusic.features.levels import range_bands, range_energies, range_levels
from skmusic.features.tokenizer import fit_tokenizer, step_bands
from skmusic.spectra.frames import FrameFormat
from skmusic.spectra.reframing import waveform
from skmusic.spectra.stft import stft
from skmusic.synthesis.concatenative.equalizer import equalized, spectral_match

BOTH = FrameFormat(N=256, hop_length=128, both_halves=True)
FORMATS = [MONO, STEREO, UNEVEN, BOTH]


def noise(format, n_steps=40):
    shape = n_steps * format.step, format.n_channels
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def ranges(x, format):
    return range_energies(step_bands(x, format.step), format.step).mean(axis=0)


@pytest.mark.parametrize("format", FORMATS)
def test_each_range_becomes_as_much_louder_as_is_asked(format):
    x = noise(format)
    frames = stft(x, *format.stft_args())
    wanted = np.linspace(-8, 8, len(range_bands(format.step))).astype(np.float32)
    made = equalized(frames, wanted, format)
    assert made.shape == frames.shape
    gain = 10 * np.log10(ranges(waveform(made, format), format) / ranges(x, format))
    # Gains go smoothly from range to range, and bins of short windows are wide.
    apart = np.abs(gain - wanted)
    assert apart[len(apart) // 2 :].max() < 2
    assert (np.diff(gain[len(gain) // 2 :]) > 0).all()


def test_both_halves_stay_mirrored():
    frames = stft(noise(BOTH), *BOTH.stft_args())
    decibels = np.linspace(-8, 8, len(range_bands(BOTH.step))).astype(np.float32)
    real = equalized(frames, decibels, BOTH).reshape(-1, 2, BOTH.N)[:, 0]
    np.testing.assert_allclose(real[:, 1:], real[:, :0:-1], rtol=1e-3, atol=1e-3)


def test_what_is_not_to_be_changed_is_left_as_it_is():
    frames = np.ones((5, MONO.n_dims), np.float32)
    nothing = np.zeros(len(range_bands(MONO.step)), np.float32)
    assert equalized(frames, nothing, MONO) is frames
    assert equalized(frames, np.empty(0, np.float32), None) is frames


def test_plain_numbers_have_no_match():
    tokenizer = fit_tokenizer([notes(50, None)], 0, 4, 4, np.random.RandomState(0))
    features = tokenizer.features(notes(50, None))
    assert spectral_match(features, features[0], tokenizer).shape == (0,)


@pytest.fixture(scope="module", params=FORMATS[:3])
def varied(request):
    """Tokenizer of noise that is now louder, now softer; and its energies."""
    format, rng = request.param, np.random.RandomState(0)
    energies = step_bands(noise(format, 400), format.step)
    energies *= 10 ** rng.uniform(-1, 1, (400, 1)).astype(np.float32)
    return fit_tokenizer([energies], format.step, 4, 4, rng), energies


@pytest.mark.parametrize("decibels", [-6, 0, 6])
def test_the_match_brings_a_piece_nearer_to_what_was_heard(varied, decibels):
    tokenizer, energies = varied
    own = tokenizer.reduced(energies).mean(axis=0)
    heard = tokenizer.reduced(energies * np.float32(10 ** (decibels / 10)))
    match = spectral_match(heard, own, tokenizer)
    assert match.shape == (len(range_bands(tokenizer.step)),)
    # Some of the difference is made up for, and no more than all of it.
    within = sorted((0, decibels))
    assert (match >= within[0] - 0.5).all()
    assert (match <= within[1] + 0.5).all()
    assert decibels == 0 or (match * decibels > 0).all()


def test_the_match_is_bounded(varied):
    tokenizer, energies = varied
    own = tokenizer.reduced(energies).mean(axis=0)
    for gain in (1e-9, 1e9):
        heard = tokenizer.reduced(energies * np.float32(gain))
        match = spectral_match(heard, own, tokenizer)
        assert (np.abs(match) <= 10).all()
        assert (np.abs(match) > 5).all()


def test_the_less_is_heard_the_less_is_made_of_it(varied):
    tokenizer, energies = varied
    own = tokenizer.reduced(energies).mean(axis=0)
    louder = tokenizer.reduced(4 * energies).mean(axis=0)
    heard = np.repeat(louder[None], 200, axis=0)
    matches = [spectral_match(heard[:n], own, tokenizer) for n in (0, 1, 20, 200)]
    assert not matches[0].any()
    for less, more in pairwise(matches):
        assert (less < more).all()


@pytest.mark.parametrize("gain", [0, 1, 1e15])
def test_levels_are_finite_and_below_the_loudest(gain):
    energies = range_energies(step_bands(gain * noise(MONO), MONO.step), MONO.step)
    levels = range_levels(energies)
    assert levels.shape == (40, len(range_bands(MONO.step)))
    assert ((levels >= -80.1) & (levels <= 0.01)).all()
