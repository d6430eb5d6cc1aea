"""Where sampled frames were taken from: per frame, and as segments."""

import numpy as np

from skmusic.spectra.reframing import frame_at
from skmusic.utils.types import Array

__all__ = ["segments"]

ORIGIN = np.dtype([("recording", np.int32), ("frame", np.int64)])
SEGMENT = np.dtype([("start", np.int64), ("length", np.int64), *ORIGIN.descr])


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
        The ``recording``, and the ``frame`` of it that is nearest.
    """
    database, format = synthesis.database, synthesis.format
    unit, offset = np.divmod(samples, database.samples_per_unit)
    # In 64 bits: a recording may be longer than 2 ** 31 samples.
    position = database.position[unit].astype(np.int64)
    sample = position * database.samples_per_unit + offset
    origin = np.empty(len(samples), ORIGIN)
    origin["recording"] = database.recording[unit]
    origin["frame"] = frame_at(sample, format)
    return origin


def segments(origin: Array) -> Array:
    """Segments: stretches of frames that follow a recording without a break.

    Parameters
    ----------
    origin : ndarray of shape (n_frames,), of dtype `ORIGIN`
        As `StatefulLSTMGenerator.sample` returns it.

    Returns
    -------
    ndarray of shape (n_segments,), of dtype `SEGMENT`
        The ``start`` and ``length`` of each in the piece, in frames; the number of
        the ``recording`` that it follows, and the ``frame`` there that it starts at.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.origin import ORIGIN, segments
    >>> origin = np.array([(0, 7), (0, 8), (2, 9), (2, 3)], ORIGIN)
    >>> segments(origin)["length"]
    array([2, 1, 1])
    """
    goes_on = (np.diff(origin["recording"]) == 0) & (np.diff(origin["frame"]) == 1)
    start = np.flatnonzero(np.append(True, ~goes_on)[: len(origin)])
    found = np.empty(len(start), SEGMENT)
    found["start"] = start
    found["length"] = np.diff(start, append=len(origin))
    for name in ORIGIN.names:
        found[name] = origin[name][start]
    return found
