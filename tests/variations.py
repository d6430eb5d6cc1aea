"""Run the tests as if on other machines, and say which fail where.

Another processor, or another number of threads, adds up in another order: networks
get other weights, and draws are others. No test may hang on that. This runs the
tests on five machines that are not this one, each made of several variations, prints
a table in Markdown, and ends with status 1 where any fails. What fails on one of them
runs again under each of its variations alone. It takes some five times as long as the
tests.

Run ``make test-variations``, or for some variations and some tests
``python tests/variations.py --only seed tests/test_tbptt.py``: all that is not known
here goes to pytest.
"""

import argparse
import os
import re
import subprocess
import sys
import time

import numpy as np

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
# Each is a machine, and each name a variation of it.
MACHINES = (
    ("OpenBLAS for Haswell", "1 thread", "seed 1"),
    ("OpenBLAS for SkylakeX", "numpy without AVX512", "seed 2"),
    ("OpenBLAS for Zen", "TensorFlow without oneDNN", "seed 3"),
    ("OpenBLAS for Prescott", "2 threads", "seed 4"),
    ("numpy without AVX2 and FMA3", "seed 5"),
)


def environment(variation):
    """What a variation sets."""
    *_, what = variation.split()
    if variation.startswith("OpenBLAS"):
        return {"OPENBLAS_CORETYPE": what}
    if variation.startswith("seed"):
        # conftest.py adds it to the random states of shared fixtures.
        return {"SKMUSIC_TEST_SEED": what}
    if variation.startswith("TensorFlow"):
        return {"TF_ENABLE_ONEDNN_OPTS": "0"}
    if "thread" in variation:
        return dict.fromkeys(THREADS, variation.split()[0])
    # Those that numpy does not know, or that are not here, it warns of.
    found = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    if what == "AVX512":
        found = [name for name in found if what in name or name == "X86_V4"]
    return {"NPY_DISABLE_CPU_FEATURES": " ".join(found)}


def run(variations, options):
    """Names of the tests that fail, or what pytest said when it could not run."""
    command = [sys.executable, "-m", "pytest", "--tb=no", "-rfE", *options]
    env = os.environ.copy()
    for variation in variations:
        env |= environment(variation)
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    failed = re.findall(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", done.stdout, re.M)
    if done.returncode and not failed:
        said = " ".join((done.stderr or done.stdout)[-300:].split())
        return [f"status {done.returncode}: {said}"]
    return failed


def tell(variations, options):
    """Run the tests, print a row of the table, and return what fails."""
    start = time.perf_counter()
    failed = run(variations, options)
    names = "<br>".join(x.replace("|", "\\|") for x in failed) or "none"
    seconds = time.perf_counter() - start
    print(f"| {', '.join(variations)} | {seconds:.0f} | {names} |", flush=True)
    return failed


def main():
    """Run all, print the table; whether a test has failed anywhere."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="a part of the variations' names")
    arguments, options = parser.parse_known_args()
    print("| Machine | Seconds | Tests that fail |\n|:--|--:|:--|", flush=True)
    any_failed = False
    for machine in MACHINES:
        if not any(arguments.only in variation for variation in machine):
            continue
        failed = tell(machine, options)
        any_failed |= bool(failed)
        if failed and "::" in failed[0]:
            for variation in machine:
                tell([variation], failed)
    return any_failed


if __name__ == "__main__":
    sys.exit(main())
