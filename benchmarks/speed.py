"""How fast skmusic is, beside others, on this machine: one command, one table.

    .venv/bin/pip install -e ".[plot]"
    .venv/bin/python benchmarks/speed.py             # all, some ten minutes
    .venv/bin/python benchmarks/speed.py --quick     # try it; writes nothing
    .venv/bin/python benchmarks/speed.py --only sampling

Each section runs in a process of its own, what is measured once in further ones.
What is compared takes turns, round by round; a ratio is the median of those of the
rounds. Writes speed.md and speed.json into benchmarks/results.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from fetch_music import FOLDER, music

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
SR, CORES = 44100, os.cpu_count()


# --- measuring


class Race:
    """Functions that take turns, round by round, after one call that is not counted.

    Parameters
    ----------
    functions : dict of callable
        By name.
    rounds : int
        Turns of each.
    """

    def __init__(self, functions, rounds):
        self.times = {name: [] for name in functions}
        for function in functions.values():
            function()
        for _ in range(rounds):
            for name, function in functions.items():
                self.times[name].append(seconds(function))

    def wall(self, name):
        """Median seconds."""
        return float(np.median(self.times[name]))

    def ratio(self, over, under):
        """Median over the rounds of the quotient of two times."""
        return float(np.median(np.divide(self.times[over], self.times[under])))


def seconds(function):
    """Wall seconds of one call."""
    begun = time.perf_counter()
    function()
    return time.perf_counter() - begun


@dataclass(frozen=True)
class Run:
    """What a process printed and took: wall and CPU seconds, peak memory in GB."""

    text: str
    wall: float
    cpu: float
    peak: float


def python(*arguments):
    """Run this Python with arguments, in a process of its own; return its `Run`."""
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryFile("w+") as errors:
        begun = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
            text=True,
        )
        text = child.stdout.read()
        # Not communicate(): wait4 alone tells what this one child has used.
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            errors.seek(0)
            raise RuntimeError(f"python {arguments} failed:\n{errors.read()[-2000:]}")
    peak = usage.ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)
    return Run(text, wall, usage.ru_utime + usage.ru_stime, peak)


def row(what, value, form="", at_least=None, at_most=None, note=""):
    """One line of the table; without a bound it is for information.

    `form` is a format, and a unit after a space.
    """
    form, _, unit = form.partition(" ")
    target, holds = "", ""
    if at_least is not None:
        target, holds = f"at least {at_least:g} {unit}", value >= at_least
    elif at_most is not None:
        target, holds = f"at most {at_most:g} {unit}", value <= at_most
    return {
        "what": what,
        "measured": f"{value:{form}} {unit}".strip(),
        "target": target.strip(),
        "holds": {"": "", True: "holds", False: "falls short"}[holds],
        "note": note,
    }


# --- music


def length(paths):
    """Minutes of recordings."""
    from skmusic import audio

    return sum(audio.info(path)["seconds"] for path in paths) / 60


def corpus(minutes):
    """Paths of about so many minutes of music, the first the same in all."""
    # These two make 38 minutes of the ten that benchmarks learn from.
    paths = [*music(), FOLDER / "northern_mountains.ogg", FOLDER / "victory2.ogg"]
    each = [length([path]) for path in paths]
    n = int(np.argmin(np.abs(np.cumsum(each) - minutes))) + 1
    return list(map(str, paths[:n]))


# --- sections: each yields rows


def featurizing(quick, folder):
    """Arrays and files to frames, and back."""
    import scipy.fft
    import soundfile
    from numpy.lib.stride_tricks import sliding_window_view

    from skmusic import FFTFeaturizer
    from skmusic.spectra import analysis_window

    x = np.random.default_rng(0).standard_normal((60 * SR, 2), np.float32)
    for N in (2048, 256):
        featurizer = FFTFeaturizer(N=N).fit([x])
        frames = featurizer.transform([x])
        w = analysis_window("hann", N).astype(np.float32)
        # The bare transform gets the order in memory that it likes best.
        windows = np.ascontiguousarray(x.T)
        windows = sliding_window_view(windows, N, axis=1)[:, :: N // 2]
        spectra = scipy.fft.rfft(windows * w)
        forward = {
            "ours": lambda f=featurizer: f.transform([x]),
            "bare": lambda v=windows, w=w: scipy.fft.rfft(v * w),
        }
        backward = {
            "ours": lambda f=featurizer, y=frames: f.inverse_transform(y),
            "bare": lambda s=spectra, w=w, n=N: scipy.fft.irfft(s, n=n) * w,
        }
        for way, runs in (("to frames", forward), ("back", backward)):
            race = Race(runs, 2 if quick else 15)
            note = f"{60 / race.wall('ours'):.0f} x real time on one thread"
            what = f"`N={N}`, array {way}, over a bare FFT of windows"
            yield row(what, race.ratio("bare", "ours"), ".2f", 0.8, note=note)
    paths = corpus(4 if quick else 38)
    featurizer = FFTFeaturizer().fit(paths)

    def decode():
        with ThreadPoolExecutor(CORES) as pool:
            list(pool.map(lambda p: len(soundfile.read(p, dtype="float32")[0]), paths))

    runs = {"ours": lambda: featurizer.transform(paths), "decode": decode}
    race = Race(runs, 1 if quick else 3)
    what = f"{length(paths):.0f} minutes of ogg to frames, over decoding alone"
    note = f"{race.wall('ours'):.2f} s, {CORES} threads"
    yield row(what, race.ratio("ours", "decode"), ".2f", at_most=1.2, note=note)


def training(quick, folder):
    """A fit, all of it; the model serves the last section."""
    paths, took = corpus(4 if quick else 38), _model(folder, quick)
    rate = 60 * length(paths) / took["epoch"]
    note = f"{took['epochs']} epochs, of which one learns {rate:.0f} x real time"
    what = f"fit of {length(paths):.0f} minutes of ogg"
    yield row(what, took["fit"], ".0f s", at_most=600, note=note)


def _model(folder, quick):
    """Fit a pipeline in a process of its own, save it; what it took."""
    paths = corpus(4 if quick else 38)
    return task("fit", paths, f"{folder}/model.joblib", {"epochs": 2} if quick else {})


def composing(quick, folder):
    """The whole command, from files to music."""
    files = corpus(4 if quick else 38)
    run = python(
        *("-m", "skmusic", "compose", *files, "--seconds", 30, "--pieces", 1),
        *("--random-state", 0, "--quiet", "-o", f"{folder}/composed.wav"),
        *(["--epochs", 1] if quick else []),
    )
    what = f"`skmusic compose`, {length(files):.0f} minutes of ogg to 30 s of music"
    note = f"{run.cpu:.0f} s of CPU, {run.peak:.1f} GB at most, default settings"
    yield row(what, run.wall, ".0f s", at_most=300, note=note)


def sampling(quick, folder):
    """Playing a saved model."""
    model = f"{folder}/model.joblib"
    if not Path(model).exists():
        _model(folder, quick)
    for suffix in (".skmusic", ".joblib"):
        runs = [task("load", model, suffix) for _ in range(1 if quick else 5)]
        load, save, size = np.median([list(run.values()) for run in runs], axis=0)
        note = f"{size:.0f} MB, saved in {save:.2f} s"
        what = f"loading a fitted model, `{suffix}`"
        yield row(what, load, ".2f s", at_most=0.2, note=note)
    first = 1000 * np.median([task("play", model) for _ in range(1 if quick else 5)])
    what, note = "first sound after loading", "the first block of `Pipeline.stream`"
    yield row(what, first, ".0f ms", at_most=150, note=note)
    times = task("pieces", model, 30, 1 if quick else 9)
    one, eight = 30 / times["one"], times["eight"] / times["one"]
    # The README finds the row by these words.
    what = "one piece of 30 s, 44.1 kHz stereo, times real time"
    note = f"{1000 * times['one']:.0f} ms for 30 s, the wav file written"
    yield row(what, one, ".0f", 20, note=note)
    yield row("eight pieces at once, over one", eight, ".2f", at_most=3)
    command = ["-m", "skmusic", "sample", model, "--seconds", 30, "--quiet"]
    runs = {
        n: lambda n=n: python(*command, "--pieces", n, "-o", f"{folder}/{n}.wav")
        for n in (1, 8)
    }
    race = Race(runs, 1 if quick else 5)
    what = "`skmusic sample model.joblib --seconds 30`, whole process"
    note = f"with `--pieces 8` {race.ratio(8, 1):.1f} times that"
    yield row(what, race.wall(1), ".2f s", at_most=3, note=note)


# --- tasks: what is measured in a process of its own


def fit(paths, model, parameters):
    """Fit a pipeline on files and save it: seconds of the fit, and of an epoch."""
    import joblib

    from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator

    stamps = []
    generator = StatefulLSTMGenerator(
        **parameters,
        callbacks=[lambda record: stamps.append(time.perf_counter())],
        random_state=0,
    )
    pipe = Pipeline([FFTFeaturizer(), generator])
    took = seconds(lambda: pipe.fit(paths))
    pipe[-1].callbacks = None
    joblib.dump(pipe, model)
    epoch = float(np.median(np.diff(stamps)))
    return {"fit": took, "epoch": epoch, "epochs": len(stamps)}


def load(model, suffix):
    """Seconds to load a model of a kind and to save it, and its size in MB."""
    import joblib

    import skmusic

    pipe = joblib.load(model)
    dump, read = joblib.dump, joblib.load
    if suffix == ".skmusic":
        dump, read = skmusic.save, skmusic.load
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model{suffix}"
        saved = seconds(lambda: dump(pipe, path))
        loaded = seconds(lambda: read(path))
        size = path.stat().st_size / 1e6
    return {"load": loaded, "save": saved, "size": size}


def play(model):
    """Seconds from a loaded model to its first sound."""
    import joblib

    pipe = joblib.load(model)
    return seconds(lambda: next(iter(pipe.stream(None, seconds=30, random_state=0))))


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


SECTIONS = (featurizing, training, composing, sampling)
TASKS = (fit, load, play, pieces)


def task(name, *arguments):
    """Result of a task in a process of its own."""
    run = python(__file__, "--task", name, json.dumps(arguments))
    return json.loads(run.text.splitlines()[-1])


# --- the table


def markdown(tables, machine, took):
    """Tables of all sections."""
    lines = ["# Speed", ""]
    lines += [
        f"Printed by `benchmarks/speed.py` in {took / 60:.0f} minutes: {machine}."
    ]
    lines += [
        "",
        "Medians; a ratio is how many times as fast skmusic is, or what it says.",
    ]
    for name, rows in tables.items():
        lines += ["", f"## {name.capitalize()}", ""]
        lines += ["| | measured | target | | |", "|---|---|---|---|---|"]
        lines += [f"| {' | '.join(each.values())} |" for each in rows]
    return "\n".join(lines) + "\n"


def machine():
    """What the figures depend on."""
    names = ("numpy", "scipy", "scikit-learn", "keras", "tensorflow")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    gpu = "import tensorflow as tf; print(len(tf.config.list_physical_devices('GPU')))"
    return (
        f"{CORES} cores ({platform.machine()}), {python('-c', gpu).text.strip()} GPUs, "
        f"Python {platform.python_version()}, {versions}, load {os.getloadavg()[0]:.1f}"
    )


def main():
    """Measure and write."""
    names = [section.__name__ for section in SECTIONS]
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", help=f"some of {','.join(names)}")
    parser.add_argument("--quick", action="store_true", help="try it; writes nothing")
    parser.add_argument("--task", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--section", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.task:
        found = {each.__name__: each for each in TASKS}[args.task[0]]
        print(json.dumps(found(*json.loads(args.task[1]))))
        return
    if args.section:
        found = {each.__name__: each for each in SECTIONS}[args.section[0]]
        for each in found(args.quick, args.section[1]):
            print(json.dumps(each), flush=True)
        return
    about, begun = machine(), time.monotonic()
    asked = args.only.split(",") if args.only else names
    tables = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in asked:
            quick = ["--quick"] * args.quick
            run = python(__file__, "--section", name, folder, *quick)
            lines = [line for line in run.text.splitlines() if line.startswith("{")]
            tables[name] = list(map(json.loads, lines))
            for each in tables[name]:
                print(name, *each.values(), sep=" | ", flush=True)
    took, path = time.monotonic() - begun, RESULTS / "speed.json"
    if not args.quick:
        if path.exists():
            old = json.loads(path.read_text())["tables"]
            tables = {k: (old | tables)[k] for k in names if k in old | tables}
        report = {"machine": about, "seconds": took, "tables": tables}
        path.write_text(json.dumps(report, indent=1) + "\n")
        path.with_suffix(".md").write_text(markdown(tables, about, took))


if __name__ == "__main__":
    main()
