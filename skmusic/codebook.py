"""Frames to features to tokens: what the network hears of a recording.

A *step* is one tick of the network, ``frames_per_step`` frames. Its features
are the levels of constant-Q bands, reduced by principal components; its
token is the nearest of the k-means centroids of these features.
"""

from dataclasses import dataclass

import numpy as np
import scipy.fft
from threadpoolctl import threadpool_limits

from skmusic.checks import check_array, check_number

BANDS_PER_OCTAVE = 24
N_COMPONENTS = 64
# Levels are a power of the energy, between decibels (0) and loudness (0.3): what is
# hardly heard beside the rest counts less than in decibels.
_POWER = 0.1

# A step is 23 ms, fine enough for rhythm; as many samples at 44.1 kHz, which many bins
# of a channel stand for, have 22 Hz of frequency resolution.
_BINS_PER_STEP = 1024
STEP_SECONDS = _BINS_PER_STEP / 44100
_FEWEST_NUMBERS_OF_A_SPECTRUM = 128
_MOST_TO_FIT = 40_000


@dataclass(frozen=True)
class Layout:
    """How a frame's numbers are laid out: ``(n_channels, n_parts, n_bins)``.

    ``n_parts`` is 2 (real, imaginary) for spectra, 1 for anything else.
    """

    n_channels: int
    n_parts: int
    n_bins: int
    frames_per_step: int

    @property
    def numbers_per_step(self):
        """Numbers in the frames of a step."""
        return self.n_channels * self.n_parts * self.n_bins * self.frames_per_step

    def check(self):
        """Refuse what no frames have."""
        check_number("n_parts", self.n_parts, "i", 1, 2)
        for name in ("n_channels", "n_bins", "frames_per_step"):
            check_number(name, getattr(self, name), "i", 1, 2**24)


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
        n_fine = self.layout.n_bins * self.layout.frames_per_step
        return (self.edges + np.append(self.edges[1:], n_fine) - 1) / 2

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
        n_fine = self.layout.n_bins * self.layout.frames_per_step
        check_array("edges", self.edges, (None,), "i", 0, n_fine - 1)
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


def find_layout(sequences, n_channels=None, frames_per_step=None, frame_seconds=None):
    """Layout of frames, as far as their numbers tell.

    The two channels of a stereo spectrum resemble each other; the lower and
    upper half of a mono spectrum, which stand in the same places, do not.

    Parameters
    ----------
    sequences : list of ndarray of shape (n_frames, n_dims)
        Frames.
    n_channels : int or None
        Channels if known.
    frames_per_step : int or None
        None makes a step of about 23 ms, whatever the window.
    frame_seconds : float or None
        Time from one frame to the next; None is that of half a window at 44.1 kHz.

    Returns
    -------
    Layout

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.codebook import find_layout
    >>> find_layout([np.ones((5, 3))])
    Layout(n_channels=1, n_parts=1, n_bins=3, frames_per_step=1)
    """
    n_dims = sequences[0].shape[1]
    spectral = n_dims >= _FEWEST_NUMBERS_OF_A_SPECTRUM
    if n_channels is None:
        n_channels = 2 if spectral and _looks_stereo(sequences) else 1
    n_parts = 2 if spectral and n_dims % (2 * n_channels) == 0 else 1
    if n_dims % (n_channels * n_parts):
        raise ValueError(
            f"n_channels={n_channels} does not divide frames of {n_dims} numbers; "
            "leave n_channels=None to have it found."
        )
    n_bins = n_dims // (n_channels * n_parts)
    if frames_per_step is None:
        frames_per_step = _frames_per_step(n_bins, frame_seconds) if spectral else 1
    return Layout(n_channels, n_parts, n_bins, frames_per_step)


def _frames_per_step(n_bins, frame_seconds):
    # No more than half a window apart would be: together they tell no more of pitch.
    wanted = _BINS_PER_STEP / n_bins
    if frame_seconds is not None:
        wanted = min(wanted, STEP_SECONDS / frame_seconds)
    return max(1, round(wanted))


def step_seconds(layout, frame_seconds):
    """Length of a step; where `frame_seconds` is None as long as it is meant to be."""
    if frame_seconds is None:
        return STEP_SECONDS
    return layout.frames_per_step * frame_seconds


