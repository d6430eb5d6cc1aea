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
from skmusic.audio.html import data_uri
from skmusic.audio.rates import rate_of
from skmusic.display import OriginDisplay, TrainingDisplay
from skmusic.display.cards import card
from skmusic.display.html import check_installed, inline_figure
from skmusic.display.measures import rows_of_measures
from skmusic.display.sources import played, stretches, timeline
from skmusic.metrics.reference import ReferenceClip, excerpt, measure, reference_clips
from skmusic.origin import segments
from skmusic.utils.lengths import length
from skmusic.utils.types import Array, Name, RandomState, Recording

__all__ = ["Page", "Piece", "report"]

# Seconds of a reference clip to compare a piece with, and of a seed.
_EXCERPT = 15.0
_PACKAGES = "skmusic", "numpy", "scipy", "scikit-learn", "keras", "tensorflow"


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
        If matplotlib, jinja2 or pyloudnorm is not installed (the extra ``report``).

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
    kept = reference_clips(pipe)
    found = kept if real is None else _as_clips(real, sr)
    measured = measure([p.music for p in pieces], found, sr) if found else {}
    origins = [_origin(pipe, piece, names) for piece in pieces]
    made = [
        card(f"piece-{i}", p.name, p.music, sr) for i, p in enumerate(pieces, start=1)
    ]
    beside = [] if seed is None else [_seed(seed, sr)]
    beside += _excerpts(pieces, origins, found, names, sr)
    for one, origin in zip(made, origins, strict=True):
        one["origin"] = timeline(origin, one["name"]) if origin else None
    timelines = [one["origin"] for one in made if one["origin"]]
    return Page(
        _template().render(
            title=f"Composed by skmusic: {len(pieces)} piece{'s'[: len(pieces) != 1]}",
            pieces=made,
            beside=beside,
            played=played(timelines),
            plays=hasattr(pipe.steps[-1][1].synthesis_, "database"),
            facts={"rate": sr} | _stretches(pipe, made, origins, kept),
            rows=list(rows_of_measures(measured)),
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
    return card("seed", f"The seed, its last {length(len(x) / sr)}", x, sr)


def _origin(pipe, piece, names):
    if piece.origin is None:
        return None
    step = pipe.steps[0][1].format_.seconds
    return OriginDisplay(segments(piece.origin), step, names=names)


def _excerpts(pieces, origins, found, names, sr):
    """Cards of reference clips: of the recordings that pieces have most of."""
    cards = {}
    for piece, origin in zip(pieces, origins, strict=True):
        if not found:
            break
        number = next(iter(origin.shares())) if origin else found[0].recording
        n_samples = min(len(piece.music), round(_EXCERPT * sr))
        clip = excerpt(found, number, n_samples, sr)
        name = names[number] if names else f"recording {number + 1}"
        where = f"from {length(clip.start)} on" if clip.start else "its beginning"
        name = f"Reference clip: {name}, {where}"
        if name not in cards:  # pieces may have most of the same recording
            cards[name] = card(f"clip-{len(cards) + 1}", name, clip.music, sr)
    return list(cards.values())


def _stretches(pipe, made, origins, kept):
    """What the page plays of the recordings: the sound, and segments of each piece."""
    timed = [(m, o) for m, o in zip(made, origins, strict=True) if o]
    if not timed:
        return {"segments": {}, "sources": None}
    format = pipe.steps[0][1].format_
    sound, tables = stretches([o for _, o in timed], kept, format)
    return {
        "segments": {
            m["id"]: table for (m, _), table in zip(timed, tables, strict=True)
        },
        "sources": data_uri(sound, format.sr, "mp3"),
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
