"""Pages that were built before: every page of the documentation."""

from pathlib import Path

import pages
import pytest

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "docs" / "_build" / "html"
BUILT = sorted(path for path in HTML.rglob("*.html") if "_static" not in path.parts)
PLAYING = [path for path in BUILT if "<audio" in path.read_text(encoding="utf-8")]

# Longest line of each block of code that does not show whole.
_CUT = """
const longest = text => text.split("\\n").reduce((a, b) => a.length < b.length ? b : a);
return [...document.querySelectorAll("article pre")]
  .filter(pre => pre.scrollWidth > pre.clientWidth + 1)
  .map(pre => longest(pre.textContent));
"""


def name(path):
    return path.relative_to(HTML).with_suffix("").as_posix()


@pytest.mark.parametrize("path", PLAYING, ids=name)
def test_pages_play(browser, path):
    pages.show(browser, path)
    pages.check_players(browser)
    pages.check_keyboard(browser)
    assert pages.console_errors(browser) == []


@pytest.mark.parametrize("path", BUILT, ids=name)
@pytest.mark.parametrize("width", [390, 1280])
def test_pages_fit_phones_and_laptops(browser, path, width):
    pages.show(browser, path, width)
    pages.check_width(browser, width)
    assert browser.execute_script(_CUT) == []
    if path in PLAYING:
        shot = f"{name(path).replace('/', '-')}-{width}.png"
        pages.screenshot(browser, ROOT / "build" / "browser" / shot)


@pytest.mark.skipif(not BUILT, reason="no pages were built")
@pytest.mark.parametrize("first", ["index", "auto_examples/index"])
def test_the_first_pages_play(first):
    """Three songs, and two ways to go on from each."""
    html = (HTML / f"{first}.html").read_text(encoding="utf-8")
    assert html.count("<audio") == 9
