"""Lanes: recordings side by side, cut into chunks, for training with carried state."""

import numpy as np


def lanes(sequences, n_streams, chunk_length, rng=None, first=0):
    """Batches of chunks, each lane a walk through the recordings in turn.

    Parameters
    ----------
    sequences : list of (x, y)
        Inputs and targets.
    n_streams, chunk_length : int
        Lanes of a batch, steps of a chunk.
    rng : numpy.random.Generator or None
        Shuffles the recordings and turns the ring of chunks, so that lanes are
        cut elsewhere in each epoch.
    first : int
        Batches that are passed over.

    Yields
    ------
    x, y, weight, keep
        ``(n_streams, chunk_length, ...)`` inputs and targets, weight 0 where
        they are padding, and ``(n_streams,)`` 0 where the state starts anew.
    """
    order = range(len(sequences)) if rng is None else rng.permutation(len(sequences))
    ring = [
        (i, start)
        for i in order
        for start in range(0, len(sequences[i][0]), chunk_length)
    ]
    if rng is not None:
        turn = rng.integers(len(ring))
        ring = ring[turn:] + ring[:turn]
    n_rows = -(-len(ring) // n_streams)
    ring += [None] * (n_rows * n_streams - len(ring))
    x0, y0 = sequences[0]
    for row in range(first, n_rows):
        x = np.zeros((n_streams, chunk_length, *x0.shape[1:]), np.float32)
        y = np.zeros((n_streams, chunk_length, *y0.shape[1:]), y0.dtype)
        weight = np.zeros((n_streams, chunk_length), np.float32)
        keep = np.zeros(n_streams, np.float32)
        for lane in range(n_streams):
            chunk = ring[lane * n_rows + row]
            if chunk is None:
                continue
            i, start = chunk
            part = slice(start, start + chunk_length)
            n = len(sequences[i][1][part])
            x[lane, :n], y[lane, :n] = sequences[i][0][part], sequences[i][1][part]
            weight[lane, :n] = 1
            keep[lane] = row > 0 and start > 0
        yield x, y, weight, keep
