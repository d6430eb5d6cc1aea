"""How good is what skmusic composes: one command, one table, one contact sheet.

    .venv/bin/python benchmarks/quality.py            # all, some minutes
    .venv/bin/python benchmarks/quality.py --corpus songs --quick

Ten recordings are learned; eight clips of 20 s go on after ten seconds of five
others. Each row is held against real clips of those five. Writes quality.md,
quality.json and a contact sheet for each corpus into benchmarks/results.
"""

import argparse
import json
import os
import time
import warnings
from pathlib import Path

import controls
import numpy as np
from controls import CLIP, SR
from fetch_music import HYPERROGUE, WARZONE, music, unheard
from ngrams import likelihoods, summary

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator
from skmusic import audio as sound
from skmusic.datasets import make_songs
from skmusic.metrics import evaluate
from skmusic.metrics.descriptors import describe

HEARD = 10
RESULTS = Path(__file__).resolve().parent / "results"
SHOWN = {
    "collapse_index": "collapse",
    "frechet_distance": "Fréchet",
    "classifier_auc": "AUC",
    "onset_rate": "onsets/s",
    "beat_strength": "beat",
    "polyphony": "polyphony",
    "chroma_change": "chroma change",
    "attack": "attack",
    "crest": "crest",
    "loudness_range": "loudness range",
    "chroma_drift_10s": "drift 10 s",
    "repetition": "repetition",
    "silence": "silence",
    "share_1s": "copied 1 s",
    "share_250ms": "copied 0.25 s",
    "longest_run": "longest copy",
}
# What the tables of other benchmarks begin with.
FIRST = tuple(SHOWN)[: list(SHOWN).index("polyphony") + 1]
# At the head of a table, of other benchmarks too.
HEADS = SHOWN | {
    "spectral_flux": "flux",
    "recurrence": "recurrence",
    "stereo_width": "width",
    "centroid": "centroid",
    "chroma_drift_5s": "drift 5 s",
    "loudness": "loudness",
}


def headed(*measures):
    """Measures of a table, and their heads."""
    return {key: HEADS[key] for key in measures}


def wesnoth():
    """Game music: ten tracks to learn, five never heard."""
    warnings.filterwarnings("ignore", message=".*damaged or cut off.*")
    return _read(music(), unheard())


def warzone():
    """Music of another game, electronic: four minutes of each track."""
    both = _read(music(package=WARZONE), unheard(package=WARZONE))
    return [[x[: 240 * SR] for x in recordings] for recordings in both]


def hyperrogue():
    """Music of a third game, much of it loops: a minute or two of each track."""
    return _read(music(package=HYPERROGUE), unheard(package=HYPERROGUE))


def _read(*both):
    return [[sound.read(p, sr=SR, channels=2)[0] for p in paths] for paths in both]


def songs():
    """Songs that the package composes: ten to learn, five never heard."""
    made = make_songs(15, 75.0, sr=SR, random_state=7).recordings
    return [made[:10], made[10:]]


CORPORA = {
    "wesnoth": wesnoth,
    "warzone": warzone,
    "hyperrogue": hyperrogue,
    "songs": songs,
}


def clips(recordings, starts, seconds):
    """Clips of each recording from each start, a share of its length."""
    n, found = int(seconds * SR), []
    for start in starts:
        for x in recordings:
            i = int(start * (len(x) - n))
            found.append(x[i : i + n])
    return found


def reference(held):
    """Real clips that every row is held against."""
    return clips(held, (0.05, 0.45, 0.95), CLIP)


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


def minutes(pipe, seed):
    """Whether ten minutes stay alive: the first of them, and the last."""
    made = pipe.sample(seed, seconds=600, random_state=0)
    both = [describe(x, SR) for x in (made[: 60 * SR], made[-60 * SR :])]
    return {
        name: tuple(round(d[name], 2) for d in both)
        for name in ("temporal_variance", "repetition", "silence")
    }


def rows(learnt, held, quick, notes):
    """Name, clips and costs of each row; what is no row goes into `notes`."""
    rng = np.random.default_rng(0)
    seeds = clips(held, (0.3, 0.6), HEARD)[:8]
    real = clips(held, (0.25, 0.75), CLIP)[:8]
    yield "real, unheard", real, {}
    yield "real, learnt (the ceiling)", clips(learnt, (0.45,), CLIP)[:8], {}
    yield "real, unheard, below 1 kHz", controls.low_passed(real), {}
    yield "a quarter second looped", controls.looped(real), {}
    yield "white noise", controls.noise(8, 0, rng), {}
    yield "pink noise", controls.noise(8, 1, rng), {}
    yield "a tone", controls.tones(8), {}
    yield "silence", controls.silence(8), {}
    for seconds in (0.05, 0.5, 2.0):
        made = controls.grains(learnt, 8, seconds, rng)
        yield f"random grains of {seconds:g} s", made, {}
    # Without --quick the article may train for as long as all else is allowed to.
    made = controls.article(learnt, seeds, epochs=1 if quick else 1000)
    yield "the article's method", *made
    fitted = learn(learnt, 2048)
    yield "skmusic, N=2048 (default)", *ours(*fitted, seeds)
    notes["nats"] = likelihoods(fitted[0], learnt, held)
    notes["first and last of ten minutes"] = minutes(fitted[0], seeds[0])
    with controls.bigrams_in_its_place(fitted[0], learnt):
        made = ours(*fitted, seeds)
    yield "the same joins, bigrams", *made
    without = controls.without_network(fitted[0])
    yield "the same joins, no network", *ours(without, fitted[1], seeds)
    yield "skmusic, N=256", *ours(*learn(learnt, 256), seeds)
    longer = learn(learnt, 2048, min_run=0.35, max_run=0.85)
    yield "skmusic, runs to 0.85 s", *ours(*longer, seeds)
    spectra = learn(learnt, 2048, emission="spectra")
    yield 'skmusic, emission="spectra"', *ours(*spectra, seeds)


