"""Chroma: how much of each pitch class sounds at each step."""

import numpy as np

from skmusic.spectra.frames import STEP_SECONDS

# Between these frequencies in Hz bands tell pitch.
_PITCHED = 100, 4000
# Frequency in Hz of the first bin of a window of two steps: steps are about as long
# whatever the sampling rate is.
_BIN_HZ = 1 / (2 * STEP_SECONDS)


def pitched_bands(tokenizer):
    """Bands that tell pitch ``(n_pitched,)``, and their middles in Hz ``(n_pitched,)``.

    Of plain numbers none does.
    """
    hz = tokenizer.middles * _BIN_HZ
    pitched = np.flatnonzero((hz > _PITCHED[0]) & (hz < _PITCHED[1]))
    return pitched, hz[pitched]


def pitch_classes(tokenizer):
    """Share of each band in each of twelve pitch classes ``(12, n_bands)``.

    The first class is not C: only likeness counts, so any tuning will do. The shares of
    a class are less those of all, so that a level common to all bands has none.
    """
    pitched, hz = pitched_bands(tokenizer)
    # A band between two classes counts for both, the nearer the more.
    whole, part = np.divmod(12 * np.log2(hz), 1)
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
