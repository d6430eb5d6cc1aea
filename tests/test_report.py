import base64
import importlib.util
import io
import json
import re
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest
import soundfile as sf

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator
from skmusic.datasets import make_songs
from skmusic.origin import segments
from skmusic.report import Piece, report

pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")
pytest.importorskip("pyloudnorm")

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
def songs(shift):
    return make_songs(3, seconds=6, sr=8000, random_state=shift)


def pipeline(songs, synthesis="concatenative"):
    generator = StatefulLSTMGenerator(
        synthesis, hidden_layer_sizes=(8,), epochs=2, random_state=0
    )
    return Pipeline([FFTFeaturizer(N=512, sr=songs.sr), generator]).fit(
        songs.recordings
    )


@pytest.fixture(scope="module")
def pipe(songs):
    return pipeline(songs)


@pytest.fixture(scope="module")
def pieces(pipe, songs):
    return [
        Piece(
            f"piece <{i}>",
            *pipe.sample(
                songs.recordings[0], seconds=3, random_state=i, return_origin=True
            ),
        )
        for i in range(2)
    ]


@pytest.fixture(scope="module")
def page(pipe, pieces, songs):
    command = "skmusic compose 'my songs' --random-state 5"
    return Page(
        report(pipe, pieces, seed=songs.recordings[0], names=NAMES, command=command)
    )


def heard(audio):
    kind, _, code = audio["src"].partition(";base64,")
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


def test_seed_pieces_and_reference_clips_are_heard(page, pieces):
    players = page.all("audio")
    labels = [audio["aria-label"] for audio in players]
    assert labels[:2] == ["piece <0>, 3.0 s", "piece <1>, 3.0 s"]
    assert labels[2].startswith("The seed, its last 6.0 s")
    assert labels[3].startswith("Reference clip: ")
    assert len(set(labels)) == len(labels) <= 5
    for audio in players:
        x, sr = heard(audio)
        assert len(x) / sr == pytest.approx(float(audio["data-seconds"]), abs=0.15)
        assert x.std() > 1e-3
    x, _ = heard(players[0])
    assert x.std() == pytest.approx(pieces[0].music.std(), rel=0.1)


def test_who_does_not_see_is_told(page):
    images = page.all("img")
    assert len(images) == len(page.all("audio")) * 4 + 2 + 1
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
    assert any(name in page.text for name in NAMES)


def test_the_timeline_in_numbers(page, pieces):
    for piece in pieces:
        share = np.bincount(piece.origin["recording"]).max() / len(piece.origin)
        assert f"{100 * share:.0f} %" in page.text


def facts(page):
    return json.loads(page.scripts[: page.scripts.index("\n")])


def test_segments_play_what_stands_in_the_recordings(page, songs, pieces):
    told = facts(page)
    sources, sr = heard({"src": told["sources"]})
    assert len(sources) / sr < 125
    for i, piece in enumerate(pieces, start=1):
        table = told["segments"][f"piece-{i}"]
        assert len(table) == len(segments(piece.origin))
        assert table[0]["start"] == 0
        for segment in table:
            recording = songs.recordings[segment["recording"]]
            first = round(segment["position"] * sr)
            n_samples = round(segment["seconds"] * sr)
            x = recording[first : first + n_samples].mean(axis=1)
            offset = round(segment["offset"] * sr)
            y = sources[offset : offset + n_samples]
            # An mp3 may begin some samples late.
            lags = np.correlate(y, x, "full")
            assert lags.max() > 0.8 * np.linalg.norm(x) * np.linalg.norm(y)
            assert abs(np.argmax(lags) - len(x) + 1) < 0.008 * sr


def test_sources_are_listed_with_their_seconds(page, pipe, pieces):
    hop = pipe[0].format_.seconds
    for recording, name in enumerate(NAMES):
        n_frames = sum((p.origin["recording"] == recording).sum() for p in pieces)
        assert (name in page.text) == (n_frames > 0)
        if n_frames:
            assert f"{n_frames * hop:.1f} s" in page.text


def test_sources_that_were_not_asked_for_are_not_made_up(pipe, pieces):
    page = Page(report(pipe, [pieces[0].music]))
    assert "return_origin=True" in page.text
    assert "Where it comes from" not in page.text


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
        "(8,)",
        "numpy",
    ):
        assert text in page.text


@pytest.mark.parametrize("synthesis", ["neural", "regression"])
def test_what_keeps_no_music_is_held_against_what_is_given(songs, synthesis):
    pipe = pipeline(songs, synthesis)
    pieces = [Piece("buzz", pipe.sample(seconds=2))]
    alone = Page(report(pipe, pieces))
    assert len(alone.all("audio")) == 1
    assert "Measures" not in alone.text
    beside = Page(report(pipe, pieces, real=songs.recordings))
    assert len(beside.all("audio")) == 2
    assert "Measures" in beside.text
    assert "Where it comes from" not in beside.text
    assert "play no recording" in beside.text


def test_it_composes_by_itself(pipe, songs, tmp_path):
    made = report(pipe, seconds=2, n=2, random_state=0)
    made.save(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == made
    page = Page(made)
    labels = [audio["aria-label"] for audio in page.all("audio")]
    labels = [label for label in labels if "Piece" in label]
    assert labels == ["Piece 1, 2.0 s", "Piece 2, 2.0 s"]
    assert "Where it comes from" in page.text
    assert len(page.all("audio")) >= 3
    (frame,) = Page(made._repr_html_()).all("iframe")
    assert frame["srcdoc"] == made


def test_music_is_a_piece_and_has_the_rate_of_the_pipeline(pipe):
    music = pipe.sample(seconds=2, random_state=0)
    assert music.sr == pipe[0].sr
    (player,) = Page(report(pipe, [music], real=[music])).all("audio")[:1]
    assert player["aria-label"] == "Piece 1, 2.0 s"
    music.sr = 44100
    with pytest.raises(ValueError, match=r"sr=8000 contradicts .* 44100 Hz"):
        report(pipe, [music])
    with pytest.raises(ValueError, match="n=0 composes nothing"):
        report(pipe, n=0)


def test_no_pieces_are_refused(pipe):
    with pytest.raises(ValueError, match="pieces is empty"):
        report(pipe, [])


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
