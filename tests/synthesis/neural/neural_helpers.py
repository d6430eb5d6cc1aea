"""Playing from what the neural synthesis learned, without a generator about it."""

import numpy as np

from skmusic.spectra.reframing import waveform
from skmusic.synthesis.controls import Controls


def begin(neural, seed, controls=None, n_frames=80, random_state=0, temperature=1.0):
    """State that a piece begins with, after a seed and a wish."""
    asked = neural.asked(controls or Controls(), n_frames)
    rng = np.random.RandomState(random_state)
    return neural.start(neural.prime(seed, asked), temperature, rng)


def play(neural, state, *lengths, temperature=1.0):
    """Frames in parts of these lengths, as one, and the state after."""
    states, parts = [state], []
    for n in lengths:
        (x,), states = neural.advance(states, n, temperature, id)
        parts.append(x)
    return np.concatenate(parts), states[0]


def sample(neural, seed, n, random_state=0, temperature=1.0):
    """So many frames after a seed."""
    state = begin(neural, seed, None, n, random_state, temperature)
    return play(neural, state, n, temperature=temperature)[0]


def steps_of(neural, frames):
    """Numbers of each step of frames."""
    return neural._steps(waveform(frames, neural.format))