def _looks_stereo(sequences):
    n_dims = sequences[0].shape[1]
    if n_dims % 4:
        return False
    # Of frames all over each recording, enough to tell.
    some = [s[:: max(1, len(s) // 500)] for s in sequences]
    energy = sum(np.square(s, dtype=np.float64).sum(axis=0) for s in some)
    floor = 1e-9 * energy.max() + 1e-30
    left, right = np.log(energy + floor).reshape(4, -1)[:2]
    # A mono spectrum's upper octave lies far below the rest: nepers of power.
    return np.abs(left - right).mean() < 2.0


def check_frames(layout, n_dims):
    """Refuse a layout of other frames than those of so many numbers."""
    layout.check()
    if layout.numbers_per_step != n_dims * layout.frames_per_step:
        raise ValueError(f"{layout} is not one of frames of {n_dims} numbers.")


def check_variance(variance, n_tokens, layout):
    """Refuse what `token_variance` cannot give."""
    shape = n_tokens, len(band_edges(layout.n_bins))
    check_array("variance_", variance, shape, low=1e-300, high=1e300)


def step_count(n_frames, layout):
    """Complete steps in so many frames."""
    return n_frames // layout.frames_per_step


def band_edges(n_bins):
    """First bin of each constant-Q band, never narrower than one bin.

    Examples
    --------
    >>> from skmusic.codebook import band_edges
    >>> edges = band_edges(1025)
    >>> edges[:3], len(edges)
    (array([0, 1, 2]), 152)
    """
    edge, edges, ratio = 1.0, [0], 2 ** (1 / BANDS_PER_OCTAVE)
    while edge < n_bins:
        edges.append(round(edge))
        edge = max(edge + 1, edge * ratio)
    return np.unique([e for e in edges if e < n_bins])


def band_energies(frames, layout, edges):
    """Mean energy of each band's fine bins in each step, over all channels.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_dims)
        Frames.
    layout : Layout
        Of the frames.
    edges : ndarray of shape (n_bands,)
        From `band_edges` of ``n_bins * frames_per_step`` fine bins.

    Returns
    -------
    ndarray of shape (n_steps, n_bands), float32
    """
    m = layout.frames_per_step
    n_steps = step_count(len(frames), layout)
    n_fine = layout.n_bins * m
    widths = np.diff(np.append(edges, n_fine))
    energies = np.empty((n_steps, len(edges)), np.float32)
    block = max(1, (1 << 18) // (frames.shape[1] * m))
    for i in range(0, n_steps, block):
        stop = min(i + block, n_steps)
        power = _fine_power(frames, layout, i, stop)
        energies[i:stop] = np.add.reduceat(power, edges, axis=1) / widths
    return energies


def _fine_power(frames, layout, start, stop):
    """Power ``(n_steps, n_bins * frames_per_step)`` of steps start to stop.

    A bin's values in successive frames are a signal of their own: their FFT
    over twice a step tells frequencies apart that one short window cannot.
    """
    m, shape = layout.frames_per_step, (-1, layout.n_channels, layout.n_parts)
    if m == 1 or layout.n_parts == 1:
        x = frames[start * m : stop * m].reshape(*shape, layout.n_bins)
        power = np.square(x, dtype=np.float32).sum(axis=(1, 2))
        power = power.reshape(stop - start, m, layout.n_bins).mean(axis=1)
        return np.repeat(power, m, axis=1)
    # Twice a step, and not beyond its end: what is to be forecast is not heard.
    first, last = (start - 1) * m, stop * m
    x = np.zeros((last - first, *shape[1:], layout.n_bins), np.float32)
    lo, hi = max(first, 0), min(last, len(frames))
    x[lo - first : hi - first] = frames[lo:hi].reshape(*shape, layout.n_bins)
    z = x[:, :, 0] + 1j * x[:, :, 1]
    # With a hop of half a window an odd bin's centre turns by half a circle a frame.
    z[(first % 2) ^ 1 :: 2, :, 1::2] *= -1
    windows = np.lib.stride_tricks.sliding_window_view(z, 2 * m, axis=0)[::m]
    taper = np.hanning(2 * m + 1)[:-1].astype(np.float32)
    # In C order, which numpy would not choose; the FFT is slow in any other.
    fine = scipy.fft.fft(np.multiply(windows, taper, order="C"), axis=-1)
    fine = np.roll(fine, m // 2, axis=-1)[..., :m]
    power = (fine.real**2 + fine.imag**2).sum(axis=1, dtype=np.float32) / m
    return power.reshape(stop - start, -1)


def to_levels(energies, reference):
    """Levels: like decibels over `reference` near it, compressed far below.

    The Box-Cox transform, which no energy takes below -44.

    References
    ----------
    S. Stevens, "On the psychophysical law", Psychological Review 64 (1957).
    """
    ratio = energies / np.float32(reference)
    return np.float32(10 / np.log(10) / _POWER) * (ratio ** np.float32(_POWER) - 1)


def to_energies(levels):
    """Energies of levels, in units of the reference; the inverse of `to_levels`.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.codebook import to_energies, to_levels
    >>> to_energies(to_levels(np.float32([0.01, 1.0]), 1.0)).round(6)
    array([0.01, 1.  ])
    """
    root = 1 + np.asarray(levels, np.float64) * (_POWER * np.log(10) / 10)
    return np.maximum(root, 0) ** (1 / _POWER)


def frame_energies(frames, layout):
    """Energy of each band of the frames' own bins, summed over each step.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_dims)
        Frames.
    layout : Layout
        Of the frames.

    Returns
    -------
    ndarray of shape (n_steps, n_bands), float64
    """
    m, edges = layout.frames_per_step, band_edges(layout.n_bins)
    n_steps = step_count(len(frames), layout)
    energies = np.empty((n_steps, len(edges)))
    for i in range(0, n_steps, block := max(1, (1 << 21) // layout.numbers_per_step)):
        x = np.square(frames[i * m : min(i + block, n_steps) * m], dtype=np.float64)
        x = x.reshape(-1, m * layout.n_channels * layout.n_parts, layout.n_bins)
        energies[i : i + block] = np.add.reduceat(x.sum(axis=1), edges, axis=1)
    return energies


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

    edges = band_edges(layout.n_bins * layout.frames_per_step)
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
