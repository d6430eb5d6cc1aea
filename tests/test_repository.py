"""What the files around the package promise is so."""

import ast
import os
import re
import shlex
import shutil
import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

import skmusic
from skmusic.cli import arguments, commands

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

    page = text("README.md")
    assert make_readme.filled(page) == page, "run docs/make_readme.py --table"


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


def patterns(command):
    """What MANIFEST.in names after a command."""
    found = re.findall(rf"^{command} (.+)$", text("MANIFEST.in"), re.M)
    return [pattern for names in found for pattern in names.split()]


def in_sdist(name):
    """Whether the source distribution holds a file, by MANIFEST.in and setuptools."""
    # Which adds these by itself, and the package by pyproject.toml.
    of_setuptools = {"LICENSE", "README.md", "pyproject.toml", "setup.cfg"}
    folders = patterns("prune")
    if any(name.startswith(f"{folder}/") for folder in folders):
        return False
    if any(fnmatch(name, pattern) for pattern in patterns("global-exclude")):
        return False
    if name in patterns("exclude"):
        return False
    return name in {*of_setuptools, *patterns("include")} or any(
        name.startswith(f"{folder}/") for folder in ("skmusic", *patterns("graft"))
    )


def test_the_source_distribution_holds_what_git_tracks():
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("of what git tracks only a checkout knows")
    run = subprocess.run(
        ["git", "ls-files"], capture_output=True, text=True, cwd=ROOT, check=True
    )
    tracked = run.stdout.splitlines()
    assert len(tracked) > 100
    assert [name for name in tracked if not in_sdist(name)] == []


def test_the_source_distribution_holds_nothing_that_git_ignores():
    for line in text(".gitignore").splitlines():
        # What has a slash within is one place; the others never are in a grafted one.
        if "/" in line.rstrip("/"):
            assert not in_sdist(line.strip("/") + "/x" * line.endswith("/")), line


@pytest.mark.parametrize("name", PROSE)
def test_named_make_targets_exist(name):
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.M))
    code = re.findall(r"`([^`\n]+)`", text(name)) + blocks(name, "[a-z]*")
    named = re.findall(r"\bmake ([a-z]+)", "\n".join(code))
    assert set(named) <= targets


def status(options):
    """Status that the command ends with if it cannot make sense of its options."""
    try:
        arguments.parser().parse_args(shlex.split(options, comments=True))
    except SystemExit as end:
        return end.code
    return 0


@pytest.mark.parametrize("name", PROSE)
def test_commands_that_are_shown_can_be_called(name):
    code = "\n".join(re.findall(r"`([^`\n]+)`", text(name)) + blocks(name, "[a-z]*"))
    shown = re.findall(r"bin/skmusic ([^|\n]+)", code)
    assert [options for options in shown if status(options)] == []


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


def test_the_transcript_has_commands_that_there_are(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs")
    import make_transcript

    page = text("docs/getting_started.md")
    (part,) = make_transcript.BLOCK.finditer(page)
    typed = re.findall(r"^\$ .+$", part[0], re.M)
    assert typed == [make_transcript.typed(*each) for each in make_transcript.COMMANDS]
    for _, command in make_transcript.COMMANDS:
        args = arguments.parser().parse_args(shlex.split(command)[1:])
        assert hasattr(commands, args.command)
