"""What a musician asks of a piece: its key, its tempo, how loud it is.

Each is None where there is none that is clear: a wrong key is worse than no key.
"""

from typing import NamedTuple

import numpy as np

from skmusic.metrics.analysis import as_recordings, spectra
from skmusic.metrics.descriptors import beat, onset_envelope

# Pitch classes from A, as chroma has them.
_NAMES = {
    "major": ["A", "B♭", "B", "C", "D♭", "D", "E♭", "E", "F", "F♯", "G", "A♭"],
    "minor": ["A", "B♭", "B", "C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "G♯"],
}
# How well each pitch class, from the tonic, fits a key: ratings of listeners.
_PROFILES = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}
# A key is clear if its profile correlates so well, and better than any other's by so
# much.
_LEAST, _LEAD = 0.65, 0.1
# Strength from which on a beat is clear: songs have .3 to .9, noise less than .1.
_STEADY = 0.25


class MusicalFacts(NamedTuple):
    """Key, tempo and loudness, None of what is not clear."""

    key: str | None  # such as "F♯ minor"
    tempo: float | None  # beats a minute
    lufs: float | None  # integrated, after EBU R 128; None below blocks of 0.4 s


def musical_facts(x, sr):
    """The key, the tempo and the loudness of a piece in a waveform.

    By the profiles of C. Krumhansl, "Cognitive foundations of musical pitch", Oxford
    University Press (1990), and EBU R 128 (2020).
    """
    ((x, sr),) = as_recordings([x], sr)
    s = spectra(x, sr)
    strength, tempo = beat(onset_envelope(s.log_mel))
    return MusicalFacts(
        key=_key(s.chroma.mean(axis=0)),
        tempo=tempo if strength >= _STEADY else None,
        lufs=_lufs(x, sr),
    )


def _key(chroma):
    """Key whose profile correlates best with the shares of the pitch classes."""
    if chroma.std() < 1e-6:
        return None
    fits = sorted(
        (np.corrcoef(np.roll(profile, tonic), chroma)[0, 1], f"{name} {mode}")
        for mode, profile in _PROFILES.items()
        for tonic, name in enumerate(_NAMES[mode])
    )
    (second, _), (best, name) = fits[-2:]
    return name if best >= _LEAST and best - second >= _LEAD else None


def _lufs(x, sr):
    """Integrated loudness of the first two channels."""
    import pyloudnorm

    meter = pyloudnorm.Meter(sr)
    if len(x) < meter.block_size * sr:
        return None
    with np.errstate(divide="ignore"):
        loudness = meter.integrated_loudness(x[:, :2])
    return float(loudness) if np.isfinite(loudness) else None
