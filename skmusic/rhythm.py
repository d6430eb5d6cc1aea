"""Descriptors of what begins, beats and repeats, of a log-mel spectrogram."""

import numpy as np
from scipy.ndimage import maximum_filter1d, uniform_filter1d
from scipy.signal import find_peaks

from skmusic.analysis import FRAME_RATE
from skmusic.form import returning


def repetition(log_mel, low=0.05, high=2.0, window=4.0):
    """Largest self-similarity of the changes of the log-mel spectrum, 0..1.

    In each window of 4 s the frame-to-frame changes of the log-mel spectrum are
    compared with themselves `low`..`high` seconds later, by the correlation
    coefficient; the largest over the lags is averaged over the windows. Changes
    are compared since held notes resemble themselves at all short lags. A looped
    grain gives about 1 and so does a sound that never changes (1 dB^2 of common
    variance is added, which decides for constant sounds).
    """
    step = round(0.05 * FRAME_RATE)
    size = min(round(window * FRAME_RATE), len(log_mel) - step)
    lags = np.arange(round(low * FRAME_RATE), round(high * FRAME_RATE) + 1)
    lags = lags[lags <= size // 2]
    if not lags.size:
        return 1.0
    change = log_mel[step:] - log_mel[:-step]
    change = change - change.mean(axis=0)
    best = []
    for start in range(0, len(change) - size + 1, size // 2):
        part = change[start : start + size]
        gram = part @ part.T / part.shape[1]
        energy = np.concatenate([[0.0], np.cumsum(np.diag(gram))])
        product = np.array([np.trace(gram, lag) for lag in lags])
        head, tail = energy[size - lags], energy[-1] - energy[lags]
        count = size - lags
        best.append(np.max((product + count) / (np.sqrt(head * tail) + count)))
    return float(np.mean(best))


def recurrence(log_mel, passage=2.0, nearest=4.0, farthest=40.0):
    """How like passages are to the most alike of those before, 0..1.

    Of passages of 2 s the changes of the log-mel spectrum within 50 ms are compared
    with those of all passages that began 4 to 40 s before; the largest normalised
    product is averaged over the passages from 8 s on. Songs that the package makes
    have 0.6 to 0.8, grains of them of 2 s by chance 0.4, noise 0.1, a loop 1.

    Returns None where the recording is shorter than 12 s.
    """
    step = round(0.05 * FRAME_RATE)
    n, rate = len(log_mel) // step, FRAME_RATE / step
    size, first, last = (round(s * rate) for s in (passage, nearest, farthest))
    if n < 3 * first:
        return None
    levels = log_mel[: n * step].reshape(n, step, -1).mean(axis=1)
    changes = np.diff(levels, axis=0)
    return float(returning(changes, size, first, last)[first:].mean())


def onset_envelope(log_mel):
    """Mean rise of the mel bands in 35 ms, in dB: the spectral flux.

    The earlier frame is widened by one band on each side, so that vibrato is not
    taken for onsets (SuperFlux, Boeck and Widmer 2013).
    """
    lag = round(0.035 * FRAME_RATE)
    before = maximum_filter1d(log_mel, 3, axis=1)[:-lag]
    return np.maximum(log_mel[lag:] - before, 0).mean(axis=1)


def attack(envelope):
    """Rise of the strongest percent of the envelope in dB: how sharp attacks are."""
    return float(np.percentile(envelope, 99)) if envelope.size else 0.0


def onset_rate(envelope):
    """Onsets per second: peaks of the envelope 1 dB above its surroundings."""
    if not envelope.size:
        return 0.0
    surrounding = uniform_filter1d(envelope, round(0.4 * FRAME_RATE))
    peaks, _ = find_peaks(
        envelope - surrounding, height=1.0, distance=round(0.05 * FRAME_RATE)
    )
    return peaks.size * FRAME_RATE / envelope.size


def beat(envelope, slowest=40.0, fastest=220.0):
    """Strength (0..1) and tempo (bpm) of the beat.

    Peaks of the autocorrelation of the onset envelope at the periods of
    `slowest`..`fastest` bpm. The strength is the highest peak; the tempo is that of
    the peak which is highest after weighting by a log-normal curve about 120 bpm
    (Ellis 2007). Both are 0 where there is no peak.
    """
    n = len(envelope)
    centred = envelope - envelope.mean() if n else envelope
    # A variance of 0.01 dB^2 is added: the ripple of a hum is no beat.
    energy = centred @ centred + 0.01 * max(n, 1)
    spectrum = np.square(np.abs(np.fft.rfft(centred, max(2 * n, 2))))
    # The unbiased estimate, so that slow beats in short clips are not put last.
    correlation = np.fft.irfft(spectrum)[:n] / energy * n / (n - np.arange(n))
    lags, _ = find_peaks(correlation[: int(60 / slowest * FRAME_RATE) + 2], height=0)
    tempi = 60 * FRAME_RATE / np.maximum(lags, 1)
    lags, tempi = lags[tempi <= fastest], tempi[tempi <= fastest]
    if not lags.size:
        return 0.0, 0.0
    preference = np.exp(-0.5 * np.log2(tempi / 120) ** 2)
    best = np.argmax(correlation[lags] * preference)
    return float(min(correlation[lags].max(), 1.0)), float(tempi[best])
