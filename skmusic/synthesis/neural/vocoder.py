"""The vocoder: waveforms to parameters of their steps, and parameters to waveforms.

The parameters of a step are numbers that may be drawn, averaged and coded as lines: the
levels of constant-Q bands, where these are heard, and how clear of noise they are. A
spectrogram of four windows to a window's length is made of them and becomes a waveform,
step after step. There is no iteration.
"""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import scipy.fft

from skmusic.features.constantq import (
    analysis_spectra,
    band_edges,
    band_middles,
    energies_of,
    step_bands,
    to_levels,
    to_log_energies,
)
from skmusic.spectra.phase import next_phases
from skmusic.spectra.windows import sine_window
from skmusic.synthesis.neural.noise import (
    N_CLEAR,
    clarity_of,
    noise_share,
    noise_spectra,
)
from skmusic.synthesis.neural.panning import factors, n_panning, panning_of
from skmusic.utils.fields import LARGEST, array, number
from skmusic.utils.limits import MOST_CHANNELS, MOST_STEP

# Decibels that a band may be raised or lowered by.
MOST_GAIN = 12.0
# Steps before a piece begins, so that its first frame is whole.
WARM_UP = 4
# Steps on which the loss of bands is measured.
_GAIN_STEPS = 860
# Energies below this share of the loudest are silence.
_SILENCE = 1e-12
# No parameter that was analysed is as far from zero.
_FARTHEST = 100.0
# Samples of a step in all channels: what it takes is in proportion.
_MOST_SAMPLES = 1 << 22
# Steps that are analysed, or sounded, at once: what they take stays in cache.
_BLOCK = 32


@dataclass(frozen=True)
class Vocoder:
    """What is learned of the sound of a corpus.

    Parameters
    ----------
    step : int
        Samples in a step.
    n_channels : int
    reference : float
        Energy of level 0: that of the loudest band.
    loudest : float
        Sample that no other is beyond.
    gain : ndarray of shape (n_bands,)
        Decibels that bands would lose else, where windows overlap.
    """

    step: int = number("i", 1, MOST_STEP)
    n_channels: int = number("i", 1, MOST_CHANNELS)
    reference: float = number("f", 1e-45, 1e38)
    loudest: float = number("f", 0, LARGEST)
    gain: np.ndarray = array("n_bands", low=-MOST_GAIN, high=MOST_GAIN)

    def laws(self):
        """What must hold beyond the declared shapes and ranges: (law, message)."""
        n_bands = len(band_edges(self.step + 1))
        yield len(self.gain) == n_bands, "the vocoder's gain is of other bands."
        small = self.step * self.n_channels <= _MOST_SAMPLES
        yield small, "a step of the vocoder has too many samples."

    @property
    def n_bands(self):
        """Levels of a step; these parameters come first."""
        return len(self.gain)

    @property
    def middles(self):
        """Middle of each band ``(n_bands,)``, in bins."""
        return band_middles(self.step + 1)

    @property
    def n_parameters(self):
        """Numbers of a step."""
        return self.n_bands + n_panning(self.n_channels) + N_CLEAR

    def analyse(self, x, first=None):
        """Parameters ``(n_steps, n_parameters)``, float32, of a waveform.

        Levels of the bands, by `to_levels`; then the panning, by `panning_of`; then the
        clarity, by `clarity_of`. Samples of ``(n_samples, n_channels)`` after the last
        whole step are left out. `first` ``(step, n_channels)`` is the step before; None
        at the beginning of a recording, which is mirrored.
        """
        step, n_steps = self.step, len(x) // self.step
        found = np.empty((n_steps, self.n_parameters), np.float32)
        if not n_steps:
            return found
        x = np.concatenate([x[:step][::-1] if first is None else first, x])
        for i in range(0, n_steps, _BLOCK):
            part = x[i * step : (min(i + _BLOCK, n_steps) + 1) * step]
            z = analysis_spectra(part, step)
            levels = to_levels(energies_of(z), self.reference)
            others = panning_of(z, self.reference), clarity_of(z, self.reference)
            found[i : i + _BLOCK] = np.concatenate([levels, *others], axis=1)
        return found

    def silent(self):
        """Parameters of a silent step ``(1, n_parameters)``."""
        return self.analyse(np.zeros((self.step, self.n_channels), np.float32))

    def levels(self, parameters):
        """Those of parameters ``(n_steps, n_parameters)`` that are levels of bands."""
        return parameters[:, : self.n_bands]

    def panning(self, parameters):
        """Those of parameters ``(n_steps, n_parameters)`` that tell where bands are."""
        return parameters[:, self.n_bands : -N_CLEAR]


