"""Steps of music that is faster or slower, in the same key.

No step is a mean of two, which would dull attacks: steps are left out or come twice.
"""

import numpy as np


def steps_at(n_steps, rate):
    """Which steps are heard where music of `n_steps` is so many times as fast.

    Numbers of steps, about ``n_steps / rate`` of them.
    """
    return np.rint(np.arange(0, n_steps - 0.5, rate)).astype(int)
