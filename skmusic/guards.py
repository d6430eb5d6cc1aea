"""Guards of a walk: a piece neither dies away, nor goes in a circle, nor quotes on.

Real music has pauses, and so have recordings; but pauses join pauses best of all, and
what the network is sure of it repeats. And a run may lead away from a passage, and the
next one back to where that would be by now: with its middle replaced, it is still
heard as a whole. The guards only look at what was played and change how the next
place is drawn.
"""

from dataclasses import replace

import numpy as np

# Equally likely choices that chance has at least, and how it gets them.
_CHOICES, _HEATING = 1.5, 1.3
# Decibels below the loudest step that are silence, and nats that more of it costs
# where there was some already.
_SILENCE, _DEATH = -60.0, 20.0
# Runs of the longest circle that is looked for.
_CIRCLE = 60
# Steps for which a passage that was left is not returned to, and how near to it.
_RETURN, _NEAR = 86, 16


def loudness(levels):
    """Level of the whole from the levels of its ranges, in decibels."""
    return 10 * np.log10((10 ** (np.float32(0.1) * levels)).sum(axis=-1))


def dying(played, ahead):
    """Nats that places cost where silence would follow silence.

    Parameters
    ----------
    played : ndarray of shape (n_steps, n_ranges)
        Levels of the last steps, see `skmusic.colour`.
    ahead : ndarray of shape (..., n_ranges)
        Levels of the places that might follow.

    Returns
    -------
    ndarray of shape (...)
    """
    if not played.size or (loudness(played) > _SILENCE).any():
        return np.zeros(ahead.shape[:-1], np.float32)
    return np.where(loudness(ahead) > _SILENCE, 0, np.float32(_DEATH))


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
        if ago > _RETURN:
            break
        by_now.append(start + length + ago)
        ago += length
    passages = np.array(by_now, int) + lengths[:, None]
    apart = np.abs(targets[:, :, None] - passages[:, None])
    return (apart <= _NEAR).any(axis=-1)


def loosened(tempering, score, visits):
    """Tempering at which there is a choice.

    Parameters
    ----------
    tempering : skmusic.tempering.Tempering
        As it was asked for.
    score : ndarray of shape (n_choices,)
        What is to be drawn from, -inf where it is not allowed.
    visits : tuple of (int, int)
        First step and length of the latest runs.

    Returns
    -------
    skmusic.tempering.Tempering
        Warmer where chance would have fewer than one and a half equally likely
        choices. At no temperature nothing is left to chance, but in a circle.
    """
    temperature = tempering.temperature
    if temperature == 0:
        if not circling(visits):
            return tempering
        temperature = 1.0
    loss = score.max() - score[np.isfinite(score)]
    if len(loss) > 1:
        while _choices(loss / temperature) < _CHOICES:
            temperature *= _HEATING
    return replace(tempering, temperature=temperature)


def _choices(loss):
    """Exponential of the entropy: how many equally likely choices it is worth."""
    p = np.exp(-loss)
    total = p.sum()
    return float(np.exp(np.log(total) + (p * loss).sum() / total))
