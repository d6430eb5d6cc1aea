"""Pipeline: scikit-learn's, with a name for the plain things and with `sample`."""

from collections.abc import Callable, Iterator, Sequence
from numbers import Integral
from typing import Any, Self, TypeVar

import sklearn.pipeline
from sklearn.pipeline import _name_estimators
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _is_fitted, check_is_fitted

from skmusic.audio.html import preview
from skmusic.audio.music import Music
from skmusic.playing import first_samples, frame_blocks
from skmusic.synthesis.controls import CONTROLS, heard_options, refuse_endings
from skmusic.synthesis.looping import find_loops, frames_to_make
from skmusic.utils.arguments import (
    as_seed_list,
    check_seconds,
    refuse_number,
    refuse_state,
)
from skmusic.utils.types import Array, Recording, Recordings

F = TypeVar("F", bound=Callable[..., Any])


def _only_if(check: Callable[[Any], bool]) -> Callable[[F], F]:
    """scikit-learn's `available_if`, through which type checkers see."""
    return available_if(check)


def _can_sample(pipe):
    """Whether the last step composes, and all others can be undone."""
    return hasattr(pipe.steps[-1][1], "sample") and all(
        hasattr(step, "inverse_transform") for step in pipe._transformers()
    )


class Pipeline(sklearn.pipeline.Pipeline):
    """Pipeline of scikit-learn that also takes bare estimators and plays music.

    Parameters
    ----------
    steps : list of estimator or (str, estimator)
        Bare estimators are named as `sklearn.pipeline.make_pipeline` names them.
    transform_input, memory, verbose : optional
        As in `sklearn.pipeline.Pipeline`.

    See Also
    --------
    make_pipeline : The same without a list.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator
    >>> rng = np.random.default_rng(0)
    >>> pipe = Pipeline([
    ...     FFTFeaturizer(N=64), StatefulLSTMGenerator(epochs=1, random_state=0)
    ... ]).fit([rng.standard_normal((9000, 2))])
    >>> pipe.sample(None, 100).shape
    (3168, 2)
    """

    @property
    def steps(self) -> list[tuple[str, Any]]:
        """List of (name, estimator)."""
        return self._steps

    @steps.setter
    def steps(self, steps):
        bare = [step for step in steps if not isinstance(step, (list, tuple))]
        if bare:  # else keep the very list: clone looks for it
            named = iter(_name_estimators(bare))
            steps = [s if isinstance(s, (list, tuple)) else next(named) for s in steps]
        self._steps = steps

    @_only_if(lambda pipe: hasattr(pipe.steps[-1][1], "partial_fit"))
    def partial_fit(self, X: Recordings, y: object = None, **params: Any) -> Self:
        """Go on learning, from new recordings, with the transformers as they are.

        Parameters
        ----------
        X : list of paths or arrays
            New recordings.
        y : array-like or None, default=None
            Targets, where the last step takes any.
        **params
            For the last step's ``partial_fit``.

        Returns
        -------
        Pipeline
            The pipeline itself. The first call is `fit`; for later ones see
            `StatefulLSTMGenerator.partial_fit`.

        Examples
        --------
        >>> import numpy as np
        >>> from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator
        >>> rng = np.random.default_rng(0)
        >>> generator = StatefulLSTMGenerator(epochs=1, random_state=0)
        >>> pipe = Pipeline([FFTFeaturizer(N=64), generator])
        >>> for _ in range(2):
        ...     pipe = pipe.partial_fit([rng.standard_normal((9000, 2))])
        >>> pipe[-1].n_recordings_
        2
        """
        last = self.steps[-1][1]
        first = not _is_fitted(last)
        for step in self._transformers():
            again = getattr(step, "stream", step.transform)
            X = step.fit_transform(X) if first else again(X)
        last.partial_fit(X, y, **params)
        return self

    @_only_if(_can_sample)
    def sample(
        self,
        seed: Recording | Sequence[Recording | None] | None = None,
        frames: int | None = None,
        *,
        seconds: float | None = None,
        style: Any = None,
        energy: Any = None,
        vary: Recording | None = None,
        amount: float = 0.3,
        until: Recording | None = None,
        begin: bool = False,
        end: bool = False,
        tempo: float | None = None,
        key: str | None = None,
        loop: bool = False,
        **options: Any,
    ) -> Any:
        """Compose: what might follow a recording.

        Parameters
        ----------
        seed : path, ndarray of shape (n_samples,) or (n_samples, n_channels), None, \
                or list of these, default=None
            A recording to go on from; its end counts most. None is silence. Of a
            list each item is the seed of a piece: ``[seed] * 8`` makes eight. They
            take less time than one after another, and with one RandomState are to
            the bit the same.
        frames : int or None, default=None
            Frames to make of each piece; None is what the last step makes by default.
        seconds : float or None, default=None
            Length in place of `frames`.
        style : recording, dict, list of pairs or None, default=None
            A recording whose style the pieces keep: its timbre, its register and its
            key. None is that of the seed's last seconds. ``{"a.wav": 3, "b.wav": 1}``,
            or a list of such pairs, is a blend; ``[(0, "calm.wav"), (30,
            "battle.wav")]`` changes over from one to the other in the time between, in
            seconds.
        energy : float, list, recording or None, default=None
            How loud and busy the pieces are: levels from 0, the quietest moment of
            what was learned, to 1, the loudest, spread evenly over the piece; or pairs
            (seconds, level); or a recording whose loudness is followed.
        vary : recording or None, default=None
            Pieces are variations of it, by default as long as it is.
        amount : float, default=0.3
            Of variation: at 0 pieces are as `vary`, at 1 they follow it not at all.
        until : recording or None, default=None
            The pieces end so that this recording can follow at once.
        begin, end : bool, default=False
            Whether pieces begin and end as the recordings do.
        tempo : float or None, default=None
            Beats a minute, from 40 to 240; None is that of the seed.
        key : str or None, default=None
            Such as "C major" or "F# minor"; None is that of the seed.
        loop : bool, default=False
            Whether each piece is to loop: its end runs into its beginning, without a
            fade, and a beat goes on. So that it is whole bars, its length differs by up
            to 5 % from the one given, which must be 2 seconds or more, and by 2
            seconds at most. ``skmusic.audio.write(path, piece, loop=True)`` marks it.
        **options
            For the last step's ``sample``: ``temperature``, ``random_state``,
            ``verbose``, ``return_state``.

        Returns
        -------
        Music of shape (n_samples, n_channels), float32
            The music after the seed, without it: an array that knows its rate, the
            featurizer's ``sr``. It has the samples that all of their windows cover,
            ``frames * hop_length - (N - hop_length)``; or ``seconds`` of them. For a
            list of seeds it is a list. With ``return_state=True`` the state comes
            beside it.

        Raises
        ------
        ValueError
            If `frames` and `seconds` are both given, or, with `loop`, `end` or `until`,
            neither; if one is out of range, or so few windows cover no sample.

        Examples
        --------
        >>> from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator
        >>> from skmusic.datasets import make_songs
        >>> songs = make_songs(2, 3.0, sr=8000, random_state=0)
        >>> pipe = Pipeline([
        ...     FFTFeaturizer(N=512, sr=8000),
        ...     StatefulLSTMGenerator(epochs=1, random_state=0),
        ... ]).fit(songs.recordings)
        >>> pipe.sample(songs.recordings[0], seconds=2, random_state=1).shape
        (16000, 2)
        >>> loop = pipe.sample(None, seconds=4, loop=True, random_state=1)
        >>> 3.8 <= len(loop) / loop.sr <= 4.2
        True
        """
        check_is_fitted(self)
        frames, n_samples = self._length(frames, seconds)
        controls = (style, energy, vary, amount, until, begin, end, tempo, key)
        options |= dict(zip(CONTROLS, controls, strict=True))
        frames, options = self._heard(frames, options)
        if loop:
            format = getattr(self.steps[0][1], "format_", None)
            frames, n_samples = frames_to_make(frames, n_samples, format)
        refuse_endings(options, loop, frames)
        options |= {} if frames is None else {"frames": frames}
        seeds, many = as_seed_list(seed)
        heard = self._frames_of_each(seeds)
        made = self.steps[-1][1].sample(heard if many else heard[0], **options)
        music, *states = made if isinstance(made, tuple) else (made,)
        music = music if many else [music]
        for step in reversed(self._transformers()):
            music = step.inverse_transform(music)
        cut = [x[:n_samples] for x in music]
        music = find_loops(music, n_samples, format) if loop else cut
        music = [self._timed(x) for x in music]
        music = music if many else music[0]
        return (music, *states) if states else music

    @_only_if(_can_sample)
    def stream(
        self,
        seed: Recording | None = None,
        frames: int | None = None,
        *,
        seconds: float | None = None,
        block_frames: int = 16,
        **options: Any,
    ) -> Iterator[Array]:
        """Compose as it is listened to: blocks of music, each as soon as it is made.

        Parameters
        ----------
        seed, frames, seconds : optional
            As `sample` takes them; without `frames` and `seconds` it never ends.
        block_frames : int, default=16
            Frames that make a block; the first block is shorter by the overlap of
            the windows, the last by what is not wanted.
        **options
            ``style``, ``energy``, ``vary``, ``amount``, ``until``, ``begin``, ``end``,
            ``tempo``, ``key``: as `sample` takes them. For the last step's ``sample``:
            ``temperature``, ``random_state``.

        Returns
        -------
        iterator of Music of shape (n_samples, n_channels), float32
            Together what `sample` gives, to the bit. What is held in memory does
            not grow.

        Raises
        ------
        ValueError
            If both `frames` and `seconds` are given, or one is out of range.
        TypeError
            If a step between the featurizer and the generator cannot invert block by
            block (has no ``inverse_stream``).

        See Also
        --------
        sample : All at once.

        Examples
        --------
        >>> from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator
        >>> from skmusic.datasets import make_songs
        >>> songs = make_songs(2, 3.0, sr=8000, random_state=0)
        >>> pipe = Pipeline([
        ...     FFTFeaturizer(N=512, sr=8000),
        ...     StatefulLSTMGenerator(epochs=1, random_state=0),
        ... ]).fit(songs.recordings)
        >>> [block.shape for block in pipe.stream(frames=40, random_state=1)]
        [(3840, 2), (4096, 2), (2048, 2)]
        """
        check_is_fitted(self)
        for name, n in (("frames", frames), ("block_frames", block_frames)):
            if n is not None and not (isinstance(n, Integral) and n >= 1):
                raise ValueError(f"{name}={n!r} makes no music; use 1 or more.")
        for step in self._transformers():
            if not hasattr(step, "inverse_stream"):
                raise TypeError(
                    f"{step!r} has no inverse_stream, it cannot invert block by block; "
                    "use sample."
                )
        frames, n_samples = self._length(frames, seconds)
        refuse_number(seed)
        (heard,) = self._frames_of_each([seed])
        frames, options = self._heard(frames, options)
        blocks = frame_blocks(
            self.steps[-1][1], heard, frames, int(block_frames), options
        )
        for step in reversed(self._transformers()):
            blocks = step.inverse_stream(blocks)
        blocks = blocks if n_samples is None else first_samples(blocks, n_samples)
        return (self._timed(x) for x in blocks)

    def _html_repr(self):
        """scikit-learn's diagram; of what is fitted also how a piece begins."""
        drawn = super()._html_repr()
        try:
            blocks = self.stream(seconds=5, random_state=0)
            return drawn + preview(blocks, self.steps[0][1].sr, "How a piece begins")
        except Exception:  # what is not fitted, or does not compose, is only drawn
            return drawn

    def _timed(self, x):
        """Waveform that knows its rate, where the first step tells it."""
        sr = getattr(self.steps[0][1], "sr", None)
        return Music(x[:, None] if x.ndim == 1 else x, sr)

    def _length(self, frames, seconds):
        """Frames to make, and samples to keep of them; None for all."""
        if frames is not None and seconds is not None:
            raise ValueError(
                f"frames={frames} and seconds={seconds}: give one of the two, or none."
            )
        featurizer = self.steps[0][1]
        if seconds is not None:
            check_seconds(seconds)
            n_samples = round(seconds * featurizer.sr)
            if not n_samples:
                raise ValueError(f"seconds={seconds} makes no music; use 30.")
            return featurizer.count_frames(n_samples), n_samples
        if isinstance(frames, Integral) and hasattr(featurizer, "count_frames"):
            least = featurizer.count_frames(1)
            if 0 < frames < least:
                raise ValueError(
                    f"frames={frames} makes no sample: it takes {least} windows of "
                    f"N={featurizer.N} to cover one; use frames={least} or more."
                )
        return frames, None

    def _frames_of_each(self, seeds):
        """Frames of seeds, None for silence; what is there twice is read once."""
        frames = {id(None): None}
        for seed in seeds:
            if id(seed) not in frames:
                refuse_state(seed)
                x = [seed]
                for step in self._transformers():
                    x = step.transform(x)
                frames[id(seed)] = x[0]
        return [frames[id(seed)] for seed in seeds]

    def _heard(self, frames, options):
        """Frames to make, and options with frames in place of recordings."""
        heard = heard_options(options, lambda x, _: self._frames_of_each([x])[0])
        if frames is None and "vary" in heard:
            frames = len(heard["vary"])
        return frames, heard

    def _transformers(self):
        return [s for _, s in self.steps[:-1] if s not in (None, "passthrough")]


def make_pipeline(
    *steps: Any, memory: Any = None, transform_input: Any = None, verbose: bool = False
) -> Pipeline:
    """Pipeline of estimators, named after their classes.

    Parameters
    ----------
    *steps : estimator
        In order.
    memory, transform_input, verbose : optional
        As in `sklearn.pipeline.make_pipeline`.

    Returns
    -------
    Pipeline
        Not fitted.

    See Also
    --------
    Pipeline : What is made.

    Examples
    --------
    >>> from skmusic import FFTFeaturizer, StatefulLSTMGenerator, make_pipeline
    >>> pipe = make_pipeline(FFTFeaturizer(), StatefulLSTMGenerator())
    >>> list(pipe.named_steps)
    ['fftfeaturizer', 'statefullstmgenerator']
    """
    return Pipeline(
        list(steps), memory=memory, transform_input=transform_input, verbose=verbose
    )
