"""
Where it came from
==================

Every frame that sounds is a frame of a recording that was learned. With
``return_origin`` a piece comes with the place of each.
"""

import matplotlib.pyplot as plt
import numpy as np
from player import Player

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator, metrics, origin
from skmusic.datasets import make_songs

songs = make_songs(6, seconds=20, random_state=4)
sr, learned, unheard = songs.sr, songs.recordings[:5], songs.recordings[5]
pipe = Pipeline([FFTFeaturizer(), StatefulLSTMGenerator(random_state=0)])
pipe.fit(learned)

piece, places = pipe.sample(learned[0], seconds=15, random_state=0, return_origin=True)
Player(piece, sr)

# %%
# Runs
# ----
# `skmusic.origin.runs` gathers frames that follow a recording without a break.

hop = pipe[0].N // 2
runs = origin.runs(places)
print("  at    for   from")
for run in runs[:10]:
    at, length, frame = (run[name] * hop / sr for name in ("start", "length", "frame"))
    name = songs.names[run["recording"]]
    print(f"{at:5.2f}  {length:4.2f} s   {name}, {frame:5.2f} s")
lengths = runs["length"] * hop / sr
print(f"{len(runs)} runs, the longest of {lengths.max():.2f} s")

# %%
# Above, which recording sounds when. Below, which part of it: a steady climb means
# that joins lead to places that follow each other, a jump that they do not.

figure, axes = plt.subplots(2, 1, figsize=(8, 5), sharex=True, layout="constrained")
for run in runs:
    at = np.array([run["start"], run["start"] + run["length"]]) * hop / sr
    place = np.array([run["frame"], run["frame"] + run["length"]]) * hop / sr
    colour = f"C{run['recording']}"
    axes[0].plot(at, [run["recording"]] * 2, color=colour, linewidth=8)
    axes[1].plot(at, place, color=colour)
axes[0].set_yticks(range(5), songs.names[:5])
axes[0].set(ylim=(4.6, -0.6))
axes[1].set(xlabel="s of the piece", ylabel="s of the recording")

# %%
# Heard
# -----
# The longest run with a second before and after it, in the piece:

longest = runs[np.argmax(runs["length"])]


def about(x, frame):
    """A run's samples and a second to either side."""
    start = int(frame) * hop
    return x[max(0, start - sr) : start + int(longest["length"]) * hop + sr]


Player(about(piece, longest["start"]), sr)

# %%
# The place it was taken from. Listen for what the two share in their middle, and
# for how they differ before and after.

Player(about(learned[longest["recording"]], longest["frame"]), sr)

# %%
# Is it copied?
# -------------
# A run ends within about half a second. Yet a join may lead to a place that sounds
# nearly the same, and then more seems copied than any run is long.
# `skmusic.metrics.copying` compares the sound alone and knows nothing of runs.
#
# Beside the piece stands a song that was not learned. It is by the same synthesiser,
# whose drums are alike to the sample, so that some of it is found in the others, too.
# What the piece has beyond that is copied.

of_piece = metrics.copying(learned, [piece], sr)
of_unheard = metrics.copying(learned, [unheard], sr)
print("              piece  unheard song")
for name, value in of_piece.items():
    print(f"{name:12}  {value:5.2f}  {of_unheard[name]:12.2f}")
