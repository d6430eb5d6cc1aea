"""Steps to features to tokens: what the network hears of a recording.

The features of a step are the levels of constant-Q bands, reduced by principal
components; its token is the nearest of the k-means centroids of these features. Of
plain numbers, which are no waveform, the numbers of a row stand for the levels.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from skmusic.features.constantq import (
    band_edges,
    band_energies,
    band_middles,
    band_widths,
    to_levels,
)
from skmusic.utils.fields import array, number

N_COMPONENTS = 64
_MOST_TO_FIT = 40_000
# Energies and variances are no less than this share of the largest, nor than zero.
_FLOOR, _NOTHING = 1e-9, 1e-12


@dataclass(frozen=True)
class Tokenizer:
    """What `fit_tokenizer` learned, arrays only.

    Parameters
    ----------
    step : int
        Samples in a step; 0 of plain numbers.
    reference : float
        Energy of level 0; 1 of plain numbers.
    mean, components : ndarray of shape (n_bands,), (n_features, n_bands)
        Principal components of the levels, scaled to unit variance.
    weight : ndarray of shape (n_features,)
        Standard deviation of each feature, to the power that clustering uses.
    centroids : ndarray of shape (n_tokens, n_features)
        In features times weight.
    variance : ndarray of shape (n_tokens, n_bands)
        Mean energy of each band in the steps of each token.
    """

    step: int = number("i", 0, 2**24)
    reference: float = number("f", 1e-45, 1e38)
    mean: np.ndarray = array("n_bands")
    components: np.ndarray = array("n_features", "n_bands")
    weight: np.ndarray = array("n_features", low=1e-9)
    centroids: np.ndarray = array("n_tokens", "n_features")
    variance: np.ndarray = array("n_tokens", "n_bands", low=1e-300, high=1e300)

    @property
    def n_bands(self):
        """Bands of a step."""
        return len(self.mean)

    @property
    def middles(self):
        """Middle of each band ``(n_bands,)``, in bins; none of plain numbers."""
        return band_middles(self.step + 1) if self.step else np.empty(0)

    def features(self, x):
        """Features ``(n_steps, n_features)`` of a waveform from its beginning on."""
        return self.reduced(step_bands(x, self.step))

    def reduced(self, bands):
        """Features ``(n_steps, n_features)`` of steps with these energies."""
        return (_levels(bands, self.step, self.reference) - self.mean) @ (
            self.components.T
        )

    def levels(self, features):
        """Levels ``(n_steps, n_bands)`` that features stand for."""
        # Components are divided by the deviation; weight**4 is its square.
        return (features * self.weight**4) @ self.components + self.mean

    def tokens(self, features):
        """Token of each step ``(n_steps,)``, int32."""
        # Less the square of the features, which is alike for all tokens.
        distance = (self.centroids**2).sum(axis=1) - 2 * (
            (features * self.weight) @ self.centroids.T
        )
        return distance.argmin(axis=1).astype(np.int32)

    def log_density(self, bands, n_channels):
        """Log-density of steps under each token ``(n_steps, n_tokens)``, in nats.

        The numbers of a spectrum are taken to be independent zero-mean Gaussians,
        alike within a band.
        """
        # Bands are mean energies of their bins: sums of this many squares.
        count = numbers_in_bands(self.step, self.n_bands, n_channels)
        total = bands_of_squares(bands, self.step) * _bins(self.step, self.n_bands)
        each = self.variance * _bins(self.step, self.n_bands) / count
        constant = (count * np.log(2 * np.pi * each)).sum(axis=1)
        return -0.5 * (total @ (1 / each).T + constant)


def step_bands(x, step):
    """Energies of the bands ``(n_steps, n_bands)`` of a waveform; rows of numbers.

    Parameters
    ----------
    x : ndarray of shape (n_samples, n_channels)
        Waveform from its beginning on, before which it is mirrored.
    step : int
        Samples in a step; 0 of plain numbers.
    """
    if not step or len(x) < step:
        return x if not step else np.empty((0, len(band_edges(step + 1))), np.float32)
    return band_energies(np.concatenate([x[:step][::-1], x]), step)


def _levels(bands, step, reference):
    """Levels ``(n_steps, n_bands)``, float32; plain numbers stand for themselves."""
    return to_levels(bands, reference) if step else bands.astype(np.float32)


def bands_of_squares(bands, step):
    """Energies of bands ``(n_steps, n_bands)``, float64; of plain numbers squares."""
    return bands.astype(np.float64) if step else np.square(bands, dtype=np.float64)


def _bins(step, n_bands):
    """Bins of each band ``(n_bands,)``."""
    return band_widths(step + 1) if step else np.ones(n_bands)


def numbers_in_bands(step, n_bands, n_channels):
    """Numbers of a step that each band stands for ``(n_bands,)``."""
    return 2 * n_channels * band_widths(step + 1) if step else np.ones(n_bands)


def fit_tokenizer(bands, step, n_tokens, most_tokens, rng):
    """Learn features and tokens.

    Parameters
    ----------
    bands : list of ndarray of shape (n_steps, n_bands)
        Of each recording, from `step_bands`.
    step : int
        Samples in a step; 0 of plain numbers.
    n_tokens : int or None
        Clusters; None is `most_tokens`, or a tenth of the steps if that is less.
    most_tokens : int
        See `n_tokens`.
    rng : numpy.random.RandomState
        For k-means and for drawing the steps that are fitted.

    Returns
    -------
    Tokenizer

    Raises
    ------
    ValueError
        If there are fewer steps than tokens.
    """
    # Here and not above: they take a while to load, and playing needs neither.
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA
    from sklearn.exceptions import ConvergenceWarning

    n_steps = sum(map(len, bands))
    if n_tokens is None:
        n_tokens = max(1, min(most_tokens, n_steps // 10))
    if n_tokens > n_steps:
        raise ValueError(
            f"n_tokens={n_tokens} is more than the {n_steps} steps of the recordings; "
            "use fewer tokens or more music."
        )
    loudest = max(e.max(initial=0) for e in bands)
    reference = float(loudest or 1.0) if step else 1.0
    pool = _levels(_drawn(bands, _MOST_TO_FIT, rng), step, reference)
    # One thread, since sums in the order of arrival would differ from run to run.
    # Where nothing varies, PCA divides by zero what is not used here.
    with threadpool_limits(1), np.errstate(invalid="ignore"):
        pca = PCA(min(N_COMPONENTS, *pool.shape), svd_solver="full").fit(pool)
        # What hardly varies here must not be blown up where it does, in other music.
        least = max(1e-12, 1e-4 * pca.explained_variance_.max())
        deviation = np.sqrt(np.maximum(pca.explained_variance_, least))
        if len(pool) == 1:
            deviation = np.ones_like(deviation)
        # Between whitened (1) and plain (deviation): pitch shows in small components.
        weight = np.sqrt(deviation).astype(np.float32)
        components = (pca.components_ / deviation[:, None]).astype(np.float32)
        mean = pca.mean_.astype(np.float32)
        scaled = (pool - mean) @ components.T * weight
        n_tokens = min(n_tokens, len(np.unique(scaled, axis=0)))
        options = {"init": "random", "n_init": 1, "max_iter": 15, "tol": 0}
        kmeans = KMeans(n_tokens, **options, random_state=rng)
        # It warns when it may stop early; the count of iterations is ours.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            centroids = kmeans.fit(scaled).cluster_centers_
    nothing = np.ones((len(centroids), len(mean)))
    return Tokenizer(step, reference, mean, components, weight, centroids, nothing)


def _drawn(arrays, most, rng):
    """Rows of all arrays, or `most` of them drawn by chance, in order."""
    ends = np.cumsum([len(a) for a in arrays])
    if ends[-1] <= most:
        return np.concatenate(arrays)
    rows = np.sort(rng.choice(ends[-1], most, replace=False))
    parts = np.split(rows, np.searchsorted(rows, ends[:-1]))
    starts = ends - [len(a) for a in arrays]
    return np.concatenate(
        [a[part - start] for a, part, start in zip(arrays, parts, starts, strict=True)]
    )


def mean_energies(bands, tokens, n_tokens, step):
    """Mean energy of each band in the steps of each token, never quite zero.

    Parameters
    ----------
    bands : list of ndarray of shape (n_steps, n_bands)
        Of each recording.
    tokens : list of ndarray of shape (n_steps,)
        Token of each step.
    n_tokens : int
    step : int
        Samples in a step; 0 of plain numbers.

    Returns
    -------
    ndarray of shape (n_tokens, n_bands)
    """
    total = np.zeros((n_tokens, bands[0].shape[1]))
    count, loudest = np.zeros(n_tokens), 0.0
    for x, t in zip(bands, tokens, strict=True):  # one after the other: they are large
        energies = bands_of_squares(x, step)
        np.add.at(total, t, energies)
        count += np.bincount(t, minlength=n_tokens)
        loudest = max(loudest, energies.max(initial=0))
    # Each token begins with one step that is the mean of all.
    usual = total.sum(axis=0) / max(count.sum(), 1) + _FLOOR * loudest + _NOTHING
    return (total + usual) / (count[:, None] + 1)
