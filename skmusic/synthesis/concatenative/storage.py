"""Frames in few bytes: one byte a number, half of one where little is heard.

Or two, where there is room for all of them: then nothing is heard of it at all.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy.fft

from skmusic.spectra.frames import Layout
from skmusic.spectra.reframing import frames_of, windows_of
from skmusic.spectra.windows import sine_window
from skmusic.utils.checks import check_array, check_number

# Numbers that share one scale, so few that what is rounded away in a group is masked
# by what is loud in it: of 32, and equal steps, noise was heard at N=256.
_GROUP = 8
# Groups so far below the loudest are stored in four bits, which nobody hears; in two
# bits, from -40 dB on, noise could be heard in nine of ten frames.
_COARSE_DB = -20.0
# Steps of a sign in four bits, and the power law that they follow: finer where it is
# soft, as most numbers of a group are.
_COARSE_STEPS, _POWER = 7, 1.4
# Scales are a byte: eighths of an octave below the gain, and 255 for silence.
_PER_OCTAVE, _SILENT = 8, 255
_SCALES = np.exp2(-np.arange(256) / _PER_OCTAVE).astype(np.float32)
_SCALES[_SILENT] = 0


def _pairs(power):
    """The two numbers of each byte, to be looked up as one of twice their size."""
    steps = np.stack([np.arange(256) & 15, np.arange(256) >> 4], axis=-1) - 8
    numbers = np.sign(steps) * np.abs(steps / _COARSE_STEPS) ** power
    return numbers.astype(np.float32).view(np.complex64)[:, 0]


_PAIRS = _pairs(_POWER)


@dataclass(frozen=True)
class StoredFrames:
    """Frames, quantised in groups of neighbouring numbers.

    Parameters
    ----------
    fine : ndarray of shape (n_frames, n_fine_groups, 8), int8 or int16
        Steps of the groups in eight bits, or of all groups in sixteen.
    coarse : ndarray of shape (n_frames, n_coarse_groups, 4), uint8
        Steps of the groups in four bits, two in a byte.
    scales : ndarray of shape (n_frames, n_groups), uint8
        What the steps of each group end with, in eighths of an octave below `gain`;
        255 is silence.
    gain : float
        Largest magnitude of all.
    is_fine : ndarray of shape (n_groups,), bool
        Which groups have more than four bits.
    n_dims : int
        Numbers in a frame.
    """

    fine: np.ndarray
    coarse: np.ndarray
    scales: np.ndarray
    gain: float
    is_fine: np.ndarray
    n_dims: int

    def __len__(self):
        return len(self.scales)

    def __getitem__(self, which):
        """Frames ``(n, n_dims)``, float32, of a slice or an array of indices."""
        scales = _SCALES.take(self.scales[which]) * np.float32(self.gain)
        x = np.empty((*scales.shape, _GROUP), np.float32)
        steps = np.iinfo(self.fine.dtype).max
        x[:, self.is_fine] = self.fine[which] * np.float32(1 / steps)
        x[:, ~self.is_fine] = _PAIRS.take(self.coarse[which]).view(np.float32)
        x *= scales[:, :, None]
        return x.reshape(len(x), x.shape[1] * _GROUP)[:, : self.n_dims]

    def check(self):
        """Refuse arrays that do not fit together."""
        check_array("is_fine", self.is_fine, (None,), "b")
        n_groups, n_fine = len(self.is_fine), int(self.is_fine.sum())
        check_array("scales", self.scales, (None, n_groups), "i", 0, 255)
        n = len(self.scales)
        check_array("fine", self.fine, (n, n_fine, _GROUP), "i", -(2**15), 2**15 - 1)
        if self.fine.dtype not in (np.int8, np.int16):
            raise ValueError(f"frames of {self.fine.dtype} are of no such storage.")
        check_array(
            "coarse", self.coarse, (n, n_groups - n_fine, _GROUP // 2), "i", 0, 255
        )
        check_number("gain", self.gain, "f", 0, 1e30)
        least = (n_groups - 1) * _GROUP + 1
        check_number("n_dims", self.n_dims, "i", least, n_groups * _GROUP)


def store(sequences, size=0):
    """Frames of several recordings, one after another, in few bytes.

    Parameters
    ----------
    sequences : list of ndarray of shape (n_frames, n_dims)
        Frames.
    size : int, default=0
        Bytes that there are: where all numbers in sixteen bits fit, they have these.

    Returns
    -------
    StoredFrames

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.synthesis.concatenative.storage import store
    >>> x = np.sin(np.arange(600.0)).reshape(6, 100)
    >>> bool(np.abs(store([x[:2], x[2:]])[:] - x).max() < 0.01)
    True
    """
    n_dims = sequences[0].shape[1]
    peaks = np.max([_grouped_peak(s) for s in sequences], axis=0)
    loudest = max(float(np.abs(s).max(initial=0)) for s in sequences)
    # Less than this is the padding count of a silent recording, not sound.
    gain = max(loudest, 1e-12)
    is_fine, kind = _is_fine(peaks), np.int8
    whole = len(peaks) * (2 * _GROUP + 1)
    if sum(map(len, sequences)) * whole <= size:
        is_fine, kind = np.ones_like(is_fine), np.int16
    parts = [_quantise(s, gain, is_fine, kind) for s in sequences]
    fine, coarse, scales = (np.concatenate(p) for p in zip(*parts, strict=True))
    return StoredFrames(fine, coarse, scales, gain, is_fine, n_dims)


def bytes_per_frame(sequences):
    """Bytes that each frame of these recordings would take, about."""
    peaks = np.max([_grouped_peak(s) for s in sequences], axis=0)
    n_fine = int(_is_fine(peaks).sum())
    return n_fine * _GROUP + (len(peaks) - n_fine) * _GROUP / 2 + len(peaks)


def fewest_bytes(n_dims):
    """Bytes that a frame of so many numbers takes at least."""
    return -(-n_dims // _GROUP) * (_GROUP / 2 + 1)


def _is_fine(peaks):
    return peaks > max(peaks.max(), 1e-12) * 10 ** (_COARSE_DB / 20)


def _grouped(frames):
    n, n_dims = frames.shape
    n_groups = -(-n_dims // _GROUP)
    padded = np.zeros((n, n_groups * _GROUP), np.float32)
    padded[:, :n_dims] = frames
    return padded.reshape(n, n_groups, _GROUP)


def _grouped_peak(frames):
    """Root mean square over the frames of each group's largest magnitude."""
    peaks = np.abs(_grouped(frames)).max(axis=2)
    return np.sqrt(np.mean(np.square(peaks), axis=0)) if len(peaks) else peaks.sum(0)


