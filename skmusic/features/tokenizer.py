"""Steps to features to tokens: what the network hears of a recording.

The features of a step are the levels of constant-Q bands, reduced by principal
components; its token is the nearest of the k-means centroids of these features.
"""

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from skmusic.features.constantq import band_edges, band_energies, to_levels
from skmusic.spectra.frames import Layout
from skmusic.utils.checks import check_array, check_number

N_COMPONENTS = 64
_MOST_TO_FIT = 40_000


@dataclass(frozen=True)
class Codebook:
    """What `fit_codebook` learned, arrays only.

    Parameters
    ----------
    layout : Layout
        Of the frames.
    edges : ndarray of shape (n_bands,)
        First bin of each band, on the scale of fine bins.
    reference : float
        Energy of level 0.
    mean, components : ndarray of shape (n_bands,), (n_features, n_bands)
        Principal components of the levels, scaled to unit variance.
    weight : ndarray of shape (n_features,)
        Standard deviation of each feature, to the power that clustering uses.
    centroids : ndarray of shape (n_tokens, n_features)
        In features times weight.
    """

    layout: Layout
    edges: np.ndarray
    reference: float
    mean: np.ndarray
    components: np.ndarray
    weight: np.ndarray
    centroids: np.ndarray

    @property
    def middles(self):
        """Middle of each band ``(n_bands,)``, on the scale of fine bins."""
        ends = np.append(self.edges[1:], self.layout.n_fine_bins)
        return (self.edges + ends - 1) / 2

    def features(self, frames):
        """Features ``(n_steps, n_features)`` of frames, unit variance each."""
        return self.reduced(band_energies(frames, self.layout, self.edges))

    def reduced(self, energies):
        """Features of steps with these energies in the bands."""
        levels = to_levels(energies, self.reference)
        return (levels - self.mean) @ self.components.T

    def levels(self, features):
        """Levels ``(n_steps, n_bands)`` that features stand for."""
        return (features * self.weight**4) @ self.components + self.mean

    def tokens(self, features):
        """Token of each step."""
        distance = (self.centroids**2).sum(axis=1) - 2 * (
            (features * self.weight) @ self.centroids.T
        )
        return distance.argmin(axis=1).astype(np.int32)

    def check(self):
        """Refuse arrays that do not fit together."""
        last = self.layout.n_fine_bins - 1
        check_array("edges", self.edges, (None,), "i", 0, last)
        if list(self.edges[:1]) != [0] or (np.diff(self.edges) < 1).any():
            raise ValueError("edges do not ascend from 0.")
        n_bands, n_features = len(self.edges), len(self.weight)
        check_number("reference", self.reference, "f", 1e-45, 1e38)
        check_array("mean", self.mean, (n_bands,))
        check_array("components", self.components, (n_features, n_bands))
        check_array("weight", self.weight, (n_features,), low=0)
        check_array("centroids", self.centroids, (None, n_features))
        if not (n_features and len(self.centroids)):
            raise ValueError("the codebook is empty.")


def fit_codebook(energies, layout, n_tokens, most_tokens, rng):
    """Learn features and tokens.

    Parameters
    ----------
    energies : list of ndarray of shape (n_steps, n_bands)
        Of each recording, from `band_energies`.
    layout : Layout
        Of the frames.
    n_tokens : int or None
        Clusters; None is `most_tokens`, or a tenth of the steps if that is less.
    most_tokens : int
        See `n_tokens`.
    rng : numpy.random.RandomState
        For k-means and for drawing the steps that are fitted.

    Returns
    -------
    Codebook

    Raises
    ------
    ValueError
        If there are fewer steps than tokens.
    """
    # Here and not above: they take a while to load, and playing needs neither.
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA

    edges = band_edges(layout.n_fine_bins)
    n_steps = sum(map(len, energies))
    if n_tokens is None:
        n_tokens = max(1, min(most_tokens, n_steps // 10))
    if n_tokens > n_steps:
        raise ValueError(
            f"n_tokens={n_tokens} is more than the {n_steps} steps of the recordings; "
            "use fewer tokens or more music."
        )
    reference = float(max(e.max(initial=0) for e in energies)) or 1.0
    pool = to_levels(_drawn(energies, _MOST_TO_FIT, rng), reference)
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
        kmeans = KMeans(n_tokens, init="random", n_init=1, max_iter=15, tol=0)
        centroids = quietly(kmeans.set_params(random_state=rng).fit, scaled)
    return Codebook(
        layout, edges, reference, mean, components, weight, centroids.cluster_centers_
    )


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


def quietly(fit, *arrays):
    """K-means warns when it may stop early; the count of iterations is ours."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return fit(*arrays)


def token_variance(energies, tokens, n_tokens):
    """Energy that each token has in each band on average, never quite zero.

    Parameters
    ----------
    energies : ndarray of shape (n_steps, n_bands)
        From `frame_energies`.
    tokens : ndarray of shape (n_steps,)
        Token of each step.
    n_tokens : int
        How many there are.

    Returns
    -------
    ndarray of shape (n_tokens, n_bands)
    """
    overall = energies.mean(axis=0) + 1e-9 * energies.max(initial=0) + 1e-12
    total, count = np.tile(overall, (n_tokens, 1)), np.ones((n_tokens, 1))
    np.add.at(total, tokens, energies)
    np.add.at(count, tokens, 1)
    return total / count


def check_variance(variance, n_tokens, layout):
    """Refuse what `token_variance` cannot give."""
    shape = n_tokens, len(band_edges(layout.n_bins))
    check_array("variance_", variance, shape, low=1e-300, high=1e300)


def log_density(energies, variance, layout):
    """Log-density of steps under each token's zero-mean Gaussian.

    A spectrum's numbers are taken to be independent, alike within a band.

    Parameters
    ----------
    energies : ndarray of shape (n_steps, n_bands)
        From `frame_energies`.
    variance : ndarray of shape (n_tokens, n_bands)
        From `token_variance`.
    layout : Layout
        Of the frames.

    Returns
    -------
    ndarray of shape (n_steps, n_tokens)
        In nats.
    """
    edges = band_edges(layout.n_bins)
    width = np.diff(np.append(edges, layout.n_bins))
    count = width * layout.numbers_per_step // layout.n_bins
    each = variance / count
    constant = (count * np.log(2 * np.pi * each)).sum(axis=1)
    return -0.5 * (energies @ (1 / each).T + constant)
