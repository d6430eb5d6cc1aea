"""Onsets: how much begins at each step, in ranges of bands."""

import numpy as np

# Ranges of bands whose flux tells how much happens.
N_RANGES = 4


def spectral_flux(features, tokenizer):
    """Mean rise of the levels of each range of bands up to each step.

    Parameters
    ----------
    features : ndarray of shape (n_steps, n_features)
        Of one recording.
    tokenizer : skmusic.features.tokenizer.Tokenizer
        That made them.

    Returns
    -------
    ndarray of shape (n_steps, N_RANGES)
        In levels, from 0.
    """
    levels = tokenizer.levels(features)
    rise = np.maximum(np.diff(levels, axis=0, prepend=levels[:1]), 0)
    parts = np.array_split(rise, N_RANGES, axis=1)
    return np.stack([p.sum(axis=1) / max(p.shape[1], 1) for p in parts], axis=1)


def onset_strength(flux):
    """Mean flux up to each step ``(n_steps,)``, smoothed over three."""
    return np.convolve(flux.mean(axis=1), [0.25, 0.5, 0.25])[:-2]
