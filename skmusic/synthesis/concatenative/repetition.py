"""Repetition structure: a piece returns to what it has played, as its recordings do.

A refrain, a riff, a phrase: music repeats itself, and a piece that only ever moves on
never does. So it is learned of each recording how much of it returns after nine seconds
or more, and of a piece as much is played again: the same segments in a row, for some
seconds.

References
----------
J. Foote, "Visualizing music and audio using self-similarity", ACM Multimedia 1999.
M. Müller, "Fundamentals of Music Processing", Springer 2015, chapter 4.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from skmusic.features.self_similarity import returning

# Steps of passages of recordings that are compared, and of how many one is looked at;
# passages are compared with those that began 9 to 30 s before.
_PASSAGE, _EVERY, _NEAREST, _FARTHEST = 88, 2, 392, 1300
# Likeness of passages of which none is the other, whatever the music; the largest
# share of a piece that is played again.
_UNLIKE, _LARGEST = 0.15, 0.5
# A piece returns to what it played 13 s ago or longer, for 4 to 10 s at once.
_SINCE, _LEAST, _MOST = 560, 180, 430


class Repetition(NamedTuple):
    """How much of itself a piece plays again, and what of that it is playing."""

    share: float  # of the piece that is to be played again
    owed: float = 0.0  # steps by which it has played too little again, so far
    again: tuple = ()  # length of this segment and of those to come, and what follows

    @property
    def due(self):
        """Steps that are to be played again at once, at most so that none is owed."""
        steps = self.owed / (1 - self.share)
        return min(steps, _MOST) if steps >= _LEAST else 0.0

    def after(self, length, again):
        """Structure after a segment, if those of `again` are to come."""
        owed = self.owed + self.share * length - (length if self.again else 0)
        return self._replace(owed=owed, again=again)


def recurrence(changes):
    """Share of a recording in which earlier passages of it return.

    Parameters
    ----------
    changes : ndarray of shape (n_steps, n_bands)
        How what sounds has changed, from `skmusic.features.fingerprints`.

    Returns
    -------
    float
        From 0, nothing, to 1; 0 of what is too short to tell. If what returns were the
        same each time, and nothing else alike, it would be this share.
    """
    first, last = _NEAREST // _EVERY, _FARTHEST // _EVERY
    likeness = returning(changes[::_EVERY], _PASSAGE // _EVERY, first, last)
    # Of the beginning little can be said, for little precedes it.
    likeness = likeness[(last - first) // 4 :]
    mean = likeness.mean() if len(likeness) else 0.0
    return float(np.clip((mean - _UNLIKE) / (1 - _UNLIKE), 0, _LARGEST))


def returns(played, structure, shortest):
    """What a piece may return to, if that is due.

    Parameters
    ----------
    played : tuple of (int, int)
        First unit and length of the latest segments.
    structure : Repetition
    shortest : int
        Steps of a segment, at least.

    Returns
    -------
    times, units : ndarray of shape (n,), int
        Steps of the piece, counted from the first of these segments, and the units
        that were played there.
    """
    if not played or not structure.due:
        return np.empty(0, int), np.empty(0, int)
    starts, lengths = np.array(played).T
    begins = np.cumsum(lengths) - lengths
    step = np.arange(lengths.sum()) - np.repeat(begins, lengths)
    left = np.repeat(lengths, lengths) - step
    ago = np.arange(len(left), 0, -1)
    times = np.flatnonzero((ago >= _SINCE) & (left >= shortest))
    return times, (np.repeat(starts, lengths) + step)[times]


def once_more(played, time, n_steps):
    """Segments of a piece from a step of it on: lengths, and where the next begins."""
    again, n = [], 0
    for (_, length), (start, _) in pairwise(played):
        if time < length and n < n_steps:
            again.append((length - max(time, 0), start))
            n += again[-1][0]
        time -= length
    return tuple(again)
