import json
import subprocess
import sys
from pathlib import Path

from skmusic.cli import main

SR = 8000
QUICK = ("--sr", SR, "--N", 256, "--seconds", 0.5)
REAL = ("--sr", SR, "--N", 256, "--epochs", 1, "--random-state", 3)


class FakeGenerator:
    """Takes what the generator takes and learns nothing."""

    def __init__(self, **params):
        self.params = params

    def get_params(self, deep=True):
        return self.params


class FakePipeline:
    """Reads the songs as the real one does; composes noise."""

    fits = []
    calls = []

    def __init__(self, steps):
        self.steps = [(type(step).__name__.lower(), step) for step in steps]

    def fit(self, X):
        self.fits.append(X)
        self.steps[0][1].fit_transform(X)
        return self

    def sample(self, seed, *, seconds, random_state, verbose, **settings):
        n_samples = round(seconds * self.steps[0][1].sr)
        pieces = []
        for each in seed:
            self.calls.append({"seed": each, "verbose": verbose, **settings})
            noise = random_state.uniform(-0.5, 0.5, (n_samples, 2))
            pieces.append(noise.astype("float32"))
        return pieces


def run(*argv):
    """Status of a command line, also of one that argparse refuses."""
    try:
        return main([str(arg) for arg in argv])
    except SystemExit as stop:
        return stop.code


def run_json(capsys, *argv, status=0):
    capsys.readouterr()
    assert run(*argv, "--json") == status
    return json.loads(capsys.readouterr().out)


def assert_one_error_line(capsys, *words):
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("skmusic: error: ")
    assert err.count("\n") == 1
    for word in words:
        assert word in err


def leftovers(folder):
    return sorted(p.name for p in Path(folder).rglob("*") if p.is_file())


def in_python(code, *argv, **options):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, argv)],
        capture_output=True,
        text=True,
        timeout=300,
        **options,
    )


MAIN = "import sys; from skmusic.cli import main; sys.exit(main(sys.argv[1:]))"
