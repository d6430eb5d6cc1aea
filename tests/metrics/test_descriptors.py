import numpy as np
import pytest
from scipy.ndimage import uniform_filter1d

from skmusic.metrics.descriptors import describe
from skmusic.spectra import analysis_window, istft, stft

SR = 22050


def note(frequency, seconds, rng):
    """Return a note that, like those of players, never sounds the same twice."""
    t = np.arange(int(seconds * SR)) / SR
    frequency *= 2 ** rng.normal(0, 0.01)
    y = np.zeros(len(t))
    for k in range(1, 9):
        phase, decay = rng.uniform(0, 2 * np.pi), rng.uniform(1, 6)
        strength = rng.lognormal(0, 0.7) / k
        tremolo = 1 + 0.5 * np.sin(2 * np.pi * rng.uniform(3, 7) * t + phase)
        y += (
            strength
            * np.exp(-decay * t)
            * tremolo
            * np.sin(2 * np.pi * k * frequency * t + phase)
        )
    return y


def music(seed, seconds=16, tempo=120):
    """Chords on the beats with a drum, another progression for every seed."""
    rng = np.random.default_rng(seed)
    beat = 60 / tempo
    y = np.zeros((int(seconds * SR), 2))
    for i in range(int(seconds / beat)):
        start = int(i * beat * SR)
        room = len(y) - start
        if i % 4 == 0:
            chord = rng.choice(12, 3, replace=False) + rng.choice([-12, 0])
        for pitch in rng.choice(chord, 2 + i % 2, replace=False):
            loud, pan = rng.uniform(0.05, 0.2), rng.uniform(0.2, 0.8)
            tone = note(262 * 2 ** (pitch / 12), rng.uniform(0.3, 1.5), rng)[:room]
            y[start : start + len(tone)] += loud * tone[:, None] * [pan, 1 - pan]
        hit = rng.standard_normal((int(0.1 * SR), 2))[:room] * 0.1
        decay = np.exp(-40 * np.arange(len(hit)) / SR)
        y[start : start + len(hit)] += hit * decay[:, None]
    return y


