"""Context of each boundary between units: what may join there, and the style about it.

All of it is made of the features that the network hears. So a seed, which is in no
database, can be compared with its units.
"""

import numpy as np

from skmusic.features.chroma import chroma
from skmusic.features.onsets import N_RANGES, onset_strength, spectral_flux

# Steps before and after a boundary that are compared, and features of each.
_PAST, _FUTURE, _N_FEATURES = 3, 2, 40
# Steps of the chord, to either side; of the onset curve and of the mean before a
# boundary; their weights beside past and future, which weigh one each. With the
# beat at 0.5 it got lost; without the chord music wandered.
CHORD, _RHYTHM, ABOUT = 20, 64, 172
_CHORD_WEIGHT, _RHYTHM_WEIGHT, _STYLE_WEIGHT = 1.0, 10.0, 0.7
# Steps of ten seconds, in which styles change by one.
_APART = 430


def _means(x, first, last):
    """Mean of rows `first` to `last` of each pair, which are cut to those there are."""
    sums = np.concatenate([np.zeros_like(x[:1]), np.cumsum(x, axis=0)])
    first, last = np.maximum(first, 0), np.minimum(last, len(x))
    return (sums[last] - sums[first]) / np.maximum(last - first, 1)[:, None]


def contexts(features, tokenizer, flux=None):
    """What precedes and what follows each boundary of a recording.

    Parameters
    ----------
    features : ndarray of shape (n_steps, n_features)
        Of one recording.
    tokenizer : skmusic.features.tokenizer.Tokenizer
        That made them.
    flux : ndarray of shape (n_steps, N_RANGES) or None
        From `spectral_flux`, where it is known.

    Returns
    -------
    before : ndarray of shape (n_steps + 1, n_before), float32
        Of the boundary before each step, and after the last.
    after : ndarray of shape (n_steps + 1, n_after), float32
    """
    flux = spectral_flux(features, tokenizer) if flux is None else flux
    n, weight = len(features), tokenizer.weight[:_N_FEATURES]
    x = features[:, :_N_FEATURES] * (weight / np.linalg.norm(weight))
    at = np.arange(n + 1)
    back, ahead = np.arange(1, _PAST + 1), np.arange(_FUTURE)
    past = x[np.clip(at[:, None] - back, 0, n - 1)] / np.sqrt(_PAST)
    future = x[np.clip(at[:, None] + ahead, 0, n - 1)] / np.sqrt(_FUTURE)
    pitch = chroma(features, tokenizer)
    style = styles(features, tokenizer, ABOUT, 0, flux)[:, : x.shape[1]]
    before = [
        past.reshape(n + 1, -1),
        _CHORD_WEIGHT * _means(pitch, at - CHORD, at),
        _RHYTHM_WEIGHT * _beat(flux),
        _STYLE_WEIGHT * style / np.linalg.norm(weight),
    ]
    after = [future.reshape(n + 1, -1), _CHORD_WEIGHT * _means(pitch, at, at + CHORD)]
    return tuple(np.concatenate(x, axis=1).astype(np.float32) for x in (before, after))


def _beat(flux):
    """Onset curve before each boundary, without its mean and of unit length."""
    onset = np.concatenate([np.zeros(_RHYTHM), onset_strength(flux)])
    beat = np.lib.stride_tricks.sliding_window_view(onset, _RHYTHM)
    beat = beat - beat.mean(axis=1, keepdims=True)
    # Where next to nothing begins there is no beat to keep to.
    return beat / (np.linalg.norm(beat, axis=1, keepdims=True) + 2.0)


