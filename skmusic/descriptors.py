"""Descriptors of one recording: how it moves, repeats, beats, sounds.

Everything but the stereo width and the sample statistics is measured on the mono
mix at 22.05 kHz. Short spectra (93 ms every 12 ms) serve movement and rhythm, long
ones (372 ms every 93 ms) serve pitch. Levels are floored 80 dB below the loudest
band of the recording, so a change of gain changes no descriptor but the sample
statistics; silence has every level at that floor and nothing in it moves.
"""

from typing import NamedTuple

import numpy as np
import soxr
from numpy.lib.stride_tricks import sliding_window_view
from scipy.ndimage import maximum_filter1d, median_filter, uniform_filter1d
from scipy.signal import find_peaks
from scipy.signal.windows import hann

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


def as_recording(x):
    """Return `x` as a `(n_samples, n_channels)` float array."""
    x = np.asarray(x, dtype=float)
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2 or not x.size:
        raise ValueError(f"expected (n_samples, n_channels), got shape {x.shape}")
    return x


def mono(x, sr, rate=RATE):
    """Mix to mono, resampled to `rate`, in single precision."""
    mix = as_recording(x).mean(axis=1).astype(np.float32)
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


def temporal_variance(log_mel):
    """Variance in time of the log-mel spectrum, mean of the bands, in dB^2.

    The levels are first averaged over a quarter of a second: what a hum, a steady
    noise or a looped grain does within that time is texture, not music.
    """
    smooth = uniform_filter1d(log_mel, round(0.25 * FRAME_RATE), axis=0)
    return float(smooth.var(axis=0).mean())


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


def chroma_entropy(chroma):
    """Mean entropy of the pitch classes sounding at once, 0..log2(12) = 3.58 bit."""
    sounding = chroma[chroma.sum(axis=1) > 0]
    if not len(sounding):
        return 0.0
    return float(-(sounding * np.log2(np.maximum(sounding, TINY))).sum(1).mean())


def chroma_change(chroma, seconds=0.5):
    """Share of the pitch-class energy exchanged per second, from means of 0.5 s.

    Half the sum of absolute differences between neighbouring means (total variation
    distance, 0..1) per time between them.
    """
    size = round(seconds * RATE / LONG_HOP)
    n = len(chroma) // size
    means = chroma[: n * size].reshape(n, size, 12).mean(axis=1)
    if n < 2:
        return 0.0
    distance = 0.5 * np.abs(np.diff(means, axis=0)).sum(axis=1)
    return float(distance.mean() * RATE / (size * LONG_HOP))


def polyphony(long_power):
    """Mean number of partials that stand out at once in 55..5000 Hz.

    A partial is a local maximum of the long spectrum within 30 dB of the strongest
    and 13 dB above the median of its surroundings (170 Hz); frames 60 dB below the
    loudest are silent and count none.
    """
    first, last = (round(f * LONG_SIZE / RATE) for f in (55, 5000))
    power = long_power[:, first:last]
    loudest = power.max(axis=1, keepdims=True)
    sounding = loudest > max(1e-6 * loudest.max(), TINY)
    floor = median_filter(power, size=(1, 63))
    peak = power == maximum_filter1d(power, 5, axis=1)
    salient = peak & (power > 1e-3 * loudest) & (power > 20 * floor) & sounding
    return float(salient.sum(axis=1).mean())


def short_term_loudness(x, sr, seconds=3.0, step=0.1):
    """Level of windows of 3 s every 0.1 s in dB re full scale, channels added.

    EBU Tech 3342 without its frequency weighting; -120 dB where silent.
    """
    size = min(round(seconds * sr), len(x))
    energy = np.concatenate([[0.0], np.cumsum(np.square(x).sum(axis=1))])
    starts = np.arange(0, len(x) - size + 1, max(round(step * sr), 1))
    power = (energy[starts + size] - energy[starts]) / size
    return 10 * np.log10(np.maximum(power, 1e-12))


def loudness_range(loudness):
    """10..95 percentile range of the short-term loudness in dB, gated.

    As in EBU Tech 3342, windows below -70 dB or 20 dB below the mean are left out.
    """
    loud = loudness[loudness > -70]
    if not loud.size:
        return 0.0
    gate = 10 * np.log10(np.mean(10 ** (loud / 10))) - 20
    low, high = np.percentile(loud[loud > gate], [10, 95])
    return float(high - low)


def drift(features, rate, seconds, window=2.5):
    """Mean absolute change of windowed feature means `seconds` apart, sum of bins.

    Returns None where the recording is shorter than `seconds + window`.
    """
    size, lag = round(window * rate), round(seconds * rate)
    if len(features) < size + lag:
        return None
    total = np.vstack([np.zeros(features.shape[1]), np.cumsum(features, axis=0)])
    means = (total[size:] - total[:-size]) / size
    return float(np.abs(means[lag:] - means[:-lag]).sum(axis=1).mean())


def stereo_width(x):
    """Side energy over mid and side energy of the first two channels, 0..1."""
    if x.shape[1] < 2:
        return 0.0
    mid = np.square(x[:, 0] + x[:, 1]).sum()
    side = np.square(x[:, 0] - x[:, 1]).sum()
    return float(side / max(mid + side, TINY))


