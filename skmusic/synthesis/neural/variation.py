"""Recordings as each pass of training hears them: in other keys, cut elsewhere.

So few songs would soon be known by heart, and their patterns would be foreign to each
other. No number is averaged with another: between steps or between bands that dulls
attacks, and the network would learn dull ones.
"""

import numpy as np

from skmusic.features.transposition import transposing
from skmusic.synthesis.neural.context import inputs_of

# Semitones that a recording is moved by at most.
_SEMITONES = 3
# Share of the passes in which a recording is heard without lags, as forecasts are.
_WITHOUT_LAGS = 0.2


def variation(recordings, lags, code, vocoder):
    """What gives a recording anew in each pass.

    Parameters
    ----------
    recordings : list of ndarray of shape (n_steps, n_numbers)
    lags : ndarray of shape (n_recordings, 2), int
    code : PatchCode
    vocoder : Vocoder or None
        None of plain numbers, which have no key.

    Returns
    -------
    callable
        Takes the index of a recording, how many patches of it are learned, and a
        `numpy.random.Generator`, None for the recording as it is; returns inputs and
        targets of the network.
    """
    sources = {}
    if vocoder is not None:
        for k in range(-_SEMITONES, _SEMITONES + 1):
            sources[k] = transposing(vocoder.middles, k).argmax(axis=0)

    def varied(x, found, rng):
        if vocoder is not None:
            x = transposed(x, sources[int(rng.integers(-_SEMITONES, _SEMITONES + 1))])
            skipped = int(rng.integers(code.n_steps))
            # Of a recording of hardly a patch nothing can be left out.
            if len(x) >= code.n_steps + skipped:
                x = x[skipped:]
        return x, found * (rng.random() >= _WITHOUT_LAGS)

    def version(i, n_patches, rng=None):
        x, found = recordings[i][: n_patches * code.n_steps], lags[i]
        if rng is not None:
            x, found = varied(x, found, rng)
        return inputs_of(x, found, code)

    return version


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
    >>> from skmusic.synthesis.neural.variation import transposed
    >>> transposed(np.array([[1, 2, 3, 9]]), np.array([0, 0, 1])).tolist()
    [[1, 1, 2, 9]]
    """
    return np.concatenate([x[:, sources], x[:, len(sources) :]], axis=1)
