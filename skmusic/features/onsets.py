"""Onsets: how much begins at each step, in ranges of bands."""

import numpy as np

# Ranges of bands whose rises tell how much happens.
N_RISES = 4


def rises(features, codebook):
    """Mean rise of each range of bands up to each step ``(n_steps, N_RISES)``."""
    levels = codebook.levels(features)
    rise = np.maximum(np.diff(levels, axis=0, prepend=levels[:1]), 0)
    parts = np.array_split(rise, N_RISES, axis=1)
    return np.stack([p.sum(axis=1) / max(p.shape[1], 1) for p in parts], axis=1)


def onset_strength(rises):
    """Mean rise up to each step, smoothed over three."""
    return np.convolve(rises.mean(axis=1), [0.25, 0.5, 0.25])[:-2]
