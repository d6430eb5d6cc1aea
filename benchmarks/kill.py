"""Kill a fit at random moments of its training, and see that nothing is lost.

A pipeline is fitted with a checkpoint folder, in a process of its own, which is
killed (SIGKILL) so many seconds after its training began as chance says, and started
again until it ends. Its weights, moments and records must then be, to the bit, those
of a fit that nobody disturbed: ``python benchmarks/kill.py > kill.md``.
"""

import argparse
import pickle
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import skmusic.network.checkpoint
from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator, datasets


def child(folder, result):
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
        bank_size=2_000_000,
        checkpoint_dir=folder or None,
        random_state=0,
    )
    pipe = Pipeline([FFTFeaturizer(), generator]).fit(songs)
    Path(result).write_bytes(pickle.dumps((pipe[1].training_, pipe[1].history_)))


def run(folder, result, seconds=None):
    """Run a child; kill it so long after training began, if it still trains.

    Returns what it went on from, how long it trained, and whether it was killed.
    """
    command = [sys.executable, __file__, "--child", str(folder), str(result)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        line, begun = process.stdout.readline().strip(), time.perf_counter()
        ready, _, _ = select.select([process.stdout], [], [], seconds)
        took = time.perf_counter() - begun
        if not ready:
            process.kill()
        elif process.wait():
            raise RuntimeError(f"the fit failed with status {process.returncode}")
    return line, took, not ready


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
        _, whole, _ = run("", result)
        expected = pickle.loads(result.read_bytes())
        print(f"Undisturbed, training takes {whole:.1f} s.\n")
        kills = fits = 0
        while kills < args.kills:
            fits, killed = fits + 1, True
            while killed:
                # The last fit is let be when there were kills enough.
                seconds = rng.uniform(0, whole / 2) if kills < args.kills else None
                line, took, killed = run(Path(folder, str(fits)), result, seconds)
                kills += killed
                end = f"kill {kills} after" if killed else "ended, with the same bits,"
                if not killed:
                    found = pickle.loads(result.read_bytes())
                    np.testing.assert_equal(found, expected)
                print(f"- {line}: {end} {took:.2f} s", flush=True)
    print(f"\n{kills} kills in {fits} fits; each ended with the same bits.")


if __name__ == "__main__":
    main()