def measure(name, corpus, quick):
    """All rows of a corpus, measured."""
    learnt, held = corpus
    real = reference(held)
    table, notes = {}, {}
    for row, made, costs in rows(learnt, held, quick, notes):
        report = evaluate(real, made, training=learnt, sr=SR)
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
    """Contact sheet: waveform, spectrogram and chromagram of one clip of each row."""
    import matplotlib

    matplotlib.use("Agg")
    import librosa
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        len(table), 3, figsize=(15, 1.4 * len(table)), width_ratios=(2, 4, 3)
    )
    for row_axes, (row, values) in zip(axes, table.items(), strict=True):
        x = values["clip"].mean(axis=1) + 1e-9
        wave, spectrogram, chromagram = row_axes
        wave.plot(np.arange(len(x))[::50] / SR, x[::50], linewidth=0.3)
        wave.set(xlim=(0, CLIP), ylim=(-1, 1))
        spectrogram.specgram(x, NFFT=2048, Fs=SR, noverlap=1024, vmin=-140)
        spectrogram.set(ylim=(0, 8000), ylabel="Hz")
        chroma = librosa.feature.chroma_stft(y=x, sr=SR, hop_length=2048)
        extent = (0, CLIP, -0.5, 11.5)
        chromagram.imshow(chroma, aspect="auto", origin="lower", extent=extent)
        chromagram.set(yticks=(0, 4, 7), yticklabels="CEG")
        wave.set_title(row, fontsize=8, loc="left")
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


def judged(real, made, learnt, shown, sr=SR):
    """What is shown of clips: numbers, and whether they are those of real ones."""
    report = evaluate(real, made, training=learnt, sr=sr)
    found = {k: {"generated": report.get(k), "inside": True} for k in shown}
    found |= {k: v for k, v in report["descriptors"].items() if k in shown}
    return {k: (float(v["generated"]), bool(v["inside"])) for k, v in found.items()}


def judged_rows(rows, real, learnt, shown):
    """The same of rows, names and clips, printed as they come."""
    table = {}
    for row, made in rows:
        table[row] = judged(real, made, learnt, shown)
        print(row, {k: round(v, 3) for k, (v, _) in table[row].items()}, flush=True)
    return table


def judgements(tables, shown, form=".4g"):
    """Lines of a table for each of some corpora, of rows that were `judged`."""
    lines = []
    for name, table in tables.items():
        lines += ["", f"## {name}", "", "| | " + " | ".join(shown.values()) + " |"]
        lines.append("|---" * (len(shown) + 1) + "|")
        for row, found in table.items():
            each = (found[key] for key in shown)
            cells = [f"{x:{form}}{'' if inside else '*'}" for x, inside in each]
            lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return lines


def written(name, measured, order=tuple(CORPORA)):
    """Tables of all corpora: of others what an earlier run found stands."""
    found = RESULTS / f"{name}.json"
    both = (json.loads(found.read_text()) if found.exists() else {}) | measured
    tables = {corpus: both[corpus] for corpus in order if corpus in both}
    found.write_text(json.dumps(tables, indent=1))
    return tables


def command(doc, name, measure, markdown, kinds=CORPORA, option="--corpus", usual=None):
    """Measure those kinds that are asked for, or the usual ones, and write."""
    parser = argparse.ArgumentParser(description=doc.split("\n")[0])
    parser.add_argument(option, choices=list(kinds), action="append", dest="asked")
    asked = parser.parse_args().asked or usual or kinds
    RESULTS.mkdir(exist_ok=True)
    measured = {kind: measure(kind) for kind in asked}
    tables = written(name, measured, kinds)
    (RESULTS / f"{name}.md").write_text(markdown(tables))


def main():
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--corpus", choices=list(CORPORA), action="append")
    parser.add_argument("--quick", action="store_true", help="train the article less")
    args = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    measured = {
        name: measure(name, CORPORA[name](), args.quick)
        for name in args.corpus or CORPORA
    }
    tables = written("quality", measured)
    (RESULTS / "quality.md").write_text(markdown(tables, args.quick))
    print(markdown(tables, args.quick))


if __name__ == "__main__":
    main()
