"""Frames that are cut anew: at another place, or longer ones.

Steps are 23 ms apart, and a beat that comes half a step early or late after each join
stumbles: real songs, cut at random into runs and moved by up to so much, lose half of
what their beat is above that of pieces. And short windows do not tell partials apart:
what is done to one of them is done to others, and leaves images of it in the windows
beside. Frames of windows that overlap by half are a waveform still; it is made, and cut
into frames once more, elsewhere or of windows that are two steps long.
"""

from dataclasses import replace

import numpy as np
import scipy.fft

from skmusic.spectra.frames import from_complex, lower_half, to_complex
from skmusic.spectra.windows import sine_window

# Places of a corpus, and frames of each, that tell whether frames are lapped, and the
# share of their energy that may differ.
_N_PLACES, _N_FRAMES, _TOLERANCE = 16, 24, 0.01


def waveform(frames, layout):
    """Waveform that frames were cut out of, from where the first of them begins.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_dims)
        Spectra of `FFTFeaturizer`'s window and hop by default.
    layout : skmusic.spectra.frames.Layout
        Of the frames.

    Returns
    -------
    ndarray of shape (n_channels, (n_frames + 1) * hop)
        Faded in where the first frame begins, and out where the last one ends.
    """
    return _added(*_halves(frames, layout))


def _halves(frames, layout):
    """What frames add to the waveform, by halves ``(n_frames, n_channels, hop)``."""
    windows = windows_of(frames, layout)
    windows = windows * sine_window(windows.shape[-1]).astype(np.float32)
    return np.split(windows, 2, axis=-1)


def _added(early, late):
    """Waveform of what frames add to it."""
    wave = np.zeros((len(early) + 1, *early.shape[1:]), np.float32)
    wave[:-1] = early
    wave[1:] += late
    return np.moveaxis(wave, 1, 0).reshape(early.shape[1], -1)


def cut(wave, n_frames, N):
    """First frames ``(n_frames, n_dims)`` of a waveform ``(n_channels, n_samples)``.

    Windows of `N` samples, each half of it after the one before.
    """
    return frames_of(_pieces(wave, n_frames, N))


def _pieces(wave, n_frames, N):
    """Views ``(n_frames, n_channels, N)`` of a waveform, which overlap by half."""
    hop = N // 2
    pieces = np.lib.stride_tricks.sliding_window_view(wave, N, axis=1)
    return pieces[:, : n_frames * hop : hop].swapaxes(0, 1)


def frames_of(pieces):
    """Frames ``(n_frames, n_dims)`` of pieces of a waveform, a window long each.

    The pieces are of shape ``(n_frames, n_channels, N)``.
    """
    windows = pieces * sine_window(pieces.shape[-1]).astype(np.float32)
    return from_complex(scipy.fft.rfft(windows, axis=-1))


def windows_of(frames, layout):
    """Windows ``(n_frames, n_channels, N)`` of a waveform, from their spectra."""
    return scipy.fft.irfft(to_complex(frames, layout), layout.window_length)


def long_frames(frames, layout, start, stop):
    """Frames of two steps, of steps `start` to `stop` of a recording.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_dims)
        Of the recording, from its beginning on, before which nothing is heard.
    layout : skmusic.spectra.frames.Layout
        Of lapped frames.
    start, stop : int
        First step, and the step after the last.

    Returns
    -------
    ndarray of shape (stop - start, n_long_dims)
        In ``layout.long``. Each is of no frame after its step, with the last of which
        it fades out: what is to be forecast is not heard.
    """
    m, n, hop = layout.frames_per_step, stop - start, layout.hop
    early, late = _halves(frames[max(start - 1, 0) * m : stop * m], layout)
    wave, size = _added(early, late), (n + 1) * m * hop
    wave = np.pad(wave, ((0, 0), (max(size - wave.shape[1], 0), 0)))[:, -size:]
    pieces = _pieces(wave, n, 2 * m * hop).copy()
    pieces[..., -hop:] = late[-n * m :][m - 1 :: m]
    return frames_of(pieces)


def with_lapped(layout, sequences):
    """Layout that tells whether spectra are lapped, as a corpus tells it.

    Parameters
    ----------
    layout : skmusic.spectra.frames.Layout
        Of the frames, from `skmusic.spectra.frames.find_layout`.
    sequences : list of sequence of shape (n_frames, n_dims)
        Frames of a corpus.

    Returns
    -------
    skmusic.spectra.frames.Layout
        ``lapped`` where a waveform that is made of the frames and cut again gives them
        back, as it does those of `FFTFeaturizer`'s window and hop by default.
    """
    sequences = [x for x in sequences if len(x)]
    if not sequences:
        return layout
    N, apart, energy = layout.window_length, 0.0, 0.0
    for x in _some(sequences) if N else ():
        x, inner = lower_half(x, layout), slice(1, len(x) - 1)
        again = cut(waveform(x, layout), len(x), N)
        apart += np.square(again[inner] - x[inner]).sum()
        energy += np.square(x[inner]).sum()
    return replace(layout, lapped=bool(apart < _TOLERANCE * energy))


def _some(sequences):
    """Frames of some places, all over the sequences."""
    ends, pieces = np.cumsum([len(x) for x in sequences]), []
    for place in np.linspace(0, ends[-1] - 1, _N_PLACES).astype(int):
        i = int(np.searchsorted(ends, place, side="right"))
        stop = max(place - ends[i] + len(sequences[i]) + 1, _N_FRAMES)
        pieces.append(sequences[i][max(stop - _N_FRAMES, 0) : stop])
    return pieces
