"""Conditions: what the network is told of a moment, beside what was heard before.

That is where it is in the beat, and how much happens about it. A network could learn
both from what it hears. But of its own music, whose every beat is a little weaker than
the one before, both would fade. So it is told, of recordings what they are, and when it
plays what is wanted.

References
----------
J. Ho and T. Salimans, "Classifier-free diffusion guidance" (2022), for conditions that
are now and then left out when a network learns.
"""

from typing import NamedTuple

import numpy as np

from skmusic.features.activity import N_ACTIVITY, activity, ranked
from skmusic.features.beats import LEAST, track_beats

# How narrow beats are that are told of each step; multiples of a beat whose phases are.
_NARROW, _MULTIPLES = 10.0, np.array([0.25, 0.5, 1, 2])
# What brings the strength and the tempo, in beats a step, to the size of other numbers.
_SCALES = 2.0, 10.0
# Steps at the end of what was heard whose activity a piece keeps: four seconds. Those
# that are listened to, and how often.
_KEPT, HEARD, EVERY = 172, 344, 32
# Share of what is lacking that is told in addition each time; ranks that may be told.
_RATE, _BOUNDS = 0.15, (-0.25, 1.25)
# Ranks of activity that a clear beat has at least.
_CLEAR = 0.0, 0.6, 0.9
# The first numbers of activity, which are energy.
N_ENERGY = 2


class Conditions(NamedTuple):
    """What a recording is like, step after step."""

    beat: np.ndarray  # (n_steps,) beats before each step
    strength: float  # of the beat; 0 is none, and not told
    activity: np.ndarray | None  # (n_steps, 3) ranks from 0 to 1; None is not told

    @property
    def tempo(self):
        """Beats a step, on average."""
        n = len(self.beat)
        return float(self.beat[-1] - self.beat[0]) / (n - 1) if n > 1 else 0.0

    def after(self, n):
        """The same without the first steps."""
        known = None if self.activity is None else self.activity[n:]
        return Conditions(self.beat[n:], self.strength, known)


class Asked(NamedTuple):
    """What is asked of a piece."""

    # Steps ``(n_points,)`` from now on, and ranks of loudness and of how sharply things
    # begin there ``(n_points,)``.
    energy: tuple | None = None
    tempo: float | None = None  # beats a step


class Moment(NamedTuple):
    """What is told of the patch that comes."""

    beat: float = 0.0  # beats before it
    tempo: float = 0.0  # beats a step
    strength: float = 0.0  # of the beat; 0 is none, and not told
    activity: np.ndarray | None = None  # (3,) ranks; None is not told
    # What the music is to have, which is told until it has it: (3,) ranks from 0 to 1.
    wanted: np.ndarray | None = None
    energy: tuple | None = None  # steps of the piece, and ranks there, between which
    n_steps: int = 0  # what is wanted changes; steps since it began


NOTHING = Conditions(np.empty(0), 0.0, None)


def conditions_of(levels, again):
    """Conditions of a recording, its activity not yet ranked.

    Parameters
    ----------
    levels : ndarray of shape (n_steps, n_levels)
    again : ndarray of shape (n_steps, n_levels)
        The same with what the code leaves out drawn anew, as it will be in a piece,
        with whose activity it is to be compared.
    """
    beat, strength = track_beats(levels)
    return Conditions(beat, strength, activity(again, beat) if len(levels) else None)


def placed(conditions, quantiles):
    """Conditions whose activity is ranked among that of the corpus."""
    if conditions.activity is None:
        return conditions
    return conditions._replace(activity=ranked(conditions.activity, quantiles))


def moment_after(conditions):
    """What is told after a recording, if it goes on as at its end."""
    if not len(conditions.beat):
        return Moment()
    tempo = conditions._replace(beat=conditions.beat[-LEAST:]).tempo
    beat = float(conditions.beat[-1]) + tempo
    known = conditions.activity[-_KEPT:].mean(axis=0)
    return Moment(beat, tempo, conditions.strength, known, known)


