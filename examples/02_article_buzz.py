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

songs = make_songs(8, seconds=15, sr=22050, random_state=0)
sr, learned = songs.sr, songs.recordings[:3]
seeds = [song[-10 * sr :] for song in songs.recordings[5:]]  # which nobody learns

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
).fit(learned)
buzzes = article.sample(seeds, seconds=10)

# %%
# skmusic's network does not forecast the next sound: it draws one that may follow. So
# it need not average. A vocoder makes it sound. The windows are 256 samples long here
# too, but overlap. The network learns for half a minute only, for these pages; so
# listen for how the music moves, more than for its sound.

ours = Pipeline(
    [
        FFTFeaturizer(N=256, sr=sr),
        StatefulLSTMGenerator(epochs=40, learning_rate=2e-3, random_state=0),
    ]
).fit(learned)
pieces = ours.sample(seeds, seconds=10, random_state=0)

# %%
# Three times from the same ten seconds
# -------------------------------------
# Three other songs are the seeds, in the same styles: their last ten seconds, and how
# the article's method and skmusic go on from there. The article's is faint, so it is
# raised to the level of the seed. Listen for its pitch: it does not move, and the
# clicks come 86 times a second. Of skmusic's pieces listen for notes and beats that
# come and go: every patch of a tenth of a second is another one.


def level(x):
    """Root mean square in decibels below full scale."""
    return 20 * np.log10(np.sqrt(np.mean(np.square(x))))


class Players:
    """Players in three columns, on a phone in one."""

    def __init__(self, players):
        self.players = players

    def _repr_html_(self):
        shown = "".join(player._repr_html_() for player in self.players)
        return f'<div class="players">{shown}</div>'


players = []
names = songs.names[5:]
for name, seed, buzz, piece in zip(names, seeds, buzzes, pieces, strict=True):
    louder = buzz * 10 ** ((level(seed) - level(buzz)) / 20)
    players += [
        Player(seed, sr, name=f"{name}, never learned", encoding="mp3"),
        Player(louder, sr, name="the article's method", encoding="mp3"),
        Player(piece, sr, name="skmusic", encoding="mp3"),
    ]

Players(players)  # these are on the first page, too

# %%
# Why it buzzes
# -------------
# Here the article's method goes on from a song that it learned.
# After the first second the waveform is a band of even height. Over 50 ms the same 256
# samples come again and again, a grey line to each. And a sound that repeats every
# 256 samples can have no frequencies but multiples of 22050 / 256 = 86 Hz: its
# spectrum is a comb.

song = learned[0]
buzz = article.sample(song, seconds=8)
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
# So nothing moves any more. How much does the level, from one 50 ms to the next?


def movement(x):
    """Deviation of the level of blocks of 50 ms, in decibels."""
    blocks = x[: len(x) // 1102 * 1102].reshape(-1, 1102 * x.shape[1])
    return np.std(10 * np.log10(np.mean(blocks**2, axis=1) + 1e-10))


piece = ours.sample(song, seconds=8, random_state=0)
for name, x in (("the song", song), ("the article", buzz), ("skmusic", piece)):
    print(f"{name}: {movement(x[len(x) // 2 :]):.1f} dB")
