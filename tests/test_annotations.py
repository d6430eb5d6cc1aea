"""Public names tell their types: ``py.typed`` promises it. ``make lint`` runs mypy."""

import ast
import inspect
import tomllib
import typing
from pathlib import Path

import pytest
from test_docstrings import DOCUMENTED, resolve

import skmusic

ROOT = Path(__file__).resolve().parents[1]


def written_here(name):
    """The function behind a public name, None if it has none of skmusic's own."""
    value = resolve(name)
    if isinstance(value, property):
        value = value.fget
    if inspect.isclass(value):
        value = value.__init__
    value = inspect.unwrap(value)
    return value if getattr(value, "__module__", "").startswith("skmusic") else None


CALLED = [
    name
    for name in DOCUMENTED
    if not inspect.ismodule(resolve(name)) and written_here(name)
]


@pytest.mark.parametrize("name", CALLED)
def test_public_signatures_are_annotated(name):
    function = written_here(name)
    signature = inspect.signature(function)
    names = {*signature.parameters, "return"} - {"self", "cls"}
    assert names <= set(typing.get_type_hints(function)), "annotate what is left"


def test_there_are_many():
    assert len(CALLED) > 50


def test_type_checkers_see_what_is_loaded_at_first_use():
    tree = ast.parse(Path(skmusic.__file__).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.name for node in block.body for alias in node.names}
    assert seen == {name for name in skmusic.__all__ if not name.startswith("_")}


def test_the_package_says_so():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    data = project["tool"]["setuptools"]["package-data"]
    assert (Path(skmusic.__file__).parent / "py.typed").exists()
    assert "py.typed" in data["skmusic"]
    assert "Typing :: Typed" in project["project"]["classifiers"]
