"""Noise, and what is clear of it: tones and attacks.

Where a band is many bins wide, its level tells nothing of the tones in it, and spectra
with phases that fit together sound smoother than music. Noise has what they lack, but
smears attacks and covers tones. So one more parameter tells of each wide band how clear
it is. It is in tenths, so that a tenth counts about as much as a decibel.
"""

from functools import cache

import numpy as np
import scipy.fft

from skmusic.features.constantq import band_edges, band_widths
from skmusic.spectra.windows import sine_window
from skmusic.synthesis.neural.panning import N_PLACES, QUIET, place_edges, places

# Wide bands, the upper ones of those of the panning: below there are hardly any bands
# wide enough for noise.
N_CLEAR = 8
_TENTHS = 10.0
# An attack is rarely alone in its band: with half the energy it is as clear as any.
_MOST_AT_ONCE = 0.5
# Mean square of the energies of noise's bins, in squares of the mean; of tones, which
# stand out, it is more.
_OF_NOISE = 2.0
# Samples after which the noise is the same again: some seconds.
_PERIOD = 1 << 17


def clarity_of(z, reference):
    """How clear spectra ``(n_steps, n_channels, n_bins)`` are of noise.

    Of shape (n_steps, 8), float32, in tenths: 0 is noise, 10 an attack or a tone.
    Attacks are told by neighbours: the product of a bin and the next but one turns with
    the time of an attack, and by chance in noise. Tones are told by few bins that have
    most of the energy. `reference` is the energy of level 0.
    """
    edges = place_edges(z.shape[-1])[-N_CLEAR:]
    z = z / np.sqrt(np.float32(reference))
    product = np.zeros((len(z), z.shape[-1]), z.dtype)
    product[:, :-2] = (z[..., :-2] * z[..., 2:].conj()).sum(axis=1)
    energy = (z.real**2 + z.imag**2).sum(axis=1)
    total = np.add.reduceat(energy, edges, axis=-1) + QUIET
    at_once = np.abs(np.add.reduceat(product, edges, axis=-1)) / total
    n_bins = np.add.reduceat(np.ones_like(energy[0]), edges)
    stand_out = np.add.reduceat(energy**2, edges, axis=-1) * n_bins / total**2
    unclear = np.maximum(1 - at_once / _MOST_AT_ONCE, 0)
    unclear *= _OF_NOISE / np.maximum(stand_out, _OF_NOISE)
    return _TENTHS * (1 - unclear)


def noise_share(clarity, step):
    """Share ``(n_steps, step + 1)`` of the energy of bins that is noise.

    It is from 0, in bands as narrow as a bin, to nearly 1. The clarity ``(n_steps, 8)``
    may be any finite numbers; a step has `step` samples.
    """
    unclear = 1 - np.clip(clarity / _TENTHS, 0, 1)
    place, most = _most_noise(step)
    return np.take(unclear, place, axis=1) * most


@cache
def _most_noise(step):
    """Number of the clarity of each bin, and the most noise there may be in it.

    Of the bins in a band one may be a tone, which the band's level does not tell.
    """
    n_bins = step + 1
    place = np.maximum(places(n_bins) - (N_PLACES - N_CLEAR), 0)
    band = np.searchsorted(band_edges(n_bins), np.arange(n_bins), side="right") - 1
    return place, (1 - 1 / band_widths(n_bins)[band]).astype(np.float32)


@cache
def noise_spectra(step):
    """Spectra ``(2 * n_steps, step + 1)``, complex64, of white noise.

    There is one each half step. The noise goes round; it is seen from the middle of
    windows of two steps, of `step` samples each. In the windows of the vocoder it is as
    loud as phases that fit together are, but half as long, since chance does not make
    it rise and fall with the levels.
    """
    n_steps = max(2, _PERIOD // step)
    noise = np.random.default_rng(0).standard_normal(n_steps * step, np.float32)
    noise = np.concatenate([noise, noise[: 2 * step]])
    windows = np.lib.stride_tricks.sliding_window_view(noise, 2 * step)
    starts = np.arange(n_steps)[:, None] * step + [0, step - step // 2]
    at = np.arange(2 * step) / step - 1
    fade = np.where(np.abs(at) < 0.5, np.cos(np.pi * at) ** 2, 0)
    fade = fade / np.maximum(sine_window(2 * step) / 2, 0.25)
    windows = windows[starts.ravel()] * fade.astype(np.float32)
    spectra = scipy.fft.rfft(np.roll(windows, step, axis=1), axis=1)
    spectra /= np.sqrt(np.float32(step))
    spectra.flags.writeable = False  # all who ask are given the same
    return spectra
