"""The output "regression": the article's network, fed with its own forecasts."""

from dataclasses import dataclass

import numpy as np

from skmusic.features import tokenizer as codes
from skmusic.features.constantq import frame_energies
from skmusic.network.numpy_lstm import (
    check_network,
    forward,
    from_nothing,
    shifted,
    zero_state,
)
from skmusic.network.training import train
from skmusic.spectra.frames import check_frames, find_layout, lower_half, step_seconds
from skmusic.utils.checks import check_number


@dataclass(frozen=True)
class State:
    """State of the network and its next input, in units of ``scale_``."""

    lstm: list
    x: np.ndarray


def fit(recordings, generator, rng, past, grow=False, frame_seconds=None):
    """Learn the network; frames are divided by their root mean square.

    With `past` it goes on; with `grow` the recordings are more, not others.

    All of them are held in memory, for they are what is learned.

    Returns
    -------
    dict
        Fitted attributes.
    """
    if hasattr(recordings, "whole"):
        recordings = recordings.whole()
    sequences = [x for x in recordings if len(x)]
    power = np.mean([np.mean(np.square(s, dtype=np.float64)) for s in sequences])
    scale = generator.scale_ if past else float(np.sqrt(power)) or 1.0
    n_dims = sequences[0].shape[1]
    scaled = [np.asarray(s / scale, np.float32) for s in sequences]
    # Zeros before the first frame: what is sampled from nothing is learned too.
    pairs = [(shifted(s), s) for s in scaled]
    layout = find_layout(sequences, generator.n_channels, 1)
    seconds = step_seconds(layout, frame_seconds)
    trained = train(generator, pairs, n_dims, "mse", rng, past, step_seconds=seconds)
    network = trained["network_"]
    starts = [(x[:2000], y[:2000]) for x, y in pairs]
    residual = [y - forward(network, x, zero_state(network))[0] for x, y in starts]
    residual = np.concatenate([_energies(x, layout) for x in residual])
    variance = codes.token_variance(residual, np.zeros(len(residual), int), 1)
    return {
        "scale_": scale,
        "layout_": layout,
        "variance_": variance,
        "n_recordings_": len(recordings) + (generator.n_recordings_ if grow else 0),
        **trained,
    }


def check(generator):
    """Refuse fitted attributes that do not fit together."""
    n_dims, layout = generator.n_dims_, generator.layout_
    check_number("scale_", generator.scale_, "f", 1e-45, 1e38)
    check_frames(layout, n_dims)
    codes.check_variance(generator.variance_, 1, layout)
    check_network(generator.network_, n_dims, n_dims)


def _inputs(generator, x):
    return np.asarray(x / generator.scale_, np.float32)


def _forecasts(generator, x):
    """Forecasts before the first frame, and after each."""
    network = generator.network_
    inputs = from_nothing(_inputs(generator, x))
    return forward(network, inputs, zero_state(network))[0] * generator.scale_


def predict(generator, x):
    """Forecast after each frame."""
    return _forecasts(generator, x)[1:]


def log_likelihood(generator, x):
    """Of each frame, in nats for each number of it."""
    forecast = _forecasts(generator, x)[:-1]
    layout = generator.layout_
    residual = _energies((x - forecast) / generator.scale_, layout)
    density = codes.log_density(residual, generator.variance_, layout)[:, 0]
    return density / layout.n_dims - np.log(generator.scale_)


def _energies(frames, layout):
    return frame_energies(lower_half(frames, layout), layout)


def hear(generator, seed, tempering):
    """State after a seed."""
    network = generator.network_
    x = from_nothing(_inputs(generator, seed))
    state = zero_state(network)
    if len(x) > 1:
        state = forward(network, x[:-1], state)[1][-1]
    return State(state, x[-1])


def start(generator, heard, tempering, rng):
    """State of a piece: there is no chance in it."""
    return heard


def go_on(generator, states, n_frames, tempering, progress):
    """Frames of each, None as they are of no recording, and the states after them."""
    made, after = [], []
    for state in states:
        lstm, x, frames = state.lstm, state.x, []
        for _ in range(n_frames):
            y, steps = forward(generator.network_, x[None], lstm)
            lstm, x = steps[-1], y[-1]
            frames.append(x)
            progress(1)
        made.append(np.stack(frames) * np.float32(generator.scale_))
        after.append(State(lstm, x))
    return made, None, after
