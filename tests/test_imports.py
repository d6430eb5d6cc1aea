"""The laws of the house: what may import what, and what a public name owes."""

import ast
import subprocess
import sys
import tomllib
from graphlib import TopologicalSorter
from itertools import chain
from pathlib import Path

import pytest

import skmusic

ROOT = Path(__file__).resolve().parents[1]
FLOORS = {
    "ground": (
        "audio",
        "files",
        "waveforms",
        "sources",
        "decoding",
        "mp3",
        "encoding",
        "windows",
        "inverse",
        "spectra",
        "recurrent",
        "synth",
        "mixing",
        "harmony",
        "styles",
        "composition",
        "storage",
        "checks",
        "archive",
        "description",
        "progress",
        "origin",
        "checkpoint",
        "lanes",
        "layout",
        "bands",
        "phase",
        "moving",
        "form",
    ),
    "first": (
        "validation",
        "parameters",
        "streamed",
        "codebook",
        "corpus",
        "graph",
        "image",
        "colour",
        "joins",
        "lapped",
        "limiter",
        "seams",
        "guards",
        "quotes",
        "rendering",
        "tempering",
        "surroundings",
        "transposition",
        "units",
        "walk",
        "entry",
        "changes",
        "changes_fit",
        "resynthesis",
        "together",
        "network",
        "tbptt",
    ),
    "outputs": ("training", "tokens", "tokens_fit", "regression", "synthesis"),
    "second": ("featurizer", "generator", "pipeline", "saving"),
    "top": (
        "copying",
        "analysis",
        "distances",
        "metrics",
        "rhythm",
        "descriptors",
        "datasets",
        "player",
        "figures",
        "sound_displays",
        "spectrum_display",
        "learning_displays",
        "display",
        "real_music",
        "pictures",
        "report",
        "playback",
        "completion",
        "arguments",
        "console",
        "targets",
        "models",
        "cli",
        "__main__",
    ),
}
FLOOR = {name: i for i, names in enumerate(FLOORS.values()) for name in names}
MODULES = sorted(path.stem for path in (ROOT / "skmusic").glob("*.py"))
DISTRIBUTIONS = {  # where the import has another name
    "av": "av",
    "sklearn": "scikit-learn",
    "PIL": "pillow",
}


class Imports(ast.NodeVisitor):
    """Imports of a module: (name in full, whether inside a function)."""

    def __init__(self, module):
        self.found, self.depth = [], 0
        source = (ROOT / "skmusic" / f"{module}.py").read_text(encoding="utf-8")
        self.visit(ast.parse(source))

    def visit_FunctionDef(self, node):
        self.depth += 1
        self.generic_visit(node)
        self.depth -= 1

    visit_AsyncFunctionDef = visit_FunctionDef

    def add(self, name):
        self.found.append((name, self.depth > 0))

    def visit_Import(self, node):
        for alias in node.names:
            self.add(alias.name)

    def visit_ImportFrom(self, node):
        base = "skmusic" if node.level else None
        base = ".".join(part for part in (base, node.module) if part)
        for alias in node.names:
            self.add(f"{base}.{alias.name}" if base == "skmusic" else base)


def own(module):
    """Modules of skmusic that a module imports: (name, whether in a function)."""
    edges = set()
    for name, inside in Imports(module).found:
        package, _, rest = name.partition(".")
        if package == "skmusic" and rest != "__version__":
            target = skmusic._HOME.get(rest, rest.partition(".")[0])
            edges.add((target, inside))
    return edges


def third_party(module):
    names = {(name.partition(".")[0], inside) for name, inside in Imports(module).found}
    return {(n, i) for n, i in names if n not in {"skmusic", *sys.stdlib_module_names}}


def loaded_by(code):
    """Packages that are loaded after `code` in a new process."""
    code += "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules})"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT
    )
    assert run.returncode == 0, run.stderr
    return set(run.stdout.split())


def test_import_skmusic_loads_nothing_heavy():
    heavy = {"tensorflow", "keras", "sklearn", "scipy", "numpy", "soundfile"}
    assert heavy.isdisjoint(loaded_by("import skmusic"))


def test_only_network_loads_tensorflow():
    code = "\n".join(f"import skmusic.{m}" for m in MODULES if m != "network")
    assert {"tensorflow", "keras"}.isdisjoint(loaded_by(code))


def test_public_names_load_no_tensorflow():
    assert {"tensorflow", "keras"}.isdisjoint(loaded_by("from skmusic import *"))


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_a_floor(module):
    assert module == "__init__" or module in FLOOR


@pytest.mark.parametrize("module", [m for m in MODULES if m in FLOOR])
def test_imports_only_point_down(module):
    for target, _ in own(module):
        assert target in FLOOR, f"import what is needed of skmusic by name: {target!r}"
        assert FLOOR[target] <= FLOOR[module], f"{module} imports {target}"


def test_imports_have_no_cycle():
    graph = {module: {target for target, _ in own(module)} for module in MODULES}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the cycle


@pytest.mark.parametrize("module", [m for m in MODULES if m != "network"])
def test_keras_stays_in_network(module):
    assert {"keras", "tensorflow"}.isdisjoint(name for name, _ in third_party(module))
    assert ("network", False) not in own(module), "import network inside the function"


@pytest.mark.parametrize("module", FLOORS["ground"])
def test_the_ground_floor_does_not_learn(module):
    assert "sklearn" not in {name for name, _ in third_party(module)}


def declared(requirements):
    return {"".join(r.partition(">=")[:1]).strip() for r in requirements}


@pytest.mark.parametrize("module", MODULES)
def test_third_party_imports_are_declared(module):
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    needed = declared(project["dependencies"])
    extras = declared(chain(*project["optional-dependencies"].values()))
    for name, inside in third_party(module):
        allowed = needed | extras if inside else needed
        assert DISTRIBUTIONS.get(name, name) in allowed, f"{name} in {module}"


@pytest.mark.parametrize("name", skmusic.__all__)
def test_public_names_resolve(name):
    assert getattr(skmusic, name) is not None
    assert name in dir(skmusic)


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        skmusic.nothing  # noqa: B018
