"""How a planned run sounds: turned, coloured, and cross-faded with its neighbours."""

from dataclasses import replace

import numpy as np

from skmusic.features.levels import first_bins, spread
from skmusic.spectra.reframing import cut, waveform
from skmusic.synthesis.concatenative.crossfade import REACH, find_seam, mix
from skmusic.synthesis.concatenative.equalizer import coloured, louder
from skmusic.synthesis.concatenative.limiter import limited
from skmusic.synthesis.concatenative.phase_alignment import holding, meeting, turned

# Of the largest magnitude of all recordings, what a piece may have.
_HEADROOM = 0.97


def play(bank, walk, run):
    """Walk with the frames of a planned run among its pending ones.

    Parameters
    ----------
    bank : skmusic.synthesis.concatenative.database.Bank
        What is played.
    walk : skmusic.synthesis.concatenative.selection.Walk
        Before the run; of it only what concerns sound is used.
    run : skmusic.synthesis.concatenative.selection.Run
        What is to be played.

    Returns
    -------
    skmusic.synthesis.concatenative.selection.Walk
    """
    frames, tail, turn, seam = _sound(bank, walk, run)
    m, last = bank.layout.frames_per_step, walk.last
    if bank.layout.lapped:
        if not len(last):  # where music begins, in its recording something went before
            last = _taken(bank, run.start, -1, 0, run.shift, run.colour)
        frames, last = _cut_anew(np.concatenate([last, frames]), bank)
    frames = limited(frames, _limit(bank, run), bank.layout)
    origins = np.arange(run.start * m, (run.start + run.length) * m)
    return replace(
        walk,
        tail=tail,
        turn=turn,
        seam=seam,
        last=last,
        pending=np.concatenate([walk.pending, frames]),
        origins=np.append(walk.origins, origins),
    )


def _limit(bank, run):
    """Largest magnitude of a run: that of its recording there, or of the next run.

    Somewhat below that of all, which may be full scale: what is turned down to it stays
    there for longer than any recording does, and beside it samples are a little louder.
    """
    steps = slice(run.start, run.start + run.length)
    next_steps = slice(run.target, run.target + 1)
    found = [
        np.sqrt(louder(bank.levels[at], colour)) * bank.limit[at].max()
        for at, colour in ((steps, run.colour), (next_steps, run.next_colour))
    ]
    return min(max(found), _HEADROOM * bank.limit.max())


def _sound(bank, walk, run):
    """Frames of a run, faded into and out of; and how the next one begins."""
    layout = bank.layout.long
    m = layout.frames_per_step
    before, after = _overlap(bank, run)
    n_steps = run.length + after
    own = _taken(bank, run.start, 0, n_steps, run.shift, run.colour)
    frames = _turned(bank, own, run.start, 0, walk.turn, walk.seam)
    n = min(len(walk.tail), len(frames))
    if n:
        slope = walk.seam.slope(0, n, layout)
        frames[:n] = mix(walk.tail[:n], frames[:n], slope, layout)
    played, tail = frames[: run.length * m], frames[run.length * m :]
    if before + after == 0:
        return played, tail, None, None
    k, n = before * m, (before + after) * m
    own = _taken(bank, run.target, -before, after, run.next_shift, run.next_colour)
    old = frames[len(frames) - n :]
    seam = find_seam(old, own, before, layout)
    slope = seam.slope(-k, n, layout)
    turn = meeting(old, own, layout, slope * (1 - slope))
    if before:
        new = _turned(bank, own[:k], run.target, -before, turn, seam)
        played[-k:] = mix(played[-k:], new, slope[:k], layout)
    return played, tail, turn, seam


def _overlap(bank, run):
    """Steps before and after the end of a run where the next one is there too."""
    end, target = run.start + run.length, run.target
    most = min(REACH, (run.length - 1) // 2)
    behind = target - bank.beginning(target)
    ahead = min(bank.ends[run.start] - end, bank.ends[target] - target)
    return min(most, behind), int(min(most, ahead))


def _taken(bank, start, first, last, shift, colour):
    """Steps `first` to `last` of a run as they are, but for time and colour."""
    frames = _frames(bank, start + first, start + last, shift, bank.beginning(start))
    return coloured(frames, colour, bank.layout.long)


def _turned(bank, own, start, first, turn, seam):
    """Frames of a run from step `first` on, turned but for attacks."""
    layout = bank.layout.long
    if turn is None:
        return own
    begin, end = start + first, start + first + len(own)
    steps = np.arange(max(min(begin, start - REACH), bank.beginning(start)), end)
    begun = (steps - start)[:, None] >= seam.late[first_bins(layout)] - seam.fade
    held = holding(bank.levels[steps], begun)[begin - end :] @ spread(layout)
    return turned(own, turn, layout, first, held, seam.late)


def _frames(bank, begin, end, shift, stretch):
    """Long frames of these steps, from `shift` of a step later on."""
    m, hop = bank.layout.frames_per_step, bank.layout.hop
    late = round(shift * m * hop)
    if not hop or (m == 1 and late == 0 and begin >= stretch):
        return bank.frames[begin * m : end * m]
    start, stop = (begin - 1) * m * hop + late, end * m * hop + late
    wave = np.zeros((bank.layout.n_channels, stop - start), np.float32)
    # Beyond the stretch nothing is known.
    first = max(start // hop, stretch * m)
    past = min(-(-stop // hop) + 1, int(bank.ends[stretch]) * m)
    if first < past:
        begin_known = (first - 1) * hop
        a, b = max(begin_known, start), min(past * hop, stop)
        known = bank.waveform(first, past)[:, a - begin_known : b - begin_known]
        wave[:, a - start : b - start] = known
    return cut(wave, end - begin, 2 * m * hop)


def _cut_anew(frames, bank):
    """Frames to give out, of the waveform of all long ones but the first and the last.

    And the last two of these, with which the next ones overlap.
    """
    m, hop = bank.layout.frames_per_step, bank.layout.hop
    wave = waveform(frames, bank.layout.long)[:, (2 * m - 1) * hop :]
    short = cut(wave, (len(frames) - 2) * m, 2 * hop)
    return short, frames[-2:]
