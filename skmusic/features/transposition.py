"""Transposition: a recording heard in other keys, for training.

Tokens of one song are foreign to the next one in another key. So each pass over the
recordings hears each of them a few semitones higher or lower. This is done to the
features: bands are moved along the scale of pitch, which is a linear map of the levels
that features stand for.
"""

import numpy as np

# Semitones that a recording is moved by at most.
MOST = 5


def transposing(tokenizer, semitones):
    """Linear map of features to those of the same music in another key.

    Parameters
    ----------
    tokenizer : skmusic.features.tokenizer.Tokenizer
        That makes the features.
    semitones : float
        Upwards.

    Returns
    -------
    A : ndarray of shape (n_features, n_features), float32
    b : ndarray of shape (n_features,), float32
        ``features @ A + b`` are those in the other key.
    """
    pitch = 12 * np.log2(np.maximum(tokenizer.middles, 0.5))
    # What lies beyond the last band is not known: the last band stands for it.
    source = np.clip(pitch - semitones, pitch[0], pitch[-1])
    moved = np.array([np.interp(source, pitch, one) for one in np.eye(len(pitch))])
    # Features to levels, levels moved along pitch, and back to features.
    unfolded = tokenizer.weight[:, None] ** 4 * tokenizer.components
    A = unfolded @ moved @ tokenizer.components.T
    b = (tokenizer.mean @ moved - tokenizer.mean) @ tokenizer.components.T
    return A.astype(np.float32), b.astype(np.float32)


def transposed(tokenizer):
    """What puts a sequence of training into another key.

    Parameters
    ----------
    tokenizer : skmusic.features.tokenizer.Tokenizer
        That makes features and tokens.

    Returns
    -------
    callable
        Takes inputs and targets of a recording, see `skmusic.synthesis.tokens`, and a
        `numpy.random.Generator`, which draws the key; returns inputs and targets.
    """
    maps = {k: transposing(tokenizer, k) for k in range(-MOST, MOST + 1) if k}

    def version(x, y, rng):
        semitones = int(rng.integers(-MOST, MOST + 1))
        if not semitones or len(x) < 2:
            return x, y
        A, b = maps[semitones]
        # The first input is that of silence; the features of the last step are no
        # input, so the token of the last step is not known.
        moved = x[1:] @ A + b
        return np.concatenate([x[:1], moved[:-1]]), tokenizer.tokens(moved)

    return version
