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
from skmusic.features.style import N_STYLE

# How narrow beats are that are told of each step; multiples of a beat whose phases are.
_NARROW, _MULTIPLES = 10.0, np.array([0.25, 0.5, 1, 2])
# What brings the strength and the tempo, in beats a step, to the size of other numbers.
_SCALES = 2.0, 10.0
# Steps at the end of what was heard whose activity a piece keeps: four seconds.
_KEPT = 172
# Ranks of activity that a clear beat has at least.
_CLEAR = 0.0, 0.6, 0.9
# Steps in which what is told of the beginning and of the end fades: .5, 2 and 10 s.
_FADES = np.array([21, 86, 430])
# The first numbers of activity, which are energy.
N_ENERGY = 2


class Conditions(NamedTuple):
    """What a recording is like, step after step."""

    beat: np.ndarray  # (n_steps,) beats before each step
    strength: float  # of the beat; 0 is none, and not told
    activity: np.ndarray | None  # (n_steps, 3) ranks from 0 to 1; None is not told
    place: np.ndarray | None = None  # (n_steps, 2) since it began, and to its end
    style: np.ndarray | None = None  # (n_patches, n_style)

    @property
    def tempo(self):
        """Beats a step, on average."""
        n = len(self.beat)
        return float(self.beat[-1] - self.beat[0]) / (n - 1) if n > 1 else 0.0

    def at(self, steps):
        """The same of some of the steps, by a slice or their numbers."""
        activity, place = (
            None if x is None else x[steps] for x in (self.activity, self.place)
        )
        return self._replace(beat=self.beat[steps], activity=activity, place=place)


class Model(NamedTuple):
    """What a piece follows."""

    codes: np.ndarray  # (n_patches, n_codes)
    amounts: np.ndarray  # (n_patches,) 0 keeps a code, 1 draws it anew
    begin: int = 0  # steps before the first


class Asked(NamedTuple):
    """What is asked of a piece.

    Curves are points: steps from now on, and what is told there; between two it changes
    over evenly.
    """

    # Ranks of loudness and of how sharply things begin there ``(n_points,)``.
    energy: tuple | None = None
    tempo: float | None = None  # beats a step
    key: tuple | None = None  # tonic and mode, of what was heard
    foreign: np.ndarray | None = None  # (n_bands,) see `Moment`
    # Styles ``(n_points, n_style)``; nan is that of the piece before.
    style: tuple | None = None
    model: Model | None = None
    heard: Conditions | None = None  # beat and tempo that the model has
    place: np.ndarray | None = None  # (2,) steps since it began, and to its end


class Moment(NamedTuple):
    """What is told of the patch that comes."""

    beat: float = 0.0  # beats before it
    tempo: float = 0.0  # beats a step
    strength: float = 0.0  # of the beat; 0 is none, and not told
    activity: np.ndarray | None = None  # (3,) ranks; None is not told
    style: np.ndarray | None = None  # (n_style,); None is not told
    place: np.ndarray | None = None  # (2,) steps since it began, and to its end
    # (n_bands,) decibels by which notes that are not of the key are softer.
    foreign: np.ndarray | None = None
    n_steps: int = 0  # that were made
    asked: frozenset = frozenset()  # names of those above that are asked for
    # What is asked for, see `Asked`, curves by `n_steps`.
    energy: tuple | None = None
    styles: tuple | None = None
    model: Model | None = None


NOTHING = Conditions(np.empty(0), 0.0, None)


def conditions_of(levels, again):
    """Conditions of levels ``(n_steps, n_levels)``, their activity not yet ranked.

    `again` are the same with what the code leaves out drawn anew, as it will be in a
    piece, with whose activity it is to be compared.
    """
    beat, strength = track_beats(levels)
    return Conditions(beat, strength, activity(again, beat) if len(levels) else None)


def placed(conditions, quantiles):
    """Conditions whose activity is ranked among that of the corpus."""
    if conditions.activity is None:
        return conditions
    return conditions._replace(activity=ranked(conditions.activity, quantiles))


def places(n_steps):
    """Steps since a recording began, and to its end ``(n_steps, 2)``."""
    since = np.arange(n_steps)
    return np.stack([since, n_steps - since], axis=1)


def moment_after(conditions):
    """What is told after a recording, if it goes on as at its end."""
    if not len(conditions.beat):
        return Moment()
    tempo = conditions._replace(beat=conditions.beat[-LEAST:]).tempo
    beat = float(conditions.beat[-1]) + tempo
    known = conditions.activity[-_KEPT:].mean(axis=0)
    known_style = conditions.style is not None and len(conditions.style)
    style = conditions.style[-1] if known_style else None
    return Moment(beat, tempo, conditions.strength, known, style=style)


def next_moment(moment, n_steps):
    """What is told after so many further steps."""
    beat = moment.beat + n_steps * moment.tempo
    moment = moment._replace(beat=beat, n_steps=moment.n_steps + n_steps)
    if moment.place is not None:
        place = moment.place + np.multiply(n_steps, (1, -1))
        moment = moment._replace(place=place)
    if moment.styles is not None:
        moment = moment._replace(style=_on_curve(moment.styles, moment.n_steps))
    if moment.energy is None:
        return moment
    told = moment.activity.copy()
    told[:N_ENERGY] = _on_curve(moment.energy, moment.n_steps)
    return moment._replace(activity=told)


