"""How fast skmusic is, beside others, on this machine: one command, one table.

    .venv/bin/pip install -e ".[benchmark]"
    .venv/bin/python benchmarks/speed.py             # all, about ten minutes
    .venv/bin/python benchmarks/speed.py --quick     # less music, three minutes
    .venv/bin/python benchmarks/speed.py --only imports,featurizing

Each section runs in a process of its own, what is measured once in further ones.
Opponents take turns with ours, round by round; a ratio is the median of those of the
rounds. Writes speed.md and speed.json into benchmarks/results.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import numpy as np
from fetch_music import FOLDER, music
from measuring import ROOT, Race, peak, python, row, seconds, slope

sys.path.insert(0, str(ROOT))
RESULTS = Path(__file__).resolve().parent / "results"
SR, CORES = 44100, os.cpu_count()
STEP = 1024 / SR  # seconds of a step at default settings


# --- music


def length(paths):
    """Minutes of recordings."""
    from skmusic import audio

    return sum(audio.info(path)["seconds"] for path in paths) / 60


def corpus(minutes):
    """Paths of about so many minutes of music, the first the same in all."""
    # These two make 38 minutes of the ten that benchmarks learn from.
    paths = [*music(), FOLDER / "northern_mountains.ogg", FOLDER / "victory2.ogg"]
    paths += [FOLDER / "silvan_sanctuary.ogg"]
    each = [length([path]) for path in paths]
    n = int(np.argmin(np.abs(np.cumsum(each) - minutes))) + 1
    return list(map(str, paths[:n]))


# --- sections: each yields rows


def imports(quick, model):
    """Import time beside scikit-learn's, of whole processes."""
    names = "FFTFeaturizer, Pipeline, StatefulLSTMGenerator"
    code = {
        "sklearn": "import sklearn",
        "skmusic": "import skmusic",
        "names": f"from skmusic import {names}",
        "theirs": "import sklearn.pipeline, sklearn.decomposition, sklearn.cluster",
    }
    race = Race(
        {k: lambda c=c: python("-c", c) for k, c in code.items()}, 3 if quick else 9
    )
    ms = {name: 1000 * race.wall(name) for name in code}
    yield row(
        "`import skmusic`, more than `import sklearn`",
        f"{ms['skmusic'] - ms['sklearn']:+.0f} ms",
        "at most 50 ms",
        ms["skmusic"] - ms["sklearn"] <= 50,
        f"{ms['skmusic']:.0f} and {ms['sklearn']:.0f} ms; what it offers is loaded at "
        "first use",
    )
    yield row(
        "importing featurizer, generator and pipeline",
        f"{ms['names']:.0f} ms",
        note=f"sklearn's pipeline, decomposition and cluster: {ms['theirs']:.0f} ms",
    )


def featurizing(quick, model):
    """Arrays and files to frames, and back."""
    from opponents import fft_opponents

    from skmusic import FFTFeaturizer
    from skmusic.spectra import analysis_window

    x = np.random.default_rng(0).standard_normal((60 * SR, 2), np.float32)
    for N in (2048, 256):
        featurizer = FFTFeaturizer(N=N).fit([x])
        frames = featurizer.transform([x])
        ours = (
            lambda f=featurizer: f.transform([x]),
            lambda f=featurizer, y=frames: f.inverse_transform(y),
        )
        w = analysis_window("hann", N).astype(np.float32)
        others = fft_opponents(np.ascontiguousarray(x.T), w)
        for k, (way, name) in enumerate((("to frames", "rfft"), ("back", "irfft"))):
            runs = {"ours": ours[k]} | {key: f[k] for key, f in others.items()}
            race = Race(runs, 5 if quick else 15)
            bare = race.ratio("bare rfft", "ours")
            yield row(
                f"`N={N}`, array {way}, over a bare `scipy.fft.{name}` of windows",
                f"{bare:.2f}",
                "at least 0.8",
                bare >= 0.8,
                f"{60 / race.wall('ours'):.0f} x real time on one thread; "
                f"by CPU time {race.ratio('bare rfft', 'ours', cpu=True):.2f}",
            )
            theirs = race.ratio("librosa", "ours")
            yield row(
                f"`N={N}`, array {way}, over librosa",
                f"{theirs:.2f}",
                "above 1",
                theirs > 1,
                f"over `ShortTimeFFT` {race.ratio('ShortTimeFFT', 'ours'):.1f}",
            )
            share = task("memory_of_frames", N, bool(k))["share"]
            yield row(
                f"`N={N}`, array {way}, memory over the size of the output",
                f"{share:.2f}",
                "at most 2.2",
                share <= 2.2,
                "peak less what was in use before",
            )
    yield from _files(quick)


