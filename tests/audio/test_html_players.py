"""Laws of players in a page."""

import base64
import io
import re
import time

import numpy as np
import pytest
import soundfile as sf

from skmusic.audio.html import preview

SR = 8000


def slowly(seconds):
    while True:
        time.sleep(seconds)
        yield np.full((SR, 1), 0.25, "f")


def test_a_preview_waits_no_longer_than_it_may():
    begun = time.monotonic()
    shown = preview(slowly(0.1), SR, "slow", most=0.3)
    assert time.monotonic() - begun < 2
    (code,) = re.findall('base64,([^"]+)', shown)
    x, _ = sf.read(io.BytesIO(base64.b64decode(code)))
    assert 1 <= len(x) / SR < 6
    assert abs(x[SR // 2]) == pytest.approx(0.25, abs=0.05)
