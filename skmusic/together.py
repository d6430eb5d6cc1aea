"""Several walks at once: one pass of the network for all, and threads for the sound.

Which runs a walk takes does not depend on how they sound. So the runs of all walks are
planned side by side, some of each at a time, while threads play those before.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace

import numpy as np

from skmusic.rendering import play
from skmusic.walk import plan, without

# Runs of each walk that are planned before they are played.
_AHEAD = 8


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
    takes = [_Take(walk, n_frames) for walk in walks]
    n_threads = min(len(walks), os.cpu_count() or 1)  # one walk is not worth a thread
    with ThreadPoolExecutor(n_threads) if n_threads > 1 else nullcontext() as pool:
        run, playing = (pool.map if pool else map), ()
        while True:
            for _ in range(_AHEAD):
                if short := [take for take in takes if take.n_left > 0]:
                    _plan(bank, network, short, tempering)
            progress(sum(playing))
            runs = [take.handed_out() for take in takes]
            playing = run(_Take.play, takes, runs, [bank] * len(takes))
            if not short:
                break
        progress(sum(playing))
    return (
        [take.frames for take in takes],
        [take.origins for take in takes],
        [take.end() for take in takes],
    )


def _plan(bank, network, takes, tempering):
    walks = [take.planned for take in takes]
    found = plan(bank, network, walks, tempering)
    for take, walk, run in zip(takes, *found, strict=True):
        take.planned = walk
        take.runs.append(run)
        take.n_left -= run.length * bank.layout.frames_per_step


class _Take:
    """A piece in the making."""

    def __init__(self, walk, n_frames):
        self.planned, self.runs = walk, []
        self.played, self.n_played = walk, 0
        self.n_left = n_frames - len(walk.pending)
        self.frames = np.empty((n_frames, walk.pending.shape[1]), np.float32)
        self.origins = np.empty(n_frames, int)

    def handed_out(self):
        """Runs to be played."""
        runs, self.runs = self.runs, []
        return runs

    def play(self, runs, bank):
        """Go on with frames that were pending, and these runs; return how many."""
        before = self.n_played
        self._write()
        for run in runs:
            self.played = play(bank, self.played, run)
            self._write()
        return self.n_played - before

    def _write(self):
        walk, at = self.played, slice(self.n_played, None)
        n = min(len(walk.pending), len(self.frames) - self.n_played)
        self.frames[at][:n], self.origins[at][:n] = walk.pending[:n], walk.origins[:n]
        self.played, self.n_played = without(walk, n), self.n_played + n

    def end(self):
        """Walk, planned and played."""
        sound = ("tail", "turn", "pending", "origins")
        return replace(self.planned, **{k: getattr(self.played, k) for k in sound})
