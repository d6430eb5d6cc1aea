"""Waveforms of frames: the inverse FFT and overlap-add, at once or block by block.

Each window of a frame is weighted once more by `synthesis_window` and added to its
neighbours. The last frame tells how many samples were padded, so that the inverse
has the length of the recording.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import scipy.fft

from skmusic.spectra.windows import BLOCK, PADDING_UNIT, count_bins, synthesis_window
from skmusic.utils.types import Array


def istft(
    frames: Array,
    w: Array,
    hop_length: int,
    n_channels: int,
    factor: float = 1.0,
    redundant: bool = False,
) -> Array:
    """Waveform of frames, the exact inverse of `stft`.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_channels * 2 * n_bins)
        Frames, of `stft` or of a generator.
    w : ndarray of shape (N,)
        Analysis window of the frames.
    hop_length : int
        Samples between frames.
    n_channels : int
        Channels that are packed in each frame.
    factor, redundant : float, bool
        As given to `stft`.

    Returns
    -------
    ndarray of shape (n_samples, n_channels)
        ``n_frames * hop_length - (N - hop_length)`` samples less what `stft`
        had padded.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.spectra import analysis_window, istft, stft
    >>> x, w = np.arange(7.0)[:, None], analysis_window("hann", 4)
    >>> np.round(istft(stft(x, w, 2), w, 2, n_channels=1), 12).ravel()
    array([0., 1., 2., 3., 4., 5., 6.])
    """
    step = max(1, BLOCK // (n_channels * len(w)))
    blocks = (frames[i : i + step] for i in range(0, len(frames), step))
    parts = istft_blocks(blocks, w, hop_length, n_channels, factor, redundant)
    return np.concatenate([np.empty((0, n_channels), frames.dtype), *parts])


def istft_blocks(
    blocks: Iterable[Array],
    w: Array,
    hop_length: int,
    n_channels: int,
    factor: float = 1.0,
    redundant: bool = False,
) -> Iterator[Array]:
    """Waveform of frames that come block by block, each as soon as it is known.

    Parameters
    ----------
    blocks : iterable of ndarray of shape (n_frames, n_channels * 2 * n_bins)
        Frames, one after another, however they are divided.
    w, hop_length, n_channels, factor, redundant : ndarray, int, int, float, bool
        As `istft` takes them.

    Yields
    ------
    ndarray of shape (n_samples, n_channels)
        Together what `istft` makes of all frames, to the bit.

    See Also
    --------
    istft : Of frames that are all there.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.spectra import analysis_window, istft_blocks, stft
    >>> x, w = np.arange(7.0)[:, None], analysis_window("hann", 4)
    >>> frames = stft(x, w, 2)
    >>> for x in istft_blocks([frames[:3], frames[3:]], w, 2, n_channels=1):
    ...     np.round(x.ravel(), 12)
    array([0., 1., 2., 3.])
    array([4., 5., 6.])
    """
    N, n_bins = len(w), count_bins(len(w), redundant)
    tail, held, lead = None, None, N - hop_length
    for frames in blocks:
        if not len(frames):
            continue
        x, tail = _overlap_add(
            frames, tail, w, hop_length, n_channels, factor, redundant
        )
        x, lead = x[lead:], max(0, lead - len(x))
        if held is not None and len(held):
            x = np.concatenate([held, x])
        # If these frames are the last ones, so much of them was padded.
        n_samples = max(0, len(x) - _padding(frames, n_bins, hop_length))
        x, held = x[:n_samples], x[n_samples:]
        if len(x):
            yield x


def _overlap_add(frames, tail, w, hop_length, n_channels, factor, redundant):
    """One block of `istft_blocks`: the frames' waveform, and what goes into the next.

    The waveform ``(n_frames * hop_length, n_channels)`` is what later frames do not
    change. At the start its first ``N - hop_length`` samples lack the windows before
    them. The tail is what the windows hold beyond that, None at the start.
    """
    n_frames, N = len(frames), len(w)
    # A window reaches into so many hops after its own.
    n_later = -(-N // hop_length) - 1
    parts = frames.reshape(n_frames, n_channels, 2, count_bins(N, redundant))
    z = np.empty(parts[:, :, 0].shape, np.result_type(frames, "F"))
    z.real, z.imag = parts[:, :, 0], parts[:, :, 1]
    windows = scipy.fft.ifft(z).real if redundant else scipy.fft.irfft(z, n=N)
    # (n_frames, n_channels, N)
    windows *= (synthesis_window(w, hop_length) / factor).astype(frames.dtype)
    # Channel by channel, so that numpy's loops are long; they are interleaved once.
    apart = np.empty((n_channels, n_frames + n_later, hop_length), frames.dtype)
    apart[:, :n_later] = 0 if tail is None else np.moveaxis(tail, 2, 0)
    # The last hop of a window may be shorter than a hop.
    apart[:, n_later:, N - n_later * hop_length :] = 0
    # Older frames come first into each sum: so its bits do not depend on the blocks.
    for k in reversed(range(n_later + 1)):
        part = windows[:, :, k * hop_length : (k + 1) * hop_length]
        add = np.copyto if k == n_later else _add
        for channel, x in enumerate(apart[:, k : k + n_frames, : part.shape[2]]):
            add(x, part[:, channel])
    sums = np.empty((*apart.shape[1:], n_channels), frames.dtype)
    for channel, x in enumerate(apart):
        sums[:, :, channel] = x
    return sums[:n_frames].reshape(-1, n_channels), sums[n_frames:]


def _add(x, y):
    x += y


def _padding(frames, n_bins, hop_length):
    """Samples that `stft` had padded, 0 for frames that it did not make."""
    padding = float(frames[-1, n_bins]) / PADDING_UNIT
    known = 0 <= padding < hop_length and padding == int(padding)
    return int(padding) if known else 0
