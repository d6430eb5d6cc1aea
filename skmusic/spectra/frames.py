"""How frames are laid out, and how many of them make a step.

A *step* is one tick of the network, ``frames_per_step`` frames.
"""

from dataclasses import dataclass, replace

import numpy as np

from skmusic.utils.checks import check_number

# A step is 23 ms, fine enough for rhythm; as many samples at 44.1 kHz, which many bins
# of a channel stand for, have 22 Hz of frequency resolution.
_BINS_PER_STEP = 1024
STEP_SECONDS = _BINS_PER_STEP / 44100
_FEWEST_NUMBERS_OF_A_SPECTRUM, _FEWEST_BINS = 128, 5


@dataclass(frozen=True)
class Layout:
    """How a frame's numbers are laid out: ``(n_channels, n_parts, n_bins)``.

    ``n_parts`` is 2 (real, imaginary) for spectra, 1 for anything else. Of spectra
    whose upper half mirrors the lower it is the layout of the lower, see `lower_half`.
    They are ``lapped`` where they are of `FFTFeaturizer`'s window and hop by default:
    a waveform can be made of them.
    """

    n_channels: int
    n_parts: int
    n_bins: int
    frames_per_step: int
    lapped: bool = False

    @property
    def n_dims(self):
        """Numbers in a frame."""
        return self.n_channels * self.n_parts * self.n_bins

    @property
    def numbers_per_step(self):
        """Numbers in the frames of a step."""
        return self.n_dims * self.frames_per_step

    @property
    def window_length(self):
        """Samples in a window; 0 of what are no spectra."""
        if self.n_parts == 1 or self.n_bins < _FEWEST_BINS:
            return 0
        return 2 * (self.n_bins - 1)

    @property
    def hop(self):
        """Samples from one frame to the next, half a window; 0 where not known."""
        return self.window_length // 2 if self.lapped else 0

    @property
    def long(self):
        """Layout of frames of two steps, one for each step, where they can be made."""
        if not self.lapped:
            return self
        n_bins = (self.n_bins - 1) * self.frames_per_step + 1
        return replace(self, n_bins=n_bins, frames_per_step=1)

    @property
    def n_fine_bins(self):
        """Bins that the frames of a step tell apart together."""
        return self.long.n_bins * self.long.frames_per_step

    def check(self):
        """Refuse what no frames have."""
        check_number("n_parts", self.n_parts, "i", 1, 2)
        for name in ("n_channels", "n_bins", "frames_per_step"):
            check_number(name, getattr(self, name), "i", 1, 2**24)
        if type(self.lapped) is not bool or self.lapped > (self.window_length > 0):
            raise ValueError(f"no windows of {self} overlap by half.")


def find_layout(
    sequences,
    n_channels=None,
    frames_per_step=None,
    frame_seconds=None,
    redundant=None,
):
    """Layout of frames, as far as the numbers of single ones tell.

    The two channels of a stereo spectrum resemble each other; the lower and
    upper half of a mono spectrum, which stand in the same places, do not.

    Parameters
    ----------
    sequences : list of ndarray of shape (n_frames, n_dims)
        Frames.
    n_channels : int or None
        Channels if known.
    frames_per_step : int or None
        None makes a step of about 23 ms, whatever the window.
    frame_seconds : float or None
        Time from one frame to the next; None is that of half a window at 44.1 kHz.
    redundant : bool or None
        Whether the upper half of spectra mirrors the lower, if known.

    Returns
    -------
    Layout

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.spectra.frames import find_layout
    >>> layout = find_layout([np.ones((5, 3))])
    >>> layout.n_channels, layout.n_parts, layout.n_bins, layout.frames_per_step
    (1, 1, 3, 1)
    """
    n_dims = sequences[0].shape[1]
    spectral = n_dims >= _FEWEST_NUMBERS_OF_A_SPECTRUM
    if n_channels is None:
        n_channels = 2 if spectral and _looks_stereo(sequences) else 1
    n_parts = 2 if spectral and n_dims % (2 * n_channels) == 0 else 1
    if n_dims % (n_channels * n_parts):
        raise ValueError(
            f"n_channels={n_channels} does not divide frames of {n_dims} numbers; "
            "leave n_channels=None to have it found."
        )
    n_bins = n_dims // (n_channels * n_parts)
    n_lower = n_bins // 2 + 1
    if n_parts == 1 or n_lower < _FEWEST_BINS:
        redundant = False
    elif redundant is None:
        redundant = _looks_redundant(sequences, n_channels)
    if redundant:
        n_bins = n_lower
    if frames_per_step is None:
        frames_per_step = _frames_per_step(n_bins, frame_seconds) if spectral else 1
    return Layout(n_channels, n_parts, n_bins, frames_per_step)


