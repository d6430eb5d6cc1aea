import base64
import importlib.util
import io
import re
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest
import soundfile as sf

from skmusic import audio
from skmusic.report import Piece, report

pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")
pytest.importorskip("pyloudnorm")

SR = 11025
NAMES = ["first.ogg", '<script>alert("&")</script>.wav', "third"]


class Page(HTMLParser):
    """Elements of a page: (tag, attributes)."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.text, self.scripts = [], [], "", ""
        self.feed(text)
        assert self.open == []  # all that was opened was closed

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "link", "img", "source", "br", "input"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.text += data
        if self.open and self.open[-1] == "script":
            self.scripts += data

    def all(self, *tags):
        return [attrs for tag, attrs in self.elements if tag in tags]


@pytest.fixture(scope="module")
def pipe(pipes):
    return pipes["neural"]


@pytest.fixture(scope="module")
def pieces(pipe, recordings):
    return [
        Piece(f"piece <{i}>", pipe.sample(recordings[0], seconds=3, random_state=i))
        for i in range(2)
    ]


@pytest.fixture(scope="module")
def page(pipe, pieces, recordings):
    command = "skmusic compose 'my songs' --random-state 5"
    real = recordings[:3]
    return Page(
        report(pipe, pieces, seed=real[0], names=NAMES, real=real, command=command)
    )


def heard(player):
    kind, _, code = player["src"].partition(";base64,")
    assert kind == "data:audio/mpeg"
    return sf.read(io.BytesIO(base64.b64decode(code)))


def test_the_page_needs_nothing_else(page):
    for _, attrs in page.elements:
        for name in ("src", "srcset", "href"):
            assert attrs.get(name, "#").startswith(("data:", "#"))
    ids = {attrs["id"] for _, attrs in page.elements if "id" in attrs}
    links = {attrs["href"][1:] for attrs in page.all("a")}
    assert links <= ids
    assert not re.search(r"\bimport\b|fetch\(|https?:", page.scripts)


def test_seed_pieces_and_reference_clips_are_heard(page, pieces, recordings):
    players = page.all("audio")
    labels = [player["aria-label"] for player in players]
    assert labels[:2] == ["piece <0>, 3.0 s", "piece <1>, 3.0 s"]
    assert labels[2].startswith("The seed, its last 6.0 s")
    assert labels[3:] == [
        f"Reference clip: {name}, from 1.5 s on, 3.0 s" for name in NAMES
    ]
    for player in players:
        x, sr = heard(player)
        assert len(x) / sr == pytest.approx(float(player["data-seconds"]), abs=0.15)
        assert x.std() > 1e-3
    x, _ = heard(players[0])
    assert x.std() == pytest.approx(pieces[0].music.std(), rel=0.1)
    for player, x in zip(players[3:], recordings[:3], strict=True):
        middle = x[round(1.5 * SR) :][: 3 * SR]
        assert heard(player)[0].std() == pytest.approx(middle.std(), rel=0.1)


def test_who_does_not_see_is_told(page):
    images = page.all("img")
    assert len(images) == len(page.all("audio")) * 4 + 1
    assert all(len(image["alt"]) > 10 for image in images)
    assert all({"width", "height"} <= set(image) for image in images)
    assert page.all("html")[0]["lang"] == "en"
    assert page.all("title")
    assert len(page.all("main")) == len(page.all("h1")) == 1
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert all(th.get("scope") in ("row", "col") for th in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))


def test_names_are_escaped(page):
    assert "piece <1>" in page.text
    assert "skmusic compose 'my songs' --random-state 5" in page.text
    assert all(name in page.text for name in NAMES)


def test_short_sounds_have_tenths_of_seconds(pipe, pieces):
    short = pieces[0].music[: round(0.3 * pipe[0].sr)]
    page = Page(report(pipe, [short], seed=short))
    assert "The seed, its last 0.3 s" in page.text
    assert "0:00" not in page.text


def test_measures_and_settings_are_told(page):
    for text in (
        "Movement",
        "Longest copied stretch",
        "hidden_layer_sizes",
        "(8, 4)",
        "numpy",
    ):
        assert text in page.text


def test_pieces_are_held_against_what_is_given(recordings, pipe, pieces, tmp_path):
    alone = Page(report(pipe, pieces[:1]))
    assert len(alone.all("audio")) == 1
    assert "Measures" not in alone.text
    assert "Reference" not in alone.text
    audio.write(tmp_path / "song.wav", recordings[0], SR)
    real = [tmp_path / "song.wav", *recordings[:3]]
    beside = Page(report(pipe, pieces[:1], real=real))
    labels = [player["aria-label"] for player in beside.all("audio")]
    assert labels[1:] == [  # three at most
        f"Reference clip: recording {i}, from 1.5 s on, 3.0 s" for i in (1, 2, 3)
    ]
    assert "Measures" in beside.text
    assert "play no recording" in beside.text


def test_it_composes_by_itself(pipe, tmp_path):
    made = report(pipe, seconds=2, n=2, random_state=0)
    made.save(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == made
    page = Page(made)
    labels = [player["aria-label"] for player in page.all("audio")]
    assert labels == ["Piece 1, 2.0 s", "Piece 2, 2.0 s"]
    (frame,) = Page(made._repr_html_()).all("iframe")
    assert frame["srcdoc"] == made


def test_music_is_a_piece_and_has_the_rate_of_the_pipeline(pipe):
    music = pipe.sample(seconds=2, random_state=0)
    assert music.sr == pipe[0].sr
    (player,) = Page(report(pipe, [music], real=[music])).all("audio")[:1]
    assert player["aria-label"] == "Piece 1, 2.0 s"
    music.sr = 44100
    for told in {"pieces": [music]}, {"n": 1, "seconds": 1, "real": [music]}:
        with pytest.raises(ValueError, match=r"sr=11025 contradicts .* 44100 Hz"):
            report(pipe, **told)
    with pytest.raises(ValueError, match="n=0 composes nothing"):
        report(pipe, n=0)


def test_no_pieces_are_refused(pipe):
    with pytest.raises(ValueError, match="pieces is empty"):
        report(pipe, [])


def test_each_recording_has_a_name(pipe, pieces, recordings):
    with pytest.raises(ValueError, match="names has 1 names, and real 2 recordings"):
        report(pipe, pieces, real=recordings[:2], names=["x"])


def test_silence_is_told_of_and_what_is_not_finite_refused(pipe):
    silence = np.zeros((2 * SR, 2), np.float32)
    assert report(pipe, [silence]).count("<audio") == 1
    silence[9] = np.nan
    with pytest.raises(ValueError, match="not finite everywhere"):
        report(pipe, [silence])


@pytest.mark.parametrize("missing", ["matplotlib", "jinja2", "pyloudnorm"])
def test_what_is_missing_is_told(pipe, pieces, missing, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: None if name == missing else find(name),
    )
    with pytest.raises(ImportError, match=f"needs {missing}"):
        report(pipe, pieces)
