"""Size and speed of model files: .skmusic beside joblib and skops.

A model of built-in songs is saved and loaded in each way, each in a process of its
own; the table goes to `benchmarks/results/model_files.md`. skops is not needed by
skmusic; without it its rows are left out::

    python benchmarks/model_files.py
"""

import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import joblib
import numpy as np
from fuzz_models import peak_memory

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import skmusic  # noqa: E402

WAYS = (".joblib", ".skmusic", ".skops")


def save(model, path):
    if path.suffix == ".joblib":
        joblib.dump(model, path)
    elif path.suffix == ".skops":
        import skops.io

        skops.io.dump(model, path)
    else:
        skmusic.save(model, path)


def load(path):
    if path.suffix == ".joblib":
        return joblib.load(path)
    if path.suffix == ".skops":
        import skops.io

        return skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))
    return skmusic.load(path)


def fastest(function, *args, repeats=10):
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function(*args)
        times.append(time.process_time() - start)
    return min(times)


def measure(path):
    """Processor seconds to save and to load, and what loading adds to memory in MB."""
    load(path.with_name("small" + path.suffix))  # what is imported counts for nothing
    before = peak_memory()
    model = load(path)
    added = peak_memory() - before
    print(fastest(save, model, path, repeats=3), fastest(load, path), added)


def write_models(folder):
    songs = skmusic.datasets.make_songs(10, 200.0, random_state=0).recordings
    options = {"epochs": 1, "random_state": 0}
    for name, recordings in ("small", [songs[0][:99_000]]), ("large", songs):
        generator = skmusic.StatefulLSTMGenerator(**options)
        model = skmusic.make_pipeline(skmusic.FFTFeaturizer(), generator)
        model.fit(recordings)
        for suffix in WAYS:
            try:
                save(model, folder / (name + suffix))
            except ImportError:
                print(f"without {suffix}")


def main():
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_models(folder)
        for suffix in WAYS:
            path = folder / f"large{suffix}"
            if not path.exists():
                continue
            size = path.stat().st_size / 1e6
            argv = [sys.executable, __file__, str(path)]
            done = subprocess.run(argv, capture_output=True, text=True, check=True)
            saving, loading, added = map(float, re.findall(r"\S+", done.stdout))
            row = f"{size:.2f} | {saving:.3f} | {loading:.3f} | {added:.0f}"
            rows.append(f"| {suffix} | {row} |")
    text = [
        "# Model files",
        "",
        "`python benchmarks/model_files.py`: a model of ten built-in songs, 33 "
        f"minutes; Python {platform.python_version()}, numpy {np.__version__}, "
        f"{os.cpu_count()} cores; processor time, the least of 3 and of 10 tries.",
        "",
        "| file | MB | saving, s | loading, s | memory that loading adds, MB |",
        "|---|---|---|---|---|",
        *rows,
    ]
    print("\n".join(text))
    (HERE / "results" / "model_files.md").write_text("\n".join(text) + "\n")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(Path(sys.argv[1]))
    else:
        main()
