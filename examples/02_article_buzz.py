"""
The article's buzz
==================

skmusic began with an article of 2017 whose network composes a buzz. Here its
method is followed exactly, the buzz is heard and looked into, and skmusic's own
method learns the same songs beside it.
"""

import matplotlib.pyplot as plt
import numpy as np

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator
from skmusic.datasets import make_songs
from skmusic.display import Player, SpectrumDisplay, WaveformDisplay

songs = make_songs(3, seconds=15, sr=22050, random_state=0)
sr, song = songs.sr, songs.recordings[0]

# %%
# The article's analysis has windows of 256 samples with nothing at their edges,
# one after another and without overlap. Its network forecasts the next spectrum
# by least squares, and hears its own forecasts as it goes on.

article = Pipeline(
    [
        FFTFeaturizer(
            N=256,
            hop_length=256,
            window="boxcar",
            factor=2 / 256,
            redundant=True,
            sr=sr,
        ),
        StatefulLSTMGenerator("regression", epochs=3, random_state=0),
    ]
).fit(songs.recordings)
buzz = article.sample(song, seconds=8)


def level(x):
    """Root mean square in decibels below full scale."""
    return 20 * np.log10(np.sqrt(np.mean(np.square(x))))


print(f"the song: {level(song):.0f} dB; what goes on from it: {level(buzz):.0f} dB")

# %%
# First the end of the song, then what the network made of it, raised to the level
# of the song. Listen for the pitch: it does not move, and the clicks come 86 times
# a second.

louder = buzz * 10 ** ((level(song) - level(buzz)) / 20)
Player(song[-4 * sr :], sr, name="the end of the song")

# %%

Player(louder, sr, name="the article's method, made louder")

# %%
# Why it buzzes
# -------------
# After the first second the waveform is a band of even height. Over 50 ms the same 256
# samples come again and again, a grey line to each. And a sound that repeats every
# 256 samples can have no frequencies but multiples of 22050 / 256 = 86 Hz: its
# spectrum is a comb.

end = buzz[-2 * sr :, 0]
figure, axes = plt.subplots(3, 1, figsize=(8, 7), layout="constrained")
WaveformDisplay.from_recording(buzz, sr=sr, ax=axes[0])
WaveformDisplay.from_recording(buzz, sr=sr, start=6, seconds=0.05, ax=axes[1])
for k in range(6 * sr // 256 + 1, int(6.05 * sr) // 256 + 1):
    axes[1].axvline(k * 256 / sr, color="grey", linewidth=0.5)
for x, name in ((song[-2 * sr :, 0], "the song"), (end, "the buzz")):
    power = np.abs(np.fft.rfft(x * np.hanning(len(x)))) ** 2
    frequency = np.fft.rfftfreq(len(x), 1 / sr)
    axes[2].plot(
        frequency, 10 * np.log10(power / power.max() + 1e-9), label=name, linewidth=0.5
    )
axes[2].set(title="spectrum of 2 s", xlabel="Hz", ylabel="dB", xlim=(0, 1000))
axes[2].legend(loc="upper right")

# %%
# The article judged by such a picture: the real parts of the spectra of ten moments of
# five frames, laid over one another. The song has another spectrum at each moment. The
# end of the buzz has one and the same, so that the last moment covers the others.

part = slice(-(9 * 40 + 5) * 256, None)  # so that each moment begins with a frame
figure, axes = plt.subplots(1, 2, figsize=(8, 3.5), layout="constrained")
for axis, x, title in ((axes[0], song, "the song"), (axes[1], buzz, "the buzz")):
    SpectrumDisplay.from_recording(x[part], sr=sr, ax=axis)
    axis.set(title=title, xlim=(0, 5000))

# %%
# The network was asked for the spectrum with the least squared error. It cannot know
# the phases of what is to come, and the mean over all phases is next to nothing:
# hence the low level. From its own faint forecast it forecasts much the same again,
# until nothing changes. The correlation of each frame with the next shows how it
# comes to rest.

frames = article[:-1].transform([buzz])[0]
for k in (1, 10, 100, 600):
    print(f"frames {k} and {k + 1}: {np.corrcoef(frames[k], frames[k + 1])[0, 1]:.7f}")

# %%
# The same songs, as tokens
# -------------------------
# A network that gives probabilities of tokens need not average: one choice is drawn,
# and a segment of the songs is played for it. The windows are the article's 256
# samples long, but overlap.

tokens = Pipeline(
    [FFTFeaturizer(N=256, sr=sr), StatefulLSTMGenerator(epochs=10, random_state=0)]
).fit(songs.recordings)
music = tokens.sample(song, seconds=8, random_state=0)


def movement(x):
    """Deviation of the level of blocks of 50 ms, in decibels."""
    blocks = x[: len(x) // 1102 * 1102].reshape(-1, 1102 * x.shape[1])
    return np.std(10 * np.log10(np.mean(blocks**2, axis=1) + 1e-10))


for name, x in (("the song", song), ("the article", buzz), ("tokens", music)):
    print(f"{name}: the level moves by {movement(x[len(x) // 2 :]):.1f} dB")

# %%
# Listen for the instruments: they are those of the songs. Listen for the
# concatenation points, too: now and then the next note cuts one off.

Player(music, sr, name="tokens of the same songs")
