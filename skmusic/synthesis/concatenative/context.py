"""What surrounds a place of a recording: what may join there, and its mood.

Everything here is made of the features that the network hears, so that what was
heard of a seed can be held against the places of the bank.
"""

import numpy as np

from skmusic.features.chroma import chroma
from skmusic.features.onsets import N_RISES, onset_strength, rises

# Steps before and after a boundary that are compared, and features of each.
_PAST, _FUTURE, _N_FEATURES = 3, 2, 40
# Steps of the chord, to either side; of the onset curve and of the mean before a
# boundary; their weights beside past and future, which weigh one each. With the
# beat at 0.5 it got lost; without the chord music wandered.
_CHORD, _RHYTHM, ABOUT = 20, 64, 172
_CHORD_WEIGHT, _RHYTHM_WEIGHT, _MOOD_WEIGHT = 1.0, 10.0, 0.7
# Steps of ten seconds, in which moods change by one.
_APART = 430


def _means(x, first, last):
    """Mean of rows `first` to `last` of each pair, which are cut to those there are."""
    sums = np.concatenate([np.zeros_like(x[:1]), np.cumsum(x, axis=0)])
    first, last = np.maximum(first, 0), np.minimum(last, len(x))
    return (sums[last] - sums[first]) / np.maximum(last - first, 1)[:, None]


def surroundings(features, codebook, rising=None):
    """What precedes and what follows each boundary of a recording.

    Parameters
    ----------
    features : ndarray of shape (n_steps, n_features)
        Of one recording.
    codebook : skmusic.features.tokenizer.Codebook
        That made them.
    rising : ndarray of shape (n_steps, N_RISES) or None
        From `rises`, where it is known.

    Returns
    -------
    before : ndarray of shape (n_steps + 1, n_before), float32
        Of the boundary before each step, and after the last.
    after : ndarray of shape (n_steps + 1, n_after), float32
    """
    rising = rises(features, codebook) if rising is None else rising
    n, weight = len(features), codebook.weight[:_N_FEATURES]
    x = features[:, :_N_FEATURES] * (weight / np.linalg.norm(weight))
    at = np.arange(n + 1)
    back, ahead = np.arange(1, _PAST + 1), np.arange(_FUTURE)
    past = x[np.clip(at[:, None] - back, 0, n - 1)] / np.sqrt(_PAST)
    future = x[np.clip(at[:, None] + ahead, 0, n - 1)] / np.sqrt(_FUTURE)
    pitch = chroma(features, codebook)
    mood = moods(features, codebook, ABOUT, 0, rising)[:, : x.shape[1]]
    before = [
        past.reshape(n + 1, -1),
        _CHORD_WEIGHT * _means(pitch, at - _CHORD, at),
        _RHYTHM_WEIGHT * _beat(rising),
        _MOOD_WEIGHT * mood / np.linalg.norm(weight),
    ]
    after = [future.reshape(n + 1, -1), _CHORD_WEIGHT * _means(pitch, at, at + _CHORD)]
    return tuple(np.concatenate(x, axis=1).astype(np.float32) for x in (before, after))


def _beat(rising):
    """Onset curve before each boundary, without its mean and of unit length."""
    onset = np.concatenate([np.zeros(_RHYTHM), onset_strength(rising)])
    beat = np.lib.stride_tricks.sliding_window_view(onset, _RHYTHM)
    beat = beat - beat.mean(axis=1, keepdims=True)
    # Where next to nothing begins there is no beat to keep to.
    return beat / (np.linalg.norm(beat, axis=1, keepdims=True) + 2.0)


def lag(before, other):
    """Steps by which the beat of one boundary's past is later than that of another's.

    Parameters
    ----------
    before, other : ndarray of shape (n_before,)
        What precedes two boundaries, from `surroundings`.

    Returns
    -------
    float
        From -1 to 1, of `other` after the first; 0 where nothing tells.
    """
    # Past, chord, beat and mood; past is as long as so many moods.
    n = (len(before) - 12 - _RHYTHM) // (_PAST + 1)
    a, b = (x[_PAST * n + 12 :][:_RHYTHM].astype(np.float32) for x in (before, other))
    # The top of a parabola through the correlation at three lags.
    early, level, late = ((a[1:-1] * b[k : len(b) - 2 + k]).sum() for k in range(3))
    bend = early - 2 * level + late
    if bend >= 0 or level <= 0:
        return 0.0
    return float(np.clip(0.5 * (early - late) / bend, -1, 1))


def moods(features, codebook, before=ABOUT, after=ABOUT, rising=None):
    """Mean of timbre, and of how much happens, about each boundary of a recording.

    Parameters
    ----------
    features : ndarray of shape (n_steps, n_features)
        Of one recording.
    codebook : skmusic.features.tokenizer.Codebook
        That made them.
    before, after : int
        Steps before and after the boundary that count.
    rising : ndarray of shape (n_steps, N_RISES) or None
        From `rises`, where it is known.

    Returns
    -------
    ndarray of shape (n_steps + 1, n_numbers)
        Of the boundary before each step, and after the last.
    """
    rising = rises(features, codebook) if rising is None else rising
    x = features[:, :_N_FEATURES] * codebook.weight[:_N_FEATURES]
    at = np.arange(len(features) + 1)
    return _means(np.hstack([x, np.log1p(rising)]), at - before, at + after)


def moods_heard(features, codebook):
    """Mood of what was heard before each boundary of a recording.

    Parameters
    ----------
    features : ndarray of shape (n_steps, n_features)
        Of one recording.
    codebook : skmusic.features.tokenizer.Codebook
        That made them.

    Returns
    -------
    ndarray of shape (n_steps + 1, n_numbers)
        To be multiplied by ``bank.mood_scale``.
    """
    return moods(features, codebook, 2 * ABOUT, 0)


def mood_scale(moods):
    """Factors that bring moods ten seconds apart to a squared distance of 1.

    Half of it is timbre, half how much happens. Recordings too short to tell are held
    against one another: two of them are at a quarter of that, so that a piece does not
    stay in one alone.

    Parameters
    ----------
    moods : list of ndarray of shape (n_steps, n_numbers)
        Of each recording, from `moods`.

    Returns
    -------
    ndarray of shape (n_numbers,)
    """
    scale = np.zeros(moods[0].shape[1], np.float32)
    for part in (slice(None, -N_RISES), slice(-N_RISES, None)):
        # One recording after the other: of a large corpus little is held at once.
        moved = np.concatenate(
            [np.square(m[_APART:, part] - m[:-_APART, part]).sum(axis=1) for m in moods]
        )
        typical = np.median(moved) if len(moved) else 0.0
        if typical < 1e-4:
            apart = np.concatenate([m[:, part] for m in moods]).var(axis=0)
            typical = 8 * apart.sum()
        # Where all is alike there is no mood to keep to.
        if typical > 1e-4:
            scale[part] = 1 / np.sqrt(2 * typical)
    return scale
