import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no such signal"
)
# A module that is imported tells of it, waits, and takes an interrupt for a failure,
# as those of C++ do.
SLOW = """
import sys, time
print("waiting", flush=True)
try:
    time.sleep(60)
except KeyboardInterrupt as error:
    raise ImportError("initialization failed") from error
"""
MAIN = """
import sys
print("begun", flush=True)
sys.path.insert(0, sys.argv.pop(1))
from skmusic.cli import main
sys.exit(main(sys.argv[1:]))
"""


def start(*argv):
    return subprocess.Popen(
        [sys.executable, "-c", MAIN, *map(str, argv)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("module", ["argparse", "sklearn"])
def test_ctrl_c_in_an_import_is_one_line(tmp_path, songs, module):
    (tmp_path / "slow").mkdir()
    (tmp_path / "slow" / f"{module}.py").write_text(SLOW)
    with start(tmp_path / "slow", "compose", songs, "--quiet") as process:
        assert process.stdout.read(len("begun\nwaiting\n")) == "begun\nwaiting\n"
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == "skmusic: interrupted\n"
    assert process.returncode == 130


@pytest.mark.parametrize("seconds", [0.3, 1.2])
def test_ctrl_c_within_the_first_seconds_is_one_line(tmp_path, songs, seconds):
    with start(tmp_path, "compose", songs, "--quiet", "--N", 256) as process:
        assert process.stdout.readline() == "begun\n"
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)  # it is often pressed twice
        assert process.stderr.read() == "skmusic: interrupted\n"
    assert process.returncode in (130, -signal.SIGINT)
