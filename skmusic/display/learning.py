"""Displays of a generator: how it learned, and where its music comes from."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from skmusic.display.axes import axes_of
from skmusic.origin import segments
from skmusic.utils.types import Array, Axes, Recording


class TrainingDisplay:
    """Loss of each epoch, of what was learned and of what was held out.

    Parameters
    ----------
    history : list of dict
        Of each epoch its ``loss`` and, where something was held out, ``val_loss``.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes with the plot.
    figure_ : matplotlib.figure.Figure
        Figure of the axes.

    Examples
    --------
    >>> from skmusic.display import TrainingDisplay
    >>> history = [{"loss": 3.0, "val_loss": 3.2}, {"loss": 2.0, "val_loss": 2.5}]
    >>> len(TrainingDisplay(history).plot().ax_.lines)
    2
    """

    def __init__(self, history: Sequence[Mapping[str, float]]) -> None:
        self.history = history

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Axes = None) -> Self:
        """Plot how an estimator learned.

        Parameters
        ----------
        estimator : StatefulLSTMGenerator or Pipeline
            Fitted; of a pipeline the last step is meant.
        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        TrainingDisplay
            Drawn.

        Examples
        --------
        >>> import numpy as np
        >>> from skmusic import StatefulLSTMGenerator
        >>> from skmusic.display import TrainingDisplay
        >>> X = [np.sin(np.arange(200.0) / k)[:, None] for k in (5, 9)]
        >>> generator = StatefulLSTMGenerator(epochs=1, random_state=0).fit(X)
        >>> TrainingDisplay.from_estimator(generator).ax_.get_xlabel()
        'Epoch'
        """
        last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
        return cls(last.history_).plot(ax)

    def plot(self, ax: Axes = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        TrainingDisplay
            Itself.

        Examples
        --------
        >>> from skmusic.display import TrainingDisplay
        >>> TrainingDisplay([{"loss": 3.0}]).plot().ax_.get_ylabel()
        'Loss'
        """
        self.ax_ = axes_of(ax)
        self.figure_ = self.ax_.figure
        for name, label in (("loss", "learned"), ("val_loss", "held out")):
            values = [record[name] for record in self.history if name in record]
            if values:
                epochs = np.arange(1, len(values) + 1)
                self.ax_.plot(epochs, values, marker=".", label=label)
        self.ax_.legend()
        self.ax_.set(xlabel="Epoch", ylabel="Loss")
        self.ax_.xaxis.get_major_locator().set_params(integer=True)
        return self