def _first_of_chord(n_before):
    """First number of a context that is of its chord; those of its beat follow."""
    # Past, chord, beat and style; past is as long as so many styles.
    return _PAST * ((n_before - 12 - _RHYTHM) // (_PAST + 1))


def chord_and_onsets(before):
    """Of contexts the chord of the last steps, and what begins in these.

    Parameters
    ----------
    before : ndarray of shape (n, n_before)
        From `contexts`.

    Returns
    -------
    ndarray of shape (n, 12 + CHORD)
    """
    beat = _first_of_chord(before.shape[1]) + 12
    onsets = before[:, beat + _RHYTHM - CHORD : beat + _RHYTHM]
    return np.hstack([before[:, beat - 12 : beat], onsets])


def beat_lag(before, other):
    """Steps by which the beat of one boundary's past is later than that of another's.

    Parameters
    ----------
    before, other : ndarray of shape (n_before,)
        What precedes two boundaries, from `contexts`.

    Returns
    -------
    float
        From -1 to 1, of `other` after the first; 0 where nothing tells.
    """
    beat = _first_of_chord(len(before)) + 12
    a, b = (x[beat:][:_RHYTHM].astype(np.float32) for x in (before, other))
    # The top of a parabola through the correlation at three lags.
    early, level, late = ((a[1:-1] * b[k : len(b) - 2 + k]).sum() for k in range(3))
    bend = early - 2 * level + late
    if bend >= 0 or level <= 0:
        return 0.0
    return float(np.clip(0.5 * (early - late) / bend, -1, 1))


def styles(features, tokenizer, before=ABOUT, after=ABOUT, flux=None):
    """Mean of timbre, and of how much happens, about each boundary of a recording.

    Parameters
    ----------
    features : ndarray of shape (n_steps, n_features)
        Of one recording.
    tokenizer : skmusic.features.tokenizer.Tokenizer
        That made them.
    before, after : int
        Steps before and after the boundary that count.
    flux : ndarray of shape (n_steps, N_RANGES) or None
        From `spectral_flux`, where it is known.

    Returns
    -------
    ndarray of shape (n_steps + 1, n_numbers)
        Of the boundary before each step, and after the last.
    """
    flux = spectral_flux(features, tokenizer) if flux is None else flux
    x = features[:, :_N_FEATURES] * tokenizer.weight[:_N_FEATURES]
    at = np.arange(len(features) + 1)
    return _means(np.hstack([x, np.log1p(flux)]), at - before, at + after)


def styles_heard(features, tokenizer):
    """Style of what was heard before each boundary of a recording.

    Parameters
    ----------
    features : ndarray of shape (n_steps, n_features)
        Of one recording.
    tokenizer : skmusic.features.tokenizer.Tokenizer
        That made them.

    Returns
    -------
    ndarray of shape (n_steps + 1, n_numbers)
        To be multiplied by ``database.style_scale``.
    """
    return styles(features, tokenizer, 2 * ABOUT, 0)


def style_scale(found):
    """Factors that bring styles ten seconds apart to a squared distance of 1.

    Half of it is timbre, half how much happens. Recordings too short to tell are held
    against one another: two of them are at a quarter of that, so that a piece does not
    stay in one alone.

    Parameters
    ----------
    found : list of ndarray of shape (n_steps, n_numbers)
        Styles of each recording, from `styles`.

    Returns
    -------
    ndarray of shape (n_numbers,)
    """
    scale = np.zeros(found[0].shape[1], np.float32)
    for part in (slice(None, -N_RANGES), slice(-N_RANGES, None)):
        # One recording after the other: of a large corpus little is held at once.
        moved = np.concatenate(
            [np.square(m[_APART:, part] - m[:-_APART, part]).sum(axis=1) for m in found]
        )
        typical = np.median(moved) if len(moved) else 0.0
        if typical < 1e-4:
            apart = np.concatenate([m[:, part] for m in found]).var(axis=0)
            typical = 8 * apart.sum()
        # Where all is alike there is no style to keep to.
        if typical > 1e-4:
            scale[part] = 1 / np.sqrt(2 * typical)
    return scale


def distances(x, y):
    """Squared distances ``(n, m)`` of contexts or styles ``(n, k)`` and ``(m, k)``."""
    x, y = x.astype(np.float32), y.astype(np.float32)
    d = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1) - 2 * (x @ y.T)
    return np.maximum(d, 0)
