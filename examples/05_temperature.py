"""
Temperature: how smooth, how wild
=================================

Each patch of a piece, a tenth of a second, is drawn from noise. ``temperature`` is the
size of that noise. At 0 there is no chance, at 1 patches are drawn as they were
learned, and above that they go beyond what was learned.
"""

import matplotlib.pyplot as plt
import numpy as np

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator, metrics
from skmusic.datasets import make_songs
from skmusic.display import Player, SpectrogramDisplay

songs = make_songs(4, seconds=20, tempo=100, key="C major", random_state=0)
sr, seed = songs.sr, songs.recordings[0]
pipe = Pipeline([FFTFeaturizer(), StatefulLSTMGenerator(epochs=20, random_state=0)])
pipe.fit(songs.recordings)

pieces = {
    temperature: [
        pipe.sample(seed, seconds=8, temperature=temperature, random_state=i)
        for i in range(2)
    ]
    for temperature in (0, 0.5, 1, 1.5)
}

# %%
# What is counted
# ---------------
# Of two pieces of each temperature the mean is taken. Change: how much the spectrum
# changes from moment to moment. Onsets: how many sounds begin in a second.


def counted(x):
    """Change and onsets of a piece."""
    d = metrics.describe(x, sr)
    return d["spectral_flux"], d["onset_rate"]


print("temperature  change  onsets")
for temperature, made in pieces.items():
    change, onsets = np.mean([counted(x) for x in made], axis=0)
    print(f"{temperature:11}  {change:6.2f}  {onsets:6.1f}")

# %%
# The first piece of each:

figure, axes = plt.subplots(
    len(pieces), 1, figsize=(8, 8), sharex=True, layout="constrained"
)
for axis, (temperature, made) in zip(axes, pieces.items(), strict=True):
    SpectrogramDisplay.from_recording(made[0], ax=axis)
    axis.set(title=f"temperature={temperature}")

# %%
# Without chance: the same seed gives the same music every time, whatever the
# ``random_state``.

Player(pieces[0][0], sr, name="temperature=0")

# %%
# As learned:

Player(pieces[1][0], sr, name="temperature=1")

# %%
# With far more chance than was learned. Listen for the noise.

Player(pieces[1.5][0], sr, name="temperature=1.5")
