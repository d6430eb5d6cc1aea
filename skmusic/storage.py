"""Frames in few bytes: one byte a number, half of one where little is heard.

Or two, where there is room for all of them: then nothing is heard of it at all.
"""

from dataclasses import dataclass

import numpy as np

from skmusic.checks import check_array, check_number

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
    >>> from skmusic.storage import store
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
