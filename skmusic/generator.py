"""StatefulLSTMGenerator: learn sequences of frames, and go on with them."""

import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from skmusic.network.checkpoint import lasting_seed, make_folder
from skmusic.network.training import TrainingSettings, past_of
from skmusic.playing import PlayingMixin
from skmusic.spectra.frames import format_of
from skmusic.synthesis import SYNTHESES
from skmusic.utils.arguments import check_backend, check_fields, refuse_overflow
from skmusic.utils.limits import MANY_FRAMES
from skmusic.utils.sequences import check_dims, check_sequences
from skmusic.utils.types import Name, RandomState, Recordings


class StatefulLSTMGenerator(PlayingMixin, BaseEstimator):
    """LSTM network that learns what follows what in sequences of frames.

    One row, one list item of `X` is one recording's sequence of frames, as
    `FFTFeaturizer` makes them. The state of the network is zero where a recording
    starts and is carried on through all of it.

    Frames that `FFTFeaturizer` made know their format, and the synthesis works on the
    waveform that they stand for, in steps of about 23 ms. Other sequences are plain
    numbers: each row is a step, and is played as it is.

    Parameters
    ----------
    synthesis : {"neural", "regression"}, default="neural"
        How forecasts become frames. With "neural" the network draws what comes next,
        four steps at a time (a tenth of a second, longer from ``N=4096``), and a
        vocoder makes it sound. It holds no recording, and next to nothing is copied.
        "regression" is the article's: the network forecasts the next frame itself by
        least squares, and what is sampled soon stands still.
    hidden_layer_sizes : tuple of int, int or None, default=None
        Units of each LSTM layer. None is (320, 320), and the article's (256, 256, 256)
        for "regression".
    dropout : float, tuple of float or None, default=None
        Dropout after each layer. None is 0.2, and the article's (0.5, 0.3, 0.2) for
        "regression".
    epochs : int, default=40
        Passes over the recordings at most.
    learning_rate : float, default=1e-3
        Of Adam.
    max_minutes : float or None, default=None
        Minutes of training after which no further pass begins. None sets no limit. How
        far a fit comes in its minutes depends on the machine.
    n_streams : int or None, default=None
        Recordings, or stretches of them, that are learned side by side, at most: fewer
        where there is so little music that an epoch would have less than some sixteen
        updates. None is 8, and 64 for "regression".
    chunk_length : int or None, default=None
        Steps between two updates of the weights; the state is carried across. None is
        32, where steps are patches, and 64 for "regression".
    validation_fraction : float, default=0.1
        Share of each recording that is held out for early stopping, shortly before its
        end. 0 holds nothing out and trains all epochs.
    n_iter_no_change : int, default=4
        Epochs without a better held-out loss after which training stops.
    warm_start : bool, default=False
        Whether `fit` goes on where the last fit ended, for `epochs` more. On the same
        recordings and machine two fits end with the same bits as one of all their
        epochs.
    checkpoint_dir : str, path or None, default=None
        Folder where training is saved after each epoch, and every five minutes within
        one. A fit that was killed, called again with the same recordings and
        parameters, goes on from there and on the same machine ends with the same
        bits. Only the last two states are kept.
    callbacks : list of callable or None, default=None
        Each is called after each epoch with its record, a dict with ``epoch``,
        ``loss`` and, where something is held out, ``val_loss``. Meanwhile the
        estimator is what it would be if training had ended there, but for the noise,
        which is calibrated at the end; so it can play.
    random_state : int, RandomState or None, default=None
        Of all chance in `fit`, and of `sample` where none is given.
    verbose : int, default=0
        1 shows progress bars.

    Attributes
    ----------
    synthesis_ : Neural or Regression
        What was learned, arrays only, see `skmusic.synthesis`.
    n_dims_ : int
        Numbers in a frame.
    history_ : list of dict
        The record of each epoch.
    n_iter_ : int
        Epochs done.
    n_recordings_ : int
        Recordings learned from.
    training_ : dict or None
        Where training stands: weights, moments and sources of chance, plain arrays.
        Set it to None to make a saved model smaller; training then goes on with new
        moments.
    n_features_in_ : int
        Steps in a row, only where `X` was 2-D.

    References
    ----------
    "Using Keras's stateful RNN, I tried automatic composition based on wav
    files" (2017), https://github.com/niisan-tokyo/music_generator

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic import StatefulLSTMGenerator
    >>> X = [np.sin(np.arange(100.0) / k)[:, None] for k in (5, 9)]
    >>> generator = StatefulLSTMGenerator(epochs=1, random_state=0).fit(X)
    >>> generator.sample(X[0][:50], 10).shape
    (10, 1)
    """

    _parameter_constraints: dict = {
        "synthesis": [StrOptions(set(SYNTHESES))],
        "hidden_layer_sizes": [
            "array-like",
            Interval(Integral, 1, None, closed="left"),
            None,
        ],
        "dropout": [Interval(Real, 0, 1, closed="left"), "array-like", None],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "max_minutes": [Interval(Real, 0, None, closed="neither"), None],
        "n_streams": [Interval(Integral, 1, None, closed="left"), None],
        "chunk_length": [Interval(Integral, 1, None, closed="left"), None],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "warm_start": ["boolean"],
        "checkpoint_dir": [str, os.PathLike, None],
        "callbacks": [list, tuple, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        synthesis: str = "neural",
        *,
        hidden_layer_sizes: Sequence[int] | int | None = None,
        dropout: Sequence[float] | float | None = None,
        epochs: int = 40,
        learning_rate: float = 1e-3,
        max_minutes: float | None = None,
        n_streams: int | None = None,
        chunk_length: int | None = None,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 4,
        warm_start: bool = False,
        checkpoint_dir: Name | None = None,
        callbacks: Sequence[Callable[[dict[str, Any]], object]] | None = None,
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        self.synthesis = synthesis
        self.hidden_layer_sizes = hidden_layer_sizes
        self.dropout = dropout
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.max_minutes = max_minutes
        self.n_streams = n_streams
        self.chunk_length = chunk_length
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.checkpoint_dir = checkpoint_dir
        self.callbacks = callbacks
        self.random_state = random_state
        self.verbose = verbose

    @refuse_overflow
    def fit(self, X: Recordings, y: object = None) -> Self:
        """Learn from recordings.

        Parameters
        ----------
        X : list of ndarray of shape (n_frames, n_dims), or ndarray of shape \
                (n_recordings, n_frames, n_dims) or (n_recordings, n_frames)
            Frames of each recording. Empty ones are passed over.
        y : None
            Ignored.

        Returns
        -------
        StatefulLSTMGenerator
            The estimator itself.

        Raises
        ------
        ValueError, TypeError
            If a parameter or `X` is of no use; the message says why.

        Examples
        --------
        >>> import numpy as np
        >>> from skmusic import StatefulLSTMGenerator
        >>> X = [np.sin(np.arange(100.0) / k)[:, None] for k in (5, 9)]
        >>> generator = StatefulLSTMGenerator(epochs=2, random_state=0)
        >>> generator.fit(X).n_iter_
        2
        """
        return self._learn(X, self.warm_start and hasattr(self, "synthesis_"))

    @refuse_overflow
    def partial_fit(self, X: Recordings, y: object = None) -> Self:
        """Go on learning, from new recordings.

        The first call is `fit`. Each later one trains the network for `epochs` more
        on the new recordings alone, with the moments that it has, just as `fit` with
        ``warm_start=True`` does; the vocoder stays that of the first call. What is held
        out is of the new recordings, and the best epoch is one of theirs.

        Parameters
        ----------
        X : as in `fit`
            Frames of each new recording.
        y : None
            Ignored.

        Returns
        -------
        StatefulLSTMGenerator
            The estimator itself.

        Raises
        ------
        ValueError, TypeError
            As `fit`, and if frames are of another format than those before.

        Examples
        --------
        >>> import numpy as np
        >>> from skmusic import StatefulLSTMGenerator
        >>> X = [np.sin(np.arange(100.0) / k)[:, None] for k in (5, 9)]
        >>> generator = StatefulLSTMGenerator(epochs=2, random_state=0)
        >>> generator.partial_fit(X[:1]).partial_fit(X[1:]).n_iter_
        4
        """
        again = hasattr(self, "synthesis_")
        return self._learn(X, again, grow=again)

    def _learn(self, X, again, grow=False):
        """Fit; go on where `again`, and add to what is played where `grow`."""
        self._validate_params()
        check_backend()
        recordings, format = check_sequences(self, X, reset=not grow), format_of(X)
        n_dims = self.n_dims_ if grow else recordings.n_dims
        if recordings.n_dims is None:
            raise ValueError("all recordings are empty: there is nothing to learn.")
        check_dims(recordings, n_dims, format)
        if self.synthesis == "regression" and format is not None:
            _warn_of_many_frames(format)
        module, name = SYNTHESES[self.synthesis]
        old, past, cls = None, None, getattr(import_module(module), name)
        if again:
            old = self._goes_on(cls, n_dims, format, grow)
            past = past_of(old.network, self.history_, self.training_)
        n_before = self.n_recordings_ if grow else 0

        def take(made, trained):
            self.n_recordings_ = len(recordings.items) + n_before
            self.synthesis_, self.n_dims_, self._flat = made, n_dims, recordings.flat
            self.history_, self.training_ = trained.history, trained.training
            self.n_iter_ = len(self.history_)

        def tell(made, trained):
            take(made, trained)
            for callback in self.callbacks:
                callback(dict(trained.history[-1]))

        names = TrainingSettings.__dataclass_fields__
        training = TrainingSettings(**{name: getattr(self, name) for name in names})
        training = replace(training, callbacks=[tell] if self.callbacks else None)
        before = vars(self).copy()
        try:
            fitted = cls.fit(
                recordings.items,
                format,
                training,
                self._chance(),
                old,
                past,
                n_before,
            )
        except BaseException:  # a fit that fails leaves what was fitted before
            vars(self).clear()
            vars(self).update(before)
            raise
        take(*fitted)
        return self

    def _goes_on(self, cls, n_dims, format, grow):
        """What is gone on with; refuse to go on with what is of another kind."""
        old, what = self.synthesis_, "partial_fit" if grow else "warm_start"
        if (cls, n_dims, format) != (type(old), self.n_dims_, old.format):
            raise ValueError(
                f"{what} goes on with {type(old).__name__} and frames of "
                f"{self.n_dims_} numbers, {old.format}, not with {cls.__name__} and "
                f"{n_dims}, {format}; use fit with warm_start=False."
            )
        return old

    def _chance(self):
        """Source of chance of a fit, that of a killed one if it goes on."""
        rng = check_random_state(self.random_state)
        if self.checkpoint_dir is None:
            return rng
        make_folder(self.checkpoint_dir)  # that none can be made is told at once
        if self.random_state is not None:
            return rng
        seed = lasting_seed(self.checkpoint_dir, int(rng.randint(2**31)))
        return np.random.RandomState(seed)

    def __setstate__(self, state):
        super().__setstate__(state)
        for value in vars(self).values():
            check_fields(value)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.required = False
        return tags


def _warn_of_many_frames(format):
    """Warn where the network makes a step for next to no music."""
    rate = format.sr / format.hop_length
    if rate > MANY_FRAMES:
        warnings.warn(
            f"N={format.N} and hop_length={format.hop_length}: the network takes "
            f"{rate:.0f} steps in each second of music, {60 * rate:.3g} in a minute, "
            "in each epoch; use N=256 or more.",
            UserWarning,
            stacklevel=4,
        )
