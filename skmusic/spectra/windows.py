"""Windows of frames: their weights, and how many there are."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.signal import get_window

from skmusic.utils.types import Array

# Frames are transformed in blocks of about this many numbers, so that the
# windowed copies stay in cache and memory stays near the size of the output.
BLOCK = 1 << 18

# The imaginary part of DC is zero for every real signal. In a recording's last
# frame that slot carries the number of padded samples times this: exact in
# float32, 300 dB below full scale, and impossible to hit by chance.
PADDING_UNIT = 2.0**-60


def analysis_window(window: str | tuple[Any, ...] | ArrayLike, N: int) -> Array:
    """Square root of a window, to be used both in analysis and in synthesis.

    Parameters
    ----------
    window : str, tuple or array-like of shape (N,)
        A name for `scipy.signal.get_window`, or the window itself; values
        must not be negative.
    N : int
        Length in samples.

    Returns
    -------
    ndarray of shape (N,), float64
        Window, of values from 0.

    Raises
    ------
    ValueError
        If the window is unknown, has another length or negative values.

    Examples
    --------
    >>> from skmusic.spectra import analysis_window
    >>> analysis_window("boxcar", 4)
    array([1., 1., 1., 1.])
    """
    if isinstance(window, (str, tuple)):
        try:
            w = get_window(window, N, fftbins=True)
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"window={window!r} is unknown to scipy.signal.get_window "
                f"({error}); use for example 'hann' or 'boxcar'."
            ) from error
    else:
        w = np.asarray(window, dtype=np.float64)
    if w.shape != (N,) or not np.isfinite(w).all():
        raise ValueError(
            f"window needs {N} finite values (N), got shape {w.shape} with "
            f"{np.isfinite(w).sum()} finite values."
        )
    if w.min() < -1e-12:
        raise ValueError(
            f"window={window!r} has negative values, its square root is not real; "
            "use for example 'hann', 'hamming' or 'boxcar'."
        )
    return np.sqrt(np.maximum(w, 0.0))


def synthesis_window(w: Array, hop_length: int) -> Array:
    """Dual of an analysis window: their overlap-added product is one.

    Parameters
    ----------
    w : ndarray of shape (N,)
        Analysis window.
    hop_length : int
        Samples between frames, from 1 to N.

    Returns
    -------
    ndarray of shape (N,), float64
        Window to multiply by before overlap-adding.

    Raises
    ------
    ValueError
        If some samples are lost, so that no dual window exists.

    References
    ----------
    D. Griffin and J. Lim, "Signal estimation from modified short-time Fourier
    transform", IEEE Trans. ASSP 32 (1984), equation 6.

    Examples
    --------
    >>> from skmusic.spectra import analysis_window, synthesis_window
    >>> synthesis_window(analysis_window("boxcar", 4), 2)
    array([0.5, 0.5, 0.5, 0.5])
    """
    N = len(w)
    n_hops = -(-N // hop_length)
    power = np.zeros(n_hops * hop_length)
    power[:N] = w**2
    coverage = power.reshape(n_hops, hop_length).sum(axis=0)
    if coverage.min() <= 1e-8 * max(coverage.max(), 1e-300):
        raise ValueError(
            f"with N={N} and hop_length={hop_length} this window lets samples "
            "vanish, so the transform has no inverse; use a smaller hop_length "
            "(N // 2 suits 'hann') or window='boxcar'."
        )
    return w / np.tile(coverage, n_hops)[:N]


def count_frames(n_samples: int, N: int, hop_length: int) -> int:
    """Frames that cover each of `n_samples` samples as often as any other.

    Parameters
    ----------
    n_samples : int
        Samples, from 0.
    N : int
        Samples in a window.
    hop_length : int
        Samples between frames, from 1 to N.

    Returns
    -------
    int
        Number of frames.

    Examples
    --------
    >>> from skmusic.spectra import count_frames
    >>> count_frames(8, N=4, hop_length=2)
    5
    """
    return -(-(n_samples + N - hop_length) // hop_length)


def count_bins(N: int, redundant: bool = False) -> int:
    """Frequency bins of a frame and channel.

    Parameters
    ----------
    N : int
        Samples in a window.
    redundant : bool, default=False
        Whether both halves of the spectrum are kept.

    Returns
    -------
    int
        ``N // 2 + 1``, or N with both halves.

    Examples
    --------
    >>> from skmusic.spectra import count_bins
    >>> count_bins(2048), count_bins(2048, redundant=True)
    (1025, 2048)
    """
    return N if redundant else N // 2 + 1


@cache
def sine_window(size):
    """Half a sine ``(size,)``; four of its squares, each a quarter later, add up to 2.

    It is shared, and therefore read-only.
    """
    window = np.sin(np.pi * np.arange(size) / size)
    window.flags.writeable = False
    return window
