"""Display of a generator: how it learned."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from skmusic.display.axes import Display
from skmusic.utils.types import Axes


class TrainingDisplay(Display):
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
        >>> X = [np.sin(np.arange(100.0) / k)[:, None] for k in (5, 9)]
        >>> generator = StatefulLSTMGenerator(epochs=1, random_state=0).fit(X)
        >>> TrainingDisplay.from_estimator(generator).ax_.get_xlabel()
        'Epoch'
        """
        last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
        return cls(last.history_).plot(ax)

    def _draw(self):
        for name, label in (("loss", "learned"), ("val_loss", "held out")):
            values = [record[name] for record in self.history if name in record]
            if values:
                epochs = np.arange(1, len(values) + 1)
                self.ax_.plot(epochs, values, marker=".", label=label)
        self.ax_.legend()
        self.ax_.set(xlabel="Epoch", ylabel="Loss")
        self.ax_.xaxis.get_major_locator().set_params(integer=True)
