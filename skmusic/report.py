"""A page to judge composed music by: players, plots, measures, in one file."""

import contextlib
import html
import importlib.metadata
import platform
from collections.abc import Sequence
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from skmusic import audio
from skmusic.audio.files import written_whole
from skmusic.audio.rates import rate_of
from skmusic.display import TrainingDisplay
from skmusic.display.cards import card
from skmusic.display.html import check_installed, inline_figure
from skmusic.display.measures import rows_of_measures
from skmusic.metrics.reference import measure
from skmusic.utils.lengths import length
from skmusic.utils.types import Array, Name, RandomState, Recording

__all__ = ["Page", "Piece", "report"]

# Seconds of a reference clip and of a seed, at most, and the most reference clips.
_EXCERPT, _CLIPS = 15.0, 3
_PACKAGES = "skmusic", "numpy", "scipy", "scikit-learn", "keras", "tensorflow"


class Piece(NamedTuple):
    """A piece for the report.

    Parameters
    ----------
    name : str
        What it is called.
    music : ndarray of shape (n_samples, n_channels)
        As `Pipeline.sample` gives it.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.report import Piece
    >>> Piece("mine.wav", np.zeros((44100, 2))).name
    'mine.wav'
    """

    name: str
    music: np.ndarray


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
        Of the recordings in `real`; None numbers them.
    real : list of path or ndarray, default=None
        Recordings to hold the pieces against, such as those that were fitted. None
        leaves out reference clips and measures.
    command : str or None, default=None
        What makes it all again, to be shown.

    Returns
    -------
    Page
        HTML, a str with ``save(path)``.

    Raises
    ------
    ValueError
        If there is no piece, or one has another rate than the pipeline or is not
        finite; if `names` are not as many as recordings.
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
    >>> page = report(pipe, seconds=2, n=1, random_state=1, real=songs.recordings)
    >>> page.count("<audio"), "http" in page.split("base64")[0]
    (3, False)
    """
    check_installed()
    if pieces is None:
        pieces = _composed(pipe, seconds, n, seed, random_state)
    pieces, real = (
        [x] if isinstance(x, (Piece, np.ndarray, str, PathLike)) else x
        for x in (pieces, real)
    )
    if not len(pieces):
        raise ValueError("pieces is empty: there is nothing to report on.")
    sr = round(pipe.steps[0][1].sr)
    pieces = [_as_piece(i, x, sr) for i, x in enumerate(pieces, start=1)]
    music = [piece.music for piece in pieces]
    recordings = [] if real is None else [_waveform(x, sr) for x in real]
    if names is not None and len(names) != len(recordings):
        raise ValueError(
            f"names has {len(names)} names, and real {len(recordings)} recordings; "
            "give one each."
        )
    measured = measure(music, recordings, sr) if recordings else {}
    beside = [] if seed is None else [_seed(seed, sr)]
    beside += _clips(recordings, names, max(map(len, music)), sr)
    return Page(
        _template().render(
            title=f"Composed by skmusic: {len(pieces)} piece{'s'[: len(pieces) != 1]}",
            pieces=[
                card(f"piece-{i}", piece.name, piece.music, sr)
                for i, piece in enumerate(pieces, start=1)
            ],
            beside=beside,
            rate=sr,
            rows=list(rows_of_measures(measured)),
            training=_training(pipe),
            command=command,
            settings=_settings(pipe),
            versions=_versions(),
        )
    )


def _composed(pipe, seconds, n, seed, random_state):
    if n < 1:
        raise ValueError(f"n={n} composes nothing to report on; use 1 or more.")
    return pipe.sample([seed] * n, seconds=seconds, random_state=random_state)


def _as_piece(number, x, sr):
    """A piece whose music has the pipeline's rate, as a plain array."""
    name, music = x if isinstance(x, Piece) else (f"Piece {number}", x)
    return Piece(name, _waveform(music, sr))


def _waveform(x, sr):
    """Plain waveform ``(n_samples, n_channels)``, at a rate, of a path or an array."""
    if not hasattr(x, "__array__"):
        return audio.read(x, sr=sr)[0]
    rate_of(x, sr)
    x = np.asarray(x)
    return x[:, None] if x.ndim == 1 else x


def _template():
    import jinja2

    loader = jinja2.PackageLoader("skmusic.display")
    options = {"autoescape": True, "trim_blocks": True, "lstrip_blocks": True}
    return jinja2.Environment(loader=loader, **options).get_template("report.html")


def _seed(seed, sr):
    x = _waveform(seed, sr)[-round(_EXCERPT * sr) :]
    return card("seed", f"The seed, its last {length(len(x) / sr)}", x, sr)


def _clips(recordings, names, most, sr):
    """Cards of the middles of the first recordings."""
    n_samples, cards = min(most, round(_EXCERPT * sr)), []
    for i, x in enumerate(recordings[:_CLIPS]):
        first = max(0, (len(x) - n_samples) // 2)
        name = names[i] if names else f"recording {i + 1}"
        where = f"from {length(first / sr)} on" if first else "its beginning"
        x = x[first : first + n_samples]
        cards.append(card(f"clip-{i + 1}", f"Reference clip: {name}, {where}", x, sr))
    return cards


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
