"""Frames of a waveform: windows, the FFT, packing. The way back is `istft`.

A frame is one analysis window's spectrum packed as real numbers,
``[real of channel 0, imaginary of channel 0, real of channel 1, ...]``.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import scipy.fft

from skmusic.spectra.windows import BLOCK, PADDING_UNIT, count_bins, count_frames
from skmusic.utils.types import Array


def pack(spectrum, out):
    """Write ``(n_frames, n_channels, n_bins)`` complex into real ``out``."""
    n_frames, n_channels, n_bins = spectrum.shape
    parts = out.reshape(n_frames, n_channels, 2, n_bins)
    parts[:, :, 0] = spectrum.real
    parts[:, :, 1] = spectrum.imag


def _mirrored(x, start, stop):
    """Samples from `start` to `stop`, which lie beyond the ends."""
    at = np.arange(start, stop) % (2 * len(x))
    return x[np.minimum(at, 2 * len(x) - 1 - at)]


def stft(
    x: Array, w: Array, hop_length: int, factor: float = 1.0, redundant: bool = False
) -> Array:
    """Frames of a waveform.

    Parameters
    ----------
    x : ndarray of shape (n_samples, n_channels), float32 or float64
        Waveform.
    w : ndarray of shape (N,)
        Analysis window.
    hop_length : int
        Samples between frames.
    factor : float, default=1.0
        Number that multiplies every spectrum.
    redundant : bool, default=False
        Keep the mirrored half of the spectrum too.

    Returns
    -------
    ndarray of shape (n_frames, n_channels * 2 * n_bins)
        In the precision of `x`; the last frame's imaginary part of DC holds
        the count of padded samples, far below any audible level.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.spectra import analysis_window, stft
    >>> stft(np.ones((8, 1)), analysis_window("hann", 4), hop_length=2).shape
    (5, 6)
    """
    n_dims = 2 * x.shape[1] * count_bins(len(w), redundant)
    frames = np.empty((count_frames(len(x), len(w), hop_length), n_dims), x.dtype)
    n, step = 0, max(1, BLOCK // (2 * len(w)))
    for part in stft_blocks([x], w, hop_length, factor, redundant, n_frames=step):
        frames[n : n + len(part)] = part
        n += len(part)
    return frames


def stft_blocks(
    blocks: Iterable[Array],
    w: Array,
    hop_length: int,
    factor: float = 1.0,
    redundant: bool = False,
    *,
    n_frames: int,
) -> Iterator[Array]:
    """Frames of a waveform that comes block by block.

    Parameters
    ----------
    blocks : iterable of ndarray of shape (n_samples, n_channels)
        Waveform, however it is divided.
    w, hop_length, factor, redundant : ndarray, int, float, bool
        As `stft` takes them.
    n_frames : int
        Frames of what is yielded; the last may have fewer.

    Yields
    ------
    ndarray of shape (n_frames, n_channels * 2 * n_bins)
        Together what `stft` makes of the whole waveform, to the bit.

    See Also
    --------
    stft : Of a waveform that is all there.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.spectra import analysis_window, stft_blocks
    >>> x, w = np.arange(9000.0)[:, None], analysis_window("hann", 256)
    >>> parts = stft_blocks([x[:5000], x[5000:]], w, 128, n_frames=30)
    >>> [len(part) for part in parts]
    [30, 30, 12]
    """
    N, n_bins, w, windowed = len(w), count_bins(len(w), redundant), w * factor, None
    transform = scipy.fft.fft if redundant else scipy.fft.rfft
    for samples, padding in _parts(blocks, N, hop_length, n_frames):
        windows = np.lib.stride_tricks.sliding_window_view(samples, N, axis=1)
        windows = windows[:, ::hop_length].swapaxes(0, 1)
        # Kept: to give memory back and get it anew can take longer than the FFT.
        if windowed is None:
            w = w.astype(samples.dtype)
            windowed = np.empty(windows.shape, samples.dtype)
        out = windowed[: len(windows)]
        spectrum = transform(np.multiply(windows, w, out=out), axis=-1)
        frames = np.empty((len(windows), 2 * len(samples) * n_bins), samples.dtype)
        pack(spectrum, frames)
        if padding is not None:
            frames[-1, n_bins] = padding * PADDING_UNIT
        yield frames


def _parts(blocks, N, hop_length, n_frames):
    """Samples ``(n_channels, n_samples)`` of `n_frames` frames, the last of fewer.

    They are written anew after each yield, one channel after the other, in cache:
    windows of that are read at once. Beside the last stands how many samples were
    padded, beside others None.
    """
    lead, size = N - hop_length, (n_frames - 1) * hop_length + N
    samples, n = None, 0
    for x in _mirrored_ends(blocks, N, hop_length):
        n_added = len(x)
        if samples is None:
            samples = np.empty((x.shape[1], size), x.dtype)
        while n + len(x) > size:
            _put(samples[:, n:], x[: size - n])
            yield samples, None
            x, n = x[size - n :], lead
            samples[:, :lead] = samples[:, size - lead :]
        _put(samples[:, n : n + len(x)], x)
        n += len(x)
    yield samples[:, :n], n_added - lead


def _put(samples, x):
    for mine, other in zip(samples, x.T, strict=True):  # so that numpy's loops are long
        mine[:] = other


def _mirrored_ends(blocks, N, hop_length):
    """The blocks, and mirrored samples that fill all frames, before and after.

    An edge to silence would be heard as a click by the learner.
    """
    blocks, held, n = iter(blocks), [], 0
    for x in blocks:
        held.append(x)
        n += len(x)
        if n >= N:  # mirrors reach no further
            break
    last = np.concatenate(held) if len(held) > 1 else held[0]
    yield _mirrored(last, hop_length - N, 0)
    yield last
    for x in blocks:
        yield x
        n += len(x)
        last = x if len(x) >= N else np.concatenate([last, x])[-N:]
    missing = count_frames(n, N, hop_length) * hop_length - n
    yield _mirrored(last, len(last), len(last) + missing)
