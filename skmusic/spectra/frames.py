"""What frames are: their format travels with them, from featurizer to synthesis.

A *frame* is the spectrum of one window, packed as real numbers. All work inside is on
the waveform that the frames stand for, in *steps* of about 23 ms; this module and
`skmusic.spectra.reframing` are the edge where frames become a waveform and back.
"""

from dataclasses import dataclass

from skmusic.spectra.windows import analysis_window, count_bins
from skmusic.utils.carrying import Carrying

# Length of a step: fine enough for rhythm. Its analysis window is twice as long, which
# tells partials 22 Hz apart.
STEP_SECONDS = 1024 / 44100


@dataclass(frozen=True)
class FrameFormat:
    """Spectra of which windows of what waveform.

    Parameters
    ----------
    N : int
        Samples in a window.
    hop_length : int
        Samples between windows, 1 to `N`.
    window : str or tuple
        As `scipy.signal.get_window` takes it, or the `N` weights themselves.
    sr : float
        Sampling rate in Hz.
    n_channels : int
        Channels of the waveform.
    factor : float
        Number that every spectrum was multiplied by.
    both_halves : bool
        Whether the mirrored upper half of each spectrum is kept too.

    Examples
    --------
    >>> from skmusic.spectra.frames import FrameFormat
    >>> format = FrameFormat(N=256, hop_length=128, sr=44100, n_channels=2)
    >>> format.n_dims, format.step
    (516, 1024)
    """

    N: int
    hop_length: int
    window: str | tuple = "hann"
    sr: float = 44100
    n_channels: int = 1
    factor: float = 1.0
    both_halves: bool = False

    @property
    def n_dims(self):
        """Numbers in a frame."""
        return 2 * self.n_channels * count_bins(self.N, self.both_halves)

    @property
    def seconds(self):
        """Time from one frame to the next."""
        return self.hop_length / self.sr

    @property
    def overlap(self):
        """Samples that a window shares with the next one."""
        return self.N - self.hop_length

    @property
    def step(self):
        """Samples in a step: the hops nearest to 23 ms, and two samples at least."""
        least = 2 if self.hop_length == 1 else 1
        return self.hop_length * max(least, round(STEP_SECONDS / self.seconds))

    def weights(self):
        """Analysis window ``(N,)``, float64."""
        window = self.window
        # A tuple is a name with parameters, or the weights themselves.
        if isinstance(window, tuple) and not isinstance(next(iter(window), None), str):
            window = list(window)
        return analysis_window(window, self.N)

    def stft_args(self):
        """Arguments that `skmusic.spectra.stft` takes after the waveform."""
        return self.weights(), self.hop_length, self.factor, self.both_halves

    def istft_args(self):
        """Arguments that `skmusic.spectra.istft` takes after the frames."""
        args = self.weights(), self.hop_length, self.n_channels
        return *args, self.factor, self.both_halves


class Frames(Carrying):
    """Array of frames ``(n_frames, n_dims)`` that knows its format.

    It is an ndarray in all else. What is cut out of it or computed from it has the same
    `FrameFormat` in ``format``.
    """

    _fact = "format"

    @staticmethod
    def _fact_of(arrays):
        return format_of(arrays)


def format_of(X):
    """`FrameFormat` of what `fit` takes, None of plain numbers; refuse two formats.

    In a list, arrays that know no format are taken to be as the rest.
    """
    recordings = X if isinstance(X, (list, tuple)) else [X]
    found = (getattr(x, "format", None) for x in recordings)
    # Strings have a `format` too, which is none.
    formats = {format for format in found if isinstance(format, FrameFormat)}
    if len(formats) > 1:
        a, b, *_ = sorted(map(str, formats))
        raise ValueError(
            f"X holds frames of different formats, {a} and {b}; transform all "
            "recordings with one FFTFeaturizer."
        )
    return next(iter(formats), None)
