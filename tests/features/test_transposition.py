import numpy as np
import pytest

from skmusic import FFTFeaturizer
from skmusic.features.constantq import band_edges, band_energies
from skmusic.features.tokenizer import fit_codebook
from skmusic.features.transposition import MOST, transposed, transposing
from skmusic.spectra.frames import find_layout

SR = 44100
PITCHES = np.random.default_rng(0).integers(-12, 25, 60)


def tones(pitches):
    """Energies of short tones with overtones, one after the other."""
    t = np.arange(SR // 4) / SR
    waves = [
        sum(
            np.sin(2 * np.pi * 440 * 2 ** (p / 12) * k * t + k) / k
            for k in (1, 2, 3, 4, 5)
        )
        for p in pitches
    ]
    wave = np.tile(np.concatenate(waves)[:, None], 2)
    frames = FFTFeaturizer(N=2048).fit_transform([wave])[0]
    layout = find_layout([frames])
    edges = band_edges(layout.n_bins * layout.frames_per_step)
    return band_energies(frames, layout, edges), layout


@pytest.fixture(scope="module")
def codebook():
    energies, layout = tones(PITCHES)
    rng = np.random.RandomState(0)
    return fit_codebook([energies], layout, None, 32, rng)


def heard(codebook, pitches):
    return codebook.reduced(tones(pitches)[0])


@pytest.mark.parametrize("semitones", [-5, -2, -1, 1, 3, 5])
def test_transposed_features_are_those_of_transposed_music(codebook, semitones):
    music = heard(codebook, PITCHES)
    A, b = transposing(codebook, semitones)
    moved, wanted = music @ A + b, heard(codebook, PITCHES + semitones)

    def distance(x):
        return np.square((x - wanted) * codebook.weight).sum(axis=1).mean()

    assert distance(moved) < 0.3 * distance(music)
    # The other way is farther off.
    A, b = transposing(codebook, -semitones)
    assert distance(moved) < 0.3 * distance(music @ A + b)


def test_no_semitones_change_nothing(codebook):
    music = heard(codebook, PITCHES)
    A, b = transposing(codebook, 0)
    np.testing.assert_allclose(music @ A + b, music, atol=0.02)


def test_versions_are_sequences_of_training(codebook):
    features = heard(codebook, PITCHES)
    x = np.concatenate([np.zeros_like(features[:1]), features[:-1]])
    y = codebook.tokens(features)
    version, seen = transposed(codebook), set()
    for seed in range(60):
        moved, tokens = version(x, y, np.random.default_rng(seed))
        again = version(x, y, np.random.default_rng(seed))
        np.testing.assert_array_equal(moved, again[0])
        np.testing.assert_array_equal(tokens, again[1])
        assert len(x) - 1 <= len(moved) == len(tokens) <= len(x)
        assert not moved[0].any()
        # Each target is the token of what is heard next.
        np.testing.assert_array_equal(tokens[:-1], codebook.tokens(moved[1:]))
        seen.add(moved[1:5].tobytes())
    assert len(seen) == 2 * MOST + 1


@pytest.mark.parametrize("n", [0, 1])
def test_next_to_nothing_is_left_as_it_is(codebook, n):
    x, y = np.zeros((n, 3), np.float32), np.zeros(n, np.int32)
    for seed in range(5):
        moved, tokens = transposed(codebook)(x, y, np.random.default_rng(seed))
        assert moved is x
        assert tokens is y
