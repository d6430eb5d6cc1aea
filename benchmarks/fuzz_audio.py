"""Read thousands of hostile recordings: what comes of them.

Each is made from a good one, see `tests/hostile_audio.py`, then described, read with
resampling, and featurized. Only ValueError, OSError and named warnings may come out,
each file in less than ten seconds of the processor, in memory below the bound that
`skmusic.audio.read` states; what is read must be finite. Files are read in processes of
their own, which a hang or a crash ends; the table goes to
`benchmarks/results/fuzz_audio.md`::

    python benchmarks/fuzz_audio.py [number of files] [seed]

Fewer than a thousand files, to try it, write nothing.
"""

import collections
import os
import platform
import re
import resource
import signal
import struct
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import soundfile

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests")]
from fuzz_models import (  # noqa: E402
    command,
    each_alone,
    in_turn,
    peak_memory,
    told,
    tried,
)

# For one file, seconds of the processor, which do not depend on what else runs, and of
# the clock, in case it waits.
LIMIT, LONGEST = 10, 300


def outcome(path):
    """What comes of a file: "refused", "warns", "read", or what went wrong."""
    from skmusic import FFTFeaturizer, audio

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            about = audio.info(path)
            assert 1 <= about["channels"] <= 64
        except (ValueError, OSError):
            pass
        try:
            x, _ = audio.read(path, sr=44100, channels=2)
        except (ValueError, OSError) as error:
            result = f"refused: {str(error).partition(chr(39) + ' ')[2]:.60}"
        else:
            assert np.isfinite(x).all(), "not finite"
            result = "read"
        featurizer = FFTFeaturizer(N=512)
        try:
            (frames,) = featurizer.fit_transform([str(path)])
            assert np.isfinite(frames).all(), "frames not finite"
        except (ValueError, OSError):
            assert result != "read", "read, but not featurized"
    others = [w for w in caught if w.category is not UserWarning]
    assert not others, str(others[0])
    return "warns" if caught and result == "read" else result


def check(folder, seed, first, last):
    """Outcome of each file of a range; prints one line each."""
    from hostile_audio import mutated

    raws = {path.name: path.read_bytes() for path in sorted(folder.glob("good/*"))}
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    base = peak_memory()
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    for i in range(first, last):
        how, suffix, raw = mutated(raws, np.random.default_rng([seed, i]))
        path = folder / f"{os.getpid()}.{suffix}"
        path.write_bytes(raw)
        signal.setitimer(signal.ITIMER_PROF, LIMIT)
        signal.setitimer(signal.ITIMER_REAL, LONGEST)
        start = time.process_time()
        result = tried(outcome, path)
        seconds = time.process_time() - start
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        cost = f"{seconds:.4f}\t{peak_memory() - base:.0f}"
        print(i, how, suffix, result, cost, sep="\t", flush=True)
        path.unlink()


