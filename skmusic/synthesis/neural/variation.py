"""Recordings as each pass of training hears them: other keys, other tempi.

So few songs would soon be known by heart, and their patterns would be foreign to each
other.
"""

import numpy as np

from skmusic.features.transposition import transposing
from skmusic.synthesis.neural.context import inputs_of

# Semitones that a recording is moved by at most, and logarithm of the factor that it is
# stretched by at most.
_SEMITONES, _STRETCH = 3, 0.1
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
        None of plain numbers, which have neither key nor tempo.

    Returns
    -------
    callable
        Takes the index of a recording, how many patches of it are learned, and a
        `numpy.random.Generator`, None for the recording as it is; returns inputs and
        targets of the network.
    """
    maps = {}
    if vocoder is not None:
        moves = [k for k in range(-_SEMITONES, _SEMITONES + 1) if k]
        maps = {k: transposing(vocoder.middles, k) for k in moves}

    def varied(x, found, rng):
        if vocoder is not None:
            x = transposed(x, maps.get(int(rng.integers(-_SEMITONES, _SEMITONES + 1))))
            factor = float(np.exp(rng.uniform(-_STRETCH, _STRETCH)))
            longer, skipped = stretched(x, factor), int(rng.integers(code.n_steps))
            # Of a recording of hardly a patch nothing can be left out.
            if len(longer) >= code.n_steps + skipped:
                x, found = longer[skipped:], np.rint(found * factor).astype(int)
        return x, found * (rng.random() >= _WITHOUT_LAGS)

    def version(i, n_patches, rng=None):
        x, found = recordings[i][: n_patches * code.n_steps], lags[i]
        if rng is not None:
            x, found = varied(x, found, rng)
        return inputs_of(x, found, code)

    return version


def transposed(x, moved):
    """Steps ``(n_steps, n_numbers)`` in another key; levels are the first numbers."""
    if moved is None:
        return x
    n = len(moved)
    return np.concatenate([x[:, :n] @ moved, x[:, n:]], axis=1)


def stretched(x, factor):
    """Steps of a recording that lasts longer by a factor, by straight lines between.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.synthesis.neural.variation import stretched
    >>> stretched(np.array([[0.0], [2.0], [4.0]]), 2).ravel()
    array([0., 1., 2., 3., 4.])
    """
    at = np.arange(int((len(x) - 1) * factor) + 1) / factor
    i = np.minimum(at.astype(int), max(len(x) - 2, 0))
    share = (at - i)[:, None].astype(x.dtype)
    return x[i] * (1 - share) + x[np.minimum(i + 1, len(x) - 1)] * share