class OriginDisplay:
    """Which recording each moment of a piece was taken from.

    Parameters
    ----------
    segments : ndarray of shape (n_segments,), of dtype `skmusic.origin.SEGMENT`
        As `skmusic.origin.segments` gives them.
    frame_seconds : float
        Seconds from one frame to the next.
    names : list of str or None, default=None
        Of the recordings; None numbers them.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes with the plot.
    figure_ : matplotlib.figure.Figure
        Figure of the axes.

    See Also
    --------
    skmusic.metrics.copying : How much stands in the recordings as it is.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.display import OriginDisplay
    >>> from skmusic.origin import ORIGIN
    >>> origin = np.array([(0, 7), (0, 8), (2, 9), (2, 3)], ORIGIN)
    >>> display = OriginDisplay.from_origin(origin, frame_seconds=0.5)
    >>> display.shares()
    {0: 0.5, 2: 0.5}
    """

    def __init__(
        self,
        segments: Array,
        frame_seconds: float,
        *,
        names: Sequence[str] | None = None,
    ) -> None:
        self.segments, self.frame_seconds, self.names = segments, frame_seconds, names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        seed: Recording | None = None,
        *,
        seconds: float = 30.0,
        names: Sequence[str] | None = None,
        ax: Axes = None,
        **options: Any,
    ) -> Self:
        """Compose a piece, and plot where it comes from.

        Parameters
        ----------
        estimator : Pipeline
            Fitted, with an `FFTFeaturizer` first.
        seed : path, ndarray or None, default=None
            As `Pipeline.sample` takes it.
        seconds : float, default=30
            Length of the piece.
        names : list of str or None, default=None
            Of the recordings that were fitted; None numbers them.
        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on; None makes a figure.
        **options : dict
            As `Pipeline.sample` takes them, ``random_state`` among them.

        Returns
        -------
        OriginDisplay
            Drawn.

        Examples
        --------
        >>> from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator
        >>> from skmusic.datasets import make_songs
        >>> from skmusic.display import OriginDisplay
        >>> songs = make_songs(2, 3.0, sr=8000, random_state=0)
        >>> pipe = Pipeline([
        ...     FFTFeaturizer(N=512, sr=8000),
        ...     StatefulLSTMGenerator(epochs=1, random_state=0),
        ... ]).fit(songs.recordings)
        >>> OriginDisplay.from_estimator(pipe, seconds=2).ax_.get_xlabel()
        'Time in the piece (s)'
        """
        _, origin = estimator.sample(
            seed, seconds=seconds, return_origin=True, **options
        )
        frame_seconds = estimator.steps[0][1].format_.seconds
        return cls.from_origin(origin, frame_seconds=frame_seconds, names=names, ax=ax)

    @classmethod
    def from_origin(
        cls,
        origin: Array,
        *,
        frame_seconds: float,
        names: Sequence[str] | None = None,
        ax: Axes = None,
    ) -> Self:
        """Plot where a piece comes from.

        Parameters
        ----------
        origin : ndarray of shape (n_frames,)
            As ``sample(..., return_origin=True)`` gives it.
        frame_seconds : float
            Seconds from one frame to the next, ``hop_length / sr``.
        names : list of str or None, default=None
            Of the recordings that were fitted; None numbers them.
        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        OriginDisplay
            Drawn.

        Examples
        --------
        >>> import numpy as np
        >>> from skmusic.display import OriginDisplay
        >>> from skmusic.origin import ORIGIN
        >>> origin = np.array([(1, 7), (1, 8)], ORIGIN)
        >>> display = OriginDisplay.from_origin(origin, frame_seconds=0.5)
        >>> [label.get_text() for label in display.ax_.get_yticklabels()]
        ['recording 2']
        """
        return cls(segments(origin), frame_seconds, names=names).plot(ax)

    def shares(self) -> dict[int, float]:
        """Share of the piece that each recording has.

        Returns
        -------
        dict of int to float
            By number of the recording, the largest first.

        Examples
        --------
        >>> import numpy as np
        >>> from skmusic.display import OriginDisplay
        >>> from skmusic.origin import SEGMENT
        >>> OriginDisplay(np.array([(0, 3, 1, 0), (3, 1, 0, 5)], SEGMENT), 1).shares()
        {1: 0.75, 0: 0.25}
        """
        numbers, which = np.unique(self.segments["recording"], return_inverse=True)
        share = (
            np.bincount(which, self.segments["length"]) / self.segments["length"].sum()
        )
        order = np.argsort(-share, kind="stable")
        return {int(numbers[i]): float(share[i]) for i in order}

    def name(self, recording: int) -> str:
        """Name of a recording.

        Parameters
        ----------
        recording : int
            Its number, from 0.

        Returns
        -------
        str
            Its name, or its number counted from one.

        Examples
        --------
        >>> import numpy as np
        >>> from skmusic.display import OriginDisplay
        >>> OriginDisplay(np.empty(0), 1, names=["a.wav", "b.wav"]).name(1)
        'b.wav'
        """
        return self.names[recording] if self.names else f"recording {recording + 1}"

    def plot(self, ax: Axes = None) -> Self:
        """Draw a row and a colour for each recording, a bar for each segment.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        OriginDisplay
            Itself.

        Examples
        --------
        >>> import numpy as np
        >>> from skmusic.display import OriginDisplay
        >>> from skmusic.origin import SEGMENT
        >>> display = OriginDisplay(np.array([(0, 3, 1, 0), (3, 1, 0, 5)], SEGMENT), 1)
        >>> len(display.plot().ax_.collections)
        2
        """
        self.ax_ = axes_of(ax)
        self.figure_ = self.ax_.figure
        recordings = list(self.shares())
        for row, recording in enumerate(recordings):
            mine = self.segments[self.segments["recording"] == recording]
            spans = np.stack([mine["start"], mine["length"]], 1) * self.frame_seconds
            color = f"C{recording % 10}"  # the same in every piece
            # The edge shows where a segment ends and another of the same place begins.
            edge = {"edgecolor": self.ax_.get_facecolor(), "linewidth": 0.8}
            self.ax_.broken_barh(spans, (row - 0.4, 0.8), facecolor=color, **edge)
        stop = (self.segments["start"] + self.segments["length"])[
            -1
        ] * self.frame_seconds
        self.ax_.set(xlabel="Time in the piece (s)", xlim=(0, stop))
        self.ax_.set_yticks(range(len(recordings)), map(self.name, recordings))
        self.ax_.set_ylim(len(recordings) - 0.5, -0.5)  # rows of equal height
        return self
