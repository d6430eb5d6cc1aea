"""FFTFeaturizer: recordings to frames of spectra, and back."""

from dataclasses import replace
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skmusic import audio, spectra
from skmusic.audio.rates import rate_of
from skmusic.audio.recordings import as_file
from skmusic.inversion import InverseMixin
from skmusic.spectra.frames import FrameFormat, Frames
from skmusic.spectra.streaming import (
    FrameList,
    StreamedFrames,
    frames_claimed,
    read_frames,
)
from skmusic.utils.limits import MOST_CHANNELS, MOST_RATE, MOST_WINDOW
from skmusic.utils.threads import map_files, map_threads
from skmusic.utils.types import Recordings
from skmusic.utils.validation import check_recordings


class FFTFeaturizer(InverseMixin, TransformerMixin, BaseEstimator):
    """Cut recordings into overlapping windows and pack the FFT of each as reals.

    One row, one list item of `X` is one recording: the path of any file that can
    be decoded, its bytes, the open file, or a waveform. One frame is the spectrum
    of one window: real and imaginary parts of left, then real and imaginary parts
    of right. The transform is exactly invertible.

    Parameters
    ----------
    N : int, default=2048
        Samples in a window ("n_fft" in librosa); even, 2 to 1048576.
    hop_length : int or None, default=None
        Samples between windows, from 1 to N; None is ``N // 2``.
    window : str, tuple or array-like of shape (N,), default="hann"
        Window as `scipy.signal.get_window` names it. Its square root is used
        on both sides. The article's analysis is ``window="boxcar",
        hop_length=N``.
    sr : float, default=44100
        Sampling rate in hertz of the frames. Files of another rate are
        resampled; arrays are taken to have this rate, and `skmusic.audio.Music` of
        another is refused.
    channels : int or None, default=None
        Channels of the frames. Recordings are mixed to so many. None takes
        what is fitted: two where any recording has two, else one; mono
        recordings are then copied to both.
    factor : float, default=1.0
        Multiplies each spectrum; the article has ``2 / N``.
    redundant : bool, default=False
        Keep the mirrored half of each spectrum too, as the article does: its
        stereo frame then has exactly ``4 * N`` numbers, ``2 * (N + 2)``
        otherwise.
    on_error : {"warn", "raise"}, default="warn"
        What to do with a file that exists but cannot be decoded. "warn" names
        it in a `UserWarning` and lets an empty recording of 0 frames stand in
        its place, so that rows still are recordings; "raise" stops at once.
        If none can be decoded, the first error is raised either way.
    n_jobs : int or None, default=-1
        Threads that decode and transform; -1 is all cores, None is 1 unless a
        `joblib.parallel_config` says otherwise. The frames are the same.

    Attributes
    ----------
    n_channels_ : int
        Channels of the frames.
    n_dims_ : int
        Numbers in a frame.
    n_features_in_ : int
        Samples in a row, only where `X` was 2-D.

    References
    ----------
    "Using Keras's stateful RNN, I tried automatic composition based on wav
    files" (2017), https://github.com/niisan-tokyo/music_generator

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic import FFTFeaturizer
    >>> x = np.sin(np.arange(5000.0) / 10)
    >>> featurizer = FFTFeaturizer(N=256)
    >>> frames = featurizer.fit_transform([x])
    >>> frames[0].shape
    (41, 258)
    >>> bool(np.allclose(featurizer.inverse_transform(frames)[0], x))
    True
    """

    _parameter_constraints: dict = {
        "N": [Interval(Integral, 2, MOST_WINDOW, closed="both")],
        "hop_length": [Interval(Integral, 1, None, closed="left"), None],
        "window": [str, tuple, "array-like"],
        "sr": [Interval(Real, 0, MOST_RATE, closed="right")],
        "channels": [Interval(Integral, 1, MOST_CHANNELS, closed="both"), None],
        "factor": [Real],
        "redundant": ["boolean"],
        "on_error": [StrOptions({"warn", "raise"})],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        N: int = 2048,
        hop_length: int | None = None,
        window: str | tuple[Any, ...] | ArrayLike = "hann",
        *,
        sr: float = 44100,
        channels: int | None = None,
        factor: float = 1.0,
        redundant: bool = False,
        on_error: str = "warn",
        n_jobs: int | None = -1,
    ) -> None:
        self.N = N
        self.hop_length = hop_length
        self.window = window
        self.sr = sr
        self.channels = channels
        self.factor = factor
        self.redundant = redundant
        self.on_error = on_error
        self.n_jobs = n_jobs

    def fit(self, X: Recordings, y: object = None) -> Self:
        """Check the parameters and learn the number of channels.

        Of files only the headers are read.

        Parameters
        ----------
        X : list of paths or arrays, or array of shape (n_recordings, n_samples) \
                or (n_recordings, n_samples, n_channels)
            Recordings.
        y : None
            Ignored.

        Returns
        -------
        FFTFeaturizer
            The estimator itself.

        Raises
        ------
        ValueError, TypeError
            If a parameter or `X` is of no use; the message says why and what
            to do.
        OSError
            If a file is missing.

        Examples
        --------
        >>> import numpy as np
        >>> from skmusic import FFTFeaturizer
        >>> FFTFeaturizer(N=256).fit([np.zeros((5000, 2))]).n_dims_
        516
        """
        self._fit(X)
        return self

    def _fit(self, X):
        """Fit; return recordings and, of paths, their facts or None."""
        self._check_parameters()
        recordings, found = self._recordings(X, reset=True), None
        if recordings.form == "paths":
            found = map_files(audio.info, recordings.items, **self._options())
            counts = {min(about["channels"], 2) for about in found if about}
        else:
            counts = {x.shape[1] for x in recordings.items}
        self.n_channels_ = self.channels or max(counts)
        self.n_dims_ = self.format_.n_dims
        self._flat = recordings.flat
        return recordings, found

    def _recordings(self, X, reset):
        """Checked recordings; open files are read now, so they may be closed later."""
        for x in X if isinstance(X, (list, tuple)) else [X]:
            rate_of(x, self.sr)
        found = check_recordings(self, X, reset=reset)
        if found.form != "paths":
            return found
        items = [x if isinstance(x, str) else as_file(x).data for x in found.items]
        return replace(found, items=items)

    def _options(self):
        """How files are read, of `map_files`."""
        return {"n_jobs": self.n_jobs, "on_error": self.on_error}

    def _streamed(self, paths, found):
        """Frames of files, of which `found` has what `audio.info` says, or None."""
        format = self.format_
        lengths = [frames_claimed(about, format) if about else 0 for about in found]
        return StreamedFrames(paths, lengths, format, **self._options())

    @property
    def format_(self) -> FrameFormat:
        """Format of the frames, which they carry with them.

        Examples
        --------
        >>> import numpy as np
        >>> from skmusic import FFTFeaturizer
        >>> FFTFeaturizer(N=256).fit([np.zeros(500)]).format_.hop_length
        128
        """
        check_is_fitted(self, "n_channels_")
        window = self.window
        if not isinstance(window, (str, tuple)):
            window = tuple(np.asarray(window, float).tolist())
        return FrameFormat(
            self.N,
            self._hop(),
            window,
            self.sr,
            self.n_channels_,
            self.factor,
            self.redundant,
        )

    def fit_transform(self, X: Recordings, y: object = None) -> Any:
        """Fit and transform; files are read when their frames are asked for.

        So a pipeline learns from more music than memory holds.

        Parameters
        ----------
        X : as in `fit`
            Recordings.
        y : None
            Ignored.

        Returns
        -------
        list of ndarray, ndarray, or for paths `StreamedFrames`
            What `transform` returns. Of paths it is a sequence that is used as a
            list is, and makes the frames of a recording each time it is asked for
            them.

        Raises
        ------
        ValueError, TypeError, OSError
            As `fit`; of files that cannot be decoded, when they are read.

        Examples
        --------
        >>> import tempfile
        >>> import numpy as np
        >>> from skmusic import FFTFeaturizer, audio
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     audio.write(f"{folder}/a.wav", np.zeros((5000, 2)), sr=44100)
        ...     frames = FFTFeaturizer(N=256).fit_transform([f"{folder}/a.wav"])
        ...     len(frames), frames[0].shape
        (1, (41, 516))
        """
        recordings, found = self._fit(X)
        if found:
            return self._streamed(recordings.items, found)
        return self._frames_of(recordings)

    def stream(self, X: Recordings) -> Any:
        """Transform; files are read when their frames are asked for.

        Parameters
        ----------
        X : as in `fit`
            Recordings.

        Returns
        -------
        list of ndarray, ndarray, or for paths `StreamedFrames`
            As `fit_transform` returns it.

        Raises
        ------
        ValueError, TypeError, OSError
            As `fit`.

        Examples
        --------
        >>> import numpy as np
        >>> from skmusic import FFTFeaturizer
        >>> featurizer = FFTFeaturizer(N=256).fit([np.zeros((5000, 2))])
        >>> featurizer.stream([np.zeros((5000, 2))])[0].shape
        (41, 516)
        """
        check_is_fitted(self)
        recordings = self._recordings(X, reset=False)
        if recordings.form != "paths":
            return self._frames_of(recordings)
        paths = recordings.items
        return self._streamed(paths, map_files(audio.info, paths, **self._options()))

    def transform(self, X: Recordings) -> Any:
        """Frames of each recording.

        Parameters
        ----------
        X : as in `fit`
            Recordings, of which none has more channels than those fitted.

        Returns
        -------
        list of Frames of shape (n_frames, n_dims), or Frames of shape \
                (n_recordings, n_frames, n_dims)
            A list for a list, an array for an array. They are arrays that know their
            format, see `skmusic.spectra.frames`.

        Raises
        ------
        ValueError, TypeError, OSError
            As `fit`.

        Examples
        --------
        >>> import numpy as np
        >>> from skmusic import FFTFeaturizer
        >>> recordings = [np.zeros((5000, 2)), np.zeros((9000, 2))]
        >>> frames = FFTFeaturizer(N=256).fit(recordings).transform(recordings)
        >>> [f.shape for f in frames]
        [(41, 516), (72, 516)]
        """
        check_is_fitted(self)
        return self._frames_of(self._recordings(X, reset=False))

    def _frames_of(self, recordings):
        """Frames of checked recordings."""
        if recordings.form == "paths":
            return read_frames(recordings.items, self.format_, **self._options())
        frames = map_threads(self._frames, recordings.items, n_jobs=self.n_jobs)
        frames = recordings.like(frames, keep_flat=False)
        if isinstance(frames, list):
            return FrameList(Frames(x, self.format_) for x in frames)
        return Frames(frames, self.format_)

    def _check_parameters(self):
        self._validate_params()
        if self.N % 2:
            raise ValueError(f"N={self.N} is odd; use an even number such as 2048.")
        if self._hop() > self.N:
            raise ValueError(
                f"hop_length={self.hop_length} is beyond N={self.N}: samples between "
                "the windows would be lost; use at most N."
            )
        if not 1e-20 < abs(self.factor) < 1e20:
            raise ValueError(
                f"factor={self.factor} cannot be undone in single precision; use a "
                "number nearer to 1, such as 2 / N."
            )
        window = spectra.analysis_window(self.window, self.N)
        spectra.synthesis_window(window, self._hop())

    def _hop(self):
        return self.N // 2 if self.hop_length is None else self.hop_length

    def _frames(self, x):
        if x.shape[1] != self.n_channels_:
            if x.shape[1] > 1 and self.channels is None:
                raise ValueError(
                    f"a recording has {x.shape[1]} channels where {self.n_channels_} "
                    "were fitted; mix it down, or set channels."
                )
            x = audio.to_channels(x, self.n_channels_)
        return spectra.stft(x, *self.format_.stft_args())

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
