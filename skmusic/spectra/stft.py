"""Frames of a waveform and back: windows, the FFT, overlap-add, packing.

A frame is one analysis window's spectrum packed as real numbers,
``[real of channel 0, imaginary of channel 0, real of channel 1, ...]``.
Everything here is a pure function of arrays.
"""

import numpy as np
import scipy.fft

from skmusic.spectra.windows import (
    BLOCK,
    PADDING_UNIT,
    count_bins,
    count_frames,
    synthesis_window,
)

# Numbers that room is made for before they are there: anybody may claim any length.
_EXPECTED = 1 << 27


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


def stft(x, w, hop_length, factor=1.0, redundant=False):
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
    n_frames = count_frames(len(x), len(w), hop_length)
    return stft_whole([x], w, hop_length, factor, redundant, n_frames=n_frames)


def stft_blocks(blocks, w, hop_length, factor=1.0, redundant=False, *, n_frames):
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
    analysis = _Analysis(w * factor, hop_length, redundant)
    for samples, padding in _parts(blocks, len(w), hop_length, n_frames):
        frames = analysis.room(samples, analysis.count(samples))
        analysis.write(samples, padding, frames)
        yield frames


def stft_whole(blocks, w, hop_length, factor=1.0, redundant=False, *, n_frames):
    """Frames of a waveform that comes block by block, in one array.

    Parameters
    ----------
    blocks : iterable of ndarray of shape (n_samples, n_channels)
        Waveform, however it is divided.
    w, hop_length, factor, redundant : ndarray, int, float, bool
        As `stft` takes them.
    n_frames : int
        Frames that are expected; others cost a copy.

    Returns
    -------
    ndarray of shape (n_frames, n_channels * 2 * n_bins)
        What `stft` makes of the whole waveform, to the bit.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.spectra import analysis_window, stft_whole
    >>> x, w = np.arange(9000.0)[:, None], analysis_window("hann", 256)
    >>> stft_whole([x[:5000], x[5000:]], w, 128, n_frames=70).shape
    (72, 258)
    """
    analysis, frames, n = _Analysis(w * factor, hop_length, redundant), None, 0
    step = max(1, BLOCK // (2 * len(w)))
    for samples, padding in _parts(blocks, len(w), hop_length, step):
        more = n + analysis.count(samples)
        if frames is None:
            expected = min(n_frames, _EXPECTED // (samples.shape[0] * 2 * len(w)))
            frames = analysis.room(samples, max(expected, more))
        elif more > len(frames):
            old, frames = frames, analysis.room(samples, 2 * more)
            frames[:n] = old[:n]
        analysis.write(samples, padding, frames[n:more])
        n = more
    return frames if n == len(frames) else frames[:n].copy()


class _Analysis:
    """Windows and FFT of samples ``(n_channels, n_samples)``, part after part."""

    def __init__(self, w, hop_length, redundant):
        self.w, self.hop_length, self.redundant = w, hop_length, redundant
        # Kept: to give memory back and get it anew can take longer than the FFT.
        self._windowed = None

    def count(self, samples):
        """Frames of these samples."""
        return (samples.shape[1] - len(self.w)) // self.hop_length + 1

    def room(self, samples, n_frames):
        """Frames of these channels, to be written."""
        n_dims = len(samples) * 2 * count_bins(len(self.w), self.redundant)
        return np.empty((n_frames, n_dims), samples.dtype)

    def write(self, samples, padding, out):
        """Write the frames into `out`; `padding` as `_parts` has it."""
        windows = np.lib.stride_tricks.sliding_window_view(samples, len(self.w), axis=1)
        windows = windows[:, :: self.hop_length].swapaxes(0, 1)
        if self._windowed is None or len(self._windowed) < len(out):
            self.w = self.w.astype(samples.dtype)
            self._windowed = np.empty(windows.shape, samples.dtype)
        windowed = np.multiply(windows, self.w, out=self._windowed[: len(out)])
        transform = scipy.fft.fft if self.redundant else scipy.fft.rfft
        pack(transform(windowed, axis=-1), out)
        if padding is not None:
            out[-1, count_bins(len(self.w), self.redundant)] = padding * PADDING_UNIT


def _parts(blocks, N, hop_length, n_frames):
    """Samples of `n_frames` frames after another, the last of fewer.

    Yields
    ------
    samples : ndarray of shape (n_channels, n_samples)
        One channel after the other, in cache: windows of that are read at once. It
        is written anew after each yield.
    padding : int or None
        At the last, how many samples were padded.
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


def istft(frames, w, hop_length, n_channels, factor=1.0, redundant=False):
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
    n_frames, N = len(frames), len(w)
    n_later = -(-N // hop_length) - 1
    sums = np.empty((n_frames + n_later, hop_length, n_channels), frames.dtype)
    sums[:n_later] = 0
    scaled = (synthesis_window(w, hop_length) / factor).astype(frames.dtype)
    spectrum = None
    for block in _blocks(n_frames, n_channels * N):
        part = sums[block.start : block.stop + n_later]
        spectrum = _overlap_add(frames[block], part, scaled, redundant, spectrum)
    n_samples = n_frames * hop_length - (N - hop_length)
    if n_frames:
        n_samples -= _padding(frames, count_bins(N, redundant), hop_length)
    return sums.reshape(-1, n_channels)[N - hop_length :][: max(0, n_samples)]


def _blocks(n_frames, numbers_per_frame):
    """Slices of at most about `BLOCK` numbers that cover all frames."""
    step = max(1, BLOCK // numbers_per_frame)
    return [slice(i, min(i + step, n_frames)) for i in range(0, n_frames, step)]


def istft_blocks(blocks, w, hop_length, n_channels, factor=1.0, redundant=False):
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
        x, tail = overlap_add(
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


def overlap_add(frames, tail, w, hop_length, n_channels, factor=1.0, redundant=False):
    """One block of `istft_blocks`: the frames' waveform, and what goes into the next.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_channels * 2 * n_bins)
        Frames.
    tail : ndarray or None
        As the call before returned it; None at the start.
    w, hop_length, n_channels, factor, redundant : ndarray, int, int, float, bool
        As `istft` takes them.

    Returns
    -------
    x : ndarray of shape (n_frames * hop_length, n_channels)
        What later frames do not change. At the start its first ``N - hop_length``
        samples lack the windows before them.
    tail : ndarray
        The windows of these frames beyond that.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.spectra import analysis_window, overlap_add
    >>> x, tail = overlap_add(np.ones((5, 6)), None, analysis_window("hann", 4), 2, 1)
    >>> x.shape
    (10, 1)
    """
    n_frames, n_later = len(frames), -(-len(w) // hop_length) - 1
    sums = np.empty((n_frames + n_later, hop_length, n_channels), frames.dtype)
    sums[:n_later] = 0 if tail is None else tail
    scaled = (synthesis_window(w, hop_length) / factor).astype(frames.dtype)
    _overlap_add(frames, sums, scaled, redundant)
    return sums[:n_frames].reshape(-1, n_channels), sums[n_frames:]


def _overlap_add(frames, sums, scaled, redundant, spectrum=None):
    """Add `scaled` windows to `sums`, ``(n_frames + n_later, hop_length, n_channels)``.

    What was there counts in the first n_later only, the hops that a window reaches
    beyond its own. Returned is memory, to be given to the next call as `spectrum`.
    """
    n_frames, N, (_, hop_length, n_channels) = len(frames), len(scaled), sums.shape
    n_later = -(-N // hop_length) - 1
    parts = frames.reshape(n_frames, n_channels, 2, count_bins(N, redundant))
    if spectrum is None:
        spectrum = np.empty(parts[:, :, 0].shape, np.result_type(frames, "F"))
    z = spectrum[:n_frames]
    z.real, z.imag = parts[:, :, 0], parts[:, :, 1]
    windows = scipy.fft.ifft(z).real if redundant else scipy.fft.irfft(z, n=N)
    windows *= scaled
    # Channel by channel, so that numpy's loops are long; they are interleaved once.
    apart = np.empty((n_channels, *sums.shape[:2]), sums.dtype)
    apart[:, :n_later] = np.moveaxis(sums[:n_later], 2, 0)
    apart[:, n_later:, N - n_later * hop_length :] = 0
    # Older frames come first into each sum: so its bits do not depend on the blocks.
    for k in reversed(range(n_later + 1)):
        part = windows[:, :, k * hop_length : (k + 1) * hop_length]
        add = np.copyto if k == n_later else _add
        for channel, x in enumerate(apart[:, k : k + n_frames, : part.shape[2]]):
            add(x, part[:, channel])
    for channel, x in enumerate(apart):
        sums[:, :, channel] = x
    return spectrum


def _add(x, y):
    x += y


def _padding(frames, n_bins, hop_length):
    """Samples that `stft` had padded, 0 for frames that it did not make."""
    padding = float(frames[-1, n_bins]) / PADDING_UNIT
    known = 0 <= padding < hop_length and padding == int(padding)
    return int(padding) if known else 0
