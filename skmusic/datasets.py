"""Songs made to order, with tempo, key, chords and beats known exactly.

Patterns are strings of sixteenth steps: ``.`` holds what sounds, ``-`` rests, and
any other symbol starts a note. Times are counted in beats until the performance.
"""

import math
import re
from itertools import chain, cycle, islice
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from sklearn.utils import Bunch, check_random_state

from .synth import Note, render

PITCHES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
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
# Which parts play in a section, and how loud: the form is heard as density.
SECTIONS = {
    "intro": (("comp", "pad", "drums"), 0.75),
    "verse": (("comp", "bass", "drums", "lead"), 0.85),
    "chorus": (("comp", "bass", "drums", "lead", "pad", "arp"), 1.0),
    "bridge": (("bass", "pad", "arp", "drums"), 0.75),
    "ending": (("comp", "bass", "drums", "lead", "pad"), 0.9),
}
KIT = {
    "intro": ("hat", "shaker"),
    "verse": ("kick", "snare", "clap", "hat", "shaker"),
    "chorus": ("kick", "snare", "clap", "hat", "shaker", "open_hat"),
    "bridge": ("kick", "hat", "shaker"),
}
STROKES = {"X": 1.0, "x": 0.7, "o": 0.35}
RHYTHMS = {  # beats per bar: (patterns for motifs, patterns that end a phrase)
    4: (
        (
            "x.x.x...x.x.x...",
            "x..x..x.x...----",
            "--x.x.x.x...x...",
            "x...x.x.x.....--",
            "x.....x.x...x.x.",
            "x..x..x...x.x...",
            "x.x.x.x.x.....--",
        ),
        ("x.......x...----", "x...x...x.....--", "x.x.x.....------"),
    ),
    3: (
        (
            "x...x...x...",
            "x.....x.x...",
            "x.x.x...x...",
            "x.......x.x.",
            "--x.x.x.x...",
        ),
        ("x.......----", "x...x.....--", "x.x.x.....--"),
    ),
}


class Style(NamedTuple):
    """An arrangement; `bass` and `comp` name verse pattern, then chorus pattern."""

    name: str
    metre: int
    swing: float  # delay of the off-beat eighth, in beats
    drums: dict
    bass: tuple  # instrument, patterns of R(oot), 5(th), 8(ve), a(pproach)
    comp: tuple  # instrument, patterns of c(hord) or numbers of chord notes
    arp: tuple  # instrument, pattern of numbers of chord notes
    pad: str
    lead: str


STYLES = (
    Style(
        "ballad",
        4,
        0.0,
        {
            "kick": "X.........x.....",
            "snare": "....X.......X...",
            "hat": "x.o.x.o.x.o.x.o.",
            "shaker": "o.o.o.o.o.o.o.o.",
        },
        ("upright", "R.......5.......", "R.....R.R...5..."),
        ("piano", "0.1.2.3.2.1.2.1.", "c...2.1.c...2.1."),
        ("bell", "3...--..4...--.."),
        "pad",
        "flute",
    ),
    Style(
        "dance",
        4,
        0.0,
        {
            "kick": "X...X...X...X...",
            "clap": "....X.......X...",
            "hat": "x.X.x.X.x.X.x.Xo",
            "open_hat": "--X.--X.--X.--X.",
        },
        ("synth_bass", "--R.--R.--R.--R.", "R-RR--8.R-RR--5a"),
        ("epiano", "c-----c---c-----", "c--c--c---c--c--"),
        ("pluck", "0123210301232103"),
        "pad",
        "synth",
    ),
    Style(
        "folk",
        4,
        0.03,
        {"shaker": "X.oox.ooX.oox.oo", "clap": "----o-------x---"},
        ("upright", "R.......5.......", "R...5...R...5..a"),
        ("pluck", "0.2.1.2.3.2.1.2.", "c...2.1.c.2.1.3."),
        ("bell", "----4...----3.5."),
        "organ",
        "flute",
    ),
    Style(
        "waltz",
        3,
        0.0,
        {
            "kick": "X...........",
            "hat": "----x...x...",
            "shaker": "x...o...o...",
            "snare": "----o...o...",
        },
        ("upright", "R.......----", "R.......5..."),
        ("piano", "----c...c...", "--2.c...c..."),
        ("bell", "3.4.5.4.3.2."),
        "pad",
        "flute",
    ),
    Style(
        "soul",
        4,
        0.07,
        {
            "kick": "X.....x...x.....",
            "snare": "....X..o.o..X..o",
            "hat": "X.x.X.x.X.x.X.xo",
            "open_hat": "--------------x.",
        },
        ("synth_bass", "R...--R.R...5..a", "R..R--8.R.R.5.8a"),
        ("epiano", "c.....c...c.c...", "c..c--c.--c.c.c."),
        ("pluck", "--2.--3.--1.--2."),
        "organ",
        "synth",
    ),
)


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


def _steps(pattern):
    """Read a pattern: list of symbol, start and length in beats."""
    return [
        (match[1], match.start() / 4, len(match[0]) / 4)
        for match in re.finditer(r"([^.-])\.*", pattern)
    ]


def _form(total_beats, metre):
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


def _harmonise(bars, tonic, mode, rng):
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
        which = bar % 4 == 2
        rhythm, contour = (
            rhythms[int(which)],
            walks[int(which)] + (0, 1, 2, -1)[bar % 4],
        )
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


def _compose(style, seconds, tempo, tonic, mode, rng):
    """Compose a song: its bars with their chords and its notes in seconds."""
    bars = _harmonise(_form(seconds * tempo / 60, style.metre), tonic, mode, rng)
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


def _parse_key(key):
    """Tonic as pitch class and mode of a key such as ``F# minor``."""
    match = re.fullmatch(r"([A-G])([#b]?)(?: (major|minor))?", str(key).strip())
    if match is None:
        raise ValueError(
            f"key={key!r}: give None or a tonic and a mode, "
            "such as 'C', 'A minor' or 'F# major'."
        )
    letter, accidental, mode = match.groups()
    shift = {"": 0, "#": 1, "b": -1}[accidental]
    return (PITCHES.index(letter) + shift) % 12, mode or "major"


def make_songs(
    n_songs=8, seconds=30.0, *, sr=44100, tempo=None, key=None, random_state=None
):
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
    songs : :class:`~sklearn.utils.Bunch`
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
    fixed_key = None if key is None else _parse_key(key)
    random_state = check_random_state(random_state)
    first_style = random_state.randint(len(STYLES))
    seeds = np.random.SeedSequence(random_state.randint(2**31 - 1)).spawn(n_songs)
    songs = Bunch(recordings=[], sr=sr, tempo=[], key=[], chords=[], beats=[], names=[])
    for i, seed in enumerate(seeds, start=first_style):
        style = STYLES[i % len(STYLES)]
        rng = np.random.default_rng(seed)
        bpm, drawn = rng.uniform(low, high), (rng.integers(12), rng.choice([*SCALES]))
        tonic, mode = fixed_key or drawn
        bars, notes = _compose(style, seconds, bpm, tonic, mode, rng)
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
