import numpy as np
import pytest

from skmusic.features.tokenizer import fit_tokenizer, step_bands
from skmusic.features.transposition import MOST, transposed, transposing
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

    A, b = transposing(tokenizer, semitones)
    moved = music @ A + b
    assert distance(moved) < 0.3 * distance(music)
    # The other way is farther off.
    A, b = transposing(tokenizer, -semitones)
    assert distance(moved) < 0.3 * distance(music @ A + b)


def test_no_semitones_change_nothing(tokenizer, music):
    A, b = transposing(tokenizer, 0)
    np.testing.assert_allclose(music @ A + b, music, atol=0.02)


def test_versions_are_sequences_of_training(tokenizer, music):
    x, y = teacher_forcing_input(music), tokenizer.tokens(music)
    version, seen = transposed(tokenizer), set()
    for seed in range(60):
        moved, tokens = version(x, y, np.random.default_rng(seed))
        again = version(x, y, np.random.default_rng(seed))
        np.testing.assert_array_equal(moved, again[0])
        np.testing.assert_array_equal(tokens, again[1])
        assert len(x) - 1 <= len(moved) == len(tokens) <= len(x)
        assert not moved[0].any()
        # Each target is the token of what is heard next.
        np.testing.assert_array_equal(tokens[:-1], tokenizer.tokens(moved[1:]))
        seen.add(moved[1:5].tobytes())
    assert len(seen) == 2 * MOST + 1


@pytest.mark.parametrize("n", [0, 1])
def test_next_to_nothing_is_left_as_it_is(tokenizer, n):
    x, y = np.zeros((n, 3), np.float32), np.zeros(n, np.int32)
    for seed in range(5):
        moved, tokens = transposed(tokenizer)(x, y, np.random.default_rng(seed))
        assert moved is x
        assert tokens is y
