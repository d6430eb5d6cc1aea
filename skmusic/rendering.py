"""How a planned run sounds: turned, coloured, and cross-faded with its neighbours."""

from dataclasses import replace

import numpy as np

from skmusic.colour import coloured, first_bins, spread
from skmusic.joins import holding, meeting, turned
from skmusic.limiter import limited
from skmusic.seams import REACH, find_seam, mix


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
    frames, tail, turn, seam = _sound(bank, walk, run)
    frames = limited(frames, bank.limit, bank.layout)
    m = bank.layout.frames_per_step
    origins = np.arange(run.start * m, (run.start + run.length) * m)
    return replace(
        walk,
        tail=tail,
        turn=turn,
        seam=seam,
        pending=np.concatenate([walk.pending, frames]),
        origins=np.append(walk.origins, origins),
    )


def _sound(bank, walk, run):
    """Frames of a run, faded into and out of; and how the next one begins."""
    m, layout = bank.layout.frames_per_step, bank.layout
    before, after = _overlap(bank, run)
    frames = bank.frames[run.start * m : (run.start + run.length + after) * m]
    frames = coloured(frames, run.colour, layout)
    frames = _turned(bank, frames, run.start, 0, walk.turn, walk.seam)
    n = min(len(walk.tail), len(frames))
    if n:
        slope = walk.seam.slope(0, n, layout)
        frames[:n] = mix(walk.tail[:n], frames[:n], slope, layout)
    played, tail = frames[: run.length * m], frames[run.length * m :]
    if before + after == 0:
        return played, tail, None, None
    k, n = before * m, (before + after) * m
    new = bank.frames[(run.target - before) * m : (run.target + after) * m]
    new = coloured(new, run.next_colour, layout)
    seam = find_seam(frames[len(frames) - n :], new, before, layout)
    slope = seam.slope(-k, n, layout)
    turn = meeting(frames[len(frames) - n :], new, layout, slope * (1 - slope))
    if before:
        new = _turned(bank, new[:k], run.target, -before, turn, seam)
        played[-k:] = mix(played[-k:], new, slope[:k], layout)
    return played, tail, turn, seam


def _overlap(bank, run):
    """Steps before and after the end of a run where the next one is there too."""
    end, target = run.start + run.length, run.target
    most = min(REACH, (run.length - 1) // 2)
    behind = target - int(np.searchsorted(bank.ends, bank.ends[target]))
    ahead = min(bank.ends[run.start] - end, bank.ends[target] - target)
    return min(most, behind), int(min(most, ahead))


def _turned(bank, frames, start, first, turn, seam):
    """Frames of a run, from step `first` of it on, turned but for its attacks."""
    if turn is None:
        return frames
    m, layout = bank.layout.frames_per_step, bank.layout
    last = start + first + len(frames) // m
    steps = np.arange(max(start - REACH, 0), last)
    steps = steps[bank.ends[steps] == bank.ends[start]]
    begun = (steps - start)[:, None] >= seam.late[first_bins(layout)] - seam.fade
    held = holding(bank.levels[steps], begun) @ spread(layout)
    held = np.repeat(held, m, axis=0)[len(held) * m - len(frames) :]
    return turned(frames, turn, layout, first * m, held, seam.late)
