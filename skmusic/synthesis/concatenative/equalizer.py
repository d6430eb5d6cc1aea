"""Spectral match: a piece sounds as bright and as loud as its seed, or its style.

Recordings are mastered each in its own way. A matching equaliser between the seed and
the units in its style changes twelve ranges of pitch, the same for all of the piece.

References
----------
Z. Ma, J. Reiss and D. Black, "Implementation of an intelligent equalization tool using
Yule-Walker for music mixing and mastering", AES 134 (2013).
"""

import numpy as np

from skmusic.features.constantq import to_energies
from skmusic.features.levels import FLOOR_DB, range_bands, range_energies, range_shares

# Decibels by which a range is changed at most, the share of the difference that is made
# up for, and the steps that were heard where half of that is believed.
_MOST, _SHARE, _HALF_SURE = 10.0, 0.7, 22


def spectral_match(heard, own, tokenizer):
    """Decibels by which a piece is changed to sound as what was heard before it.

    Parameters
    ----------
    heard : ndarray of shape (n_steps, n_features)
        Features of what was heard.
    own : ndarray of shape (n_features,)
        Mean features of what the piece is made of.
    tokenizer : skmusic.features.tokenizer.Tokenizer
        That made them.

    Returns
    -------
    ndarray of shape (n_ranges,), float32
        From -10 to 10; the less was heard, the less.
    """
    step = tokenizer.step
    if not step or not len(heard):
        return np.zeros(len(range_bands(step)), np.float32)
    levels = tokenizer.levels(np.stack([heard.mean(axis=0), own]))
    energies = range_energies(to_energies(levels), step)
    energies += 10 ** (FLOOR_DB / 10) * energies.max() + 1e-30
    apart = 10 * np.log10(energies[0] / energies[1])
    sure = len(heard) / (len(heard) + _HALF_SURE)
    return np.clip(_SHARE * sure * apart, -_MOST, _MOST).astype(np.float32)


def equalized(frames, decibels, format):
    """Frames, louder or softer in each range of pitch.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_dims)
        Spectra.
    decibels : ndarray of shape (n_ranges,)
        From `spectral_match`.
    format : FrameFormat or None
        Of the frames; plain numbers are left as they are.

    Returns
    -------
    ndarray of shape (n_frames, n_dims)
    """
    if format is None or not decibels.any():
        return frames
    gain = 10 ** (decibels @ range_shares(format.step) / 20)
    # Bins of the frames on the scale of the analysis, whose windows are two steps long.
    bins = np.arange(format.N // 2 + 1) * (2 * format.step / format.N)
    gain = np.interp(bins, np.arange(len(gain)), gain).astype(np.float32)
    if format.both_halves:
        gain = np.concatenate([gain, gain[-2:0:-1]])
    return frames * np.tile(gain, 2 * format.n_channels)
