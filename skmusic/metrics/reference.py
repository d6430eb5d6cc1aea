"""Reference clips: recordings that pieces are held against, and measures of both."""

from typing import NamedTuple

import numpy as np

from skmusic.metrics.copying import copying
from skmusic.metrics.descriptors import describe


class ReferenceClip(NamedTuple):
    """A stretch of a recording, without a break.

    Parameters
    ----------
    recording : int
        Number of the recording it is of.
    start : float
        Where in it, in seconds.
    music : ndarray of shape (n_samples, n_channels)
        Waveform.
    """

    recording: int
    start: float
    music: np.ndarray


def reference_clips(pipe):
    """Stretches of the recordings that a fitted pipeline keeps to play.

    Parameters
    ----------
    pipe : Pipeline
        Fitted, of an `FFTFeaturizer` and a `StatefulLSTMGenerator`.

    Returns
    -------
    list of ReferenceClip
        One for each unbroken stretch that is kept; none where the synthesis keeps no
        music.
    """
    synthesis = pipe.steps[-1][1].synthesis_
    database = getattr(synthesis, "database", None)
    if database is None or synthesis.format is None:
        return []
    size, sr, found, first = database.samples_per_unit, synthesis.format.sr, [], 0
    for last in np.unique(database.ends):
        music = database.waveform[first * size : last * size]
        start = float(database.position[first] * size / sr)
        found.append(
            ReferenceClip(
                int(database.recording[first]),
                start,
                music * np.float32(database.scale),
            )
        )
        first = last
    return found


def excerpt(found, recording, n_samples, sr):
    """Middle of the longest reference clip of a recording.

    Parameters
    ----------
    found : list of ReferenceClip
        As `reference_clips` gives them.
    recording : int
        Of which recording; any if there is nothing of it.
    n_samples : int
        Length at most.
    sr : int
        Sampling rate in Hz.

    Returns
    -------
    ReferenceClip
    """
    mine = [s for s in found if s.recording == recording] or found
    whole = max(mine, key=lambda s: len(s.music))
    first = max(0, (len(whole.music) - n_samples) // 2)
    music = whole.music[first : first + n_samples]
    return ReferenceClip(whole.recording, whole.start + first / sr, music)


def equal_parts(found, n_samples, most=16):
    """Parts of reference clips of equal length, spread evenly over all there is.

    Parameters
    ----------
    found : list of ReferenceClip
        As `reference_clips` gives them.
    n_samples : int
        Length of each; where no clip is so long, that of the longest.
    most : int, default=16
        How many at most.

    Returns
    -------
    list of ndarray of shape (n_samples, n_channels)
    """
    n_samples = min(n_samples, max(len(s.music) for s in found))
    cut = [
        s.music[a : a + n_samples]
        for s in found
        for a in range(0, len(s.music) - n_samples + 1, n_samples)
    ]
    chosen = np.unique(np.linspace(0, len(cut) - 1, min(most, len(cut))).astype(int))
    return [cut[i] for i in chosen]


def measure(pieces, found, sr):
    """Measures of each piece, and the range that the recordings have.

    Parameters
    ----------
    pieces : list of ndarray of shape (n_samples, n_channels)
        What was composed.
    found : list of ReferenceClip
        As `reference_clips` gives them.
    sr : int
        Sampling rate in Hz.

    Returns
    -------
    dict of str to dict
        By the name of the measure (see `skmusic.metrics.describe` and ``copying``)
        its ``values``, one a piece, and where recordings have a range ``low`` and
        ``high``, 5 % and 95 % of clips as long as the shortest piece.
    """
    real = [describe(x, sr) for x in equal_parts(found, min(map(len, pieces)))]
    made = [describe(x, sr) for x in pieces]
    table = {}
    for name in real[0]:
        if all(name in described for described in real + made):
            low, high = np.percentile([d[name] for d in real], [5, 95])
            values = [float(d[name]) for d in made]
            table[name] = {"values": values, "low": float(low), "high": float(high)}
    copied = [copying([s.music for s in found], [x], sr) for x in pieces]
    for name in copied[0]:
        table[name] = {"values": [c[name] for c in copied]}
    return table
