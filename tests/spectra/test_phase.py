import numpy as np
import pytest
import scipy.signal

from skmusic.spectra.phase import next_phase
from skmusic.spectra.windows import sine_window

SIZE, HOP = 512, 128


def spectrogram(x):
    """Spectra ``(n_frames, n_bins)`` of a waveform, seen from the windows' middles."""
    windows = np.lib.stride_tricks.sliding_window_view(x, SIZE)[::HOP]
    return np.fft.rfft(np.roll(windows * sine_window(SIZE), SIZE // 2, axis=1), axis=1)


def waveform(z):
    """The waveform that these spectra, overlapped and added, are."""
    windows = np.roll(np.fft.irfft(z, SIZE, axis=1), SIZE // 2, axis=1)
    out = np.zeros((len(z) - 1) * HOP + SIZE)
    for i, window in enumerate(windows * sine_window(SIZE) / 2):
        out[i * HOP : i * HOP + SIZE] += window
    return out


def rebuilt(magnitude):
    """Spectra of these magnitudes, all phases by `next_phase`."""
    s = np.log(np.maximum(magnitude, 1e-6 * magnitude.max()))
    phase = [np.zeros(magnitude.shape[1])]
    for i in range(1, len(s)):
        after = s[min(i + 1, len(s) - 1)]
        phase.append(next_phase(phase[-1], s[i - 1], s[i], after, SIZE, HOP))
    return magnitude * np.exp(1j * np.array(phase))


def inconsistency(z):
    """How far spectra are from those of the waveform they make, in dB."""
    found, inner = np.abs(spectrogram(waveform(z))), slice(4, -4)
    wanted = np.abs(z)
    error = np.linalg.norm((found - wanted)[inner]) / np.linalg.norm(wanted[inner])
    return 20 * np.log10(error)


T = np.arange(40 * SIZE)
SOUNDS = {
    "tone": np.sin(0.3 * T),
    "two tones": np.sin(0.3 * T) + 0.5 * np.sin(0.7123 * T),
    "chirp": scipy.signal.chirp(T, 0.02, T[-1], 0.2),
    "clicks": (T % 1900 == 400).astype(float),
}
# Of tones the slopes are true, of chirps nearly; clicks have no peaks to lead.
WORST_DB = {"tone": -40, "two tones": -33, "chirp": -25, "clicks": -7}


@pytest.mark.parametrize("name", SOUNDS)
def test_spectra_with_these_phases_are_those_of_a_sound(name):
    magnitude = np.abs(spectrogram(SOUNDS[name]))
    found = inconsistency(rebuilt(magnitude))
    turns = np.random.default_rng(0).uniform(0, 2 * np.pi, magnitude.shape)
    by_chance = inconsistency(magnitude * np.exp(1j * turns))
    assert found < WORST_DB[name] < by_chance


def test_a_tone_keeps_its_frequency():
    magnitude = np.abs(spectrogram(SOUNDS["tone"]))
    x = waveform(rebuilt(magnitude))[SIZE:-SIZE]
    spectrum = np.abs(np.fft.rfft(x * np.hanning(len(x)), 8 * len(x)))
    found = 2 * np.pi * spectrum.argmax() / (8 * len(x))
    assert found == pytest.approx(0.3, rel=1e-3)


def test_phases_do_not_know_how_loud_it_is():
    s = np.log(np.abs(spectrogram(SOUNDS["two tones"]))[3:6] + 1e-6)
    phase = np.linspace(0, 6, s.shape[1])
    quiet = next_phase(phase, *(s - 5), SIZE, HOP)
    np.testing.assert_allclose(quiet, next_phase(phase, *s, SIZE, HOP), atol=1e-6)
