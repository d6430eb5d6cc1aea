"""Compose a song in a style: drums, bass, accompaniment and melody.

Times are counted in beats until the performance, which turns them into seconds.
"""

import re

import numpy as np

from skmusic.datasets.harmony import SCALES, form, harmonise
from skmusic.datasets.mixing import Note
from skmusic.datasets.styles import KIT, RHYTHMS, SECTIONS, STROKES


def _steps(pattern):
    """Read a pattern: list of symbol, start and length in beats."""
    return [
        (match[1], match.start() / 4, len(match[0]) / 4)
        for match in re.finditer(r"([^.-])\.*", pattern)
    ]


def _playing(bars, part):
    return [bar for bar in bars if part in SECTIONS[bar.section][0]]


def _pattern(bar, verse, chorus):
    """Pattern of the section; an ending holds its first symbol."""
    if bar.section == "ending":
        return verse.strip("-.")[0] + "." * int(4 * bar.beats - 1)
    return chorus if bar.section == "chorus" else verse


def _drums(bars, style, rng):
    """Drum patterns, with a fill to close a section and a crash to open a chorus."""
    notes = []
    for bar in _playing(bars, "drums"):
        strokes = []
        full = bar.section in ("verse", "chorus") and "kick" in style.drums
        for drum in KIT.get(bar.section, ()):
            strokes += [(drum, *s[:2]) for s in _steps(style.drums.get(drum, ""))]
        if full and bar.index == bar.size - 1:
            strokes = [s for s in strokes if s[0] == "kick" or s[2] < bar.beats - 1]
            for step, drum in enumerate(rng.permutation(["snare", "snare", "tom"])):
                strokes.append((drum, "ox"[step > 0], bar.beats - 0.75 + step / 4))
        opens = bar.section == "chorus" and bar.index == 0
        if "kick" in style.drums and (opens or bar.section == "ending"):
            strokes += [("crash", "x", 0.0), ("kick", "X", 0.0)][: 1 if opens else 2]
        for drum, symbol, offset in strokes:
            notes.append(Note(str(drum), 0, bar.beat + offset, 0.1, STROKES[symbol]))
    return notes


def _bass(bars, style, rng):
    """Bass line on roots, fifths and octaves, approaching the next root by step."""
    instrument, *patterns = style.bass
    notes = []
    for bar in _playing(bars, "bass"):
        after = bars[(bars.index(bar) + 1) % len(bars)]
        for symbol, offset, length in _steps(_pattern(bar, *patterns)):
            root = 33 + (bar.chord_at(offset).root - 33) % 12
            target = 33 + (after.chords[0].root - 33) % 12
            approach = target + rng.choice([-1, 2])
            pitch = {"R": root, "5": root + 7, "8": root + 12, "a": approach}[symbol]
            notes.append(Note(instrument, int(pitch), bar.beat + offset, length, 0.9))
    return notes


def _broken(bars, part, instrument, patterns, velocity):
    """Chords and arpeggios from the voicing; numbers beyond it climb octaves."""
    notes = []
    for bar in _playing(bars, part):
        for symbol, offset, length in _steps(_pattern(bar, *patterns)):
            voicing = bar.chord_at(offset).voicing
            octave, index = divmod(int(symbol) if symbol != "c" else 0, len(voicing))
            whole = symbol == "c" or bar.section == "ending"
            pitches = voicing if whole else [voicing[index] + 12 * octave]
            force = velocity * (1.0 if offset % 1 == 0 else 0.85)
            notes += [
                Note(instrument, p, bar.beat + offset, length, force) for p in pitches
            ]
    return notes


def _pad(bars, style):
    """Held chords."""
    return [
        Note(style.pad, pitch, chord.beat, chord.beats, 0.7)
        for bar in _playing(bars, "pad")
        for chord in bar.chords
        for pitch in chord.voicing
    ]


