"""The vocoder: band levels to magnitudes, phases to these, and a waveform of both.

A spectrogram of four windows to a window's length is made of the levels of successive
steps and becomes a waveform, step after step. There is no iteration.
"""

from dataclasses import dataclass, replace

import numpy as np
import scipy.fft

from skmusic.features.constantq import analysis_spectra, band_edges, to_energies
from skmusic.features.tokenizer import step_bands
from skmusic.spectra.phase import next_phase
from skmusic.spectra.windows import sine_window
from skmusic.synthesis.neural.panning import (
    MOST_GAIN,
    StereoPanning,
    panning_of,
    places,
)

# Channels that are not alike differ in phase, as chance has it: anew after so many
# spectra, and so many bins. If they were not, their sum would be too smooth.
_OFFSET_SPECTRA, _OFFSET_BINS = 2.0, 3
# Steps on which the loss of bands is measured.
_GAIN_STEPS = 860
# Energies below this share of the loudest are silence.
_SILENCE = 1e-12
# Steps before a piece begins, so that its first frame is whole.
WARM_UP = 4


@dataclass(frozen=True)
class VocoderState:
    """Where a waveform in the making is.

    Parameters
    ----------
    before, last : ndarray of shape (n_bins,)
        Logarithm of the magnitudes half a step before the last step, and at it.
    phase : ndarray of shape (n_bins,)
        Half a step before the last step.
    offset : ndarray of shape (n_nodes,)
        How far the phases of channels are apart, in deviations.
    features : ndarray of shape (n_features,)
        Of the last step.
    n_steps : int
        Steps so far.
    tail : ndarray of shape (n_channels, n_samples)
        Sum of windows that later ones will be added to.
    samples : ndarray of shape (n_samples, n_channels)
        Waveform that is made but not yet given out.
    lead : int
        Samples still to come before the piece begins.
    """

    before: np.ndarray
    last: np.ndarray
    phase: np.ndarray
    offset: np.ndarray
    features: np.ndarray
    n_steps: int
    tail: np.ndarray
    samples: np.ndarray
    lead: int


def fit_panning(waveforms, features, tokenizer):
    """Learn where bands are heard.

    Parameters
    ----------
    waveforms : list of ndarray of shape (n_samples, n_channels)
        Of some stretches.
    features : list of ndarray of shape (n_steps, n_features)
        Of the same steps.
    tokenizer : Tokenizer
        That of the features.

    Returns
    -------
    StereoPanning
    """
    shares, alike, x = [], [], []
    for wave, f in zip(waveforms, features, strict=True):
        x.append(np.concatenate([f, np.ones((len(f), 1))], axis=1))
        mirrored = np.concatenate([wave[: tokenizer.step][::-1], wave])
        found = panning_of(analysis_spectra(mirrored, tokenizer.step))
        for kept, each in zip((shares, alike), found, strict=True):
            kept.append(each)
    x, shares, alike = map(np.concatenate, (x, shares, alike))
    gram = x.T @ x
    gram += 1e-3 * (np.trace(gram) / len(gram) + 1e-9) * np.eye(len(gram))
    maps = [
        np.linalg.solve(gram, x.T @ y.reshape(len(x), -1)).astype(np.float32)
        for y in (shares, alike)
    ]
    loudest = max(float(np.abs(wave).max(initial=0)) for wave in waveforms)
    panning = StereoPanning(*maps, np.zeros(tokenizer.n_bands, np.float32), loudest)
    return replace(panning, gain=_lost(features, tokenizer, panning))


def _limited(x, loudest):
    """Samples, of which those near the loudest or beyond are rounded off below it."""
    linear = 0.7 * loudest
    over = np.maximum(np.abs(x) - linear, 0) / (0.3 * loudest + 1e-30)
    return np.where(over > 0, np.sign(x) * (linear + 0.3 * loudest * np.tanh(over)), x)


def _lost(features, tokenizer, panning):
    """Decibels that bands lose where features are made to sound ``(n_bands,)``."""
    share = min(1.0, _GAIN_STEPS / max(1, sum(map(len, features))))
    wanted, found = 0.0, 0.0
    for f in features:
        f = f[: int(np.ceil(len(f) * share))]
        if not len(f):
            continue
        state, made = silence(tokenizer, panning, f[0]), []
        for each in [f[0]] * WARM_UP + [*f, f[-1], f[-1]]:
            state = push(state, each, tokenizer, panning)
            made.append(state.samples)
            state = replace(state, samples=state.samples[:0])
        bands = step_bands(np.concatenate(made), tokenizer.step)
        found += bands[: len(f)].sum(axis=0)
        # No level is above that of the loudest band of the corpus.
        levels = np.minimum(tokenizer.levels(f), 0)
        wanted += tokenizer.reference * to_energies(levels).sum(axis=0)
    floor = _SILENCE * tokenizer.reference
    gain = 10 * np.log10((wanted + floor) / (found + floor))
    return np.clip(gain, -MOST_GAIN, MOST_GAIN).astype(np.float32)


