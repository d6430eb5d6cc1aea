"""Form: a piece returns to what it has played, as much as the recordings do.

A refrain, a riff, a bar of drums: music repeats itself, and a walk through a bank where
places that were played are left out never does. So of each recording it is learned how
much of it returns, and of a piece as much is played again: the same runs one after
another, for some seconds.

References
----------
J. Foote, "Visualizing music and audio using self-similarity", ACM Multimedia 1999.
M. Müller, "Fundamentals of Music Processing", Springer 2015, chapter 4.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

# Of recordings: steps of passages that are held against each other, how far apart they
# are at least and at most, and of how many steps one is looked at.
_PASSAGE, _NEAREST, _FARTHEST, _EVERY = 88, 392, 1300, 2
# Likeness of passages of which none is the other, whatever the music; the largest
# share of a piece that is played again.
_UNLIKE, _LARGEST = 0.15, 0.5
# Of pieces: steps that are played again at once, at least and at most, and after how
# many, at least. After nine seconds, as recordings may, the harmony would have moved
# too little.
LEAST, MOST, AGO = 180, 430, 560


class Form(NamedTuple):
    """How much of itself a piece plays again, and what of that it is playing."""

    share: float
    owed: float = 0.0  # steps by which it has played too little again, so far
    again: tuple = ()  # the length of this run and of those to come, and what follows

    @property
    def due(self):
        """Steps that are to be played again at once, at most so that none is owed."""
        return min(self.owed / (1 - self.share), MOST)

    def after(self, length, again):
        """Form after a run, if those of `again` are to come."""
        more = self.share * length - (length if self.again else 0)
        return self._replace(owed=self.owed + more, again=again)


def recurrence(changes):
    """Share of a recording in which earlier passages of it return.

    Parameters
    ----------
    changes : ndarray of shape (n_steps, n_bands)
        How what sounds has changed, from `skmusic.quotes.prints`.

    Returns
    -------
    float
        From 0, nothing, to 1; 0 of what is too short to tell. Passages of two seconds
        are held against all of 9 to 30 s before. Were what returns the same each time,
        and nothing else alike, it would be this share.
    """
    first, last = _NEAREST // _EVERY, _FARTHEST // _EVERY
    likeness = returning(changes[::_EVERY], _PASSAGE // _EVERY, first, last)
    # Of the beginning little can be said, for little precedes it.
    likeness = likeness[first // 2 :]
    mean = likeness.mean() if len(likeness) else 0.0
    return float(np.clip((mean - _UNLIKE) / (1 - _UNLIKE), 0, 1))


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
    >>> from skmusic.form import returning
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
        product /= np.sqrt(power[lag:] * power[:-lag])
        here = likeness[lag - nearest :]
        np.maximum(here, product, out=here)
    return likeness


def _sums(x, n):
    """Sum of each `n` neighbours."""
    sums = np.concatenate([np.zeros(1), np.cumsum(x, dtype=float)])
    return sums[n:] - sums[:-n]


def begun(returns, nearness):
    """Form of a piece that begins among some places.

    Parameters
    ----------
    returns : ndarray of shape (n_steps,)
        Share of the recording of each step that returns, from `recurrence`.
    nearness : ndarray of shape (n_steps,)
        How near each step is to where the piece begins; their sum is 1.
    """
    share = (nearness * returns).sum(dtype=float)
    # No more is said than can be heard, whatever the order of the sum.
    return Form(round(float(min(share, _LARGEST)), 2))


def earlier(visits, form, shortest):
    """What a piece may return to, if that is due.

    Parameters
    ----------
    visits : tuple of (int, int)
        First step and length of the latest runs.
    form : Form
    shortest : int
        Steps of a run, at least.

    Returns
    -------
    times, steps : ndarray of shape (n,), int
        Steps of the piece, counted from the first of these runs, and steps of the bank
        that were played there.
    """
    if not visits or form.due < LEAST:
        return np.empty(0, int), np.empty(0, int)
    starts, lengths = np.array(visits).T
    begins = np.cumsum(lengths) - lengths
    step = np.arange(lengths.sum()) - np.repeat(begins, lengths)
    left = np.repeat(lengths, lengths) - step
    long_ago = np.arange(len(left), 0, -1) >= AGO
    times = np.flatnonzero(long_ago & (left >= shortest))
    return times, (np.repeat(starts, lengths) + step)[times]


def once_more(visits, time, n_steps):
    """Runs of a piece from a step of it on: lengths, and where the next one begins."""
    again, n = [], 0
    for (_, length), (start, _) in pairwise(visits):
        if time < length and n < n_steps:
            again.append((length - max(time, 0), start))
            n += again[-1][0]
        time -= length
    return tuple(again)