def _files(quick):
    from opponents import decode

    from skmusic import FFTFeaturizer, audio

    paths = corpus(8 if quick else 38)
    with tempfile.TemporaryDirectory() as folder:
        mp3 = [str(Path(folder) / f"{Path(p).stem}.mp3") for p in paths]
        with ThreadPoolExecutor(CORES) as pool:
            list(pool.map(lambda p, q: audio.write(q, *audio.read(p)), paths, mp3))
        for kind, files, sr in (
            ("ogg", paths, SR),
            ("ogg, resampled to 48 kHz", paths, 48000),
            ("mp3", mp3, SR),
        ):
            featurizer = FFTFeaturizer(sr=sr).fit(files)
            race = Race(
                {
                    "ours": lambda f=featurizer, p=files: f.transform(p),
                    "decode": lambda p=files, sr=sr: decode(p, sr, CORES),
                },
                3,
            )
            r = race.ratio("ours", "decode")
            yield row(
                f"{length(files):.0f} minutes of {kind} to frames, over decoding and "
                "resampling alone",
                f"{r:.2f}",
                "at most 1.2",
                r <= 1.2,
                f"{race.wall('ours'):.2f} s, {CORES} threads; by CPU time "
                f"{race.ratio('ours', 'decode', cpu=True):.2f}",
            )


def training(quick, model):
    """Audio seconds learned per second, and where the time goes."""
    from opponents import Article

    from skmusic import FFTFeaturizer, StatefulLSTMGenerator, audio

    paths = corpus(15 if quick else 38)
    clips = [audio.read(p, sr=SR, channels=2)[0][30 * SR : 45 * SR] for p in paths[:2]]
    old = FFTFeaturizer(256, 256, "boxcar", factor=2 / 256, redundant=True)
    old = old.fit_transform(clips)
    article = Article()
    stamps = []
    generator = StatefulLSTMGenerator(
        epochs=4 if quick else 6,
        n_iter_no_change=99,
        random_state=0,
        callbacks=[lambda record: stamps.append(time.perf_counter())],
    )
    frames = FFTFeaturizer().fit(paths).transform(paths)
    whole = seconds(lambda: generator.fit(frames))
    learned = sum(map(len, frames)) * STEP * (1 - generator.validation_fraction)
    ours = learned / float(np.median(np.diff(stamps)))
    article.fit(old)
    theirs = 30 / np.median([seconds(lambda: article.fit(old)) for _ in range(3)])
    yield row(
        "audio seconds learned per second, over the article's loop",
        f"{ours / theirs:.0f}",
        "at least 20",
        ours >= 20 * theirs,
        f"one pass: {ours:.0f} and {theirs:.1f} x real time; ours with its held-out "
        f"music; the whole fit of {learned / 60:.0f} min took {whole:.0f} s",
    )
    article.sample(old[0], 64)
    made = seconds(lambda: article.sample(old[0], 640))
    yield row(
        "the article's sampling, one `predict` a step",
        f"{640 * 256 / SR / made:.1f} x real time",
        note="each gives 32 frames",
    )
    yield from _network(quick, generator, ours)


