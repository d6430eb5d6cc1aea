"""How time and memory of a fit grow with the hours of music.

Makes recordings of so many hours, by varying the speed and the level of some, and
fits a pipeline on each amount in a process of its own. It prints a table as Markdown,
and what an hour costs: ``python benchmarks/scale.py FILE ... > table.md``.
"""

import argparse
import itertools
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile as sf

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator, audio, datasets


def recordings(paths):
    """Waveforms and their rates, without end: each time round at another speed."""
    rng = np.random.default_rng(0)
    while True:
        for path in paths:
            x, sr = audio.read(path) if path else (songs()[rng.integers(4)], 44100)
            # A header that claims another rate is another tempo, and another pitch.
            yield x * rng.uniform(0.3, 0.9), round(sr * rng.uniform(0.9, 1.1))


def songs():
    """Songs of the package's own, where no files are given."""
    return datasets.make_songs(4, 200.0, random_state=0).recordings


def write(paths, hours, folder):
    """Files of at least so many hours, one after another: (path, hours so far)."""
    done, files = 0.0, []
    for number, (x, sr) in enumerate(recordings(paths)):
        path = Path(folder, f"{number:04d}.flac")
        sf.write(path, x, sr, subtype="PCM_16", compression_level=0.0)
        done += len(x) / sr / 3600
        files.append((str(path), done))
        if done >= hours:
            return files


def fit(paths, epochs):
    """Fit in this process: seconds of all cores, and of the clock, by what is done."""
    begun, times = time.process_time(), []
    clock = time.perf_counter()

    def tell(record):
        times.append(time.process_time())

    generator = StatefulLSTMGenerator(
        epochs=epochs, validation_fraction=0.02, callbacks=[tell], random_state=0
    )
    Pipeline([FFTFeaturizer(), generator]).fit(paths)
    done, clock = time.process_time(), time.perf_counter() - clock
    epoch = np.diff(times).mean()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak *= 1024 if platform.system() == "Linux" else 1
    return {
        "reading": times[0] - begun - epoch,
        "epoch": epoch,
        "rest": done - times[-1],
        "peak": peak / 1e9,
        "clock": clock,
    }


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("songs", nargs="*", default=[None])
    parser.add_argument("--hours", nargs="+", type=float, default=[1, 2.5, 5, 10])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.child:
        print(json.dumps(fit(args.songs, args.epochs)))
        return
    print("Seconds are those of all cores together, but for the last.\n")
    print("| hours | reading | an epoch | bank | peak memory | by the clock |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        files = write(args.songs, max(args.hours), folder)
        for hours in args.hours:
            below = itertools.takewhile(lambda f, h=hours: f[1] <= h, files[:-1])
            part = files[: len(list(below)) + 1]
            command = [sys.executable, __file__, "--child", "--epochs"]
            command += [str(args.epochs), *(path for path, _ in part)]
            out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            row = json.loads(out.stdout.splitlines()[-1])
            rows.append([part[-1][1], *row.values()])
            cells = "{:.2f} | {:.0f} s | {:.1f} s | {:.0f} s | {:.2f} GB | {:.0f} s"
            print("|", cells.format(*rows[-1]), "|", flush=True)
    hours, *columns = np.transpose(rows)
    reading, epoch, _, peak, _ = (np.polyfit(hours, c, 1) for c in columns)
    print(
        f"\nAn hour more takes {reading[0]:.1f} s of a core to read, {epoch[0]:.1f} s "
        f"in each epoch, and {1e3 * peak[0]:.0f} MB; the lines begin at "
        f"{reading[1]:.0f} s, {epoch[1]:.1f} s and {peak[1]:.2f} GB."
    )


if __name__ == "__main__":
    main()
