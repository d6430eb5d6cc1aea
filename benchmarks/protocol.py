"""What the benchmarks of music share: corpora, clips, models, controls, tables.

Ten recordings are learned, and pieces go on after ten seconds of five others. Pieces,
and real clips as long, are held against real clips of those five.
"""

import argparse
import json
import os
import time
import warnings
from pathlib import Path

import numpy as np
from fetch_music import (
    HYPERROGUE,
    NEXUIZ,
    SINGULARITY,
    WARZONE,
    WESNOTH,
    music,
    unheard,
)

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator, audio
from skmusic.datasets import make_songs
from skmusic.metrics import evaluate

SR, HEARD, CLIP, N_CLIPS = 44100, 10, 20, 24
RESULTS = Path(__file__).resolve().parent / "results"
# Corpora of the tables: songs that the package makes, and the music of three games.
CORPORA = "wesnoth", "warzone", "hyperrogue", "songs"
PACKAGES = {
    "wesnoth": WESNOTH,
    "warzone": WARZONE,
    "hyperrogue": HYPERROGUE,
    "singularity": SINGULARITY,
    "nexuiz": NEXUIZ,
}
# Seconds of each recording that are used, of those that are long.
_LONGEST = {"warzone": 240, "singularity": 240, "nexuiz": 240}
HEADS = {
    "collapse_index": "collapse",
    "frechet_distance": "Fréchet",
    "classifier_auc": "AUC",
    "onset_rate": "onsets/s",
    "beat_strength": "beat",
    "polyphony": "polyphony",
    "chroma_change": "chroma change",
    "spectral_flux": "flux",
    "attack": "attack",
    "crest": "crest",
    "loudness_range": "loudness range",
    "chroma_drift_10s": "drift 10 s",
    "recurrence": "recurrence",
    "repetition": "repetition",
    "stereo_width": "width",
    "silence": "silence",
    "share_1s": "copied 1 s",
    "share_250ms": "copied 0.25 s",
    "longest_run": "longest copy",
    "outside": "outside",
}


def load(corpus, quick=False):
    """Recordings to learn from, and those never heard.

    Parameters
    ----------
    corpus : str
        "songs" or a name of `PACKAGES`.
    quick : bool
        Half a minute of two of each, to try a script.

    Returns
    -------
    learnt, held : list of ndarray of shape (n_samples, 2)
    """
    if corpus == "songs":
        n, seconds = (2, 30.0) if quick else (10, 75.0)
        made = make_songs(4 if quick else 15, seconds, sr=SR, random_state=7)
        return made.recordings[:n], made.recordings[n:]
    n = 2 if quick else None
    longest = 30 if quick else _LONGEST.get(corpus, 3600)
    paths = [find(n, package=PACKAGES[corpus]) for find in (music, unheard)]
    warnings.filterwarnings("ignore", message=".*damaged or cut off.*")
    return [
        [audio.read(path, sr=SR, channels=2)[0][: longest * SR] for path in each]
        for each in paths
    ]


def clips(recordings, starts, seconds):
    """Clips of each recording from each start, a share of what is before its last."""
    n, found = int(seconds * SR), []
    for start in starts:
        for x in recordings:
            if len(x) >= n:
                i = int(start * (len(x) - n))
                found.append(x[i : i + n])
    return found


def reference(held):
    """Real clips that every row is held against."""
    return clips(held, (0.05, 0.45, 0.95), CLIP)


def real_clips(held, quick=False):
    """Other real clips of the same recordings."""
    return clips(held, (0.2, 0.3, 0.6, 0.7, 0.8), CLIP)[: 2 if quick else N_CLIPS]


def seeds_of(held, quick=False):
    """What pieces go on after."""
    return clips(held, (0.1, 0.3, 0.5, 0.7, 0.9), HEARD)[: 2 if quick else N_CLIPS]


# --- models


def learn(learnt, N, quick=False, random_state=0, **parameters):
    """Fitted pipeline; with `quick` it hardly learns."""
    if quick:
        parameters = {"epochs": 1, "hidden_layer_sizes": 16, **parameters}
    generator = StatefulLSTMGenerator(random_state=random_state, **parameters)
    return Pipeline([FFTFeaturizer(N=N, sr=SR), generator]).fit(learnt)


def ours(pipe, seeds, seconds=CLIP, random_state=0):
    """Pieces of a fitted pipeline."""
    return [
        pipe.sample(seed, seconds=seconds, random_state=1000 * random_state + i)
        for i, seed in enumerate(seeds)
    ]


def article(learnt, seeds, epochs, seconds=300.0):
    """Clips of the article's method; so long it may train at most."""
    begun = time.perf_counter()

    def stop(record):
        if time.perf_counter() - begun > seconds:
            raise KeyboardInterrupt

    featurizer = FFTFeaturizer(256, 256, "boxcar", factor=2 / 256, redundant=True)
    generator = StatefulLSTMGenerator(
        "regression",
        epochs=epochs,
        validation_fraction=0,
        callbacks=[stop],
        random_state=0,
    )
    pipe = Pipeline([featurizer, generator]).fit(learnt)
    return ours(pipe, seeds)


