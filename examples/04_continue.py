"""
Go on from a recording
======================

Four songs are learned; a fifth, never heard before, is the seed. The music goes on
from where the seed ends.
"""

import matplotlib.pyplot as plt
import numpy as np

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator
from skmusic.datasets import make_songs
from skmusic.display import Player, SpectrogramDisplay

songs = make_songs(5, seconds=20, tempo=100, key="C major", random_state=3)
sr, seed = songs.sr, songs.recordings[-1][: 10 * songs.sr]
pipe = Pipeline([FFTFeaturizer(), StatefulLSTMGenerator(epochs=20, random_state=0)])
pipe.fit(songs.recordings[:-1])

# %%
# What it goes on from
# --------------------
# The last four seconds of the seed. The network hears all of it, as its state is
# carried along; the end counts most.

Player(seed[-4 * sr :], sr, name="the end of the seed")

# %%
# And how it goes on: the same four seconds, and eight more. Listen at four seconds,
# where the piece begins. The piece keeps the tempo, the loudness and the style of the
# seed. Its sounds are those that the network has learned from other songs, in half a
# minute.

piece = pipe.sample(seed, seconds=8, random_state=0)
Player(np.concatenate([seed[-4 * sr :], piece]), sr, name="seed and piece")

# %%
# Another `random_state`, another piece after the same seed:

other = pipe.sample(seed, seconds=8, random_state=1)
Player(np.concatenate([seed[-4 * sr :], other]), sr, name="seed and another piece")

# %%
# Seen
# ----
# The line is where the seed ends.

figure, axes = plt.subplots(2, 1, figsize=(8, 5), sharex=True, layout="constrained")
for axis, x, state in zip(axes, (piece, other), (0, 1), strict=True):
    SpectrogramDisplay.from_recording(np.concatenate([seed[-4 * sr :], x]), ax=axis)
    axis.axvline(4, color="white")
    axis.set(title=f"random_state={state}")

# %%
# In pieces
# ---------
# The generator can be asked for its state, and goes on from that as if it had never
# stopped: 200 frames and 100 more are the 300 frames of one call.

generator = pipe[-1]
(frames,) = pipe[:-1].transform([seed])
first, state = generator.sample(frames, 200, random_state=0, return_state=True)
then = generator.sample(state, 100)
whole = generator.sample(frames, 300, random_state=0)
print("the same:", np.array_equal(np.concatenate([first, then]), whole))
