"""Frames that are cut anew: at another place, or longer ones.

Steps are 23 ms apart, and a beat that comes half a step early or late after each join
stumbles: real songs, cut at random into runs and moved by up to so much, lose half of
what their beat is above that of pieces. And short windows do not tell partials apart:
what is done to one of them is done to others, and leaves images of it in the windows
beside. Frames of windows that overlap by half are a waveform still; it is made, and cut
into frames once more, elsewhere or of windows that are two steps long.
"""

import numpy as np
import scipy.fft

from skmusic.image import is_redundant, window_length
from skmusic.layout import from_complex, to_complex
from skmusic.phase import sine_window

# Places of the bank, and frames of each, that tell how frames overlap, and the share
# of their energy that may differ: they are stored in few bits.
_N_PLACES, _N_FRAMES, _TOLERANCE = 16, 24, 0.01


def waveform(frames, layout, redundant=False):
    """Waveform that frames were cut out of, from where the first of them begins.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_dims)
        Spectra of `FFTFeaturizer`'s window and hop by default.
    layout : skmusic.layout.Layout
        Of the frames.
    redundant : bool
        Whether the upper half of spectra mirrors the lower.

    Returns
    -------
    ndarray of shape (n_channels, (n_frames + 1) * hop)
        Faded in where the first frame begins, and out where the last one ends.
    """
    N = window_length(layout, redundant)
    windows = windows_of(frames, layout, redundant) * sine_window(N).astype(np.float32)
    halves = windows.reshape(*windows.shape[:2], 2, N // 2)
    wave = np.zeros((len(frames) + 1, layout.n_channels, N // 2), np.float32)
    wave[:-1] = halves[:, :, 0]
    wave[1:] += halves[:, :, 1]
    return np.moveaxis(wave, 1, 0).reshape(layout.n_channels, -1)


def cut(wave, n_frames, N, redundant):
    """First frames ``(n_frames, n_dims)`` of a waveform ``(n_channels, n_samples)``.

    Windows of `N` samples, each half of it after the one before.
    """
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
        inner = slice(1, -1)
        again = cut(waveform(x, layout, redundant), len(x), N, redundant)
        apart += np.square(again[inner] - x[inner]).sum()
        energy += np.square(x[inner]).sum()
    return (N // 2 if apart < _TOLERANCE * energy else 0), redundant
