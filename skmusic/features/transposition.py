"""Transposition: a recording heard in other keys, for training.

Tokens of one song are foreign to the next one in another key. So each pass over the
recordings hears each of them a few semitones higher or lower. Bands are moved along
the scale of pitch, which is a linear map of levels.
"""

import numpy as np

# Semitones that a recording is moved by at most.
MOST = 5


def transposing(middles, semitones):
    """Linear map of levels to those of the same music in another key.

    Parameters
    ----------
    middles : ndarray of shape (n_bands,)
        Middle of each band, in bins.
    semitones : float
        Upwards.

    Returns
    -------
    ndarray of shape (n_bands, n_bands), float32
        ``levels @ moved`` are those in the other key.
    """
    pitch = 12 * np.log2(np.maximum(middles, 0.5))
    # What lies beyond the last band is not known: the last band stands for it.
    source = np.clip(pitch - semitones, pitch[0], pitch[-1])
    moved = [np.interp(source, pitch, one) for one in np.eye(len(pitch))]
    return np.array(moved, np.float32)


def transposing_features(tokenizer, semitones):
    """The same of features: ``features @ A + b`` are those in the other key.

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
    """
    moved = transposing(tokenizer.middles, semitones)
    # Features to levels, levels moved along pitch, and back to features.
    unfolded = tokenizer.weight[:, None] ** 4 * tokenizer.components
    A = unfolded @ moved @ tokenizer.components.T
    b = (tokenizer.mean @ moved - tokenizer.mean) @ tokenizer.components.T
    return A.astype(np.float32), b.astype(np.float32)


def transposed(sequences, tokenizer):
    """What puts sequences of training into another key.

    Parameters
    ----------
    sequences : list of (x, y)
        Inputs and targets of recordings, see `skmusic.synthesis.concatenative.tokens`.
    tokenizer : skmusic.features.tokenizer.Tokenizer
        That makes features and tokens.

    Returns
    -------
    callable
        Takes the index of a recording, how many of its steps are learned, and a
        `numpy.random.Generator`, which draws the key; returns inputs and targets.
    """
    moves = (k for k in range(-MOST, MOST + 1) if k)
    maps = {k: transposing_features(tokenizer, k) for k in moves}

    def version(i, n_steps, rng):
        x, y = (part[:n_steps] for part in sequences[i])
        semitones = int(rng.integers(-MOST, MOST + 1))
        if not semitones or len(x) < 2:
            return x, y
        A, b = maps[semitones]
        # The first input is that of silence; the features of the last step are no
        # input, so the token of the last step is not known.
        moved = x[1:] @ A + b
        return np.concatenate([x[:1], moved[:-1]]), tokenizer.tokens(moved)

    return version
