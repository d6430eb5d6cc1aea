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
# Rooms from the ground up: each imports itself and those before it.
ROOMS = (
    "utils",
    "audio",
    "spectra",
    "datasets",
    "features",
    "network",
    "synthesis",
    "metrics",
    "inversion",
    "featurizer",
    "playing",
    "generator",
    "pipeline",
    "display",
    "report",
    "persistence",
    "studio",
    "cli",
    "__main__",
)
PACKAGE = ROOT / "skmusic"
KERAS = "network.keras_lstm"


def name_of(path):
    """Dotted name within skmusic: ``audio`` of audio/__init__.py."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


PATHS = {
    name_of(p): p
    for p in sorted(PACKAGE.rglob("*.py"))
    if p.parts[-2:] != ("skmusic", "__init__.py")
}
MODULES = sorted(PATHS)
DISTRIBUTIONS = {  # where the import has another name
    "av": "av",
    "sklearn": "scikit-learn",
    "PIL": "pillow",
}


class Imports(ast.NodeVisitor):
    """Imports of a module: (name in full, whether inside a function)."""

    def __init__(self, module):
        self.found, self.depth = [], 0
        self.visit(ast.parse(PATHS[module].read_text(encoding="utf-8")))

    def visit_FunctionDef(self, node):
        self.depth += 1
        self.generic_visit(node)
        self.depth -= 1

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Import(self, node):
        for alias in node.names:
            self.found.append((alias.name, self.depth > 0))

    def visit_ImportFrom(self, node):
        assert not node.level, "import by the full name"
        for alias in node.names:
            self.found.append((f"{node.module}.{alias.name}", self.depth > 0))


def own(module):
    """Modules of skmusic that a module imports: (name, whether in a function)."""
    edges = set()
    for name, inside in Imports(module).found:
        package, _, rest = name.partition(".")
        rest = skmusic._HOME.get(rest, rest)
        while package == "skmusic" and rest and rest not in PATHS:
            rest = rest.rpartition(".")[0]
        if package == "skmusic" and rest:
            edges.add((rest, inside))
    return edges


def room(module):
    return module.partition(".")[0]


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


def test_only_keras_lstm_loads_tensorflow():
    code = "\n".join(f"import skmusic.{m}" for m in MODULES if m != KERAS)
    code += "\nfrom skmusic import *"
    assert {"tensorflow", "keras"}.isdisjoint(loaded_by(code))


@pytest.mark.parametrize("module", MODULES)
def test_rooms_import_those_below(module):
    for target, _ in own(module):
        below = ROOMS.index(room(target)) <= ROOMS.index(room(module))
        assert below, f"{module} imports {target}"


def test_imports_have_no_cycle():
    graph = {m: {target for target, _ in own(m)} - {m} for m in MODULES}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the cycle


@pytest.mark.parametrize("module", [m for m in MODULES if m != KERAS])
def test_keras_stays_in_one_module(module):
    assert {"keras", "tensorflow"}.isdisjoint(name for name, _ in third_party(module))
    assert (KERAS, False) not in own(module), f"import {KERAS} inside the function"


@pytest.mark.parametrize(
    "module", [m for m in MODULES if room(m) in ("audio", "spectra")]
)
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


def test_the_house_can_be_drawn_from_memory():
    folders = {path.parent for path in PATHS.values()}
    assert len({f for f in folders if f.parent == PACKAGE}) <= 12
    for folder in folders:
        assert len(list(folder.glob("*.py"))) <= 14, folder
    for path in PATHS.values():
        n_lines = len(path.read_text(encoding="utf-8").splitlines())
        assert n_lines <= 400, f"{path.name} has {n_lines} lines; give it one idea"
