"""Fits that are killed, hours of music, hundreds of fits: what goes on, what grows.

    .venv/bin/python benchmarks/long_runs.py kill            # some minutes
    .venv/bin/python benchmarks/long_runs.py scale FILE ...  # a quarter of an hour
    .venv/bin/python benchmarks/long_runs.py soak            # some minutes; Linux only

`kill` kills a fit at twenty random moments of its training, starts it again, and sees
that it ends with the bits of a fit that nobody disturbed. `scale` fits one to four
hours of music, made of FILES, or of songs, by varying speed and level. `soak` plays two
hours in one stream and fits fifty times. Each prints what it finds as it comes,
and writes it into benchmarks/results: kill.md, scale.md, soak.md.
"""

import argparse
import gc
import itertools
import json
import os
import pickle
import platform
import resource
import select
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

import skmusic.network.checkpoint
from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator, audio, datasets

RESULTS = Path(__file__).resolve().parent / "results"


# --- kill


def kill(quick, files):
    """Lines: when each fit was killed, and that all end with the same bits."""
    n_kills, rng = 2 if quick else 20, np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder, "result")
        _, whole, _ = _until("", result)
        expected = pickle.loads(result.read_bytes())
        yield f"Undisturbed, training takes {whole:.1f} s.\n"
        kills = fits = 0
        while kills < n_kills:
            fits, killed = fits + 1, True
            while killed:
                # The last fit is let be when there were kills enough.
                seconds = rng.uniform(0, whole / 2) if kills < n_kills else None
                line, took, killed = _until(Path(folder, str(fits)), result, seconds)
                kills += killed
                end = f"kill {kills} after" if killed else "ended, with the same bits,"
                if not killed:
                    found = pickle.loads(result.read_bytes())
                    np.testing.assert_equal(found, expected)
                yield f"- {line}: {end} {took:.2f} s"
    yield f"\n{kills} kills in {fits} fits; each ended with the same bits."


def _until(folder, result, seconds=None):
    """Fit in a child; kill it so long after training began, if it still trains.

    Returns what it went on from, how long it trained, and whether it was killed.
    """
    with _child("_killed", folder, result) as process:
        line, begun = process.stdout.readline().strip(), time.perf_counter()
        ready, _, _ = select.select([process.stdout], [], [], seconds)
        took = time.perf_counter() - begun
        if not ready:
            process.kill()
        elif process.wait():
            raise RuntimeError(f"the fit failed with status {process.returncode}")
    return line, took, not ready


def _killed(folder, result):
    """Fit; say when training begins."""
    from skmusic.network import tbptt

    skmusic.network.checkpoint.INTERVAL = 0.05  # so that most kills are within an epoch
    train = tbptt.train

    def told(*args, state=None, **options):
        at = [len(state["history"]), int(state.get("position", [0])[0])] if state else 0
        print(f"training from {at}", flush=True)
        state = train(*args, state=state, **options)
        print("trained", flush=True)
        return state

    tbptt.train = told
    songs = datasets.make_songs(3, 30.0, random_state=0).recordings
    generator = StatefulLSTMGenerator(
        hidden_layer_sizes=(64,),
        epochs=25,
        n_iter_no_change=25,
        n_streams=4,
        checkpoint_dir=folder or None,
        random_state=0,
    )
    pipe = Pipeline([FFTFeaturizer(), generator]).fit(songs)
    Path(result).write_bytes(pickle.dumps((pipe[1].training_, pipe[1].history_)))


# --- scale


def scale(quick, files):
    """Lines: time and memory of a fit, by the hours of music."""
    hours = (0.05, 0.1) if quick else (1, 2, 4)
    yield "Seconds are those of all cores together, but for the last.\n"
    yield "| hours | reading | an epoch | the rest | peak memory | by the clock |"
    yield "| ---: | ---: | ---: | ---: | ---: | ---: |"
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        made = _write(files, max(hours), folder)
        for each in hours:
            below = itertools.takewhile(lambda f, h=each: f[1] <= h, made[:-1])
            part = made[: len(list(below)) + 1]
            with _child("_scaled", *(path for path, _ in part)) as process:
                found = json.loads(process.stdout.read().splitlines()[-1])
            rows.append([part[-1][1], *found])
            cells = "{:.2f} | {:.0f} s | {:.1f} s | {:.0f} s | {:.2f} GB | {:.0f} s"
            yield f"| {cells.format(*rows[-1])} |"
    x, reading, epoch, _, peak, _ = np.transpose(rows)
    each = [np.polyfit(x, column, 1)[0] for column in (reading, epoch, 1000 * peak)]
    told = "\nAn hour more takes {:.1f} s of a core to read, {:.1f} s in each epoch, "
    yield (told + "and {:.0f} MB.").format(*each)


