"""What is asked of a piece, in the terms of its conditions."""

import numpy as np

from skmusic.features.patches import redrawn
from skmusic.spectra.reframing import samples_for, step_of, step_seconds, waveform
from skmusic.synthesis.controls import in_steps
from skmusic.synthesis.neural.conditions import Asked, conditions_of, placed

# Percentile of loudness that is as loud as that of the corpus.
_LOUD = 95


def conditions_heard(steps, vocoder, code, rng):
    """Conditions of steps ``(n_steps, n_parameters)``, activity not yet ranked."""
    again = redrawn(code, steps, rng)
    return conditions_of(vocoder.levels(steps), vocoder.levels(again))


def ask(neural, controls, n_frames):
    """`Asked` of a piece of so many frames.

    Parameters
    ----------
    neural : Neural
    controls : skmusic.synthesis.controls.Controls
        With frames in place of recordings.
    n_frames : int
        Of the whole piece.
    """
    if neural.vocoder is None:
        raise ValueError(
            f"{controls.given[0]} is given, but plain numbers have no loudness and no "
            "beat; use an FFTFeaturizer before the generator, or leave it out."
        )
    seconds, tempo, energy = step_seconds(neural.format), None, controls.energy
    if controls.tempo is not None:
        tempo = controls.tempo / 60 * seconds
    if isinstance(energy, list):
        n_steps = samples_for(n_frames, neural.format) // step_of(neural.format)
        energy = in_steps(energy, seconds, n_steps)
    elif energy is not None:
        energy = _followed(neural, energy)
    return Asked(energy, tempo)


def _followed(neural, frames):
    """Steps of a recording, and how loud each is beside what was learned."""
    steps = neural.vocoder.analyse(waveform(frames, neural.format))
    if not len(steps):
        raise ValueError(
            "the recording given as energy has too few frames to make a step; pass a "
            "longer one."
        )
    rng = np.random.RandomState(0)
    found = conditions_heard(steps, neural.vocoder, neural.code, rng)
    # Its loudest parts are as loud as those of the corpus.
    usual = np.interp(
        _LOUD / 100, np.linspace(0, 1, len(neural.quantiles)), neural.quantiles[:, 0]
    )
    found.activity[:, 0] += usual - np.percentile(found.activity[:, 0], _LOUD)
    return np.arange(len(steps)), placed(found, neural.quantiles).activity[:, 0]
