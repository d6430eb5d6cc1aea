"""Sampling: a piece begins after what was heard, and goes on segment by segment.

State in, state out: `prime` listens, `start` begins a piece, `advance` adds a segment.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from skmusic.network.numpy_lstm import (
    forward,
    log_softmax,
    zero_padded_input,
    zero_state,
)
from skmusic.synthesis.concatenative.context import (
    ABOUT,
    CHORD,
    contexts,
    distances,
    styles,
    styles_heard,
)
from skmusic.synthesis.concatenative.equalizer import spectral_match
from skmusic.synthesis.concatenative.rendering import render, silence
from skmusic.synthesis.concatenative.repetition import Repetition
from skmusic.synthesis.concatenative.selection import (
    SHARPNESS,
    STYLE,
    SamplerState,
    last_segment,
    select,
)
from skmusic.synthesis.concatenative.target import (
    Target,
    check_loudness,
    check_target,
    energy_of,
    music_ahead,
    music_scale,
    target_cost,
    traits_of,
)
from skmusic.synthesis.controls import in_steps

# Steps that are compared with the database at once, and the last ones whose spectrum
# is matched.
_BLOCK, _MATCHED_STEPS = 16, 860
# Steps from one style of a recording that is varied to the next that is kept.
_STYLE_EVERY = 22


class Primed(NamedTuple):
    """What a piece knows of the music before it; there is no chance in it."""

    score: np.ndarray  # of each unit, to begin there
    lstm: list  # state after all steps but the last
    x: np.ndarray  # features of the last step
    style: np.ndarray | None  # to begin in; None is that of where it begins
    match: np.ndarray  # decibels of each range, see `equalizer`
    target: Target | None = None


def start_scores(database, network, features, tokenizer):
    """Score of starting at each unit after each step heard.

    Parameters
    ----------
    database, network, tokenizer : UnitDatabase, dict, Tokenizer
    features : ndarray of shape (n_steps, n_features)
        What was heard.

    Yields
    ------
    scores : ndarray of shape (n_units,)
        Before the first step, ... after the last.
    """
    y, _ = forward(network, zero_padded_input(features), zero_state(network))
    yield from _scores(database, log_softmax(y), features, tokenizer, 0, None)


def _scores(database, logp, features, tokenizer, first, style):
    """Scores after `first`, ... n_steps steps heard, whose likelihoods are `logp`."""
    # A segment should not end early because its recording does.
    short = np.arange(len(database)) + database.longest > database.ends
    lost = np.where(short & ~short.all(), 1e3, 0).astype(np.float32)
    if not len(features):
        if style is not None:
            lost = lost + STYLE * distances(style[None], database.styles)[0]
        yield logp[0][database.tokens] - lost
        return
    before = contexts(features, tokenizer)[0]
    there = database.context_before(slice(None))
    still = np.minimum(database.movement, np.median(database.movement))
    if style is None:
        wanted = styles_heard(features, tokenizer) * database.style_scale
    else:
        wanted = np.repeat(style[None], len(before), axis=0)
    # Blocks of one size, so that a row's sums do not depend on how many there are.
    for start in range(first, len(before), _BLOCK):
        rows = np.minimum(np.arange(start, start + _BLOCK), len(before) - 1)
        lost_there = SHARPNESS * distances(before[rows], there) / still
        lost_there += STYLE * distances(wanted[rows], database.styles)
        for t, each in zip(rows[: len(before) - start], lost_there, strict=False):
            yield logp[t - first][database.tokens] - lost - (each if t else 0)


def prime(
    database,
    network,
    features,
    tokenizer,
    sampling,
    style=None,
    match=None,
    target=None,
):
    """Listen to steps, or to nothing.

    Parameters
    ----------
    database, network, tokenizer : UnitDatabase, dict, Tokenizer
    features : ndarray of shape (n_steps, n_features)
        What is heard; no steps are silence.
    sampling : SamplingParameters
    style : ndarray of shape (n_styles,) or None
        Style to begin in and to keep, from `style_of`; None is that of what is heard.
    match : ndarray of shape (n_ranges,) or None
        Decibels to change the piece by where a style is given; None is none.
    target : Target or None
        What is asked for.

    Returns
    -------
    Primed
        From which as many pieces may `start` as are wanted.
    """
    x, zero, n = zero_padded_input(features), zero_state(network), len(features)
    y, states = forward(network, x, zero)
    logp = sampling.mask(log_softmax(y[-1:]))
    if style is None and n:
        style = styles_heard(features, tokenizer)[-1] * database.style_scale
        match = _matched(database, style, features[-_MATCHED_STEPS:], tokenizer)
    if match is None:
        match = np.zeros(database.levels.shape[1], np.float32)
    (score,) = _scores(database, logp, features, tokenizer, n, style)
    if target is not None:
        score = score - _cost_of_start(database, target)
    score = np.where(np.isfinite(score), score, -1e30)
    return Primed(score, states[n - 1] if n else zero, x[-1], style, match, target)


def _cost_of_start(database, target):
    """Nats for what is asked for at the beginning of a piece, of each unit."""
    traits, units = traits_of(database), np.arange(len(database))
    cost = target_cost(database, traits, target, units[None], np.zeros((1, 1), int))[0]
    return np.where(traits.since > 0, np.inf, cost) if target.begin else cost


class Asked(NamedTuple):
    """What is asked for beside the seed."""

    style: np.ndarray | None  # to begin in
    match: np.ndarray | None  # see `Primed`
    target: Target | None
    ends_as: np.ndarray | None  # style to arrive at

    def arriving(self, own):
        """The same where the piece may have a style of its own to begin in."""
        begins = own if self.style is None else self.style
        alone = begins is None
        begins = self.ends_as if alone else begins
        at, found = self.target.styles or ([0], begins[None])
        early = np.asarray(at) < self.target.stop
        at = np.append(np.asarray(at)[early], self.target.stop)
        target = replace(
            self.target, styles=(at, np.vstack([found[early], self.ends_as]))
        )
        return self._replace(style=begins if alone else self.style, target=target)


def ask(database, tokenizer, controls, n_steps):
    """`Asked` of a piece of so many steps.

    Parameters
    ----------
    database, tokenizer : UnitDatabase, Tokenizer
    controls : skmusic.synthesis.controls.Controls
        With features in place of recordings, and steps in place of seconds.
    n_steps : int
    """
    style, match, ends_as, wanted = None, None, None, {}
    if controls.style:
        at, blends = zip(*controls.style, strict=True)
        several = len(blends) > 1 or len(blends[0]) > 1
        pairs = [_blended(database, tokenizer, blend, several) for blend in blends]
        style, match = pairs[0]
        # One recording is kept to as a seed is; a blend has to be held.
        if several:
            wanted["styles"] = np.array(at), np.stack([s for s, _ in pairs])
        if len(pairs) > 1:
            # What a part sounds like beside another is kept.
            match = np.zeros_like(match)
    if controls.energy is not None:
        check_loudness(database)
        wanted["energy"] = _energy_curve(database, tokenizer, controls.energy, n_steps)
    if controls.vary is not None and controls.amount < 1:
        form, music, about = _variation(database, tokenizer, controls)
        # What is asked for beside it takes the place of its own.
        if style is None:
            style, match = about
            wanted["styles"] = form.pop("styles")
        if controls.energy is None:
            wanted |= {n: x for n, x in form.items() if n != "styles"}
        wanted |= music
    if controls.until is not None:
        before = contexts(controls.until[: 2 * ABOUT], tokenizer)[0]
        wanted["to_follow"] = before[min(CHORD, len(before) - 1)]
        ends_as = style_of(database, controls.until[: 2 * ABOUT], tokenizer)[0]
    for name in ("begin", "end"):
        if getattr(controls, name):
            wanted[name] = True
    if controls.end or controls.until is not None:
        wanted["stop"] = n_steps
    target = Target(**wanted) if wanted else None
    if target is not None:
        check_target(database, target)
    return Asked(style, match, target, ends_as)


def _blended(database, tokenizer, blend, whole):
    """Style and match of recordings in a proportion; of all of each, or of its end."""
    pairs = [style_of(database, x, tokenizer, whole) for x, _ in blend]
    shares = [share for _, share in blend]
    if len(pairs) == 1:
        return pairs[0]
    mixed = [np.tensordot(shares, np.stack(x), 1) for x in zip(*pairs, strict=True)]
    return tuple(x.astype(np.float32) for x in mixed)


def _energy_curve(database, tokenizer, energy, n_steps):
    """Steps, and loudness and busyness there."""
    if not isinstance(energy, list):
        values = energy_of(database, energy, tokenizer)
        return np.arange(len(values)), values
    at, levels = in_steps(energy, 1, n_steps)
    return at, np.repeat(levels[:, None], 2, axis=1)


def _variation(database, tokenizer, controls):
    """Form and music that are wanted of a variation; style and match to begin with."""
    features, share = controls.vary, _share(controls.amount)
    before = contexts(features, tokenizer)[0][:-1]
    scale = music_scale(database.context_before(slice(None)))
    at = np.arange(0, len(features), _STYLE_EVERY)
    path = (styles(features, tokenizer) * database.style_scale).astype(np.float32)
    form = {"styles": (at, path[at])}
    if database.levels.shape[1]:
        energy = energy_of(database, features, tokenizer)
        form |= {"energy": (np.arange(len(energy)), energy), "energy_share": share}
    music = {
        "music": music_ahead(before, len(before) - 1) / scale,
        "music_share": share,
    }
    return form, music, (path[0], style_of(database, features, tokenizer)[1])


def _share(amount):
    """What the recording that is varied counts."""
    return (1 - amount) ** 2


def style_of(database, features, tokenizer, whole=False):
    """Style of the last seconds heard, or of all, and the spectral match to all."""
    before = len(features) if whole else 2 * ABOUT
    style = styles(features, tokenizer, before, 0)[-1] * database.style_scale
    return style, _matched(database, style, features, tokenizer)


def _matched(database, style, features, tokenizer):
    """Decibels between steps and the units in their style ``(n_ranges,)``."""
    # No matrix products, whose last bits change with the threads of a process.
    share = _about(_nearness(database, style), database)
    usual = np.einsum("s,sf->f", share, database.features)
    # Nor is more said than can be heard, for the same reason.
    return spectral_match(features, usual, tokenizer).round(1)


def _nearness(database, style):
    """How near each unit is to a style; all are 1 together."""
    loss = STYLE * np.square(database.styles - style, dtype=np.float32).sum(axis=1)
    share = np.exp(loss.min() - loss)
    return share / share.sum()


def _about(share, database):
    """Share of each unit, where each one's is that of the seconds its style is of."""
    units = np.arange(len(share))
    first = np.maximum(units - ABOUT, database.beginning(units))
    last = np.minimum(units + ABOUT, database.ends)
    each, n = share / (last - first), len(share) + 1
    begun = np.bincount(first, each, n) - np.bincount(last, each, n)
    return np.cumsum(begun)[:-1]


