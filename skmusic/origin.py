"""Where sampled frames were taken from: per frame, and as runs."""

import numpy as np

from skmusic.spectra.reframing import frame_at

__all__ = ["runs"]

ORIGIN = np.dtype([("recording", np.int32), ("frame", np.int64)])
RUN = np.dtype([("start", np.int64), ("length", np.int64), *ORIGIN.descr])


def origin_of(synthesis, samples):
    """Recording, and frame of it, of samples of a unit database.

    Parameters
    ----------
    synthesis : skmusic.synthesis.concatenative.synthesis.Concatenative
        What was played.
    samples : ndarray of shape (n_frames,), int
        Sample of its database in the middle of each frame.

    Returns
    -------
    ndarray of shape (n_frames,), of dtype `ORIGIN`
    """
    database, format = synthesis.database, synthesis.format
    unit, offset = np.divmod(samples, database.samples_per_unit)
    sample = database.position[unit] * database.samples_per_unit + offset
    origin = np.empty(len(samples), ORIGIN)
    origin["recording"] = database.recording[unit]
    origin["frame"] = frame_at(sample, format)
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
