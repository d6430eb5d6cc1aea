"""Descriptors of one recording: how it moves, repeats, beats, sounds.

Everything but the stereo width and the sample statistics is measured on the spectra
of `skmusic.metrics.analysis`, so a change of gain changes no descriptor but the sample
statistics, and nothing in silence moves.
"""

import numpy as np
from scipy.ndimage import maximum_filter1d, median_filter, uniform_filter1d
from scipy.signal import find_peaks

from skmusic.features.self_similarity import returning
from skmusic.metrics.analysis import (
    FRAME_RATE,
    LONG_HOP,
    LONG_SIZE,
    N_MELS,
    RATE,
    SIZE,
    TINY,
    as_recordings,
    spectra,
)
from skmusic.utils.types import Recording


def temporal_variance(log_mel):
    """Variance in time of the log-mel spectrum, mean of the bands, in dB^2.

    The levels are first averaged over a quarter of a second: what a hum, a steady
    noise or a looped grain does within that time is texture, not music.
    """
    smooth = uniform_filter1d(log_mel, round(0.25 * FRAME_RATE), axis=0)
    return float(smooth.var(axis=0).mean())


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
    and 13 dB above the median of the 170 Hz about it; frames 60 dB below the
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


def describe(x: Recording, sr: float | None = None) -> dict[str, float]:
    """Describe one recording by numbers.

    Parameters
    ----------
    x : path, or array of shape (n_samples, n_channels) or (n_samples,)
        A recording. Full scale of floats is -1..1.
    sr : int or None, default=None
        Sampling rate of an array in Hz. None is its own of `skmusic.audio.Music`, and
        44100 of another.

    Returns
    -------
    dict of str to float
        - `temporal_variance`: dB^2, how much the log-mel spectrum moves; 0 for a
          constant sound, 15..100 for music.
        - `repetition`: 0..1, 1 for a looped grain or a constant sound.
        - `recurrence`: 0..1, how like passages of 2 s are to the most alike of those
          that began 4 to 40 s before; of 12 s or more.
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
    ((x, sr),) = as_recordings([x], sr)
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
    returns = recurrence(s.log_mel)
    if returns is not None:
        described["recurrence"] = returns
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
    """Onsets per second: peaks of the envelope 1 dB above what is about them."""
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