@dataclass(frozen=True)
class VocoderState:
    """Where a waveform in the making is.

    Parameters
    ----------
    parameters : ndarray of shape (n_parameters,)
        Of the last step.
    before : ndarray of shape (n_bins,)
        Logarithm of the magnitudes half a step before the last step.
    phase : ndarray of shape (n_bins,)
        The same time's, in radians.
    n_steps : int
        Steps so far, of as many as the noise has.
    tail : ndarray of shape (n_channels, 2 * step)
        Sum of windows that later ones will be added to.
    samples : ndarray of shape (n_samples, n_channels)
        Waveform that is made but not yet given out.
    lead : int
        Samples still to come before the piece begins.
    """

    parameters: np.ndarray
    before: np.ndarray
    phase: np.ndarray
    n_steps: int
    tail: np.ndarray
    samples: np.ndarray
    lead: int


def fit_vocoder(waveforms, step):
    """Learn the sound of a corpus of some stretches ``(n_samples, n_channels)``.

    A step has `step` samples.
    """
    waveforms = [np.asarray(x, np.float32) for x in waveforms if len(x) >= step]
    if not waveforms:
        raise ValueError(f"no waveform is as long as a step of {step} samples.")
    loudest = max(float(np.abs(x).max(initial=0)) for x in waveforms)
    bands = [step_bands(x, step) for x in waveforms]
    reference = float(max(b.max() for b in bands)) or 1.0
    gain = np.zeros(bands[0].shape[1], np.float32)
    vocoder = Vocoder(step, waveforms[0].shape[1], reference, loudest, gain)
    return replace(vocoder, gain=_lost(waveforms, bands, vocoder))


def _lost(waveforms, bands, vocoder):
    """Decibels that bands lose where they are made to sound ``(n_bands,)``."""
    share = min(1.0, _GAIN_STEPS / sum(map(len, bands)))
    wanted, found = 0.0, 0.0
    for x, energies in zip(waveforms, bands, strict=True):
        n_steps = int(np.ceil(len(energies) * share))
        x = x[: n_steps * vocoder.step]
        again = sounded(vocoder.analyse(x), vocoder)
        found += step_bands(again, vocoder.step).sum(axis=0)
        wanted += energies[:n_steps].sum(axis=0)
    floor = _SILENCE * vocoder.reference
    gain = 10 * np.log10((wanted + floor) / (found + floor))
    return np.clip(gain, -MOST_GAIN, MOST_GAIN).astype(np.float32)


def sounded(parameters, vocoder):
    """Waveform ``(n_steps * step, n_channels)`` of parameters, from its beginning.

    Parameters
    ----------
    parameters : ndarray of shape (n_steps, n_parameters)
    vocoder : Vocoder
    """
    state = silence(vocoder, parameters[0])
    lead = np.repeat(parameters[:1], WARM_UP, axis=0)
    state = push(state, np.concatenate([lead, parameters, parameters[-1:]]), vocoder)
    return state.samples


@cache
def _between_bands(n_bins):
    """Band below each bin, band above, and the share of the one above.

    The level of a band is in its middle; between middles it is a straight line.
    """
    middle, at = band_middles(n_bins), np.arange(n_bins)
    i = np.clip(np.searchsorted(middle, at, side="right") - 1, 0, None)
    j = np.minimum(i + 1, len(middle) - 1)
    share = np.clip((at - middle[i]) / np.maximum(middle[j] - middle[i], 1), 0, 1)
    return i, j, share.astype(np.float32)


def log_magnitudes(levels, vocoder):
    """Logarithm ``(n_steps, step + 1)`` of the magnitude of bins, float32.

    It is that which levels ``(n_steps, n_bands)`` stand for.
    """
    i, j, share = _between_bands(vocoder.step + 1)
    # No level is above that of the loudest band of the corpus.
    levels = np.minimum(levels, 0)
    # Not by index, which would lay them out bin by bin.
    below, above = np.take(levels, i, axis=1), np.take(levels, j, axis=1)
    levels = below + (above - below) * share
    gain = vocoder.gain[i] + (vocoder.gain[j] - vocoder.gain[i]) * share
    decibels = gain + np.float32(10 * np.log10(vocoder.reference))
    found = to_log_energies(levels, _SILENCE) + decibels * np.float32(np.log(10) / 10)
    return found / 2


