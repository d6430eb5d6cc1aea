"""Recordings that pieces are held against, and measures of both."""

import numpy as np

from skmusic.metrics.copying import copying
from skmusic.metrics.descriptors import describe


def equal_parts(recordings, n_samples, most=16):
    """At most so many parts ``(n_samples, n_channels)`` of recordings, of equal length.

    They are spread evenly over all there is. Where no recording is so long, they are as
    long as the longest.
    """
    n_samples = min(n_samples, max(map(len, recordings)))
    cut = [
        x[a : a + n_samples]
        for x in recordings
        for a in range(0, len(x) - n_samples + 1, n_samples)
    ]
    chosen = np.unique(np.linspace(0, len(cut) - 1, min(most, len(cut))).astype(int))
    return [cut[i] for i in chosen]


def measure(pieces, recordings, sr):
    """Measures of each piece ``(n_samples, n_channels)``, and the range of recordings.

    By the name of the measure (see `skmusic.metrics.describe` and ``copying``) a dict
    of its ``values``, one a piece, and where recordings have a range ``low`` and
    ``high``, 5 % and 95 % of clips as long as the shortest piece.
    """
    real = [describe(x, sr) for x in equal_parts(recordings, min(map(len, pieces)))]
    made = [describe(x, sr) for x in pieces]
    table = {}
    for name in real[0]:
        if all(name in described for described in real + made):
            low, high = np.percentile([d[name] for d in real], [5, 95])
            values = [float(d[name]) for d in made]
            table[name] = {"values": values, "low": float(low), "high": float(high)}
    copied = [copying(recordings, [x], sr) for x in pieces]
    for name in copied[0]:
        table[name] = {"values": [c[name] for c in copied]}
    return table