def bin_energies(features, tokenizer, gain=None):
    """Energy of bins ``(n_steps, step + 1)`` that features stand for.

    Parameters
    ----------
    features : ndarray of shape (n_steps, n_features)
    tokenizer : Tokenizer
    gain : ndarray of shape (n_bands,) or None
        Decibels that are added to each band.
    """
    n_bins = tokenizer.step + 1
    last, middle = len(band_edges(n_bins)) - 1, tokenizer.middles
    levels = np.minimum(tokenizer.levels(features), 0)
    # The level of a band is in its middle; between middles it is a straight line.
    at = np.arange(n_bins)
    i = np.clip(np.searchsorted(middle, at, side="right") - 1, 0, last)
    j = np.minimum(i + 1, last)
    share = np.clip((at - middle[i]) / np.maximum(middle[j] - middle[i], 1), 0, 1)
    energies = to_energies(levels[:, i] * (1 - share) + levels[:, j] * share)
    if gain is not None:
        energies *= 10 ** ((gain[i] * (1 - share) + gain[j] * share) / 10)
    return np.maximum(energies, _SILENCE) * tokenizer.reference


def silence(tokenizer, panning, features):
    """State before the first step, which will have `features` ``(n_features,)``."""
    step, n_channels = tokenizer.step, panning.n_channels
    log_magnitude = _log_magnitude(features, tokenizer, panning)
    return VocoderState(
        log_magnitude,
        log_magnitude,
        np.zeros_like(log_magnitude),
        np.zeros(step // _OFFSET_BINS + 2),
        features,
        0,
        np.zeros((n_channels, 3 * step), np.float32),
        np.zeros((0, n_channels), np.float32),
        (WARM_UP + 1) * step,
    )


def _log_magnitude(features, tokenizer, panning):
    """Logarithm of the magnitude of each bin ``(step + 1,)`` of one step."""
    return 0.5 * np.log(bin_energies(features[None], tokenizer, panning.gain)[0])


def push(state, features, tokenizer, panning):
    """State with one more step.

    Parameters
    ----------
    state : VocoderState
    features : ndarray of shape (n_features,)
        Of the step.
    tokenizer, panning : Tokenizer, StereoPanning

    Returns
    -------
    VocoderState
    """
    step = tokenizer.step
    size, half, rest = 2 * step, step // 2, step - step // 2
    new = _log_magnitude(features, tokenizer, panning)
    # Half a step before the new one there is a spectrum between the two.
    middle = (state.last + new) / 2
    first = next_phase(state.phase, state.before, state.last, middle, size, half)
    second = next_phase(first, state.last, middle, new, size, rest)
    # A chance of its own: without temperature a piece has none.
    rng, offsets = np.random.default_rng(state.n_steps), [state.offset]
    keep = np.exp(-1 / _OFFSET_SPECTRA)
    for _ in range(2):
        drawn = np.sqrt(1 - keep**2) * rng.standard_normal(len(state.offset))
        offsets.append(keep * offsets[-1] + drawn)
    between = (state.features + features) / 2
    share, alike = panning.at(np.stack([state.features, between]))
    magnitude, phase = np.exp(np.stack([state.last, middle])), np.stack([first, second])
    windows = _windows(magnitude, phase, share, alike, offsets[1:], size)
    # Windows of two steps, one each half step, and no iteration.
    tail = state.tail.copy()
    tail[:, :size] += windows[0]
    tail[:, rest : rest + size] += windows[1]
    made, tail = _limited(tail[:, :step], panning.loudest), tail[:, step:]
    lead = max(0, state.lead - step)
    return VocoderState(
        middle,
        new,
        second,
        offsets[-1],
        features,
        state.n_steps + 1,
        np.pad(tail, ((0, 0), (0, step))),
        np.concatenate([state.samples, made[:, state.lead - lead :].T]),
        lead,
    )


def _windows(magnitude, phase, share, alike, offsets, size):
    """Windows ``(n, n_channels, size)`` of two spectra, ready to be added."""
    bins = np.arange(size // 2 + 1)
    place, n_channels = places(len(bins)), share.shape[1]
    offset = [np.interp(bins / _OFFSET_BINS, np.arange(len(t)), t) for t in offsets]
    # The cosine of twice a Gaussian angle of this deviation is as alike on average.
    offset = np.sqrt(-np.log(np.clip(alike, 0.05, 1)) / 2)[:, place] * offset
    outward = np.linspace(-1, 1, n_channels) if n_channels > 1 else np.zeros(1)
    # The outermost channels differ by twice the offset, those between by less.
    spectrum = np.sqrt(share)[:, :, place] * magnitude[:, None]
    spectrum = spectrum * np.exp(
        1j * (phase[:, None] + offset[:, None] * outward[:, None])
    )
    # Phases are seen from the middle of the window.
    windows = np.roll(scipy.fft.irfft(spectrum, size, axis=-1), size // 2, axis=-1)
    return (windows * (sine_window(size) / 2)).astype(np.float32)
