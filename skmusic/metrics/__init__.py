"""Metrics of generated music: is it alive, like the corpus, not copied.

The reference comes first and the generated second, each a list of recordings of
shape `(n_samples, n_channels)` or of paths. Files and `skmusic.audio.Music` know their
sampling rate; of other arrays it is `sr`, 44100 Hz if that is None.

Sets are compared by windows of 3 s, and windows of one recording are never taken for
independent: cross-validation leaves out whole recordings, and neighbours are sought in
other recordings.
"""

from typing import Any

import numpy as np

from skmusic.metrics import distances
from skmusic.metrics.analysis import as_recordings, spectra
from skmusic.metrics.copying import copying
from skmusic.metrics.descriptors import (
    describe,
    sample_descriptors,
    spectral_descriptors,
    temporal_variance,
)
from skmusic.utils.types import Recordings

__all__ = [
    "classifier_auc",
    "collapse_index",
    "copying",
    "density_coverage",
    "describe",
    "evaluate",
    "frechet_distance",
]


def _features(reference, generated, sr):
    return distances.standardised(
        distances.log_mels(reference, sr), distances.log_mels(generated, sr)
    )


def collapse_index(
    reference: Recordings, generated: Recordings, sr: float | None = None
) -> float:
    """Median temporal variance of the generated over that of the reference.

    Near 0 for hums, steady noise and looped grains; about 1 for music that moves
    as much as the reference. If the reference never moves it is 1 where the
    generated does not move either.

    Parameters
    ----------
    reference, generated : list of path, or of array of shape (n_samples, n_channels)
        Recordings.
    sr : int or None, default=None
        Sampling rate of arrays, see the module.

    Returns
    -------
    float
        From 0; 1 is the reference.

    Examples
    --------
    >>> import numpy as np
    >>> t = np.arange(4 * 22050)[:, None] / 22050
    >>> tone, pulse = np.sin(2500 * t), np.sin(2500 * t) * (t % 1 < 0.5)
    >>> collapse_index([pulse], [tone], sr=22050) < 0.1
    True
    """
    return _collapse_index(
        distances.log_mels(reference, sr), distances.log_mels(generated, sr)
    )


def _collapse_index(reference, generated):
    old = np.median([temporal_variance(m) for m in reference])
    new = np.median([temporal_variance(m) for m in generated])
    # Less than 0.1 dB^2 is measuring noise of constant sounds.
    return float((new + 0.1) / (old + 0.1))


def frechet_distance(
    reference: Recordings, generated: Recordings, sr: float | None = None
) -> float:
    """Frechet distance of the window features, squared, in reference deviations.

    `|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))` of the means and covariances of
    `window_features`, as in the FID [1]_ and the FAD [2]_, with hand-made features
    in place of a network's. The covariances are shrunk [3]_, so that some tens of
    windows do.

    Parameters
    ----------
    reference, generated : list of path, or of array of shape (n_samples, n_channels)
        Recordings.
    sr : int or None, default=None
        Sampling rate of arrays, see the module.

    Returns
    -------
    float
        From 0. Two sets of 8 excerpts of the same corpus differ by some 15;
        compare with the distance between two halves of the reference.

    References
    ----------
    .. [1] Heusel et al. (2017), GANs trained by a two time-scale update rule.
    .. [2] Kilgour et al. (2019), Frechet audio distance.
    .. [3] Ledoit and Wolf (2004), A well-conditioned estimator for
       large-dimensional covariance matrices.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).standard_normal((2, 4 * 22050, 1))
    >>> frechet_distance(noise, noise, sr=22050)
    0.0
    """
    return distances.frechet(*_features(reference, generated, sr))


def classifier_auc(
    reference: Recordings, generated: Recordings, sr: float | None = None
) -> float:
    """How well a classifier tells generated from reference windows of 3 s.

    A classifier two-sample test [1]_: area under the receiver operating
    characteristic of extremely randomised trees, mean of at most 5 folds of whole
    recordings.

    Parameters
    ----------
    reference, generated : list of path, or of array of shape (n_samples, n_channels)
        At least two recordings each.
    sr : int or None, default=None
        Sampling rate of arrays, see the module.

    Returns
    -------
    float
        0.5 indistinguishable, 1 always told apart; below 0.5 by chance.

    References
    ----------
    .. [1] Lopez-Paz and Oquab (2017), Revisiting classifier two-sample tests.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).standard_normal((4, 9 * 22050, 1))
    >>> classifier_auc(noise[:2], noise[2:].cumsum(axis=1) / 1000, sr=22050)
    1.0
    """
    return distances.auc(*_features(reference, generated, sr))


