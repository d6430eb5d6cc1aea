"""Distances between sets of recordings, by features of windows of 3 s.

Windows of one recording are never taken for independent: cross-validation leaves out
whole recordings, and neighbours are sought in other recordings.
"""

import numpy as np
from scipy.fft import dct
from sklearn.covariance import ledoit_wolf
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import pairwise_distances, roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold

from skmusic.metrics.analysis import FRAME_RATE
from skmusic.metrics.descriptors import temporal_variance

WINDOW, WINDOW_STEP = 3.0, 1.5  # seconds
MODULATION_EDGES = (0.7, 1.5, 3.0, 6.0, 12.0, 24.0)  # Hz


def collapse(reference, generated):
    """Temporal variance of log-mel spectra over that of the reference's, medians."""
    old = np.median([temporal_variance(m) for m in reference])
    new = np.median([temporal_variance(m) for m in generated])
    # Less than 0.1 dB^2 is measuring noise of constant sounds.
    return float((new + 0.1) / (old + 0.1))


def window_features(log_mel):
    """Log-mel and modulation statistics of windows of 3 s.

    Per window: 20 cepstral coefficients (DCT, which stands in for the principal
    components of log-mel spectra) of the mean and 8 of the standard deviation in
    time, and the modulation spectrum of 3 mel regions in 5 octave bands of
    0.7..24 Hz in dB (Tzanetakis and Cook 2002 for texture windows).

    Returns an array of shape (n_windows, 43).
    """
    size = round(WINDOW * FRAME_RATE)
    if len(log_mel) < size:
        log_mel = np.pad(log_mel, ((0, size - len(log_mel)), (0, 0)), mode="edge")
    starts = range(0, len(log_mel) - size + 1, round(WINDOW_STEP * FRAME_RATE))
    frequency = np.fft.rfftfreq(size, 1 / FRAME_RATE)
    band = np.searchsorted(MODULATION_EDGES, frequency)
    rows = []
    for start in starts:
        part = log_mel[start : start + size]
        mean = part.mean(axis=0)
        swing = np.abs(np.fft.rfft((part - mean) * np.hanning(size)[:, None], axis=0))
        swing = [r.mean(axis=1) for r in np.array_split(swing**2 / size, 3, axis=1)]
        modulation = [
            10 * np.log10(region[band == b].sum() + 1e-2)
            for region in swing
            for b in range(1, len(MODULATION_EDGES))
        ]
        timbre = dct(mean, norm="ortho")[:20]
        spread = dct(part.std(axis=0), norm="ortho")[:8]
        rows.append(np.concatenate([timbre, spread, modulation]))
    return np.array(rows)


def standardised(reference, generated):
    """Window features in units of the reference's deviations, and clip numbers."""
    sets = [[window_features(m) for m in mels] for mels in (reference, generated)]
    groups = [np.repeat(np.arange(len(s)), [len(f) for f in s]) for s in sets]
    reference, generated = (np.vstack(s) for s in sets)
    # 1 dB is added to the deviations: constant sounds have none.
    centre, scale = reference.mean(axis=0), reference.std(axis=0) + 1.0
    return (reference - centre) / scale, (generated - centre) / scale, *groups


def frechet(reference, generated, *_):
    """Frechet distance, squared, of features."""
    old, new = _covariance(reference), _covariance(generated)
    # The trace of the root of a product is the sum of the singular values of the
    # factors' product; it needs no root of a singular matrix.
    cross = np.linalg.svd(_factor(old).T @ _factor(new), compute_uv=False).sum()
    shift = np.square(reference.mean(axis=0) - generated.mean(axis=0)).sum()
    distance = shift + np.trace(old) + np.trace(new) - 2 * cross
    return float(max(0.0, round(distance, 6)))


def _covariance(x):
    return ledoit_wolf(x)[0] if len(x) > 1 else np.zeros((x.shape[1],) * 2)


def _factor(covariance):
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(np.maximum(values, 0))


def auc(reference, generated, old_clip, new_clip):
    """Area under the curve of a classifier, mean of folds of whole clips."""
    n_splits = min(5, old_clip[-1] + 1, new_clip[-1] + 1)
    if n_splits < 2:
        raise ValueError("expected at least two recordings in each set")
    X = np.vstack([reference, generated])
    y = np.repeat([0, 1], [len(reference), len(generated)])
    clip = np.concatenate([old_clip, new_clip + old_clip[-1] + 1])
    folds = StratifiedGroupKFold(n_splits, shuffle=True, random_state=0)
    areas = []
    for train, test in folds.split(X, y, clip):
        trees = ExtraTreesClassifier(
            200, min_samples_leaf=2, class_weight="balanced", random_state=0
        )
        score = trees.fit(X[train], y[train]).predict_proba(X[test])[:, 1]
        areas.append(roc_auc_score(y[test], score))
    return float(np.mean(areas))


def density_and_coverage(reference, generated, old_clip, _, k=5):
    """Of the generated features, in balls about those of the reference."""
    if old_clip[-1] < 1:
        raise ValueError("expected at least two recordings of reference")
    within = pairwise_distances(reference)
    within[old_clip[:, None] == old_clip] = np.inf
    k = min(k, np.isfinite(within).sum(axis=1).min())
    radius = np.sort(within, axis=1)[:, k - 1]
    held = pairwise_distances(reference, generated) <= radius[:, None]
    return float(held.mean() * len(reference) / k), float(held.any(axis=1).mean())
