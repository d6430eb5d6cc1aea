"""
A folder of songs, and half a minute more
=========================================

These few lines are all that you need. They learn the recordings in the folder
``songs``, compose half a minute of new music and write it to ``mine.wav``.
"""

# sphinx_gallery_start_ignore
import os
import tempfile

from skmusic.datasets import make_songs

# isort: split
# sphinx_gallery_end_ignore
from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator, audio
from skmusic.display import Player

# sphinx_gallery_start_ignore
# Three songs that skmusic composes itself stand in for yours, in a new folder.
home = tempfile.mkdtemp()
os.chdir(home)
os.mkdir("songs")
made = make_songs(3, seconds=20, tempo=100, key="C major", random_state=5)
for name, song in zip(made.names, made.recordings, strict=True):
    audio.write(f"songs/{name}.ogg", song, made.sr)
# sphinx_gallery_end_ignore
pipe = Pipeline([FFTFeaturizer(), StatefulLSTMGenerator()])
pipe.fit(audio.find("songs"))

piece = pipe.sample(seconds=30)
audio.write("mine.wav", piece)
Player(piece, name="the piece", encoding="mp3")

# %%
# ``songs`` holds three songs of 20 seconds here, which skmusic composed itself. That is
# little to learn from, so the piece is rough. Yours may be of any length, in wav,
# flac, ogg, opus, mp3 or aiff. The more alike they are, the better; half an hour of
# music is plenty, and takes some minutes to learn.
#
# A piece may also go on from where a recording ends, the *seed*:

# sphinx_gallery_start_ignore
os.chdir(home)
# sphinx_gallery_end_ignore
seed, *_ = audio.find("songs")
more = pipe.sample(seed, seconds=10)
Player(more, name=f"goes on from {seed.name}", encoding="mp3")

# %%
# `skmusic.save` keeps what was learned, so that the next piece takes a moment. The
# next pages show what can be set, and look inside.