def _network(quick, generator, ours):
    """The network beside plain Keras and the machine's matrix product."""
    from opponents import keras_network, keras_recurrent, lstm_flops, sgemm

    layers = generator.network_["layers"]
    units, n_inputs = tuple(len(U) for _, U, _ in layers), len(layers[0][0])
    n_outputs = len(generator.network_["head"][1])
    streams, steps = generator.n_streams, generator.chunk_length
    rng = np.random.default_rng(0)
    n = streams * (8 if quick else 24)
    x = rng.standard_normal((n, steps, n_inputs), np.float32)
    y = rng.integers(0, n_outputs, (n, steps))
    plain = keras_network(n_inputs, n_outputs, units, 0.5)
    passes = Race(
        {"keras": lambda: plain.fit(x, y, batch_size=streams, epochs=1, verbose=0)}, 3
    )
    theirs = n * steps * STEP / passes.wall("keras")
    yield row(
        "audio seconds learned per second, over plain Keras `fit` of chunks",
        f"{ours / theirs:.2f}",
        note=f"{theirs:.0f} x real time; it carries no state and holds nothing out",
    )
    recurrent = keras_recurrent(units, x[:streams])
    alone = Race({"keras": recurrent}, 10 if quick else 40).wall("keras")
    openblas, tensorflow = sgemm()
    limit = max(openblas, tensorflow)
    rate = 3 * streams * steps * lstm_flops(units, n_inputs) / alone / 1e9
    block = f"{streams} streams, {steps} steps, units {units}"
    yield row(
        f"recurrent part ({block}), over plain `keras.layers.LSTM`",
        "1",
        "at least 1.4",
        False,
        "it is that layer: nothing written here on top of TensorFlow was faster",
    )
    yield row(
        "recurrent part, share of the machine's `sgemm`",
        f"{rate / limit:.2f}",
        "at least 0.5",
        rate >= limit / 2,
        f"{rate:.0f} GFLOP/s of {tensorflow:.0f} (TensorFlow's; OpenBLAS's "
        f"{openblas:.0f})",
    )
    flops = 3 * lstm_flops(units, n_inputs, n_outputs, n_inputs)
    rate = flops * ours / STEP / 1e9
    share = alone / (streams * steps) / (STEP / ours)
    yield row(
        "whole training, share of the machine's `sgemm`",
        f"{rate / limit:.2f}",
        "at least 0.5",
        rate >= limit / 2,
        f"{rate:.0f} GFLOP/s; {100 * share:.0f} % of the time goes into the recurrent "
        "part, the rest into softmax, noise, dropout, Adam, batches, what is held out",
    )


def composing(quick, model):
    """The whole command, from files to music; its model serves the next sections."""
    files = corpus(8 if quick else 38)
    out = Path(model).with_suffix(".wav")
    run = python(
        *("-m", "skmusic", "compose", *files, "--seconds", 30, "--pieces", 1),
        *("--random-state", 0, "--quiet", "--save", model, "-o", out),
    )
    yield row(
        f"`skmusic compose`, {length(files):.0f} minutes of ogg to 30 s of music",
        f"{run.wall:.0f} s",
        "under 300 s",
        run.wall < 300,
        f"{run.cpu:.0f} s of CPU, {run.peak / 1000:.1f} GB at most, default settings",
    )


def sampling(quick, model):
    """Playing a saved model."""
    if not Path(model).exists():
        for _ in composing(True, model):
            pass
    runs = [task("play", model) for _ in range(3 if quick else 7)]
    load, checked, first, ready = (
        float(np.median([run[key] for run in runs]))
        for key in ("load", "checked", "first", "import")
    )
    yield row(
        "loading a fitted model, `.skmusic`, every array checked",
        f"{checked:.2f} s",
        "under 0.2 s",
        checked < 0.2,
        "written just before",
    )
    yield row(
        "loading a fitted model, `.joblib`",
        f"{load:.2f} s",
        "under 0.2 s",
        load < 0.2,
        f"{Path(model).stat().st_size / 1e6:.0f} MB; importing what it needs took "
        f"{ready:.2f} s before",
    )
    yield row(
        "first sound after loading",
        f"{1000 * first:.0f} ms",
        "under 300 ms",
        first < 0.3,
        "the first block of `Pipeline.stream`, in a new process",
    )
    times = task("pieces", model, 30, 3 if quick else 9)
    yield row(
        "one piece of 30 s, 44.1 kHz stereo, times real time",
        f"{30 / times['one']:.0f}",
        "at least 100",
        30 / times["one"] >= 100,
        f"{1000 * times['one']:.0f} ms, the wav file written",
    )
    yield row(
        "eight pieces at once, over one",
        f"{times['eight'] / times['one']:.2f}",
        "below 3",
        times["eight"] < 3 * times["one"],
        f"{1000 * times['eight']:.0f} ms",
    )
    with tempfile.TemporaryDirectory() as folder:
        command = ["-m", "skmusic", "sample", model, "--seconds", 30, "--quiet"]
        commands = {
            n: lambda n=n: python(*command, "--pieces", n, "-o", f"{folder}/{n}.wav")
            for n in (1, 8)
        }
        race = Race(commands, 3 if quick else 7)
        code = "import sys; from skmusic.cli import main; main(sys.argv[1:]); "
        code += "print('tensorflow' in sys.modules)"
        out = ("--pieces", 1, "-o", f"{folder}/0.wav")
        heavy = python("-c", code, *command[2:], *out).text.strip()
    yield row(
        "`skmusic sample model.joblib --seconds 30`, whole process",
        f"{race.wall(1):.2f} s",
        "under 3 s",
        race.wall(1) < 3 and heavy == "False",
        f"TensorFlow imported: {heavy}",
    )
    yield row(
        "the same with `--pieces 8`, over one",
        f"{race.ratio(8, 1):.2f}",
        "below 3",
        race.ratio(8, 1) < 3,
        f"{race.wall(8):.2f} s",
    )


