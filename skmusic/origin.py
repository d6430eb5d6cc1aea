"""Where sampled frames were taken from: per frame, and as runs."""

import numpy as np

__all__ = ["runs"]

ORIGIN = np.dtype([("recording", np.int32), ("frame", np.int64)])
RUN = np.dtype([("start", np.int64), ("length", np.int64), *ORIGIN.descr])


def origin_of(bank, played):
    """Recording, and frame of it, of frames of a bank.

    Parameters
    ----------
    bank : skmusic.synthesis.concatenative.database.Bank
        What is played.
    played : ndarray of shape (n_frames,), int
        Frames of the bank.

    Returns
    -------
    ndarray of shape (n_frames,), of dtype `ORIGIN`
    """
    m = bank.layout.frames_per_step
    step, offset = np.divmod(played, m)
    origin = np.empty(len(played), ORIGIN)
    origin["recording"] = bank.recording[step]
    origin["frame"] = bank.position[step] * m + offset
    return origin


def runs(origin):
    """Stretches that follow a recording without a break.

    Parameters
    ----------
    origin : ndarray of shape (n_frames,), of dtype `ORIGIN`
        As `StatefulLSTMGenerator.sample` returns it.

    Returns
    -------
    ndarray of shape (n_runs,), of dtype `RUN`
        Of each its ``start`` and ``length`` in the piece, and the ``recording`` and
        ``frame`` that it starts at there, all but the recording in frames.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.origin import ORIGIN, runs
    >>> origin = np.array([(0, 7), (0, 8), (2, 9), (2, 3)], ORIGIN)
    >>> runs(origin)["length"]
    array([2, 1, 1])
    """
    goes_on = (np.diff(origin["recording"]) == 0) & (np.diff(origin["frame"]) == 1)
    start = np.flatnonzero(np.append(True, ~goes_on)[: len(origin)])
    found = np.empty(len(start), RUN)
    found["start"] = start
    found["length"] = np.diff(start, append=len(origin))
    for name in ORIGIN.names:
        found[name] = origin[name][start]
    return found
