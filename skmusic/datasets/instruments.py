"""Instruments: the sound of one note."""

from typing import NamedTuple

import numpy as np
from scipy.signal import butter, sosfilt


class Timbre(NamedTuple):
    """How a harmonic instrument sounds; times in s, rates in 1/s, `cutoff` in Hz."""

    attack: float
    release: float
    decay: float
    cutoff: float
    darkening: float
    detune: tuple = (0.0,)  # cents, one entry per unison voice
    vibrato: float = 0.0  # cents
    breath: float = 0.0


TIMBRES = {
    "piano": Timbre(0.003, 0.25, 1.3, 900, 0.8, (-1.5, 1.5)),
    "pluck": Timbre(0.002, 0.20, 2.2, 2500, 3.5),
    "pad": Timbre(0.25, 0.60, 0.0, 700, -0.25, (-7.0, 7.0)),
    "flute": Timbre(0.05, 0.12, 0.1, 500, 0.0, (0.0,), 14.0, 0.06),
    "synth": Timbre(0.01, 0.12, 0.6, 2200, 1.5, (-5.0, 5.0), 8.0),
    "upright": Timbre(0.008, 0.12, 1.8, 260, 2.0),
    "synth_bass": Timbre(0.004, 0.06, 0.8, 420, 3.0),
}

PARTIALS = {  # frequency ratio, amplitude, decay rate in 1/s
    "organ": [(1, 1, 0), (2, 0.7, 0), (3, 0.4, 0), (4, 0.3, 0), (8, 0.1, 0)],
    "bell": [(1, 1, 2.5), (2, 0.35, 3.5), (2.76, 0.3, 9), (5.4, 0.2, 16)],
}


def clock(seconds, sr):
    """Times of the samples, in seconds."""
    return np.arange(int(seconds * sr)) / sr


def _gate(t, duration, attack, release):
    """Envelope that opens within `attack` and closes `release` after `duration`."""
    closing = np.clip((duration + release - t) / release, 0, 1) ** 2
    return np.minimum(t / attack, 1) * closing


def filtered(x, kind, hz, sr):
    """Second-order Butterworth filter; `hz` gives way to a low sampling rate."""
    return sosfilt(butter(2, min(hz, 0.4 * sr), kind, fs=sr, output="sos"), x)


def harmonic_sum(phase, ratio, n_harmonics):
    """Sum a geometric series of harmonics in closed form.

    It is ``sum(ratio**(k - 1) * sin(k * phase) for k in 1..n_harmonics)``, of phases
    ``(n_samples,)`` in radians; the ratio is below 1. Moorer's discrete summation gives
    a tone of any number of harmonics for the price of four sinusoids, and stops exactly
    below the Nyquist frequency, so that nothing aliases.
    """
    sin, cos = np.sin(phase), np.cos(phase)
    last = np.sin(n_harmonics * phase)
    beyond = last * cos + np.cos(n_harmonics * phase) * sin
    rest = ratio**n_harmonics * (beyond - ratio * last)
    return (sin - rest) / (1 - 2 * ratio * cos + ratio**2)


def _harmonic(timbre, frequency, duration, sr, rng):
    """Tone whose spectrum falls as exp(-f / cutoff), the cutoff moving in time."""
    t = clock(duration + timbre.release, sr)
    ratio = np.exp(-frequency / (timbre.cutoff * np.exp(-timbre.darkening * t) + 60))
    onset = np.clip((t - 0.15) / 0.3, 0, 1)  # players let a note settle, then shake it
    bend = 1 + timbre.vibrato * np.log(2) / 1200 * onset * np.sin(2 * np.pi * 5.3 * t)
    n_harmonics = max(1, int(0.45 * sr / frequency))
    sound = np.zeros_like(t)
    for cents in timbre.detune:
        speed = 2 * np.pi * frequency * 2 ** (cents / 1200) / sr
        phase = np.cumsum(bend) * speed if timbre.vibrato else t * sr * speed
        start = rng.uniform(0, 2 * np.pi) if len(timbre.detune) > 1 else 0.0
        sound += harmonic_sum(phase + start, ratio, n_harmonics)
    # A darkening tone should fade, so only the initial spectrum sets the level.
    sound *= np.sqrt((1 - ratio[0] ** 2) / len(timbre.detune))
    if timbre.breath:
        noise = rng.standard_normal(len(t))
        sound += timbre.breath * filtered(noise, "low", 2 * frequency, sr)
    envelope = _gate(t, duration, timbre.attack, timbre.release)
    return sound * envelope * np.exp(-timbre.decay * t)