def _phrase(size, metre, rng):
    """Phrase of `size` bars, each a rhythm and a contour: A A' B cadence."""
    motifs, cadences = RHYTHMS[metre]
    rhythms = rng.choice(motifs, 2, replace=False)
    walks = [np.cumsum(rng.choice([-2, -1, 1, 2], 8)) for _ in range(2)]
    phrase = []
    for bar in range(size):
        which = int(bar % 4 == 2)
        rhythm, contour = rhythms[which], walks[which] + (0, 1, 2, -1)[bar % 4]
        if bar % 4 == 3 or bar == size - 1:
            rhythm = rng.choice(cadences)
            contour = np.array([1, 0, -1, 0, 0, 0, 0, 0])
        phrase.append((str(rhythm), np.clip(contour, -4, 5)))
    return phrase


def _nearest(target, tones):
    """Pitch nearest to `target` whose pitch class is among `tones`."""
    reach = range(target - 6, target + 7)
    return min(reach, key=lambda p: (p % 12 not in tones, abs(p - target)))


def _scale_over(chord, scale):
    """Scale to play over a chord: its foreign tones displace what lies below."""
    foreign = set(chord.tones) - set(scale)
    return (set(scale) - {(tone - 1) % 12 for tone in foreign}) | foreign


def _lead(bars, style, scale, rng):
    """Melody: a section's phrase returns, fitted anew to the harmony."""
    phrases, notes, last = {}, [], None
    for bar in _playing(bars, "lead"):
        if bar.section not in phrases:
            phrases[bar.section] = _phrase(bar.size, style.metre, rng)
        rhythm, contour = phrases[bar.section][bar.index]
        if bar.section == "ending":
            rhythm = _pattern(bar, rhythm, rhythm)
        centre = 77 if bar.section == "chorus" else 72
        varied = rng.random(8) < 0.12
        for n, (_, offset, length) in enumerate(_steps(rhythm)):
            chord = bar.chord_at(offset)
            strong = offset % 2 == 0 or length >= 1
            tones = set(chord.tones) if strong else _scale_over(chord, scale)
            tones -= {last}  # a melody moves
            if bar.section == "ending":
                tones = {chord.root}
            target = centre + round(1.7 * float(contour[n] + varied[n]))
            pitch = _nearest(target, tones)
            last = pitch % 12
            force = 0.9 if strong else 0.75
            notes.append(
                Note(style.lead, pitch, bar.beat + offset, 0.95 * length, force)
            )
    return notes


def _perform(notes, bars, style, tempo, rng):
    """Turn beats into seconds as players do: swung, not quite exact or even."""
    starts = np.array([bar.beat for bar in bars])
    performed = []
    for note in notes:
        whole, part = divmod(note.start, 1)
        late = style.swing * (2 * part if part <= 0.5 else 2 - 2 * part)
        spread = 0.002 if note.pitch == 0 else 0.004
        start = (whole + part + late) * 60 / tempo + rng.normal(0, spread)
        bar = bars[np.searchsorted(starts, note.start, "right") - 1]
        velocity = note.velocity * SECTIONS[bar.section][1] * rng.uniform(0.85, 1)
        duration = note.duration * 60 / tempo
        performed.append(
            note._replace(start=max(0, start), duration=duration, velocity=velocity)
        )
    return performed


def compose(style, seconds, tempo, tonic, mode, rng):
    """Compose a song: its bars with their chords and its notes in seconds."""
    bars = harmonise(form(seconds * tempo / 60, style.metre), tonic, mode, rng)
    scale = [(tonic + step) % 12 for step in SCALES[mode]]
    comp, *comp_patterns = style.comp
    arp, arp_pattern = style.arp
    notes = [
        *_drums(bars, style, rng),
        *_bass(bars, style, rng),
        *_broken(bars, "comp", comp, comp_patterns, 0.75),
        *_broken(bars, "arp", arp, (arp_pattern, arp_pattern), 0.6),
        *_pad(bars, style),
        *_lead(bars, style, scale, rng),
    ]
    notes = [note for note in notes if note.start * 60 / tempo < seconds]
    return bars, _perform(notes, bars, style, tempo, rng)
