"""What the files around the package promise is so."""

import ast
import os
import re
import tomllib
from pathlib import Path

import pytest

import skmusic

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    str(path.relative_to(ROOT))
    for folder in (ROOT / "docs", ROOT / "docs" / "guide")
    for path in sorted(folder.glob("*.md"))
]
PROSE = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md", *PAGES]


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text(name), re.M | re.S)


def test_versions_agree():
    project = tomllib.loads(text("pyproject.toml"))["project"]
    assert project["version"] == skmusic.__version__
    newest = re.search(r"^## \[(.+?)\]", text("CHANGELOG.md"), re.M)
    assert newest[1] == skmusic.__version__


def test_the_readme_has_the_figures_last_printed(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs")
    import make_readme

    assert make_readme.table() in text("README.md"), "run docs/make_readme.py --table"


def test_readme_shows_python():
    assert blocks("README.md", "python")


@pytest.mark.parametrize("name", PROSE)
def test_python_parses_and_names_what_exists(name):
    for block in blocks(name, "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.module == "skmusic":
                for alias in node.names:
                    assert alias.name in skmusic.__all__


def test_ci_runs_make_test():
    lines = text(".ci/run").splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in lines
    assert "make test" in lines
    assert os.access(ROOT / ".ci/run", os.X_OK)


@pytest.mark.parametrize("name", PROSE)
def test_named_make_targets_exist(name):
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.M))
    code = re.findall(r"`([^`\n]+)`", text(name)) + blocks(name, "[a-z]*")
    named = re.findall(r"\bmake ([a-z]+)", "\n".join(code))
    assert set(named) <= targets


def test_every_page_is_reached_and_every_public_name():
    trees = "".join(
        tree
        for name in ("index", "more", "guide/index")
        for tree in blocks(f"docs/{name}.md", r"\{toctree\}")
    )
    reached = {Path(page).stem for page in re.findall(r"[\w/]+", trees)} | {"index"}
    assert {Path(page).stem for page in PAGES} <= reached
    names = {name for name in skmusic.__all__ if not name.startswith("_")}
    assert names <= set(text("docs/api.rst").split())


@pytest.mark.parametrize("name", PROSE)
def test_links_to_files_lead_somewhere(name):
    for link in re.findall(r"\]\((?!https?://|#)([^)#]+)", text(name)):
        assert (ROOT / name).parent.joinpath(link).exists(), link


# Words that this project once had for things that have a name in the field.
PRIVATE = re.compile(
    r"\b(banks?|moods?|codebooks?|tempering|lapped|emission|outlook|surroundings|lanes?"
    r"|seams?|going_along|from_nothing|give_form|quietly|find_layout)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("name", PROSE)
def test_pages_have_the_words_of_the_field(name):
    found = [] if name == "CHANGELOG.md" else PRIVATE.findall(text(name))
    assert not found, f"see the glossary: {found}"


def test_code_has_the_words_of_the_field():
    for path in sorted((ROOT / "skmusic").rglob("*.py")):
        found = PRIVATE.findall(path.read_text(encoding="utf-8"))
        assert not found, f"{path.name}, see the glossary: {found}"
