import numpy as np
import pytest

from skmusic.features.chroma import chroma, pitch_classes, pitched_bands
from skmusic.features.tokenizer import fit_tokenizer, step_bands


def tones(hz, sr):
    """Half a second of each."""
    t = np.arange(sr // 2) / sr
    return np.concatenate([np.sin(2 * np.pi * f * t) for f in hz])[:, None]


@pytest.mark.parametrize(("sr", "step"), [(11025, 256), (22050, 441), (44100, 1024)])
def test_octaves_are_of_one_class_and_semitones_turn_the_classes(sr, step):
    everything = tones(440 * 2 ** (np.arange(-24.0, 25) / 12), sr)
    bands = step_bands(everything, step)
    tokenizer = fit_tokenizer([bands], step, 2, 2, np.random.RandomState(0))

    def heard(semitones, octaves):
        x = tones([440 * 2 ** (semitones / 12 + k) for k in octaves], sr)
        return chroma(tokenizer.features(x), tokenizer).mean(axis=0)

    low, high = heard(0, [0]), heard(0, [1])
    assert low @ high > 0.7 * np.linalg.norm(low) * np.linalg.norm(high)
    for k in range(1, 12):
        moved = heard(k, [0, 1])
        turned = [np.roll(heard(0, [0, 1]), turn) @ moved for turn in range(12)]
        # Low semitones are as wide as bins: a neighbour may be as near.
        assert (np.argmax(turned) - k) % 12 in (0, 1, 11)


def test_pitch_is_told_between_100_hz_and_4_khz(learned):
    tokenizer, _ = learned
    bands, hz = pitched_bands(tokenizer)
    assert 100 < hz.min() < 130
    assert 3600 < hz.max() < 4000
    # The middle of a band is that of its bins, of 11025 Hz and windows of 512.
    np.testing.assert_allclose(hz, tokenizer.middles[bands] * 11025 / 512, rtol=1e-6)


def test_what_is_common_to_all_bands_has_no_class(learned):
    bands, _ = pitched_bands(learned[0])
    shares = pitch_classes(learned[0])
    assert not shares[:, np.setdiff1d(np.arange(shares.shape[1]), bands)].any()
    np.testing.assert_allclose(shares.sum(axis=0), 0, atol=1e-12)


def test_variances_add_up_to_one(learned):
    tokenizer, features = learned
    found = chroma(np.concatenate(features), tokenizer)
    assert found.var(axis=0).sum() == pytest.approx(1, abs=0.02)


def test_plain_numbers_have_no_pitch():
    x = np.random.default_rng(0).standard_normal((50, 6)).astype(np.float32)
    tokenizer = fit_tokenizer([x], 0, 2, 2, np.random.RandomState(0))
    assert not chroma(tokenizer.features(x), tokenizer).any()
