"""Activity: how loud music is, how sharply things begin, and how much on the beat."""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from skmusic.features.beats import onset_curve
from skmusic.spectra.frames import STEP_SECONDS

# Numbers of it, and the deviation in steps of the Gaussian that they are means over:
# two seconds.
N_ACTIVITY, _ABOUT = 3, 2 / STEP_SECONDS
# Parts of a beat that count.
_PARTS = 1, 2, 4
# Rises that are not heard.
_LEAST = 0.02
# Levels of quantiles that are kept.
_N_QUANTILES = 33


def activity(levels, beat):
    """How much happens about each step of levels ``(n_steps, n_levels)``.

    `beat` ``(n_steps,)`` are beats before each step, from `track_beats`. Returned are,
    ``(n_steps, 3)``, the mean level; the deviation upwards of what begins, as a
    logarithm; and the share of what begins that keeps to the beat, its half and its
    quarter.
    """

    def mean(x):
        return gaussian_filter1d(x, _ABOUT, mode="nearest")

    onsets = onset_curve(levels)
    more = onsets - mean(onsets)
    sharp = np.sqrt(mean(np.square(np.maximum(more, 0)))) + _LEAST
    turns = [np.exp(2j * np.pi * k * beat) for k in _PARTS]
    kept = [np.square(np.abs(mean(more * turn))) for turn in turns]
    kept = np.sqrt(sum(kept)) / sharp
    return np.stack(
        [mean(levels.mean(axis=1, dtype=float)), np.log(sharp), kept], axis=1
    )


def quantiles_of(found):
    """Quantiles ``(33, 3)`` of the activity of recordings, list of (n_steps, 3)."""
    at = np.linspace(0, 1, _N_QUANTILES)
    quantiles = np.quantile(np.concatenate(found), at, axis=0)
    # Each is beyond the one before, also where all is alike.
    return quantiles + 1e-6 * at[:, None]


def level_of(rank, quantiles):
    """Mean level of a rank of it, from 0 to 1; see `ranked`."""
    return np.interp(rank, np.linspace(0, 1, len(quantiles)), quantiles[:, 0])


def ranked(x, quantiles):
    """Activity ``(n_steps, 3)`` as ranks, 0 to 1, among what the quantiles are of."""
    at = np.linspace(0, 1, len(quantiles))
    columns = zip(x.T, quantiles.T, strict=True)
    return np.stack([np.interp(each, known, at) for each, known in columns], axis=1)
