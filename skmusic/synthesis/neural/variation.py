"""Recordings as each pass of training hears them: in other keys and tempi, duller.

So few songs would soon be known by heart, and their patterns would be foreign to each
other; and a network that knows few tempi plays these, whatever tempo it is told. In
what is to be drawn no number is averaged with another: between steps or between bands
that dulls attacks, and the network would learn dull ones. So steps are left out or come
twice.
"""

import numpy as np

from skmusic.features.stretching import steps_at
from skmusic.features.style import styles
from skmusic.features.transposition import band_sources, transposed
from skmusic.synthesis.neural.conditions import Conditions
from skmusic.synthesis.neural.context import inputs_of

# Semitones that a recording is moved by at most, and logarithm of how much faster or
# slower it is.
_SEMITONES, _FASTER = 3, 0.2
# Share of the passes in which matches, beat or activity are not told.
_LEFT_OUT = 0.2
# Beats of a bar, which may begin at any; error of the ranks of activity.
_BAR, _ERROR = 4, 0.1
_STYLE_ERROR = 0.3
# Share of its neighbours' mean that a step is at most, so that all three are alike;
# steps in which that changes.
_DULLEST, _CHANGE = 2 / 3, 150


def variation(recordings, matches, conditions, code, vocoder):
    """What gives recordings anew in each pass.

    Of steps ``(n_steps, n_numbers)``, matches ``(n_steps, 2)`` and conditions of each;
    the vocoder is None of plain numbers, which have no key. Returned is a function that
    takes a `numpy.random.Generator`, None for recordings as they are, and gives inputs
    and targets of the network, list of (x, y).
    """
    sources = {}
    if vocoder is not None:
        for k in range(-_SEMITONES, _SEMITONES + 1):
            sources[k] = band_sources(vocoder.middles, k)

    def moved(x, found, told, rng):
        x = transposed(x, sources[int(rng.integers(-_SEMITONES, _SEMITONES + 1))])
        rate = np.exp(rng.uniform(-_FASTER, _FASTER))
        at = steps_at(len(x), rate)[int(rng.integers(code.n_steps)) :]
        if len(at) < code.n_steps:  # of hardly a patch nothing can be left out
            return x, found, told
        x, told = x[at], told.at(at)
        if told.place is not None:
            told = told._replace(place=told.place / rate)
        # What was alike is so many steps nearer.
        found = np.stack([np.rint(found[at, 0] / rate), found[at, 1]], axis=1)
        return x, found, told

    def varied(x, found, told, rng):
        if rng is None:
            if vocoder is not None:
                told = told._replace(style=styles(code.encode(x), code.n_steps))
            return inputs_of(x, found, told, code)
        found = found * (rng.random() >= _LEFT_OUT)
        if vocoder is None:
            return inputs_of(x, found, told, code)
        x, found, told = moved(x, found, told, rng)
        codes = code.encode(x)
        told = loosened(told._replace(style=styles(codes, code.n_steps)), rng)
        return inputs_of(dulled(x, rng), found, told, code)[0], codes

    def version(rng=None):
        of_each = zip(recordings, matches, conditions, strict=True)
        return [varied(x, found, told, rng) for x, found, told in of_each]

    return version


def dulled(x, rng):
    """Steps ``(n_steps, n_numbers)`` with duller attacks, now by more and now by less.

    So the network hears attacks of recordings as weak as its own will be, and learns to
    draw sharp ones after them.
    """
    at = np.arange(0, len(x) + _CHANGE, _CHANGE)
    share = np.interp(np.arange(len(x)), at, rng.uniform(0, _DULLEST, len(at)))
    around = np.concatenate([x[:1], x, x[-1:]])
    mean = (around[:-2] + around[2:]) / 2
    return (x + share[:, None] * (mean - x)).astype(np.float32)


def loosened(conditions, rng):
    """Conditions as a network may learn them without knowing a recording by them.

    Bars begin at another beat. Activity is told with an error, which is the same in all
    of a pass. Now and then one of the two is not told.
    """
    left_out = rng.random(4) < _LEFT_OUT
    known, style = conditions.activity, conditions.style
    if known is not None:
        error = rng.normal(0, _ERROR, known.shape[1])
        known = None if left_out[1] else np.clip(known + error, 0, 1)
    if style is not None:
        error = rng.normal(0, _STYLE_ERROR, style.shape[1])
        style = None if left_out[2] else style + error
    beat = conditions.beat + int(rng.integers(_BAR))
    place = None if left_out[3] else conditions.place
    strength = conditions.strength * (not left_out[0])
    return Conditions(beat, strength, known, place, style)
