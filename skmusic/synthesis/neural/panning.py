"""Stereo panning: in which channel bands are heard, and how alike the channels are.

Both are parameters of a step: of wide bands, the level of each channel beside the last
one, in decibels, and the correlation of the outermost channels, in tenths, so that a
tenth counts about as much as a decibel.
"""

from functools import cache

import numpy as np

# Bands in which channels differ, from a 64th of the highest frequency up.
N_PLACES = 12
# This share of the energy is taken to be in each channel: none is further apart than
# may be heard, and than lines can be drawn between.
_LEAST = 0.01
# So much of the corpus's loudest band is heard from the middle: silence is there.
QUIET = 1e-7
_TENTHS = 10.0


def n_panning(n_channels):
    """Parameters of a step: none of one channel, which has no place."""
    return n_channels * N_PLACES if n_channels > 1 else 0


def panning_of(z, reference):
    """Where the bands of spectra ``(n_steps, n_channels, n_bins)`` are heard.

    Of shape (n_steps, n_panning), float32: levels of all channels but the last, of 12
    bands each, in decibels over the last; then the correlation of the first and the
    last, of 12 bands, in tenths. `reference` is the energy of level 0.
    """
    n_steps, n_channels, n_bins = z.shape
    if n_channels == 1:
        return np.empty((n_steps, 0), np.float32)
    edges = place_edges(n_bins)
    z = z / np.sqrt(np.float32(reference))
    energy = np.add.reduceat(z.real**2 + z.imag**2, edges, axis=-1)
    outer = z[:, 0] * z[:, -1].conj()
    both = np.add.reduceat(outer.real, edges, axis=-1) + QUIET
    total = energy.sum(axis=1, keepdims=True)
    energy = energy + QUIET
    alike = both / (np.sqrt(energy[:, 0]) * np.sqrt(energy[:, -1]))
    level = 10 * np.log10(energy + _LEAST * total)
    level = (level[:, :-1] - level[:, -1:]).reshape(n_steps, -1)
    return np.concatenate([level, _TENTHS * alike], axis=1).astype(np.float32)


def factors(panning, n_channels, n_bins):
    """What the spectra of channels are beside that of the sum of their energies.

    Of shape (n_steps, n_channels, n_bins), complex64; squares of the magnitudes add up
    to one over the channels. The panning ``(n_steps, n_panning)`` may be any finite
    numbers.
    """
    n_steps = len(panning)
    if n_channels == 1:
        return np.ones((n_steps, 1, n_bins), np.complex64)
    level, alike = panning[:, :-N_PLACES], panning[:, -N_PLACES:]
    level = level.reshape(n_steps, -1, N_PLACES)
    share = np.ones((n_steps, n_channels, N_PLACES))
    share[:, :-1] = 10 ** (level / 10)
    share /= share.sum(axis=1, keepdims=True)
    share = np.maximum(share * (1 + n_channels * _LEAST) - _LEAST, 0)
    share /= share.sum(axis=1, keepdims=True)
    # Channels so far out of phase correlate as wanted, and so does their sum; which
    # of them is ahead changes from place to place.
    angle = np.arccos(np.clip(alike / _TENTHS, -1, 1)) / 2
    angle = angle * (-1) ** np.arange(N_PLACES)
    # The outermost channels differ by the whole angle, those between by less.
    outward = np.linspace(-1, 1, n_channels)[:, None]
    found = np.sqrt(share) * np.exp(1j * angle[:, None] * outward)
    return np.take(found.astype(np.complex64), places(n_bins), axis=2)


@cache
def place_edges(n_bins):
    """First bin of each place ``(12,)``; one without a bin has those of the next."""
    edges = np.searchsorted(places(n_bins), np.arange(N_PLACES))
    return np.minimum(edges, n_bins - 1)


@cache
def places(n_bins):
    """Place of each bin ``(n_bins,)``, 0 to 11; they are half an octave wide."""
    octaves = np.log2(1 + 63 * np.arange(n_bins) / (n_bins - 1)) / 6
    return np.minimum((octaves * N_PLACES).astype(int), N_PLACES - 1)
