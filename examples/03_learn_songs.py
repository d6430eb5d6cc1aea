"""
Learn songs, compose another
============================

Four songs in one key and one tempo are learned; a piece goes on from the first.
Since their notes are known, it can be counted whether the piece has kept the key.
"""

# sphinx_gallery_thumbnail_number = 2
import matplotlib.pyplot as plt
import numpy as np

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator
from skmusic.datasets import make_songs
from skmusic.display import Player, TrainingDisplay

songs = make_songs(4, seconds=30, tempo=100, key="C major", random_state=0)
sr = songs.sr
for name, chords in zip(songs.names, songs.chords, strict=True):
    print(f"{name}:", *(chord for _, chord in chords[:6]), "...")

# %%
# One of them:

Player(songs.recordings[0][: 8 * sr], sr, name=f"a song to learn: {songs.names[0]}")

# %%
# Learning
# --------
# A tenth of every song, shortly before its end, is held out. The network is trained
# until four epochs bring no better forecast of it, or for as many epochs as are asked
# for, and the weights of the best epoch are kept. Fifteen are few, and quickly done.

generator = StatefulLSTMGenerator(epochs=15, random_state=0)
pipe = Pipeline([FFTFeaturizer(sr=sr), generator]).fit(songs.recordings)
TrainingDisplay.from_estimator(pipe)
history = pipe[-1].history_
best = min(history, key=lambda record: record["val_loss"])
print(f"{len(history)} epochs, the best was epoch {best['epoch']}")

# %%
# Composing
# ---------
# Nothing of the songs is played: the network draws each sound. After so little learning
# it is rough. Listen for the chords and the beat.

piece = pipe.sample(songs.recordings[0], seconds=15, random_state=1)
Player(piece, sr, name="the piece")

# %%
# To keep it, write ``audio.write("piece.ogg", piece, sr)`` after
# ``from skmusic import audio``.
#
# Has it kept the key?
# --------------------
# All partials from 65 to 2000 Hz are counted by pitch class.

PITCHES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]
WHITE = [PITCHES.index(name) for name in "CDEFGAB"]


def pitch_classes(x, size=8192):
    """Share of each pitch class, from long spectra."""
    x = np.asarray(x).mean(axis=1)
    blocks = np.lib.stride_tricks.sliding_window_view(x, size)[:: size // 2]
    magnitude = np.abs(np.fft.rfft(blocks * np.hanning(size))).mean(axis=0)
    frequency = np.fft.rfftfreq(size, 1 / sr)
    used = (frequency > 65) & (frequency < 2000)
    pitch = np.round(12 * np.log2(frequency[used] / 261.626)).astype(int) % 12
    share = np.bincount(pitch, magnitude[used], 12)
    return share / share.sum()


of_songs = np.mean([pitch_classes(x) for x in songs.recordings], axis=0)
of_piece = pitch_classes(piece)
noise = np.random.default_rng(0).standard_normal((10 * sr, 1))
for name, share in (
    ("songs", of_songs),
    ("piece", of_piece),
    ("noise", pitch_classes(noise)),
):
    print(f"{name}: {share[WHITE].sum():.0%} in C major")

figure, axis = plt.subplots(figsize=(8, 3), layout="constrained")
axis.bar(np.arange(12) - 0.2, of_songs, width=0.4, label="songs")
axis.bar(np.arange(12) + 0.2, of_piece, width=0.4, label="piece")
axis.set_xticks(range(12), PITCHES)
axis.set(ylabel="share of the sound")
axis.legend()
