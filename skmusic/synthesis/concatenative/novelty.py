"""The novelty constraint: a piece neither quotes on and on, nor comes straight back.

Two passages of one corpus may be so alike that to play the one is to quote the other.
So what is played is compared with all of the database by fingerprints. Where a piece
has gone along with some passage for half a second, it must turn away from that passage,
and from whatever goes on as that would. Nor may it go on where it was lately.
"""

import numpy as np

from skmusic.features.fingerprints import UNIT

# Steps about what was played lately where no new segment begins.
_MARGIN = 17
# Steps of two passages to come that are compared, and the likeness from which the one
# is the other.
_AHEAD, _THE_SAME = range(4, 25, 4), 0.55
# Steps after which it is looked whether a piece goes along with a passage, the likeness
# at which it does, and at which it would go on to.
_EVERY, _ALIKE, _ALIKE_AHEAD = 3, 0.45, 0.42
# Times that a piece may be found to go along with a passage beyond those of the longest
# segment, by how many fewer it may return to one that it has left, and passages that
# are looked at.
_MORE, _RETURN, _MOST = 1, 2, 512
# Multiplications that BLAS does in one thread: where the machine is busy, a short piece
# of music would wait long for the others.
_SMALL = 1 << 18


def repeats(fingerprints, ends, targets):
    """Whether what comes after each target is what comes after its source.

    To go on there would quote the recording on and on, as repeats of one sound file do.

    Parameters
    ----------
    fingerprints : ndarray of shape (n_units, n_numbers)
    ends : ndarray of shape (n_units,)
        First unit after the stretch that each is of.
    targets : ndarray of shape (n_units, n_targets)
        Where to go on after each unit; -1 for nowhere.

    Returns
    -------
    ndarray of shape (n_units, n_targets), bool
    """
    units = np.arange(len(fingerprints))
    passages = _passages(fingerprints, ends, units)
    here = passages[np.minimum(units + 1, ends - 1)].astype(np.float32)
    shared = np.empty(targets.shape, np.float32)
    for k, column in enumerate(targets.T):
        there = passages[column].astype(np.float32)
        shared[:, k] = np.einsum("ij,ij->i", here, there)
    return shared > _THE_SAME * len(_AHEAD) * UNIT**2


def count_matches(database, matches, start, lengths):
    """How often what is played was found to go along with each passage.

    Parameters
    ----------
    database : UnitDatabase
    matches : ndarray of shape (n_units,), int16
        How often what was played before resembled what precedes each unit.
    start : int
        First unit that is played now.
    lengths : ndarray of shape (n_lengths,)
        Steps that are played now, ascending by one.

    Returns
    -------
    ndarray of shape (n_lengths, n_units), int16
        The same after so many steps.
    """
    n, ends, looked_at = len(matches), database.ends, range(0, lengths[-1], _EVERY)
    products = _products(
        database.fingerprints[start + np.array(looked_at)], database.fingerprints
    )
    alike = np.ascontiguousarray(products >= _ALIKE * UNIT**2)
    changes = alike * np.int16(2) - np.int16(1)
    # Counts are kept by where a passage was when the segment began.
    counts = matches.copy()
    first = np.append(0, np.flatnonzero(ends[1:] != ends[:-1]) + 1)
    out = np.zeros((len(lengths), n), np.int16)
    for i, change in zip(looked_at, changes, strict=True):
        counts[: n - i] += change[i:]
        np.maximum(counts, 0, out=counts)
        for length in range(max(i + 1, lengths[0]), min(i + _EVERY, lengths[-1]) + 1):
            row = out[length - lengths[0]]
            row[length:] = counts[: n - length]
            # What has ended is not gone along with in the recording after it.
            row[np.minimum(first[:, None] + np.arange(length), n - 1)] = 0
    return out


def goes_too_long(database, matches):
    """Whether a segment of each length has gone along with some passage for too long.

    Parameters
    ----------
    matches : ndarray of shape (n_lengths, n_units)
        From `count_matches`.

    Returns
    -------
    ndarray of shape (n_lengths,), bool
    """
    return matches.max(axis=1) > _longest(database)


def quotes_on(database, matches, targets):
    """Whether to go on at units would be to quote some passage for too long.

    Parameters
    ----------
    database : UnitDatabase
    matches : ndarray of shape (n_lengths, n_units)
        From `count_matches`, at the ends of segments of some lengths.
    targets : ndarray of shape (n_lengths, n_targets)
        Where to go on after each; -1 for nowhere.

    Returns
    -------
    ndarray of shape (n_lengths, n_targets), bool
    """
    most = max(_longest(database) - _times(database.shortest) - _RETURN, 1)
    quoted = np.zeros(targets.shape, bool)
    least = _ALIKE_AHEAD * len(_AHEAD) * UNIT**2
    for row, counts, places in zip(quoted, matches, targets, strict=True):
        far = np.flatnonzero(counts > most)
        if not far.size:
            continue
        far = far[np.argsort(-counts[far], kind="stable")]
        # Of neighbours one: they go along with the piece together.
        _, first = np.unique(far // _EVERY, return_index=True)
        far = far[np.sort(first)[:_MOST]]
        passages = _passages(database.fingerprints, database.ends, far)
        ahead = _passages(database.fingerprints, database.ends, places)
        row |= (_products(passages, ahead) >= least).any(axis=0)
    return quoted


def was_played(units, played):
    """Whether units are in or about segments that were played lately.

    Parameters
    ----------
    units : ndarray, int
    played : tuple of (int, int)
        First unit and length of the latest segments.

    Returns
    -------
    ndarray of the shape of `units`, bool
    """
    starts, lengths = np.array(played).T
    behind = units[..., None] - starts
    return ((behind >= -_MARGIN) & (behind < lengths + _MARGIN)).any(axis=-1)


def _longest(database):
    """Times that a piece may be found to go along with a passage."""
    return _times(database.longest) + _MORE


def _times(n_steps):
    """Times that it is looked, in a segment of so many steps."""
    return -(-n_steps // _EVERY)


def _passages(fingerprints, ends, units):
    """Fingerprints of what follows units ``(n, n_ahead * n_numbers)``."""
    at = np.minimum(units[:, None] + np.array(_AHEAD), ends[units][:, None] - 1)
    return fingerprints[at].reshape(len(units), len(_AHEAD) * fingerprints.shape[1])


def _products(x, y):
    """``x @ y.T`` in float32, a block of `y` after the other."""
    # Of few columns, which BLAS has done sooner than few rows.
    x, out = x.T.astype(np.float32, "C"), np.empty((len(y), len(x)), np.float32)
    block = max(1, _SMALL // max(x.size, 1))
    for i in range(0, len(y), block):
        np.matmul(y[i : i + block].astype(np.float32), x, out=out[i : i + block])
    return out.T
