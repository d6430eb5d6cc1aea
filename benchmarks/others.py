"""How good is music of recordings that next to nothing in skmusic was chosen by.

    .venv/bin/python benchmarks/others.py             # half an hour
    .venv/bin/python benchmarks/others.py --corpus bands

Two bands (rock and metal, five songs to learn, three never heard), by which was chosen
how much of itself a piece plays again, and the music of two more games. The protocol is
that of `quality.py`, with sixteen clips. Writes others.md and others.json into
benchmarks/results.
"""

from fetch_music import BANDS, NEXUIZ, SINGULARITY, music, unheard
from quality import (
    CLIP,
    FIRST,
    SR,
    clips,
    command,
    headed,
    judged_rows,
    judgements,
    learn,
    ours,
    reference,
)

from skmusic import audio as sound

N_CLIPS, HEARD, LONGEST = 16, 10, 240
SHOWN = headed(
    *FIRST,
    "chroma_change",
    "attack",
    "crest",
    "loudness_range",
    "chroma_drift_10s",
    "recurrence",
    "silence",
    "share_1s",
    "longest_run",
)


def read(path):
    """Four minutes of a recording at most."""
    return sound.read(path, sr=SR, channels=2)[0][: LONGEST * SR]


def bands():
    """Songs of two bands: what the guitar plays, and what the others do."""
    both = []
    for paths in music, unheard:
        parts = [read(p) for package in BANDS for p in paths(package=package)]
        pairs = zip(parts[::2], parts[1::2], strict=True)
        pairs = [(a, b, min(len(a), len(b))) for a, b in pairs]
        mixed = [a[:n] + b[:n] for a, b, n in pairs]
        both.append([x / max(1, abs(x).max()) for x in mixed])
    return both


def game(package):
    """Music of a game."""
    return [[read(p) for p in paths(package=package)] for paths in (music, unheard)]


KINDS = {
    "bands": bands,
    "singularity": lambda: game(SINGULARITY),
    "nexuiz": lambda: game(NEXUIZ),
}


def rows(learnt, held):
    """Name and clips of each row."""
    real = clips(held, (0.15, 0.25, 0.35, 0.6, 0.75, 0.85), CLIP)
    yield "real, unheard", real[:N_CLIPS]
    yield "real, learnt", clips(learnt, (0.3, 0.5, 0.7, 0.15), CLIP)[:N_CLIPS]
    seeds = clips(held, (0.1, 0.2, 0.3, 0.5, 0.7, 0.9), HEARD)[:N_CLIPS]
    for N in (2048, 256):
        yield f"skmusic, N={N}", ours(*learn(learnt, N), seeds)[0]


def measure(name):
    """All rows of a corpus, measured."""
    learnt, held = KINDS[name]()
    return judged_rows(rows(learnt, held), reference(held), learnt, SHOWN)


def markdown(tables):
    """All tables, an asterisk where a figure leaves the real range."""
    lines = [
        "# Other recordings",
        "",
        "Printed by `benchmarks/others.py`; `random_state=0`. Medians of sixteen clips",
        "of 20 s. An asterisk marks what leaves the 5 to 95 % range of real clips.",
        *judgements(tables, SHOWN, ".2f"),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    command(__doc__, "others", measure, markdown, KINDS)
