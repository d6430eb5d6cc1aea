import base64
import io
import re

import numpy as np
import pytest
import soundfile as sf

from skmusic.display import Player
from skmusic.display.html import inline_figure

SR = 22050


def noise(n_channels=2, peak=0.01, n_samples=SR):
    x = np.random.default_rng(0).uniform(-1, 1, (n_samples, n_channels))
    return x * peak / abs(x).max()


def heard(player):
    (source,) = re.findall(r'src="data:audio/\w+;base64,([^"]+)"', player._repr_html_())
    return sf.read(io.BytesIO(base64.b64decode(source)), always_2d=True)


@pytest.mark.parametrize("n_channels", [1, 2])
def test_what_is_heard_is_what_was_given_however_quiet(n_channels):
    x = noise(n_channels)
    y, sr = heard(Player(x, SR))
    assert sr == SR
    np.testing.assert_allclose(y, x, atol=2**-15)


def test_what_is_too_loud_is_turned_down_as_a_whole():
    x = noise(peak=4.0)
    y, _ = heard(Player(x, SR))
    np.testing.assert_allclose(y, x * 0.999 / 4, atol=2**-15)


@pytest.mark.parametrize("sr", [8000, SR, 44100, 96000])
def test_mp3_has_the_length_the_level_and_few_bytes(sr):
    t = np.arange(4 * sr) / sr
    x = 0.3 * np.stack([np.sin(2000 * t), np.sin(3000 * t)], axis=1)
    player = Player(x, sr, encoding="mp3")
    y, rate = heard(player)
    assert len(y) / rate == pytest.approx(4, abs=0.1)
    assert y.shape[1] == 2
    assert y.std() == pytest.approx(x.std(), rel=0.02)
    assert len(player._repr_html_()) < 4 * 24_000


@pytest.mark.parametrize("shape", [(SR,), (SR, 5)])
def test_other_shapes_are_mixed(shape):
    y, _ = heard(Player(np.full(shape, 0.25), SR))
    assert y.shape == (SR, min(2, (*shape, 1)[1]))


def test_names_are_escaped():
    page = Player(noise(), SR, name='<b>"me" & you')._repr_html_()
    assert page.count("&lt;b&gt;&quot;me&quot; &amp; you") == 2
    assert "<b>" not in page


def test_unknown_encodings_are_refused():
    with pytest.raises(ValueError, match="encoding='wma' is unknown"):
        Player(noise(), SR, encoding="wma")


def test_figures_tell_where_their_axes_are():
    pytest.importorskip("matplotlib")
    Image = pytest.importorskip("PIL.Image")
    # Axes filled with red are where the figure says.
    figure = inline_figure(lambda ax: ax.axvspan(0, 1, color="r") and ax.margins(0), "")
    code = figure.light.partition(",")[2]
    image = Image.open(io.BytesIO(base64.b64decode(code))).convert("RGB")
    red = (np.asarray(image).astype(int) @ [1, -1, 0]) > 150
    columns, rows = np.flatnonzero(red.any(axis=0)), np.flatnonzero(red.any(axis=1))
    found = [columns[0] / red.shape[1], (columns[-1] + 1) / red.shape[1]]
    np.testing.assert_allclose(found, [figure.left, figure.right], atol=0.01)
    found = [rows[0] / red.shape[0], (rows[-1] + 1) / red.shape[0]]
    np.testing.assert_allclose(found, [figure.top, figure.bottom], atol=0.01)