def write_all(folder):
    from hostile_audio import SR, write_good

    folder.mkdir()
    write_good(folder)
    try:
        import av
    except ImportError:
        return
    with av.open(str(folder / "a.m4a"), "w") as container:
        stream = container.add_stream("aac", rate=SR)
        stream.layout = "mono"
        x = np.random.default_rng(0).uniform(-0.5, 0.5, (1, SR)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(x, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = SR, 0
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


def write_crafted(folder):
    """Files made to fill memory or to take forever, by what they are."""
    from hostile_audio import SR, write_good

    folder.mkdir()
    silence = np.zeros((1 << 20, 2), np.float32)
    for name, kind, subtype, minutes in (
        ("an hour of silence.flac", "FLAC", "PCM_16", 60),
        ("half an hour of silence.ogg", "OGG", "VORBIS", 30),
        ("half an hour of silence.opus", "OGG", "OPUS", 30),
        ("five minutes of silence.mp3", "MP3", "MPEG_LAYER_III", 5),
    ):
        with soundfile.SoundFile(
            folder / name, "w", 48000, 2, subtype, format=kind
        ) as file:
            for _ in range(minutes * 60 * 48000 // len(silence)):
                file.write(silence)
    soundfile.write(folder / "hours at 100 Hz.wav", silence[:, 0], 100, "PCM_U8")
    good = {path.name: bytearray(path.read_bytes()) for path in write_good(folder)}
    month = 30 * 86400 * SR
    for name, at, form, value in (
        ("a.flac", 22, ">I", month % 2**32),
        ("pcm.wav", 40, "<I", 2**32 - 2),
        ("a.au", 8, ">I", 2**32 - 2),
        ("a.w64", 96, "<Q", month * 4),
        ("a.aiff", 22, ">I", 2**32 - 1),
        ("a.mp3", good["a.mp3"].find(b"Xing") + 8, ">I", 2**32 - 1),
    ):
        raw = good[name]
        if name == "a.flac":
            raw[21] |= month >> 32
        struct.pack_into(form, raw, at, value)
        path = folder / f"a month, it claims{Path(name).suffix}"
        path.write_bytes(raw)
    for name in good:
        (folder / name).unlink()
    for name, raw in {
        "sync bytes.mp3": b"\xff" * 5_000_000,
        "headers.mp3": b"\xff\xfb\x90" * 1_000_000,
        "frames of 8 kbps.mp3": (b"\xff\xe3\x18\xc4" + bytes(68)) * 10_000,
    }.items():
        (folder / name).write_bytes(raw)


def main(n=5000, seed=0):
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        write_all(Path(name) / "good")
        write_crafted(Path(name) / "crafted")
        few = each_alone(__file__, Path(name) / "crafted")
        rows, printed = in_turn(__file__, name, n, seed)
    report(rows, few, n, seed, time.perf_counter() - began)
    noise = collections.Counter(re.sub(r"[\d.]+", "#", line) for line in printed)
    print("\nWhat the decoders themselves print:")
    print(*(f"{k:6} {text}" for text, k in noise.most_common(12)), sep="\n")


def report(rows, few, n, seed, elapsed):
    counts = collections.defaultdict(collections.Counter)
    for _, how, suffix, result, *_ in rows:
        kind = re.match(r"\w+", result)[0]
        counts[how][kind] += 1
        counts[f"all .{suffix}"][kind] += 1
        counts["all"][kind] += 1
    seconds = [float(row[4]) for row in rows]
    text = [
        "# Hostile recordings",
        "",
        f"`python benchmarks/fuzz_audio.py {n} {seed}`: {len(rows)} files; Python "
        f"{platform.python_version()}, libsndfile {soundfile.__libsndfile_version__}, "
        f"{os.cpu_count()} cores, {elapsed:.0f} s in all.",
        "",
        "| what was done, to what | read | read with a warning | refused | faults |",
        "|---|---|---|---|---|",
    ]
    for how in sorted(counts, key=lambda how: (how.startswith("all"), how)):
        c = counts[how]
        row = (how, *(c[kind] for kind in ("read", "warns", "refused", "FAULT")))
        text.append(f"| {' | '.join(map(str, row))} |")
    text += [
        "",
        "Each file is described, read at 44100 Hz in stereo, and featurized: slowest "
        f"{max(seconds):.2f} s of the processor, median "
        f"{np.median(seconds) * 1e3:.0f} ms; memory "
        f"taken at most {max(float(row[5]) for row in rows):.0f} MB.",
        "",
        "Files made to fill memory or to take forever. The bound is three times the "
        "larger of 256 MiB and 1000 times the size.",
        "",
        "| file | kB | what came of it | s | MB | bound, MB |",
        "|---|---|---|---|---|---|",
    ]
    for name, size, result, *cost in few:
        bound = 3 * max(2**28, 1000 * size) / 2**20
        row = (name, f"{size / 1e3:.0f}", result, *cost, f"{bound:.0f}")
        text.append(f"| {' | '.join(row)} |")
    told(text, rows, "fuzz_audio")


if __name__ == "__main__":
    command(outcome, check, main)
