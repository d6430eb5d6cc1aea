"""Laws of music in another key."""

import numpy as np
import pytest

from skmusic.features.constantq import band_middles, step_bands, to_levels
from skmusic.features.transposition import band_sources

SR, STEP = 44100, 1024
MIDDLES = band_middles(STEP + 1)
PITCHES = np.random.default_rng(0).integers(-12, 25, 60)


def levels(pitches):
    """Of short tones with overtones, one after the other."""
    t = np.arange(SR // 4) / SR
    waves = [
        sum(
            np.sin(2 * np.pi * 440 * 2 ** (p / 12) * k * t + k) / k
            for k in (1, 2, 3, 4, 5)
        )
        for p in pitches
    ]
    bands = step_bands(np.concatenate(waves)[:, None], STEP)
    return to_levels(bands, bands.max())


@pytest.mark.parametrize("semitones", [-5, -1, 2, 5])
def test_moved_levels_are_those_of_transposed_music(semitones):
    music, wanted = levels(PITCHES), levels(PITCHES + semitones)

    def distance(x):
        return np.square(x - wanted).sum(axis=1).mean()

    moved = distance(music[:, band_sources(MIDDLES, semitones)])
    assert moved < 0.4 * distance(music)
    # The other way is farther off.
    assert moved < 0.3 * distance(music[:, band_sources(MIDDLES, -semitones)])


@pytest.mark.parametrize("n_bins", [1, 2, 3, 40, 1025, 2064])
@pytest.mark.parametrize("semitones", [-40, -5, -1, 0, 0.5, 3, 40])
def test_each_band_has_the_levels_of_the_nearest_one_in_pitch(n_bins, semitones):
    middles = band_middles(n_bins)
    sources = band_sources(middles, semitones)
    assert sources.shape == middles.shape
    assert 0 <= sources.min() <= sources.max() < len(middles)
    assert (np.diff(sources) >= 0).all()
    # What is meant to be where no band is has the levels of the last one.
    pitch = 12 * np.log2(np.maximum(middles, 0.5))
    meant = np.clip(pitch - semitones, pitch[0], pitch[-1])
    widest = np.diff(pitch).max(initial=0)
    assert (np.abs(pitch[sources] - meant) <= widest / 2 + 1e-9).all()