def _on_curve(points, n_steps):
    """What a curve has after so many steps."""
    steps, values = points
    at = np.interp(n_steps, steps, np.arange(len(steps)))
    first, share = int(at), at - int(at)
    second = min(first + 1, len(values) - 1)
    return (1 - share) * values[first] + share * values[second]


def with_asked(moment, asked, strength):
    """The moment that is told where something is asked for.

    `strength` is that of the beat at least, where a tempo is asked for.
    """
    n = moment.n_steps
    if asked.heard is not None:
        heard = asked.heard
        beat, kept = float(heard.beat[0]), heard.strength
        moment = moment._replace(beat=beat, tempo=heard.tempo, strength=kept)
    if asked.tempo is not None:
        strength = max(moment.strength, strength)
        moment = moment._replace(tempo=asked.tempo, strength=strength)
        if moment.activity is not None:
            # A beat that is asked for is to be heard.
            moment = moment._replace(activity=np.maximum(moment.activity, _CLEAR))
    if asked.foreign is not None:
        moment = moment._replace(foreign=asked.foreign)
    if asked.place is not None:
        moment = moment._replace(place=asked.place)
    if asked.model is not None:
        moment = moment._replace(model=asked.model._replace(begin=n))
    if asked.style is not None:
        steps, values = asked.style
        before = values[-1] if moment.style is None else moment.style
        styles = n + steps, np.where(np.isnan(values), before, values)
        moment = moment._replace(styles=styles)
    if asked.energy is not None:
        usual = np.full(N_ACTIVITY, 0.5)
        known = usual if moment.activity is None else moment.activity
        energy = n + asked.energy[0], asked.energy[1]
        moment = moment._replace(activity=known, energy=energy)
    wishes = {
        "strength": asked.tempo,
        "activity": asked.energy,
        "style": asked.style,
        "place": asked.place,
    }
    names = {name for name, wish in wishes.items() if wish is not None}
    return next_moment(moment._replace(asked=moment.asked | names), 0)


def unasked(moment):
    """The same, of which nothing that is asked for is told."""
    nothing = Moment()._asdict()
    return moment._replace(**{name: nothing[name] for name in moment.asked})


def followed(moment, n_steps):
    """Code that the next patch follows, and what is drawn anew of it; or None."""
    if moment.model is None:
        return None
    at = (moment.n_steps - moment.model.begin) // n_steps
    if at >= len(moment.model.codes):
        return None
    return moment.model.codes[at], float(moment.model.amounts[at])


def n_told(code):
    """Numbers that are told of a patch."""
    clock = 2 * code.n_steps + 2 * len(_MULTIPLES) + len(_SCALES)
    return clock + N_ACTIVITY + 1 + 2 * len(_FADES) + n_style(code) + 1


def n_style(code):
    """Numbers of a style."""
    return min(N_STYLE, code.n_codes)


def told_of(conditions, n_patches, code):
    """What is told of the patches of a recording ``(n_patches, n_told)``."""
    n = n_patches * code.n_steps
    beat = conditions.beat[:n]
    if len(beat) < n:  # no conditions at all
        beat = np.zeros(n)
    beat = beat.reshape(n_patches, code.n_steps)
    activity, place = (
        None if x is None else x[: n : code.n_steps]
        for x in (conditions.activity, conditions.place)
    )
    known = conditions._replace(beat=beat, activity=activity, place=place)
    return _told(known, conditions.tempo, code)


def told_now(moment, code):
    """What is told of the patch that comes ``(n_told,)``."""
    beat = moment.beat + moment.tempo * np.arange(code.n_steps)
    known = (
        None if x is None else x[None]
        for x in (moment.activity, moment.place, moment.style)
    )
    return _told(Conditions(beat[None], moment.strength, *known), moment.tempo, code)[0]


def _told(conditions, tempo, code):
    """Numbers ``(n_patches, n_told)`` of conditions of patches."""
    # How near each step is to a beat, and to a half.
    beat, strength, activity, place, style = conditions
    near = [np.exp(_NARROW * (np.cos(2 * np.pi * k * beat) - 1)) for k in (1, 2)]
    turns = 2 * np.pi * beat[:, :1] * _MULTIPLES
    usual = np.tile(np.multiply([strength, tempo], _SCALES), (len(beat), 1))
    clock = np.concatenate([*near, np.sin(turns), np.cos(turns), usual], axis=1)
    n, nothing = len(beat), np.zeros((len(beat), 2 * len(_FADES)))
    if place is not None:
        # Of what is far away there is nothing to tell.
        nothing = np.exp(-np.maximum(place, 0)[:, :, None] / _FADES).reshape(n, -1)
    told = [clock * (strength > 0), nothing]
    sizes = (N_ACTIVITY, n_style(code))
    known = None if activity is None else 2 * activity - 1
    for x, size in zip((known, style), sizes, strict=True):
        told += [np.zeros((n, size)) if x is None else x[:n]]
        told += [np.full((n, 1), float(x is not None))]
    return np.concatenate(told, axis=1)
