"""Keys: the scale that music is of, told by how much each pitch class sounds.

References
----------
D. Temperley, "What's key for key? The Krumhansl-Schmuckler key-finding algorithm
reconsidered", Music Perception 17 (1999).
"""

import numpy as np

from skmusic.features.constantq import to_energies
from skmusic.utils.keys import MODES

# How well each pitch class fits a key of C: major, minor.
FITS = np.array(
    [
        (5, 2, 3.5, 2, 4.5, 4, 2, 4.5, 2, 3.5, 1.5, 4),
        (5, 2, 3.5, 4.5, 2, 4, 2, 4.5, 3.5, 2, 1.5, 4),
    ]
)
# What fits C major less well is none of its notes.
_FITTING = 3
# Deviation beside the mean above which pitch classes stand out: .01 of noise, .1 of
# music or more.
_STANDS_OUT = 0.05
# Hz of C, and of the notes that tell a key: lower ones are not told apart.
_C, _LOW, _HIGH = 261.63, 400.0, 2000.0


def find_key(levels, pitches):
    """Tonic, 0 is C, and mode of the key that levels are most like.

    Levels have the shape (n_steps, n_bands); `pitches` ``(n_bands,)`` are the middles
    of the bands in Hz.
    """
    chroma = _chroma(levels, pitches)
    keys = [np.roll(fit, tonic) for fit in FITS for tonic in range(12)]
    chroma, keys = chroma - chroma.mean(), keys - np.mean(keys, axis=1, keepdims=True)
    fits = keys @ chroma / np.linalg.norm(keys, axis=1)
    mode, tonic = divmod(int(fits.argmax()), 12)
    return tonic, MODES[mode]


def has_pitch(levels, pitches):
    """Whether pitch classes stand out, as they do in all but noise and drums.

    Parameters
    ----------
    levels, pitches
        As `find_key` has them.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.features.keys import has_pitch
    >>> pitches = 261.63 * 2.0 ** (np.arange(36) / 12 - 1)
    >>> has_pitch(np.zeros((1, 36)), pitches)
    False
    """
    chroma = _chroma(levels, pitches)
    return bool(chroma.std() > _STANDS_OUT * chroma.mean())


def out_of_key(pitches, key):
    """Bands ``(n_bands,)``, bool, whose notes are not of a key; low ones are not told.

    `pitches` ``(n_bands,)`` are the middles of bands in Hz. A key and its relative have
    the same notes.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.features.keys import out_of_key
    >>> pitches = 523.25 * 2.0 ** (np.arange(12) / 12)
    >>> np.flatnonzero(out_of_key(pitches, (0, "major")))
    array([ 1,  3,  6,  8, 10])
    """
    of_major = FITS[0][(_classes(pitches) - _major(key)) % 12]
    return (pitches >= _LOW) & (of_major < _FITTING)


def _major(key):
    """Tonic of a major key of the same notes; it may be an octave up."""
    tonic, mode = key
    return tonic + 3 * (mode == "minor")


def _classes(pitches):
    """Pitch classes of bands ``(n_bands,)``; 0 is C."""
    return np.rint(12 * np.log2(np.maximum(pitches, 1) / _C)).astype(int) % 12


def _chroma(levels, pitches):
    """How much each pitch class sounds ``(12,)``, as an amplitude."""
    heard = (pitches >= _LOW) & (pitches <= _HIGH)
    classes = _classes(pitches[heard])
    amount = np.sqrt(to_energies(levels[:, heard])).mean(axis=0)
    # Of the bands of a class, of which there may be more or fewer.
    count = np.maximum(np.bincount(classes, minlength=12), 1)
    return np.bincount(classes, amount, minlength=12) / count


def semitones_between(key, wanted):
    """Semitones, -6 to 5, from one key (tonic, mode) to another, or to its relative."""
    return (_major(wanted) - _major(key) + 6) % 12 - 6