def _write(paths, hours, folder):
    """Files of at least so many hours, one after another: (path, hours so far)."""
    rng, done, made = np.random.default_rng(0), 0.0, []
    if not paths:
        paths = datasets.make_songs(4, 200.0, random_state=0).recordings
    for number, each in enumerate(itertools.cycle(paths)):
        x, sr = audio.read(each) if isinstance(each, str) else (each, 44100)
        path = Path(folder, f"{number:04d}.flac")
        # A header that claims another rate is another tempo, and another pitch.
        audio.write(path, x * rng.uniform(0.3, 0.9), round(sr * rng.uniform(0.9, 1.1)))
        done += len(x) / sr / 3600
        made.append((str(path), done))
        if done >= hours:
            return made


def _scaled(*paths):
    """Fit in this process: seconds of all cores, gigabytes, seconds by the clock."""
    begun, times, clock = time.process_time(), [], time.perf_counter()
    generator = StatefulLSTMGenerator(
        epochs=3,
        validation_fraction=0.02,
        callbacks=[lambda record: times.append(time.process_time())],
        random_state=0,
    )
    Pipeline([FFTFeaturizer(), generator]).fit(list(paths))
    epoch, rest = np.diff(times).mean(), time.process_time() - times[-1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak *= 1024 if platform.system() == "Linux" else 1
    clock = time.perf_counter() - clock
    print(json.dumps([times[0] - begun - epoch, epoch, rest, peak / 1e9, clock]))


# --- soak


def soak(quick, files):
    """Lines: memory at each eighth of some hours of music, and of many fits."""
    warnings.simplefilter("ignore", UserWarning)
    yield from _streamed(0.02 if quick else 2)
    yield from _fitted(8 if quick else 50)


def _streamed(hours):
    songs = datasets.make_songs(4, 60.0, random_state=0).recordings
    pipe = Pipeline([FFTFeaturizer(), StatefulLSTMGenerator(epochs=3, random_state=0)])
    pipe.fit(songs)
    n_samples, loudest, begun, told = 0, 0.0, time.perf_counter(), []
    yield "| hours | memory |\n| ---: | ---: |"
    for x in pipe.stream(songs[0], seconds=3600 * hours, random_state=0):
        if n_samples >= len(told) * hours * 3600 * 44100 / 8:
            told.append(_memory())
            yield f"| {n_samples / 44100 / 3600:.2f} | {told[-1]:.0f} MB |"
        if not np.isfinite(x).all():
            raise AssertionError("the music is not finite")
        n_samples, loudest = n_samples + len(x), max(loudest, np.abs(x).max())
    yield (
        f"\n{hours:g} hours were played in {time.perf_counter() - begun:.0f} s, the "
        f"loudest sample {loudest:.2f}; after the first eighth memory grew by "
        f"{_memory() - told[1]:.0f} MB.\n"
    )


def _fitted(n):
    rng = np.random.default_rng(0)
    X = [np.cumsum(rng.standard_normal((400, 6)), axis=0) * 0.1 for _ in range(2)]
    told, begun = [], time.perf_counter()
    yield "| fits | memory |\n| ---: | ---: |"
    for k in range(1, n + 1):
        StatefulLSTMGenerator(hidden_layer_sizes=8, epochs=2, random_state=0).fit(X)
        if k % max(1, n // 8) == 0:
            gc.collect()
            told.append(_memory())
            yield f"| {k} | {told[-1]:.0f} MB |"
    each = (told[-1] - told[0]) / (n - n // 8)
    took = time.perf_counter() - begun
    yield f"\n{n} fits took {took:.0f} s; memory grew by {each:.1f} MB a fit."


def _memory():
    """Megabytes that this process has in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


# --- the command


def _child(name, *arguments):
    """Process that calls a function of this script with these strings."""
    command = [sys.executable, __file__, name, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def main():
    """Run one of them, and write what it tells."""
    if sys.argv[1:2] and sys.argv[1] in ("_killed", "_scaled"):
        globals()[sys.argv[1]](*sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["kill", "scale", "soak"])
    parser.add_argument("files", nargs="*", help="recordings to make hours of")
    parser.add_argument("--quick", action="store_true", help="try it; writes nothing")
    args = parser.parse_args()
    lines = []
    for line in globals()[args.what](args.quick, args.files):
        print(line, flush=True)
        lines.append(line)
    if not args.quick:
        (RESULTS / f"{args.what}.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
