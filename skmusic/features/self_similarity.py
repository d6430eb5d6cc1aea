"""Self-similarity: how much of a recording returns in it."""

import numpy as np


def returning(x, size, nearest, farthest):
    """Likeness, 0 to 1, of passages to that of those before which is most like each.

    Of what changes, ``(n_steps, n_numbers)``, the passages of `size` steps from step
    `nearest` on: normalised products ``(n_passages,)`` with those that began `nearest`
    to `farthest` steps before.
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
