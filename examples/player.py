"""A player for the pages: sound within the page, no louder than it is."""

import base64
import tempfile
from pathlib import Path

from skmusic import audio


class Player:
    """Music that a page can play."""

    def __init__(self, x, sr):
        self.x, self.sr = x, sr

    def _repr_html_(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "a.mp3")
            audio.write(path, self.x, self.sr)
            code = base64.b64encode(path.read_bytes()).decode()
        source = f"data:audio/mpeg;base64,{code}"
        return f'<audio controls preload="metadata" src="{source}"></audio>'
