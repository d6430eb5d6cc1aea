"""Entering the bank: where a walk may begin, after what was heard."""

from typing import NamedTuple

import numpy as np

from skmusic.network.numpy_lstm import forward, from_nothing, log_softmax, zero_state
from skmusic.synthesis.concatenative.context import ABOUT, moods_heard, surroundings
from skmusic.synthesis.concatenative.equalizer import tone
from skmusic.synthesis.concatenative.rendering import play
from skmusic.synthesis.concatenative.repetition import begun
from skmusic.synthesis.concatenative.selection import (
    MOOD,
    SHARPNESS,
    Walk,
    plan,
    without,
)


def advance(bank, network, walk, tempering):
    """Walk with one more run among its pending frames."""
    (walk,), (run,) = plan(bank, network, [walk], tempering)
    return play(bank, walk, run)


# Steps that are held against the bank at once, and the last ones that tell the tone.
_BLOCK, _TONE_STEPS = 16, 860


class Heard(NamedTuple):
    """What a walk knows of the music before it; there is no chance in it."""

    score: np.ndarray  # of each step of the bank, to begin there
    lstm: list  # state after all steps but the last
    x: np.ndarray  # features of the last step
    mood: np.ndarray | None  # to begin in; None is that of where it begins
    tone: np.ndarray  # to keep, see `skmusic.synthesis.concatenative.equalizer`


def entry_scores(bank, network, features, codebook):
    """Score of starting at each step of the bank after each step heard.

    Parameters
    ----------
    bank, network, codebook
        What is fitted.
    features : ndarray of shape (n_steps, n_features)
        What was heard.

    Yields
    ------
    scores : ndarray of shape (n_bank_steps,)
        Before the first step, ... after the last.
    """
    y, _ = forward(network, from_nothing(features), zero_state(network))
    logp = log_softmax(y)
    yield from _scores(bank, logp, features, codebook, 0, None)


def _scores(bank, logp, features, codebook, first, mood):
    """Scores after `first`, ... n_steps steps heard, whose likelihoods are `logp`."""
    # A run should not end early because its recording does.
    short = np.arange(len(bank.ends)) + bank.longest > bank.ends
    lost = np.where(short & ~short.all(), 1e3, 0).astype(np.float32)
    if not len(features):
        if mood is not None:
            lost = lost + MOOD * _distances(mood[None], bank.moods)[0]
        yield logp[0][bank.tokens] - lost
        return
    before, there = surroundings(features, codebook)[0], bank.heard_before(slice(None))
    still = np.minimum(bank.movement, np.median(bank.movement))
    if mood is None:
        moods = moods_heard(features, codebook) * bank.mood_scale
    else:
        moods = np.repeat(mood[None], len(before), axis=0)
    # Blocks of one size, so that a row's sums do not depend on how many there are.
    for start in range(first, len(before), _BLOCK):
        rows = np.minimum(np.arange(start, start + _BLOCK), len(before) - 1)
        lost_there = SHARPNESS * _distances(before[rows], there) / still
        lost_there += MOOD * _distances(moods[rows], bank.moods)
        for t, each in zip(rows[: len(before) - start], lost_there, strict=False):
            yield logp[t - first][bank.tokens] - lost - (each if t else 0)


def _distances(x, y):
    """Squared distances ``(len(x), len(y))``."""
    x, y = x.astype(np.float32), y.astype(np.float32)
    d = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1) - 2 * (x @ y.T)
    return np.maximum(d, 0)


def hear(bank, network, features, codebook, tempering, mood=None, sound=None):
    """Listen to steps, or to nothing.

    Parameters
    ----------
    bank, network, codebook
        What is fitted.
    features : ndarray of shape (n_steps, n_features)
        What is heard; no steps are silence.
    tempering : Tempering
        Of the tokens.
    mood : ndarray of shape (n_numbers,) or None
        Mood to begin in and to keep, as ``bank.moods`` has them; None is that of
        what is heard.
    sound : ndarray of shape (n_ranges,) or None
        Tone to keep where a mood is given, from `tone_in`; None is the bank's own.

    Returns
    -------
    Heard
        From which as many walks may `enter` as are wanted.
    """
    x, zero, n = from_nothing(features), zero_state(network), len(features)
    y, states = forward(network, x, zero)
    logp = tempering.mask(log_softmax(y[-1:]))
    if mood is None and n:
        mood = moods_heard(features, codebook)[-1] * bank.mood_scale
        sound = tone_in(bank, mood, features[-_TONE_STEPS:], codebook)
    if sound is None:
        sound = np.zeros(bank.levels.shape[1], np.float32)
    (score,) = _scores(bank, logp, features, codebook, n, mood)
    score = np.where(np.isfinite(score), score, -1e30)
    return Heard(score, states[n - 1] if n else zero, x[-1], mood, sound)


