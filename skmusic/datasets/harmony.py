"""Form and harmony of a song: its bars and their chords.

Times are counted in beats.
"""

import math
from itertools import chain, cycle, islice
from typing import NamedTuple

from skmusic.utils.keys import PITCHES

SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
DEGREES = ("I", "II", "III", "IV", "V", "VI", "VII")
CHORDS = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "sus4": (0, 5, 7),
}
PROGRESSIONS = {
    "major": (
        "I V vi IV",
        "I vi IV V",
        "I IV vi V",
        "I iii IV V",
        "I vi ii V",
        "I IV I V",
        "I V vi iii IV I IV V",
        "I IV vi V I iii IV V",
    ),
    "minor": (
        "i VI III VII",
        "i iv VII III",
        "i VII VI V",
        "i VI iv V",
        "i iv i V",
        "i v VI VII",
        "i VII III VII i VI iv V",
        "i iv VII III VI iv V V",
    ),
}


class Chord(NamedTuple):
    """A chord in time: `beat` and `beats` count beats, `voicing` MIDI numbers."""

    beat: float
    beats: float
    root: int
    quality: str
    voicing: tuple = ()

    @property
    def name(self):
        """Root and quality, such as ``F#m7``."""
        return PITCHES[self.root] + self.quality

    @property
    def tones(self):
        """Pitch classes of the chord."""
        return [(self.root + step) % 12 for step in CHORDS[self.quality]]


class Bar(NamedTuple):
    """One bar: its place in the song, in its section of `size` bars, its harmony."""

    beat: float
    beats: float
    section: str
    index: int
    size: int
    chords: tuple = ()

    def chord_at(self, offset):
        """Chord that sounds `offset` beats into the bar."""
        return [c for c in self.chords if c.beat <= self.beat + offset][-1]


def form(total_beats, metre):
    """Lay out the bars of a song; one too short for an ending just stops."""
    n_bars = total_beats / metre
    ends = n_bars >= 8
    n_bars = round(n_bars) if ends else math.ceil(n_bars)
    size = 8 if n_bars >= 40 else 4 if ends else 2
    plan = cycle([(s, size) for s in ("verse", "chorus", "verse", "chorus", "bridge")])
    if n_bars >= 12:
        plan = chain([("intro", size // 2)], plan)
    places = ((section, i, size) for section, size in plan for i in range(size))
    bars = [
        Bar(n * metre, metre, *place) for n, place in enumerate(islice(places, n_bars))
    ]
    if ends:
        beat = bars[-1].beat
        bars[-1] = Bar(beat, total_beats - beat, "ending", 0, 1)
    return bars


def _voice(tones, previous):
    """Choose the close voicing whose notes lie nearest to the previous ones."""
    candidates = []
    for lowest in range(52, 65):
        if lowest % 12 in tones:
            above = sorted((tone - lowest) % 12 for tone in tones)
            candidates.append(tuple(lowest + step for step in above))
    return min(
        candidates,
        key=lambda notes: sum(min(abs(n - p) for p in previous) for n in notes),
    )


def _bar_chords(bar, numeral, tonic, mode, rng):
    """Chords of one bar: the named degree, now and then coloured."""
    scale = SCALES[mode]
    root = (tonic + scale[DEGREES.index(numeral.upper())]) % 12
    triad = "" if numeral.isupper() else "m"
    if bar.section == "ending":
        return [(0, bar.beats, root, triad)]
    colour, suspend = rng.random(2)
    if numeral == "V" and suspend < 0.35:
        half = 2  # beats, also in a waltz
        return [(0, half, root, "sus4"), (half, bar.beats - half, root, "")]
    if colour < 0.25:
        major_seventh = (root + 11 - tonic) % 12 in scale
        triad += "maj7" if triad == "" and major_seventh else "7"
    return [(0, bar.beats, root, triad)]


def harmonise(bars, tonic, mode, rng):
    """Give every bar its chords, each section type having its own progression."""
    verse, chorus, bridge = rng.choice(PROGRESSIONS[mode], 3, replace=False)
    progressions = {"verse": verse, "intro": verse, "chorus": chorus, "bridge": bridge}
    voicing = (57, 60, 64)
    played = dict.fromkeys(progressions, 0)
    harmonised = []
    for i, bar in enumerate(bars):
        if bar.section == "ending":
            numeral = "I" if mode == "major" else "i"
        elif i + 1 < len(bars) and bars[i + 1].section == "ending":
            numeral = "V"  # lead home
        else:
            numerals = progressions[bar.section].split()
            numeral = numerals[played[bar.section] % len(numerals)]
            played[bar.section] += 1
        chords = []
        for offset, *rest in _bar_chords(bar, numeral, tonic, mode, rng):
            chord = Chord(bar.beat + offset, *rest)
            voicing = _voice(chord.tones, voicing)
            chords.append(chord._replace(voicing=voicing))
        harmonised.append(bar._replace(chords=tuple(chords)))
    return harmonised