def _quantise(frames, gain, is_fine, kind):
    groups = _grouped(frames) / np.float32(gain)
    scales = _scales(np.abs(groups).max(axis=2))
    ends = _SCALES.take(scales)
    unit = groups / np.where(ends > 0, ends, np.inf)[:, :, None]
    unit = np.clip(unit, -1, 1)
    fine = np.rint(unit[:, is_fine] * np.iinfo(kind).max).astype(kind)
    soft = unit[:, ~is_fine]
    steps = np.rint(_COARSE_STEPS * np.abs(soft) ** (1 / _POWER))
    steps = (np.copysign(steps, soft) + 8).astype(np.uint8)
    return fine, steps[..., ::2] | steps[..., 1::2] << 4, scales


def _scales(peaks):
    """Bytes of the least scales that reach the peaks."""
    with np.errstate(divide="ignore"):
        # What is a scale itself is to be that scale, for all that is rounded.
        down = np.floor(-_PER_OCTAVE * np.log2(peaks) + 1e-4)
    return np.clip(down, 0, _SILENT).astype(np.uint8)


# Windows are squared to no less where they are divided by: nearly 0 at their ends.
_NEARLY_NOTHING = 1e-6
# Frames of a recording that tell in how many bytes it can be stored, about.
_ENOUGH = 500


@dataclass(frozen=True)
class LappedFrames:
    """Frames, stored by the lapped transform of their windows.

    Parameters
    ----------
    rows : StoredFrames
        Of each recording a row for each frame, and one before and after them.
    ends : ndarray of shape (n_recordings,)
        Frame after the last of each recording.
    layout : Layout
        Of the frames.
    """

    rows: StoredFrames
    ends: np.ndarray
    layout: Layout

    def __len__(self):
        return int(self.ends[-1])

    @property
    def n_dims(self):
        """Numbers in a frame."""
        return self.layout.n_dims

    def __getitem__(self, which):
        """Frames ``(n, n_dims)``, float32, of a slice or an array of indices."""
        pieces = np.concatenate(self._halves(which), axis=-1)
        return frames_of(pieces)

    def waveform(self, first, stop):
        """Waveform ``(n_channels, (stop - first + 1) * hop)`` of some frames."""
        early, late = self._halves(slice(first, stop))
        wave = np.concatenate([early[:1], late]).swapaxes(0, 1)
        return wave.reshape(self.layout.n_channels, -1)

    def _halves(self, which):
        """Waveform in the halves of each frame ``(n_frames, n_channels, hop)``."""
        at = np.arange(len(self))[which]
        row = at + 2 * np.searchsorted(self.ends, at, side="right") + 1
        near = np.unique(row[:, None] + [-1, 0, 1])
        early, late = _unfolded(self.rows[near], self.layout.n_channels)
        i = np.searchsorted(near, row)
        return late[i - 1] + early[i], late[i] + early[i + 1]

    def check(self):
        """Refuse arrays that do not fit together."""
        check_array("ends", self.ends, (None,), "i", 1, 2**31 - 1)
        if not len(self.ends) or (np.diff(self.ends) <= 0).any():
            raise ValueError("ends are not those of recordings.")
        if not _foldable(self.layout):
            raise ValueError(f"frames of {self.layout} have no lapped transform.")
        n_dims = self.layout.n_channels * self.layout.hop
        shape = len(self) + 2 * len(self.ends), n_dims
        if (len(self.rows), self.rows.n_dims) != shape:
            raise ValueError(f"{len(self.rows)} rows are not those of {len(self)}.")


