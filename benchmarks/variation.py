"""Variations: how much pieces of one seed have in common.

    .venv/bin/python benchmarks/variation.py             # a quarter of an hour
    .venv/bin/python benchmarks/variation.py --corpus songs

Eight pieces of 20 s after each of four seeds: how much of the time of each is in
passages of a second or more that stand in another of them, by the copy measure, at some
temperatures; and of pieces that have a seed each. Writes variation.md and
variation.json into benchmarks/results.
"""

import numpy as np
from quality import CLIP, CORPORA, HEARD, SR, clips, command, learn

from skmusic import metrics

PIECES, SEEDS, TEMPERATURES = 8, 4, (0.5, 1.0, 2.0)


def in_common(pieces):
    """Share of the time of each piece that stands in another of them."""
    found = []
    for i, piece in enumerate(pieces):
        others = pieces[:i] + pieces[i + 1 :]
        found.append(metrics.copying(others, [piece], sr=SR)["share_1s"])
    return float(np.mean(found))


def measure(name):
    """Shares, by what the pieces are of."""
    learnt, held = CORPORA[name]()
    seeds = clips(held, (0.3, 0.6), HEARD)[:PIECES]
    pipe, _ = learn(learnt, 2048)
    table = {}
    for temperature in TEMPERATURES:
        made = [
            pipe.sample([seed] * PIECES, seconds=CLIP, temperature=temperature)
            for seed in seeds[:SEEDS]
        ]
        each = [in_common(pieces) for pieces in made]
        table[f"one seed, temperature {temperature:g}"] = each
        print(name, temperature, each, flush=True)
    table["a seed each"] = [in_common(pipe.sample(seeds, seconds=CLIP))]
    table["real, unheard"] = [in_common(clips(held, (0.25, 0.75), CLIP)[:PIECES])]
    return table


def markdown(tables):
    """Means over seeds, and the least and the most of these."""
    rows = list(next(iter(tables.values())))
    lines = [
        "# What pieces have in common",
        "",
        f"Printed by `benchmarks/variation.py`: of {PIECES} pieces of {CLIP} s the",
        "share of the time in passages of a second or more that stand in another of",
        f"them, in per cent; means of {SEEDS} seeds (least to most).",
        "",
        "| | " + " | ".join(tables) + " |",
        "|---" * (len(tables) + 1) + "|",
    ]
    for row in rows:
        each = [100 * np.array(table[row]) for table in tables.values()]
        cells = [
            f"{x.mean():.0f}" + (f" ({x.min():.0f} to {x.max():.0f})" * (len(x) > 1))
            for x in each
        ]
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    command(__doc__, "variation", measure, markdown)
