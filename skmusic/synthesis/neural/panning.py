"""Stereo panning: in which channel bands are heard, and how alike the channels are."""

from dataclasses import dataclass, replace

import numpy as np

from skmusic.utils.fields import LARGEST, array, number

# Bands in which channels differ, from a 64th of the highest frequency up.
N_PLACES = 12
# Decibels that a band may be raised or lowered by.
MOST_GAIN = 12.0


@dataclass(frozen=True)
class StereoPanning:
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

    shares: np.ndarray = array("n_inputs", None, low=-1e4, high=1e4)
    alike: np.ndarray = array("n_inputs", N_PLACES, low=-1e4, high=1e4)
    gain: np.ndarray = array("n_bands", low=-MOST_GAIN, high=MOST_GAIN)
    loudest: float = number("f", 0, LARGEST)

    @property
    def n_channels(self):
        """Channels that are heard."""
        return self.shares.shape[1] // N_PLACES

    def laws(self):
        """What must hold beyond the declared shapes and ranges: (law, message)."""
        width = self.shares.shape[1]
        yield width > 0 and width % N_PLACES == 0, "the panning has no channels."

    def mixed(self, other, share):
        """StereoPanning between this and another one, which counts by its share."""
        names = "shares", "alike", "gain"
        pairs = {name: (getattr(other, name), getattr(self, name)) for name in names}
        mixed = {k: share * a + (1 - share) * b for k, (a, b) in pairs.items()}
        return replace(self, **mixed, loudest=max(self.loudest, other.loudest))

    def at(self, features):
        """Shares ``(n_steps, n_channels, 12)`` and likeness ``(n_steps, 12)`` of steps.

        Shares of the channels add up to one.
        """
        x = np.concatenate([features, np.ones((len(features), 1))], axis=1)
        z = (x @ self.shares).reshape(len(x), -1, N_PLACES)
        share = np.exp(z - z.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        return share, np.clip(x @ self.alike, -1, 1)


def panning_of(z):
    """Where the bands of some spectra are heard.

    Parameters
    ----------
    z : ndarray of shape (n_steps, n_channels, n_bins)
        Spectra.

    Returns
    -------
    shares : ndarray of shape (n_steps, n_channels, 12)
        Logarithm of each channel's share of the energy.
    alike : ndarray of shape (n_steps, 12)
        Correlation of the outermost channels.
    """
    edges = np.searchsorted(places(z.shape[-1]), np.arange(N_PLACES))
    # A place without a bin has those of the next.
    edges = np.minimum(edges, z.shape[-1] - 1)
    power = z.real.astype(np.float64) ** 2 + z.imag.astype(np.float64) ** 2
    energy = np.add.reduceat(power, edges, axis=-1)
    both = np.add.reduceat((z[:, 0] * z[:, -1].conj()).real, edges, axis=-1)
    # Silence is in the middle.
    floor = 1e-9 * energy.max(initial=0) + 1e-30
    share = np.log((energy + floor) / (energy + floor).sum(axis=1, keepdims=True))
    alike = (both + floor) / (np.sqrt(energy[:, 0] * energy[:, -1]) + floor)
    return share, alike


def places(n_bins):
    """Place of each bin ``(n_bins,)``, 0 to 11; they are half an octave wide."""
    octaves = np.log2(1 + 63 * np.arange(n_bins) / (n_bins - 1)) / 6
    return np.minimum((octaves * N_PLACES).astype(int), N_PLACES - 1)
