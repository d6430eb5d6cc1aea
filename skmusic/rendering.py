"""How a planned run sounds: turned, coloured, and cross-faded with its neighbours."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from skmusic.colour import coloured, first_bins, louder, spread
from skmusic.joins import holding, meeting, turned
from skmusic.lapped import LappedFrames
from skmusic.limiter import limited
from skmusic.moving import moved
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
    frames = limited(frames, _limit(bank, run), bank.layout)
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


def _limit(bank, run):
    """Largest magnitude of a run: that of its recording there, or of the next run."""
    steps = slice(run.start, run.start + run.length)
    next_steps = slice(run.target, run.target + 1)
    found = [
        np.sqrt(louder(bank.levels[at], colour)) * bank.limit[at].max()
        for at, colour in ((steps, run.colour), (next_steps, run.next_colour))
    ]
    return min(max(found), bank.limit.max())


def _sound(bank, walk, run):
    """Frames of a run, faded into and out of; and how the next one begins."""
    m, layout = bank.layout.frames_per_step, bank.layout
    before, after = _overlap(bank, run)
    n_steps = run.length + after
    own = _taken(bank, run.start, 0, n_steps, run.shift, run.colour)
    frames = _turned(bank, own, 0, n_steps, walk.turn, walk.seam)
    n = min(len(walk.tail), len(frames))
    if n:
        slope = walk.seam.slope(0, n, layout)
        frames[:n] = mix(walk.tail[:n], frames[:n], slope, layout)
    played, tail = frames[: run.length * m], frames[run.length * m :]
    if before + after == 0:
        return played, tail, None, None
    k, n = before * m, (before + after) * m
    own = _taken(bank, run.target, -before, after, run.next_shift, run.next_colour)
    old, new = frames[len(frames) - n :], _turned(bank, own, -before, after, None, None)
    seam = find_seam(old, new, before, layout)
    slope = seam.slope(-k, n, layout)
    turn = meeting(old, new, layout, slope * (1 - slope))
    if before:
        new = _turned(bank, own, -before, 0, turn, seam)
        played[-k:] = mix(played[-k:], new, slope[:k], layout)
    return played, tail, turn, seam


def _overlap(bank, run):
    """Steps before and after the end of a run where the next one is there too."""
    end, target = run.start + run.length, run.target
    most = min(REACH, (run.length - 1) // 2)
    behind = target - bank.beginning(target)
    ahead = min(bank.ends[run.start] - end, bank.ends[target] - target)
    return min(most, behind), int(min(most, ahead))


class _Own(NamedTuple):
    """Steps of the bank as they are, but for time and colour."""

    start: int  # where their run begins
    begin: int  # the first of them
    frames: np.ndarray


def _taken(bank, start, first, last, shift, colour):
    """Steps `first` to `last` of a run, and those that these are heard with."""
    reach, stretch = _reach(bank.layout), bank.beginning(start)
    begin = max(start + first - reach, stretch)
    end = min(start + last + reach, int(bank.ends[start]))
    frames = _frames(bank, begin, end, shift, stretch)
    return _Own(start, begin, coloured(frames, colour, bank.layout))


def _turned(bank, own, first, last, turn, seam):
    """Frames of steps `first` to `last` of a run, turned but for attacks."""
    m, layout = bank.layout.frames_per_step, bank.layout
    start, begin, frames = own
    frames = frames[: (start + last - begin + _reach(layout)) * m]
    if turn is not None:
        end = begin + len(frames) // m
        steps = np.arange(max(min(begin, start - REACH), bank.beginning(start)), end)
        begun = (steps - start)[:, None] >= seam.late[first_bins(layout)] - seam.fade
        held = holding(bank.levels[steps], begun)[begin - end :] @ spread(layout)
        frames = turned(frames, turn, layout, begin - start, held, seam.late)
    return frames[(start + first - begin) * m :][: (last - first) * m]


def _reach(layout):
    """Steps to either side that one is heard with: where frames are short, one."""
    return int(layout.frames_per_step > 1)


def _frames(bank, begin, end, shift, stretch):
    """Frames of these steps, from `shift` of a step later on."""
    m = bank.layout.frames_per_step
    later, n_samples = divmod(round(shift * m * bank.hop), max(bank.hop, 1))
    if later == n_samples == 0:
        return bank.frames[begin * m : end * m]
    # What is moved lacks something at both ends; a stretch ends with its last frame.
    which = np.arange(begin * m + later - 1, end * m + later + 2)
    which = np.clip(which, stretch * m, int(bank.ends[begin]) * m - 1)
    if isinstance(bank.frames, LappedFrames):  # the waveform is known
        return bank.frames.moved(which, n_samples)[1:-2]
    frames = moved(bank.frames[which], n_samples, bank.layout, bank.redundant)
    return frames[1:-2]
