"""Pages that were built before: every page of the documentation with a player."""

from pathlib import Path

import pages
import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILT = sorted(
    path
    for path in (ROOT / "docs" / "_build").rglob("*.html")
    if "<audio" in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("path", BUILT, ids=lambda path: path.stem)
def test_pages_play(browser, path):
    pages.show(browser, path)
    pages.check_players(browser)
    pages.check_keyboard(browser)
    assert pages.console_errors(browser) == []


@pytest.mark.parametrize("path", BUILT, ids=lambda path: path.stem)
def test_pages_fit_a_phone(browser, path):
    pages.show(browser, path, width=390)
    pages.check_width(browser, 390)
    pages.screenshot(browser, ROOT / "build" / "browser" / f"{path.stem}-390.png")
