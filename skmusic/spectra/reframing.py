"""Frames to a waveform and back: the edge of all that works on the waveform.

Whatever windows the frames are of, everything inside works on the waveform that they
stand for, in steps of `FrameFormat.step` samples. Sequences of plain numbers, which
know no format, are their own waveform: one row is one sample and one step.
"""

import numpy as np
import scipy.fft

from skmusic.spectra.frames import STEP_SECONDS
from skmusic.spectra.istft import istft, istft_blocks
from skmusic.spectra.stft import pack
from skmusic.spectra.windows import BLOCK


def step_of(format):
    """Samples in a step; 1 of plain numbers."""
    return 1 if format is None else format.step


def step_seconds(format):
    """Length of a step; of plain numbers what it is meant to be."""
    return STEP_SECONDS if format is None else format.step / format.sr


def waveform(frames, format):
    """Waveform ``(n_samples, n_channels)``, float32, of frames ``(n_frames, n_dims)``.

    It is what all windows cover; plain numbers are returned as they are.
    """
    x = np.asarray(frames)
    if format is not None:
        x = istft(x, *format.istft_args())
    return x.astype(np.float32, copy=False)


def waveform_blocks(blocks, format):
    """The same of frames that come block by block, as soon as it is known."""
    blocks = map(np.asarray, blocks)
    if format is not None:
        blocks = istft_blocks(blocks, *format.istft_args())
    for x in blocks:
        yield x.astype(np.float32, copy=False)


def samples_for(n_frames, format):
    """Samples that so many frames need."""
    if format is None or not n_frames:
        return n_frames
    return (n_frames - 1) * format.hop_length + format.N


def hop_of(format):
    """Samples from one frame to the next; 1 of plain numbers."""
    return 1 if format is None else format.hop_length


def cut_frames(x, n_frames, format):
    """Frames ``(n_frames, n_dims)``, float32, of a waveform ``(n_samples, n)``.

    The first is of its first `N` samples; it has `samples_for(n_frames)` or more.
    """
    if format is None:
        return x[:n_frames]
    weights = (format.weights() * format.factor).astype(np.float32)
    transform = scipy.fft.fft if format.both_halves else scipy.fft.rfft
    frames = np.empty((n_frames, format.n_dims), np.float32)
    # Block by block, so that windowed copies stay in cache.
    block = max(1, BLOCK // (format.N * format.n_channels))
    for i in range(0, n_frames, block):
        out = frames[i : i + block]
        part = x[i * format.hop_length :][: samples_for(len(out), format)]
        # One channel after the other: so windows are read, and transformed, in a row.
        part = np.ascontiguousarray(part.T)
        windows = np.lib.stride_tricks.sliding_window_view(part, format.N, axis=1)
        # (n_frames, n_channels, N)
        windows = windows[:, :: format.hop_length].swapaxes(0, 1)
        pack(transform(windows * weights, axis=-1), out)
    return frames


def steps_known(n_frames, n_steps, format):
    """What each frame of a recording tells: whole steps, and samples beyond these.

    Both have the shape (n_frames,). What the last windows cover alone is known in part,
    and is not heard.
    """
    n_samples = np.arange(1, n_frames + 1)
    if format is not None:
        # The first windows begin before the recording does.
        n_samples = np.maximum(n_samples * format.hop_length - format.overlap, 0)
    steps = np.minimum(n_samples // step_of(format), n_steps)
    return steps, n_samples - steps * step_of(format)
