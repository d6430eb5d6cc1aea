"""The report as a browser shows it. Pictures of it are left in ``build/browser``."""

import re
from pathlib import Path

import pages
import pytest

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator
from skmusic.datasets import make_songs
from skmusic.report import Piece, report

SHOTS = Path(__file__).resolve().parents[2] / "build" / "browser"
SECONDS = 30


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Report on three pieces of half a minute."""
    songs = make_songs(4, seconds=30, random_state=0)
    generator = StatefulLSTMGenerator(epochs=2, random_state=0)
    pipe = Pipeline([FFTFeaturizer(), generator]).fit(songs.recordings)
    seed = songs.recordings[0]
    pieces = [
        Piece(
            f"<piece> & {i}.wav",
            *pipe.sample(seed, seconds=SECONDS, random_state=i, return_origin=True),
        )
        for i in range(3)
    ]
    path = tmp_path_factory.mktemp("report") / "report.html"
    text = report(pipe, pieces, seed=seed, names=songs.names, command="skmusic ...")
    path.write_text(text, encoding="utf-8")
    return path


def test_the_page_is_small(page):
    assert page.stat().st_size < 5_000_000


@pytest.mark.parametrize("width", [390, 768, 1440])
@pytest.mark.parametrize("dark", [False, True])
def test_the_page_is_whole_in_every_width_and_light(browser, page, width, dark):
    pages.show(browser, page, width, dark)
    pages.check_figures(browser)
    pages.check_width(browser, width)
    assert pages.console_errors(browser) == []
    pages.screenshot(
        browser, SHOTS / f"report-{width}-{'dark' if dark else 'light'}.png"
    )


def test_players_play(browser, page):
    pages.show(browser, page)
    players = pages.check_players(browser)
    assert len(players) == 7  # seed, three pieces, real music beside each
    for player in players:
        assert player["channels"] == 2
        if "piece" in player["label"]:
            assert player["seconds"] == pytest.approx(SECONDS, abs=0.2)
    assert pages.console_errors(browser) == []


def test_the_keyboard_reaches_every_player(browser, page):
    pages.show(browser, page)
    pages.check_keyboard(browser)


def test_a_player_without_sound_is_found_out(browser, page, tmp_path):
    text = page.read_text(encoding="utf-8")
    emptied = tmp_path / "emptied.html"
    emptied.write_text(re.sub('(audio/mpeg;base64,)[^"]+', r"\1", text, count=1))
    pages.show(browser, emptied)
    with pytest.raises(AssertionError, match="error"):
        pages.check_players(browser)


def test_a_silent_player_is_found_out(browser, tmp_path):
    from skmusic.display import Player

    silent = tmp_path / "silent.html"
    silent.write_text(Player([0.0] * 44100)._repr_html_())
    pages.show(browser, silent)
    with pytest.raises(AssertionError, match="level"):
        pages.check_players(browser)