def crest(x):
    """Largest magnitude over the root mean square, in dB; 0 for silence."""
    power = np.square(x).mean()
    return float(10 * np.log10(np.square(x).max() / power)) if power > TINY else 0.0


def silence_share(x, sr, threshold=-60.0):
    """Share of the frames of 50 ms below -60 dB re full scale."""
    size = max(min(round(0.05 * sr), len(x)), 1)
    n = len(x) // size
    power = np.square(x[: n * size]).reshape(n, -1).mean(axis=1)
    return float(np.mean(power < 10 ** (threshold / 10)))


def spectral_shape(power):
    """Centroid (Hz) and flatness (0..1) of the short spectra, weighted by energy."""
    energy = power.sum(axis=1)
    if energy.sum() <= TINY:
        return 0.0, 0.0
    frequency = np.arange(power.shape[1]) * RATE / SIZE
    centroid = (power @ frequency).sum() / energy.sum()
    floored = np.maximum(power, 1e-10 * power.max())
    flatness = np.exp(np.log(floored).mean(axis=1)) / floored.mean(axis=1)
    return float(centroid), float(np.average(flatness, weights=energy))


def describe(x, sr=44100):
    """Describe one recording by numbers.

    Parameters
    ----------
    x : array of shape (n_samples, n_channels) or (n_samples,)
        Samples, full scale is -1..1.
    sr : int
        Sampling rate in Hz.

    Returns
    -------
    dict of str to float
        - `temporal_variance`: dB^2, how much the log-mel spectrum moves; 0 for a
          constant sound, 15..100 for music.
        - `repetition`: 0..1, 1 for a looped grain or a constant sound.
        - `spectral_flux`: mean rise of the mel bands within 35 ms in dB.
        - `attack`: rise within 35 ms in dB that one percent of the time exceeds;
          less where attacks are smeared.
        - `onset_rate`: onsets per second.
        - `beat_strength`: 0..1, `tempo`: bpm, 0 without a beat.
        - `chroma_entropy`: 0..3.58 bit, pitch classes sounding at once.
        - `chroma_change`: pitch-class energy exchanged per second, 0..2.
        - `polyphony`: partials standing out at once.
        - `loudness`: mean level in dB re full scale, -120 for silence;
          `loudness_range`: dB.
        - `chroma_drift_5s`, `_10s`, `_20s`: 0..1, total variation distance of the
          mean chroma of windows of 2.5 s that far apart; `timbre_drift_5s`, ...:
          the same for the log-mel spectrum, mean of the bands in dB. Only for lags
          for which the recording is long enough.
        - `stereo_width`: 0 mono .. 0.5 unrelated channels .. 1 opposite phase.
        - `crest`: largest magnitude over the root mean square in dB, 3.0 for a sine.
        - `clipping`: share of samples at full scale (0.999 or more).
        - `silence`: share of frames of 50 ms below -60 dB re full scale.
        - `centroid`: Hz; `flatness`: 0 tone .. 0.56 white noise.
        - `dc`: largest absolute mean of a channel.

    References
    ----------
    Ellis (2007), Beat tracking by dynamic programming. Boeck and Widmer (2013),
    Maximum filter vibrato suppression for onset detection. EBU Tech 3342 (2016),
    Loudness range.

    Examples
    --------
    >>> import numpy as np
    >>> t = np.arange(3 * 22050) / 22050
    >>> d = describe(np.sin(2 * np.pi * 440 * t), sr=22050)
    >>> round(d["centroid"]), round(d["polyphony"])
    (440, 1)
    """
    x = as_recording(x)
    return {**spectral_descriptors(spectra(x, sr)), **sample_descriptors(x, sr)}


def spectral_descriptors(s):
    """Descriptors that need only the `Spectra`."""
    envelope = onset_envelope(s.log_mel)
    strength, tempo = beat(envelope)
    centroid, flatness = spectral_shape(s.power)
    described = {
        "temporal_variance": temporal_variance(s.log_mel),
        "repetition": repetition(s.log_mel),
        "spectral_flux": float(envelope.mean()) if envelope.size else 0.0,
        "attack": attack(envelope),
        "onset_rate": onset_rate(envelope),
        "beat_strength": strength,
        "tempo": tempo,
        "chroma_entropy": chroma_entropy(s.chroma),
        "chroma_change": chroma_change(s.chroma),
        "polyphony": polyphony(s.long_power),
        "centroid": centroid,
        "flatness": flatness,
    }
    for seconds in (5, 10, 20):
        chroma_drift = drift(s.chroma / 2, RATE / LONG_HOP, seconds)
        if chroma_drift is not None:
            described[f"chroma_drift_{seconds}s"] = chroma_drift
            timbre = drift(s.log_mel / N_MELS, FRAME_RATE, seconds)
            described[f"timbre_drift_{seconds}s"] = timbre
    return described


def sample_descriptors(x, sr):
    """Descriptors that need the samples of all channels."""
    loudness = short_term_loudness(x, sr)
    return {
        "loudness": float(10 * np.log10(np.mean(10 ** (loudness / 10)))),
        "loudness_range": loudness_range(loudness),
        "stereo_width": stereo_width(x),
        "crest": crest(x),
        "clipping": float(np.mean(np.abs(x) >= 0.999)),
        "silence": silence_share(x, sr),
        "dc": float(np.abs(x.mean(axis=0)).max()),
    }
