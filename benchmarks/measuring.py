"""Measuring time and memory: races of functions, processes of their own, rows."""

import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
# ru_maxrss counts kilobytes, on macOS bytes.
_RSS_PER_MB = 1e6 if sys.platform == "darwin" else 1e3


def seconds(function):
    """Wall seconds of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


class Race:
    """Functions that take turns, round by round, after one call that is not counted.

    Parameters
    ----------
    functions : dict of callable
        By name.
    rounds : int
        Turns of each.
    """

    def __init__(self, functions, rounds):
        times = {name: [] for name in functions}
        for function in functions.values():
            function()
        for _ in range(rounds):
            for name, function in functions.items():
                start = time.perf_counter(), time.process_time()
                function()
                end = time.perf_counter(), time.process_time()
                times[name].append(np.subtract(end, start))
        self.times = {name: np.array(t) for name, t in times.items()}

    def wall(self, name):
        """Median wall seconds."""
        return float(np.median(self.times[name][:, 0]))

    def ratio(self, over, under, cpu=False):
        """Median over the rounds of the quotient of two times."""
        column = int(cpu)
        t = self.times[over][:, column] / np.maximum(self.times[under][:, column], 1e-9)
        return float(np.median(t))


@dataclass(frozen=True)
class Run:
    """What a process printed and took: wall and CPU seconds, peak memory in MB."""

    text: str
    wall: float
    cpu: float
    peak: float


def python(*arguments):
    """Run this Python with arguments, in a process of its own; return its `Run`."""
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    environment["PYTHONPATH"] = str(ROOT)
    with tempfile.TemporaryFile("w+") as errors:
        start = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
            text=True,
        )
        text = child.stdout.read()
        # Not communicate(): wait4 alone tells what this one child has used.
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            errors.seek(0)
            raise RuntimeError(
                f"python {arguments} ended with status {child.returncode}:\n"
                f"{errors.read()[-2000:]}"
            )
    cpu = usage.ru_utime + usage.ru_stime
    return Run(text, wall, cpu, usage.ru_maxrss / _RSS_PER_MB)


def peak():
    """Peak memory of this process so far, MB."""
    try:  # Linux counts in ru_maxrss what the parent had when it started this process
        status = Path("/proc/self/status").read_text()
        return int(re.search(r"VmHWM:\s*(\d+)", status)[1]) / 1e3
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _RSS_PER_MB


def slope(x, y):
    """Exponent of the power law that fits best; 1 is linear."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def row(what, measured, target="", holds=None, note=""):
    """One line of the table; without a target it is for information."""
    verdict = "" if holds is None else "holds" if holds else "falls short"
    return {
        "what": what,
        "measured": measured,
        "target": target,
        "holds": verdict,
        "note": note,
    }
