"""The table of measures: what is shown of them, and in which words."""

# Of each measure its name, unit, decimals, and what it says.
_MEASURES = {
    "temporal_variance": ("Movement", "dB²", 0, "a hum or a loop has nearly none"),
    "repetition": ("Repetition", "0 to 1", 2, "1 is a loop or a constant sound"),
    "recurrence": ("Return", "0 to 1", 2, "to what was there seconds before"),
    "onset_rate": ("Onsets", "per second", 1, "notes and beats"),
    "beat_strength": ("Strength of the beat", "0 to 1", 2, "how steady it is"),
    "chroma_entropy": ("Harmony", "bit", 2, "pitch classes that sound at once"),
    "chroma_change": ("Change of harmony", "per second", 2, "how fast they go"),
    "polyphony": ("Partials", "", 0, "that stand out at once"),
    "centroid": ("Brightness", "Hz", 0, "centre of the spectrum"),
    "flatness": ("Noisiness", "0 to 0.56", 3, "0.56 is white noise"),
    "loudness": ("Level", "dB", 1, "mean below full scale"),
    "loudness_range": ("Range of loudness", "dB", 1, "between soft and loud"),
    "stereo_width": ("Width", "0 to 1", 2, "0 is mono"),
    "longest_run": ("Longest copied stretch", "s", 1, "that follows one recording"),
    "share_1s": (
        "In copied stretches of a second",
        "share",
        2,
        "of the time, at least",
    ),
}
_DASH = "–"


def rows_of_measures(measured):
    """Rows of the table of what `skmusic.metrics.reference.measure` gives, as dicts.

    Of a measure its ``label``, ``unit`` and ``text``; ``real``, the range of
    recordings; and ``cells``, one a piece.
    """
    for key, (label, unit, decimals, text) in _MEASURES.items():
        if key in measured:
            row = measured[key]
            known = "low" in row
            cells = [
                {
                    "text": f"{value:.{decimals}f}",
                    "above": known and value > row["high"],
                    "below": known and value < row["low"],
                }
                for value in row["values"]
            ]
            limits = [row["low"], row["high"]] if known else []
            real = " to ".join(f"{limit:.{decimals}f}" for limit in limits)
            about = {"label": label, "unit": unit, "text": text, "real": real}
            yield about | {"cells": cells}


def facts_in_words(facts):
    """Key, tempo and loudness in words, a dash for what is not clear."""
    return {
        "Key": facts.key or _DASH,
        "Tempo": _DASH if facts.tempo is None else f"{facts.tempo:.0f} a minute",
        "Loudness": _DASH
        if facts.lufs is None
        else f"{facts.lufs:.1f} LUFS".replace("-", "−"),
    }
