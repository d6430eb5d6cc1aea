"""The studio in a browser, from songs to a file, by keyboard alone.

Pictures of it are left in ``build/browser``.
"""

from pathlib import Path

import numpy as np
import pages
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait
from studio_client import serving

import skmusic
from skmusic import audio
from skmusic.audio.playback import faded
from skmusic.datasets import make_songs

SHOTS = Path(__file__).resolve().parents[2] / "build" / "browser"
# The most seconds from the click until something is heard.
SOON = 2.0


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A studio with a folder of three songs and a broken one."""
    folder = tmp_path_factory.mktemp("studio") / "songs"
    folder.mkdir()
    songs = make_songs(3, 30.0, random_state=0)
    for name, x in zip(("dawn", "noon", "dusk"), songs.recordings, strict=True):
        audio.write(folder / f"{name}.flac", x, 44100)
    (folder / "broken.wav").write_bytes(b"RIFF")
    with serving(folder) as client:
        yield client.server


def view(browser, width=1440, dark=False):
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    theme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": theme})


def tab_to(browser, wanted):
    """Press Tab until the element that a CSS selector names has the focus."""
    for _ in range(200):
        at = browser.switch_to.active_element
        if browser.execute_script(
            "return arguments[0].matches(arguments[1])", at, wanted
        ):
            return at
        # Not to the element: of one for files that would be a name.
        ActionChains(browser).send_keys(Keys.TAB).perform()
    raise AssertionError(f"Tab did not reach {wanted}")


def write_into(browser, wanted, text):
    field = tab_to(browser, wanted)
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(text)


def until(browser, script, seconds=120):
    WebDriverWait(browser, seconds, 0.2).until(
        lambda _: browser.execute_script(f"return {script}")
    )


def shots(browser, name):
    for width in (390, 1440):
        for dark in (False, True):
            view(browser, width, dark)
            light = "dark" if dark else "light"
            pages.screenshot(browser, SHOTS / f"studio-{name}-{width}-{light}.png")
            pages.check_width(browser, width)
    view(browser)


def downloaded(browser, address):
    """Bytes of what a link of the page leads to, as the page itself gets them."""
    values = browser.execute_async_script(
        "const done = arguments[1]; fetch(arguments[0]).then(a => a.arrayBuffer())"
        ".then(b => done([...new Uint8Array(b)]))",
        address,
    )
    return bytes(values)


def test_from_songs_to_a_file_by_keyboard(browser, server, tmp_path):
    view(browser)
    browser.get_log("browser")
    browser.get(server.studio.opener(server.address))
    until(browser, "document.querySelector('#folder').textContent")
    assert "broken.wav" in browser.find_element("id", "broken").text
    shots(browser, "begin")

    write_into(browser, "#epochs", "3")
    write_into(browser, "#learn-state", "1")
    tab_to(browser, "#learn-button").send_keys(Keys.ENTER)
    until(browser, "document.querySelector('#learn-stop').matches(':enabled')")
    until(browser, "document.querySelector('#compose-button').matches(':enabled')", 600)
    assert "3 passes" in browser.find_element("id", "training-text").text

    browser.execute_script("document.querySelector('.skip').focus()")
    tab_to(browser, "#seed").send_keys("dawn")
    write_into(browser, "#seconds", "8")
    write_into(browser, "#temperature", "0.9")
    write_into(browser, "#random-state", "5")
    write_into(browser, "#tempo", "96")
    write_into(browser, "#key", "A minor")
    write_into(browser, "#energy", "0.2, loud")
    tab_to(browser, "#compose-button").send_keys(Keys.ENTER)
    until(browser, "document.querySelector('#alert').textContent", 60)
    assert "Energy is 'loud'" in browser.find_element("id", "alert").text
    browser.get_log("browser")  # which has the answer 400
    write_into(browser, "#energy", "0.2, 0.9")
    tab_to(browser, "#compose-button").send_keys(Keys.ENTER)
    until(browser, "document.body.dataset.firstSound", 60)
    until(browser, "document.body.dataset.made", 60)
    soon = float(browser.execute_script("return document.body.dataset.firstSound"))
    assert soon < SOON, f"the first sound came after {soon} s"

    tab_to(browser, "#play").send_keys(Keys.SPACE)
    tab_to(browser, "#side-b").send_keys(Keys.SPACE)
    assert browser.switch_to.active_element.get_attribute("aria-pressed") == "true"
    tab_to(browser, '[data-do="keep"]').send_keys(Keys.ENTER)
    until(browser, "document.querySelector('#kept .piece')")
    told = browser.find_element("css selector", ".piece p.soft").text
    assert "96 beats a minute, A minor, energy 0.2 to 0.9, temperature 0.9" in told
    link = tab_to(browser, '[data-kind="wav"]')
    got = downloaded(browser, link.get_attribute("href"))
    shots(browser, "made")
    errors = pages.console_errors(browser)
    assert errors == []

    model = tmp_path / "model.skmusic"
    model.write_bytes(downloaded(browser, f"{server.address}model.skmusic"))
    music = skmusic.load(model).sample(
        server.studio.shelf.sounds["f1"].path,
        seconds=8,
        temperature=0.9,
        random_state=5,
        tempo=96,
        key="A minor",
        energy=[0.2, 0.9],
    )
    (music,) = faded([music], len(music), 44100)
    audio.write(tmp_path / "piece.wav", music)
    assert got == (tmp_path / "piece.wav").read_bytes()
    assert np.abs(music).max() > 0.01
    print(f"first sound after {soon} s")


def test_hear_what_is_learned_so_far_by_keyboard(browser, server):
    view(browser)
    browser.get(server.address)
    until(browser, "document.querySelector('#folder').textContent")
    write_into(browser, "#epochs", "500")
    write_into(browser, "#learn-state", "2")
    tab_to(browser, "#learn-button").send_keys(Keys.ENTER)
    text = "document.querySelector('#training-text').textContent"
    until(browser, f"{text}.startsWith('Pass') && {text}.includes('of 500')", 300)
    until(browser, "document.querySelector('#heard-list button')")
    button = tab_to(browser, "#heard-list button")
    assert button.text == "Pass 1"
    button.send_keys(Keys.ENTER)
    until(browser, "document.querySelector('#position').value > 0.5")
    assert button.get_attribute("aria-pressed") == "true"
    assert "after pass 1" in browser.find_element("id", "playing").text
    # While learning goes on the keyboard stays where it is.
    before = browser.execute_script(f"return {text}")
    until(browser, f"{text} != {before!r}")
    assert browser.switch_to.active_element == button
    shots(browser, "learning")
    button.send_keys(Keys.SPACE)
    until(browser, "document.querySelector('#play').textContent == 'Play'")
    # It may have ended by itself; then the button does nothing.
    browser.execute_script("document.querySelector('#learn-stop').click()")
    until(browser, "document.querySelector('#compose-button').matches(':enabled')", 300)
    assert pages.console_errors(browser) == []
    (sound,) = [each for each in server.studio.learning.heard if each.name == "pass 1"]
    assert np.abs(np.fromfile(sound.path, "<f4")).max() > 0.01


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_no_fault(browser, server, dark):
    view(browser, dark=dark)
    browser.get(server.address)
    until(browser, "document.querySelector('#model').textContent != 'Loading ...'")
    assert pages.axe_faults(browser) == []
