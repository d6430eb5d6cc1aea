"""Transposition: music in another key has the levels of other bands."""

import numpy as np


def band_sources(middles, semitones):
    """Bands ``(n_bands,)`` whose levels each one has so many semitones higher.

    The nearest in pitch; `middles` ``(n_bands,)`` are in bins. What lies beyond the
    last band is not known: the last band stands for it.
    """
    pitch = 12 * np.log2(np.maximum(middles, 0.5))
    far = np.abs(pitch[:, None] - semitones - pitch)
    return far.argmin(axis=1)


def transposed(x, sources):
    """Steps ``(n_steps, n_numbers)`` in another key; levels are the first numbers.

    `sources` ``(n_bands,)`` are the bands from which each one gets its levels.
    """
    return np.concatenate([x[:, sources], x[:, len(sources) :]], axis=1)
