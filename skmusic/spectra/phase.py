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

import numpy as np

# Time-frequency ratio of the Gaussian nearest to half a sine, in squared lengths.
_RATIO = 0.451


def next_phases(phase, log_magnitudes, size, hops):
    """Phases ``(n_frames, n_bins)`` of frames, of those ``(n_bins,)`` before the first.

    They are in radians, seen from the middle of the window, a `sine_window` of `size`
    samples. `log_magnitudes` ``(n_frames + 2, n_bins)`` are those of the frame before,
    of the frames, and of the one after. `hops` ``(n_frames,)`` lead from the frame
    before to each frame, in samples.
    """
    before, now, after = log_magnitudes[:-2], log_magnitudes[1:-1], log_magnitudes[2:]
    hops = np.asarray(hops)[:, None]
    bins = _frequencies(log_magnitudes)
    in_time = (bins[:-2] + bins[1:-1]) * (np.pi / size) * hops
    # Windows of two samples have no half to hop by.
    scale = (_RATIO * size / 4) / np.maximum(hops, 1)
    slope = (before - after) * scale.astype(before.dtype)
    in_frequency = np.zeros(now.shape)
    np.cumsum(slope[:, 1:] + slope[:, :-1], axis=1, out=in_frequency[:, 1:])
    leaders = _leaders(before, now)
    # All that needs no phase is done at once; what is left goes on frame by frame.
    found, ahead = np.empty(now.shape), in_time - in_frequency
    for each, leader, rate, along in zip(
        found, leaders, ahead, in_frequency, strict=True
    ):
        phase = (phase + rate)[leader] + along
        # Whole turns do not matter, and large numbers would lose the rest.
        phase = np.subtract(phase, 2 * np.pi * np.floor(phase / (2 * np.pi)), out=each)
    return found


def _frequencies(log_magnitudes):
    """Frequency at peaks ``(n_frames, n_bins)``, in bins.

    A tone some way off the middle of a bin, by up to half a bin, gives the bins to
    both sides of it magnitudes whose ratio tells how far, by the window's transform.
    """
    rise = np.empty_like(log_magnitudes)
    np.subtract(log_magnitudes[:, 2:], log_magnitudes[:, :-2], out=rise[:, 1:-1])
    rise[:, 0] = 2 * (log_magnitudes[:, 1] - log_magnitudes[:, 0])
    rise[:, -1] = 2 * (log_magnitudes[:, -1] - log_magnitudes[:, -2])
    t = np.tanh(rise / 2)
    off = t * 0.75 / (1 + np.sqrt(1 - 0.75 * t * t))
    return np.arange(rise.shape[1], dtype=rise.dtype) + off


def _leaders(before, now):
    """Which peak of the frame before leads each bin ``(n_frames, n_bins)``.

    The lowest bin between two peaks is the last of the lower one's.
    """
    n_frames, n_bins = now.shape
    peak = np.ones(now.shape, bool)
    rises = before[:, 1:] >= before[:, :-1]
    falls = before[:, 1:] <= before[:, :-1]
    peak[:, 1:] = rises
    peak[:, :-1] &= falls
    # Stretches of the frames in a row: from each peak to the next, and from each
    # frame's first bin to its first peak.
    starts = peak.copy()
    starts[:, 0] = True
    first, is_peak = np.flatnonzero(starts), peak[starts]
    length = np.diff(first, append=n_frames * n_bins)
    following = first + length
    lowest = np.repeat(np.minimum.reduceat(now.ravel(), first), length)
    at, stretch = np.flatnonzero(now.ravel() == lowest), np.cumsum(starts) - 1
    n_lower = np.empty(len(first), int)
    # Of equals the first counts, which is written last.
    n_lower[stretch[at[::-1]]] = at[::-1] + 1
    n_lower -= first
    # Before the first peak of a frame all is led by it, after the last by that one.
    n_lower[~is_peak] = 0
    last = following // n_bins > first // n_bins
    n_lower[last] = length[last]
    leaders = np.stack([first, following], axis=1) % n_bins
    counts = np.stack([n_lower, length - n_lower], axis=1)
    return np.repeat(leaders.ravel(), counts.ravel()).reshape(n_frames, n_bins)