def tone_in(bank, mood, features, codebook):
    """Decibels between steps and the bank where it is in their mood ``(n_ranges,)``."""
    # No matrix products, whose last bits change with the threads of a process.
    share = _spread(_nearness(bank, mood), bank)
    usual = np.einsum("s,sf->f", share, bank.features)
    # Nor is more said than can be heard, for the same reason.
    return tone(features, usual, codebook).round(1)


def _nearness(bank, mood):
    """How near each step is to a mood; all are 1 together."""
    loss = MOOD * np.square(bank.moods - mood, dtype=np.float32).sum(axis=1)
    share = np.exp(loss.min() - loss)
    return share / share.sum()


def _spread(share, bank):
    """Share of each step, where each one's is that of the seconds its mood is of."""
    steps = np.arange(len(share))
    first = np.maximum(steps - ABOUT, bank.beginning(steps))
    last = np.minimum(steps + ABOUT, bank.ends)
    each, n = share / (last - first), len(share) + 1
    begun = np.bincount(first, each, n) - np.bincount(last, each, n)
    return np.cumsum(begun)[:-1]


def enter(bank, network, heard, tempering, rng, skip=0):
    """Walk that goes on after what was heard.

    Parameters
    ----------
    bank, network
        What is fitted.
    heard : Heard
    tempering : Tempering
    rng : numpy.random.RandomState
    skip : int
        Frames of the first step that were heard already.

    Returns
    -------
    Walk
    """
    start = tempering.draw(heard.score, rng)
    mood = bank.moods[start].astype(np.float32) if heard.mood is None else heard.mood
    nothing = np.empty((0, bank.frames.n_dims), np.float32)
    walk = Walk(
        lstm=heard.lstm,
        x=heard.x,
        step=start,
        shift=0.0,
        tail=nothing,
        turn=None,
        seam=None,
        visits=(),
        form=begun(bank.recurrence, _nearness(bank, mood)),
        along=np.zeros(len(bank.ends), np.int16),
        mood=mood,
        home=mood,
        levels=np.empty((0, len(heard.tone)), np.float32),
        colour=heard.tone,
        tone=heard.tone,
        rng=rng,
        last=nothing,
        pending=nothing,
        origins=np.empty(0, int),
    )
    while len(walk.pending) < skip:
        walk = advance(bank, network, walk, tempering)
    return without(walk, skip)


def go_on_together(bank, network, walks, n_frames, tempering, progress):
    """Frames of several walks, each to the bit what it would be alone.

    Parameters
    ----------
    bank, network
        What is fitted.
    walks : list of Walk
        Where the pieces are.
    n_frames : int
        Frames to make of each.
    tempering : Tempering
        Of the tokens.
    progress : callable
        Told how many frames more are made.

    Returns
    -------
    frames, origins : list of ndarray of shape (n_frames, n_dims), (n_frames,)
        The pieces, and the frame of the bank that each frame is.
    walks : list of Walk
        Where the pieces are then.
    """
    pieces = [_Piece(walk, n_frames) for walk in walks]
    while True:
        progress(sum(piece.write() for piece in pieces))
        short = [piece for piece in pieces if not piece.is_whole]
        if not short:
            break
        found = plan(bank, network, [piece.walk for piece in short], tempering)
        for piece, walk, run in zip(short, *found, strict=True):
            piece.walk = play(bank, walk, run)
    return (
        [piece.frames for piece in pieces],
        [piece.origins for piece in pieces],
        [piece.walk for piece in pieces],
    )


class _Piece:
    """A piece in the making."""

    def __init__(self, walk, n_frames):
        self.walk, self.n_written = walk, 0
        self.frames = np.empty((n_frames, walk.pending.shape[1]), np.float32)
        self.origins = np.empty(n_frames, int)

    @property
    def is_whole(self):
        return self.n_written == len(self.frames)

    def write(self):
        """Put down what is pending; return how many frames."""
        walk, at = self.walk, slice(self.n_written, None)
        n = min(len(walk.pending), len(self.frames) - self.n_written)
        self.frames[at][:n], self.origins[at][:n] = walk.pending[:n], walk.origins[:n]
        self.walk, self.n_written = without(walk, n), self.n_written + n
        return n
