"""Pipeline: scikit-learn's, with a name for the plain things and with `sample`."""

import numpy as np
import sklearn.pipeline
from sklearn.pipeline import _name_estimators
from sklearn.utils.validation import check_is_fitted


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
    def steps(self):
        """List of (name, estimator)."""
        return self._steps

    @steps.setter
    def steps(self, steps):
        bare = [step for step in steps if not isinstance(step, (list, tuple))]
        if bare:  # else keep the very list: clone looks for it
            named = iter(_name_estimators(bare))
            steps = [s if isinstance(s, (list, tuple)) else next(named) for s in steps]
        self._steps = steps

    def sample(self, seed=None, frames=None, *, seconds=None, **options):
        """Compose: what might follow a recording.

        Parameters
        ----------
        seed : path, ndarray of shape (n_samples,) or (n_samples, n_channels), or \
                None, default=None
            A recording to go on from; its end counts most. None is silence.
        frames : int or None, default=None
            Frames to make.
        seconds : float or None, default=None
            Length in place of `frames`.
        **options
            For the last step's ``sample``: ``temperature``, ``top_k``, ``top_p``,
            ``random_state``, ``verbose``, ``return_origin``.

        Returns
        -------
        music : ndarray of shape (n_samples, n_channels), float32
            The music after the seed, without it, at the featurizer's rate: the
            samples that all of their windows cover,
            ``frames * hop_length - (N - hop_length)``; or ``seconds`` of them.
        origin : ndarray of shape (n_frames,), of dtype `skmusic.origin.ORIGIN`
            Only with `return_origin`: the recording and the frame of it that each
            frame is, see `StatefulLSTMGenerator.sample`. The middle of frame ``t``
            is at sample ``(t + 1) * hop_length - N // 2``, of music as of recordings.

        Raises
        ------
        ValueError
            If not exactly one of `frames` and `seconds` is given, or either is
            out of range.

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
        """
        check_is_fitted(self)
        if (frames is None) == (seconds is None):
            raise ValueError(
                f"frames={frames} and seconds={seconds}: give one of the two."
            )
        featurizer, n_samples = self.steps[0][1], None
        if seconds is not None:
            n_samples = round(seconds * featurizer.sr) if 0 < seconds < np.inf else 0
            if not n_samples:
                raise ValueError(f"seconds={seconds} makes no music; use 30.")
            frames = featurizer.count_frames(n_samples)
        heard = None if seed is None else self._heard(seed)
        made = self.steps[-1][1].sample(heard, frames, **options)
        music, *about = made if isinstance(made, tuple) else (made,)
        for step in reversed(self._transformers()):
            music = step.inverse_transform([music])[0]
        music = music[:, None] if music.ndim == 1 else music
        return (music[:n_samples], *about) if about else music[:n_samples]

    def _heard(self, seed):
        x = [seed]
        for step in self._transformers():
            x = step.transform(x)
        return x[0]

    def _transformers(self):
        steps = [step for _, step in self.steps[:-1]]
        return [step for step in steps if step not in (None, "passthrough")]


def make_pipeline(*steps, memory=None, transform_input=None, verbose=False):
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
