"""What a listener would call a quote: passages that are recognised by their sound.

Two passages of one corpus may be near enough to each other that to play the one is to
quote the other. So it is not enough to leave a recording after half a second: what is
played is held against all of the bank, and where a piece has gone along with some
passage for long enough, it has to turn away from that.
"""

import numpy as np
from scipy.ndimage import uniform_filter1d
from threadpoolctl import threadpool_limits

from skmusic.surroundings import pitched_bands

# Steps over which prints are smoothed and between which change is measured; bands of
# the envelope that is taken away.
_SMOOTH, _LAG, _ENVELOPE = 5, 5, 25
# Change, beside what is usual, that counts by 0.7 of a whole one. Where the usual one
# is less than so much of what sounds, most music is held, and prints are as short.
_LITTLE, _HELD, _SHORTER = 0.25, 0.2, 0.8
# Numbers of a print, the power of their deviations over the corpus that is left to
# them, and what a whole print is long: whole numbers, so that sums of products are
# exact, whatever the order they are added in.
_N_NUMBERS, _EVENED, _UNIT = 48, 0.5, 127
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


def prints(features, codebook):
    """Fine structure of each step's spectrum, and how it has changed.

    Parameters
    ----------
    features : ndarray of shape (n_steps, n_features)
        Of one recording.
    codebook : skmusic.codebook.Codebook
        That made them.

    Returns
    -------
    ndarray of shape (n_steps, 2, n_bands), float32
        What sounds, in levels of bands less their envelope, and how it has changed in
        0.1 s.

    References
    ----------
    J. Haitsma and T. Kalker, "A highly robust audio fingerprinting system", ISMIR
    2002.
    """
    pitched, _ = pitched_bands(codebook)
    fine = codebook.levels(features)[:, pitched].astype(np.float32)
    if fine.size:
        fine = uniform_filter1d(fine, _SMOOTH, axis=0, mode="nearest")
        fine -= uniform_filter1d(fine, _ENVELOPE, axis=1, mode="nearest")
        fine -= fine.mean(axis=1, keepdims=True)
    change = np.zeros_like(fine)
    change[_LAG:] = fine[_LAG:] - fine[:-_LAG]
    return np.stack([fine, change], axis=1)


def compared(prints):
    """Prints that are told apart by their products.

    Parameters
    ----------
    prints : ndarray of shape (n_steps, 2, n_bands)
        Of all steps of the bank.

    Returns
    -------
    ndarray of shape (n_steps, n_numbers), int8
        Half of a print is what sounds, and half how it changed, shorter where it
        hardly changed: that one chord is held like another is no quote. Of music that
        is held for the most part all prints are shorter, so that a chord that does not
        change at all is none, either. Along its principal axes the corpus varies less
        unevenly then: what tells a quote is not what most passages have in common, as
        the strokes of a drum are alike in whatever is played on it. The product of a
        print with itself is the square of 127 at most.
    """
    norms = np.linalg.norm(prints, axis=2, keepdims=True)
    usual = np.median(norms, axis=0)
    held = np.clip(usual[1] / (_HELD * usual[0] + 1e-9), _SHORTER, 1)
    norms[:, 0] = np.maximum(norms[:, 0], 0.1 * usual[0])
    norms[:, 1] = np.hypot(norms[:, 1], _LITTLE * usual[1])
    x = prints / (norms + 1e-9) * held
    x = x.reshape(len(x), -1) * np.float32(np.sqrt(0.5))
    lengths = np.linalg.norm(x, axis=1, keepdims=True)
    # One thread, since sums in the order of arrival would differ from run to run.
    with threadpool_limits(1):
        # Principal axes about nothing keep most of all products.
        power, axes = np.linalg.eigh(x.T @ x)
        power, axes = power[::-1][:_N_NUMBERS], axes[:, ::-1][:, :_N_NUMBERS]
        power = np.maximum(power, 1e-6 * power.max(initial=0)) + 1e-30
        x = x @ (axes * power ** ((_EVENED - 1) / 2))
    x *= lengths / (np.linalg.norm(x, axis=1, keepdims=True) + 1e-9)
    return np.rint(_UNIT * x).astype(np.int8)


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
    bank : skmusic.units.Bank
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
    bank : skmusic.units.Bank
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
    bank : skmusic.units.Bank
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
