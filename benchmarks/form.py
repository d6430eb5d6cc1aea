"""Form: whether pieces return to what they have played, as recordings do.

    .venv/bin/python benchmarks/form.py               # an hour
    .venv/bin/python benchmarks/form.py --corpus songs

Twelve pieces of 40 s go on after ten seconds of recordings that were never heard, and
are held against clips of these as long. Writes form.md and form.json into
benchmarks/results.
"""

import copy
from dataclasses import replace

import controls
import numpy as np
from quality import CORPORA, clips, command, headed, judged_rows, judgements, learn

SECONDS, HEARD, N_PIECES = 40, 10, 12
SHOWN = headed(
    "recurrence",
    "frechet_distance",
    "beat_strength",
    "chroma_change",
    "chroma_drift_5s",
    "chroma_drift_10s",
    "loudness_range",
    "repetition",
    "share_1s",
    "longest_run",
)


def without_form(pipe):
    """The pipeline that returns to nothing."""
    pipe = copy.deepcopy(pipe)
    bank = pipe[-1].bank_
    pipe[-1].bank_ = replace(bank, recurrence=np.zeros_like(bank.recurrence))
    return pipe


def rows(learnt, held):
    """Name and clips of each row."""
    seeds = clips(held, (0.1, 0.4, 0.7), HEARD)[:N_PIECES]
    yield "real, unheard", clips(held, (0.2, 0.5, 0.8), SECONDS)[:N_PIECES]
    yield "real, learnt", clips(learnt, (0.3, 0.7), SECONDS)[:N_PIECES]
    rng = np.random.default_rng(0)
    halves = controls.grains(learnt, 2 * N_PIECES, 2.0, rng)
    made = [np.concatenate(two) for two in zip(halves[::2], halves[1::2], strict=True)]
    yield "random grains of 2 s", made
    for N in (2048, 256):
        pipe, _ = learn(learnt, N)
        for name, each in (("", pipe), (", no form", without_form(pipe))):
            made = [
                each.sample(seed, seconds=SECONDS, random_state=i)
                for i, seed in enumerate(seeds)
            ]
            yield f"skmusic, N={N}{name}", made


def measure(name):
    """All rows of a corpus, measured."""
    learnt, held = CORPORA[name]()
    real = clips(held, (0, 0.3, 0.6, 0.95), SECONDS)
    return judged_rows(rows(learnt, held), real, learnt, SHOWN)


def markdown(tables):
    """All tables, an asterisk where a figure leaves the real range."""
    lines = [
        "# Form",
        "",
        "Printed by `benchmarks/form.py`; `random_state=0`. Medians of twelve clips of",
        "40 s. Recurrence is how like passages of 2 s are to the most alike of those",
        "that began 4 to 40 s before (`skmusic.metrics.describe`). An asterisk",
        "marks what lies outside the 5 to 95 % range of real clips. *No form* is the",
        "same model that returns to nothing.",
        *judgements(tables, SHOWN, ".2f"),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    command(__doc__, "form", measure, markdown)
