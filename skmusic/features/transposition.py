"""Transposition: music in another key has the levels of other bands."""

import numpy as np


def band_sources(middles, semitones):
    """Bands whose levels each band has when music is played in another key.

    Parameters
    ----------
    middles : ndarray of shape (n_bands,)
        Middle of each band, in bins.
    semitones : float
        Upwards.

    Returns
    -------
    ndarray of shape (n_bands,), int
        The nearest in pitch. What lies beyond the last band is not known: the last band
        stands for it.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.features.transposition import band_sources
    >>> band_sources(2.0 ** (np.arange(6) / 12), 2)
    array([0, 0, 0, 1, 2, 3])
    """
    pitch = 12 * np.log2(np.maximum(middles, 0.5))
    far = np.abs(pitch[:, None] - semitones - pitch)
    return far.argmin(axis=1)


def transposed(x, sources):
    """Steps ``(n_steps, n_numbers)`` in another key; levels are the first numbers.

    Parameters
    ----------
    x : ndarray of shape (n_steps, n_numbers)
    sources : ndarray of shape (n_bands,), int
        The band from which each one gets its levels.

    Returns
    -------
    ndarray of shape (n_steps, n_numbers)

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.features.transposition import transposed
    >>> transposed(np.array([[1, 2, 3, 9]]), np.array([0, 0, 1])).tolist()
    [[1, 1, 2, 9]]
    """
    return np.concatenate([x[:, sources], x[:, len(sources) :]], axis=1)
