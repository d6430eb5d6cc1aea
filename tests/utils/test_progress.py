import re

from skmusic.utils.progress import Progress


def test_silent_unless_asked(capsys):
    with Progress("fit", 8, "steps", verbose=0) as progress:
        progress(8, audio_seconds=1.0, loss="0.5")
    assert capsys.readouterr() == ("", "")


def test_the_bar_shows_what_how_much_and_how_long(capsys):
    with Progress("fit", 8, "steps", verbose=1) as progress:
        progress(3)
        progress(5, loss="0.125")
    out, err = capsys.readouterr()
    assert out == ""  # results go there
    assert "fit" in err
    assert "8/8" in err
    assert "steps" in err
    assert "loss=0.125" in err
    assert re.search(r"\[\d\d:\d\d<\d\d:\d\d", err)  # gone by, and left


def test_the_speed_counts_all_audio_so_far(capsys, monkeypatch):
    now = iter([0.0, 1.0, 1.0, 2.0, 2.0])
    monkeypatch.setattr("skmusic.utils.progress.time.perf_counter", lambda: next(now))
    with Progress("fit", 2, "steps", verbose=1) as progress:
        progress(1, audio_seconds=100.0)
        progress(1, audio_seconds=500.0)
    assert "audio_s_per_s=300" in capsys.readouterr().err


def test_the_bar_is_closed_after_an_error(capsys):
    try:
        with Progress("fit", 8, "steps", verbose=1) as progress:
            progress(3)
            raise ValueError
    except ValueError:
        pass
    assert capsys.readouterr().err.endswith("\n")


def test_after_some_seconds_it_says_how_long_the_rest_takes(capsys, monkeypatch):
    # The first update waits for what is compiled, which does not come again.
    now = iter([0.0, 30.0, 33.0, 36.0, 39.0])
    monkeypatch.setattr("skmusic.utils.progress.time.perf_counter", lambda: next(now))
    with Progress("fit", 100, "steps", verbose=1) as progress:
        for _ in range(4):
            progress(10)
    lines = [line for line in capsys.readouterr().err.splitlines() if "at most" in line]
    assert lines == ["fit: 21.0 s more at most, at this speed"]


def test_what_is_soon_done_says_nothing(capsys):
    with Progress("fit", 20, "steps", verbose=1) as progress:
        progress(10)
        progress(10)
    assert "at most" not in capsys.readouterr().err
