"""Hours of music in one stream, and hundreds of fits in one process: memory as it goes.

``python benchmarks/soak.py > soak.md``; Linux only, for it reads ``/proc``.
"""

import argparse
import gc
import os
import time
import warnings
from pathlib import Path

import numpy as np

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator, datasets


def memory():
    """Megabytes that this process has in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def stream(hours):
    """Compose for hours; print the memory at each eighth of them."""
    songs = datasets.make_songs(4, 60.0, random_state=0).recordings
    pipe = Pipeline([FFTFeaturizer(), StatefulLSTMGenerator(epochs=3, random_state=0)])
    pipe.fit(songs)
    n_samples, loudest, begun, told = 0, 0.0, time.perf_counter(), []
    print("| hours | memory |\n| ---: | ---: |")
    for x in pipe.stream(songs[0], seconds=3600 * hours, random_state=0):
        if n_samples >= len(told) * hours * 3600 * 44100 / 8:
            told.append(memory())
            print(f"| {n_samples / 44100 / 3600:.2f} | {told[-1]:.0f} MB |", flush=True)
        if not np.isfinite(x).all():
            raise AssertionError("the music is not finite")
        n_samples, loudest = n_samples + len(x), max(loudest, np.abs(x).max())
    took, now = time.perf_counter() - begun, memory()
    print(f"| {n_samples / 44100 / 3600:.2f} | {now:.0f} MB |\n")
    print(
        f"{hours:g} hours were played in {took:.0f} s, the loudest sample "
        f"{loudest:.2f}; after the first eighth memory grew by "
        f"{now - told[1]:.0f} MB.\n"
    )


def fits(n):
    """Fit a small network n times; print the memory at each eighth of them."""
    rng = np.random.default_rng(0)
    X = [np.cumsum(rng.standard_normal((400, 6)), axis=0) * 0.1 for _ in range(2)]
    told, begun = [], time.perf_counter()
    print("| fits | memory |\n| ---: | ---: |")
    for k in range(1, n + 1):
        StatefulLSTMGenerator(
            hidden_layer_sizes=(8,), epochs=2, n_tokens=8, random_state=0
        ).fit(X)
        if k % max(1, n // 8) == 0:
            gc.collect()
            told.append((k, memory()))
            print(f"| {k} | {told[-1][1]:.0f} MB |", flush=True)
    (first, low), (last, high) = told[0], told[-1]
    print(
        f"\n{n} fits took {time.perf_counter() - begun:.0f} s; memory grew by "
        f"{(high - low) / max(1, last - first):.1f} MB a fit."
    )


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=2)
    parser.add_argument("--fits", type=int, default=200)
    args = parser.parse_args(argv)
    warnings.simplefilter("ignore", UserWarning)
    stream(args.hours)
    fits(args.fits)


if __name__ == "__main__":
    main()
