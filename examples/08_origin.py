"""
Where it came from
==================

Every frame that sounds is a frame of a recording that was learned. With
``return_origin`` a piece comes with the place of each.
"""

import matplotlib.pyplot as plt
import numpy as np

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator, metrics, origin
from skmusic.datasets import make_songs
from skmusic.display import OriginDisplay, Player

songs = make_songs(6, seconds=20, random_state=4)
sr, learned, unheard = songs.sr, songs.recordings[:5], songs.recordings[5]
pipe = Pipeline([FFTFeaturizer(), StatefulLSTMGenerator(random_state=0)])
pipe.fit(learned)

piece, places = pipe.sample(learned[0], seconds=15, random_state=0, return_origin=True)
Player(piece, sr, name="the piece")

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
# Above, which song sounds when. Below, which part of it: each stroke is a run, which
# climbs as the song goes on, and each gap between strokes is a join.

figure, axes = plt.subplots(2, 1, figsize=(8, 5), sharex=True, layout="constrained")
display = OriginDisplay(runs, hop / sr, names=songs.names).plot(axes[0])
rows = list(display.shares())
for run in runs:
    at = np.array([run["start"], run["start"] + run["length"]]) * hop / sr
    place = np.array([run["frame"], run["frame"] + run["length"]]) * hop / sr
    axes[1].plot(at, place, color=f"C{rows.index(run['recording'])}")
axes[0].set_xlabel("")
axes[1].set(xlabel="Time in the piece (s)", ylabel="Time in the song (s)")

# %%
# Heard
# -----
# The longest run with a second before and after it, in the piece:

longest = runs[np.argmax(runs["length"])]


def about(x, frame):
    """A run's samples and a second to either side."""
    start = int(frame) * hop
    return x[max(0, start - sr) : start + int(longest["length"]) * hop + sr]


Player(about(piece, longest["start"]), sr, name="in the piece")

# %%
# The place it was taken from. Listen for what the two share in their middle, and
# for how they differ before and after.

place = about(learned[longest["recording"]], longest["frame"])
Player(place, sr, name="in the song")

# %%
# Is it copied?
# -------------
# A run ends within about half a second. Yet a join may lead to a place that sounds
# nearly the same, and then more seems copied than any run is long.
# `skmusic.metrics.copying` compares the sound alone and knows nothing of runs.
#
# Beside the piece stands a song that was not learned, by the same synthesiser: what
# the measure finds in it is no copy, and only what a piece has beyond it tells of
# copying.

of_piece = metrics.copying(learned, [piece], sr)
of_unheard = metrics.copying(learned, [unheard], sr)
print("              piece  unheard song")
for name, value in of_piece.items():
    print(f"{name:12}  {value:5.2f}  {of_unheard[name]:12.2f}")