def next_moment(moment, n_steps):
    """What is told after so many further steps."""
    beat = moment.beat + n_steps * moment.tempo
    moment = moment._replace(beat=beat, n_steps=moment.n_steps + n_steps)
    if moment.energy is None:
        return moment
    wanted = moment.wanted.copy()
    wanted[:N_ENERGY] = np.interp(moment.n_steps, *moment.energy)
    # What is told moves with it at once.
    told = np.clip(moment.activity + wanted - moment.wanted, *_BOUNDS)
    return moment._replace(wanted=wanted, activity=told)


def with_asked(moment, asked, strength):
    """What is told where something is asked for.

    Parameters
    ----------
    moment : Moment
    asked : Asked
    strength : float
        Of the beat at least, where a tempo is asked for.
    """
    if asked.tempo is not None:
        strength = max(moment.strength, strength)
        moment = moment._replace(tempo=asked.tempo, strength=strength)
        if moment.wanted is not None:
            # A beat that is asked for is to be heard.
            wanted = np.maximum(moment.wanted, _CLEAR)
            told = np.maximum(moment.activity, wanted)
            moment = moment._replace(wanted=wanted, activity=told)
    if asked.energy is None:
        return moment
    usual = np.full(N_ACTIVITY, 0.5)
    known = usual if moment.activity is None else moment.activity
    wanted = known if moment.wanted is None else moment.wanted
    moment = moment._replace(
        activity=known, wanted=wanted, energy=asked.energy, n_steps=0
    )
    return next_moment(moment, 0)


def steered(moment, levels, quantiles):
    """What is told where the music has not what is wanted.

    Parameters
    ----------
    moment : Moment
    levels : ndarray of shape (n_steps, n_levels)
        Of the last steps that were made.
    quantiles : ndarray of shape (n_quantiles, 3)
        Of the activity of the corpus.

    Returns
    -------
    Moment
        It is told more of what was lacking, and less of what was too much.
    """
    if moment.wanted is None or len(levels) < _KEPT:
        return moment
    beat = moment.beat - moment.tempo * np.arange(len(levels), 0, -1)
    found = activity(levels, beat)[-_KEPT:].mean(axis=0, keepdims=True)
    lacking = moment.wanted - ranked(found, quantiles)[0]
    told = np.clip(moment.activity + _RATE * lacking, *_BOUNDS)
    return moment._replace(activity=told)


def n_told(n_steps):
    """Numbers that are told of a patch of so many steps."""
    return 2 * n_steps + 2 * len(_MULTIPLES) + len(_SCALES) + N_ACTIVITY + 1


def told_of(conditions, n_patches, n_steps):
    """What is told of the patches of a recording ``(n_patches, n_told)``."""
    n = n_patches * n_steps
    beat, known = conditions.beat[:n], conditions.activity
    known = None if known is None else known[:n:n_steps]
    if len(beat) < n:  # no conditions at all
        beat = np.zeros(n)
    beat = beat.reshape(n_patches, n_steps)
    return _told(beat, conditions.tempo, conditions.strength, known)


def told_now(moment, n_steps):
    """What is told of the patch that comes ``(n_told,)``."""
    beat = moment.beat + moment.tempo * np.arange(n_steps)
    known = None if moment.activity is None else moment.activity[None]
    return _told(beat[None], moment.tempo, moment.strength, known)[0]


def _told(beat, tempo, strength, activity):
    """Numbers ``(n_patches, n_told)``, of beats ``(n_patches, n_steps)``."""
    # How near each step is to a beat, and to a half.
    near = [np.exp(_NARROW * (np.cos(2 * np.pi * k * beat) - 1)) for k in (1, 2)]
    turns = 2 * np.pi * beat[:, :1] * _MULTIPLES
    usual = np.tile(np.multiply([strength, tempo], _SCALES), (len(beat), 1))
    clock = np.concatenate([*near, np.sin(turns), np.cos(turns), usual], axis=1)
    known = np.zeros((len(beat), N_ACTIVITY + 1))
    if activity is not None:
        known[:, :-1], known[:, -1] = 2 * activity - 1, 1
    return np.concatenate([clock * (strength > 0), known], axis=1)
