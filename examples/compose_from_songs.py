"""
Compose from songs
==================

Songs with known tempo and key are learned; a piece goes on from the first of them.
"""

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator, audio
from skmusic.datasets import make_songs

songs = make_songs(4, seconds=20, random_state=0)
pipe = Pipeline(
    [FFTFeaturizer(sr=songs.sr), StatefulLSTMGenerator(random_state=0, verbose=1)]
).fit(songs.recordings)

music = pipe.sample(songs.recordings[0], seconds=15, random_state=1)
audio.write("composed.wav", music, songs.sr)
print(f"composed.wav: {len(music) / songs.sr:.1f} s after {songs.key[0]}")