def _additive(partials, frequency, duration, sr):
    """Sum of decaying sinusoids, harmonic or not, those above Nyquist left out."""
    t = clock(duration + 0.3, sr)
    sound = np.zeros_like(t)
    for ratio, amplitude, decay in partials:
        if ratio * frequency < 0.45 * sr:
            wave = np.sin(2 * np.pi * ratio * frequency * t)
            sound += amplitude * np.exp(-decay * t) * wave
    return sound * _gate(t, duration, 0.006, 0.3)


def _epiano(frequency, duration, sr):
    """Frequency modulation: a mellow body and the short ping of the tine."""
    t = clock(duration + 0.2, sr)
    phase = 2 * np.pi * frequency * t
    sound = np.sin(phase + 1.1 * np.exp(-2.5 * t) * np.sin(phase))
    if 14 * frequency < 0.4 * sr:
        sound += 0.12 * np.exp(-18 * t) * np.sin(14 * phase)
    return sound * np.exp(-1.1 * t) * _gate(t, duration, 0.003, 0.2)


def _drum(name, sr, rng):
    """One stroke of the drum kit."""
    length = {"crash": 1.8, "kick": 0.4, "snare": 0.3, "tom": 0.4}.get(name, 0.25)
    t = clock(length, sr)
    noise = rng.standard_normal(len(t))
    if name in ("kick", "tom"):
        low, sweep, rate = (48, 110, 30) if name == "kick" else (95, 60, 12)
        phase = 2 * np.pi * (low * t + sweep / rate * (1 - np.exp(-rate * t)))
        click = 0.3 * filtered(noise, "low", 3000, sr) * np.exp(-250 * t)
        sound = np.sin(phase) * np.exp(-9 * t) + click
    elif name == "snare":
        shell = np.sin(2 * np.pi * 185 * t) + 0.6 * np.sin(2 * np.pi * 330 * t)
        wires = filtered(noise, "high", 1500, sr)
        sound = 0.6 * shell * np.exp(-28 * t) + 0.7 * wires * np.exp(-18 * t)
    elif name == "clap":
        hands = sum(np.exp(-160 * (t - s)) * (t >= s) for s in (0, 0.011, 0.023))
        room = 0.6 * np.exp(-20 * t)
        sound = 0.6 * (hands + room) * filtered(noise, "high", 900, sr)
    else:
        hz, decay = {
            "hat": (7000, 60),
            "open_hat": (6500, 14),
            "shaker": (4500, 35),
            "crash": (4000, 2.5),
        }[name]
        rise = np.minimum(t / (0.02 if name == "shaker" else 0.0005), 1)
        sound = rise * np.exp(-decay * t) * filtered(noise, "high", hz, sr)
    return sound * _gate(t, length - 0.02, 0.0005, 0.02)


def play(instrument, pitch, duration, sr, rng):
    """Synthesise one note ``(n_samples,)`` and its release, about 1 in amplitude.

    The instrument is a key of ``skmusic.datasets.mixing.CHANNELS``; the pitch is a MIDI
    number, and the duration the seconds until the release. Drums ignore both.
    """
    frequency = 440 * 2 ** ((pitch - 69) / 12)
    if instrument in TIMBRES:
        return _harmonic(TIMBRES[instrument], frequency, duration, sr, rng)
    if instrument in PARTIALS:
        return _additive(PARTIALS[instrument], frequency, duration, sr)
    if instrument == "epiano":
        return _epiano(frequency, duration, sr)
    return _drum(instrument, sr, rng)
