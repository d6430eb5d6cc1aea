import os
import stat
import sys

import numpy as np
import pytest
from test_playback import SR, blocks, written

from skmusic.audio import players
from skmusic.audio.playback import limited
from skmusic.audio.players import check_player, play


@pytest.fixture
def install(tmp_path, monkeypatch):
    """A function that puts programs on an otherwise empty path."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "sounddevice", None)

    def install(name, lines):
        program = tmp_path / name
        program.write_text(f"#!{sys.executable}\nimport sys\n{lines}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    return install


@pytest.mark.parametrize("name", list(players._PLAYERS))
def test_players_get_the_music(install, tmp_path, name):
    install(
        name,
        f"open({str(tmp_path / 'heard')!r}, 'wb').write(sys.stdin.buffer.read())\n"
        f"open({str(tmp_path / 'told')!r}, 'w').write(' '.join(sys.argv[1:]))",
    )
    x = list(blocks([0.5, 0.5]))
    play(x, SR, 2)
    told, raw = (tmp_path / "told").read_text(), players._PLAYERS[name][1]
    assert (tmp_path / "heard").read_bytes() == written(x, raw=raw)
    if raw:  # else the header says it
        assert str(SR) in told
        assert "2" in told.replace(str(SR), "")


def test_without_a_player_the_known_ones_are_named(install):
    for function in (lambda: play(blocks([0.5]), SR, 2), check_player):
        with pytest.raises(FileNotFoundError, match=r"\[play\].*one of paplay, aplay"):
            function()


@pytest.mark.parametrize("size", [10, 10**5])
def test_a_player_that_fails_is_an_error(install, size):
    install("aplay", "sys.exit(3)")
    with pytest.raises(OSError, match=r"aplay could not play \(status 3\)"):
        play(blocks([0.5] * 5, size), SR, 2)


@pytest.mark.parametrize("size", [100, 10**5])
@pytest.mark.parametrize("status", [0, 1])
def test_a_player_without_a_device_is_an_error_of_one_line(
    install, size, status, capfd
):
    said = "SDL: a warning\nno such audio device\n"
    install("ffplay", f"sys.stderr.write({said!r}); sys.exit({status})")
    with pytest.raises(OSError, match=r"ffplay could not play \(no such audio device"):
        play(blocks([0.5] * 100, size), 500, 2)
    assert capfd.readouterr() == ("", "")


def test_a_player_may_tell_of_what_it_does(install):
    install("aplay", "sys.stdin.buffer.read(); sys.stderr.write('underrun')")
    play(blocks([0.5], 10), SR, 2)


def test_a_player_that_is_closed_ends_the_music(install):
    install("mpv", "sys.stdin.buffer.read(5)")

    def endless():
        while True:
            yield from blocks([0.5], 10**4)

    play(endless(), SR, 2)


def test_ctrl_c_ends_the_player(install, tmp_path):
    install(
        "aplay",
        f"import os; open({str(tmp_path / 'pid')!r}, 'w').write("
        "str(os.getpid()))\nwhile True: sys.stdin.buffer.read(1)",
    )

    def interrupted():
        yield from blocks([0.5] * 3, 10**5)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        play(interrupted(), SR, 2)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


# --- the library sounddevice


class Device:
    """What of sounddevice is used."""

    class PortAudioError(Exception):
        pass

    def __init__(self, error=None):
        self.error, self.heard, self.calls = error, [], []

    def check_output_settings(self):
        if self.error:
            raise self.error

    def OutputStream(self, **form):
        self.check_output_settings()
        self.form = form
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.calls.append("close")

    def write(self, x):
        assert x.flags.c_contiguous
        assert x.dtype == np.float32
        self.heard.append(x)

    def abort(self):
        self.calls.append("abort")


@pytest.fixture
def device(monkeypatch, request):
    device = Device(*getattr(request, "param", ()))
    monkeypatch.setitem(sys.modules, "sounddevice", device)
    return device


def test_sounddevice_plays_where_it_is_installed(device):
    x = list(blocks([0.5, 2.0, 0.5]))
    check_player()
    play(x, SR, 2)
    np.testing.assert_array_equal(device.heard, list(limited(x)))
    assert device.form == {"samplerate": SR, "channels": 2, "dtype": "float32"}
    assert device.calls == ["close"]


NONE = Device.PortAudioError("Error querying device -1 [PaErrorCode -9996]")


@pytest.mark.parametrize("device", [(NONE,)], indirect=True)
def test_without_a_device_there_is_one_error(device):
    for function in (lambda: play(blocks([0.5]), SR, 2), check_player):
        with pytest.raises(OSError, match=r"^there is no sound device .* device -1\)$"):
            function()


def test_ctrl_c_silences_the_device_at_once(device):
    def interrupted():
        yield from blocks([0.5] * 3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        play(interrupted(), SR, 2)
    assert device.calls == ["abort", "close"]
