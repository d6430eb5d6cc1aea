"""How a planned run sounds: turned, coloured, and cross-faded with its neighbours."""

from dataclasses import replace

import numpy as np

from skmusic.colour import coloured, spread
from skmusic.joins import FADE, holding, meeting, mix, turned


def play(bank, walk, run):
    """Walk with the frames of a planned run among its pending ones.

    Parameters
    ----------
    bank : skmusic.units.Bank
        What is played.
    walk : skmusic.walk.Walk
        Before the run; of it only what concerns sound is used.
    run : skmusic.walk.Run
        What is to be played.

    Returns
    -------
    skmusic.walk.Walk
    """
    frames, tail, turn = _sound(bank, walk, run)
    m = bank.layout.frames_per_step
    origins = np.arange(run.start * m, (run.start + run.length) * m)
    return replace(
        walk,
        tail=tail,
        turn=turn,
        pending=np.concatenate([walk.pending, frames]),
        origins=np.append(walk.origins, origins),
    )


def _sound(bank, walk, run):
    """Frames of a run, faded into and out of; and how the next one begins."""
    start, length, target, colour, next_colour = run
    m, layout = bank.layout.frames_per_step, bank.layout
    n = min(FADE, (length - 1) // 2) * m
    end, until = (start + length) * m, int(bank.ends[start]) * m
    frames = bank.frames[start * m : min(end + n, until)]
    frames = _turned(bank, frames, walk.turn, start)
    frames = coloured(frames, colour, layout)
    played, tail = frames[: length * m], frames[length * m :]
    slope = (np.arange(2 * n) + 0.5) / (2 * n) if n else np.empty(0)
    k = min(n, len(walk.tail))
    if k:
        played[:k] = mix(walk.tail[:k], played[:k], slope[n : n + k])
    at, follows = target * m, None
    if n and target >= n // m and bank.ends[target - n // m] == bank.ends[target]:
        new = bank.frames[at - n : min(at + n, int(bank.ends[target]) * m)]
        new = coloured(new, next_colour, layout)
        if len(tail) == n and len(new) == 2 * n:
            old = np.concatenate([played[len(played) - n :], tail])
            follows = meeting(old, new, layout)
        played[len(played) - n :] = mix(
            played[len(played) - n :],
            _turned(bank, new[:n], follows, target, -n),
            slope[:n],
        )
    return played, tail, follows


def _turned(bank, frames, turn, start, first=0):
    """Frames of a run that begins at step `start`, turned, but for its attacks."""
    if turn is None:
        return frames
    m = bank.layout.frames_per_step
    steps = np.arange(start - FADE, start + (first + len(frames)) // m)
    own = steps[(steps >= 0) & (bank.ends[steps] == bank.ends[start])]
    held = holding(bank.levels[own]) @ spread(bank.layout)
    held = np.repeat(held, m, axis=0)[-len(frames) :]
    return turned(frames, turn, bank.layout, first, held)
