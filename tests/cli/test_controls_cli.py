"""Options that say what a piece is to do."""

import pytest
from cli_helpers import run, run_json

from skmusic import audio
from skmusic.cli import arguments


def parsed(*argv):
    args = arguments.parser().parse_args(["sample", "m.skmusic", *argv])
    return arguments.style_of(args.style), args


@pytest.mark.parametrize(
    ("argv", "style"),
    [
        ((), None),
        (("--style", "a:1.wav"), "a:1.wav"),
        (("--style", "a.wav", "--weight", "0.7"), [("a.wav", 0.7)]),
        (
            ("--style", "a.wav", "--weight", "0.7", "--style", "C:/b.wav"),
            [("a.wav", 0.7), ("C:/b.wav", 1.0)],
        ),
        (
            ("--style", "a.wav", "--at", "0", "--style", "b.wav", "--at", "9"),
            [(0.0, "a.wav"), (9.0, "b.wav")],
        ),
        (
            ("--style", "a", "--at", "3", "--style", "b", "--at", "3", "--weight", "2"),
            [(3.0, [("a", 1.0), ("b", 2.0)])],
        ),
    ],
)
def test_styles_are_collected(argv, style):
    def as_text(x):
        if isinstance(x, (list, tuple)):
            return type(x)(as_text(each) for each in x)
        return x if x is None or isinstance(x, float) else str(x)

    assert as_text(parsed(*argv)[0]) == as_text(style)


@pytest.mark.parametrize(
    ("text", "levels"),
    [("0.5", [0.5]), ("0.2,1", [0.2, 1.0]), ("0:0.2,30:1", [(0, 0.2), (30, 1)])],
)
def test_energy_is_levels_or_points(text, levels):
    assert parsed("--energy", text)[1].energy == levels


def test_energy_is_a_recording_else():
    assert parsed("--energy", "C:/a.wav")[1].energy.name == "a.wav"


@pytest.mark.parametrize(
    "argv",
    [
        ("--weight", 1),
        ("--at", 1, "--style", "songs/a.wav"),
        ("--style", "songs/a.wav", "--at", 1, "--style", "songs/b.wav"),
        ("--style", "songs/a.wav", "--at", 1, "--at", 2),
        ("--energy", "1:2:3"),
        ("--amount", 2),
        ("--tempo", 20),
        ("--key", "H major"),
    ],
)
def test_options_without_sense_are_refused(songs, fake, argv):
    assert run("compose", songs, *argv) == 2
    assert not fake.fits


@pytest.mark.parametrize(
    "argv",
    [
        ("--vary", "nowhere.wav"),
        ("--amount", 0.5),
        ("--loop", "--end"),
        ("--loop", "--until", "songs/a.wav"),
        ("--style", "songs/a.wav", "--weight", 0),
        ("--until", "nowhere.wav"),
        ("--energy", "nowhere.wav"),
        ("--style", "songs/a.wav", "--style", "nowhere.wav"),
        ("--synthesis", "regression", "--style", "songs/a.wav"),
        ("--synthesis", "regression", "--end"),
        ("--until", "songs/a.wav", "--end"),
        ("--vary", "songs/a.wav", "-o", "songs/a.wav", "--pieces", 1),
    ],
)
def test_what_cannot_be_is_said_before_learning(songs, fake, argv):
    assert run("compose", songs, *argv) == 1
    assert not fake.fits


def test_a_model_plays_what_is_asked(real, capsys):
    song = real / "songs" / "a.wav"
    model = ("sample", real / "model.joblib", "--seconds", 2, "--pieces", 1)
    model += ("--random-state", 1, "-o", "out.wav")
    forms = {"begin": True, "end": True}
    for argv, asked in (
        ((), forms),
        (("--no-begin", "--no-end"), {}),
        (("--seed", song), {}),
        (("--seed", song, "--end"), {"end": True}),
        (("--loop",), {}),
        (("--until", song), {"begin": True, "until": str(song)}),
        (("--energy", "0,1"), {"energy": [0, 1], **forms}),
        (("--vary", song, "--amount", 0.5), {"amount": 0.5, **forms}),
        (("--style", song, "--style", song), forms),
        (("--tempo", 90, "--key", "F# minor"), {"key": "F# minor", **forms}),
    ):
        report = run_json(capsys, *model, *argv)
        found = report["settings"]["sample"]
        assert {n: found[n] for n in asked} == asked
        assert not {"begin", "end"} & (found.keys() - asked.keys())
        assert 1.8 <= len(audio.read("out.wav")[0]) / audio.info("out.wav")["sr"] <= 2.2
    assert run(*model, "--loop", "--end") == 1
    assert "leave end out" in capsys.readouterr().err
