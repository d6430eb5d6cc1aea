"""A limiter: music is no louder than its recordings are there, whatever phases add.

Where runs join, partials meet in phases that no recording had, and their peaks rise
above all that was recorded; some would be clipped. The frames about these are turned
down.
"""

import numpy as np
import scipy.fft
from scipy.ndimage import maximum_filter1d, minimum_filter1d, uniform_filter1d

from skmusic.spectra.frames import to_complex
from skmusic.spectra.windows import sine_window

# Frames whose waveforms are made at once, and steps to either side of one that tell
# how loud music is there.
_BLOCK, _ABOUT = 1024, 43


def peaks(frames, layout):
    """Largest magnitude of the waveform in the middle of each frame.

    The windows of `FFTFeaturizer` by default are taken out of it: of windows that
    overlap by half each sample is in the middle of one.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_dims)
        Spectra.
    layout : skmusic.spectra.frames.Layout
        Of the frames.

    Returns
    -------
    ndarray of shape (n_frames,), float32
    """
    N = 2 * max(layout.n_bins - 1, 1)
    middle = slice(N // 4, N - N // 4)
    window = np.maximum(sine_window(N)[middle], 0.5).astype(np.float32)
    waveforms = scipy.fft.irfft(to_complex(frames, layout), N)[..., middle] / window
    return np.abs(waveforms).max(axis=(1, 2))


def loudest(frames, ends, layout):
    """Largest magnitude of the waveforms within a second of each step.

    Parameters
    ----------
    frames : array-like of shape (n_frames, n_dims)
        Of all steps.
    ends : ndarray of shape (n_steps,)
        First step after the unbroken stretch that a step is of.
    layout : skmusic.spectra.frames.Layout
        Of the frames.

    Returns
    -------
    ndarray of shape (n_steps,), float32
        Infinite where frames are no spectra.
    """
    if layout.n_parts == 1:
        return np.full(len(ends), np.inf, np.float32)
    blocks = range(0, len(frames), _BLOCK)
    loud = np.concatenate([peaks(frames[i : i + _BLOCK], layout) for i in blocks])
    loud = loud.reshape(len(ends), -1).max(axis=1)
    stretches = np.split(loud, np.flatnonzero(np.diff(ends)) + 1)
    return np.concatenate([maximum_filter1d(x, 2 * _ABOUT + 1) for x in stretches])


def limited(frames, limit, layout):
    """Frames that are no louder than a limit.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_dims)
        Frames.
    limit : float
        Largest magnitude of their waveforms that is allowed, see `loudest`.
    layout : skmusic.spectra.frames.Layout
        Of the frames.

    Returns
    -------
    ndarray of shape (n_frames, n_dims)
        The frames themselves where all are below the limit.

    References
    ----------
    D. Giannoulis, M. Massberg and J. Reiss, "Digital dynamic range compressor
    design", J. Audio Eng. Soc. 60 (2012), for limiters.
    """
    if not np.isfinite(limit):
        return frames
    loud = peaks(frames, layout)
    if (loud <= limit).all():
        return frames
    gain = limit / np.maximum(loud, max(limit, 1e-30))
    # Frames are short where many make a step: the gain follows no single wave. Where
    # one does, its neighbours are heard in all of it but its middle.
    m = layout.frames_per_step
    gain = uniform_filter1d(minimum_filter1d(gain, max(2 * m - 1, 3)), m)
    return frames * gain[:, None].astype(np.float32)
