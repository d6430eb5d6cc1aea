import numpy as np
import pytest

from skmusic.features.tokenizer import fit_tokenizer, step_bands
from skmusic.features.transposition import (
    MOST,
    transposed,
    transposing,
    transposing_features,
)
from skmusic.network.numpy_lstm import teacher_forcing_input

SR, STEP = 44100, 1024
PITCHES = np.random.default_rng(0).integers(-12, 25, 60)


def tones(pitches):
    """Short tones with overtones, one after the other."""
    t = np.arange(SR // 4) / SR
    waves = [
        sum(
            np.sin(2 * np.pi * 440 * 2 ** (p / 12) * k * t + k) / k
            for k in (1, 2, 3, 4, 5)
        )
        for p in pitches
    ]
    return np.concatenate(waves)[:, None]


@pytest.fixture(scope="module")
def tokenizer():
    bands = step_bands(tones(PITCHES), STEP)
    return fit_tokenizer([bands], STEP, None, 32, np.random.RandomState(0))


@pytest.fixture(scope="module")
def music(tokenizer):
    return tokenizer.features(tones(PITCHES))


@pytest.mark.parametrize("semitones", [-5, -1, 2, 5])
def test_transposed_features_are_those_of_transposed_music(tokenizer, music, semitones):
    wanted = tokenizer.features(tones(PITCHES + semitones))

    def distance(x):
        return np.square((x - wanted) * tokenizer.weight).sum(axis=1).mean()

    A, b = transposing_features(tokenizer, semitones)
    moved = music @ A + b
    assert distance(moved) < 0.3 * distance(music)
    # The other way is farther off.
    A, b = transposing_features(tokenizer, -semitones)
    assert distance(moved) < 0.3 * distance(music @ A + b)


def test_no_semitones_change_nothing(tokenizer, music):
    A, b = transposing_features(tokenizer, 0)
    np.testing.assert_allclose(music @ A + b, music, atol=0.02)


def test_levels_are_moved_along_the_scale_of_pitch():
    middles = np.concatenate([[0, 1, 2], np.geomspace(4, 500, 85)])
    pitch = 12 * np.log2(np.maximum(middles, 0.5))
    levels = np.exp(-np.square(pitch - 50) / 200)
    for semitones in (-5, 0, 0.5, 3):
        moved = levels @ transposing(middles, semitones)
        wanted = np.exp(-np.square(pitch - semitones - 50) / 200)
        np.testing.assert_allclose(moved[10:-10], wanted[10:-10], atol=0.02)
    # What lies beyond the bands is as loud as the last of them.
    for semitones in (-5, 5):
        flat = np.ones_like(levels) @ transposing(middles, semitones)
        np.testing.assert_allclose(flat, 1, atol=1e-6)


def pairs(music, tokenizer):
    return teacher_forcing_input(music), tokenizer.tokens(music)


def test_versions_are_sequences_of_training(tokenizer, music):
    sequences = [pairs(music[:200], tokenizer), pairs(music[50:], tokenizer)]
    version, seen = transposed(sequences, tokenizer), set()
    for seed in range(60):
        i, n = seed % 2, 90 + seed
        moved, tokens = version(i, n, np.random.default_rng(seed))
        again = version(i, n, np.random.default_rng(seed))
        np.testing.assert_array_equal(moved, again[0])
        np.testing.assert_array_equal(tokens, again[1])
        assert n - 1 <= len(moved) == len(tokens) <= n
        assert not moved[0].any()
        # Each target is the token of what is heard next.
        np.testing.assert_array_equal(tokens[:-1], tokenizer.tokens(moved[1:]))
        seen.add(moved[1:5].tobytes())
    assert len(seen) > 2 * MOST + 1


def test_of_what_is_not_learned_nothing_is_heard(tokenizer, music):
    x, y = pairs(music, tokenizer)
    n = 100
    other = np.concatenate([x[:n], 9 + x[n:]]), np.concatenate([y[:n], 0 * y[n:]])
    one, two = (transposed([some], tokenizer) for some in ((x, y), other))
    for seed in range(9):
        a, b = (each(0, n, np.random.default_rng(seed)) for each in (one, two))
        for k in range(2):
            np.testing.assert_array_equal(a[k], b[k])


@pytest.mark.parametrize("n", [0, 1])
def test_next_to_nothing_is_left_as_it_is(tokenizer, n):
    x, y = np.zeros((n, 3), np.float32), np.zeros(n, np.int32)
    version = transposed([(x, y)], tokenizer)
    for seed in range(5):
        moved, tokens = version(0, n, np.random.default_rng(seed))
        np.testing.assert_array_equal(moved, x)
        np.testing.assert_array_equal(tokens, y)
