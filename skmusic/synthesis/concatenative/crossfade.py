"""Seams: when each range of pitch goes over from the run that ends to the next one.

Bass, chords and drums do not begin together. So where two runs overlap, each range of
pitch is cross-faded where the two differ least there, some steps before or after the
join: of what is heard, not all changes at once.

References
----------
A. Efros and W. Freeman, "Image quilting for texture synthesis and transfer", SIGGRAPH
2001, for seams along which overlapping pieces differ least.
"""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import uniform_filter1d

from skmusic.features.constantq import band_edges, frame_energies
from skmusic.features.levels import first_bins, spread

# Steps that are cross-faded to either side of a seam, and steps to either side of a
# join that the next run is there to be faded in.
FADE, REACH = 4, 8
# Bands are compared by this power of their energy, near to loudness.
_POWER = 0.2


class Seam(NamedTuple):
    """Where in time a join is cross-faded."""

    late: np.ndarray  # steps that each bin goes over after the join, (n_bins,)
    fade: int  # steps that are cross-faded to either side

    def slope(self, first, n_frames, layout):
        """Share of the next run in each bin ``(n_frames, n_bins)``, from 0 to 1.

        Parameters
        ----------
        first : int
            Place of the first frame, counted from the join.
        n_frames : int
            Frames.
        layout : skmusic.spectra.frames.Layout
            Of the frames.
        """
        t = (first + np.arange(n_frames) + 0.5) / layout.frames_per_step
        rise = (t[:, None] - self.late + self.fade) / max(2 * self.fade, 1e-3)
        return np.clip(rise, 0, 1).astype(np.float32)


def find_seam(old, new, n_before, layout):
    """Seam of two runs where they overlap.

    Parameters
    ----------
    old, new : ndarray of shape (n_frames, n_dims)
        Frames of both about the join.
    n_before : int
        Steps of them that are before it.
    layout : skmusic.spectra.frames.Layout
        Of the frames.

    Returns
    -------
    Seam
        All of its fades are where the two overlap.
    """
    n = len(old) // layout.frames_per_step
    fade = min(FADE, n // 2)
    lags = np.arange(fade - n_before, n - n_before - fade + 1)
    first = first_bins(layout)
    if not len(first) or len(lags) == 1:
        late = np.full(layout.n_bins, lags[np.abs(lags).argmin()], np.float32)
        return Seam(late, fade)
    bands = np.searchsorted(band_edges(layout.n_bins), first)
    a, b = (frame_energies(x, layout) ** _POWER for x in (old, new))
    apart = np.add.reduceat(np.square(a - b), bands, axis=1)
    taper = np.hanning(2 * fade + 2)[1:-1]
    cost = [taper @ apart[i : i + 2 * fade] for i in range(len(lags))]
    late = lags[np.argmin(cost, axis=0)]
    return Seam(late.astype(np.float32) @ spread(layout), fade)


def mix(old, new, slope, layout):
    """Cross-fade at constant power in each range, whatever the phases of the two.

    Parameters
    ----------
    old, new : ndarray of shape (n_frames, n_dims)
        Frames that end and that begin.
    slope : ndarray of shape (n_frames, n_bins)
        From 0, all old, to 1, all new.
    layout : skmusic.spectra.frames.Layout
        Of the frames.

    Returns
    -------
    ndarray of shape (n_frames, n_dims)
    """
    first = first_bins(layout)
    if not len(first):  # what is no spectrum is one range
        first = np.zeros(1, int)
    widths = np.diff(first, append=layout.n_bins)
    a, b = (x.reshape(len(x), -1, layout.n_bins) for x in (old, new))
    angle = slope[:, None] * np.float32(np.pi / 2)
    mixed = np.cos(angle) * a + np.sin(angle) * b
    # Of a step: in a shorter frame the power of a low tone follows its wave.
    power = [
        uniform_filter1d(
            np.add.reduceat(np.einsum("tpb,tpb->tb", x, x), first, axis=1),
            layout.frames_per_step,
            axis=0,
        )
        for x in (a, b, mixed)
    ]
    share = np.add.reduceat(slope, first, axis=1) / np.maximum(widths, 1)
    wanted = (1 - share) * power[0] + share * power[1]
    gain = np.sqrt(np.clip(wanted / (power[2] + 1e-20), 0.25, 4))
    return (mixed * np.repeat(gain, widths, axis=1)[:, None]).reshape(old.shape)
