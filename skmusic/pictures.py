"""Plots as pictures in a page: for light and for dark, compressed, in the page."""

import base64
import importlib.util
import io
from typing import NamedTuple

_STYLES = {"light": "default", "dark": "dark_background"}
_DPI = 144
# A plot has few colours; with no more than these it takes a third of the bytes.
_N_COLORS = 64


class Picture(NamedTuple):
    """A picture for a page.

    Parameters
    ----------
    light, dark : str
        Data URIs.
    alt : str
        What is to be seen, for who does not see it.
    width, height : int
        Size on the page, in CSS pixels.
    """

    light: str
    dark: str
    alt: str
    width: int
    height: int


def picture(draw, alt, *, width=3.5, height=2.0):
    """Draw for both themes.

    Parameters
    ----------
    draw : callable
        Called with the axes to draw on, once for each theme.
    alt : str
        What is to be seen.
    width, height : float, default=3.5 and 2.0
        In inches of 96 CSS pixels.

    Returns
    -------
    Picture

    Examples
    --------
    >>> from skmusic.pictures import picture
    >>> picture(lambda ax: ax.plot([1, 2]), "a line").light[:22]
    'data:image/webp;base64'
    """
    sources = {}
    for theme, style in _STYLES.items():
        with _style(style):
            sources[theme] = _drawn(draw, width, height)
    return Picture(
        **sources, alt=alt, width=round(96 * width), height=round(96 * height)
    )


def check_installed():
    """Refuse early what would fail after a long time.

    Raises
    ------
    ImportError
        If matplotlib or jinja2 is not installed.

    Examples
    --------
    >>> from skmusic.pictures import check_installed
    >>> check_installed()
    """
    for name in ("matplotlib", "jinja2"):
        if importlib.util.find_spec(name) is None:
            raise ImportError(
                f"the report needs {name}; install it: pip install matplotlib jinja2"
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
    draw(figure.subplots())
    drawn, packed = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", transparent=True)
    # The one method of Pillow that keeps transparency.
    image = Image.open(drawn).quantize(_N_COLORS, method=Image.Quantize.FASTOCTREE)
    image.convert("RGBA").save(packed, "webp", lossless=True)
    return f"data:image/webp;base64,{base64.b64encode(packed.getvalue()).decode()}"
