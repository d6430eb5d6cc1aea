"""What a page shows: music as a player, and figures for both themes."""

import base64
import importlib.util
import io
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from skmusic.audio.html import FORMATS, player
from skmusic.audio.rates import rate_of


class Player:
    """Music that a notebook shows as a player.

    The loudness is that of the samples, which IPython's own player changes; only
    where the peak exceeds 1 the whole is turned down, as `skmusic.audio.write` does.

    Parameters
    ----------
    music : ndarray of shape (n_samples, n_channels) or (n_samples,)
        Waveform, mixed to two channels if it has more.
    sr : int or None, default=None
        Sampling rate in Hz. None is the music's own, or 44100 of an array that does
        not know it.
    name : str, default="music"
        What is written above the player and told by screen readers.
    encoding : {"flac", "mp3"}, default="flac"
        "flac" is exact to 16 bits, "mp3" a sixth as large.

    Attributes
    ----------
    music, sr, name, encoding
        As given.

    See Also
    --------
    skmusic.audio.write : Music to a file.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.display import Player
    >>> Player(np.sin(np.arange(44100) / 10), name="a tone")
    Player('a tone', 1.0 s)
    """

    def __init__(
        self,
        music: ArrayLike,
        sr: float | None = None,
        *,
        name: str = "music",
        encoding: str = "flac",
    ) -> None:
        if encoding not in FORMATS:
            raise ValueError(
                f"encoding={encoding!r} is unknown; use one of {list(FORMATS)}."
            )
        self.music, self.sr = np.asarray(music), rate_of(music, sr, 44100)
        self.name, self.encoding = name, encoding

    def __repr__(self):
        return f"Player({self.name!r}, {len(self.music) / self.sr:.1f} s)"

    def _repr_html_(self):
        return player(self.music, self.sr, self.name, self.encoding)


# What the report needs beyond skmusic.
_NEEDED = "matplotlib", "jinja2", "pyloudnorm"
_STYLES = {"light": "default", "dark": "dark_background"}
_DPI = 144
# A plot has few colours; with no more than these it takes a third of the bytes.
_N_COLORS = 64


class InlineFigure(NamedTuple):
    """A figure that stands in the page itself, as data URIs for both themes.

    The size is in CSS pixels. `left` to `bottom` tell where the axes are, as shares of
    the width and of the height.
    """

    light: str
    dark: str
    alt: str
    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float


def inline_figure(draw, alt, *, width=3.5, height=2.0):
    """Draw for both themes, by ``draw(axes)``; `width` and `height` are in inches."""
    sources = {}
    for theme, style in _STYLES.items():
        with _style(style):
            sources[theme], box = _drawn(draw, width, height)
    return InlineFigure(
        **sources,
        alt=alt,
        width=round(96 * width),
        height=round(96 * height),
        left=box.x0,
        right=box.x1,
        top=1 - box.y1,
        bottom=1 - box.y0,
    )


def check_installed():
    """Refuse early what would fail after a long time."""
    for name in _NEEDED:
        if importlib.util.find_spec(name) is None:
            raise ImportError(
                f"the report needs {name}; install it: pip install {' '.join(_NEEDED)}"
            )


def _style(name):
    from matplotlib import rcParamsDefault, style

    ours = {"font.size": 9, "legend.fontsize": 8}
    # One meaning of a colour in both themes.
    ours["axes.prop_cycle"] = rcParamsDefault["axes.prop_cycle"]
    return style.context([name, ours])


def _drawn(draw, width, height):
    from matplotlib.figure import Figure
    from PIL import Image

    figure = Figure((width, height), dpi=_DPI, layout="constrained")
    axes = figure.subplots()
    draw(axes)
    drawn, packed = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", transparent=True)
    # The one method of Pillow that keeps transparency.
    image = Image.open(drawn).quantize(_N_COLORS, method=Image.Quantize.FASTOCTREE)
    image.convert("RGBA").save(packed, "webp", lossless=True)
    source = f"data:image/webp;base64,{base64.b64encode(packed.getvalue()).decode()}"
    return source, axes.get_position()
