"""Chroma: how much of each pitch class sounds at each step."""

import numpy as np

# Bands that tell pitch, as shares of the highest frequency: 100 Hz to 4 kHz.
_PITCHED = 1 / 220, 2 / 11


def pitched_bands(tokenizer):
    """Bands that tell pitch, and their middles as shares of the highest frequency."""
    middle = tokenizer.middles / max(tokenizer.step, 1)
    pitched = np.flatnonzero((middle > _PITCHED[0]) & (middle < _PITCHED[1]))
    return pitched, middle[pitched]


def pitch_classes(tokenizer):
    """Share of each band in each of twelve pitch classes ``(12, n_bands)``.

    Which of them is C is not told: octaves need no sampling rate. The shares of a class
    are less those of all, so that a level common to all bands has no pitch class.
    """
    pitched, middle = pitched_bands(tokenizer)
    whole, part = np.divmod(12 * np.log2(middle), 1)
    shares = np.zeros((12, tokenizer.n_bands))
    np.add.at(shares, (whole.astype(int) % 12, pitched), 1 - part)
    np.add.at(shares, ((whole.astype(int) + 1) % 12, pitched), part)
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-9)
    return shares - shares.mean(axis=0)


def chroma(features, tokenizer):
    """Level of each pitch class at each step, of unit variance in all.

    Parameters
    ----------
    features : ndarray of shape (n_steps, n_features)
        Of one recording.
    tokenizer : skmusic.features.tokenizer.Tokenizer
        That made them.

    Returns
    -------
    ndarray of shape (n_steps, 12)
        Sums of twelve variances are one over the corpus, or zero where its
        frames are too short to tell pitch.

    References
    ----------
    M. Bartsch and G. Wakefield, "To catch a chorus: using chroma-based
    representations for audio thumbnailing", WASPAA 2001.
    """
    # Features have unit variance each, so the map itself tells the variance.
    unfolded = tokenizer.weight[:, None] ** 4 * tokenizer.components
    folded = unfolded @ pitch_classes(tokenizer).T
    return features @ (folded / (np.linalg.norm(folded) + 1e-9)).astype(np.float32)
