"""Sampling: a walk through the bank that the network steers.

State in, state out: `plan` finds the next run, `play` adds its sound, and `advance`
does both.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from skmusic.joins import FADE, meeting, mix, turned
from skmusic.recurrent import forward, log_softmax, zero_state
from skmusic.surroundings import moods_heard, surroundings

# What a join of unit cost weighs against a nat of the network, and the best
# join that may follow against the join itself.
SHARPNESS, OUTLOOK = 4.0, 0.25
# What a mood as far off as ten seconds of a recording weighs, in nats, and the
# steps in which the mood of a piece follows what is played.
MOOD, _MOOD_STEPS = 20.0, 2600.0
# Steps that are held against the bank at once.
_BLOCK = 16
# Runs that are remembered, and steps about each where no new one begins.
_MEMORY, _MARGIN = 120, 16


@dataclass(frozen=True)
class Tempering:
    """How the network's probabilities are sharpened.

    Parameters
    ----------
    temperature : float
        0 always takes the likeliest; 1 as learned.
    top_k : int or None
        Only so many tokens are allowed.
    top_p : float or None
        Only the likeliest tokens that together reach this probability.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None

    def mask(self, logp):
        """Log-probabilities with the tokens that are not allowed at -inf."""
        if self.top_k is None and self.top_p is None:
            return logp
        ranked = -np.sort(-logp, axis=-1)
        least = np.full(logp.shape[:-1], -np.inf, logp.dtype)
        if self.top_k is not None and self.top_k < logp.shape[-1]:
            least = np.maximum(least, ranked[..., self.top_k - 1])
        if self.top_p is not None and self.top_p < 1:
            mass = np.cumsum(np.exp(ranked), axis=-1)
            count = np.minimum((mass < self.top_p).sum(axis=-1), logp.shape[-1] - 1)
            last = np.take_along_axis(ranked, count[..., None], axis=-1)
            least = np.maximum(least, last[..., 0])
        return np.where(logp >= least[..., None], logp, -np.inf)

    def draw(self, score, rng):
        """Index of a score, drawn from their tempered softmax."""
        if self.temperature == 0:
            return int(score.argmax())
        mass = np.exp((score - score.max()) / self.temperature).cumsum()
        # Below the last number that was added, whatever rounding makes of it.
        place = min(mass[-1] * rng.random_sample(), np.nextafter(mass[-1], 0))
        return int(mass.searchsorted(place, side="right"))


@dataclass(frozen=True)
class Walk:
    """Where a piece is: all that the next frame depends on.

    Parameters
    ----------
    lstm : list of (h, c)
        State of the network after all steps but the last.
    x : ndarray of shape (n_features,)
        Features of the last step, the network's next input.
    step : int
        Step of the bank at which the next run begins.
    tail : ndarray of shape (n_frames, n_dims)
        How the last run would go on, to be faded out.
    turn : ndarray of shape (n_channels, n_bins) or None
        Phases that the next run begins with, see `skmusic.joins`.
    visits : tuple of (int, int)
        First step and length of the latest runs.
    mood : ndarray of shape (n_numbers,)
        Mood of the piece, as ``bank.moods`` has them.
    rng : numpy.random.RandomState
        Source of chance.
    pending : ndarray of shape (n_frames, n_dims)
        Frames that are made but not yet given out.
    origins : ndarray of shape (n_frames,)
        Frame of the bank that each of these is.
    """

    lstm: list
    x: np.ndarray
    step: int
    tail: np.ndarray
    turn: np.ndarray | None
    visits: tuple
    mood: np.ndarray
    rng: np.random.RandomState
    pending: np.ndarray
    origins: np.ndarray


class Run(NamedTuple):
    """Steps that are played from one place of the bank."""

    start: int
    length: int
    target: int  # where the next run begins


def shifted(features):
    """Inputs of the network: each step's predecessor, zeros before the first."""
    return np.concatenate([np.zeros_like(features[:1]), features[:-1]])


