"""A limiter: music is no louder than the recordings, whatever phases and colours add.

Where runs join, partials meet in phases that no recording had, and ranges of pitch are
made louder; some peaks rise above all that was recorded, and would be clipped. The
frames about these are turned down.
"""

import numpy as np
import scipy.fft
from scipy.ndimage import minimum_filter1d, uniform_filter1d

from skmusic.layout import complex_parts

# Frames whose waveforms are made at once.
_BLOCK = 1024


def peaks(frames, layout):
    """Largest magnitude of each frame's waveform.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_dims)
        Spectra.
    layout : skmusic.layout.Layout
        Of the frames.

    Returns
    -------
    ndarray of shape (n_frames,), float32
    """
    real, imag = complex_parts(frames, layout)
    z = np.empty(real.shape, np.complex64)
    z.real, z.imag = real, imag
    waveforms = scipy.fft.irfft(z, 2 * max(layout.n_bins - 1, 1))
    return np.abs(waveforms).max(axis=(1, 2))


def loudest(frames, layout):
    """Largest magnitude of all waveforms; infinite where frames are no spectra."""
    if layout.n_parts == 1:
        return np.inf
    blocks = range(0, len(frames), _BLOCK)
    return float(max(peaks(frames[i : i + _BLOCK], layout).max() for i in blocks))


def limited(frames, limit, layout):
    """Frames that are no louder than a limit.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_dims)
        Frames.
    limit : float
        From `loudest`.
    layout : skmusic.layout.Layout
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
    # Frames are short where many make a step: the gain follows no single wave.
    m = layout.frames_per_step
    gain = uniform_filter1d(minimum_filter1d(gain, 2 * m - 1), m)
    return frames * gain[:, None].astype(np.float32)
