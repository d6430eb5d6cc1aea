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

from skmusic.features.self_similarity import returning

# Steps of passages of recordings that are held against each other, and of how many one
# is looked at.
_PASSAGE, _EVERY = 88, 2
# Likeness of passages of which none is the other, whatever the music; the largest
# share of a piece that is played again.
_UNLIKE, _LARGEST = 0.15, 0.5


class Distance(NamedTuple):
    """How long ago what returns was there, in steps.

    Of recordings, passages are held against those from `nearest` to `farthest` before.
    Pieces return to what they played from `since` to `until` ago, for `least` to `most`
    steps at once.
    """

    nearest: int
    farthest: int
    since: int
    until: float
    least: int
    most: int


# A phrase that is played twice, and a part that comes back. Where parts came back after
# nine seconds, as they may in recordings, the harmony moved too little.
DISTANCES = (
    Distance(180, 392, 180, 392, 130, 300),
    Distance(392, 1300, 560, np.inf, 180, 430),
)


class Form(NamedTuple):
    """How much of itself a piece plays again, and what of that it is playing."""

    shares: tuple  # of each of DISTANCES
    owed: tuple = (0.0, 0.0)  # steps by which it has played too little again, so far
    again: tuple = ()  # the length of this run and of those to come, and what follows
    distance: int = 0  # index of that in DISTANCES

    def due(self, distance):
        """Steps that are to be played again at once, at most so that none is owed."""
        steps = self.owed[distance] / (1 - self.shares[distance])
        return min(steps, DISTANCES[distance].most)

    def after(self, length, again, distance):
        """Form after a run, if those of `again` are to come, at that distance."""
        owed = [o + s * length for o, s in zip(self.owed, self.shares, strict=True)]
        if self.again:
            owed[self.distance] -= length
        return self._replace(owed=tuple(owed), again=again, distance=distance)


def recurrence(changes):
    """Share of a recording in which earlier passages of it return, at each distance.

    Parameters
    ----------
    changes : ndarray of shape (n_steps, n_bands)
        How what sounds has changed, from `skmusic.features.fingerprints.prints`.

    Returns
    -------
    ndarray of shape (n_distances,)
        From 0, nothing, to 1; 0 of what is too short to tell. Passages of two seconds
        are held against all of 4 to 9 and of 9 to 30 s before. Were what returns the
        same each time, and nothing else alike, it would be this share.
    """
    shares = []
    for each in DISTANCES:
        first, last = each.nearest // _EVERY, each.farthest // _EVERY
        likeness = returning(changes[::_EVERY], _PASSAGE // _EVERY, first, last)
        # Of the beginning little can be said, for little precedes it.
        likeness = likeness[(last - first) // 4 :]
        mean = likeness.mean() if len(likeness) else 0.0
        shares.append(float(np.clip((mean - _UNLIKE) / (1 - _UNLIKE), 0, 1)))
    return np.array(shares)


def begun(shares, nearness):
    """Form of a piece that begins among some places.

    Parameters
    ----------
    shares : ndarray of shape (n_steps, n_distances)
        Of the recording of each step, from `recurrence`.
    nearness : ndarray of shape (n_steps,)
        How near each step is to where the piece begins; their sum is 1.
    """
    share = (nearness[:, None] * shares).sum(axis=0, dtype=float)
    share *= min(1.0, _LARGEST / max(share.sum(), 1e-9))
    # No more is said than can be heard, whatever the order of the sum.
    return Form(tuple(share.round(2).tolist()))


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
    times, steps, distances : ndarray of shape (n,), int
        Steps of the piece, counted from the first of these runs, steps of the bank
        that were played there, and indices of their distances in DISTANCES.
    """
    due = [form.due(k) >= each.least for k, each in enumerate(DISTANCES)]
    if not visits or not any(due):
        return (np.empty(0, int),) * 3
    starts, lengths = np.array(visits).T
    begins = np.cumsum(lengths) - lengths
    step = np.arange(lengths.sum()) - np.repeat(begins, lengths)
    left = np.repeat(lengths, lengths) - step
    ago = np.arange(len(left), 0, -1)
    distances = np.full(len(ago), -1)
    for k, each in enumerate(DISTANCES):
        if due[k]:
            distances[(ago >= each.since) & (ago < each.until)] = k
    times = np.flatnonzero((distances >= 0) & (left >= shortest))
    return times, (np.repeat(starts, lengths) + step)[times], distances[times]


def once_more(visits, time, n_steps):
    """Runs of a piece from a step of it on: lengths, and where the next one begins."""
    again, n = [], 0
    for (_, length), (start, _) in pairwise(visits):
        if time < length and n < n_steps:
            again.append((length - max(time, 0), start))
            n += again[-1][0]
        time -= length
    return tuple(again)
