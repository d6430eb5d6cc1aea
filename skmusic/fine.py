"""Fine spectra: what the short frames of a step tell together.

The values of a bin in successive frames are a signal of their own; blocks of it, twice
a step long and overlapping by half, are Fourier-transformed once more. So a partial has
its own bin whatever the window, and what is done to it is done to it alone. Where one
frame makes a step the frames are fine as they are.

References
----------
J. Princen and A. Bradley, "Analysis/synthesis filter bank design based on time domain
aliasing cancellation", IEEE Trans. ASSP 34 (1986), for windows that are taken twice and
add up to one.
"""

import numpy as np
import scipy.fft

from skmusic.layout import from_complex, to_complex


def fine_spectra(frames, layout):
    """Spectra of blocks, one about the end of each step and before the first.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_dims)
        Whole steps of spectra, which overlap by half a window.
    layout : skmusic.layout.Layout
        Of the frames.

    Returns
    -------
    ndarray of shape (n_blocks, n_channels, n_bins, n_parts), complex64
        Parts of each bin, by frequency; they overlap those of its neighbours by half.
        One part, and one block a frame, where one frame makes a step.
    """
    m = layout.frames_per_step
    z = to_complex(frames, layout)
    if m == 1:
        return z[..., None]
    z = np.pad(z, ((m, m), (0, 0), (0, 0)))
    # Half a window later the middle of an odd bin has turned by half a circle, and with
    # it a block's lowest part comes first; of the even bins it is the middle.
    z[1::2, :, ::2] *= -1
    blocks = np.lib.stride_tricks.sliding_window_view(z, 2 * m, axis=0)[::m]
    return scipy.fft.fft(np.multiply(blocks, _window(m), order="C"), axis=-1)


def coarse_frames(fine, layout):
    """Frames ``(n_frames, n_dims)`` of fine spectra, the inverse of `fine_spectra`."""
    m = layout.frames_per_step
    if m > 1:
        blocks = scipy.fft.ifft(fine, axis=-1) * _window(m)
        z = blocks[:-1, ..., m:] + blocks[1:, ..., :m]
        z = np.moveaxis(z, -1, 1).reshape(-1, *fine.shape[1:3])
        z[(m + 1) % 2 :: 2, :, ::2] *= -1
    else:
        z = fine[..., 0]
    return from_complex(z)


def gathered(parts, layout):
    """Sum of what falls on each fine bin ``(n_fine_bins,)`` of each bin's parts."""
    m = layout.frames_per_step
    if m == 1:
        return parts[:, 0]
    total = np.zeros((len(parts) + 1, m), parts.dtype)
    total[:-1] = parts[:, :m]
    total[1:] += parts[:, m:]
    return total.ravel()


def scattered(fine, layout):
    """Value of each part ``(n_bins, n_parts)``, of those of the fine bins."""
    m = layout.frames_per_step
    if m == 1:
        return fine[:, None]
    rows = fine.reshape(-1, m)
    return np.concatenate([rows[:-1], rows[1:]], axis=1)


def n_below(layout):
    """Fine bins that are below 0 Hz, which come first."""
    return layout.frames_per_step if layout.frames_per_step > 1 else 0


def _window(m):
    return np.sin(np.pi * (np.arange(2 * m) + 0.5) / (2 * m)).astype(np.float32)
