"""Run the tests as if on other machines, and say which fail where.

Another processor, or another number of threads, adds up in another order: networks
get other weights, and draws are others. No test may hang on that. This runs the
tests under each variation in processes of their own, prints a table in Markdown, and
ends with status 1 where any fails. It takes about twenty times as long as the tests.

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
CORES = "Haswell", "SkylakeX", "Zen", "Prescott"


def variations():
    """Name and environment of each."""
    # Those that numpy does not know, or that are not here, it warns of.
    found = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    wide = [name for name in found if "AVX512" in name or name == "X86_V4"]
    made = {"as it is": {}}
    made |= {f"OpenBLAS for {core}": {"OPENBLAS_CORETYPE": core} for core in CORES}
    made |= {
        "numpy without AVX512": {"NPY_DISABLE_CPU_FEATURES": " ".join(wide)},
        "numpy without AVX2 and FMA3": {"NPY_DISABLE_CPU_FEATURES": " ".join(found)},
        "TensorFlow without oneDNN": {"TF_ENABLE_ONEDNN_OPTS": "0"},
        "1 thread": dict.fromkeys(THREADS, "1"),
        "2 threads": dict.fromkeys(THREADS, "2"),
    }
    # conftest.py adds these to the random states of shared fixtures.
    made |= {f"seed {k}": {"SKMUSIC_TEST_SEED": str(k)} for k in range(1, 6)}
    return made


def run(environment, options):
    """Names of the tests that fail, or what pytest said when it could not run."""
    command = [sys.executable, "-m", "pytest", "--tb=no", "-rfE", *options]
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True
    )
    failed = re.findall(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", done.stdout, re.M)
    if done.returncode and not failed:
        said = " ".join((done.stderr or done.stdout)[-300:].split())
        return [f"status {done.returncode}: {said}"]
    return failed


def main():
    """Run all, print the table; whether a test has failed anywhere."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="a part of the variations' names")
    arguments, options = parser.parse_known_args()
    print("| Variation | Seconds | Tests that fail |\n|:--|--:|:--|", flush=True)
    any_failed = False
    for name, environment in variations().items():
        if arguments.only in name:
            start = time.perf_counter()
            failed = run(environment, options)
            any_failed |= bool(failed)
            names = "<br>".join(x.replace("|", "\\|") for x in failed) or "none"
            seconds = time.perf_counter() - start
            print(f"| {name} | {seconds:.0f} | {names} |", flush=True)
    return any_failed


if __name__ == "__main__":
    sys.exit(main())
