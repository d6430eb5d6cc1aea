"""Load thousands of damaged and forged model files: what comes of them.

Each file is made from a good one, see `tests/hostile_models.py`: half are damaged as
files are, half forged, with a checksum that is right, so that what is behind it is
met. Each must be refused by a ValueError, or make a model that samples, forecasts and
scores; nothing else may be raised, and no code may run. Files are loaded in processes
whose memory is limited; the table goes to `benchmarks/results/fuzz_models.md`::

    python benchmarks/fuzz_models.py [number of files] [seed]

Fewer than a thousand files, to try it, write nothing.
"""

import collections
import os
import platform
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests")]
CHUNK = 250  # files for one process


def models(folder):
    """Small models of each synthesis, and parts that were not fitted."""
    import skmusic

    songs = skmusic.datasets.make_songs(2, 3.0, sr=8000, random_state=0).recordings
    for synthesis in ("neural", "regression"):
        generator = skmusic.StatefulLSTMGenerator(
            synthesis, epochs=1, hidden_layer_sizes=(8, 4), random_state=0
        )
        pipe = skmusic.Pipeline([skmusic.FFTFeaturizer(N=256, sr=8000), generator])
        skmusic.save(pipe.fit(songs), folder / f"{synthesis}.skmusic")
    new = skmusic.make_pipeline(skmusic.FFTFeaturizer(window=np.hanning(2048)))
    skmusic.save(new, folder / "new.skmusic")


def outcome(path, heard=None):
    """What comes of a file: "refused", "works", or what went wrong."""
    import skmusic

    try:
        model = skmusic.load(path)
    except ValueError as error:
        return f"refused: {str(error).partition('loaded: ')[2]:.60}"
    generator = getattr(model, "steps", [(None, model)])[-1][1]
    if not hasattr(generator, "synthesis_"):
        return "works"
    try:
        x = heard[:, : generator.n_dims_]
        for seed in None, x:
            made = generator.sample(seed, 40, random_state=0)
            assert np.isfinite(made).all(), "not finite"
        generator.predict([x])
        generator.score([x])
    except ValueError as error:  # such as a seed of other dimensions
        return f"works, but for: {error!s:.40}"
    return "works"


def check(folder, seed, first, last):
    """Outcome of each file of a range; prints one line each."""
    from hostile_models import damaged, forged

    warnings.simplefilter("ignore")
    limit = 3 << 30
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    sys.addaudithook(_no_code)
    heard = np.random.default_rng(0).standard_normal((300, 516)).astype(np.float32)
    good = [path.read_bytes() for path in sorted(folder.glob("*.skmusic"))]
    base = peak_memory()
    for i in range(first, last):
        rng = np.random.default_rng([seed, i])
        make = (damaged, forged)[i % 2]
        kind, raw = make(good[int(rng.integers(len(good)))], rng)
        path = folder / f"{os.getpid()}.mutant"
        path.write_bytes(raw)
        start = time.perf_counter()
        result = tried(outcome, path, heard)
        cost = f"{time.perf_counter() - start:.4f}\t{peak_memory() - base:.0f}"
        print(i, make.__name__, kind, result, cost, sep="\t", flush=True)


def tried(outcome, *args):
    """Outcome of a file, or what fault it is, in one line."""
    try:
        return outcome(*args).replace("\n", " ")
    except BaseException as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        name = Path(where.filename).name
        return f"FAULT {error!r:.90} {name}:{where.lineno}".replace("\n", " ")


