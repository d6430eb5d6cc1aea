"""Form: pulse, key, loudness and what returns, over 40 and 60 s.

    .venv/bin/python benchmarks/form.py               # about two hours
    .venv/bin/python benchmarks/form.py --corpus songs --quick

Twelve pieces of 60 s, and the first 40 s of each, are held against real clips as long.
Writes form.md and form.json into benchmarks/results.
"""

import numpy as np
from protocol import (
    CORPORA,
    HEADS,
    HEARD,
    SR,
    clips,
    command,
    grains,
    learn,
    load,
    measured,
    measured_rows,
    ours,
    printed_by,
    table_lines,
)

from skmusic.features.self_similarity import returning
from skmusic.metrics import compare_descriptors
from skmusic.metrics.analysis import FRAME_RATE, spectra
from skmusic.metrics.descriptors import onset_envelope

LENGTHS, N_PIECES, STARTS = (40, 60), 12, (0, 0.3, 0.6, 0.95)
SHOWN = {name: HEADS[name] for name in ("frechet_distance", "classifier_auc")} | {
    "beat_strength": "pulse",
    "pulse_likeness": "pulse alike",
    "loudness_range": "loudness range",
    "key_share": "in key",
    "chroma_drift_10s": "drift 10 s",
    "chroma_drift_20s": "drift 20 s",
    "recurrence": "recurrence",
    "bar_recurrence": "of a bar",
    "phrase_recurrence": "of a phrase",
    "repetition": "repetition",
    "share_1s": "copied 1 s",
    "longest_run": "longest copy",
}
# Seconds: of a window of pulse, and of its lags; of passages and the lags at which they
# return, for a bar and for a phrase.
PULSE, PERIODS = 8.0, (0.25, 1.5)
BAR, PHRASE = (1.0, 1.2, 4.0), (2.0, 6.0, 20.0)
MAJOR = np.isin(np.arange(12), [0, 2, 4, 5, 7, 9, 11])


def pulse_likeness(envelope):
    """Mean correlation of what pulses in windows of 8 s that follow each other."""
    n = round(PULSE * FRAME_RATE)
    first, last = (round(seconds * FRAME_RATE) for seconds in PERIODS)
    windows = envelope[: len(envelope) // n * n].reshape(-1, n)
    windows = windows - windows.mean(axis=1, keepdims=True)
    power = np.square(np.abs(np.fft.rfft(windows, 2 * n)))
    pulse = np.fft.irfft(power)[:, first:last]
    pulse = pulse - pulse.mean(axis=1, keepdims=True)
    pulse /= np.linalg.norm(pulse, axis=1, keepdims=True) + 1e-9
    return float((pulse[1:] * pulse[:-1]).sum(axis=1).mean())


def key_share(chroma):
    """Share of the pitch classes that are of the scale which holds the most of them."""
    mean = chroma.mean(axis=0)
    return float(max(mean @ np.roll(MAJOR, k) for k in range(12)))


def recurrence(log_mel, passage, nearest, farthest):
    """How like passages are to the most alike of those so many seconds before."""
    step = round(0.05 * FRAME_RATE)
    n, rate = len(log_mel) // step, FRAME_RATE / step
    levels = log_mel[: n * step].reshape(n, step, -1).mean(axis=1)
    size, first, last = (round(s * rate) for s in (passage, nearest, farthest))
    found = returning(np.diff(levels, axis=0), size, first, last)
    # At first there is little before.
    return float(found[last - first :].mean())


def form(clip):
    """What is not among the descriptors of `skmusic.metrics.describe`."""
    s = spectra(clip, SR)
    return {
        "pulse_likeness": pulse_likeness(onset_envelope(s.log_mel)),
        "key_share": key_share(s.chroma),
        "bar_recurrence": recurrence(s.log_mel, *BAR),
        "phrase_recurrence": recurrence(s.log_mel, *PHRASE),
    }


def judge(real, made, learnt):
    """All measures of clips."""
    found = measured(real, made, learnt)
    both = [[form(clip) for clip in each] for each in (real, made)]
    for name, each in compare_descriptors(*both).items():
        found[name], found["inside"][name] = each["generated"], each["inside"]
    return found


def rows(learnt, held, quick, seconds):
    """Name, and clips of so many seconds, of each row."""
    n = 2 if quick else N_PIECES
    seeds = clips(held, (0.1, 0.4, 0.7), HEARD)[:n]
    yield "real, unheard", clips(held, (0.15, 0.45, 0.8), seconds)[:n]
    yield "real, learnt", clips(learnt, (0.3, 0.7), seconds)[:n]
    yield "random grains of 2 s", grains(learnt, n, length=seconds)
    pipe = learn(learnt, 2048, quick)
    yield "skmusic", ours(pipe, seeds, seconds)


def measure(name, quick):
    """All rows of a corpus, by the seconds of a clip."""
    learnt, held = load(name, quick)
    lengths = (25, 28) if quick else LENGTHS
    made = list(rows(learnt, held, quick, lengths[-1]))
    found = {}
    for seconds in lengths:
        real = clips(held, STARTS, seconds)
        n = seconds * SR
        cut = ((row, [x[:n] for x in some]) for row, some in made)
        found[f"{seconds} s"] = measured_rows(cut, real, learnt, judge)
    return found


def markdown(tables):
    """Lines of all tables."""
    lines = ["# Form"]
    lines += printed_by("form.py", "Medians of twelve pieces; `random_state=0`.")
    lines += [
        "- Pulse alike: how like 8 s pulse to the next 8 s; 1 is the same.",
        "- In key: share of the pitch classes that are of one scale; by chance 0.58.",
        "- Recurrence: how like 2 s are to the most alike of those that began 4 to",
        "  40 s before; of a bar, 1 s and 1.2 to 4 s; of a phrase, 2 s and 6 to 20 s.",
    ]
    for name, found in tables.items():
        for seconds, table in found.items():
            lines += ["", f"## {name}, {seconds}", ""]
            lines += table_lines(table, list(SHOWN), SHOWN)
    return lines


if __name__ == "__main__":
    command(__doc__, "form", measure, markdown, CORPORA)
