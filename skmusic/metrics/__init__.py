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
)
from skmusic.utils.types import Recordings

__all__ = ["copying", "describe", "evaluate"]


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
        - `collapse_index`: median temporal variance of the generated over that of the
          reference. Near 0 for hums, steady noise and looped grains; about 1 for music
          that moves as much as the reference.
        - `frechet_distance`: Frechet distance [1]_ [2]_, squared, of features of the
          windows in units of the reference's deviations, by shrunk covariances [3]_.
          Compare it with `frechet_within`, that of the halves of the reference; two
          sets of 8 excerpts of the same corpus differ by some 15.
        - `classifier_auc`: how well extremely randomised trees tell the generated from
          the reference [4]_, area under the curve, mean of at most 5 folds of whole
          recordings. 0.5 is indistinguishable, 1 always told apart.
        - `density`, `coverage`: how many balls about windows of the reference hold a
          generated window, and the share of them that holds one [5]_; about 1 for
          music like the reference. A ball reaches to the 5th neighbour among the
          windows of other recordings.
        - `descriptors`: of every descriptor the median `generated`, the reference's
          `low` and `high` (5 % and 95 % of its recordings), and whether the median is
          `inside`.
        - with `training` also what `copying` returns.

    References
    ----------
    .. [1] Heusel et al. (2017), GANs trained by a two time-scale update rule.
    .. [2] Kilgour et al. (2019), Frechet audio distance.
    .. [3] Ledoit and Wolf (2004), A well-conditioned estimator for
       large-dimensional covariance matrices.
    .. [4] Lopez-Paz and Oquab (2017), Revisiting classifier two-sample tests.
    .. [5] Naeem et al. (2020), Reliable fidelity and diversity metrics for
       generative models.

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
        "collapse_index": distances.collapse(*mels),
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
