"""What is asked of a piece, in the terms of its conditions."""

import warnings

import numpy as np

from skmusic.features.activity import level_of
from skmusic.features.keys import find_key, has_pitch, out_of_key, semitones_between
from skmusic.features.patches import redrawn
from skmusic.features.stretching import steps_at
from skmusic.features.style import ABOUT, style_of, styles
from skmusic.features.transposition import band_sources, transposed
from skmusic.spectra.reframing import samples_for, step_of, step_seconds, waveform
from skmusic.synthesis.controls import in_steps
from skmusic.synthesis.neural.conditions import (
    Asked,
    Model,
    conditions_of,
    placed,
)

# Percentile of loudness that is as loud as that of the corpus.
_LOUD = 95
# How clear the beat of a recording is at least.
_CLEAR = 0.1
# Decibels by which a patch's notes that are not of its key are softer than drawn. The
# network hears them so, and draws fewer.
_SOFTER = 1.0
# Steps of a place that is far away.
FAR = 10**9
# Steps in which a piece arrives, three seconds, and what is drawn of the last patch.
_ARRIVING, _NEAREST = 129, 0.3


def conditions_heard(steps, vocoder, code, rng):
    """Conditions of steps ``(n_steps, n_parameters)``, activity not yet ranked."""
    again = redrawn(code, steps, rng)
    return conditions_of(vocoder.levels(steps), vocoder.levels(again))


def ask(neural, controls, n_frames):
    """`Asked` of a piece of so many frames, by controls with frames for recordings."""
    if neural.vocoder is None:
        raise ValueError(
            f"{controls.given[0]} is given, but plain numbers have no loudness and no "
            "beat; use an FFTFeaturizer before the generator, or leave it out."
        )
    seconds = step_seconds(neural.format)
    n_steps = samples_for(n_frames, neural.format) // step_of(neural.format)
    asked = Asked(place=_place(controls, n_steps), key=controls.key)
    if controls.key is not None:
        foreign = out_of_key(_pitches(neural), controls.key)
        asked = asked._replace(foreign=_SOFTER * foreign.astype(np.float32))
    if controls.tempo is not None:
        if neural.beats[:, 1].max() < _CLEAR:
            warnings.warn(
                f"tempo={controls.tempo} is asked for, but no learned recording has a "
                "clear beat; it may not be heard.",
            )
        asked = asked._replace(tempo=controls.tempo / 60 * seconds)
    if controls.style is not None:
        asked = asked._replace(style=_styles(neural, controls, seconds))
    if controls.vary is not None:
        asked = _varied(neural, controls, asked)
    if controls.until is not None:
        asked = _arriving(neural, controls, asked, n_steps)
    if isinstance(controls.energy, list):
        energy = in_steps(controls.energy, seconds, n_steps)
        asked = asked._replace(energy=energy)
    elif controls.energy is not None:
        steps = _steps(neural, controls.energy, "energy", None)
        asked = asked._replace(energy=_followed(neural, _heard(neural, steps)))
    return asked


def in_key(neural, steps, key):
    """Steps ``(n_steps, n_parameters)`` in another key; None is their own."""
    if key is None or not len(steps):
        return steps
    vocoder, pitches = neural.vocoder, _pitches(neural)
    levels = vocoder.levels(steps)
    if not has_pitch(levels, pitches):
        warnings.warn(
            "a key is asked for, but what is to be heard in it has no pitch, only "
            "noise or drums; the key may not be heard."
        )
    semitones = semitones_between(find_key(levels, pitches), key)
    return transposed(steps, band_sources(vocoder.middles, semitones))


def _pitches(neural):
    """Middle of each band ``(n_bands,)``, in Hz."""
    return neural.vocoder.middles * neural.format.sr / (2 * neural.format.step)


def in_tempo(steps, told, tempo):
    """Steps ``(n_steps, n_parameters)`` faster or slower, of that tempo or an octave.

    `told` are their conditions; without a beat they stay as they are. The tempo is in
    beats a step; None is their own.
    """
    if tempo is None or not told.strength or told.tempo <= 0:
        return steps
    return steps[steps_at(len(steps), 2.0 ** octaves_off(tempo, told.tempo))]


def octaves_off(tempo, other):
    """How far a tempo is from another, or from its double or half, in octaves."""
    octaves = np.log2(tempo / other)
    return octaves - np.rint(octaves)


def _steps(neural, frames, name, key):
    """Parameters of the steps of a recording, of a patch at least, in a key."""
    steps = neural.vocoder.analyse(waveform(frames, neural.format))
    if len(steps) < neural.code.n_steps:
        raise ValueError(
            f"the recording given as {name} has too few frames to make a patch of "
            f"{neural.code.n_steps} steps; pass a longer one."
        )
    return in_key(neural, steps, key)


def _heard(neural, steps):
    """Conditions of steps."""
    rng = np.random.RandomState(0)
    return conditions_heard(steps, neural.vocoder, neural.code, rng)


def _place(controls, n_steps):
    """Steps since the piece began, and to its end; None where it has neither."""
    if not controls.begin and not controls.end:
        return None
    return np.array([0 if controls.begin else FAR, n_steps if controls.end else FAR])


def _styles(neural, controls, seconds):
    """Curve of styles, those of blends their means."""
    values = []
    for _, blend in controls.style:
        steps = [
            (_steps(neural, x, "style", controls.key), share) for x, share in blend
        ]
        values.append(sum(share * style_of(neural.code, x) for x, share in steps))
    at = np.array([second for second, _ in controls.style])
    return at / seconds, np.array(values)


def _varied(neural, controls, asked):
    """What follows a recording, with its beat, its loudness and its styles."""
    steps = _steps(neural, controls.vary, "vary", controls.key)
    heard, codes = _heard(neural, steps), neural.code.encode(steps)
    model = Model(codes, np.full(len(codes), controls.amount))
    at = np.arange(len(codes)) * neural.code.n_steps
    own = {
        "style": (at, styles(codes, neural.code.n_steps)),
        "energy": _ranks(neural, heard),
        "heard": heard if asked.tempo is None else None,
    }
    given = {name: x for name, x in asked._asdict().items() if x is not None}
    return Asked(**(own | given | {"model": model}))


def _arriving(neural, controls, asked, n_steps):
    """What ends as a recording begins, in its style."""
    size = neural.code.n_steps
    steps = _steps(neural, controls.until, "until", None)[:ABOUT]
    codes = neural.code.encode(steps)
    n = min(len(codes), n_steps // size, _ARRIVING // size)
    # The music goes backwards to where the recording begins.
    back = neural.code.encode(steps[: n * size][::-1])
    before = np.zeros((n_steps // size - n, codes.shape[1]), np.float32)
    amounts = np.concatenate([np.ones(len(before)), np.linspace(1, _NEAREST, n)])
    style = style_of(neural.code, steps)
    curve = np.array([0, n_steps]), np.stack([np.full_like(style, np.nan), style])
    return asked._replace(
        model=Model(np.concatenate([before, back]), amounts),
        style=asked.style or curve,
    )


def _ranks(neural, heard):
    """Steps, and how loud each is beside what was learned."""
    ranks = placed(heard, neural.quantiles).activity[:, 0]
    return np.arange(len(ranks)), ranks


def _followed(neural, heard):
    """The same, its loudest parts as loud as those of the corpus."""
    usual = level_of(_LOUD / 100, neural.quantiles)
    heard.activity[:, 0] += usual - np.percentile(heard.activity[:, 0], _LOUD)
    return _ranks(neural, heard)
