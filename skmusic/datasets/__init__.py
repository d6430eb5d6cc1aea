"""Songs made to order, with tempo, key, chords and beats known exactly."""

import math
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils import Bunch, check_random_state

from skmusic.datasets.composition import compose
from skmusic.datasets.harmony import SCALES
from skmusic.datasets.mixing import render
from skmusic.datasets.styles import STYLES
from skmusic.utils.keys import PITCHES, parse_key
from skmusic.utils.types import RandomState

__all__ = ["make_songs"]


def _check_size(n_songs, seconds, sr):
    for name, value, kind, low in (
        ("n_songs", n_songs, Integral, 1),
        ("seconds", seconds, Real, 1),
        ("sr", sr, Integral, 8000),
    ):
        valid = isinstance(value, kind) and not isinstance(value, bool)
        if not (valid and low <= value < math.inf):
            what = "an integer" if kind is Integral else "a number"
            raise ValueError(f"{name}={value!r}: give {what} of at least {low}.")


def _tempo_range(tempo):
    """Lowest and highest tempo asked for."""
    if tempo is None:
        return 80.0, 140.0
    bounds = (tempo, tempo) if isinstance(tempo, Real) else tempo
    try:
        low, high = map(float, bounds)
    except (TypeError, ValueError):
        low, high = math.nan, math.nan
    if not 20 <= low <= high <= 400:
        raise ValueError(
            f"tempo={tempo!r}: give None, beats per minute between 20 and 400, "
            "or a range (low, high) of them."
        )
    return low, high


def make_songs(
    n_songs: int = 8,
    seconds: float = 30.0,
    *,
    sr: int = 44100,
    tempo: float | tuple[float, float] | None = None,
    key: str | None = None,
    random_state: RandomState = None,
) -> Any:
    """Compose and synthesise songs whose tempo, key, chords and beats are known.

    The songs go in turn through five styles (ballad, dance, folk, waltz, soul),
    starting at a random one. Each has a form of sections, chord progressions, a
    bass line, a melody made from motifs, accompaniment and drums.

    Parameters
    ----------
    n_songs : int, default=8
        Number of songs. A song does not depend on how many follow it.
    seconds : float, default=30.0
        Duration of every song in seconds, at least 1.
    sr : int, default=44100
        Sampling rate in Hz, at least 8000. The composition does not depend on it.
    tempo : float or (float, float), default=None
        Beats per minute, or the range to draw them from; None means (80, 140).
    key : str, default=None
        Tonic and mode, such as "A minor" or "F#" (major); None draws one per song.
    random_state : int, RandomState instance or None, default=None
        Determines the songs. Pass an int for the same songs in every call.

    Returns
    -------
    sklearn.utils.Bunch
        With the attributes, lists having one entry per song:

        recordings : list of ndarray of shape (n_samples, 2)
            Sound in float32 within [-0.9, 0.9], left and right, where
            ``n_samples = round(seconds * sr)``.
        sr : int
            Sampling rate in Hz.
        tempo : list of float
            Beats per minute.
        key : list of str
            Tonic and mode, spelt with sharps, such as "A# major".
        chords : list of list of (float, str)
            Start in seconds and name of every chord, such as (2.0, "F#m7").
        beats : list of ndarray of shape (n_beats,)
            Times of the beats in seconds.
        names : list of str
            Style of the song.

    Raises
    ------
    ValueError
        If a number is out of range, or `tempo` or `key` cannot be understood.

    Examples
    --------
    >>> from skmusic.datasets import make_songs
    >>> songs = make_songs(2, 3.0, sr=8000, tempo=120, key="G", random_state=0)
    >>> songs.recordings[0].shape
    (24000, 2)
    >>> songs.key
    ['G major', 'G major']
    >>> songs.chords[0]
    [(0.0, 'Gmaj7'), (2.0, 'C')]
    """
    _check_size(n_songs, seconds, sr)
    low, high = _tempo_range(tempo)
    fixed_key = None if key is None else parse_key(key)
    random_state = check_random_state(random_state)
    first_style = random_state.randint(len(STYLES))
    seeds = np.random.SeedSequence(random_state.randint(2**31 - 1)).spawn(n_songs)
    songs = Bunch(recordings=[], sr=sr, tempo=[], key=[], chords=[], beats=[], names=[])
    for i, seed in enumerate(seeds, start=first_style):
        style = STYLES[i % len(STYLES)]
        rng = np.random.default_rng(seed)
        bpm, drawn = rng.uniform(low, high), (rng.integers(12), rng.choice([*SCALES]))
        tonic, mode = fixed_key or drawn
        bars, notes = compose(style, seconds, bpm, tonic, mode, rng)
        songs.recordings.append(render(notes, round(seconds * sr), sr, rng))
        songs.tempo.append(float(bpm))
        songs.key.append(f"{PITCHES[tonic]} {mode}")
        songs.chords.append(
            [
                (chord.beat * 60 / bpm, chord.name)
                for bar in bars
                for chord in bar.chords
                if chord.beat * 60 / bpm < seconds
            ]
        )
        songs.beats.append(np.arange(0, seconds, 60 / bpm))
        songs.names.append(style.name)
    return songs
