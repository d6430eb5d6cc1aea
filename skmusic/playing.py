"""What a fitted generator does: forecast, score, sample. Nothing here learns."""

from dataclasses import is_dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skmusic.spectra.frames import Frames, format_of
from skmusic.synthesis.controls import (
    CONTROLS,
    Controls,
    refuse_endings,
    refuse_untaken,
)
from skmusic.utils.arguments import as_seed_list, check_sampling, refuse_overflow
from skmusic.utils.progress import Progress
from skmusic.utils.sequences import (
    check_dims,
    check_same_format,
    check_sequence,
    check_sequences,
)
from skmusic.utils.types import RandomState, Recordings

# What a state has once it is told.
_AT_ONCE = *CONTROLS, "total_frames"


class PlayingMixin:
    """Methods of an estimator that has learned a synthesis.

    They read what `fit` sets: ``synthesis_``, ``n_dims_``, and ``_flat``, whether
    recordings came without an axis for the numbers of a frame. They set nothing.
    """

    @refuse_overflow
    def predict(self, X: Recordings) -> Any:
        """Forecast each next frame from all frames before it.

        ``predict(X)[i][t]`` forecasts ``X[i][t + 1]`` from ``X[i][: t + 1]``, of which
        the whole steps are heard. "neural" gives the mean of what may be drawn, its
        phases those of the frame before carried on, "regression" what the network says.

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
        >>> X = [np.sin(np.arange(100.0) / k)[:, None] for k in (5, 9)]
        >>> generator = StatefulLSTMGenerator(epochs=1, random_state=0).fit(X)
        >>> [forecast.shape for forecast in generator.predict(X)]
        [(100, 1), (100, 1)]
        """
        recordings = self._check(X)
        forecasts = [
            self.synthesis_.predict(x).astype(x.dtype) if len(x) else x
            for x in recordings.items
        ]
        return self._framed(recordings.like(forecasts))

    @refuse_overflow
    def score(self, X: Recordings, y: object = None) -> float:
        """Mean log-likelihood of the recordings, each step given all before it.

        The density is that of the spectra of 46 ms: zero-mean Gaussians, their
        variances tied in bands, the mean of eight draws. For "regression" it is a
        Gaussian about the forecast of each frame, which is not comparable with it.

        Parameters
        ----------
        X : as in `fit`
            Frames of each recording.
        y : None
            Ignored.

        Returns
        -------
        float
            In nats for each number of a spectrum; higher is better.

        Raises
        ------
        ValueError
            If the frames have other than ``n_dims_`` numbers, or are too few.

        Examples
        --------
        >>> import numpy as np
        >>> from skmusic import StatefulLSTMGenerator
        >>> X = [np.sin(np.arange(100.0) / k)[:, None] for k in (5, 9)]
        >>> generator = StatefulLSTMGenerator(epochs=1, random_state=0).fit(X)
        >>> noise = [np.random.default_rng(0).standard_normal((200, 1))]
        >>> generator.score(X) > generator.score(noise)
        True
        """
        recordings, total, count = self._check(X), 0.0, 0
        for x in recordings.items:
            if len(x):
                each = self.synthesis_.log_likelihood(x)
                total, count = total + float(each.sum()), count + len(each)
        if not count:
            raise ValueError("X has too few frames to score one step.")
        return total / count

    @refuse_overflow
    def sample(
        self,
        seed: Any = None,
        frames: int = 1000,
        *,
        temperature: float = 1.0,
        style: Any = None,
        energy: Any = None,
        vary: ArrayLike | None = None,
        amount: float = 0.3,
        until: ArrayLike | None = None,
        begin: bool = False,
        end: bool = False,
        tempo: float | None = None,
        key: str | None = None,
        total_frames: int | None = None,
        random_state: RandomState = None,
        verbose: int | None = None,
        return_state: bool = False,
    ) -> Any:
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
            Size of the noise that each patch is drawn from. Below 1 the music is
            smoother and more repetitive; above 1 it wanders. At 0 there is no chance.
            "regression" knows no chance at any temperature, and takes none of what
            follows but `random_state`.
        style : frames, list of pairs or None, default=None
            Frames of a recording whose style the pieces keep: its timbre, its register
            and its key. None is the style of the seed's last seconds. Pairs (frames,
            weight) are a blend of styles; pairs (seconds, frames) or (seconds, blend) a
            path over time.
        energy : float, list, frames or None, default=None
            How loud and busy the pieces are: levels from 0 to 1, spread evenly over the
            piece; pairs (seconds, level); or the frames of a recording whose loudness
            is followed.
        vary : frames or None, default=None
            What the pieces are variations of.
        amount : float, default=0.3
            Of variation: at 0 pieces are as `vary`, at 1 they follow it not at all.
        until : frames or None, default=None
            What the pieces arrive at.
        begin, end : bool, default=False
            Whether the pieces begin and end as the recordings do. After its end a piece
            is silent.
        tempo : float or None, default=None
            Beats a minute, 40 to 240. None is the tempo of the seed.
        key : str or None, default=None
            Such as "C major" or "F# minor". The seed is heard in this key, or in its
            relative, and `style` and `vary` too. None is the key of the seed.
        total_frames : int or None, default=None
            Frames of the whole piece, where those of this call are the first of it;
            None is `frames`. Controls are told once, at the beginning: the state that
            is returned has them.
        random_state : int, RandomState or None, default=None
            None is the `random_state` of the estimator. Without meaning where
            `seed` is a state, which has its own.
        verbose : int or None, default=None
            1 shows a progress bar; None is that of the estimator.
        return_state : bool, default=False
            Whether to return the state after the last frame too.

        Returns
        -------
        music : ndarray of shape (frames, n_dims), or (frames,) where single \
                numbers were fitted
            What follows the seed, without it. For a list of seeds this, and the
            state, is a list.
        state : object
            Only with `return_state`; to be passed as `seed`.

        Raises
        ------
        ValueError, TypeError
            If an argument is out of range, or frames have other than ``n_dims_``
            numbers.

        Examples
        --------
        >>> import numpy as np
        >>> from skmusic import StatefulLSTMGenerator
        >>> X = [np.sin(np.arange(100.0) / k)[:, None] for k in (5, 9)]
        >>> generator = StatefulLSTMGenerator(epochs=1, random_state=0).fit(X)
        >>> music, state = generator.sample(X[0], 10, return_state=True)
        >>> generator.sample(state, 5).shape  # goes on where the first ten ended
        (5, 1)
        >>> [piece.shape for piece in generator.sample([X[0], None], 5)]
        [(5, 1), (5, 1)]
        """
        check_is_fitted(self, "synthesis_")
        check_sampling(frames, temperature)
        name = type(self.synthesis_).__name__
        controls = Controls(style, energy, vary, amount, until, begin, end, tempo, key)
        refuse_untaken(controls.given, name.lower())
        controls = controls.heard(self._checked)
        asked = None
        if controls.given:
            whole = frames if total_frames is None else total_frames
            check_sampling(whole, temperature, "total_frames")
            asked = self.synthesis_.asked(controls, whole)
        seeds, many = as_seed_list(seed)
        states = self._begin(seeds, temperature, random_state, asked, controls)
        verbose = self.verbose if verbose is None else verbose
        total = frames * len(states)
        with Progress("sample", total, "frames", verbose) as progress:
            music, states = self.synthesis_.advance(
                states, frames, temperature, progress
            )
        music = [self._framed(x) for x in music]
        music = [x[:, 0] for x in music] if self._flat else music
        made = (music, states) if many else (music[0], states[0])
        return made if return_state else made[0]

    def _begin(self, seeds, temperature, random_state, asked, controls):
        """States that seeds are, or that are after them; heard once each."""
        rng = check_random_state(
            self.random_state if random_state is None else random_state
        )
        made, primed, states = self.synthesis_, {}, []
        for seed in seeds:
            if is_dataclass(seed) and not isinstance(seed, made.State):
                raise ValueError(
                    "seed is a state of another synthesis or version, "
                    f"{type(seed).__name__}, not of {type(made).__name__}; pass one "
                    "that this generator returned."
                )
            if isinstance(seed, made.State):
                if not made.takes(seed):
                    raise ValueError(
                        "seed is a state of another model, of other channels, bands or "
                        "layers; pass one that this generator returned."
                    )
                for name in ("begin", "key"):
                    if name in controls.given:
                        raise ValueError(
                            f"{name}= is given, but the seed is a state, amid a piece; "
                            "leave one out."
                        )
                states.append(seed if asked is None else made.change(seed, asked))
                continue
            if id(seed) not in primed:
                frames = self._checked(seed, "seed")
                primed[id(seed)] = made.prime(frames, asked)
            # A source of its own: the caller's may be used elsewhere meanwhile.
            own = np.random.RandomState(rng.randint(2**31))
            states.append(made.start(primed[id(seed)], temperature, own))
        return states

    def _check(self, X):
        """Recordings that fit what was fitted."""
        check_is_fitted(self, "synthesis_")
        recordings = check_sequences(self, X, reset=False)
        format = format_of(X)
        check_dims(recordings, self.n_dims_, format)
        check_same_format(format, self.synthesis_.format, "X")
        return recordings

    def _checked(self, frames, name):
        """Frames of one recording that fit what was fitted."""
        checked = check_sequence(self, frames, self.n_dims_, name)
        check_same_format(format_of(frames), self.synthesis_.format, name)
        return checked

    def _framed(self, frames):
        """Frames that know their format, where that is known."""
        if self.synthesis_.format is None:
            return frames
        if isinstance(frames, list):
            return [Frames(x, self.synthesis_.format) for x in frames]
        return Frames(frames, self.synthesis_.format)


def frame_blocks(generator, state, frames, block_frames, options):
    """Yield frames as the generator makes them; without end if `frames` is None."""
    refuse_endings(options, False, frames)
    if frames is not None and any(name in CONTROLS for name in options):
        options = {"total_frames": frames, **options}
    done = 0
    while frames is None or done < frames:
        n = block_frames if frames is None else min(block_frames, frames - done)
        music, state = generator.sample(
            state, n, **{"verbose": 0, **options}, return_state=True
        )
        yield music
        done += n
        # The state has it now.
        options = {name: x for name, x in options.items() if name not in _AT_ONCE}


def first_samples(blocks, n_samples):
    """Yield blocks until there are so many samples."""
    for x in blocks:
        yield x[:n_samples]
        if (n_samples := n_samples - len(x)) <= 0:
            return