def density_coverage(
    reference: Recordings, generated: Recordings, sr: float | None = None, k: int = 5
) -> tuple[float, float]:
    """Density and coverage of the generated windows.

    After [1]_: about each reference window lies a ball up to its `k`-th neighbour
    among the windows of the *other* reference recordings (those of its own overlap
    it).
    Density is the mean number of balls about a generated window over that about a
    reference window of other recordings; coverage is the share of balls that hold a
    generated window, over the same of the reference.

    Parameters
    ----------
    reference, generated : list of path, or of array of shape (n_samples, n_channels)
        Recordings, at least two of reference.
    sr : int or None, default=None
        Sampling rate of arrays, see the module.
    k : int
        Number of the neighbour that sets the radius.

    Returns
    -------
    density : float
        From 0, about 1 for music like the reference.
    coverage : float
        0..1, near 1 for music like the reference.

    References
    ----------
    .. [1] Naeem et al. (2020), Reliable fidelity and diversity metrics for
       generative models.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).standard_normal((4, 9 * 22050, 1))
    >>> density, coverage = density_coverage(noise[:2], noise[2:], sr=22050)
    >>> density > 0.5, coverage > 0.5
    (True, True)
    """
    features = _features(reference, generated, sr)
    return distances.density_and_coverage(*features, k=k)


def evaluate(
    reference: Recordings,
    generated: Recordings,
    training: Recordings | None = None,
    sr: float | None = None,
) -> dict[str, Any]:
    """Apply all metrics to generated music.

    Parameters
    ----------
    reference, generated : list of path, or of array of shape (n_samples, n_channels)
        At least two recordings each; of equal length, lest the descriptors of
        long-range form differ for their length.
    training : list of path, or of array, optional
        Recordings the generator learnt from, searched for what it copied.
    sr : int or None, default=None
        Sampling rate of arrays, see the module.

    Returns
    -------
    dict
        `collapse_index`, `frechet_distance`, `classifier_auc`, `density` and
        `coverage`; `frechet_within`, the distance between the halves of the
        reference to compare with; `descriptors`, which for every descriptor has the
        median `generated`, the reference's `low` and `high` (5 % and 95 % of its
        recordings) and whether the median is `inside`; with `training` also what
        `copying` returns.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).standard_normal((4, 6 * 22050, 1))
    >>> report = evaluate(noise[:2], noise[2:], sr=22050)
    >>> report["descriptors"]["tempo"].keys()
    dict_keys(['generated', 'low', 'high', 'inside'])
    """
    sets = [as_recordings(recordings, sr) for recordings in (reference, generated)]
    analysed = [[spectra(*each) for each in recordings] for recordings in sets]
    mels = [[s.log_mel for s in spectra_] for spectra_ in analysed]
    features = distances.standardised(*mels)
    density, coverage = distances.density_and_coverage(*features)
    described = [
        [
            {**spectral_descriptors(s), **sample_descriptors(*each)}
            for s, each in zip(spectra_, recordings, strict=True)
        ]
        for spectra_, recordings in zip(analysed, sets, strict=True)
    ]
    report = {
        "collapse_index": _collapse_index(*mels),
        "frechet_distance": distances.frechet(*features),
        "frechet_within": distances.frechet(
            *distances.standardised(mels[0][::2], mels[0][1::2])
        ),
        "classifier_auc": distances.auc(*features),
        "density": density,
        "coverage": coverage,
        "descriptors": compare_descriptors(*described),
    }
    if training is not None:
        report |= copying(training, generated, sr)
    return report


def compare_descriptors(reference, generated):
    """Set the medians of the generated against the range of the reference."""
    names = [
        name for name in reference[0] if all(name in d for d in reference + generated)
    ]
    compared = {}
    for name in names:
        low, high = np.percentile([d[name] for d in reference], [5, 95])
        median = np.median([d[name] for d in generated])
        compared[name] = {
            "generated": float(median),
            "low": float(low),
            "high": float(high),
            "inside": bool(low <= median <= high),
        }
    return compared