# --- what is no music, to calibrate by


def looped(recordings, seconds=0.25):
    """Clips of one grain of each recording, over and over."""
    n = int(seconds * SR)
    return [np.tile(x[:n], (int(CLIP / seconds), 1)) for x in recordings]


def pink_noise(n_clips):
    """Clips of noise whose power falls as frequency rises."""
    rng, n = np.random.default_rng(0), CLIP * SR
    spectrum = np.fft.rfft(rng.standard_normal((n_clips, n, 2)), axis=1)
    frequency = np.arange(spectrum.shape[1]).clip(20 * CLIP)
    x = np.fft.irfft(spectrum / np.sqrt(frequency[:, None]), n, axis=1)
    return [(0.2 * y / y.std()).astype(np.float32) for y in x]


def grains(learnt, n_clips, seconds=2.0, length=CLIP):
    """Clips of real grains in random order, cross-faded."""
    rng, n = np.random.default_rng(0), int(seconds * SR)
    fade = min(441, n // 4)
    ramp, made = np.linspace(0, 1, fade)[:, None], []
    for _ in range(n_clips):
        out = np.zeros((length * SR + n + fade, 2), np.float32)
        for at in range(0, length * SR, n):
            x = learnt[rng.integers(len(learnt))]
            i = rng.integers(len(x) - n - fade)
            grain = x[i : i + n + fade].copy()
            grain[:fade] *= ramp
            grain[-fade:] *= ramp[::-1]
            out[at : at + n + fade] += grain
        made.append(out[: length * SR])
    return made


# --- tables


def measured(real, made, learnt):
    """All measures of clips, by name.

    ``inside`` tells which are within 5 and 95 % of the real clips, and ``outside`` how
    many are not.
    """
    report = evaluate(real, made, training=learnt, sr=SR)
    found = report.pop("descriptors")
    inside = {name: bool(each["inside"]) for name, each in found.items()}
    values = report | {name: each["generated"] for name, each in found.items()}
    values = {name: float(value) for name, value in values.items()}
    return values | {"outside": sum(not x for x in inside.values()), "inside": inside}


def measured_rows(rows, real, learnt, judge=measured):
    """The same of rows: names and clips, told as they come."""
    table = {}
    for row, made in rows:
        table[row] = judge(real, made, learnt)
        told = {k: round(v, 3) for k, v in table[row].items() if k in HEADS}
        print(row, told, flush=True)
    return table


def cell(found, name):
    """A measure of a row; an asterisk is outside the range of real clips."""
    if name not in found:
        return ""
    form = ".0f" if name == "outside" else ".2f"
    return format(found[name], form) + "*" * (not found["inside"].get(name, True))


def table_lines(table, names, heads=HEADS, cell=cell):
    """Lines of a table of rows."""
    lines = ["| | " + " | ".join(heads[name] for name in names) + " |"]
    lines.append("|---" * (len(names) + 1) + "|")
    for row, found in table.items():
        cells = (cell(found, name) for name in names)
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return lines


def printed_by(script, what):
    """Lines under the title of a table."""
    return [
        "",
        f"Printed by `benchmarks/{script}` on {os.cpu_count()} cores.",
        what,
        "An asterisk marks what lies outside the 5 to 95 % range of real clips.",
        "",
    ]


def arguments(doc):
    """Parser of what all these scripts take."""
    parser = argparse.ArgumentParser(description=doc.split("\n")[0])
    parser.add_argument("--corpus", choices=["songs", *PACKAGES], action="append")
    parser.add_argument("--quick", action="store_true", help="try it; writes nothing")
    return parser


def command(doc, name, measure, markdown, corpora=CORPORA):
    """Measure those corpora that are asked for; of others what was found stands.

    Parameters
    ----------
    doc : str
        Of the script.
    name : str
        Of the files in `RESULTS`.
    measure : callable
        Takes the name of a corpus and `quick`; returns what is found.
    markdown : callable
        Makes lines of what is found of all corpora.
    """
    args = arguments(doc).parse_args()
    found = {each: measure(each, args.quick) for each in args.corpus or corpora}
    write(name, markdown, printed(name, args.quick) | found, args.quick)


def printed(name, quick=False):
    """What a script has found before, by corpus; nothing with `quick`."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() and not quick else {}


def write(name, markdown, found, quick=False):
    """Write what was found, and its tables beside it; with `quick` print these."""
    found = {each: found[each] for each in (*CORPORA, *found) if each in found}
    text = "\n".join(markdown(found)) + "\n"
    if quick:
        print(text)
        return
    (RESULTS / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")
    (RESULTS / f"{name}.md").write_text(text)
