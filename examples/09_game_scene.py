"""
A game scene, a whole piece, a bridge, a blend, variations and loops
====================================================================

Calm, battle, calm: three minutes that begin and end as the learned songs do, and in
between change from one style to another, louder and busier as they go. Then what else
a game may need: a piece of 90 seconds, music from one place to the next, of two places
at once, the same theme in other forms, and loops.
"""

import matplotlib.pyplot as plt
import numpy as np

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator
from skmusic.datasets import make_songs
from skmusic.display import Player

songs = make_songs(5, seconds=20, tempo=100, key="C major", random_state=4)
sr = songs.sr
pipe = Pipeline([FFTFeaturizer(), StatefulLSTMGenerator(epochs=60, random_state=0)])
pipe.fit(songs.recordings)


def level(x, seconds=0.5):
    """Decibels in windows of so many seconds."""
    n = int(seconds * sr)
    power = np.square(x[: len(x) // n * n]).reshape(-1, n * x.shape[1]).mean(axis=1)
    return 10 * np.log10(power + 1e-6)


# %%
# Which songs are calm?
# ---------------------
# The one in which least begins stands for calm, the one in which most begins for
# battle.


def busyness(x):
    """Mean rise of the level from one twentieth of a second to the next."""
    return np.maximum(np.diff(level(x, 0.05)), 0).mean()


order = np.argsort([busyness(x) for x in songs.recordings])
calm, battle = (songs.recordings[i] for i in (order[0], order[-1]))
Player(calm[-8 * sr :], sr, name="calm")

# %%

Player(battle[-8 * sr :], sr, name="battle")

# %%
# The scene
# ---------
# Points in time, in seconds, and what is asked for there. ``end=True`` ends the piece
# as songs end, so there is no fade. The network has learned from little music, so its
# sound is rough; listen for what it does.

scene = pipe.sample(
    seconds=180,
    style=[(55, calm), (65, battle), (115, battle), (125, calm)],
    energy=[(55, 0.2), (65, 0.9), (115, 0.9), (125, 0.2)],
    begin=True,
    end=True,
    random_state=0,
)
Player(scene, sr, name="calm, battle, calm", encoding="mp3")

# %%
# What was asked, and what the scene does; and what the same ``random_state`` does
# where nothing is asked.

free = pipe.sample(seconds=180, random_state=0)
figure, axis = plt.subplots(figsize=(8, 3), layout="constrained")
for x, name in ((scene, "asked"), (free, "not asked")):
    axis.plot(np.arange(180), level(x, 1), label=name)
axis.set(xlabel="s", ylabel="dB")
axis.legend(loc="lower left")
wanted = axis.twinx()
wanted.plot([0, 55, 65, 115, 125, 180], [0.2, 0.2, 0.9, 0.9, 0.2, 0.2], "k:")
wanted.set(ylabel="energy asked for", ylim=(0, 1))

# %%
# A whole piece
# -------------
# Ninety seconds, no more and no less, with a beginning and an end:

piece = pipe.sample(seconds=90, begin=True, end=True, random_state=1)
Player(piece, sr, name="ninety seconds", encoding="mp3")

# %%
# A bridge
# --------
# ``until`` leads to another recording: here from the calm song, in six seconds, to the
# beginning of the battle. The seed's last four seconds, the bridge, and four seconds of
# the battle:

bridge = pipe.sample(calm, seconds=6, until=battle, random_state=0)
Player(
    np.concatenate([calm[-4 * sr :], bridge, battle[: 4 * sr]]),
    sr,
    name="calm, bridge, battle",
)

# %%
# A blend
# -------
# Three parts calm and one part battle:

blend = pipe.sample(style=[(calm, 3), (battle, 1)], seconds=10, random_state=0)
Player(blend, sr, name="a blend")

# %%
# Variations
# ----------
# The first ten seconds of the battle. At ``amount=0`` it is the song, as the vocoder
# sounds it; the larger the amount, the more is drawn anew. The numbers tell how alike
# the two are in loudness:

theme = battle[: 10 * sr]
for amount in (0.0, 0.3, 1.0):
    piece = pipe.sample(vary=theme, amount=amount, random_state=0)
    print(amount, np.corrcoef(level(theme), level(piece)[:20])[0, 1].round(2))
Player(pipe.sample(vary=theme, random_state=0), sr, name="a variation")

# %%
# Loops
# -----
# Four loops of one style, each heard twice: the end runs into the beginning.
# :func:`skmusic.audio.write` tells game engines so where ``loop=True`` is given.

loops = pipe.sample([battle] * 4, seconds=4, loop=True, random_state=0)
twice = np.concatenate([np.tile(loop, (2, 1)) for loop in loops])
Player(twice, sr, name="four loops, each twice")
