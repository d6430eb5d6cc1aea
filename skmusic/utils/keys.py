"""Names of keys."""

import re

PITCHES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
MODES = "major", "minor"


def parse_key(key):
    """Tonic as pitch class, and mode, of a key such as ``F# minor``; else refuse."""
    match = re.fullmatch(r"([A-G])([#b]?)(?: (major|minor))?", str(key).strip())
    if match is None:
        raise ValueError(
            f"key={key!r}: give None or a tonic and a mode, "
            "such as 'C', 'A minor' or 'F# major'."
        )
    letter, sign, mode = match.groups()
    shift = {"": 0, "#": 1, "b": -1}[sign]
    return (PITCHES.index(letter) + shift) % 12, mode or "major"
