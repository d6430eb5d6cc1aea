"""FFTFeaturizer: recordings to frames of spectra, and back."""

import copy
import os
import warnings
from collections.abc import Sequence
from functools import partial
from numbers import Integral, Real

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skmusic import audio, spectra
from skmusic.audio.decoding import most_samples, read_blocks
from skmusic.spectra.frames import FrameFormat, Frames, format_of
from skmusic.utils.validation import check_recordings, restore_shape

# The longest window that a file may ask for, and those of the windows with numbers
# that take no time and memory beyond their length, whatever the numbers.
_MOST_N = 2**20
_PLAIN_WINDOWS = ("gaussian", "general_gaussian", "general_hamming", "kaiser", "tukey")
_ADVICE = "wrap a single stereo recording in a list: [x]."


class FFTFeaturizer(TransformerMixin, BaseEstimator):
    """Cut recordings into overlapping windows and pack the FFT of each as reals.

    One row, one list item of `X` is one recording: a path of any file that can
    be decoded, or a waveform. One frame is the spectrum of one window: real
    and imaginary parts of left, then real and imaginary parts of right. The
    transform is exactly invertible.

    Parameters
    ----------
    N : int, default=2048
        Samples in a window ("n_fft" in librosa); even, at least 2.
    hop_length : int or None, default=None
        Samples between windows, from 1 to N; None is ``N // 2``.
    window : str, tuple or array-like of shape (N,), default="hann"
        Window as `scipy.signal.get_window` names it. Its square root is used
        on both sides. The article's analysis is ``window="boxcar",
        hop_length=N``.
    sr : float, default=44100
        Sampling rate in hertz of the frames. Files of another rate are
        resampled; arrays are taken to have this rate.
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
        "N": [Interval(Integral, 2, None, closed="left")],
        "hop_length": [Interval(Integral, 1, None, closed="left"), None],
        "window": [str, tuple, "array-like"],
        "sr": [Interval(Real, 0, None, closed="neither")],
        "channels": [Interval(Integral, 1, None, closed="left"), None],
        "factor": [Real],
        "redundant": ["boolean"],
        "on_error": [StrOptions({"warn", "raise"})],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        N=2048,
        hop_length=None,
        window="hann",
        *,
        sr=44100,
        channels=None,
        factor=1.0,
        redundant=False,
        on_error="warn",
        n_jobs=-1,
    ):
        self.N = N
        self.hop_length = hop_length
        self.window = window
        self.sr = sr
        self.channels = channels
        self.factor = factor
        self.redundant = redundant
        self.on_error = on_error
        self.n_jobs = n_jobs

    def fit(self, X, y=None):
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
        recordings, found = check_recordings(self, X, reset=True), None
        if recordings.form == "paths":
            found = self._read_each(recordings.items, audio.info)
            counts = {min(about["channels"], 2) for about in found if about}
        else:
            _warn_of_bare_stereo(recordings, self.N)
            counts = {x.shape[1] for x in recordings.items}
        self.n_channels_ = self.channels or max(counts)
        self.n_dims_ = self.format_.n_dims
        self._flat = recordings.flat
        return recordings, found

    @property
    def format_(self):
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

    def fit_transform(self, X, y=None):
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
        return self._stream(recordings, found) if found else self.transform(X)

    def stream(self, X):
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
        recordings = check_recordings(self, X, reset=False)
        if recordings.form != "paths":
            return self.transform(X)
        return self._stream(recordings, self._read_each(recordings.items, audio.info))

    def _stream(self, recordings, found):
        lengths = [self._claimed(about) if about else 0 for about in found]
        return StreamedFrames(self, recordings.items, lengths)

    def transform(self, X):
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
        recordings = check_recordings(self, X, reset=False)
        if recordings.form == "paths":
            frames = self._frames_of_files(recordings.items)
        else:
            frames = self._each(self._frames, recordings.items)
        frames = recordings.like(frames, keep_flat=False)
        if isinstance(frames, list):
            return [Frames(x, self.format_) for x in frames]
        return Frames(frames, self.format_)

    def inverse_transform(self, X):
        """Waveform of each sequence of frames.

        Parameters
        ----------
        X : list of ndarray of shape (n_frames, n_dims), or ndarray of shape \
                (n_recordings, n_frames, n_dims)
            Frames.

        Returns
        -------
        list of ndarray or ndarray
            Waveforms ``(n_samples, n_channels)`` as they were given to
            `transform`; ``(n_samples,)`` if those fitted had that shape.

        Raises
        ------
        ValueError
            If frames have other than ``n_dims_`` numbers.

        Examples
        --------
        >>> import numpy as np
        >>> from skmusic import FFTFeaturizer
        >>> x = np.sin(np.arange(5000.0) / 10)[:, None]
        >>> featurizer = FFTFeaturizer(N=256).fit([x])
        >>> featurizer.inverse_transform(featurizer.transform([x]))[0].shape
        (5000, 1)
        """
        check_is_fitted(self)
        frames = check_recordings(type(self)(), X, reset=True, what="frame sequence")
        if frames.form == "paths":
            raise ValueError(
                f"X holds paths such as {frames.items[0]!r}, not frames; transform "
                "them first."
            )
        found = format_of(X)
        if found not in (None, self.format_):
            raise ValueError(
                f"X holds frames of another format, {found}, than those of this "
                f"FFTFeaturizer, {self.format_}; invert them with the one they are of."
            )
        for i, f in enumerate(frames.items):
            if f.shape[1] != self.n_dims_:
                raise ValueError(
                    f"the frames of recording {i} have {f.shape[1]} numbers, this "
                    f"FFTFeaturizer makes and takes {self.n_dims_} (n_dims_); wrap "
                    "the frames of a single recording in a list."
                )
        args = self.format_.istft_args()
        x = self._each(lambda f: spectra.istft(f, *args), frames.items)
        return restore_shape(x, dense=frames.form == "3d", flat=self._flat)

    def inverse_stream(self, blocks):
        """Waveform of frames that come block by block, as they come.

        Parameters
        ----------
        blocks : iterable of ndarray of shape (n_frames, n_dims)
            Frames of one recording, one after another, however they are divided.

        Yields
        ------
        ndarray of shape (n_samples, n_channels)
            Together what `inverse_transform` makes of all frames, to the bit.

        See Also
        --------
        skmusic.Pipeline.stream : Composes as it is listened to.

        Examples
        --------
        >>> import numpy as np
        >>> from skmusic import FFTFeaturizer
        >>> featurizer = FFTFeaturizer(N=256)
        >>> (frames,) = featurizer.fit_transform([np.sin(np.arange(5000.0) / 10)])
        >>> blocks = featurizer.inverse_stream([frames[:20], frames[20:]])
        >>> [x.shape for x in blocks]
        [(2432, 1), (2568, 1)]
        """
        check_is_fitted(self)
        yield from spectra.istft_blocks(blocks, *self.format_.istft_args())

    def count_frames(self, n_samples):
        """Frames whose `inverse_transform` has at least so many samples.

        Parameters
        ----------
        n_samples : int
            Samples wanted, from 0.

        Returns
        -------
        int
            Frames to ask for.

        Examples
        --------
        >>> from skmusic import FFTFeaturizer
        >>> FFTFeaturizer(N=2048).count_frames(44100)
        45
        """
        return spectra.count_frames(n_samples, self.N, self._hop())

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
        spectra.synthesis_window(self._window(), self._hop())

    def _hop(self):
        return self.N // 2 if self.hop_length is None else self.hop_length

    def _window(self):
        return spectra.analysis_window(self.window, self.N)

    def _frames_of_files(self, paths, one_at_least=True):
        frames = self._read_each(paths, self._frames_of_file, one_at_least=one_at_least)
        empty = np.empty((0, self.n_dims_), dtype=np.float32)
        return [empty if f is None else f for f in frames]

    def _frames_of_file(self, path):
        return self._stft(
            spectra.stft_whole,
            read_blocks(path, self.sr, self.n_channels_),
            n_frames=self._claimed(audio.info(path)),
        )

    def _claimed(self, about):
        """Frames of a file, as its header has it, but no more than it can hold."""
        most = most_samples(os.path.getsize(about["path"]), about["channels"])
        n_samples = round(min(about["samples"], most) * self.sr / about["sr"])
        return self.count_frames(n_samples)

    def _blocks_of_file(self, path, n_frames):
        """Frames of a file in blocks of so many, the last of fewer."""
        blocks = read_blocks(path, self.sr, self.n_channels_)
        return self._stft(spectra.stft_blocks, blocks, n_frames=n_frames)

    def _frames(self, x):
        if x.shape[1] != self.n_channels_:
            if x.shape[1] > 1 and self.channels is None:
                raise ValueError(
                    f"a recording has {x.shape[1]} channels where {self.n_channels_} "
                    "were fitted; mix it down, or set channels."
                )
            x = audio.to_channels(x, self.n_channels_)
        return self._stft(spectra.stft, x)

    def _stft(self, function, x, **more):
        return function(x, *self.format_.stft_args(), **more)

    def _each(self, function, items, *more):
        """Results for each item, in threads; one item is not worth a thread."""
        n_jobs = min(effective_n_jobs(self.n_jobs), len(items))
        run = Parallel(n_jobs=n_jobs, prefer="threads")
        return run(delayed(function)(*args) for args in zip(items, *more, strict=True))

    def _read_each(self, paths, read, *more, one_at_least=True):
        """`read` of each path, None for those that cannot be decoded.

        With `more` lists, an item of each goes into each call.
        """
        results = self._each(partial(_attempt, read), paths, *more)
        errors = [r for r in results if isinstance(r, Exception)]
        none = one_at_least and len(errors) == len(paths)
        if errors and (self.on_error == "raise" or none):
            raise errors[0]
        for error in errors:
            warnings.warn(f"left out: {error}", UserWarning, stacklevel=3)
        return [None if isinstance(r, Exception) else r for r in results]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _attempt(read, path, *more):
    """Result of `read(path)`, or the error if the file cannot be decoded."""
    if not os.path.exists(path):
        raise FileNotFoundError(f"{path!r} does not exist; check the path.")
    try:
        return read(path, *more)
    except ValueError as error:
        return error


def _warn_of_bare_stereo(recordings, N):
    rows = recordings.items
    if recordings.form == "2d" and len(rows[0]) <= 2 and len(rows) >= N:
        warnings.warn(
            f"X of shape ({len(rows)}, {len(rows[0])}) was taken for {len(rows)} "
            f"recordings of {len(rows[0])} samples; {_ADVICE}",
            UserWarning,
            stacklevel=3,
        )


class StreamedFrames(Sequence):
    """Frames of recordings in files, made each time they are asked for.

    It is used as a list of arrays is. Who can do with a part of a recording at a
    time calls `map_blocks`, which holds no more than that in memory.

    Parameters
    ----------
    featurizer : FFTFeaturizer
        Fitted.
    paths : list of str
        Files.
    lengths : list of int
        Frames of each, as far as headers tell.

    Attributes
    ----------
    format : FrameFormat
        Of the frames.
    """

    def __init__(self, featurizer, paths, lengths):
        # As it is now: it may be fitted to something else later.
        self._featurizer, self._paths = copy.copy(featurizer), paths
        self.lengths, self.format = lengths, featurizer.format_

    def __len__(self):
        return len(self._paths)

    def __getitem__(self, index):
        if isinstance(index, slice):
            part = self._paths[index], self.lengths[index]
            return StreamedFrames(self._featurizer, *part)
        paths = [self._paths[index]]
        (frames,) = self._featurizer._frames_of_files(paths, one_at_least=False)
        return Frames(frames, self.format)

    def __repr__(self):
        return f"<frames of {len(self)} recordings, made when they are asked for>"

    def whole(self):
        """List of all frames, as `FFTFeaturizer.transform` makes it."""
        return self._featurizer.transform(self._paths)

    def map_blocks(self, function, arguments, n_frames):
        """Result of a function of each recording's frames.

        Parameters
        ----------
        function : callable
            Called with an iterator over the frames, in arrays of `n_frames`, the
            last of fewer, and with an argument.
        arguments : list
            One for each recording.
        n_frames : int
            Frames in memory at a time.

        Returns
        -------
        list
            For a file that cannot be decoded, what the function makes of no frames.
        """
        read = partial(_read_blockwise, self._featurizer, function, n_frames)
        results = self._featurizer._read_each(self._paths, read, arguments)
        return [
            function(iter(()), argument) if result is None else result
            for result, argument in zip(results, arguments, strict=True)
        ]


def _read_blockwise(featurizer, function, n_frames, path, argument):
    return function(featurizer._blocks_of_file(path, n_frames), argument)
