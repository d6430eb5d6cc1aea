"""What playing from recordings can reach at most, by the distance and the classifier.

    .venv/bin/python benchmarks/ceiling.py                   # an hour and a half
    .venv/bin/python benchmarks/ceiling.py --corpus songs

The table of `quality.py` has eight clips a row. Here 24 of each row are held against
the same real clips, all together, and eight drawn of them twelve times. Beside our
pieces stand clips of the recordings that were learned, from all of each and from 25 s
of each: how often the same passage comes back is heard by a classifier, too. Writes
ceiling.md and ceiling.json into benchmarks/results.
"""

import numpy as np
from controls import CLIP, SR
from quality import CORPORA, HEARD, clips, command, learn, reference

from skmusic.metrics.distances import auc, frechet, log_mels, standardised

CLIPS, DRAWN, TIMES, NARROW = 24, 8, 12, 25
MODELS = {
    "skmusic (default)": {},
    "skmusic, runs of 7 to 9 s": {"min_run": 7.0, "max_run": 9.0},
    "skmusic, all of the corpus in the bank": {"bank_size": 500_000_000},
}


def rows(learnt, held):
    """Name and clips of each row, and how many pieces a frame stands in."""
    rng = np.random.default_rng(0)
    every = clips(learnt, (0.1, 0.35, 0.6, 0.85), CLIP)
    yield "learnt", [every[i] for i in rng.permutation(len(every))[:CLIPS]], None
    narrow = clips(learnt, (0.3,), NARROW)
    starts = rng.uniform(0, 1, CLIPS)
    cut = [clips([narrow[i % len(narrow)]], (s,), CLIP) for i, s in enumerate(starts)]
    yield f"learnt, out of {NARROW} s of each", [x for (x,) in cut], None
    seeds = clips(held, np.linspace(0.05, 0.85, 8), HEARD)
    chosen = rng.permutation(len(seeds))[:CLIPS]
    for name, parameters in MODELS.items():
        pipe, _ = learn(learnt, 2048, **parameters)
        both = [
            pipe.sample(seeds[i], seconds=CLIP, random_state=int(i), return_origin=True)
            for i in chosen
        ]
        yield name, [x for x, _ in both], shared([origin for _, origin in both])


def shared(origins):
    """Pieces in which a frame that is played stands, on average over what is played."""
    places = [np.unique(origin) for origin in origins]
    _, counts = np.unique(np.concatenate(places), return_counts=True)
    return float((counts**2).sum() / counts.sum())


def judged(real, mels):
    """Distance and area under the curve of all clips, and of eight drawn of them."""
    rng, found = np.random.default_rng(1), []
    draws = [rng.permutation(len(mels))[:DRAWN] for _ in range(TIMES)]
    for which in [range(len(mels)), *draws]:
        both = standardised(real, [mels[i] for i in which])
        found.append((frechet(*both), auc(*both)))
    return found


def measure(name):
    """What stands in the table of a corpus."""
    learnt, held = CORPORA[name]()
    real = log_mels(reference(held), SR)
    table = {}
    for row, made, reuse in rows(learnt, held):
        whole, *drawn = judged(real, log_mels(made, SR))
        table[row] = {"whole": whole, "drawn": drawn, "shared": reuse}
        print(name, row, table[row], flush=True)
    return table


def markdown(tables):
    """Medians of what was drawn, least and most."""
    lines = [
        "# What playing from recordings can reach",
        "",
        "Printed by `benchmarks/ceiling.py`; `N=2048`, `random_state=0`.",
        f"Of each row {CLIPS} clips of {CLIP} s, all together, and {DRAWN} drawn of",
        f"them {TIMES} times: median (least to most). The last column tells in how",
        f"many of the {CLIPS} pieces a frame that is played stands, on average.",
    ]
    heads = "AUC", "AUC of 8", "Fréchet", "Fréchet of 8", "pieces"
    for name, table in tables.items():
        lines += ["", f"## {name}", "", "| | " + " | ".join(heads) + " |"]
        lines.append("|---" * (len(heads) + 1) + "|")
        for row, found in table.items():
            cells = []
            for k, digits in ((1, 2), (0, 1)):
                drawn = [pair[k] for pair in found["drawn"]]
                figures = np.median(drawn), min(drawn), max(drawn)
                median, least, most = (f"{x:.{digits}f}" for x in figures)
                cells += [f"{found['whole'][k]:.{digits}f}"]
                cells += [f"{median} ({least} to {most})"]
            cells.append("" if found["shared"] is None else f"{found['shared']:.1f}")
            lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    command(__doc__, "ceiling", measure, markdown)
