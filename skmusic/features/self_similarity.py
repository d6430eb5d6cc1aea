"""Self-similarity: how much of a recording returns in it."""

import numpy as np


def returning(x, size, nearest, farthest):
    """Likeness of passages to that of those before which is most like each.

    Parameters
    ----------
    x : ndarray of shape (n_steps, n_numbers)
        What changes.
    size, nearest, farthest : int
        Steps of a passage, and between two that are held against each other.

    Returns
    -------
    ndarray of shape (n_passages,)
        Of the passages from step `nearest` on, the normalised products, 0 to 1.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.features.self_similarity import returning
    >>> x = np.random.default_rng(0).standard_normal((50, 20))
    >>> returning(np.tile(x, (2, 1)), 10, 40, 60)[10:].round(2).min()
    np.float64(1.0)
    """
    x = np.ascontiguousarray(x, np.float32)
    power = _sums(np.einsum("tb,tb->t", x, x), size)
    power += 1e-3 * power.mean() + 1e-12 if len(power) else 0  # silence returns nowhere
    likeness = np.zeros(max(len(power) - nearest, 0))
    for lag in range(nearest, min(farthest + 1, len(power))):
        product = _sums(np.einsum("tb,tb->t", x[lag:], x[:-lag]), size)
        # Normalised, so that loud passages are no more alike than soft ones.
        product /= np.sqrt(power[lag:] * power[:-lag])
        here = likeness[lag - nearest :]
        np.maximum(here, product, out=here)
    return likeness


def _sums(x, n):
    """Sum of each `n` neighbours ``(n_steps - n + 1,)``."""
    sums = np.concatenate([np.zeros(1), np.cumsum(x, dtype=float)])
    return sums[n:] - sums[:-n]
