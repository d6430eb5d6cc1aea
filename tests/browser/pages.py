"""What is asked of any page with players, by a browser."""

import base64
import importlib.util
from pathlib import Path

# Of each player what a browser decodes: seconds, channels and level.
_DECODE = """
const done = arguments[arguments.length - 1];
const context = new OfflineAudioContext(1, 1, 44100);
async function decoded(audio) {
  const source = audio.currentSrc || audio.src;
  try {
    const bytes = source.startsWith("data:")
      ? Uint8Array.from(atob(source.split(",")[1]), c => c.charCodeAt(0)).buffer
      : null;
    if (!bytes) return {error: "no data within the page"};
    const sound = await context.decodeAudioData(bytes);
    let power = 0;
    for (let i = 0; i < sound.numberOfChannels; i++)
      for (const x of sound.getChannelData(i)) power += x * x;
    return {
      seconds: sound.duration, channels: sound.numberOfChannels,
      level: Math.sqrt(power / sound.length / sound.numberOfChannels),
      shown: audio.duration, told: parseFloat(audio.dataset.seconds),
      label: audio.getAttribute("aria-label"),
    };
  } catch (error) { return {error: String(error)}; }
}
Promise.all([...document.querySelectorAll("audio")].map(decoded)).then(done);
"""
_LOADED = """
const done = arguments[arguments.length - 1];
document.querySelectorAll("img").forEach(img => img.loading = "eager");
const players = [...document.querySelectorAll("audio")];
const images = [...document.images];
const ready = () => players.every(p => p.readyState || p.error)
  && images.every(i => i.complete);
const wait = n => ready() || !n ? done(ready()) : setTimeout(() => wait(n - 1), 100);
wait(200);
"""


def show(browser, path, width=1440, dark=False):
    """Load a file and wait for its players and figures."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    theme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": theme})
    browser.get_log("browser")  # what was there before is not of this page
    browser.get(path.resolve().as_uri())
    assert browser.execute_async_script(_LOADED), f"{path.name} was not ready in 20 s"


def console_errors(browser):
    """Messages of the page that tell of an error."""
    return [
        entry["message"]
        for entry in browser.get_log("browser")
        if entry["level"] == "SEVERE"
    ]


def check_players(browser):
    """Each player decodes, is as long as it says, and can be heard."""
    players = browser.execute_async_script(_DECODE)
    assert players, "there is no player"
    for player in players:
        assert "error" not in player, player
        assert player["channels"] in (1, 2), player
        assert player["level"] > 1e-3, player
        assert abs(player["seconds"] - player["shown"]) < 0.2, player
        if player["told"] is not None:
            assert abs(player["seconds"] - player["told"]) < 0.2, player
    return players


def check_figures(browser):
    """Each figure is there, and tells what it shows."""
    broken = browser.execute_script(
        "return [...document.images].filter(i => !i.naturalWidth || !i.alt)"
        ".map(i => i.outerHTML.slice(0, 80))"
    )
    assert not broken


def check_keyboard(browser):
    """Tab leads to every player, and the space bar plays it."""
    from selenium.webdriver.common.keys import Keys

    count = browser.execute_script("return document.querySelectorAll('audio').length")
    reached = set()
    for _ in range(40 * count + 200):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        at = browser.execute_script(
            "return [...document.querySelectorAll('audio')]"
            ".indexOf(document.activeElement)"
        )
        if at >= 0:
            reached.add(at)
        if len(reached) == count:
            break
    assert len(reached) == count, f"Tab reached {len(reached)} of {count} players"


def axe_faults(browser):
    """What axe-core finds fault with, all that is folded opened."""
    found = importlib.util.find_spec("axe_selenium_python")
    axe = Path(found.origin).parent / "node_modules" / "axe-core" / "axe.min.js"
    browser.execute_script(
        "document.querySelectorAll('details').forEach(d => d.open = true)"
    )
    browser.execute_script(axe.read_text(encoding="utf-8"))
    return browser.execute_async_script(
        "const done = arguments[0]; axe.run().then(found => done(found.violations"
        ".map(v => v.id + ': ' + v.nodes.map(n => n.html).join(' ')))"
        ", error => done([String(error)]))"
    )


def check_width(browser, width):
    """Nothing juts out to the side."""
    wide = browser.execute_script("return document.documentElement.scrollWidth")
    assert wide <= width


def screenshot(browser, path):
    """Keep what the whole page looks like."""
    size = browser.execute_script(
        "const e = document.documentElement; return [e.scrollWidth, e.scrollHeight]"
    )
    clip = {"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1}
    shot = browser.execute_cdp_cmd(
        "Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip}
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(base64.b64decode(shot["data"]))