def _frames_per_step(n_bins, frame_seconds):
    # No more than half a window apart would be: together they tell no more of pitch.
    wanted = _BINS_PER_STEP / n_bins
    if frame_seconds is not None:
        wanted = min(wanted, STEP_SECONDS / frame_seconds)
    return max(1, round(wanted))


def step_seconds(layout, frame_seconds):
    """Length of a step; where `frame_seconds` is None as long as it is meant to be."""
    if frame_seconds is None:
        return STEP_SECONDS
    return layout.frames_per_step * frame_seconds


def _looks_stereo(sequences):
    n_dims = sequences[0].shape[1]
    if n_dims % 4 or _looks_redundant(sequences, 1):
        return False
    # Of frames all over each recording, enough to tell.
    some = [s[:: max(1, len(s) // 500)] for s in sequences]
    energy = sum(np.square(s, dtype=np.float64).sum(axis=0) for s in some)
    floor = 1e-9 * energy.max() + 1e-30
    left, right = np.log(energy + floor).reshape(4, -1)[:2]
    # A mono spectrum's upper octave lies far below the rest: nepers of power.
    return np.abs(left - right).mean() < 2.0


def _looks_redundant(sequences, n_channels):
    n_bins = sequences[0].shape[1] // (2 * n_channels)
    some = sequences[:: max(1, len(sequences) // 50)]
    x = np.concatenate([s[:: max(1, len(s) // 20)] for s in some])
    real = x.reshape(len(x), n_channels, 2, n_bins)[:, :, 0, 1:]
    loudest = np.abs(real).max(initial=0)
    if not loudest or real.shape[-1] % 2 == 0:
        return False
    return np.allclose(real, real[..., ::-1], atol=1e-4 * loudest)


def lower_half(frames, layout):
    """Frames without the upper half of spectra that mirrors the lower, if there is one.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.spectra.frames import Layout, lower_half, with_upper_half
    >>> layout, frame = Layout(1, 2, 3, 1), np.array([[4.0, 2, 1, 2, 0, 3, 0, -3]])
    >>> lower_half(frame, layout)
    array([[4., 2., 1., 0., 3., 0.]])
    >>> bool((with_upper_half(lower_half(frame, layout), layout, 8) == frame).all())
    True
    """
    if frames.shape[1] == layout.n_dims:
        return frames
    n_bins = frames.shape[1] // (2 * layout.n_channels)
    x = frames.reshape(len(frames), layout.n_channels, 2, n_bins)
    return x[..., : layout.n_bins].reshape(len(frames), layout.n_dims)


def with_upper_half(frames, layout, n_dims):
    """Frames of as many numbers as they had before `lower_half`."""
    if n_dims == layout.n_dims:
        return frames
    lower = frames.reshape(len(frames), layout.n_channels, 2, layout.n_bins)
    upper = lower[..., -2:0:-1] * np.array([[1], [-1]], frames.dtype)
    return np.concatenate([lower, upper], axis=-1).reshape(len(frames), n_dims)


def to_complex(frames, layout):
    """Spectra ``(n_frames, n_channels, n_bins)``, complex64, of their frames."""
    x = frames.reshape(-1, layout.n_channels, 2, layout.n_bins)
    z = np.empty((len(x), layout.n_channels, layout.n_bins), np.complex64)
    z.real, z.imag = x[:, :, 0], x[:, :, 1]
    return z


def from_complex(z):
    """Frames ``(n_frames, n_dims)`` of spectra, the inverse of `to_complex`."""
    n, n_channels, n_bins = z.shape
    parts = np.stack([z.real, z.imag], axis=2)
    return parts.reshape(n, 2 * n_channels * n_bins)


def check_frames(layout, n_dims):
    """Refuse a layout of other frames than those of so many numbers."""
    layout.check()
    redundant = 2 * layout.n_channels * layout.window_length
    if n_dims not in (layout.n_dims, redundant):
        raise ValueError(f"{layout} is not one of frames of {n_dims} numbers.")


def step_count(n_frames, layout):
    """Complete steps in so many frames."""
    return n_frames // layout.frames_per_step
