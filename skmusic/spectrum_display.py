"""Display of the spectra of some moments, as the article has it."""

import numpy as np
import scipy.fft

from skmusic.figures import axes_of, recording_of


class SpectrumDisplay:
    """Real parts of the spectra of some moments, laid over one another.

    It is the article's "frequency distribution": music draws many different
    spectra, a buzz the same one again and again.

    Parameters
    ----------
    real : ndarray of shape (n_sets, n_frames, n_bins)
        Real parts.
    frequencies : ndarray of shape (n_bins,)
        Of the bins, in Hz.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes with the plot.
    figure_ : matplotlib.figure.Figure
        Figure of the axes.

    References
    ----------
    "Using Keras's stateful RNN, I tried automatic composition based on wav
    files" (2017), https://memotut.com/en/1953e77ad0b574db665c

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.display import SpectrumDisplay
    >>> x = np.random.default_rng(0).standard_normal(44100)
    >>> SpectrumDisplay.from_recording(x).real.shape
    (10, 5, 129)
    """

    def __init__(self, real, frequencies):
        self.real, self.frequencies = real, frequencies

    @classmethod
    def from_recording(cls, x, *, sr=44100, N=256, n_sets=10, n_frames=5, ax=None):
        """Plot sets of neighbouring frames, spread evenly over a recording.

        Parameters
        ----------
        x : path or ndarray of shape (n_samples,) or (n_samples, n_channels)
            Recording; its first channel is shown.
        sr : int, default=44100
            Sampling rate of an array in Hz; a file knows its own.
        N : int, default=256
            Samples in a window; windows are those of the article.
        n_sets, n_frames : int, default=10 and 5
            Sets, and frames in each.
        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        SpectrumDisplay
            Drawn.

        Examples
        --------
        >>> import numpy as np
        >>> from skmusic.display import SpectrumDisplay
        >>> x = np.random.default_rng(0).standard_normal(44100)
        >>> len(SpectrumDisplay.from_recording(x, n_sets=3).ax_.lines)
        15
        """
        x, sr = recording_of(x, sr)
        if len(x) < n_frames * N:
            raise ValueError(
                f"a recording of {len(x)} samples is shorter than {n_frames} frames "
                f"of {N}; use a smaller N."
            )
        starts = np.linspace(0, len(x) - n_frames * N, n_sets).astype(int)
        sets = np.stack([x[a : a + n_frames * N, 0] for a in starts])
        real = scipy.fft.rfft(sets.reshape(n_sets, n_frames, N), axis=-1).real * 2 / N
        return cls(real, scipy.fft.rfftfreq(N, 1 / sr)).plot(ax)

    def plot(self, ax=None):
        """Draw, each set in a colour.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        SpectrumDisplay
            Itself.

        Examples
        --------
        >>> import numpy as np
        >>> from skmusic.display import SpectrumDisplay
        >>> SpectrumDisplay(np.zeros((2, 5, 3)), np.arange(3)).plot().ax_.get_ylabel()
        'Real part'
        """
        self.ax_ = axes_of(ax)
        self.figure_ = self.ax_.figure
        for i, frames in enumerate(self.real):
            self.ax_.plot(self.frequencies, frames.T, lw=0.8, color=f"C{i % 10}")
        self.ax_.set(xlabel="Frequency (Hz)", ylabel="Real part")
        return self