def start(database, primed, sampling, rng):
    """State of a piece that goes on after what was heard.

    Parameters
    ----------
    database : UnitDatabase
    primed : Primed
    sampling : SamplingParameters
    rng : numpy.random.RandomState

    Returns
    -------
    SamplerState
    """
    unit = sampling.draw(primed.score, rng)
    style = primed.style
    if style is None:
        style = database.styles[unit].astype(np.float32)
    # A piece returns as much as the recordings in whose style it begins.
    share = (_nearness(database, style) * database.recurrence).sum(dtype=float)
    nothing = np.empty((0, database.waveform.shape[1]), np.float32)
    return SamplerState(
        lstm=primed.lstm,
        x=primed.x,
        unit=unit,
        shift=0,
        played=(),
        # No more is said than can be heard, whatever the order of the sum.
        repetition=Repetition(round(float(share), 2)),
        matches=np.zeros(len(database), np.int16),
        style=style,
        target_style=style,
        levels=np.empty((0, len(primed.match)), np.float32),
        match=primed.match,
        rng=rng,
        tail=nothing,
        pending=nothing,
        origins=np.empty(0, int),
        target=primed.target,
    )


def advance(database, network, states, sampling, traits=None):
    """States of some pieces, each with one more segment among its pending waveform.

    Where a piece has ended the segment is silence.
    """
    made = [_ended(database, state, traits) for state in states]
    going = [i for i, state in enumerate(made) if state is None]
    if going:
        chosen = [states[i] for i in going]
        chosen, segments = select(database, network, chosen, sampling, traits)
        for i, *pair in zip(going, chosen, segments, strict=True):
            made[i] = render(database, *pair)
    return made


def _ended(database, state, traits):
    """State after the last segment of a piece, or silence after it; else None."""
    if state.left <= 0:
        return silence(database, state, database.longest)
    segment = last_segment(database, state, traits)
    if segment is None:
        return None
    return replace(render(database, state, segment), step=state.target.stop)
