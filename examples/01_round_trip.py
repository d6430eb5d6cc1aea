"""
Round trip through the FFT
==========================

`FFTFeaturizer` cuts a recording into overlapping windows of ``N`` samples and
Fourier-transforms each. Nothing is lost on the way: here a song goes to frames
and back at several ``N``. Then the phases are thrown away, to hear what they do.
"""

import matplotlib.pyplot as plt
import numpy as np

from skmusic import FFTFeaturizer, metrics
from skmusic.datasets import make_songs
from skmusic.display import Player

songs = make_songs(1, seconds=8, sr=22050, random_state=1)
song, sr = songs.recordings[0], songs.sr
print(f"{songs.names[0]} in {songs.key[0]}, {songs.tempo[0]:.0f} beats a minute")

# %%
# There and back
# --------------
# A new window begins every ``N // 2`` samples. A long window makes few frames of
# many numbers, a short one many frames of few. The error is that of single
# precision, some 135 dB below full scale, far less than 16 bits can hold.

SIZES = (64, 512, 4096)
frames = {}
for N in SIZES:
    featurizer = FFTFeaturizer(N=N, sr=sr)
    frames[N] = featurizer.fit_transform([song])[0]
    back = featurizer.inverse_transform([frames[N]])[0]
    error = 20 * np.log10(np.abs(back - song).max())
    print(f"N={N}: {frames[N].shape} frames by numbers, error {error:.0f} dB")

# %%
# The song as it was made:

Player(song, sr, name="the song")

# %%
# And after the way through the last, the longest window. Listen for a
# difference: what there is lies 135 dB below.

Player(back, sr, name=f"there and back at N={N}")

# %%
# What each N sees
# ----------------
# The same song three times. With ``N=64`` the beats stand apart as sharp vertical
# lines, but the notes melt into broad bands. With ``N=4096`` each note is a thin
# line of its own, and the beats are smeared. A window is sharp in time or in
# pitch, never in both.


def decibels(frames, N):
    """Level of the left channel's bins in each frame."""
    real, imaginary = frames.reshape(len(frames), 2, 2, N // 2 + 1)[:, 0].swapaxes(0, 1)
    power = real**2 + imaginary**2
    return 10 * np.log10(power / power.max() + 1e-7)


figure, axes = plt.subplots(3, 1, figsize=(8, 7), sharex=True, layout="constrained")
for axis, N in zip(axes, SIZES, strict=True):
    axis.imshow(
        decibels(frames[N], N).T,
        origin="lower",
        aspect="auto",
        extent=(0, len(song) / sr, 0, sr / 2),
        cmap="magma",
        vmin=-70,
    )
    axis.set(title=f"N={N}", ylabel="Hz", ylim=(0, 4000), xlim=(0, 4))
axes[-1].set_xlabel("s")

# %%
# What the phases do
# ------------------
# A frame keeps the real and the imaginary part of each number. Here only the
# magnitude is kept, and the phase is drawn by chance.


def without_phases(frames, N):
    """Frames with the same magnitudes and random phases."""
    parts = frames.reshape(len(frames), 2, 2, N // 2 + 1)
    magnitude = np.hypot(parts[:, :, 0], parts[:, :, 1])
    angle = np.random.default_rng(0).uniform(0, 2 * np.pi, magnitude.shape)
    parts = magnitude[:, :, None] * np.stack([np.cos(angle), np.sin(angle)], axis=2)
    return parts.reshape(frames.shape).astype(np.float32)


def described(x):
    """Two of the descriptors, in words."""
    d = metrics.describe(x, sr)
    partials, beat = d["polyphony"], d["beat_strength"]
    return f"{partials:.0f} partials at once, strength of the beat {beat:.2f}"


heard = {}
print("as it was:", described(song))
for N in SIZES:
    featurizer = FFTFeaturizer(N=N, sr=sr).fit([song])
    heard[N] = featurizer.inverse_transform([without_phases(frames[N], N)])[0]
    print(f"N={N}:", described(heard[N]))

# %%
# ``N=64`` without phases. The rhythm is there and the pitches are gone: listen to
# what is left of the bass.

Player(heard[64], sr, name="N=64, random phases")

# %%
# ``N=4096`` without phases. The chords are there and the beat is weaker: listen to
# the attacks, which each window smears over a fifth of a second.

Player(heard[4096], sr, name="N=4096, random phases")

# %%
# So the phases carry what a window is too short or too long to tell. Phases
# cannot be foreseen, and that is the trouble of the article's method: the average
# of sounds of unknown phase is next to silence.
# See :ref:`sphx_glr_auto_examples_02_article_buzz.py`.
