"""The novelty constraint: where a piece was lately, it does not go again.

One array over the database tells how lately each unit was heard: played, or something
that sounds as it does. To go on there costs the more the more lately that was. So a
piece neither quotes a passage on and on, nor stays in one place, nor goes in a circle.
"""

import numpy as np
from scipy.ndimage import maximum_filter1d

from skmusic.features.fingerprints import UNIT

# Nats that a unit costs that was heard just now, the steps after which it costs
# nothing, and the steps about what was heard that count as heard.
_COST, _MEMORY, _ABOUT = 90.0, 860, 22
# Steps from one fingerprint that is looked at to the next, how many make a passage, and
# the likeness at which two passages have nothing in common.
_EVERY, _PASSAGE, _UNLIKE = 3, 4, 0.3
# Multiplications that BLAS does in one thread: where the machine is busy, a short piece
# of music would wait long for the others.
_SMALL = 1 << 18


def nothing_heard(n_units):
    """How lately units were heard before a piece begins: never ``(n_units,)``."""
    return np.zeros(n_units, np.float32)


def heard(database, lately, start):
    """How lately each unit was heard, at the end of the shortest segment.

    Parameters
    ----------
    database : UnitDatabase
    lately : ndarray of shape (n_units,), float32
        The same when the segment began, from 0, long ago, to 1, now.
    start : int
        First unit of the segment.

    Returns
    -------
    ndarray of shape (n_units,), float32
        1 about what is played. About what sounds as it does, or as what follows it
        would, for a quarter of a second in step with it, the more the more alike.
    """
    n = len(lately)
    longest = min(database.longest, n)
    stop = min(start + longest + _ABOUT, int(database.ends[start]))
    looked_at = np.arange(start, stop, _EVERY)
    products = _products(database.fingerprints[looked_at], database.fingerprints)
    # In step with the segment: column x of row i is of the unit as far after x as that
    # row's fingerprint is after the segment's beginning.
    aligned = np.zeros_like(products)
    for i, row in enumerate(products):
        aligned[i, : n - _EVERY * i] = row[_EVERY * i :]
    size = min(_PASSAGE, len(aligned))
    sums = np.cumsum(aligned, axis=0)
    sums[size:] -= sums[:-size].copy()
    likeness = sums[size - 1 :].max(axis=0) / (size * UNIT**2)
    alike = np.clip((likeness - _UNLIKE) / (1 - _UNLIKE), 0, 1)
    alike[start] = 1
    # From before where such a passage begins to as far after the longest segment.
    width = 2 * _ABOUT + longest
    origin = _ABOUT + longest - width // 2
    about = maximum_filter1d(alike, width, origin=origin, mode="constant")
    return np.maximum(later(lately, database.shortest), about)


def later(lately, n_steps):
    """How lately units were heard, so many steps later."""
    return np.maximum(lately - np.float32(n_steps / _MEMORY), 0)


def novelty_cost(lately):
    """Nats that it costs to go on at units ``(n_units,)``."""
    return _COST * lately


def _products(x, y):
    """``x @ y.T`` in float32, a block of `y` after the other."""
    x, out = x.astype(np.float32), np.empty((len(x), len(y)), np.float32)
    block = max(1, _SMALL // max(x.size, 1))
    for i in range(0, len(y), block):
        out[:, i : i + block] = x @ y[i : i + block].astype(np.float32).T
    return out
