"""Where bands are heard: which channel, and how alike the channels are."""

from dataclasses import dataclass, replace

import numpy as np

from skmusic.checks import LARGEST, check_array, check_number

# Bands in which channels differ, from a 64th of the highest frequency up.
N_PLACES = 12
# Decibels that a band may be raised or lowered by.
MOST_GAIN = 12.0


@dataclass(frozen=True)
class Image:
    """Where bands are heard: a linear map from features to channels.

    Parameters
    ----------
    shares : ndarray of shape (n_features + 1, n_channels * 12)
        To the logarithm of each channel's share of the energy.
    alike : ndarray of shape (n_features + 1, 12)
        To the correlation of the outermost channels.
    gain : ndarray of shape (n_bands,)
        Decibels that bands would lose else, where windows overlap.
    loudest : float
        Sample that no other is beyond.
    """

    shares: np.ndarray
    alike: np.ndarray
    gain: np.ndarray
    loudest: float

    def check(self):
        """Refuse arrays that do not fit together."""
        check_array("alike", self.alike, (None, N_PLACES), low=-1e4, high=1e4)
        check_array("shares", self.shares, (len(self.alike), None), low=-1e4, high=1e4)
        check_array("gain", self.gain, (None,), low=-MOST_GAIN, high=MOST_GAIN)
        check_number("loudest", self.loudest, "f", 0, LARGEST)
        if not self.shares.shape[1] or self.shares.shape[1] % N_PLACES:
            raise ValueError("the image has no channels.")

    def mixed(self, other, share):
        """Image between this and another one, which counts by its share."""
        names = "shares", "alike", "gain"
        pairs = {name: (getattr(other, name), getattr(self, name)) for name in names}
        mixed = {k: share * a + (1 - share) * b for k, (a, b) in pairs.items()}
        return replace(self, **mixed, loudest=max(self.loudest, other.loudest))

    def at(self, features):
        """Of steps, shares ``(n_steps, n_channels, 12)``, and likeness."""
        x = np.concatenate([features, np.ones((len(features), 1))], axis=1)
        z = (x @ self.shares).reshape(len(x), -1, N_PLACES)
        share = np.exp(z - z.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        return share, np.clip(x @ self.alike, -1, 1)


def heard_at(frames, layout):
    """Of steps, logarithm of the shares of channels, and likeness, in each place."""
    m, n_channels = layout.frames_per_step, layout.n_channels
    n = layout.n_bins
    frames = frames[: len(frames) // m * m]
    x = frames.reshape(-1, n_channels, 2, n)
    edges = np.searchsorted(places(n), np.arange(N_PLACES))
    # A place without a bin has those of the next.
    edges = np.minimum(edges, n - 1)

    def summed(y):
        y = np.add.reduceat(y, edges, axis=-1)
        return y.reshape(-1, m, *y.shape[1:]).sum(axis=1)

    energy = summed(np.square(x, dtype=np.float64).sum(axis=2))
    both = summed((x[:, 0].astype(np.float64) * x[:, -1]).sum(axis=1))
    floor = 1e-9 * energy.max(initial=0) + 1e-30
    share = np.log((energy + floor) / (energy + floor).sum(axis=1, keepdims=True))
    alike = (both + floor) / (np.sqrt(energy[:, 0] * energy[:, -1]) + floor)
    return share, alike


def places(n_bins):
    """Place of each bin."""
    octaves = np.log2(1 + 63 * np.arange(n_bins) / (n_bins - 1)) / 6
    return np.minimum((octaves * N_PLACES).astype(int), N_PLACES - 1)
