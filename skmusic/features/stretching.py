"""Steps of music that is faster or slower, in the same key.

No step is a mean of two, which would dull attacks: steps are left out or come twice.
"""

import numpy as np


def steps_at(n_steps, rate):
    """Which steps are heard where music is so many times as fast.

    Parameters
    ----------
    n_steps : int
        Of the music as it is.
    rate : float
        Above 0.

    Returns
    -------
    ndarray of int
        Numbers of steps, about ``n_steps / rate`` of them.

    Examples
    --------
    >>> from skmusic.features.stretching import steps_at
    >>> steps_at(6, 1.5), steps_at(3, 0.5)
    (array([0, 2, 3, 4]), array([0, 0, 1, 2, 2]))
    """
    return np.rint(np.arange(0, n_steps - 0.5, rate)).astype(int)
