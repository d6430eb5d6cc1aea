"""The mixing desk: lists of notes, played by all instruments, as one stereo song."""

from collections import defaultdict
from typing import NamedTuple

import numpy as np
from scipy.signal import oaconvolve

from skmusic.datasets.instruments import clock, filtered, play

PEAK = 0.89
LOUDNESS = 0.16


class Note(NamedTuple):
    """A note to play: times in seconds, pitch as MIDI number, velocity in 0..1."""

    instrument: str
    pitch: int
    start: float
    duration: float
    velocity: float


class Channel(NamedTuple):
    """One strip of the mixing desk; `pan` runs from -1 (left) to 1 (right)."""

    gain: float
    pan: float = 0.0
    reverb: float = 0.2
    chorus: bool = False


CHANNELS = {
    "piano": Channel(0.42, -0.25, 0.25),
    "epiano": Channel(0.40, -0.25, 0.25, chorus=True),
    "pluck": Channel(0.50, 0.35, 0.25),
    "pad": Channel(0.20, 0.0, 0.4, chorus=True),
    "organ": Channel(0.14, 0.3, 0.3, chorus=True),
    "flute": Channel(0.36, 0.1, 0.4),
    "synth": Channel(0.34, 0.08, 0.3),
    "bell": Channel(0.38, -0.45, 0.5),
    "upright": Channel(0.52, 0.0, 0.05),
    "synth_bass": Channel(0.42, 0.0, 0.02),
    "kick": Channel(0.85, 0.0, 0.03),
    "snare": Channel(0.70, 0.05, 0.25),
    "clap": Channel(1.00, -0.1, 0.3),
    "tom": Channel(0.80, 0.3, 0.25),
    "hat": Channel(0.40, 0.35, 0.1),
    "open_hat": Channel(0.26, 0.35, 0.15),
    "shaker": Channel(0.34, -0.4, 0.15),
    "crash": Channel(0.34, -0.3, 0.3),
}


def _track(instrument, notes, n_samples, sr, rng):
    """Mono track of one instrument; notes that sound alike are synthesised once."""
    alike = defaultdict(list)
    for note in notes:
        alike[note.pitch, note.duration].append(note)
    track = np.zeros(n_samples)
    for (pitch, duration), group in alike.items():
        sound = play(instrument, pitch, duration, sr, rng)
        for note in group:
            start = round(note.start * sr)
            part = sound[: max(0, n_samples - start)]
            track[start : start + len(part)] += note.velocity * part
    return track


def _chorus(track, sr):
    """Widen a mono track by copies whose delays sway against each other."""
    n = np.arange(len(track))
    sway = 0.003 * sr * np.sin(2 * np.pi * 0.6 * n / sr)
    return np.column_stack(
        [
            0.6 * track + 0.6 * np.interp(n - 0.012 * sr - side * sway, n, track)
            for side in (-1, 1)
        ]
    )


def _reverb(send, sr, rng):
    """Convolve with a room: a second of decaying, darkened, stereo noise."""
    t = clock(1.1, sr)
    noise = rng.standard_normal((len(t), 2)) * np.exp(-5.5 * t)[:, None]
    room = filtered(noise.T, "low", 5000, sr).T
    room[t < 0.012] = 0
    room /= np.sqrt((room**2).sum(axis=0))
    return oaconvolve(send, room, axes=0)[: len(send)]


def _master(mix, sr):
    """Bring the mix to common loudness, bound it gently and fade both ends."""
    mix = filtered(mix.T, "high", 25, sr).T
    mix *= LOUDNESS / max(np.sqrt(np.mean(mix**2)), 1e-9)
    mix = PEAK * np.tanh(mix / PEAK)
    mix -= mix.mean(axis=0)
    t = np.arange(len(mix)) / sr
    total = len(mix) / sr
    fade = np.clip((total - t) / min(0.6, total / 10), 0, 1)
    envelope = np.minimum(t / 0.002, 1) * np.sin(np.pi / 2 * fade) ** 2
    return np.clip(mix * envelope[:, None], -0.9, 0.9)


def render(notes, n_samples, sr, rng):
    """Play notes on all instruments and mix them to stereo ``(n_samples, 2)``, float32.

    No sample exceeds 0.9; what sounds later than `n_samples` is cut.
    """
    parts = defaultdict(list)
    for note in notes:
        parts[note.instrument].append(note)
    dry, send = np.zeros((n_samples, 2)), np.zeros((n_samples, 2))
    for instrument, part in parts.items():
        channel = CHANNELS[instrument]
        track = _track(instrument, part, n_samples, sr, rng)
        stereo = _chorus(track, sr) if channel.chorus else track[:, None]
        angle = np.pi / 4 * (1 + channel.pan)  # equal power at every position
        stereo = stereo * channel.gain * np.array([np.cos(angle), np.sin(angle)])
        dry += stereo
        send += channel.reverb * stereo
    return _master(dry + _reverb(send, sr, rng), sr).astype(np.float32)
