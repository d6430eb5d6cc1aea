"""A page to judge composed music by: players, plots, measures, in one file."""

import contextlib
import html
import importlib.metadata
import platform
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from skmusic import audio
from skmusic.audio.files import written_whole
from skmusic.audio.music import rate_of
from skmusic.display import (
    OriginDisplay,
    Player,
    SpectrogramDisplay,
    SpectrumDisplay,
    TrainingDisplay,
    WaveformDisplay,
)
from skmusic.display.html import check_installed, inline_figure
from skmusic.metrics.reference import ReferenceClip, excerpt, measure, reference_clips
from skmusic.origin import segments
from skmusic.utils.types import Array, Name, RandomState, Recording

__all__ = ["Page", "Piece", "report"]

# Seconds of a reference clip beside a piece, of a seed, and of the short waveform.
_EXCERPT, _SHORT = 15.0, 0.05
_PACKAGES = "skmusic", "numpy", "scipy", "scikit-learn", "keras", "tensorflow"
# What is shown of the measures: name, unit, decimals, and what it says.
_MEASURES = {
    "temporal_variance": ("Movement", "dB²", 0, "a hum or a loop has nearly none"),
    "repetition": ("Repetition", "0 to 1", 2, "1 is a loop or a constant sound"),
    "recurrence": ("Return", "0 to 1", 2, "to what was there seconds before"),
    "onset_rate": (
        "Onsets",
        "per second",
        1,
        "notes and beats, and concatenation points",
    ),
    "beat_strength": ("Strength of the beat", "0 to 1", 2, "how steady it is"),
    "tempo": ("Tempo", "beats a minute", 0, "0 without a beat"),
    "chroma_entropy": ("Harmony", "bit", 2, "pitch classes that sound at once"),
    "chroma_change": ("Change of harmony", "per second", 2, "how fast they go"),
    "polyphony": ("Partials", "", 0, "that stand out at once"),
    "centroid": ("Brightness", "Hz", 0, "centre of the spectrum"),
    "flatness": ("Noisiness", "0 to 0.56", 3, "0.56 is white noise"),
    "loudness": ("Loudness", "dB", 1, "mean level below full scale"),
    "loudness_range": ("Range of loudness", "dB", 1, "between soft and loud"),
    "stereo_width": ("Width", "0 to 1", 2, "0 is mono"),
    "longest_run": ("Longest copied stretch", "s", 1, "that follows one recording"),
    "share_1s": (
        "In copied stretches of a second",
        "share",
        2,
        "of the time, at least",
    ),
}


class Piece(NamedTuple):
    """A piece for the report.

    Parameters
    ----------
    name : str
        What it is called.
    music : ndarray of shape (n_samples, n_channels)
        As `Pipeline.sample` gives it.
    origin : ndarray of shape (n_frames,) or None, default=None
        As ``sample(..., return_origin=True)`` gives it.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.report import Piece
    >>> Piece("mine.wav", np.zeros((44100, 2))).name
    'mine.wav'
    """

    name: str
    music: np.ndarray
    origin: np.ndarray | None = None


class Page(str):
    """A page as it stands in a file: HTML that needs no other file and no network.

    It is a str in all else, and a notebook shows it.

    See Also
    --------
    report : Makes it.

    Examples
    --------
    >>> from skmusic.report import Page
    >>> Page("<p>music</p>")[:3]
    '<p>'
    """

    def save(self, path: Name) -> None:
        """Write the file, whole or not at all.

        Parameters
        ----------
        path : str or path
            File to write; it should end in .html.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> from skmusic.report import Page
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Page("<p>music</p>").save(f"{folder}/page.html")
        ...     Path(folder, "page.html").read_text()
        '<p>music</p>'
        """
        with written_whole(path) as part:
            part.write_text(self, encoding="utf-8")

    def _repr_html_(self):
        # In a frame of its own, since its styles are for a whole page.
        return (
            f'<iframe srcdoc="{html.escape(self)}" title="What was composed" '
            'style="width:100%;height:40rem;border:0"></iframe>'
        )


