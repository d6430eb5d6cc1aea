"""The report as a browser shows it. Pictures of it are left in ``build/browser``."""

import base64
import re
from pathlib import Path

import pages
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator
from skmusic.datasets import make_songs
from skmusic.report import Piece, report

SHOTS = Path(__file__).resolve().parents[2] / "build" / "browser"
SECONDS = 30


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Report on three pieces of half a minute."""
    songs = make_songs(4, seconds=30, random_state=0)
    generator = StatefulLSTMGenerator(hidden_layer_sizes=(8,), epochs=1, random_state=0)
    pipe = Pipeline([FFTFeaturizer(), generator]).fit(songs.recordings)
    seed = songs.recordings[0]
    pieces = [
        Piece(f"<piece> & {i}.wav", pipe.sample(seed, seconds=SECONDS, random_state=i))
        for i in range(3)
    ]
    path = tmp_path_factory.mktemp("report") / "report.html"
    # Of another loudness than the pieces, so that it shows whether that is matched.
    quiet, real = 0.2 * seed, songs.recordings
    text = report(
        pipe, pieces, seed=quiet, names=songs.names, real=real, command="skmusic ..."
    )
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
    assert len(players) == 7  # three pieces, the seed, three clips
    for player in players:
        assert player["channels"] == 2
        if "piece" in player["label"]:
            assert player["seconds"] == pytest.approx(SECONDS, abs=0.2)
    assert pages.console_errors(browser) == []


# Remembers what the page's sounds go through.
_EAR = """
const make = AudioContext.prototype.createGain;
AudioContext.prototype.createGain = function () {
  return (window.ear = make.call(this));
};
"""


@pytest.fixture
def card(browser, page):
    """Card of the first piece, at its beginning."""
    ear = browser.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument", {"source": _EAR}
    )
    pages.show(browser, page)
    yield browser.find_element("css selector", "[data-id=piece-1]")
    browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", ear)


def button(card, what):
    return card.find_element("css selector", f"[data-do={what}]")


def place(card):
    """Seconds that the card tells, and that its slider has."""
    told, slider = card.parent.execute_script(
        "return [arguments[0].querySelector('.time').textContent,"
        "arguments[0].querySelector('input[type=range]').value]",
        card,
    )
    minutes, seconds = told.partition(" / ")[0].split(":")
    told = 60 * int(minutes) + float(seconds)
    assert float(slider) == pytest.approx(told, abs=0.101)
    return told


def until(browser, condition, seconds=20):
    WebDriverWait(browser, seconds, 0.05).until(lambda _: condition())


def click_within(browser, picture, across):
    """Click a picture at a share of the width of its axes."""
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", picture)
    left, right = (
        float(picture.get_attribute(f"data-{side}")) for side in ("left", "right")
    )
    x = left + across * (right - left) - 0.5
    ActionChains(browser).move_to_element_with_offset(
        picture, round(x * picture.size["width"]), 0
    ).click().perform()


@pytest.mark.parametrize("which", [0, 1], ids=["waveform", "spectrogram"])
def test_a_click_on_a_picture_goes_there(browser, card, which):
    pictures = card.find_elements("css selector", ".seekable")
    click_within(browser, pictures[which], 0.5)
    assert place(card) == pytest.approx(SECONDS / 2, abs=0.2)
    for picture in pictures:
        head = picture.find_element("css selector", ".head")
        left, right = (
            float(picture.get_attribute(f"data-{s}")) for s in ("left", "right")
        )
        across = (head.rect["x"] - picture.rect["x"]) / picture.rect["width"]
        assert across == pytest.approx((left + right) / 2, abs=0.01)
    button(card, "play").click()
    until(browser, lambda: place(card) > SECONDS / 2 + 0.5)
    click_within(browser, pictures[which], 0.1)
    assert place(card) < SECONDS / 2
    assert button(card, "play").text == "Pause"


def test_a_piece_ends_and_loops_if_it_is_to(browser, card):
    (waveform, *_) = card.find_elements("css selector", ".seekable")
    click_within(browser, waveform, 0.98)
    button(card, "play").click()
    until(browser, lambda: button(card, "play").text == "Pause")
    until(browser, lambda: button(card, "play").text == "Play")
    assert place(card) == pytest.approx(SECONDS, abs=0.2)
    button(card, "loop").click()
    assert button(card, "loop").get_attribute("aria-pressed") == "true"
    click_within(browser, waveform, 0.98)
    button(card, "play").click()
    until(browser, lambda: 0 < place(card) < 5)
    assert button(card, "play").text == "Pause"


def test_one_sound_plays_at_a_time(browser, card):
    plays = browser.find_elements("css selector", "[data-do=play]")
    for play in plays[:3]:
        play.click()
        until(browser, lambda play=play: play.text == "Pause")
        assert [each.text for each in plays].count("Pause") == 1


def test_two_sounds_are_compared_at_one_place_and_loudness(browser, card):
    levels = {
        player["label"]: player["level"] for player in pages.check_players(browser)
    }
    piece, seed = (
        next(v for k, v in levels.items() if k.startswith(name))
        for name in ("<piece> & 0", "The seed")
    )
    assert seed < piece / 2

    def gain():
        return browser.execute_script("return window.ear.gain.value")

    button(card, "play").click()
    until(browser, lambda: place(card) > 0.5)
    assert gain() == pytest.approx(1, abs=0.1)
    at = place(card)
    button(card, "other").click()
    until(
        browser, lambda: button(card, "other").get_attribute("aria-pressed") == "true"
    )
    until(browser, lambda: at < place(card))
    assert button(card, "play").text == "Pause"
    other = gain()
    button(card, "this").click()
    until(browser, lambda: button(card, "this").get_attribute("aria-pressed") == "true")
    assert at < place(card) < at + 20
    assert gain() * piece == pytest.approx(other * seed, rel=0.3)


def test_a_piece_is_downloaded(browser, card, tmp_path):
    browser.execute_cdp_cmd(
        "Page.setDownloadBehavior",
        {"behavior": "allow", "downloadPath": str(tmp_path)},
    )
    button(card, "download").click()
    until(browser, lambda: list(tmp_path.glob("*.mp3")))
    (path,) = tmp_path.glob("*.mp3")
    audio = card.find_element("css selector", "audio").get_attribute("src")
    assert path.read_bytes() == base64.b64decode(audio.partition(",")[2])


def test_all_is_done_by_keyboard(browser, card):
    focus = "return document.activeElement.closest('[data-id]')?.dataset.id + ' ' + "
    wanted = {f"piece-{i} {what}" for i in (1, 2, 3) for what in ("play", "other")}
    for _ in range(100):
        ActionChains(browser).send_keys(Keys.TAB).perform()
        at = browser.execute_script(focus + "document.activeElement.dataset.do")
        if at in wanted:
            wanted.remove(at)
            ActionChains(browser).send_keys(Keys.SPACE).perform()
            if at.endswith("play"):
                play = browser.switch_to.active_element
                until(browser, lambda play=play: play.text == "Pause")
        if not wanted:
            break
    assert not wanted
    slider = card.find_element("css selector", "input[type=range]")
    slider.send_keys(Keys.END)
    assert place(card) == pytest.approx(SECONDS, abs=0.1)
    slider.send_keys(Keys.HOME)
    assert place(card) == 0


def test_on_a_phone_the_players_of_all_pieces_come_first(browser, page):
    pages.show(browser, page, width=390)
    ends = browser.execute_script(
        "const bottom = e => e.getBoundingClientRect().bottom;"
        "return ['[data-id=piece-3] .player', '[data-id=seed] h3'].map("
        "each => bottom(document.querySelector(each)))"
    )
    assert ends[0] < ends[1]
    shown = browser.execute_script(
        "return [...document.querySelectorAll('[data-id] details')]"
        ".filter(d => d.open).length"
    )
    assert shown == 0


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_no_fault_in_the_report(browser, page, dark):
    pages.show(browser, page, dark=dark)
    assert pages.axe_faults(browser) == []


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
