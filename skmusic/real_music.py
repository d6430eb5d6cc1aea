"""The music that a model was made of, to hold what it composes against."""

from typing import NamedTuple

import numpy as np

from skmusic.copying import copying
from skmusic.descriptors import describe
from skmusic.origin import origin_of


class Stretch(NamedTuple):
    """Real music without a break.

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


def stretches(pipe):
    """Music that a fitted pipeline keeps to play, as far as it keeps any.

    Parameters
    ----------
    pipe : Pipeline
        Fitted, of an `FFTFeaturizer` and a `StatefulLSTMGenerator`.

    Returns
    -------
    list of Stretch
        Empty with ``output="regression"``, which keeps none.
    """
    featurizer, generator = pipe.steps[0][1], pipe.steps[-1][1]
    if not hasattr(generator, "bank_"):
        return []
    bank, found, first = generator.bank_, [], 0
    m = bank.layout.frames_per_step
    for last in np.unique(bank.ends):
        (origin,) = origin_of(bank, np.array([first * m]))
        (music,) = featurizer.inverse_transform([bank.frames[first * m : last * m]])
        start = float(origin["frame"] * featurizer.frame_seconds)
        music = music[:, None] if music.ndim == 1 else music
        if len(music):
            found.append(Stretch(int(origin["recording"]), start, music))
        first = last
    return found


def excerpt(found, recording, n_samples, sr):
    """Middle of the longest stretch of a recording.

    Parameters
    ----------
    found : list of Stretch
        Real music.
    recording : int
        Of which recording; any if there is nothing of it.
    n_samples : int
        Length at most.
    sr : int
        Sampling rate in Hz.

    Returns
    -------
    Stretch
    """
    mine = [s for s in found if s.recording == recording] or found
    whole = max(mine, key=lambda s: len(s.music))
    first = max(0, (len(whole.music) - n_samples) // 2)
    music = whole.music[first : first + n_samples]
    return Stretch(whole.recording, whole.start + first / sr, music)


def clips(found, n_samples, most=16):
    """Pieces of real music of equal length, spread evenly over all there is.

    Parameters
    ----------
    found : list of Stretch
        Real music.
    n_samples : int
        Length of each; where no stretch is so long, that of the longest.
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
    """Measures of each piece, and the range that real music has.

    Parameters
    ----------
    pieces : list of ndarray of shape (n_samples, n_channels)
        What was composed.
    found : list of Stretch
        Real music.
    sr : int
        Sampling rate in Hz.

    Returns
    -------
    dict of str to dict
        By the name of the measure (see `skmusic.metrics.describe` and ``copying``)
        its ``values``, one a piece, and where real music has a range ``low`` and
        ``high``, 5 % and 95 % of clips as long as the shortest piece.
    """
    real = [describe(x, sr) for x in clips(found, min(map(len, pieces)))]
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