def report(
    pipe: Any,
    pieces: Sequence[Piece | Array] | None = None,
    *,
    seconds: float = 30,
    n: int = 3,
    seed: Recording | None = None,
    random_state: RandomState = None,
    names: Sequence[str] | None = None,
    real: Sequence[Recording] | None = None,
    command: str | None = None,
) -> Page:
    """Make the page: one HTML file that needs no other and no network.

    Parameters
    ----------
    pipe : Pipeline
        Fitted, of an `FFTFeaturizer` and a `StatefulLSTMGenerator`.
    pieces : list of Piece or ndarray of shape (n_samples, n_channels), or None, \
            default=None
        What it composed. None composes now.
    seconds : float, default=30
        Length of each piece that is composed.
    n : int, default=3
        How many are composed.
    seed : path, ndarray of shape (n_samples, n_channels) or None, default=None
        What the pieces go on from, shown if there is any.
    random_state : int, RandomState or None, default=None
        Of what is composed, as `Pipeline.sample` takes it.
    names : list of str or None, default=None
        Of the recordings that were fitted; None numbers them.
    real : list of path or ndarray, default=None
        Recordings to hold the pieces against. None takes what the model keeps to
        play, which is nothing unless ``synthesis="concatenative"``: then the page has
        neither reference clips nor measures.
    command : str or None, default=None
        What makes it all again, to be shown.

    Returns
    -------
    Page
        HTML, a str with ``save(path)``.

    Raises
    ------
    ValueError
        If there is no piece, or one has another rate than the pipeline.
    ImportError
        If matplotlib or jinja2 is not installed (the extra ``report``).

    Examples
    --------
    >>> from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator
    >>> from skmusic.datasets import make_songs
    >>> from skmusic.report import report
    >>> songs = make_songs(2, 3.0, sr=8000, random_state=0)
    >>> pipe = Pipeline([
    ...     FFTFeaturizer(N=512, sr=8000),
    ...     StatefulLSTMGenerator(epochs=1, random_state=0),
    ... ]).fit(songs.recordings)
    >>> page = report(pipe, seconds=2, n=1, random_state=1, names=songs.names)
    >>> page.count("<audio"), "http" in page.split("base64")[0]
    (2, False)
    """
    check_installed()
    if pieces is None:
        pieces = _composed(pipe, seconds, n, seed, random_state)
    if isinstance(pieces, (Piece, np.ndarray)):
        pieces = [pieces]
    if not len(pieces):
        raise ValueError("pieces is empty: there is nothing to report on.")
    sr = round(pipe.steps[0][1].sr)
    pieces = [_as_piece(i, x, sr) for i, x in enumerate(pieces, start=1)]
    found = reference_clips(pipe) if real is None else _as_clips(real, sr)
    measured = measure([p.music for p in pieces], found, sr) if found else {}
    return Page(
        _template().render(
            title=f"Composed by skmusic: {len(pieces)} piece{'s'[: len(pieces) != 1]}",
            seed=None if seed is None else _seed(seed, sr),
            pieces=[_piece(pipe, piece, found, names, sr) for piece in pieces],
            rows=list(_rows(measured)),
            training=_training(pipe),
            command=command,
            settings=_settings(pipe),
            versions=_versions(),
        )
    )


def _composed(pipe, seconds, n, seed, random_state):
    """Pieces, with their origins where the synthesis plays recordings."""
    if n < 1:
        raise ValueError(f"n={n} composes nothing to report on; use 1 or more.")
    plays = hasattr(pipe.steps[-1][1].synthesis_, "database")
    options = {"return_origin": True} if plays else {}
    made = pipe.sample(
        [seed] * n, seconds=seconds, random_state=random_state, **options
    )
    music, origins = made if plays else (made, [None] * n)
    return [
        Piece(f"Piece {i}", *about)
        for i, about in enumerate(zip(music, origins, strict=True), start=1)
    ]


def _as_piece(number, x, sr):
    """A piece whose music has the pipeline's rate, as a plain array."""
    piece = x if isinstance(x, Piece) else Piece(f"Piece {number}", x)
    rate_of(piece.music, sr)
    music = np.asarray(piece.music)
    return piece._replace(music=music[:, None] if music.ndim == 1 else music)


def _template():
    import jinja2

    loader = jinja2.PackageLoader("skmusic.display")
    options = {"autoescape": True, "trim_blocks": True, "lstrip_blocks": True}
    return jinja2.Environment(loader=loader, **options).get_template("report.html")


def _as_clips(real, sr):
    clips = []
    for i, x in enumerate(real):
        if isinstance(x, np.ndarray):
            x = x[:, None] if x.ndim == 1 else x
        else:
            x, _ = audio.read(x, sr=sr)
        clips.append(ReferenceClip(i, 0.0, x))
    return clips


def _seed(seed, sr):
    (whole,) = _as_clips([seed], sr)
    x = whole.music[-round(_EXCERPT * sr) :]
    return _sound(f"The seed, its last {len(x) / sr:.0f} seconds", x, sr)


