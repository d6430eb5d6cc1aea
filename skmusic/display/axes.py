"""What all displays share: matplotlib, loaded late, and recordings to plot."""

import os
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from skmusic import audio
from skmusic.audio.rates import rate_of
from skmusic.utils.types import Array, Axes, Name


def axes_of(ax):
    """Axes to draw on; a new figure's if there are none."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "displays need matplotlib; install it: pip install matplotlib"
        ) from error
    return plt.subplots(layout="constrained")[1] if ax is None else ax


class Display:
    """Something that is drawn on axes."""

    def plot(self, ax: Axes = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        Display
            Itself, with ``ax_`` and ``figure_``.

        Examples
        --------
        >>> import numpy as np
        >>> from skmusic.display import WaveformDisplay
        >>> len(WaveformDisplay(np.zeros((100, 2)), 44100).plot().ax_.lines)
        2
        """
        self.ax_ = axes_of(ax)
        self.figure_ = self.ax_.figure
        self._draw()
        return self


def recording_of(x: Name | ArrayLike, sr: float | None) -> tuple[Array, float]:
    """Waveform ``(n_samples, n_channels)`` and rate of a path or an array."""
    if isinstance(x, str | os.PathLike):
        return audio.read(x)
    sr = rate_of(x, sr, 44100)
    x = np.asarray(x, float)
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2 or not x.size:
        raise ValueError(
            f"a recording of shape {x.shape} cannot be shown; pass a path or an array "
            "of shape (n_samples, n_channels)."
        )
    return x, sr
