"""Moving frames in time by less than a step: joins that keep the beat.

Steps are 23 ms apart, and a beat that comes half a step early or late after each join
stumbles: real songs, cut at random into runs and moved by up to so much, lose half of
what their beat is above that of pieces. Frames of windows that overlap by half are a
waveform still; it is made, and cut into frames once more at another place.
"""

import numpy as np
import scipy.fft

from skmusic.image import is_redundant, window_length
from skmusic.layout import from_complex, to_complex
from skmusic.phase import sine_window

# Places of the bank, and frames of each, that tell how frames overlap, and the share
# of their energy that may differ: they are stored in few bits.
_N_PLACES, _N_FRAMES, _TOLERANCE = 16, 24, 0.01


def moved(frames, n_samples, layout, redundant=False):
    """Frames of the same waveform, cut so many samples later.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_dims)
        Spectra of `FFTFeaturizer`'s window and hop by default; beyond them is silence.
    n_samples : int
        From 0 to the hop.
    layout : skmusic.layout.Layout
        Of the frames.
    redundant : bool
        Whether the upper half of spectra mirrors the lower.

    Returns
    -------
    ndarray of shape (n_frames, n_dims)
        The first and the last two lack something.
    """
    N = window_length(layout, redundant)
    hop, window = N // 2, sine_window(N).astype(np.float32)
    windows = windows_of(frames, layout, redundant) * window
    halves = windows.reshape(*windows.shape[:2], 2, hop)
    wave = np.zeros((len(frames) + 2, layout.n_channels, hop), np.float32)
    wave[:-2] = halves[:, :, 0]
    wave[1:-1] += halves[:, :, 1]
    wave = np.moveaxis(wave, 1, 0).reshape(layout.n_channels, -1)
    return cut(wave[:, n_samples:], len(frames), N, redundant)


def cut(wave, n_frames, N, redundant):
    """First frames ``(n_frames, n_dims)`` of a waveform ``(n_channels, n_samples)``."""
    hop = N // 2
    pieces = np.lib.stride_tricks.sliding_window_view(wave, N, axis=1)
    return frames_of(pieces[:, : n_frames * hop : hop].swapaxes(0, 1), redundant)


def frames_of(pieces, redundant):
    """Frames ``(n_frames, n_dims)`` of pieces of a waveform, a window long each.

    The pieces are of shape ``(n_frames, n_channels, N)``.
    """
    windows = pieces * sine_window(pieces.shape[-1]).astype(np.float32)
    transform = scipy.fft.fft if redundant else scipy.fft.rfft
    return from_complex(transform(windows, axis=-1))


def windows_of(frames, layout, redundant):
    """Windows ``(n_frames, n_channels, N)`` of a waveform, from their spectra."""
    N = window_length(layout, redundant)
    return scipy.fft.irfft(to_complex(frames, layout), N)


def find_hop(sequences, layout):
    """Samples from one frame to the next, 0 where frames cannot be moved.

    Parameters
    ----------
    sequences : list of sequence of shape (n_frames, n_dims)
        Frames of a corpus.
    layout : skmusic.layout.Layout
        Of the frames.

    Returns
    -------
    hop : int
        Half a window where they are spectra of `FFTFeaturizer`'s window and hop by
        default, which a waveform that is made of them and cut again gives back.
    redundant : bool
        Whether the upper half of spectra mirrors the lower.
    """
    long = [x for x in sequences if len(x) >= _N_FRAMES]
    if layout.n_parts == 1 or not long:
        return 0, False
    redundant = is_redundant(long[0][:_N_FRAMES], layout)
    N = window_length(layout, redundant)
    if N % 2 or not N:
        return 0, redundant
    apart, energy, ends = 0.0, 0.0, np.cumsum([len(x) for x in long])
    for place in np.linspace(0, ends[-1] - 1, _N_PLACES).astype(int):
        i = int(np.searchsorted(ends, place, side="right"))
        start = min(place - ends[i], -_N_FRAMES) + len(long[i])
        x = long[i][start : start + _N_FRAMES]
        inner = slice(1, -2)
        apart += np.square(moved(x, 0, layout, redundant)[inner] - x[inner]).sum()
        energy += np.square(x[inner]).sum()
    return (N // 2 if apart < _TOLERANCE * energy else 0), redundant
