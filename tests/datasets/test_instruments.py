import numpy as np
import pytest

from skmusic.datasets.instruments import PARTIALS, TIMBRES, harmonic_sum, play
from skmusic.datasets.mixing import CHANNELS

SR = 22050
PITCHED = [*TIMBRES, *PARTIALS, "epiano"]


def rng():
    return np.random.default_rng(0)


def spectrum(x, sr=SR):
    power = np.abs(np.fft.rfft(x * np.hanning(len(x)))) ** 2
    return np.fft.rfftfreq(len(x), 1 / sr), power


@pytest.mark.parametrize("n_harmonics", [1, 2, 7, 40])
@pytest.mark.parametrize("ratio", [0.0, 0.3, 0.95])
def test_harmonic_sum_equals_the_direct_sum(n_harmonics, ratio):
    phase = np.linspace(-10, 10, 501)
    k = np.arange(1, n_harmonics + 1)
    direct = np.sin(np.outer(phase, k)) @ ratio ** (k - 1.0)
    np.testing.assert_allclose(
        harmonic_sum(phase, ratio, n_harmonics), direct, atol=1e-10
    )


@pytest.mark.parametrize("instrument", PITCHED)
@pytest.mark.parametrize("pitch", [45, 69, 76])
def test_notes_have_the_pitch_asked_for(instrument, pitch):
    sound = play(instrument, pitch, 1.0, SR, rng())
    frequencies, power = spectrum(sound)
    fundamental = 440 * 2 ** ((pitch - 69) / 12)
    near = np.abs(frequencies / fundamental - 1) < 0.03
    below = frequencies < 0.9 * fundamental
    peak = frequencies[near][np.argmax(power[near])]
    assert abs(12 * np.log2(peak / fundamental)) < 0.3  # semitones
    assert power[near].max() > 30 * power[below].max()


@pytest.mark.parametrize("instrument", CHANNELS)
def test_every_sound_is_finite_audible_bounded_and_closes(instrument):
    sound = play(instrument, 60, 0.5, SR, rng())
    assert np.isfinite(sound).all()
    assert 0.1 < np.abs(sound).max() < 4
    assert abs(sound[0]) < 0.02
    assert np.abs(sound[-20:]).max() < 0.02


@pytest.mark.parametrize("instrument", ["synth", "pluck", "organ"])
def test_high_notes_do_not_alias(instrument):
    sr = 11025
    sound = play(instrument, 93, 1.0, sr, rng())  # 1760 Hz: two harmonics fit
    frequencies, power = spectrum(sound, sr)
    distance = np.abs(frequencies - 1760 * np.round(frequencies / 1760))
    assert power[distance > 100].sum() < 1e-3 * power.sum()


def test_a_sound_does_not_depend_on_the_sampling_rate():
    slow = play("piano", 57, 0.5, 11025, rng())
    fast = play("piano", 57, 0.5, 22050, rng())
    n = min(len(slow), len(fast) // 2)
    assert np.corrcoef(slow[:n], fast[::2][:n])[0, 1] > 0.95


def test_unknown_instruments_are_refused():
    with pytest.raises(KeyError, match="kazoo"):
        play("kazoo", 60, 0.5, SR, rng())
