import numpy as np
import pytest
import scipy.signal

from skmusic.spectra.phase import next_phases
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
    """Spectra of these magnitudes, all phases by `next_phases`."""
    s = np.log(np.maximum(magnitude, 1e-6 * magnitude.max()))
    first = np.zeros(magnitude.shape[1])
    s = np.concatenate([s, s[-1:]])
    phases = next_phases(first, s, SIZE, np.full(len(s) - 2, HOP))
    return magnitude * np.exp(1j * np.concatenate([first[None], phases]))


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


def test_phases_do_not_know_how_loud_it_is():
    s = np.log(np.abs(spectrogram(SOUNDS["two tones"]))[3:6] + 1e-6)
    phase = np.linspace(0, 6, s.shape[1])
    quiet, loud = (next_phases(phase, x, SIZE, np.array([HOP])) for x in (s - 5, s))
    np.testing.assert_allclose(quiet, loud, atol=1e-6)


@pytest.mark.parametrize("n_bins", [2, 3, 9, 257])
def test_frames_at_once_are_frames_one_by_one(n_bins):
    # Many are equal, so that peaks are plains.
    s = np.random.default_rng(0).integers(-4, 4, (11, n_bins)).astype(float)
    hops, phase = np.arange(9), np.linspace(0, 6, n_bins)
    at_once = next_phases(phase, s, SIZE, hops)
    for i, found in enumerate(at_once):
        (phase,) = next_phases(phase, s[i : i + 3], SIZE, hops[i : i + 1])
        np.testing.assert_allclose(phase, found)


def leader(before, now, at):
    """Peak that leads a bin, as the rule is told: it goes uphill from the valleys."""
    high = np.pad(before, 1, constant_values=-np.inf)
    peaks = [i for i, x in enumerate(before) if x >= max(high[i], high[i + 2])]
    while len(peaks) > 1 and at > peaks[0] + now[peaks[0] : peaks[1]].argmin():
        peaks = peaks[1:]
    return peaks[0]


def test_each_bin_follows_the_peak_of_its_hill():
    s = np.random.default_rng(1).integers(-3, 3, (3, 40)).astype(float)
    s[2] = s[0]  # no slope along the frequencies
    phase = np.linspace(0, 6, 40)
    (found,) = next_phases(phase, s, SIZE, np.array([HOP]))
    leaders = [leader(s[0], s[1], at) for at in range(40)]
    assert len(set(leaders)) > 5
    np.testing.assert_allclose(found, found[leaders])
