"""How good is what skmusic composes: one command, one table, one contact sheet.

    .venv/bin/python benchmarks/quality.py            # all, some minutes
    .venv/bin/python benchmarks/quality.py --corpus songs --quick

Ten recordings are learned; eight clips of 20 s go on after ten seconds of five
others. Each row is held against real clips of those five. Writes quality.md,
quality.json and a contact sheet for each corpus into benchmarks/results.
"""

import argparse
import copy
import json
import os
import time
import warnings
from pathlib import Path

import numpy as np
from fetch_music import music, unheard
from ngrams import likelihoods, summary

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator
from skmusic import audio as sound
from skmusic.datasets import make_songs
from skmusic.metrics import describe, evaluate

SR, CLIP, HEARD = 44100, 20, 10
RESULTS = Path(__file__).resolve().parent / "results"
SHOWN = {
    "collapse_index": "collapse",
    "frechet_distance": "Fréchet",
    "classifier_auc": "AUC",
    "onset_rate": "onsets/s",
    "beat_strength": "beat",
    "polyphony": "polyphony",
    "chroma_change": "chroma change",
    "loudness_range": "loudness range",
    "chroma_drift_10s": "drift 10 s",
    "repetition": "repetition",
    "silence": "silence",
    "share_1s": "copied 1 s",
    "share_250ms": "copied 0.25 s",
    "longest_run": "longest copy",
}


def wesnoth():
    """Game music: ten tracks to learn, five never heard."""
    warnings.filterwarnings("ignore", message=".*damaged or cut off.*")
    return [
        [sound.read(path, sr=SR, channels=2)[0] for path in paths()]
        for paths in (music, unheard)
    ]


def songs():
    """Songs that the package composes: ten to learn, five never heard."""
    made = make_songs(15, 75.0, sr=SR, random_state=7).recordings
    return [made[:10], made[10:]]


def clips(recordings, starts, seconds):
    """Clips of each recording from each start, a share of its length."""
    n, found = int(seconds * SR), []
    for start in starts:
        for x in recordings:
            i = int(start * (len(x) - n))
            found.append(x[i : i + n])
    return found


def learn(learnt, N, **parameters):
    """Fitted pipeline, and the seconds it took."""
    begun = time.perf_counter()
    pipe = Pipeline(
        [FFTFeaturizer(N=N), StatefulLSTMGenerator(random_state=0, **parameters)]
    ).fit(learnt)
    return pipe, time.perf_counter() - begun


def ours(pipe, fit_seconds, seeds):
    """Clips of a fitted pipeline, and what it took."""
    begun = time.perf_counter()
    made = [pipe.sample(s, seconds=CLIP, random_state=i) for i, s in enumerate(seeds)]
    return made, {"fit_s": fit_seconds, "sample_s": time.perf_counter() - begun}


def without_network(pipe):
    """The pipeline with nothing to choose by but joins, mood and token frequency."""
    pipe = copy.deepcopy(pipe)
    generator = pipe[-1]
    network = generator.network_
    V, _ = network["head"]
    count = np.bincount(generator.bank_.tokens, minlength=V.shape[1]) + 1
    generator.network_ = {
        "layers": network["layers"],
        "head": (0 * V, np.log(count / count.sum()).astype(V.dtype)),
        "skip": tuple(0 * A for A in network["skip"]),
    }
    return pipe


def minutes(pipe, seed):
    """Whether ten minutes stay alive: the first of them, and the last."""
    made = pipe.sample(seed, seconds=600, random_state=0)
    both = [describe(x, SR) for x in (made[: 60 * SR], made[-60 * SR :])]
    return {
        name: tuple(round(d[name], 2) for d in both)
        for name in ("temporal_variance", "repetition", "silence")
    }


def article(learnt, seeds, epochs):
    """Clips of the article's network on the article's analysis."""
    begun = time.perf_counter()
    pipe = Pipeline(
        [
            FFTFeaturizer(
                N=256, hop_length=256, window="boxcar", factor=2 / 256, redundant=True
            ),
            StatefulLSTMGenerator(
                "regression", epochs=epochs, validation_fraction=0, random_state=0
            ),
        ]
    ).fit(learnt)
    fitted = time.perf_counter()
    made = [pipe.sample(s, seconds=CLIP) for s in seeds]
    return made, {"fit_s": fitted - begun, "sample_s": time.perf_counter() - fitted}


def grains(learnt, n_clips, seconds, rng):
    """Clips of real grains in random order, cross-faded."""
    n, fade = int(seconds * SR), 441
    ramp = np.linspace(0, 1, fade)[:, None]
    made = []
    for _ in range(n_clips):
        out = np.zeros((CLIP * SR + n + fade, 2), np.float32)
        for at in range(0, CLIP * SR, n):
            x = learnt[rng.integers(len(learnt))]
            i = rng.integers(len(x) - n - fade)
            grain = x[i : i + n + fade].copy()
            grain[:fade] *= ramp
            grain[-fade:] *= ramp[::-1]
            out[at : at + n + fade] += grain
        made.append(out[: CLIP * SR])
    return made