def looped(x, seconds):
    size, start = int(seconds * SR), len(x) // 2
    return np.tile(x[start : start + size], (len(x) // size, 1))


@pytest.fixture(scope="module")
def described():
    rng = np.random.default_rng(0)
    t = np.arange(16 * SR)[:, None] / SR
    song = music(1)
    sounds = {
        "music": song,
        "grain": looped(song, 0.05),
        "loop": looped(song, 0.5),
        "noise": 0.1 * rng.standard_normal((16 * SR, 2)),
        "tone": 0.3 * np.sin(2 * np.pi * 440 * t) * np.ones(2),
        "silence": np.zeros((16 * SR, 2)),
        "dc": np.full((16 * SR, 2), 0.25),
    }
    return {name: describe(x, SR) for name, x in sounds.items()}


def test_all_descriptors_are_finite_numbers(described):
    for name, d in described.items():
        assert d.keys() == described["music"].keys()
        assert all(isinstance(v, float) and np.isfinite(v) for v in d.values()), name


def test_only_music_moves(described):
    moves = {name: d["temporal_variance"] for name, d in described.items()}
    alive = moves.pop("music")
    moves.pop("loop")
    assert all(alive > 5 * other for other in moves.values()), moves


def test_repetition_tells_loops_from_music(described):
    repeats = {name: d["repetition"] for name, d in described.items()}
    assert repeats["grain"] > 0.9
    assert repeats["loop"] > 0.9
    assert repeats["tone"] > 0.9
    assert repeats["silence"] == 1
    assert repeats["music"] < 0.85
    assert repeats["noise"] < 0.4


def test_recurrence_tells_what_returns_from_what_does_not(described):
    returns = {name: d["recurrence"] for name, d in described.items()}
    assert returns["loop"] > 0.9
    assert returns["noise"] < 0.2
    verse, chorus, bridge = (
        music(i, 8, tempo) for i, tempo in enumerate((80, 97, 115))
    )
    song = describe(np.concatenate([verse, chorus, verse]), SR)["recurrence"]
    other = describe(np.concatenate([verse, chorus, bridge]), SR)["recurrence"]
    assert song > other + 0.1
    assert "recurrence" not in describe(verse, SR)  # it is too short to tell


def test_rhythm(described):
    assert described["music"]["onset_rate"] == pytest.approx(2, abs=0.5)
    assert described["music"]["beat_strength"] > 0.4
    assert described["noise"]["beat_strength"] < 0.2
    for still in ("tone", "silence", "dc"):
        assert described[still]["onset_rate"] == 0
        assert described[still]["beat_strength"] < 0.05


@pytest.mark.parametrize("tempo", [80, 100, 140])
def test_tempo(tempo):
    assert describe(music(2, tempo=tempo), SR)["tempo"] == pytest.approx(
        tempo, rel=0.03
    )


def test_attacks_that_are_smeared_are_less_sharp(described):
    song = music(6)
    attack = describe(song, SR)["attack"]
    assert attack > describe(song, SR)["spectral_flux"]
    smeared = uniform_filter1d(song, 3, axis=0)  # darker, but as sharp
    assert describe(smeared, SR)["attack"] == pytest.approx(attack, rel=0.2)
    spectrum = stft(song, analysis_window("hann", 2048), 1024)
    rng = np.random.default_rng(0)
    turn = np.exp(1j * rng.uniform(-np.pi, np.pi, 1025))  # of each partial, for good
    x = spectrum.reshape(-1, song.shape[1], 2, 1025)
    z = (x[:, :, 0] + 1j * x[:, :, 1]) * turn
    turned = np.stack([z.real, z.imag], axis=2).reshape(spectrum.shape)
    turned = istft(turned, analysis_window("hann", 2048), 1024, song.shape[1])
    assert describe(turned, SR)["attack"] < 0.8 * attack
    assert described["tone"]["attack"] == pytest.approx(0, abs=0.01)


def test_harmony(described):
    entropy = {name: d["chroma_entropy"] for name, d in described.items()}
    assert entropy["tone"] < entropy["music"] < entropy["noise"] <= np.log2(12) + 1e-6
    assert described["music"]["chroma_change"] > 2 * described["tone"]["chroma_change"]
    assert described["tone"]["polyphony"] == pytest.approx(1, abs=0.05)
    assert described["music"]["polyphony"] > 5
    assert described["silence"]["polyphony"] == 0


def test_drift_grows_with_a_change_of_sound():
    song = music(3)
    half = len(song) // 2
    dark = song.copy()
    dark[half:] = np.cumsum(dark[half:], axis=0) / 20
    steady, drifting = describe(song, SR), describe(dark, SR)
    assert drifting["timbre_drift_5s"] > 1.2 * steady["timbre_drift_5s"]
    assert "timbre_drift_20s" not in steady


def test_level_changes_only_the_level():
    song = music(4)
    loud, soft = describe(song, SR), describe(song / 10, SR)
    assert soft["loudness"] == pytest.approx(loud["loudness"] - 20, abs=0.01)
    names = ("temporal_variance", "repetition", "polyphony", "loudness_range")
    for name in (*names, "attack", "crest", "recurrence"):
        assert soft[name] == pytest.approx(loud[name], rel=0.01)


def test_sample_statistics(described):
    t = np.arange(8 * SR)[:, None] / SR
    one = np.sin(2 * np.pi * 440 * t)
    assert describe(one, SR)["stereo_width"] == 0
    assert describe(one * [1, 1], SR)["stereo_width"] == pytest.approx(0)
    assert describe(one * [1, -1], SR)["stereo_width"] == pytest.approx(1)
    assert describe(np.clip(3 * one, -1, 1), SR)["clipping"] > 0.5
    assert describe(one, SR)["crest"] == pytest.approx(3.01, abs=0.01)
    assert describe(0 * one, SR)["crest"] == 0
    assert describe(one + 0.25, SR)["dc"] == pytest.approx(0.25, abs=1e-3)
    assert describe(one * (t < 4), SR)["silence"] == pytest.approx(0.5, abs=0.01)
    swell = describe(one * np.where(t < 4, 0.2, 1.0), SR)["loudness_range"]
    assert swell == pytest.approx(14, abs=1)
    assert described["noise"]["centroid"] == pytest.approx(SR / 4, rel=0.05)
    assert described["noise"]["flatness"] > 0.4
    assert described["tone"]["flatness"] < 1e-3


@pytest.mark.parametrize("n_samples", [1, 100, 3000, 30000])
def test_short_recordings_have_defined_descriptors(n_samples):
    x = np.random.default_rng(0).standard_normal(n_samples)
    assert all(np.isfinite(v) for v in describe(x, SR).values())


def test_sampling_rate_hardly_matters():
    from soxr import resample

    song = music(5)
    low, high = describe(song, SR), describe(resample(song, SR, 44100), 44100)
    for name in ("temporal_variance", "onset_rate", "tempo", "polyphony", "loudness"):
        assert high[name] == pytest.approx(low[name], rel=0.05)


def test_malformed_recordings_are_refused():
    with pytest.raises(ValueError, match="n_samples"):
        describe(np.zeros((2, 3, 4)))
    with pytest.raises(ValueError, match=r"0 sample.*shape=\(0, 2\)"):
        describe(np.zeros((0, 2)))
