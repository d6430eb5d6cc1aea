"""Patches: the numbers of a few steps as one vector, a linear code of them and a rest.

What happens within a patch, an attack say, is drawn at once. The code keeps what varies
most, by principal components. What it does not keep is noise of the same covariance:
left out, it would be missed as roughness is. This noise goes on from the patch before,
since else something would seem to begin with each patch.

References
----------
M. Tipping and C. Bishop, "Probabilistic principal component analysis", Journal of the
Royal Statistical Society B 61 (1999).
"""

import contextlib
import threading
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from skmusic.utils.fields import array, number
from skmusic.utils.limits import MOST_STEP

# Patches that components are learned from, at most.
_MOST_TO_FIT = 30_000
# Deviations are no less than this share of the largest, nor than nothing.
_LEAST, _NOTHING = 1e-4, 1e-9
_alone = threading.Lock()


@dataclass(frozen=True)
class PatchCode:
    """What `fit_patches` learned, arrays only.

    Parameters
    ----------
    n_steps : int
        Steps of a patch.
    mean : ndarray of shape (n_inputs,)
        Of the numbers of patches.
    components : ndarray of shape (n_codes, n_inputs)
        Directions that vary most, of length 1.
    scale : ndarray of shape (n_codes,)
        By which what lies along a direction is multiplied.
    rest : ndarray of shape (n_rest, n_inputs)
        What the code leaves out, as long as its deviations are large, where the step
        before the patch is known.
    carry : ndarray of shape (n_numbers + n_codes, n_inputs)
        From the step before a patch, less its mean, and the code of the patch to what
        is left out on average.
    reach : ndarray of shape (n_codes,)
        How far from zero each number of the learned codes is at most.
    """

    n_steps: int = number("i", 1, MOST_STEP)
    mean: np.ndarray = array("n_inputs")
    components: np.ndarray = array("n_codes", "n_inputs", low=-2, high=2)
    scale: np.ndarray = array("n_codes", low=1e-9)
    rest: np.ndarray = array("n_rest", "n_inputs")
    carry: np.ndarray = array("n_carried", "n_inputs")
    reach: np.ndarray = array("n_codes", low=0)

    def laws(self):
        """What must hold beyond the declared shapes and ranges: (law, message)."""
        yield len(self.scale) > 0, "the code has no components."
        whole = len(self.mean) % self.n_steps == 0
        yield whole, "a patch is no whole number of steps."
        carried = len(self.carry) == self.n_numbers + self.n_codes
        yield carried, "what is carried is not a step and a code."

    @property
    def n_codes(self):
        """Numbers of a code."""
        return len(self.scale)

    @property
    def n_numbers(self):
        """Numbers of a step."""
        return len(self.mean) // self.n_steps

    def encode(self, x):
        """Codes ``(n_patches, n_codes)`` of the whole patches of steps."""
        return (patches(x, self.n_steps) - self.mean) @ self.components.T * self.scale

    def decode(self, codes, noise=None, before=None):
        """Steps ``(n_patches * n_steps, n_numbers)`` of codes ``(n_patches, n_codes)``.

        `noise` ``(n_patches, n_rest)`` is what the code does not keep, standard normal;
        None is its mean. `before` ``(n_patches, n_numbers)`` is the step before each
        patch, with which the noise goes on; None if there is none.
        """
        x = (codes / self.scale) @ self.components + self.mean
        if noise is not None:
            x = x + noise @ self.rest
        if before is not None:
            before = before - self.mean[-self.n_numbers :]
            known = np.concatenate([before, codes / self.scale], axis=1)
            x = x + known @ self.carry
        return x.reshape(-1, self.n_numbers).astype(np.float32)

    def within(self, codes):
        """Codes, no number of which is farther from zero than a learned one."""
        return np.clip(np.nan_to_num(codes), -self.reach, self.reach)

    def before(self, x):
        """The step before each whole patch of steps ``(n_patches, n_numbers)``.

        That before the first is the usual last step of a patch.
        """
        first, n = self.mean[None, -self.n_numbers :], self.n_steps
        return np.concatenate([first, x[n - 1 :: n]])[: len(x) // n]


def redrawn(code, x, rng):
    """Steps ``(n_steps, n_numbers)``, what the code leaves out drawn anew."""
    codes = code.encode(x)
    noise = rng.standard_normal((len(codes), len(code.rest)))
    again = code.decode(codes, noise, code.before(x))
    return np.concatenate([again, x[len(again) :]])


def patches(x, n_steps):
    """Whole patches ``(n_patches, n_steps * n_numbers)`` of steps."""
    n = len(x) // n_steps
    return x[: n * n_steps].reshape(n, n_steps * x.shape[1])


def fit_patches(recordings, n_steps, n_codes, rng):
    """Learn a `PatchCode` of at most `n_codes` numbers of patches of `n_steps`.

    Recordings have the shape (n_steps, n_numbers), and one of them is at least as long
    as a patch. `rng` draws the patches that are learned from.
    """
    pool = _drawn(recordings, n_steps, rng)
    mean = pool.mean(axis=0, dtype=np.float64)
    deviation, directions = _principal(pool - mean)
    least = _LEAST * deviation[0] + _NOTHING
    n_codes = min(n_codes, len(deviation))
    kept = directions[:n_codes]
    # Between whitened and plain: pitch shows in small components. In all, codes have
    # the deviation 1.
    scale = 1 / np.sqrt(np.maximum(deviation[:n_codes], least))
    usual = np.sqrt(np.mean(np.square(deviation[:n_codes] * scale)))
    scale /= usual if usual > np.sqrt(_NOTHING) else 1.0
    rest = (deviation[:, None] * directions)[n_codes:]
    reach = np.abs((pool - mean) @ kept.T * scale).max(axis=0)
    n_numbers = recordings[0].shape[1]
    carry = np.zeros((n_numbers + n_codes, len(mean)))
    if len(rest) and any(len(x) > n_steps for x in recordings):
        # Patches with the step before.
        pool = _drawn(recordings, n_steps + 1, rng)
        before, after = (
            pool[:, :n_numbers] - mean[-n_numbers:],
            pool[:, n_numbers:] - mean,
        )
        codes = after @ kept.T
        left = after - codes @ kept
        carry, rest = _carried(np.concatenate([before, codes], axis=1), left, len(rest))
    arrays = mean, kept, scale, rest, carry, reach
    return PatchCode(n_steps, *(x.astype(np.float32) for x in arrays))


def _principal(x):
    """Deviations and directions of vectors ``(n, n_inputs)``, the largest first."""
    with _one_thread():
        variance, directions = np.linalg.eigh(x.T @ x / len(x))
    return np.sqrt(np.maximum(variance[::-1], 0)), directions.T[::-1]


@contextlib.contextmanager
def _one_thread():
    """One thread of linear algebra: sums in the order of arrival vary from run to run.

    The limit is that of the process. Of two fits that set it at a time, the one that
    ends last would put back what the other one had set.
    """
    with _alone, threadpool_limits(1):
        yield


def _carried(known, rest, n_rest):
    """Map from what is known to the rest, and what that leaves open."""
    with _one_thread():
        power = known.T @ known
        ridge = _LEAST * np.trace(power) / len(power) + _NOTHING
        carry = np.linalg.solve(power + ridge * np.eye(len(power)), known.T @ rest)
    deviation, directions = _principal(rest - known @ carry)
    return carry, (deviation[:, None] * directions)[:n_rest]


def _drawn(recordings, n_steps, rng):
    """Patches ``(n_patches, n_inputs)`` that begin at any step, drawn where many."""
    whole = [x for x in recordings if len(x) >= n_steps]
    ends = np.cumsum([0, *(len(x) - n_steps + 1 for x in whole)])
    drawn = np.arange(ends[-1])
    if len(drawn) > _MOST_TO_FIT:
        drawn = np.sort(rng.choice(ends[-1], _MOST_TO_FIT, replace=False))
    pool = []
    for x, first, end in zip(whole, ends[:-1], ends[1:], strict=True):
        at = drawn[(drawn >= first) & (drawn < end), None] - first
        pool.append(x[at + np.arange(n_steps)].reshape(len(at), n_steps * x.shape[1]))
    return np.concatenate(pool)