def rows(learnt, held, quick, notes):
    """Name, clips and costs of each row; what is no row goes into `notes`."""
    rng = np.random.default_rng(0)
    seeds = clips(held, (0.3, 0.6), HEARD)[:8]
    yield "real, unheard", clips(held, (0.25, 0.75), CLIP)[:8], {}
    yield "real, learnt (the ceiling)", clips(learnt, (0.45,), CLIP)[:8], {}
    loop = [np.tile(x[: SR // 4], (4 * CLIP, 1)) for x in clips(held, (0.5,), CLIP)]
    yield "a quarter second looped", loop * 2, {}
    pink = [np.cumsum(rng.standard_normal((CLIP * SR, 2)), axis=0) for _ in range(8)]
    yield "brown noise", [p / np.abs(p).max() for p in pink], {}
    yield "random grains of 0.4 s", grains(learnt, 8, 0.4, rng), {}
    yield "random grains of 2 s", grains(learnt, 8, 2.0, rng), {}
    yield "the article's method", *article(learnt, seeds, epochs=1 if quick else 3)
    fitted = learn(learnt, 2048)
    yield "skmusic, N=2048 (default)", *ours(*fitted, seeds)
    notes["nats"] = likelihoods(fitted[0], learnt, held)
    notes["first and last of ten minutes"] = minutes(fitted[0], seeds[0])
    yield (
        "the same joins, no network",
        *ours(without_network(fitted[0]), fitted[1], seeds),
    )
    yield "skmusic, N=256", *ours(*learn(learnt, 256), seeds)
    longer = learn(learnt, 2048, min_run=0.35, max_run=0.85)
    yield "skmusic, runs to 0.85 s", *ours(*longer, seeds)


def measure(name, corpus, quick):
    """All rows of a corpus, measured."""
    learnt, held = corpus
    reference = clips(held, (0.05, 0.45, 0.95), CLIP)
    table, notes = {}, {}
    for row, made, costs in rows(learnt, held, quick, notes):
        report = evaluate(reference, made, training=learnt, sr=SR)
        flat = {k: v for k, v in report.items() if k != "descriptors"}
        inside = {}
        for key, value in report["descriptors"].items():
            flat[key], inside[key] = value["generated"], bool(value["inside"])
        table[row] = {**flat, **costs, "inside": inside}
        print(name, row, {k: round(float(flat[k]), 2) for k in SHOWN}, flush=True)
        for i, clip in enumerate(made[:2]):
            path = RESULTS / "sound" / f"{name}-{row}-{i}.ogg"
            path.parent.mkdir(parents=True, exist_ok=True)
            sound.write(path, clip, SR)
        table[row]["clip"] = made[0]
    sheet(name, table)
    for values in table.values():
        del values["clip"]
    return {"table": table, **notes}


def sheet(name, table):
    """Contact sheet: the spectrogram of one clip of each row."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(len(table), 1, figsize=(9, 1.5 * len(table)))
    for axis, (row, values) in zip(axes, table.items(), strict=True):
        x = values["clip"].mean(axis=1) + 1e-9
        axis.specgram(x, NFFT=2048, Fs=SR, noverlap=1024, vmin=-140, cmap="magma")
        axis.set(ylim=(0, 8000), ylabel="Hz")
        axis.set_title(row, fontsize=8, loc="left")
    figure.tight_layout()
    figure.savefig(RESULTS / f"quality-{name}.png", dpi=60)


def markdown(tables, quick):
    """Tables of all corpora, an asterisk where a figure leaves the real range."""
    lines = [
        "# Quality",
        "",
        "Printed by `benchmarks/quality.py"
        + (" --quick" if quick else "")
        + f"` on {os.cpu_count()} cores; `random_state=0`.",
        "Medians of 8 clips of 20 s. An asterisk marks what lies outside the 5 to",
        "95 % range of real clips.",
    ]
    for name, found in tables.items():
        table = found["table"]
        lines += ["", f"## {name}", ""]
        within = next(iter(table.values()))["frechet_within"]
        lines += [f"Fréchet distance of the reference's halves: {within:.1f}.", ""]
        heads = [*SHOWN.values(), "fit s", "sample s"]
        lines += ["| | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
        for row, t in table.items():
            cells = [
                f"{t[k]:.2f}" + ("" if t["inside"].get(k, True) else "*") for k in SHOWN
            ]
            cells += [f"{t[k]:.1f}" if k in t else "" for k in ("fit_s", "sample_s")]
            lines.append(f"| {row} | " + " | ".join(cells) + " |")
        lines += ["", "The next token, on the unheard recordings:", ""]
        lines += summary(found["nats"])
        lines += ["", "Ten minutes sampled in one go, first and last minute:"]
        long = found["first and last of ten minutes"].items()
        lines.append("; ".join(f"{k.replace('_', ' ')} {a}, {b}" for k, (a, b) in long))
        lines[-1] += "."
    return "\n".join(lines) + "\n"


def main():
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--corpus", choices=["wesnoth", "songs"], action="append")
    parser.add_argument("--quick", action="store_true", help="train the article less")
    args = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    corpora = {"wesnoth": wesnoth, "songs": songs}
    tables = {
        name: measure(name, corpora[name](), args.quick)
        for name in args.corpus or corpora
    }
    (RESULTS / "quality.json").write_text(json.dumps(tables, indent=1))
    (RESULTS / "quality.md").write_text(markdown(tables, args.quick))
    print(markdown(tables, args.quick))


if __name__ == "__main__":
    main()
