"""Spectra by which recordings are measured.

Short ones (93 ms every 12 ms) serve movement and rhythm, long ones (372 ms every
93 ms) serve pitch; both are of the mono mix at 22.05 kHz. Levels are floored 80 dB
below the loudest band of the recording; silence has every level at that floor.
"""

from typing import NamedTuple

import numpy as np
import soxr
from numpy.lib.stride_tricks import sliding_window_view
from scipy.signal.windows import hann
from sklearn.base import BaseEstimator

from skmusic import audio
from skmusic.audio.rates import rate_of
from skmusic.audio.waveform import check_limits
from skmusic.utils.validation import check_recordings

RATE = 22050
SIZE, HOP = 2048, 256
LONG_SIZE, LONG_HOP = 8192, 2048
FRAME_RATE = RATE / HOP
N_MELS = 64
FLOOR_DB = -80.0
TINY = 1e-20


class Spectra(NamedTuple):
    """Spectra of one recording, computed once and shared by all measures."""

    power: np.ndarray  # short spectra, (n_frames, 1025)
    log_mel: np.ndarray  # dB below the loudest band, (n_frames, N_MELS)
    long_power: np.ndarray  # long spectra, (n_long_frames, 4097)
    chroma: np.ndarray  # unit sum, or zero where silent, (n_long_frames, 12)


def as_recordings(X, sr):
    """Return each recording as a `(n_samples, n_channels)` float array, and its rate.

    Music and files know their rate; of other arrays it is `sr`, 44,100 Hz if that is
    None.
    """
    each = X if isinstance(X, list | tuple) else [X]
    rates = [rate_of(x, sr, 44100) for x in each]
    found = check_recordings(BaseEstimator(), X, reset=True)
    if found.form == "paths":
        return [audio.read(path, dtype=np.float64) for path in found.items]
    rates *= len(found.items) // len(rates)
    for rate in rates:
        check_limits("recording", rate, 1)
    items = [np.asarray(x, dtype=float) for x in found.items]
    return list(zip(items, rates, strict=True))


def mono(x, sr, rate=RATE):
    """Mix to mono, resampled to `rate`, in single precision."""
    mix = np.asarray(x, dtype=float).mean(axis=1).astype(np.float32)
    return mix if sr == rate else soxr.resample(mix, sr, rate)


def power_spectra(y, size, hop):
    """Power spectra of Hann windows every `hop` samples, at least one."""
    # Padding would put a rise and a fall into every recording.
    y = np.pad(np.asarray(y, dtype=np.float32), (0, max(size - len(y), 0)))
    windows = sliding_window_view(y, size)[::hop]
    taper = hann(size, sym=False).astype(np.float32)
    return np.square(np.abs(np.fft.rfft(windows * taper))) / taper.sum() ** 2


def mel_filters(size, n_mels=N_MELS, low=40.0, high=RATE / 2):
    """Triangular filters on the mel scale, `(size // 2 + 1, n_mels)`."""
    edges = 700 * np.expm1(
        np.linspace(np.log1p(low / 700), np.log1p(high / 700), n_mels + 2)
    )
    bins = np.arange(size // 2 + 1)[:, None] * RATE / size
    rise = (bins - edges[:-2]) / np.diff(edges[:-1])
    fall = (edges[2:] - bins) / np.diff(edges[1:])
    filters = np.clip(np.minimum(rise, fall), 0, None)
    return filters / np.maximum(filters.sum(axis=0), TINY)


def to_db(power):
    """Decibels below the greatest power, floored; silence lies at the floor."""
    peak = power.max()
    if peak <= TINY:
        return np.full_like(power, FLOOR_DB)
    return 10 * np.log10(np.maximum(power / peak, 10 ** (FLOOR_DB / 10)))


def chromagram(long_power):
    """Share of each pitch class among 65..2000 Hz, tuned to A = 440 Hz."""
    frequency = np.arange(long_power.shape[1]) * RATE / LONG_SIZE
    used = (frequency >= 65) & (frequency <= 2000)
    pitch = np.round(12 * np.log2(frequency[used] / 440)).astype(int) % 12
    # The root of the power keeps one loud bass note from hiding the chord.
    chroma = np.sqrt(long_power[:, used]) @ np.eye(12, dtype=np.float32)[pitch]
    total = chroma.sum(axis=1, keepdims=True)
    return np.divide(chroma, total, out=np.zeros_like(chroma), where=total > 1e-7)


def spectra(x, sr):
    """Compute the `Spectra` of a recording."""
    y = mono(x, sr)
    power = power_spectra(y, SIZE, HOP)
    long_power = power_spectra(y, LONG_SIZE, LONG_HOP)
    log_mel = to_db(power @ mel_filters(SIZE).astype(np.float32))
    return Spectra(power, log_mel, long_power, chromagram(long_power))
