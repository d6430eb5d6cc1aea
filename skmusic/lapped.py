"""Frames in half as many numbers, where they are spectra of a waveform.

Spectra of windows that overlap by half have two numbers for each sample. The modified
cosine transform of the same windows has one: it folds each window before it is
transformed, and what is folded is unfolded by its neighbours.

References
----------
J. Princen, A. Johnson and A. Bradley, "Subband/transform coding using filter bank
designs based on time domain aliasing cancellation", ICASSP 1987.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy.fft

from skmusic.checks import check_array
from skmusic.layout import Layout
from skmusic.moving import frames_of, windows_of
from skmusic.phase import sine_window
from skmusic.storage import StoredFrames, bytes_per_frame, fewest_bytes, store

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
        Bytes that there are, see `skmusic.storage.store`.

    Returns
    -------
    LappedFrames or StoredFrames
        The former of lapped frames of a multiple of four samples.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.lapped import store_frames
    >>> from skmusic.layout import Layout
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
