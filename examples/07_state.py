"""
Look inside the state
=====================

An LSTM carries a state through a recording: numbers that stand for what it has
heard. Here a network that learned four songs listens to a fifth, and we watch it.
"""

# sphinx_gallery_thumbnail_number = 2
import matplotlib.pyplot as plt
import numpy as np

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator
from skmusic.datasets import make_songs
from skmusic.display import Player
from skmusic.features.matches import find_matches
from skmusic.network.numpy_lstm import forward, zero_state
from skmusic.spectra.reframing import waveform
from skmusic.synthesis.neural.conditions import NOTHING
from skmusic.synthesis.neural.context import inputs_of

songs = make_songs(5, seconds=20, tempo=100, key="C major", random_state=3)
sr, song, beats = songs.sr, songs.recordings[-1], songs.beats[-1]
pipe = Pipeline([FFTFeaturizer(), StatefulLSTMGenerator(epochs=20, random_state=0)])
pipe.fit(songs.recordings[:-1])
Player(song, sr, name="what it listens to")

# %%
# One patch is 93 ms. Before each the network hears the patch before, and what followed
# the most similar moment of the last half minute. Here it is not told where the beats
# are, though it can be. State goes in and comes out as a value.

synthesis = pipe[-1].synthesis_
network, code, vocoder = synthesis.network, synthesis.code, synthesis.vocoder
(frames,) = pipe[:-1].transform([song])
steps = vocoder.analyse(waveform(frames, synthesis.format))
matches, _ = find_matches(vocoder.levels(steps))
inputs, codes = inputs_of(steps, matches, NOTHING, code)
said, states = forward(network, inputs, zero_state(network))
h = np.array([np.concatenate([h for h, _ in state]) for state in states])
seconds = np.arange(len(codes)) * code.n_steps * vocoder.step / sr
print(
    f"{len(codes)} patches, a state of {h.shape[1]} outputs (h) and as many cells (c)"
)

# %%
# Surprise
# --------
# How improbable was each step that came, of 23 ms, in nats for each number of its
# spectrum? The lines are the beats of the song, which nobody told the network.

surprise = -synthesis.log_likelihood(frames)
at = np.arange(len(surprise)) * vocoder.step / sr
near = np.abs(at[:, None] - beats).min(axis=1) < 0.05
print(f"within 50 ms of a beat {surprise[near].mean():.1f} nats,")
print(f"elsewhere              {surprise[~near].mean():.1f} nats")

figure, axes = plt.subplots(2, 1, figsize=(8, 6), sharex=True, layout="constrained")
axes[0].plot(at, surprise, linewidth=0.7)
for beat in beats:
    axes[0].axvline(beat, color="grey", linewidth=0.5)
axes[0].set(xlim=(0, 10), ylabel="nats", yscale="symlog", title="surprise")
order = np.argsort(h.argmax(axis=0))
axes[1].imshow(
    h.T[order],
    aspect="auto",
    cmap="RdBu",
    vmin=-1,
    vmax=1,
    extent=(0, seconds[-1], len(order), 0),
)
axes[1].set(title="outputs h, in the order of their maxima", ylabel="unit", xlabel="s")

# %%
# States that are alike
# ---------------------
# How similar is the state at each time to that at each other time? The lines are the
# changes of chord: where they bound squares, the state tells chords apart.

unit = (h - h.mean(axis=0)) / np.linalg.norm(h - h.mean(axis=0), axis=1, keepdims=True)
figure, axis = plt.subplots(figsize=(6, 6), layout="constrained")
axis.imshow(
    unit @ unit.T, extent=(0, seconds[-1], seconds[-1], 0), cmap="RdBu", vmin=-1, vmax=1
)
for start, name in songs.chords[-1]:
    if start < 12:
        axis.axvline(start, color="black", linewidth=0.5)
        axis.axhline(start, color="black", linewidth=0.5)
        axis.text(start, -0.1, name, fontsize=7, rotation=60)
axis.set(xlim=(0, 12), ylim=(12, 0), xlabel="s", ylabel="s")

# %%
# How long does it remember?
# --------------------------
# Ten seconds into the song the state is set to zero. Until the new state has caught
# up, what the two networks say differs. The numbers are the size of that difference,
# as a share of how much is said; at 0, what came before is forgotten. Beside its state
# the network hears the match, so it need not remember all by itself.

t = np.searchsorted(seconds, 10)
anew, _ = forward(network, inputs[t:], zero_state(network))
usual = np.linalg.norm(said - said.mean(axis=0), axis=1).mean()
apart = np.linalg.norm(said[t:] - anew, axis=1) / usual
for after in (0.0, 0.1, 0.5, 1.0, 4.0):
    print(f"after {after:3.1f} s: {apart[np.searchsorted(seconds, after)]:.6f}")

figure, axis = plt.subplots(figsize=(8, 3), layout="constrained")
axis.semilogy(seconds[: len(apart)], np.maximum(apart, 1e-6))
axis.set(
    xlim=(0, 5),
    ylim=(1e-6, 2),
    xlabel="s since the state was set to zero",
    ylabel="share of what is said",
)
