"""Several walks at once: one pass of the network serves all.

No threads: what is done between two steps of a piece is too short for them, and eight
pieces took a fifth longer with two threads than without, on two cores.
"""

import numpy as np

from skmusic.rendering import play
from skmusic.walk import plan, without


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