def peak_memory():
    """In MB; of this program alone, as resource.getrusage does not have it."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


def _no_code(event, args):
    if event in ("os.system", "subprocess.Popen", "os.exec", "pickle.find_class"):
        os.write(2, f"FAULT {event}\n".encode())
        os._exit(66)


def write_fullest(folder):
    """Files whose headers are as full as a header may be, with a right checksum."""
    from hostile_models import closed

    folder.mkdir()
    size = 4_190_000
    empty = {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}
    format = {"new": "FrameFormat", "fields": {"N": 2, "hop_length": 1}}
    long = {"new": "FFTFeaturizer", "params": {"N": 2**20}, "fitted": {}}
    headers = {
        "empty lists": ({}, [[]] * (size // 4)),
        "empty dicts": ({}, [{}] * (size // 4)),
        "numbers": ({}, [0.1] * (size // 5)),
        "empty arrays": ({str(i): empty for i in range(60_000)}, None),
        "axes of an array": ({"a": empty | {"shape": [0] * (size // 2 - 200)}}, None),
        "dataclasses": ({}, [format] * (size // 72)),
        "longest windows": ({}, [long] * 30),
    }
    for name, (arrays, content) in headers.items():
        metadata = {
            "format": "skmusic",
            "version": "1",
            "made_with": "{}",
            "content": "null",
            "sha256": "0" * 64,
        }
        raw = closed({**arrays, "__metadata__": metadata}, content, b"")
        (folder / name).write_bytes(raw)


def each_alone(script, folder):
    """Name, size, outcome and cost of each file, in a process of its own."""
    rows = []
    for path in sorted(folder.iterdir()):
        argv = [sys.executable, script, "--one", str(path)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=3600)
        told = done.stdout.strip() or f"FAULT {done.returncode} {done.stderr[-200:]!r}"
        rows.append((path.name, path.stat().st_size, *told.split("\t")))
    return rows


def in_turn(script, folder, n, seed, timeout=None):
    """Rows of all files, each with the seconds and the MB that it took at its end.

    Files are checked in processes of some; the file after the last one told is at fault
    if one ends before its time. Beside the rows stand the lines that they print.
    """
    rows, printed = [], []
    while (first := len(rows)) < n:
        last = min(first + CHUNK, n)
        argv = [sys.executable, script, "--check", folder, seed, first, last]
        done = subprocess.run(
            list(map(str, argv)), capture_output=True, text=True, timeout=timeout
        )
        rows += [line.split("\t") for line in done.stdout.splitlines()]
        printed += done.stderr.splitlines()
        if done.returncode or len(rows) < last:
            hangs = -signal.SIGALRM, -signal.SIGPROF
            why = "hangs" if done.returncode in hangs else "crashes"
            text = f"FAULT {why} ({done.returncode}) {done.stderr[-300:]!r}"
            rows.append([len(rows), "", "", text, 0, 0])
    return rows, printed


def command(outcome, check, main):
    """What a script of this kind does with its arguments."""
    if sys.argv[1:2] == ["--one"]:
        base, start = peak_memory(), time.process_time()
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, 60)
        result = outcome(Path(sys.argv[2]))
        cost = f"{time.process_time() - start:.2f}\t{peak_memory() - base:.0f}"
        print(result, cost, sep="\t")
    elif sys.argv[1:2] == ["--check"]:
        check(Path(sys.argv[2]), *map(int, sys.argv[3:]))
    else:
        main(*map(int, sys.argv[1:]))


def told(lines, rows, name):
    """Print a table and the reasons; write it, unless this was only to try it."""
    faults = [row for row in rows if row[3].startswith("FAULT")]
    lines += [""] * bool(faults)
    lines += [f"- file {row[0]}, {row[1]}, {row[2]}: {row[3]}" for row in faults[:30]]
    reasons = collections.Counter(re.sub(r"[\d.'-]+", "#", row[3]) for row in rows)
    print(*lines, "", "Reasons:", sep="\n")
    print(*(f"{n:6} {reason}" for reason, n in reasons.most_common(40)), sep="\n")
    if len(rows) >= 1000:
        text = "\n".join(lines).rstrip() + "\n"
        (HERE / "results" / f"{name}.md").write_text(text)
    return bool(faults)


def main(n=10_000, seed=0):
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        models(folder)
        write_fullest(folder / "fullest")
        few = each_alone(__file__, folder / "fullest")
        size = max(path.stat().st_size for path in folder.glob("*.skmusic"))
        rows, _ = in_turn(__file__, folder, n, seed, timeout=600)
    report(rows, few, n, seed, size, time.perf_counter() - began)


def report(rows, few, n, seed, size, elapsed):
    counts = collections.defaultdict(collections.Counter)
    for _, make, kind, result, *_ in rows:
        counts[make, kind][re.match(r"\w+", result)[0]] += 1
    seconds = [float(row[4]) for row in rows]
    text = [
        "# Damaged and forged model files",
        "",
        f"`python benchmarks/fuzz_models.py {n} {seed}`: {len(rows)} files made from "
        f"good ones of up to {size / 1e3:.0f} kB; Python {platform.python_version()}, "
        f"numpy {np.__version__}, {os.cpu_count()} cores, {elapsed:.0f} s in all.",
        "",
        "| made | how | refused by ValueError | loads and works | faults |",
        "|---|---|---|---|---|",
    ]
    for (make, kind), c in sorted(counts.items()):
        text.append(
            f"| {make} | {kind} | {c['refused']} | {c['works']} | {c['FAULT']} |"
        )
    total = sum(counts.values(), collections.Counter())
    text += [
        f"| all | | {total['refused']} | {total['works']} | {total['FAULT']} |",
        "",
        f"Slowest file: {max(seconds):.2f} s with sampling, forecasting and scoring; "
        f"median {np.median(seconds) * 1e3:.1f} ms. Memory that loading and using "
        f"them added at most: {max(float(row[5]) for row in rows):.0f} MB "
        "(limit of the process 3 GiB). Programs started, pickles opened: 0.",
        "",
        "Files whose headers are as full as they may be:",
        "",
        "| full of | kB | what came of it | s | MB |",
        "|---|---|---|---|---|",
    ]
    for name, size, result, *cost in few:
        row = (name, f"{size / 1e3:.0f}", result, *cost)
        text.append(f"| {' | '.join(row)} |")
    sys.exit(told(text, rows, "fuzz_models"))


if __name__ == "__main__":
    command(outcome, check, main)