def _piece(pipe, piece, found, names, sr):
    """What the page tells of a piece, and the reference clip beside it."""
    about = _sound(piece.name, piece.music, sr) | {"name": piece.name}
    origin = None
    if piece.origin is not None:
        step = pipe.steps[0][1].format_.seconds
        origin = OriginDisplay(segments(piece.origin), step, names=names)
        about["origin"] = _origin(origin, piece.name)
    if found:
        # Of the recording that the piece has most of, to hear them side by side.
        number = next(iter(origin.shares())) if origin else found[0].recording
        n_samples = min(len(piece.music), round(_EXCERPT * sr))
        real = excerpt(found, number, n_samples, sr)
        name = names[number] if names else f"recording {number + 1}"
        minutes, seconds = divmod(int(real.start), 60)
        name = f"Reference clip: {name}, from {minutes}:{seconds:02d}"
        about["real"] = _sound(name, real.music, sr)
    return about


def _sound(name, x, sr):
    """A player, and inline figures of what it plays."""
    seconds = len(x) / sr
    middle = max(0.0, seconds / 2 - _SHORT)

    def spectra(ax):
        N = min(256, len(x) // 5 // 2 * 2)
        SpectrumDisplay.from_recording(x, sr=sr, N=N, ax=ax)

    drawn = (
        (
            lambda ax: WaveformDisplay.from_recording(x, sr=sr, ax=ax),
            f"Waveform of {name}, all {seconds:.1f} s, peak {abs(x).max():.2f}",
        ),
        (
            lambda ax: WaveformDisplay.from_recording(
                x, sr=sr, start=middle, seconds=_SHORT, ax=ax
            ),
            f"Waveform of {name}, {1000 * _SHORT:.0f} ms from {middle:.2f} s on",
        ),
        (
            lambda ax: SpectrogramDisplay.from_recording(x, sr=sr, ax=ax),
            f"Spectrogram of {name}, frequencies from 40 to {sr // 2} Hz over time",
        ),
        (spectra, f"Real parts of the spectra of {name}, 10 sets of 5 frames overlaid"),
    )
    return {
        "label": name,
        "seconds": seconds,
        "source": Player(x, sr, encoding="mp3").source(),
        "figures": [inline_figure(draw, alt) for draw, alt in drawn],
    }


def _origin(display, name):
    """Timeline of a piece, and the table that says the same in numbers."""
    rows = []
    for recording, share in display.shares().items():
        lengths = display.segments["length"][display.segments["recording"] == recording]
        longest = lengths.max() * display.frame_seconds
        row = {
            "name": display.name(recording),
            "share": share,
            "segments": len(lengths),
        }
        rows.append(row | {"longest": longest, "color": f"c{recording % 10}"})
    alt = (
        f"Timeline of {name}: {len(display.segments)} segments of {len(rows)} "
        "recordings; the table that follows has the numbers"
    )
    height = 0.7 + 0.25 * len(rows)
    return {
        "rows": rows,
        "figure": inline_figure(display.plot, alt, width=9, height=height),
    }


def _training(pipe):
    history = pipe.steps[-1][1].history_
    last = ", ".join(
        f"{text} {history[-1][name]:.3f}"
        for name, text in (("loss", "learned"), ("val_loss", "held out"))
        if name in history[-1]
    )
    alt = f"Loss over {len(history)} epochs; at the end: {last}"
    return inline_figure(lambda ax: TrainingDisplay(history).plot(ax), alt, width=6)


def _rows(measured):
    """Rows of the table of measures."""
    for key, (label, unit, decimals, text) in _MEASURES.items():
        if key in measured:
            row = measured[key]
            known = "low" in row
            cells = [
                {
                    "text": f"{value:.{decimals}f}",
                    "above": known and value > row["high"],
                    "below": known and value < row["low"],
                }
                for value in row["values"]
            ]
            limits = [row["low"], row["high"]] if known else []
            real = " to ".join(f"{limit:.{decimals}f}" for limit in limits)
            about = {"label": label, "unit": unit, "text": text, "real": real}
            yield about | {"cells": cells}


def _settings(pipe):
    """Of each step the name, value, and whether it is changed, of each parameter."""
    settings = {}
    for _, step in pipe.steps:
        default = type(step)().get_params(deep=False)
        settings[type(step).__name__] = [
            (key, repr(value), repr(value) != repr(default[key]))
            for key, value in step.get_params(deep=False).items()
        ]
    return settings


def _versions():
    found = {
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }
    for package in _PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found