def scaling(quick, model):
    """Cost of more music, learned and made."""
    if not Path(model).exists():
        for _ in composing(True, model):
            pass
    epochs = 2 if quick else 3
    sizes = (4, 8, 16) if quick else (10, 20, 40)
    found = [(length(p), task("fit", p, epochs)) for p in map(corpus, sizes)]
    yield from _growth(f"fitting ({epochs} epochs)", "corpus", found)
    sizes = (0.5, 2, 8) if quick else (1, 10, 60)
    for kind in ("sample", "stream"):
        found = [(m, task("make", model, 60 * m, kind)) for m in sizes]
        yield from _growth(f"`Pipeline.{kind}`", "output", found)


def _growth(what, of, found):
    minutes = [m for m, _ in found]
    sizes = ", ".join(f"{m:.3g}" for m in minutes)
    for key, unit in (("seconds", "s"), ("megabytes", "MB")):
        values = [each[key] for _, each in found]
        power = slope(minutes, values)
        listed = ", ".join(f"{v:.{int(key == 'seconds')}f}" for v in values)
        yield row(
            f"{what}, {key} for {sizes} minutes of {of}",
            f"{listed} {unit}",
            "linear: slope at most 1.1",
            power <= 1.1,
            f"slope {power:.2f}" + (", above the first import" if unit == "MB" else ""),
        )


# --- tasks: what is measured in a process of its own


def memory_of_frames(N, back):
    """Memory of one transform over the size of its output."""
    from skmusic import FFTFeaturizer

    featurizer = FFTFeaturizer(N=N).fit([np.zeros((N, 2), np.float32)])
    featurizer.inverse_transform(featurizer.transform([np.zeros((N, 2), np.float32)]))
    n = 180 * SR
    if back:
        shape = (featurizer.count_frames(n), featurizer.n_dims_)
        x, transform = np.ones(shape, np.float32), featurizer.inverse_transform
    else:
        x, transform = np.ones((n, 2), np.float32), featurizer.transform
    before = peak()
    (y,) = transform([x])
    return {"share": (peak() - before) * 1e6 / y.nbytes}


def play(model):
    """Seconds to import what a model needs, to load it, and to its first sound."""
    begun = time.perf_counter()
    import skmusic

    names = ("joblib", "skmusic.featurizer", "skmusic.generator", "skmusic.pipeline")
    joblib, *_ = map(import_module, names)
    imported = time.perf_counter()
    pipe = joblib.load(model)
    loaded = time.perf_counter()
    next(iter(pipe.stream(None, seconds=30, random_state=0)))
    played = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.skmusic"
        skmusic.save(pipe, path)
        checked = seconds(lambda: skmusic.load(path))
    return {
        "import": imported - begun,
        "load": loaded - imported,
        "first": played - loaded,
        "checked": checked,
    }


def pieces(model, length, rounds):
    """Seconds to make and write one piece, and eight."""
    import joblib

    from skmusic import audio

    pipe = joblib.load(model)

    def make(folder, n):
        music = pipe.sample([None] * n, seconds=length, random_state=n)
        paths = [f"{folder}/{i}.wav" for i in range(n)]
        with ThreadPoolExecutor(CORES) as pool:
            list(pool.map(lambda path, x: audio.write(path, x, SR), paths, music))

    with tempfile.TemporaryDirectory() as folder:
        runs = {"one": lambda: make(folder, 1), "eight": lambda: make(folder, 8)}
        race = Race(runs, rounds)
    return {name: race.wall(name) for name in runs}


