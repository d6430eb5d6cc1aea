"""StatefulLSTMGenerator: learn sequences of frames, and go on with them."""

from contextlib import contextmanager

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skmusic.network.checkpoint import lasting_seed
from skmusic.network.training import before, check_training
from skmusic.origin import origin_of
from skmusic.synthesis import regression, tokens
from skmusic.synthesis.sampling import Tempering
from skmusic.utils.checks import check_fields, check_number
from skmusic.utils.progress import Progress
from skmusic.utils.validation import (
    GENERATOR_CONSTRAINTS,
    check_frame_seconds,
    check_recordings,
    check_sampling,
    check_together,
    several,
)

_OUTPUTS = {"tokens": tokens, "regression": regression}


@contextmanager
def _told_of_overflow():
    """Refuse numbers whose energy is beyond single precision, as no sound's is."""
    try:
        with np.errstate(over="raise"):
            yield
    except FloatingPointError as error:
        raise ValueError(
            f"the frames hold numbers too large to work with ({error}); scale the "
            "recordings to [-1, 1]."
        ) from error


class StatefulLSTMGenerator(BaseEstimator):
    """LSTM network that learns what follows what in sequences of frames.

    One row, one list item of `X` is one recording's sequence of frames, as
    `FFTFeaturizer` makes them. The state of the network is zero where a
    recording starts and is carried on through all of it.

    With ``output="tokens"`` frames are grouped into steps of about 23 ms, the
    steps into tokens, and the network learns the probability of the next token.
    Sampling plays real frames of the recordings: short runs, chosen by the
    network's probability and by how well they join. With ``emission="spectra"``
    none are kept: spectra are drawn, and phases are made for them. With
    ``output="regression"`` the network is the article's: it forecasts the next
    frame itself by least squares, and what is sampled soon stands still.

    Parameters
    ----------
    output : {"tokens", "regression"}, default="tokens"
        What the network gives.
    emission : {"frames", "spectra"}, default="frames"
        What is made to sound (tokens only). "frames" plays frames of the
        recordings. "spectra" holds none and makes its own: nothing is quoted, a
        model takes a few MB, and it is less like the music. Then frames are
        taken to be of `FFTFeaturizer`'s window and hop by default.
    n_tokens : int or None, default=None
        Number of tokens. None is 256, or a tenth of the steps if that is less.
    hidden_layer_sizes : tuple of int or None, default=None
        Units of each LSTM layer. None is (128, 128) for tokens and the article's
        (256, 256, 256) for regression.
    dropout : float, tuple of float or None, default=None
        Dropout after each layer. None is 0.5 for tokens and the article's
        (0.5, 0.3, 0.2) for regression.
    epochs : int, default=30
        Passes over the recordings at most.
    learning_rate : float, default=1e-3
        Of Adam.
    n_streams : int, default=64
        Recordings, or stretches of them, that are learned side by side, at most:
        fewer where there is so little music that an epoch would have less than some
        sixteen updates.
    chunk_length : int, default=64
        Steps between two updates of the weights; the state is carried across.
    validation_fraction : float, default=0.1
        Share of each recording, its end, that is held out for early stopping. 0
        holds nothing out and trains all epochs.
    n_iter_no_change : int, default=4
        Epochs without a better held-out loss after which training stops.
    min_run, max_run : float, default=0.25 and 0.45
        Bounds of the runs that are played from one place, in seconds. Longer runs
        join more rarely and quote more.
    bank_size : int, default=90_000_000
        Bytes of the bank of what is kept to be played, at most. Six minutes of stereo
        are kept as they are, more is kept in fewer bits, of which little is heard, and
        of more than a quarter of an hour stretches, spread evenly over all of it.
    n_channels : int or None, default=None
        Channels of the frames; None finds out whether they are mono or stereo.
    frames_per_step : int or None, default=None
        Frames that make one step; None is about 23 ms, or one frame if that is more.
    warm_start : bool, default=False
        Whether `fit` goes on where the last fit ended, with its tokens, for
        `epochs` more. On the same recordings two fits end with the same bits as
        one of all their epochs.
    checkpoint_dir : str, path or None, default=None
        Folder where training is saved after each epoch, and every five minutes
        within one. A fit that was killed, called again with the same recordings
        and parameters, goes on from there and ends with the same bits. Only the
        last two states are kept.
    callbacks : list of callable or None, default=None
        Each is called after each epoch with its record, a dict with ``epoch``,
        ``loss`` and, where something is held out, ``val_loss``.
    random_state : int, RandomState or None, default=None
        Of all chance in `fit`, and of `sample` where none is given.
    verbose : int, default=0
        1 shows progress bars.

    Attributes
    ----------
    n_dims_ : int
        Numbers in a frame.
    frame_seconds_ : float or None
        Time from one frame to the next, as it was given.
    history_ : list of dict
        The record of each epoch.
    n_iter_ : int
        Epochs done.
    n_recordings_ : int
        Recordings learned from.
    network_ : dict
        Weights, plain arrays, see `skmusic.network.numpy_lstm`.
    codebook_ : skmusic.features.tokenizer.Codebook
        What makes tokens of frames (tokens only).
    bank_ : skmusic.synthesis.concatenative.database.Bank
        What is played (emission "frames" only).
    changes_, image_, means_ : skmusic.synthesis.neural.prediction.Changes, \
            skmusic.synthesis.neural.vocoder.Image or None, ndarray
        What is drawn, and how it sounds (emission "spectra" only): how features
        change, where in the channels they are heard, and, where frames are no
        spectra, the mean frames of each token.
    variance_ : ndarray
        Variance of each token, or of the residual, in each band.
    training_ : dict or None
        Where training stands: weights, moments and sources of chance, plain
        arrays. Set it to None to make a saved model smaller; training then goes
        on with new moments.
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
    >>> X = [np.sin(np.arange(200.0) / k)[:, None] for k in (5, 9)]
    >>> generator = StatefulLSTMGenerator(epochs=1, random_state=0).fit(X)
    >>> generator.sample(X[0][:50], 10).shape
    (10, 1)
    """

    _parameter_constraints: dict = GENERATOR_CONSTRAINTS

    def __init__(
        self,
        output="tokens",
        *,
        emission="frames",
        n_tokens=None,
        hidden_layer_sizes=None,
        dropout=None,
        epochs=30,
        learning_rate=1e-3,
        n_streams=64,
        chunk_length=64,
        validation_fraction=0.1,
        n_iter_no_change=4,
        min_run=0.25,
        max_run=0.45,
        bank_size=90_000_000,
        n_channels=None,
        frames_per_step=None,
        warm_start=False,
        checkpoint_dir=None,
        callbacks=None,
        random_state=None,
        verbose=0,
    ):
        self.output = output
        self.emission = emission
        self.n_tokens = n_tokens
        self.hidden_layer_sizes = hidden_layer_sizes
        self.dropout = dropout
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.n_streams = n_streams
        self.chunk_length = chunk_length
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.min_run = min_run
        self.max_run = max_run
        self.bank_size = bank_size
        self.n_channels = n_channels
        self.frames_per_step = frames_per_step
        self.warm_start = warm_start
        self.checkpoint_dir = checkpoint_dir
        self.callbacks = callbacks
        self.random_state = random_state
        self.verbose = verbose

    # Where metadata is routed it need not be asked for.
    __metadata_request__fit = {"frame_seconds": True}
    __metadata_request__partial_fit = {"frame_seconds": True}

    @_told_of_overflow()
    def fit(self, X, y=None, *, frame_seconds=None):
        """Learn from recordings.

        Parameters
        ----------
        X : list of ndarray of shape (n_frames, n_dims), or ndarray of shape \
                (n_recordings, n_frames, n_dims) or (n_recordings, n_frames)
            Frames of each recording. Empty ones are passed over.
        y : None
            Ignored.
        frame_seconds : float or None, default=None
            Time from one frame to the next, `FFTFeaturizer.frame_seconds`, which
            `skmusic.Pipeline` passes on. None takes it for half a window at 44.1 kHz,
            or where frames are no spectra for 23 ms; with ``warm_start=True`` it is
            that of the fit before.

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
        >>> X = [np.sin(np.arange(200.0) / k)[:, None] for k in (5, 9)]
        >>> generator = StatefulLSTMGenerator(epochs=2, random_state=0)
        >>> generator.fit(X).n_iter_
        2
        """
        again = self.warm_start and hasattr(self, "network_")
        return self._learn(X, again, frame_seconds=frame_seconds)

    @_told_of_overflow()
    def partial_fit(self, X, y=None, *, frame_seconds=None):
        """Go on learning, from new recordings.

        The first call is `fit`. Each later one trains the network for `epochs` more
        on the new recordings alone, with the moments that it has, just as `fit` with
        ``warm_start=True`` does; the tokens stay those of the first call. The new
        recordings join those that are played, thinned together evenly where they
        are more than `bank_size`. What is held out is of the new ones, and the best
        epoch is one of theirs.

        Parameters
        ----------
        X : as in `fit`
            Frames of each new recording.
        y : None
            Ignored.
        frame_seconds : float or None, default=None
            As in `fit`; None is that of the call before.

        Returns
        -------
        StatefulLSTMGenerator
            The estimator itself.

        Raises
        ------
        ValueError, TypeError
            As `fit`, and if frames are of another length than those before.

        Examples
        --------
        >>> import numpy as np
        >>> from skmusic import StatefulLSTMGenerator
        >>> X = [np.sin(np.arange(200.0) / k)[:, None] for k in (5, 9)]
        >>> generator = StatefulLSTMGenerator(epochs=2, random_state=0)
        >>> generator.partial_fit(X[:1]).partial_fit(X[1:]).n_iter_
        4
        """
        again = hasattr(self, "network_")
        return self._learn(X, again, grow=again, frame_seconds=frame_seconds)

    def _learn(self, X, again, grow=False, frame_seconds=None):
        """Fit; go on where `again`, and add to what is played where `grow`."""
        self._validate_params()
        check_frame_seconds(frame_seconds)
        check_together(self)
        recordings = self._recordings(X, reset=not grow)
        n_dims = self.n_dims_ if grow else recordings.n_dims
        if recordings.n_dims is None:
            raise ValueError("all recordings are empty: there is nothing to learn.")
        self._check_dims(recordings, n_dims)
        if again:
            self._check_goes_on(n_dims, grow)
        if frame_seconds is None and again:
            frame_seconds = self.frame_seconds_
        fitted = _OUTPUTS[self.output].fit(
            recordings.items,
            self,
            self._chance(),
            before(self) if again else None,
            grow,
            frame_seconds,
        )
        # Only now, so that a fit that fails leaves what was fitted before.
        for name in {"bank_", "changes_", "image_", "means_"} & vars(self).keys():
            delattr(self, name)
        for name, value in fitted.items():
            setattr(self, name, value)
        self.n_dims_, self.n_iter_ = n_dims, len(self.history_)
        self._output, self._flat = self.output, recordings.flat
        self.frame_seconds_ = frame_seconds
        return self

    @_told_of_overflow()
    def predict(self, X):
        """Forecast each next frame from all frames before it.

        ``predict(X)[i][t]`` forecasts ``X[i][t + 1]`` from ``X[i][: t + 1]``. For
        tokens it is the real frame that `sample` plays at temperature 0; with
        ``emission="spectra"`` the spectrum that is likeliest by all but the period
        of the music, its phases those of the frame before, carried on.

        Parameters
        ----------
        X : as in `fit`
            Frames of each recording.

        Returns
        -------
        list of ndarray or ndarray
            Frames, in the shape of `X`.

        Raises
        ------
        ValueError
            If the frames have other than ``n_dims_`` numbers.

        Examples
        --------
        >>> import numpy as np
        >>> from skmusic import StatefulLSTMGenerator
        >>> X = [np.sin(np.arange(200.0) / k)[:, None] for k in (5, 9)]
        >>> generator = StatefulLSTMGenerator(epochs=1, random_state=0).fit(X)
        >>> [forecast.shape for forecast in generator.predict(X)]
        [(200, 1), (200, 1)]
        """
        recordings = self._check(X)
        part = _OUTPUTS[self._output]
        return recordings.like(
            [
                part.predict(self, x).astype(x.dtype) if len(x) else x
                for x in recordings.items
            ]
        )

    @_told_of_overflow()
    def score(self, X, y=None):
        """Mean log-likelihood of the frames, each given all before it.

        Both outputs give a density of frames, a mixture of zero-mean Gaussians
        for tokens (their variances tied in bands), a Gaussian about the forecast
        for regression, so that their scores can be compared.

        Parameters
        ----------
        X : as in `fit`
            Frames of each recording.
        y : None
            Ignored.

        Returns
        -------
        float
            In nats for each number of a frame; higher is better.

        Raises
        ------
        ValueError
            If the frames have other than ``n_dims_`` numbers, or are too few.

        Examples
        --------
        >>> import numpy as np
        >>> from skmusic import StatefulLSTMGenerator
        >>> X = [np.sin(np.arange(200.0) / k)[:, None] for k in (5, 9)]
        >>> generator = StatefulLSTMGenerator(epochs=1, random_state=0).fit(X)
        >>> noise = [np.random.default_rng(0).standard_normal((200, 1))]
        >>> generator.score(X) > generator.score(noise)
        True
        """
        recordings = self._check(X)
        part, total, count = _OUTPUTS[self._output], 0.0, 0
        for x in recordings.items:
            if len(x):
                each = part.log_likelihood(self, x)
                total, count = total + float(each.sum()), count + len(each)
        if not count:
            raise ValueError("X has too few frames to score one step.")
        return total / count

    @_told_of_overflow()
    def sample(
        self,
        seed=None,
        frames=1000,
        *,
        temperature=1.0,
        top_k=None,
        top_p=None,
        mood=None,
        random_state=None,
        verbose=None,
        return_origin=False,
        return_state=False,
    ):
        """Go on after `seed`, or from nothing.

        Parameters
        ----------
        seed : ndarray of shape (n_frames, n_dims) or (n_frames,), state, None, or \
                list of these, default=None
            What was heard before; a few seconds suffice. A state that an earlier
            call returned goes on exactly where that stopped. None is silence. Of a
            list each item is the seed of a piece; together they take less time than
            one after another, and are to the bit the same, with one RandomState.
        frames : int, default=1000
            Frames to make of each piece.
        temperature : float, default=1.0
            Below 1 the network's likeliest choices win more often, and the music
            is smoother and more repetitive; above 1 it wanders. At 0 there is no
            chance. Regression knows no chance at any temperature.
        top_k, top_p : int, float or None, default=None
            Allow only so many of the likeliest tokens, or those that together
            reach this probability.
        mood : ndarray of shape (n_frames, n_dims) or (n_frames,), or None, default=None
            Frames of a recording whose mood the pieces keep: its timbre, and how much
            happens in it, on average (emission "frames" only). They are also played
            about as bright and as loud as it is. None is the mood of
            the seed's last seconds. Where `seed` is a state the piece changes over.
        random_state : int, RandomState or None, default=None
            None is the `random_state` of the estimator. Without meaning where
            `seed` is a state, which has its own.
        verbose : int or None, default=None
            1 shows a progress bar; None is that of the estimator.
        return_origin : bool, default=False
            Whether to return where each frame was taken from too (tokens only).
        return_state : bool, default=False
            Whether to return the state after the last frame too.

        Returns
        -------
        music : ndarray of shape (frames, n_dims), or (frames,) where single \
                numbers were fitted
            What follows the seed, without it. For a list of seeds this, and what
            else is returned, is a list.
        origin : ndarray of shape (frames,), of dtype `skmusic.origin.ORIGIN`
            Only with `return_origin`: the ``recording`` of the `X` that was fitted,
            and the ``frame`` of it, that each frame is; near joins, where two
            places are mixed, the one that is faded to or from.
        state : object
            Only with `return_state`; to be passed as `seed`.

        Raises
        ------
        ValueError
            If `frames` or another argument is out of range, or the frames of seed or
            mood have other than ``n_dims_`` numbers, or an origin or a mood is asked
            of what plays no recordings.

        Examples
        --------
        >>> import numpy as np
        >>> from skmusic import StatefulLSTMGenerator
        >>> X = [np.sin(np.arange(200.0) / k)[:, None] for k in (5, 9)]
        >>> generator = StatefulLSTMGenerator(epochs=1, random_state=0).fit(X)
        >>> music, state = generator.sample(X[0], 10, return_state=True)
        >>> generator.sample(state, 5).shape  # goes on where the first ten ended
        (5, 1)
        >>> [piece.shape for piece in generator.sample([X[0], None], 5)]
        [(5, 1), (5, 1)]
        """
        check_is_fitted(self, "network_")
        check_sampling(frames, temperature, top_k, top_p)
        part = _OUTPUTS[self._output]
        if return_origin:
            self._check_plays("return_origin=True")
        if mood is not None:
            self._check_plays("mood is given")
            mood = self._check_seed(mood, "mood")
        tempering = Tempering(temperature, top_k, top_p)
        seeds, many = several(seed)
        rng = check_random_state(
            self.random_state if random_state is None else random_state
        )
        states = self._begin(part, seeds, tempering, rng, mood)
        verbose = self.verbose if verbose is None else verbose
        total = frames * len(states)
        with Progress("sample", total, "frames", verbose) as progress:
            music, played, states = part.go_on(
                self, states, frames, tempering, progress
            )
        results = [[x[:, 0] for x in music] if self._flat else music]
        if return_origin:
            results.append([origin_of(self.bank_, each) for each in played])
        if return_state:
            results.append(states)
        results = results if many else [first for (first,) in results]
        return tuple(results) if len(results) > 1 else results[0]

    def _begin(self, part, seeds, tempering, rng, mood):
        """States that seeds are, or that are after them; heard once each."""
        options, heard, states = {} if mood is None else {"mood": mood}, {}, []
        for seed in seeds:
            if isinstance(seed, part.State):
                states.append(seed if mood is None else part.in_mood(self, seed, mood))
                continue
            if id(seed) not in heard:
                checked = self._check_seed(seed)
                heard[id(seed)] = part.hear(self, checked, tempering, **options)
            # A source of its own: the caller's may be used elsewhere meanwhile.
            own = np.random.RandomState(rng.randint(2**31))
            states.append(part.start(self, heard[id(seed)], tempering, own))
        return states

    def _check_goes_on(self, n_dims, grow):
        """Refuse to go on learning what is of another kind."""
        if (self.output, n_dims) != (self._output, self.n_dims_):
            raise ValueError(
                f"{'partial_fit' if grow else 'warm_start'} goes on with "
                f"output={self._output!r} and frames of {self.n_dims_} numbers, not "
                f"with output={self.output!r} and {n_dims}; use fit with "
                "warm_start=False."
            )
        if grow and self._emission() not in (None, self.emission):
            raise ValueError(
                f"partial_fit goes on with emission={self._emission()!r}, not "
                f"{self.emission!r}; use fit."
            )

    def _check_plays(self, asked):
        """Refuse what only recordings that are played can give."""
        if self._emission() != "frames":
            regressed = self._output == "regression"
            what = "regression" if regressed else "emission='spectra'"
            raise ValueError(
                f"{asked}, but {what} makes its frames itself, they are of no "
                "recording; use output='tokens' with emission='frames'."
            )

    def _emission(self):
        """Emission that was fitted, None of regression."""
        if hasattr(self, "bank_"):
            return "frames"
        return "spectra" if hasattr(self, "changes_") else None

    def _chance(self):
        """Source of chance of a fit, that of a killed one if it goes on."""
        rng = check_random_state(self.random_state)
        if self.checkpoint_dir is None or self.random_state is not None:
            return rng
        seed = lasting_seed(self.checkpoint_dir, int(rng.randint(2**31)))
        return np.random.RandomState(seed)

    def _check_saved(self):
        """Refuse fitted attributes that do not fit together."""
        if not hasattr(self, "network_"):
            return
        check_number("n_dims_", self.n_dims_, "i", 1, 2**31 - 1)
        check_number("n_iter_", self.n_iter_, "i", 0, 2**31 - 1)
        check_frame_seconds(self.frame_seconds_)
        if self._output not in _OUTPUTS or not isinstance(self._flat, bool):
            raise ValueError(f"it was fitted with output={self._output!r}.")
        _OUTPUTS[self._output].check(self)
        check_training(self)

    def __setstate__(self, state):
        super().__setstate__(state)
        for value in vars(self).values():
            check_fields(value)

    def _recordings(self, X, reset):
        recordings = check_recordings(self, X, reset=reset, what="frame sequence")
        if recordings.form == "paths":
            raise ValueError(
                "X holds paths; StatefulLSTMGenerator learns from frames. Put an "
                "FFTFeaturizer before it, for example in a skmusic.Pipeline."
            )
        return recordings

    def _check(self, X):
        check_is_fitted(self, "network_")
        recordings = self._recordings(X, reset=False)
        self._check_dims(recordings, self.n_dims_)
        return recordings

    def _check_dims(self, recordings, n_dims):
        for i, found in enumerate(recordings.each_n_dims):
            if found != n_dims:
                raise ValueError(
                    f"the frames of recording {i} have {found} numbers where "
                    f"{n_dims} are expected; transform all with one FFTFeaturizer."
                )

    def _check_seed(self, seed, name="seed"):
        if seed is None:
            return np.empty((0, self.n_dims_), np.float32)
        if np.ndim(seed) not in (1, 2):
            raise ValueError(
                f"{name} has {np.ndim(seed)} dimensions; pass the frames of one "
                "recording, of shape (n_frames, n_dims), or None."
            )
        seed = self._recordings([np.asarray(seed)], reset=False).items[0]
        if seed.shape[1] != self.n_dims_:
            raise ValueError(
                f"{name} has frames of {seed.shape[1]} numbers where {self.n_dims_} "
                "were fitted; transform it with the same FFTFeaturizer."
            )
        return seed

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.required = False
        return tags
