"""Displays of one recording: its waveform and its spectrogram."""

from typing import Self

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike

from skmusic.display.axes import Display, recording_of
from skmusic.spectra import analysis_window, stft
from skmusic.utils.types import Array, Axes, Name


class WaveformDisplay(Display):
    """Waveform, over a long or a short span.

    Parameters
    ----------
    x : ndarray of shape (n_samples, n_channels)
        Samples that are shown.
    sr : int
        Sampling rate in Hz.
    start : float, default=0
        Time of the first sample in seconds.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes with the plot.
    figure_ : matplotlib.figure.Figure
        Figure of the axes.

    See Also
    --------
    SpectrogramDisplay : What sounds when.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.display import WaveformDisplay
    >>> x = np.sin(np.arange(44100) / 10)
    >>> WaveformDisplay.from_recording(x, start=0.5, seconds=0.02).x.shape
    (882, 1)
    """

    # Beyond so many samples only the extremes of as many parts can be seen.
    _MOST = 4000

    def __init__(self, x: Array, sr: float, *, start: float = 0.0) -> None:
        self.x, self.sr, self.start = x, sr, start

    @classmethod
    def from_recording(
        cls,
        x: Name | ArrayLike,
        *,
        sr: float | None = None,
        start: float = 0.0,
        seconds: float | None = None,
        ax: Axes = None,
    ) -> Self:
        """Plot a recording, or a part of it.

        Parameters
        ----------
        x : path or ndarray of shape (n_samples,) or (n_samples, n_channels)
            Recording.
        sr : int or None, default=None
            Sampling rate of an array in Hz; a file and `skmusic.audio.Music` know
            their own. None is 44100 of what does not.
        start : float, default=0
            Seconds that are passed over.
        seconds : float or None, default=None
            Length of the part; None is all.
        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        WaveformDisplay
            Drawn.

        Raises
        ------
        ValueError
            If nothing of the recording is left to show.

        Examples
        --------
        >>> import numpy as np
        >>> from skmusic.display import WaveformDisplay
        >>> WaveformDisplay.from_recording(np.zeros(44100)).ax_.get_xlabel()
        'Time (s)'
        """
        x, sr = recording_of(x, sr)
        first = round(start * sr)
        part = x[first : None if seconds is None else first + round(seconds * sr)]
        if not len(part):
            raise ValueError(
                f"start={start} and seconds={seconds} leave nothing of a recording of "
                f"{len(x) / sr:.2f} s."
            )
        return cls(part, sr, start=start).plot(ax)

    def _draw(self):
        """Draw: one line for each channel, or the range of what is too dense."""
        n_samples, n_channels = self.x.shape
        stop = self.start + n_samples / self.sr
        names = ["left", "right"] if n_channels == 2 else range(n_channels)
        for channel, name in zip(self.x.T, names, strict=True):
            if n_samples <= self._MOST:
                t = np.linspace(self.start, stop, n_samples, endpoint=False)
                self.ax_.plot(t, channel, lw=0.8, label=name)
            else:
                bounds = np.linspace(0, n_samples, self._MOST // 4, endpoint=False)
                bounds = bounds.astype(int)
                low, high = (
                    f.reduceat(channel, bounds) for f in (np.minimum, np.maximum)
                )
                t = self.start + bounds / self.sr
                self.ax_.fill_between(t, low, high, lw=0.3, alpha=0.6, label=name)
        if n_channels > 1:
            self.ax_.legend(loc="upper right", fontsize="small")
        self.ax_.set(xlabel="Time (s)", ylabel="Amplitude", xlim=(self.start, stop))


class SpectrogramDisplay(Display):
    """Level of each frequency over time.

    Parameters
    ----------
    decibels : ndarray of shape (n_frames, n_bins)
        Level in dB below the loudest, from -80.
    frequencies : ndarray of shape (n_bins,)
        Of the bins, in Hz, evenly spaced on a logarithmic scale.
    seconds : float
        Length of the recording.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes with the plot.
    figure_ : matplotlib.figure.Figure
        Figure of the axes.

    See Also
    --------
    SpectrumDisplay : The spectra of some moments.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.display import SpectrogramDisplay
    >>> x = np.sin(np.arange(44100) * 2 * np.pi * 1000 / 44100)
    >>> display = SpectrogramDisplay.from_recording(x)
    >>> loudest = display.decibels.mean(axis=0).argmax()
    >>> bool(abs(display.frequencies[loudest] / 1000 - 1) < 0.03)
    True
    """

    _FLOOR, _LOWEST, _ROWS, _MOST = -80.0, 40.0, 192, 1000

    def __init__(self, decibels: Array, frequencies: Array, seconds: float) -> None:
        self.decibels, self.frequencies = decibels, frequencies
        self.seconds = seconds

    @classmethod
    def from_recording(
        cls,
        x: Name | ArrayLike,
        *,
        sr: float | None = None,
        N: int = 4096,
        ax: Axes = None,
    ) -> Self:
        """Plot a recording, its channels mixed.

        Parameters
        ----------
        x : path or ndarray of shape (n_samples,) or (n_samples, n_channels)
            Recording.
        sr : int or None, default=None
            Sampling rate of an array in Hz; a file and `skmusic.audio.Music` know
            their own. None is 44100 of what does not.
        N : int, default=4096
            Samples in a window.
        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        SpectrogramDisplay
            Drawn.

        Examples
        --------
        >>> import numpy as np
        >>> from skmusic.display import SpectrogramDisplay
        >>> noise = np.random.default_rng(0).standard_normal(44100)
        >>> SpectrogramDisplay.from_recording(noise).ax_.get_ylabel()
        'Frequency (Hz)'
        """
        x, sr = recording_of(x, sr)
        mix = x.mean(axis=1, keepdims=True).astype(np.float32)
        hop = max(N // 4, len(mix) // cls._MOST)
        frames = stft(mix, analysis_window("hann", N) ** 2, min(hop, N))
        power = np.square(frames.reshape(len(frames), 2, -1)).sum(axis=1)
        bins = np.geomspace(cls._LOWEST, sr / 2, cls._ROWS) * N / sr
        # Of the bins that a row spans the loudest, so that thin partials stay.
        first = np.clip(np.floor(bins).astype(int), 0, N // 2)
        power = np.maximum.reduceat(power, first, axis=1)
        level = 10 * np.log10(np.maximum(power / max(power.max(), 1e-20), 1e-8))
        return cls(level, bins * sr / N, len(x) / sr).plot(ax)

    def _draw(self):
        t = np.linspace(0, self.seconds, len(self.decibels) + 1)
        step = self.frequencies[1] / self.frequencies[0]
        edges = np.append(self.frequencies, self.frequencies[-1] * step) / step**0.5
        self.ax_.pcolormesh(
            t,
            edges,
            self.decibels.T,
            cmap="magma",
            vmin=self._FLOOR,
            vmax=0,
            rasterized=True,
        )
        self.ax_.set(xlabel="Time (s)", ylabel="Frequency (Hz)", yscale="log")


class SpectrumDisplay(Display):
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

    def __init__(self, real: Array, frequencies: Array) -> None:
        self.real, self.frequencies = real, frequencies

    @classmethod
    def from_recording(
        cls,
        x: Name | ArrayLike,
        *,
        sr: float | None = None,
        N: int = 256,
        n_sets: int = 10,
        n_frames: int = 5,
        ax: Axes = None,
    ) -> Self:
        """Plot sets of neighbouring frames, spread evenly over a recording.

        Parameters
        ----------
        x : path or ndarray of shape (n_samples,) or (n_samples, n_channels)
            Recording; its first channel is shown.
        sr : int or None, default=None
            Sampling rate of an array in Hz; a file and `skmusic.audio.Music` know
            their own. None is 44100 of what does not.
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

    def _draw(self):
        """Draw, each set in a colour."""
        for i, frames in enumerate(self.real):
            self.ax_.plot(self.frequencies, frames.T, lw=0.8, color=f"C{i % 10}")
        self.ax_.set(xlabel="Frequency (Hz)", ylabel="Real part")