def store_frames(sequences, layout, size=0):
    """Frames of several recordings, one after another, in few bytes.

    Parameters
    ----------
    sequences : list of ndarray of shape (n_frames, n_dims)
        Frames.
    layout : Layout
        Of the frames.
    size : int, default=0
        Bytes that there are, see `skmusic.synthesis.concatenative.storage.store`.

    Returns
    -------
    LappedFrames or StoredFrames
        The former of lapped frames of a multiple of four samples.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.synthesis.concatenative.storage import store_frames
    >>> from skmusic.spectra.frames import Layout
    >>> from skmusic.spectra import analysis_window, stft
    >>> wave = np.sin(np.arange(5000.0))[:, None]
    >>> x = stft(wave, analysis_window("hann", 256), 128).astype(np.float32)
    >>> stored = store_frames([x], Layout(1, 2, 129, 8, lapped=True))
    >>> type(stored).__name__, bool(np.abs(stored[1:-1] - x[1:-1]).max() < 1)
    ('LappedFrames', True)
    """
    if not _foldable(layout):
        return store(sequences, size)
    sequences = [x for x in sequences if len(x)]
    rows = [_with_ends(x, layout) for x in sequences]
    ends = np.cumsum([len(x) for x in sequences])
    return LappedFrames(store(rows, size), ends, layout)


def bytes_of(sequences, layout):
    """Bytes that each frame of these recordings would take, about."""
    some = [x[:: max(1, len(x) // _ENOUGH)] for x in sequences]
    if _foldable(layout):
        some = [_folded(windows_of(x, layout)) for x in some]
    return bytes_per_frame(some)


def fewest(layout):
    """Bytes that a frame takes at least."""
    return fewest_bytes(layout.n_channels * layout.n_bins)


def _foldable(layout):
    """Whether frames have a lapped transform."""
    return layout.hop > 0 and layout.hop % 2 == 0


def _with_ends(frames, layout):
    """Rows of a recording's frames, and of what precedes and follows them."""
    windows = windows_of(frames, layout)
    hop = windows.shape[-1] // 2
    w = sine_window(2 * hop).astype(np.float32)
    # Beyond the outer halves of the first and the last window is silence.
    waves = windows[[0, -1]] * (w / (np.square(w) + _NEARLY_NOTHING))
    around = np.zeros_like(waves)
    around[0, ..., hop:] = waves[0, ..., :hop] * w[hop:]
    around[1, ..., :hop] = waves[1, ..., hop:] * w[:hop]
    return _folded(np.concatenate([around[:1], windows, around[1:]]))


def _folded(windows):
    """Rows ``(n_rows, n_channels * hop)`` of windows."""
    a, b, c, d = np.split(windows, 4, axis=-1)
    folded = np.concatenate([-c[..., ::-1] - d, a - b[..., ::-1]], axis=-1)
    return scipy.fft.dct(folded, type=4, norm="ortho").reshape(len(windows), -1)


def _unfolded(rows, n_channels):
    """Halves of windows, which with those of the rows beside make the waveform."""
    rows = rows.reshape(len(rows), n_channels, rows.shape[1] // n_channels)
    second, first = np.split(scipy.fft.dct(rows, type=4, norm="ortho"), 2, axis=-1)
    early = np.concatenate([first, -first[..., ::-1]], axis=-1)
    late = np.concatenate([-second[..., ::-1], -second], axis=-1)
    rising, falling = np.split(_unfolding_window(2 * rows.shape[-1]), 2)
    return early * rising, late * falling


@cache
def _unfolding_window(size):
    """Window that undoes half a sine where it was folded.

    Half a sine is symmetric about a sample, and what is folded between two: hence one
    sample later, and the factor.
    """
    w = np.sin(np.pi * np.arange(1, size + 1) / size) / np.cos(np.pi / size)
    w = w.astype(np.float32)
    w.flags.writeable = False
    return w
