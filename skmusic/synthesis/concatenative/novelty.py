"""What a listener would call a quote: passages that are recognised by their sound.

Two passages of one corpus may be near enough to each other that to play the one is to
quote the other. So it is not enough to leave a recording after half a second: what is
played is held against all of the bank, and where a piece has gone along with some
passage for long enough, it has to turn away from that.
"""

import numpy as np

from skmusic.features.fingerprints import _UNIT

# Steps of two passages to come that are compared, and the likeness from which the one
# is the other.
_AHEAD, _THE_SAME = range(4, 25, 4), 0.55
# Steps after which it is looked whether a piece goes along with a passage, the likeness
# at which it does, and at which it would go on to.
_EVERY, _ALIKE, _ALIKE_AHEAD = 3, 0.45, 0.42
# Multiplications that BLAS does in one thread: where the machine is busy, a short run
# of music would wait long for the others.
_SMALL = 1 << 18
# Times that a piece may be found to go along with a passage beyond those of the longest
# run, and by how many fewer it may return to one that it has left; passages that are
# looked at.
_MORE, _RETURN, _MOST = 1, 2, 512


def _passages(prints, ends, steps):
    """Prints of what follows `steps` ``(n, n_ahead * n_numbers)``."""
    at = np.minimum(steps[:, None] + np.array(_AHEAD), ends[steps][:, None] - 1)
    size = len(_AHEAD) * prints.shape[1]
    return prints[at].reshape(len(steps), size)


