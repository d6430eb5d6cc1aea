"""What the docs draw, name and count is so."""

import re
from pathlib import Path

import pytest
from test_imports import ROOMS

ROOT = Path(__file__).resolve().parents[1]
PAGES = (
    "CONTRIBUTING.md",
    "docs/architecture.md",
    "docs/extending.md",
    "docs/promises.md",
)


@pytest.fixture(autouse=True)
def _scripts_of_the_docs(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs")


@pytest.fixture
def draw_rooms():
    import draw_rooms

    return draw_rooms


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_picture_is_of_the_imports(draw_rooms):
    drawn = draw_rooms.PICTURE.read_text(encoding="utf-8")
    assert drawn == draw_rooms.draw(), "run docs/draw_rooms.py"


def test_arrows_point_down(draw_rooms):
    edges = draw_rooms.imports()
    assert list(edges) == list(ROOMS)
    for name, below in edges.items():
        assert all(ROOMS.index(other) < ROOMS.index(name) for other in below)


def test_every_room_is_in_the_picture_with_its_purpose(draw_rooms):
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", draw_rooms.draw())
    assert {text.removesuffix(".py") for text in texts} >= set(ROOMS)
    assert all(draw_rooms.purpose(name) for name in ROOMS)


@pytest.mark.parametrize("name", PAGES)
def test_files_that_a_page_names_exist(name):
    named = re.findall(r"`((?:skmusic|docs|tests|benchmarks)/[\w./]+)`", text(name))
    missing = [file for file in dict.fromkeys(named) if not (ROOT / file).exists()]
    assert named
    assert not missing


def test_functions_that_the_architecture_names_are_in_their_files():
    pattern = r"`([\w.]+)\(\)`[^`\n]*\(`(skmusic/[\w./]+\.py)`"
    found = re.findall(pattern, text("docs/architecture.md"))
    assert found
    for name, file in found:
        last = name.rpartition(".")[2]
        assert re.search(rf"^\s*(def|class) {last}\b", text(file), re.M), (name, file)
