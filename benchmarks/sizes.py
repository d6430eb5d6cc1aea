"""Whatever the window: the same default generator after windows of many sizes.

    .venv/bin/python benchmarks/sizes.py                  # half an hour
    .venv/bin/python benchmarks/sizes.py --corpus songs

Corpora, seeds and measures are those of `quality.py`. Windows are from 1.5 to 186 ms
long; songs are at other sampling rates, too. Writes sizes.md and sizes.json into
benchmarks/results.
"""

import soxr
from quality import (
    CORPORA,
    FIRST,
    HEARD,
    SR,
    clips,
    command,
    headed,
    judged,
    judgements,
    ours,
    reference,
)

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator

SIZES = 64, 128, 256, 512, 1000, 1024, 2048, 4096, 8192
RATES = {"songs": ((16000, 256), (22050, 256), (22050, 1024), (48000, 2048))}
SHOWN = headed(
    *FIRST,
    "chroma_change",
    "loudness_range",
    "chroma_drift_10s",
    "share_1s",
    "longest_run",
)


def resampled(recordings, sr):
    """Recordings at another rate than that of the corpora."""
    return [x if sr == SR else soxr.resample(x, SR, sr) for x in recordings]


def measure(corpus):
    """Figures of pieces for each rate and size."""
    learnt, held = CORPORA[corpus]()
    every = reference(held), learnt, clips(held, (0.3, 0.6), HEARD)[:8]
    table = {}
    for sr, N in [*((SR, N) for N in SIZES), *RATES.get(corpus, ())]:
        real, learnt, seeds = (resampled(recordings, sr) for recordings in every)
        generator = StatefulLSTMGenerator(random_state=0)
        pipe = Pipeline([FFTFeaturizer(N=N, sr=sr), generator]).fit(learnt)
        row, (made, _) = f"{sr} Hz, N={N}", ours(pipe, 0, seeds)
        table[row] = judged(real, made, learnt, SHOWN, sr)
        print(corpus, row, table[row], flush=True)
    return table


def markdown(tables):
    """A table of each corpus; an asterisk is outside the range of real clips."""
    lines = [
        "# Whatever the window",
        "",
        "Printed by `benchmarks/sizes.py`; `random_state=0`. Medians of 8 clips of",
        "20 s, as in the table of quality. At other rates than 44,100 Hz all",
        "recordings are brought to the rate, real ones too. An asterisk marks what",
        "lies outside the 5 to 95 % range of real clips.",
    ]
    return "\n".join(lines + judgements(tables, SHOWN)) + "\n"


if __name__ == "__main__":
    command(__doc__, "sizes", measure, markdown, usual=("songs", "hyperrogue"))
