"""Arrangements: what plays in which section of a song, and in what rhythms.

Patterns are strings of sixteenth steps: ``.`` holds what sounds, ``-`` rests, and
any other symbol starts a note.
"""

from typing import NamedTuple

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
