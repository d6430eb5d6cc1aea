"""Phases of a spectrogram that is known by its magnitudes alone, frame by frame.

The phase's slopes in time and in frequency are known from the magnitudes, so that
phases can be integrated: they are carried on in time at the peaks of the frame before,
and from there along the frequencies to the valleys between. Nothing but the frame
after is looked ahead to.

The slope in frequency is that of a Gaussian window nearest to the one in use. In time
it is the frequency of a tone, which two neighbours of a peak tell exactly.

References
----------
Z. Průša, P. Balazs and P. L. Søndergaard, "A noniterative method for reconstruction of
phase from STFT magnitude", IEEE/ACM Trans. Audio, Speech and Language Processing 25
(2017), for the slopes; Z. Průša and P. L. Søndergaard, "Real-time spectrogram inversion
using phase gradient heap integration", DAFx (2016), for frame after frame.
J. Laroche and M. Dolson, "Improved phase vocoder time-scale modification of audio",
IEEE Trans. Speech and Audio Processing 7 (1999), for the peaks that lead.
T. Grandke, "Interpolation algorithms for discrete Fourier transforms of weighted
signals", IEEE Trans. Instrumentation and Measurement 32 (1983), for tones.
"""

from itertools import pairwise

import numpy as np

# Time-frequency ratio of the Gaussian nearest to half a sine, in squared lengths.
_RATIO = 0.451


def next_phase(phase, before, now, after, size, hop_length):
    """Phases of a frame, of those of the frame before.

    Parameters
    ----------
    phase : ndarray of shape (n_bins,)
        Of the frame before, in radians, seen from the middle of the window.
    before, now, after : ndarray of shape (n_bins,)
        Logarithm of the magnitudes of three successive frames.
    size, hop_length : int
        Of the window, `sine_window`, and between frames, in samples.

    Returns
    -------
    ndarray of shape (n_bins,)
        Of the frame `now`.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.spectra.phase import next_phase
    >>> tone = -((np.arange(9) - 4.0) ** 2)  # in the middle of bin 4 of 16
    >>> phase = next_phase(np.zeros(9), tone, tone, tone, size=16, hop_length=2)
    >>> float(np.round(phase[4] / np.pi, 3))  # an eighth of four turns
    1.0
    """
    rate = (_rate(before, size, hop_length) + _rate(now, size, hop_length)) / 2
    in_time = phase + rate
    slope = -_RATIO * size / hop_length * (after - before) / 2
    in_frequency = np.zeros(len(now))
    np.cumsum((slope[1:] + slope[:-1]) / 2, out=in_frequency[1:])
    padded = np.concatenate([[-np.inf], before, [-np.inf]])
    peaks = np.flatnonzero((before >= padded[:-2]) & (before >= padded[2:]))
    leader = peaks[_owners(now, peaks)]
    found = in_time[leader] + in_frequency - in_frequency[leader]
    # Only turns matter, and large numbers would lose them.
    return np.remainder(found, 2 * np.pi)


def _rate(log_magnitude, size, hop_length):
    """Slope of the phase in time at peaks, in radians a hop.

    A tone some way off the middle of a bin, by up to half a bin, gives the bins to
    both sides of it magnitudes whose ratio tells how far, by the window's transform.
    """
    t = np.tanh(np.gradient(log_magnitude))
    off = t * 0.75 / (1 + np.sqrt(1 - 0.75 * t**2))
    return 2 * np.pi * hop_length / size * (np.arange(len(off)) + off)


def _owners(log_magnitude, peaks):
    """Which peak leads each bin: the lowest bin between two is where one ends."""
    borders = [p + log_magnitude[p:q].argmin() for p, q in pairwise(peaks)]
    return np.searchsorted(borders, np.arange(len(log_magnitude)), side="left")
