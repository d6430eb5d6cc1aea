"""
The article's buzz
==================

The 2017 method, exactly, beside the tokens: how much the level of each second moves.
"""

import numpy as np

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator
from skmusic.datasets import make_songs

songs = make_songs(3, seconds=15, sr=22050, random_state=0)
article = Pipeline(
    [
        FFTFeaturizer(
            N=256,
            hop_length=256,
            window="boxcar",
            factor=2 / 256,
            redundant=True,
            sr=songs.sr,
        ),
        StatefulLSTMGenerator("regression", epochs=3, random_state=0),
    ]
)
tokens = Pipeline([FFTFeaturizer(N=256, sr=songs.sr), StatefulLSTMGenerator(epochs=5)])


def movement(x):
    """Deviation of the level, in decibels, over blocks of 50 ms."""
    blocks = x[: len(x) // 1102 * 1102].reshape(-1, 1102 * x.shape[1])
    return np.std(10 * np.log10(np.mean(blocks**2, axis=1) + 1e-10))


print(f"real: {movement(songs.recordings[0]):.1f} dB")
for name, pipe in (("article", article), ("tokens", tokens)):
    music = pipe.fit(songs.recordings).sample(songs.recordings[0], seconds=10)
    print(f"{name}: {movement(music[len(music) // 2 :]):.1f} dB")
