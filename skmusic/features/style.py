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
    """Style about each patch of a recording.

    Parameters
    ----------
    codes : ndarray of shape (n_patches, n_codes)
    n_steps : int
        Steps of a patch.

    Returns
    -------
    ndarray of shape (n_patches, n_style), float32
        Mean of the patches that are at most eight seconds away.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.features.style import styles
    >>> styles(np.array([[0.0], [2.0], [4.0]]), 4).ravel().tolist()
    [2.0, 2.0, 2.0]
    """
    size = max(1, ABOUT // n_steps)

    def summed(x):
        return uniform_filter1d(x, size, axis=0, mode="constant")

    count = summed(np.ones((len(codes), 1)))
    return (summed(codes[:, :N_STYLE].astype(float)) / count).astype(np.float32)


def style_of(code, steps):
    """Style ``(n_style,)`` of steps ``(n_steps, n_numbers)`` as a whole.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.features.patches import fit_patches
    >>> from skmusic.features.style import style_of
    >>> x = np.random.default_rng(0).standard_normal((400, 3)).astype(np.float32)
    >>> code = fit_patches([x], 2, 6, np.random.RandomState(0))
    >>> still = np.tile(x[:1], (8, 1))  # the style of steps alike is their code
    >>> bool(np.allclose(style_of(code, still), code.encode(still)[0], atol=1e-5))
    True
    """
    mean = steps.mean(axis=0, dtype=float)
    # Of a patch of the mean, since codes are linear.
    return code.encode(np.tile(mean, (code.n_steps, 1)))[0, :N_STYLE].astype(np.float32)
