"""
Where it came from
==================

The concatenative synthesis plays segments of the recordings that it learned. With
``return_origin`` a piece comes with the place that each frame is from.
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
# Segments
# --------
# `skmusic.origin.segments` gathers frames that follow a recording without a break.

hop = pipe[0].N // 2
segments = origin.segments(places)
print("  at    for   from")
for segment in segments[:10]:
    at, length, frame = (
        segment[name] * hop / sr for name in ("start", "length", "frame")
    )
    name = songs.names[segment["recording"]]
    print(f"{at:5.2f}  {length:4.2f} s   {name}, {frame:5.2f} s")
lengths = segments["length"] * hop / sr
print(f"{len(segments)} segments, the longest of {lengths.max():.2f} s")

# %%
# Above, which song sounds when. Below, which part of it: each stroke is a segment and
# climbs as the song goes on; where a stroke ends is a concatenation point.

figure, axes = plt.subplots(2, 1, figsize=(8, 5), sharex=True, layout="constrained")
display = OriginDisplay(segments, hop / sr, names=songs.names).plot(axes[0])
rows = list(display.shares())
for segment in segments:
    at = np.array([segment["start"], segment["start"] + segment["length"]]) * hop / sr
    place = (
        np.array([segment["frame"], segment["frame"] + segment["length"]]) * hop / sr
    )
    axes[1].plot(at, place, color=f"C{rows.index(segment['recording'])}")
axes[0].set_xlabel("")
axes[1].set(xlabel="Time in the piece (s)", ylabel="Time in the song (s)")

# %%
# Heard
# -----
# The longest segment with a second before and after it, in the piece:

longest = segments[np.argmax(segments["length"])]


def about(x, frame):
    """A segment's samples and a second to either side."""
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
# A segment ends within about half a second. Yet the next one may sound nearly as the
# song would have gone on, and then more seems copied than any segment is long.
# `skmusic.metrics.copying` compares the sound alone and knows nothing of segments.
#
# Beside the piece stands a song that was not learned, by the same synthesiser. What the
# measure finds in that song is no copy, so only what the piece has beyond it is.

of_piece = metrics.copying(learned, [piece], sr)
of_unheard = metrics.copying(learned, [unheard], sr)
print("              piece  unheard song")
for name, value in of_piece.items():
    print(f"{name:12}  {value:5.2f}  {of_unheard[name]:12.2f}")