def entry_scores(bank, network, features, codebook, tempering, first=0):
    """Score of starting at each step of the bank after each step heard.

    Parameters
    ----------
    bank, network, codebook
        What is fitted.
    features : ndarray of shape (n_steps, n_features)
        What was heard.
    tempering : Tempering
        Of the tokens.
    first : int
        Scores are given for `first`, ... n_steps steps heard.

    Yields
    ------
    scores : ndarray of shape (n_bank_steps,)
    """
    heard = np.concatenate(
        [np.zeros((1, bank.features.shape[1]), np.float32), features]
    )
    logp = tempering.mask(log_softmax(forward(network, heard, zero_state(network))[0]))
    # A run should not end early because its recording does.
    short = np.arange(len(bank.ends)) + bank.longest > bank.ends
    lost = np.where(short & ~short.all(), 1e3, 0).astype(np.float32)
    if not len(features):
        yield logp[0][bank.tokens] - lost
        return
    before = surroundings(features, codebook)[0]
    still = np.minimum(bank.movement, np.median(bank.movement))
    mood = moods_heard(features, codebook) * bank.mood_scale
    # Blocks of one size, so that a row's sums do not depend on how many there are.
    for start in range(first, len(heard), _BLOCK):
        rows = np.minimum(np.arange(start, start + _BLOCK), len(heard) - 1)
        lost_there = SHARPNESS * _distances(before[rows], bank.before) / still
        lost_there += MOOD * _distances(mood[rows], bank.moods)
        for t, each in zip(rows[: len(heard) - start], lost_there, strict=False):
            yield logp[t][bank.tokens] - lost - (each if t else 0)


def _distances(x, y):
    """Squared distances ``(len(x), len(y))``."""
    x, y = x.astype(np.float32), y.astype(np.float32)
    d = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1) - 2 * (x @ y.T)
    return np.maximum(d, 0)


def enter(bank, network, features, codebook, tempering, rng, skip=0):
    """Walk that goes on after steps heard, or from nothing.

    Parameters
    ----------
    bank, network, codebook
        What is fitted.
    features : ndarray of shape (n_steps, n_features)
        What was heard; no steps start from nothing.
    tempering : Tempering
    rng : numpy.random.RandomState
    skip : int
        Frames of the first step that were heard already.

    Returns
    -------
    Walk
    """
    (score,) = entry_scores(
        bank, network, features, codebook, tempering, first=len(features)
    )
    state, x = zero_state(network), np.zeros(bank.features.shape[1], np.float32)
    if len(features):
        state = forward(network, shifted(features), state)[1][-1]
        x = features[-1]
    start = tempering.draw(np.where(np.isfinite(score), score, -1e30), rng)
    nothing = np.empty((0, bank.frames.n_dims), np.float32)
    mood = bank.moods[start].astype(np.float32)
    if len(features):
        mood = moods_heard(features, codebook)[-1] * bank.mood_scale
    walk = Walk(
        state, x, start, nothing, None, (), mood, rng, nothing, np.empty(0, int)
    )
    if skip:
        walk = advance(bank, network, walk, tempering)
        walk = without(walk, skip)
    return walk


def without(walk, n_frames):
    """Walk without the first pending frames, as they were given out."""
    return replace(
        walk, pending=walk.pending[n_frames:], origins=walk.origins[n_frames:]
    )


def advance(bank, network, walk, tempering):
    """Walk with one more run among its pending frames."""
    (walk,), (run,) = plan(bank, network, [walk], tempering)
    return play(bank, walk, run)


