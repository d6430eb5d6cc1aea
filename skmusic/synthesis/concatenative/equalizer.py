"""The colour of a run: it takes on the levels of what was played before it.

Two places may fit in notes and beat where one is brighter, or louder, than the other;
with two such steps a second, steady music sways. So the levels before the join, of
what was played and of what the next run follows in its own recording, are held
against one another in some ranges of pitch, and the run is played louder or softer
there. A part of this is given up with each run: in time a piece sounds as its
recordings do, or, where it goes on after other music, as that does: bright or dull,
loud or soft. This is its tone.
"""

import numpy as np

from skmusic.features.constantq import to_energies
from skmusic.features.levels import _FLOOR, _fine_bins, spread

# Steps before a join that are compared, and the fewest of them.
PAST, _FEWEST = 20, 4
# Decibels that a range is turned down and up by at most, for what is made louder has
# peaks that no recording has; and the share that a run, or a piece, takes on.
_SOFTER, _LOUDER, _SHARE = 9.0, 3.0, 0.7
# Where the levels differ now more, now less, little is made of their mean.
_DOUBT = 8.0
# Decibels by which a whole piece is changed at most, and steps that were heard where
# half of the difference is believed.
_TONE, _HALF_SURE = 10.0, 22


def colouring(played, own):
    """Decibels by which a run is changed, to go on at the levels that were played.

    Parameters
    ----------
    played, own : ndarray of shape (n_steps, n_ranges)
        Levels of the last steps that were played, and of those that the run
        follows in its recording; the last of each are compared.

    Returns
    -------
    ndarray of shape (n_ranges,), float32
        Zero where there is too little to compare.
    """
    n = min(len(played), len(own), PAST)
    if n < _FEWEST:
        return np.zeros(played.shape[1], np.float32)
    apart = played[-n:].astype(np.float32) - own[-n:]
    mean = apart.mean(axis=0)
    sure = mean**2 / (mean**2 + _DOUBT * apart.var(axis=0) + 1e-6)
    return np.clip(_SHARE * sure * mean, -_SOFTER, _LOUDER)


def tone(heard, own, codebook):
    """Decibels by which a piece is changed, to sound as what was heard before it.

    Parameters
    ----------
    heard : ndarray of shape (n_steps, n_features)
        Features of what was heard.
    own : ndarray of shape (n_features,)
        Mean features of what the piece is made of.
    codebook : skmusic.features.tokenizer.Codebook
        That made them.

    Returns
    -------
    ndarray of shape (n_ranges,), float32
        From -10 to 10, seven tenths of what lies between the two; the less was heard,
        the less.

    References
    ----------
    Z. Ma, J. Reiss and D. Black, "Implementation of an intelligent equalization tool
    using Yule-Walker for music mixing and mastering", AES 134 (2013), for matching
    the long-term spectrum of one recording to that of another.
    """
    first = _fine_bins(codebook.layout)
    if not len(first) or not len(heard):
        return np.zeros(len(first), np.float32)
    levels = codebook.levels(np.stack([heard.mean(axis=0), own]))
    widths = np.diff(codebook.edges, append=codebook.layout.n_fine_bins)
    which = np.searchsorted(first, codebook.middles, side="right") - 1
    energies = np.zeros((2, len(first)))
    np.add.at(energies, (slice(None), which), to_energies(levels) * widths)
    energies += 10 ** (_FLOOR / 10) * energies.max() + 1e-30
    apart = 10 * np.log10(energies[0] / energies[1])
    sure = len(heard) / (len(heard) + _HALF_SURE)
    return np.clip(_SHARE * sure * apart, -_TONE, _TONE).astype(np.float32)


def coloured(frames, colour, layout):
    """Frames of a run, louder or softer in each range.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_dims)
        Frames of the run.
    colour : ndarray of shape (n_ranges,)
        Decibels, from `colouring`.
    layout : skmusic.spectra.frames.Layout
        Of the frames.

    Returns
    -------
    ndarray of shape (n_frames, n_dims)
        The frames themselves where nothing is changed.
    """
    if not colour.any():
        return frames
    gain = 10 ** (colour @ spread(layout) / 20)
    n_spectra = layout.n_channels * layout.n_parts
    return frames * np.tile(gain, n_spectra)


def louder(levels, colour):
    """How many times the energy of steps of these levels is when they are coloured."""
    if not levels.shape[1]:
        return 1.0
    energies = 10 ** (levels.astype(np.float32) / 10)
    return (energies * 10 ** (colour / 10)).sum() / energies.sum()
