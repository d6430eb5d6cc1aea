"""Kill a fit at random moments of its training, and see that nothing is lost.

A pipeline is fitted with a checkpoint folder, in a process of its own, which is
killed (SIGKILL) so many seconds after its training began as chance says, and started
again until it ends. Its weights, moments and records must then be, to the bit, those
of a fit that nobody disturbed: ``python benchmarks/kill.py > kill.md``.
"""

import argparse
import pickle
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import skmusic.checkpoint
from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator, datasets


def child(folder, result):
    """Fit; say when training begins."""
    from skmusic import network

    skmusic.checkpoint.INTERVAL = 0.3  # so that most kills are within an epoch
    train = network.train

    def told(*args, state=None, **options):
        at = [len(state["history"]), int(state.get("position", [0])[0])] if state else 0
        print(f"training from {at}", flush=True)
        return train(*args, state=state, **options)

    network.train = told
    songs = datasets.make_songs(6, 60.0, random_state=0).recordings
    generator = StatefulLSTMGenerator(
        hidden_layer_sizes=(96, 96),
        epochs=8,
        n_streams=8,
        checkpoint_dir=folder or None,
        random_state=0,
    )
    pipe = Pipeline([FFTFeaturizer(), generator]).fit(songs)
    Path(result).write_bytes(pickle.dumps((pipe[1].training_, pipe[1].history_)))


def run(folder, result, seconds):
    """Run a child; kill it so long after training began: what it went on from."""
    command = [sys.executable, __file__, "--child", str(folder), str(result)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    line = process.stdout.readline().strip()
    begun = time.perf_counter()
    try:
        _, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return line, -signal.SIGKILL, time.perf_counter() - begun
    if process.returncode:
        raise RuntimeError(errors)
    return line, 0, time.perf_counter() - begun


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--random-state", type=int, default=0)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.child:
        child(*args.child)
        return
    rng = np.random.default_rng(args.random_state)
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder, "result")
        _, _, whole = run("", result, None)
        expected = pickle.loads(result.read_bytes())
        print(f"Undisturbed, training takes {whole:.1f} s.\n")
        kills = rounds = 0
        while kills < args.kills:
            rounds += 1
            while True:
                # The last round is let be when there were kills enough.
                left = kills < args.kills
                seconds = rng.uniform(0, whole / 3) if left else None
                line, code, took = run(Path(folder, str(rounds)), result, seconds)
                if code == 0:
                    break
                kills += 1
                print(f"- kill {kills}: {line}, killed after {took:.2f} s", flush=True)
            np.testing.assert_equal(pickle.loads(result.read_bytes()), expected)
            print(f"- {line}, ended: the same bits", flush=True)
    print(f"\n{kills} kills in {rounds} fits; each ended with the same bits.")


if __name__ == "__main__":
    main()