def _dots(x, y):
    """``x @ y.T`` in float32, a block of `y` after the other."""
    x, out = x.astype(np.float32), np.empty((len(x), len(y)), np.float32)
    block = max(1, _SMALL // max(x.size, 1))
    for i in range(0, len(y), block):
        out[:, i : i + block] = x @ y[i : i + block].astype(np.float32).T
    return out


def _products(likeness, n_prints=1):
    """What the products of prints add up to at a likeness."""
    return likeness * n_prints * _UNIT**2


def repeats(prints, ends, targets):
    """Whether what comes after each target is what comes after its source.

    Such a join would quote the recording on and on, as repeats of one sound file
    do.

    Parameters
    ----------
    prints : ndarray of shape (n_steps, n_numbers)
        From `compared`.
    ends : ndarray of shape (n_steps,)
        First step after the stretch that each is of.
    targets : ndarray of shape (n_steps, n_targets)
        Where to go on after each step; -1 for nowhere.

    Returns
    -------
    ndarray of shape (n_steps, n_targets), bool
    """
    steps = np.arange(len(prints))
    passages = _passages(prints, ends, steps)
    here = passages[np.minimum(steps + 1, ends - 1)].astype(np.float32)
    shared = np.empty(targets.shape, np.float32)
    for k, column in enumerate(targets.T):
        shared[:, k] = np.einsum("ij,ij->i", here, passages[column].astype(np.float32))
    return shared > _products(_THE_SAME, len(_AHEAD))


def going_along(bank, along, start, lengths):
    """How often what is played was found to go along with each passage.

    Parameters
    ----------
    bank : skmusic.synthesis.concatenative.database.Bank
        Of which something is played.
    along : ndarray of shape (n_bank_steps,), int16
        How often what was played before resembled what precedes each step.
    start : int
        First step that is played now.
    lengths : ndarray of shape (n_lengths,)
        Steps that are played now, ascending by one.

    Returns
    -------
    ndarray of shape (n_lengths, n_bank_steps), int16
        The same after so many steps.
    """
    n, looked_at = len(along), np.arange(0, lengths[-1], _EVERY)
    products = _dots(bank.prints[start + looked_at], bank.prints)
    changes = np.where(products >= _products(_ALIKE), np.int16(1), np.int16(-1))
    # Counts are kept by where a passage was when the run began.
    counts = along.copy()
    first = np.append(0, np.flatnonzero(np.diff(bank.ends)) + 1)
    out = np.zeros((len(lengths), n), np.int16)
    for i, change in zip(looked_at, changes, strict=True):
        counts[: n - i] += change[i:]
        np.maximum(counts, 0, out=counts)
        for row, length in zip(out, lengths, strict=True):
            if i < length <= i + _EVERY:
                row[length:] = counts[: n - length]
                # What has ended is not gone along with in the recording after it.
                row[np.minimum(first[:, None] + np.arange(length), n - 1)] = 0
    return out


def quoted_by_itself(bank, along):
    """Whether a run of each length has gone along with some passage for too long.

    Parameters
    ----------
    bank : skmusic.synthesis.concatenative.database.Bank
        Of which something is played.
    along : ndarray of shape (n_lengths, n_bank_steps)
        From `going_along`.

    Returns
    -------
    ndarray of shape (n_lengths,), bool
    """
    return along.max(axis=1) > _longest(bank)


def _longest(bank):
    """Times that a piece may be found to go along with a passage."""
    return _times(bank.longest) + _MORE


def _times(n_steps):
    """Times that it is looked, in a run of so many steps."""
    return -(-n_steps // _EVERY)


def quoting(bank, along, targets):
    """Whether to go on at places would be to quote some passage for too long.

    Parameters
    ----------
    bank : skmusic.synthesis.concatenative.database.Bank
        That the places are of.
    along : ndarray of shape (n_lengths, n_bank_steps)
        From `going_along`, at the ends of runs of some lengths.
    targets : ndarray of shape (n_lengths, n_targets)
        Where to go on after each; -1 for nowhere.

    Returns
    -------
    ndarray of shape (n_lengths, n_targets), bool
    """
    most = max(_longest(bank) - _times(bank.shortest) - _RETURN, 1)
    quoted = np.zeros(targets.shape, bool)
    least = _products(_ALIKE_AHEAD, len(_AHEAD))
    for row, played, places in zip(quoted, along, targets, strict=True):
        far = np.flatnonzero(played > most)
        if not far.size:
            continue
        far = far[np.argsort(-played[far], kind="stable")]
        # Of neighbours one: they go along with the piece together.
        _, first = np.unique(far // _EVERY, return_index=True)
        far = far[np.sort(first)[:_MOST]]
        passages = _passages(bank.prints, bank.ends, far)
        ahead = _passages(bank.prints, bank.ends, places)
        row |= (_dots(passages, ahead) >= least).any(axis=0)
    return quoted


# Runs of the longest circle that is looked for.
_CIRCLE = 60
# Steps for which a passage that was left is not returned to, and how near to it.
_RESUMED, _NEAR = 86, 16


def circling(visits):
    """Whether the last runs are those before them once more.

    Parameters
    ----------
    visits : tuple of (int, int)
        First step and length of the latest runs.

    Returns
    -------
    bool
    """
    lengths = range(1, min(_CIRCLE, len(visits) // 2) + 1)
    return any(visits[-n:] == visits[-2 * n : -n] for n in lengths)


def resuming(targets, lengths, visits):
    """Whether places go on where a passage that was left would be by now.

    Parameters
    ----------
    targets : ndarray of shape (n_lengths, n_targets)
        Steps of the bank.
    lengths : ndarray of shape (n_lengths,)
        Steps from the end of the latest run until each row of them is played.
    visits : tuple of (int, int)
        First step and length of the latest runs.

    Returns
    -------
    ndarray of shape (n_lengths, n_targets), bool
        True within 0.4 s of a passage that was left less than two seconds before.
    """
    by_now, ago = [], 0
    for start, length in reversed(visits):
        if ago > _RESUMED:
            break
        by_now.append(start + length + ago)
        ago += length
    passages = np.array(by_now, int) + lengths[:, None]
    apart = np.abs(targets[:, :, None] - passages[:, None])
    return (apart <= _NEAR).any(axis=-1)
