"""Style: what patches about a moment have in common, which is timbre, register and key.

A mean of codes says which instruments sound how loud, and which notes are played most.
What happens when, it does not say.
"""

import numpy as np
from scipy.ndimage import uniform_filter1d

from skmusic.spectra.frames import STEP_SECONDS

# Numbers of a code that tell a style, the first ones, at most.
N_STYLE = 32
# Steps that a style is of: 16 seconds.
ABOUT = round(16 / STEP_SECONDS)


def styles(codes, n_steps):
    """Style ``(n_patches, n_style)``, float32, about each patch of a recording.

    The mean of the codes ``(n_patches, n_codes)``, of patches of `n_steps`, that are at
    most eight seconds away.
    """
    size = max(1, ABOUT // n_steps)

    def summed(x):
        return uniform_filter1d(x, size, axis=0, mode="constant")

    count = summed(np.ones((len(codes), 1)))
    return (summed(codes[:, :N_STYLE].astype(float)) / count).astype(np.float32)


def style_of(code, steps):
    """Style ``(n_style,)`` of steps ``(n_steps, n_numbers)`` as a whole."""
    mean = steps.mean(axis=0, dtype=float)
    # Of a patch of the mean, since codes are linear.
    return code.encode(np.tile(mean, (code.n_steps, 1)))[0, :N_STYLE].astype(np.float32)