def silence(vocoder, parameters):
    """State before the first step, which will have parameters ``(n_parameters,)``."""
    step, n_channels = vocoder.step, vocoder.n_channels
    parameters = _bounded(parameters)
    return VocoderState(
        parameters,
        log_magnitudes(parameters[None, : vocoder.n_bands], vocoder)[0],
        np.zeros(step + 1, np.float32),
        0,
        np.zeros((n_channels, 2 * step), np.float32),
        np.zeros((0, n_channels), np.float32),
        (WARM_UP + 1) * step,
    )


def _bounded(parameters):
    """What is drawn may be anything; beyond these bounds none differs from another."""
    return np.clip(np.asarray(parameters, np.float32), -_FARTHEST, _FARTHEST)


def push(state, parameters, vocoder):
    """State with one more step ``(n_parameters,)``, or ``(n, n_parameters)``."""
    parameters = _bounded(np.atleast_2d(parameters))
    made = [state.samples]
    for i in range(0, len(parameters), _BLOCK):
        state, samples = _pushed(state, parameters[i : i + _BLOCK], vocoder)
        made.append(samples)
    return replace(state, samples=np.concatenate(made))


def _pushed(state, parameters, vocoder):
    """State with a block of steps, and the samples made, without those before."""
    step, n_bands, n_steps = vocoder.step, vocoder.n_bands, len(parameters)
    steps = np.concatenate([state.parameters[None], parameters])
    logs = log_magnitudes(steps[:, :n_bands], vocoder)
    # Half a step before each step there is a spectrum between the two.
    logs = _with_middles(logs, state.before)
    hops = np.tile([step // 2, step - step // 2], n_steps)
    phases = next_phases(state.phase, logs, 2 * step, hops)
    others = _with_middles(steps[:, n_bands:])[:-1]
    panning, clarity = np.split(others, [-N_CLEAR], axis=1)
    noise = noise_spectra(step)
    at = (2 * state.n_steps + np.arange(2 * n_steps)) % len(noise)
    spectra = _excited(phases, noise[at], noise_share(clarity, step))
    spectra *= np.exp(logs[1:-1])
    spectra = spectra[:, None] * factors(panning, vocoder.n_channels, step + 1)
    tail = _overlapped(state.tail, spectra, step)
    made = _limited(tail[:, : n_steps * step], vocoder.loudest).T
    begun = min(state.lead, len(made))
    state = VocoderState(
        parameters[-1],
        logs[-2],
        phases[-1],
        (state.n_steps + n_steps) % (len(noise) // 2),
        tail[:, n_steps * step :].copy(),
        state.samples,
        state.lead - begun,
    )
    return state, made[begun:]


def _excited(phases, noise, share):
    """Spectra of mean energy one, of which a share is noise, all of one shape."""
    tone = np.sqrt(1 - share)
    found = noise * np.sqrt(share)
    phases = phases.astype(np.float32)
    found.real += tone * np.cos(phases)
    found.imag += tone * np.sin(phases)
    return found


def _with_middles(x, before=None):
    """Rows and, before each, one between it and the row before; `before` the first."""
    found = np.empty((2 * len(x) - 1, x.shape[1]), x.dtype)
    found[::2] = x
    found[1::2] = (x[1:] + x[:-1]) / 2
    return found if before is None else np.concatenate([before[None], found])


def _overlapped(tail, spectra, step):
    """Sum of windows ``(n_channels, (n_steps + 2) * step)``, two of each step.

    To the tail ``(n_channels, 2 * step)``, the sum of the windows before, are added
    those of spectra ``(2 * n_steps, n_channels, step + 1)``.
    """
    size, length = 2 * step, len(spectra) // 2 * step
    windows = scipy.fft.irfft(spectra, size, axis=-1)
    windows = windows.transpose(1, 0, 2).reshape(len(tail), -1, 2, 2, step)
    weights = (sine_window(size) / 2).astype(np.float32).reshape(2, step)
    found = np.zeros((len(tail), size + length), np.float32)
    found[:, :size] = tail
    # Windows of two steps, one each half step, and no iteration. Older ones come first
    # into each sum: so its bits do not depend on the blocks.
    for half in (1, 0):
        for start, hop in (step - step // 2, 1), (0, 0):
            at = start + half * step
            # Phases are seen from the middle of the window, where it begins here.
            part = windows[:, :, hop, 1 - half] * weights[half]
            found[:, at : at + length] += part.reshape(len(tail), -1)
    return found


def _limited(x, loudest):
    """Samples, of which those near the loudest or beyond are rounded off below it."""
    linear = np.float32(0.7 * loudest)
    over = np.maximum(np.abs(x) - linear, 0)
    if not over.any():
        return x
    rest = np.float32(0.3 * loudest + 1e-30)
    return np.where(over > 0, np.sign(x) * (linear + rest * np.tanh(over / rest)), x)