def fit(paths, epochs):
    """Seconds and memory of fitting a pipeline."""
    from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator

    import_module(
        "skmusic.network.keras_lstm"
    )  # TensorFlow is loaded before the clock starts
    generator = StatefulLSTMGenerator(epochs=epochs, random_state=0)
    pipe = Pipeline([FFTFeaturizer(), generator])
    before = peak()
    took = seconds(lambda: pipe.fit(paths))
    return {"seconds": took, "megabytes": peak() - before}


def make(model, length, kind):
    """Seconds and memory of making music, at once or in blocks."""
    import joblib

    pipe = joblib.load(model)
    pipe.sample(None, seconds=1, random_state=0)
    before = peak()

    def run():
        music = getattr(pipe, kind)(None, seconds=length, random_state=0)
        if kind == "stream":
            for _ in music:
                pass

    took = seconds(run)
    return {"seconds": took, "megabytes": max(peak() - before, 0.1)}


SECTIONS = (imports, featurizing, training, composing, sampling, scaling)
TASKS = (memory_of_frames, play, pieces, fit, make)


def task(name, *arguments):
    """Result of a task in a process of its own."""
    run = python(__file__, "--task", name, json.dumps(arguments))
    return json.loads(run.text.splitlines()[-1])


# --- the table


def markdown(tables, machine, took):
    """Tables of all sections."""
    lines = [
        "# Speed",
        "",
        f"Printed by `benchmarks/speed.py` in {took / 60:.0f} minutes: {machine}.",
        "",
        "Medians; a ratio is how many times as fast we are, or what it says.",
    ]
    for name, rows in tables.items():
        lines += ["", f"## {name.capitalize()}", ""]
        lines += ["| | measured | target | | |", "|---|---|---|---|---|"]
        for r in rows:
            lines.append(f"| {' | '.join(r[key] for key in r)} |")
    return "\n".join(lines) + "\n"


def machine():
    """What the figures depend on."""
    names = ("numpy", "scipy", "scikit-learn", "keras", "tensorflow", "librosa")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    gpu = "import tensorflow as tf; print(len(tf.config.list_physical_devices('GPU')))"
    return (
        f"{CORES} cores ({platform.machine()}), {python('-c', gpu).text.strip()} GPUs, "
        f"Python {platform.python_version()}, {versions}"
    )


def main():
    """Measure and write."""
    names = [section.__name__ for section in SECTIONS]
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", help=f"some of {','.join(names)}")
    parser.add_argument("--quick", action="store_true", help="less music, fewer rounds")
    parser.add_argument("--task", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--section", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.task:
        found = {t.__name__: t for t in TASKS}[args.task[0]]
        print(json.dumps(found(*json.loads(args.task[1]))))
        return
    if args.section:
        found = {s.__name__: s for s in SECTIONS}[args.section[0]]
        for each in found(args.quick, args.section[1]):
            print(json.dumps(each), flush=True)
        return
    busy = f", load {os.getloadavg()[0]:.1f} at the start"
    begun, tables = time.monotonic(), {}
    with tempfile.TemporaryDirectory() as folder:
        for name in args.only.split(",") if args.only else names:
            model = str(Path(folder) / "model.joblib")
            quick = ["--quick"] * args.quick
            run = python(__file__, "--section", name, model, *quick)
            lines = [x for x in run.text.splitlines() if x.startswith("{")]
            tables[name] = list(map(json.loads, lines))
            for r in tables[name]:
                print(name, *(r[key] for key in r), sep=" | ", flush=True)
    took = time.monotonic() - begun
    about = machine() + busy + (", `--quick`" if args.quick else "")
    RESULTS.mkdir(exist_ok=True)
    report = {"machine": about, "seconds": took, "tables": tables}
    (RESULTS / "speed.json").write_text(json.dumps(report, indent=1) + "\n")
    (RESULTS / "speed.md").write_text(markdown(tables, about, took))
    print(markdown(tables, about, took))


if __name__ == "__main__":
    main()
