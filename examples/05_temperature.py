"""
Temperature: how daring, how faithful
=====================================

``temperature`` says how much is left to chance where a segment ends. At 0 the best
continuation is always taken, at 1 they compete as they were learned, above that the
poor ones get their turn too. ``top_k`` and ``top_p`` strike out the unlikely ones
instead.
"""

import matplotlib.pyplot as plt
import numpy as np

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator, metrics, origin
from skmusic.datasets import make_songs
from skmusic.display import Player

songs = make_songs(5, seconds=20, tempo=100, key="C major", random_state=0)
sr, seed = songs.sr, songs.recordings[0]
pipe = Pipeline([FFTFeaturizer(), StatefulLSTMGenerator(random_state=0)])
pipe.fit(songs.recordings)

SETTINGS = {
    "temperature=0": {"temperature": 0},
    "temperature=0.5": {"temperature": 0.5},
    "temperature=1": {"temperature": 1},
    "temperature=3": {"temperature": 3},
    "top_k=3": {"top_k": 3},
    "top_p=0.5": {"top_p": 0.5},
}
pieces = {
    name: [
        pipe.sample(seed, seconds=12, random_state=i, return_origin=True, **setting)
        for i in range(4)
    ]
    for name, setting in SETTINGS.items()
}

# %%
# What is counted
# ---------------
# Of four pieces of each setting the mean is taken. Moves: how often a piece goes
# from one song to another. Repetition: 1 for a loop. Beat: its strength.


def counted(x, places):
    """Moves, repetition and beat of a piece."""
    d = metrics.describe(x, sr)
    moves = np.count_nonzero(np.diff(origin.segments(places)["recording"]))
    return moves, d["repetition"], d["beat_strength"]


print("                 moves  repetition  beat")
for name, made in pieces.items():
    moves, repetition, beat = np.mean([counted(*piece) for piece in made], axis=0)
    print(f"{name:16} {moves:5.1f}  {repetition:10.2f}  {beat:4.2f}")

# %%
# The first piece of each. Each segment is a bar: its height says which song it is
# from, its shade which part of it.

figure, axes = plt.subplots(
    len(pieces), 1, figsize=(8, 8), sharex=True, layout="constrained"
)
hop = sr / (pipe[0].N // 2)
for axis, (name, made) in zip(axes, pieces.items(), strict=True):
    place = made[0][1]
    axis.scatter(
        np.arange(len(place)) / hop,
        place["recording"],
        c=place["frame"] / hop,
        marker="|",
        s=60,
        cmap="viridis",
        vmin=0,
        vmax=20,
    )
    axis.set(title=name, ylabel="song", yticks=range(5), ylim=(4.6, -0.6))
axes[-1].set_xlabel("s")

# %%
# Without chance: the same seed gives the same music every time, whatever the
# ``random_state``.

Player(pieces["temperature=0"][0][0], sr, name="temperature=0")

# %%
# As learned:

Player(pieces["temperature=1"][0][0], sr, name="temperature=1")

# %%
# With far more chance than was learned. Listen for concatenation points that break the
# beat.

Player(pieces["temperature=3"][0][0], sr, name="temperature=3")
