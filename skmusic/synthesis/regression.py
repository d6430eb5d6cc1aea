"""The article's synthesis: a network that forecasts the next frame, fed with its own.

A regression of a sound whose phase cannot be foreseen is minimised by its mean, near
zero. Fed back it is a fixed point: a buzz. It is the baseline of every comparison.
"""

from dataclasses import dataclass

import numpy as np

from skmusic.network.numpy_lstm import forward, is_state_of, zero_state
from skmusic.network.training import train
from skmusic.spectra.frames import FrameFormat
from skmusic.utils.fields import array, number

# The residual is measured on so many frames of each recording. The variance of no
# number is less than this share of their mean.
_MOST, _LEAST = 2000, 1e-9


@dataclass(frozen=True)
class RegressionState:
    """State of the network and its next input, in units of ``scale``."""

    lstm: list
    x: np.ndarray


@dataclass(frozen=True)
class Regression:
    """What the article's synthesis learned.

    Parameters
    ----------
    format : FrameFormat or None
        Of the frames; None of plain numbers.
    network : dict
        Weights, see `skmusic.network.numpy_lstm`.
    scale : float
        Root mean square of the frames, by which they are divided.
    variance : ndarray of shape (n_dims,)
        Of what the network does not foresee of each number, in units of `scale`.
    """

    format: FrameFormat | None
    network: dict
    scale: float = number("f", 1e-45, 1e38)
    variance: np.ndarray = array("n_dims", low=1e-30, high=1e30)

    State = RegressionState

    @classmethod
    def fit(
        cls,
        recordings,
        format,
        training,
        rng,
        old=None,
        past=None,
        n_before=0,
    ):
        """Learn from recordings, see `skmusic.synthesis.neural`.

        All of them are held in memory, for they are what is learned.

        Returns
        -------
        Regression, Trained
        """
        if hasattr(recordings, "whole"):
            recordings = recordings.whole()
        sequences = [np.asarray(x) for x in recordings if len(x)]
        power = np.mean([np.mean(np.square(s, dtype=np.float64)) for s in sequences])
        scale = old.scale if old else float(np.sqrt(power)) or 1.0
        n_dims = sequences[0].shape[1]
        scaled = [np.asarray(s / scale, np.float32) for s in sequences]
        # Heard is the frame before, and zeros before the first: what is sampled from
        # nothing is learned too.
        pairs = [(np.pad(s, ((1, 0), (0, 0)))[:-1], s) for s in scaled]
        seconds = 0.0 if format is None else format.seconds

        def playing(network):
            total, count = 0.0, 0
            for x, y in pairs:
                y = y[:_MOST]
                z, _ = forward(network, x[:_MOST], zero_state(network))
                total += np.square(y - z, dtype=np.float64).sum(axis=0)
                count += len(y)
            # A number that is foreseen exactly would have a density without bound.
            variance = total / count
            variance = variance + _LEAST * variance.mean() + 1e-12
            return cls(format, network, scale, variance)

        trained = train(
            pairs,
            n_dims,
            "mse",
            training,
            rng,
            past,
            playing=playing,
            step_seconds=seconds,
        )
        return playing(trained.network), trained

    def _inputs(self, frames):
        """What the network hears of frames, and zeros before: float32, scaled."""
        scaled = np.asarray(np.asarray(frames) / self.scale, np.float32)
        return np.pad(scaled, ((1, 0), (0, 0)))

    def _forecasts(self, frames):
        """Forecasts before the first frame and after each, one more than frames."""
        start = zero_state(self.network)
        return forward(self.network, self._inputs(frames), start)[0] * self.scale

    def predict(self, frames):
        """Forecast after each frame ``(n_frames, n_dims)``."""
        return self._forecasts(frames)[1:]

    def log_likelihood(self, frames):
        """Of each frame, in nats for each number of it ``(n_frames,)``."""
        # The density of numbers divided by `scale` is `scale` times as high.
        residual = (np.asarray(frames) - self._forecasts(frames)[:-1]) / self.scale
        each = np.square(residual, dtype=np.float64) / self.variance
        each += np.log(2 * np.pi * self.variance)
        return -0.5 * each.mean(axis=1) - np.log(self.scale)

    def prime(self, frames, asked=None):
        """State after a seed ``(n_frames, n_dims)``.

        What it has heard but the last frame is the network's state, and that frame is
        its next input.
        """
        x, state = self._inputs(frames), zero_state(self.network)
        if len(x) > 1:
            state = forward(self.network, x[:-1], state)[1][-1]
        return RegressionState(state, x[-1])

    def takes(self, state):
        """Whether a state is of a model of this size."""
        alike = len(state.x) == len(self.variance)
        return alike and is_state_of(self.network, state.lstm)

    def start(self, primed, temperature, rng):
        """State of a piece, which is that after the seed: there is no chance in it."""
        return primed

    def advance(self, states, n_frames, temperature, progress):
        """Frames ``(n_frames, n_dims)`` of each piece, and the states after them.

        The temperature is of no effect; `progress` is told how many frames were made.
        """
        made, after = [], []
        for state in states:
            lstm, x, frames = state.lstm, state.x, []
            for _ in range(n_frames):
                y, steps = forward(self.network, x[None], lstm)
                lstm, x = steps[-1], y[-1]
                frames.append(x)
                progress(1)
            made.append(np.stack(frames) * np.float32(self.scale))
            after.append(RegressionState(lstm, x))
        return made, after