def plan(bank, network, walks, tempering):
    """Next run of each walk; `walks` that have taken it, but for its sound.

    The walks share the passes of the network and nothing else.

    Returns
    -------
    walks : list of Walk
    runs : list of Run
    """
    counts = [int(min(bank.longest, bank.ends[w.step] - w.step)) for w in walks]
    x = np.zeros((len(walks), max(counts) + 1, len(walks[0].x)), np.float32)
    for each, walk, n in zip(x, walks, counts, strict=True):
        each[0], each[1 : n + 1] = walk.x, bank.features[walk.step : walk.step + n]
    layers = zip(*(walk.lstm for walk in walks), strict=True)
    before = [tuple(map(np.stack, zip(*layer, strict=True))) for layer in layers]
    z, after = forward(network, x, before)
    planned, runs = [], []
    for i, (walk, n) in enumerate(zip(walks, counts, strict=True)):
        start, lengths = walk.step, np.arange(min(bank.shortest, n), n + 1)
        logp = tempering.mask(log_softmax(z[i, lengths]))
        length, target = _choose(bank, logp, start, lengths, walk, tempering)
        runs.append(Run(start, length, target))
        drift = 1 - np.exp(-length / _MOOD_STEPS)
        planned.append(
            replace(
                walk,
                lstm=[(h[i].copy(), c[i].copy()) for h, c in after[length - 1]],
                x=x[i, length].copy(),
                step=target,
                visits=(*walk.visits, (start, length))[-_MEMORY:],
                mood=walk.mood + drift * (bank.moods[start + length // 2] - walk.mood),
            )
        )
    return planned, runs


def play(bank, walk, run):
    """Walk with the frames of a planned run among its pending ones."""
    frames, tail, turn = _play(bank, walk, *run)
    m = bank.layout.frames_per_step
    origins = np.arange(run.start * m, (run.start + run.length) * m)
    return replace(
        walk,
        tail=tail,
        turn=turn,
        pending=np.concatenate([walk.pending, frames]),
        origins=np.append(walk.origins, origins),
    )


def _choose(bank, logp, start, lengths, walk, tempering):
    """Length of the run from `start`, and the step at which the next begins."""
    leave = start + lengths - 1
    targets = bank.targets[leave]
    costs = bank.costs[leave] + OUTLOOK * bank.outlook[targets]
    costs = SHARPNESS * costs
    costs = costs + MOOD * ((bank.moods[targets] - walk.mood) ** 2).sum(axis=2)
    score = np.take_along_axis(logp, bank.tokens[targets], axis=1) - costs
    known = targets >= 0
    visited = _visited(targets, (*walk.visits, (start, lengths[-1])))
    # What is asked for is given up one by one where the bank is too small.
    for allowed in (known & ~visited & np.isfinite(score), known & ~visited, known):
        if allowed.any():
            score = np.where(np.isfinite(score), score, -costs - 1e3)
            pick = tempering.draw(np.where(allowed, score, -np.inf).ravel(), walk.rng)
            row, column = divmod(pick, targets.shape[1])
            return int(lengths[row]), int(targets[row, column])
    return int(lengths[-1]), _jump(bank, logp[-1], walk, tempering)


def _jump(bank, logp, walk, tempering):
    """Step to go on at where no join is left: by network and mood alone."""
    score = np.maximum(logp, -1e3)[bank.tokens]
    score = score - MOOD * ((bank.moods - walk.mood) ** 2).sum(axis=1)
    steps = np.arange(len(score))
    visited = _visited(steps, (*walk.visits, (walk.step, 1)))
    for lost in (steps + bank.longest > bank.ends, visited):
        score = np.where(lost, score - 1e6, score)
    return tempering.draw(score, walk.rng)


def _visited(targets, visits):
    starts, lengths = np.array(visits).T
    behind = targets[..., None] - starts
    return ((behind >= -_MARGIN) & (behind < lengths + _MARGIN)).any(axis=-1)


def _play(bank, walk, start, length, target):
    """Frames of a run, faded into and out of; and how the next one begins."""
    m, layout = bank.layout.frames_per_step, bank.layout
    n = min(FADE, (length - 1) // 2) * m
    end, until = (start + length) * m, int(bank.ends[start]) * m
    frames = bank.frames[start * m : min(end + n, until)]
    frames = turned(frames, walk.turn, layout)
    run, tail = frames[: length * m], frames[length * m :]
    slope = (np.arange(2 * n) + 0.5) / (2 * n) if n else np.empty(0)
    k = min(n, len(walk.tail))
    if k:
        run[:k] = mix(walk.tail[:k], run[:k], slope[n : n + k])
    at, follows = target * m, None
    if n and target >= n // m and bank.ends[target - n // m] == bank.ends[target]:
        new = bank.frames[at - n : min(at + n, int(bank.ends[target]) * m)]
        if len(tail) == n and len(new) == 2 * n:
            old = np.concatenate([run[len(run) - n :], tail])
            follows = meeting(old, new, layout)
        run[len(run) - n :] = mix(
            run[len(run) - n :], turned(new[:n], follows, layout, -n), slope[:n]
        )
    return run, tail, follows
