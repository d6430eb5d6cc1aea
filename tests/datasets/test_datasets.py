import re

import numpy as np
import pytest
from scipy.signal import ShortTimeFFT
from test_composition import parse_chord

from skmusic.datasets import make_songs
from skmusic.datasets.harmony import PITCHES, SCALES
from skmusic.datasets.styles import STYLES

SR = 11025


def power_spectrogram(song, n_fft, hop):
    stft = ShortTimeFFT(np.hanning(n_fft), hop, SR)
    mono = song.mean(axis=1)
    frames = np.arange(stft.p_max(len(mono)))
    return stft.t(len(mono), 0, len(frames)), np.abs(
        stft.stft(mono, 0, len(frames))
    ) ** 2


def chromagram(song):
    """Share of each pitch class between A2 and C7, in frames of 0.19 s."""
    times, power = power_spectrogram(song, 4096, 2048)
    frequencies = np.arange(1, 2049) * SR / 4096
    inside = (frequencies > 110) & (frequencies < 2100)
    classes = np.round(69 + 12 * np.log2(frequencies / 440)).astype(int) % 12
    chroma = np.array(
        [np.sqrt(power[1:][inside & (classes == p)]).sum(axis=0) for p in range(12)]
    )
    return times, chroma / chroma.sum(axis=0)


def onset_autocorrelation(song):
    """Autocorrelation of the spectral flux, normalised, and its lags in seconds."""
    hop = 110
    _, power = power_spectrogram(song, 512, hop)
    flux = np.maximum(np.diff(np.log1p(100 * power), axis=1), 0).sum(axis=0)
    flux -= flux.mean()
    spectrum = np.abs(np.fft.rfft(flux, 2 * len(flux))) ** 2
    correlation = np.fft.irfft(spectrum)[: len(flux)]
    return np.arange(len(flux)) * hop / SR, correlation / correlation[0]


def test_recordings_are_bounded_float32_stereo(songs):
    for song in songs.recordings:
        assert song.shape == (round(24 * SR), 2)
        assert song.dtype == np.float32
        assert np.isfinite(song).all()
        assert 0.4 < np.abs(song).max() <= 0.9


def test_every_list_has_one_entry_per_song(songs):
    for name in ("recordings", "tempo", "key", "chords", "beats", "names"):
        assert len(songs[name]) == len(STYLES)
    assert set(songs.names) == {style.name for style in STYLES}
    assert songs.sr == SR


def test_loudness_is_alike_and_centred(songs):
    loudness = [np.sqrt(np.mean(song**2)) for song in songs.recordings]
    assert max(loudness) < 1.2 * min(loudness)
    for song in songs.recordings:
        assert np.abs(song.mean(axis=0)).max() < 1e-3


def test_songs_fade_at_both_ends_and_never_fall_silent(songs):
    for song in songs.recordings:
        assert np.abs(song[0]).max() < 1e-3
        assert np.abs(song[-1]).max() < 1e-3
        middle = song[SR // 2 : -SR]
        frames = middle[: len(middle) // (SR // 4) * (SR // 4)].reshape(-1, SR // 4, 2)
        assert np.sqrt((frames**2).mean(axis=(1, 2))).min() > 0.01


def test_stereo_is_not_mono(songs):
    for song in songs.recordings:
        assert 0.2 < np.corrcoef(song.T)[0, 1] < 0.95


def test_songs_differ(songs):
    for i, song in enumerate(songs.recordings):
        for other in songs.recordings[:i]:
            assert abs(np.corrcoef(song[:, 0], other[:, 0])[0, 1]) < 0.2
    assert len(set(songs.tempo)) == len(songs.tempo)


def test_same_seed_same_bits_and_prefix_stability():
    two = make_songs(2, 2.0, sr=8000, random_state=7)
    three = make_songs(3, 2.0, sr=8000, random_state=7)
    for i in range(2):
        np.testing.assert_array_equal(two.recordings[i], three.recordings[i])
        assert two.chords[i] == three.chords[i]
    other = make_songs(1, 2.0, sr=8000, random_state=8)
    assert not np.array_equal(two.recordings[0], other.recordings[0])


def test_random_state_follows_scikit_learn():
    def first(random_state):
        return make_songs(1, 1.0, sr=8000, random_state=random_state).recordings[0]

    np.testing.assert_array_equal(first(5), first(np.random.RandomState(5)))
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first(5)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    assert not np.array_equal(first(None), first(None))


def test_composition_does_not_depend_on_sampling_rate():
    slow = make_songs(1, 4.0, sr=8000, random_state=1)
    fast = make_songs(1, 4.0, sr=16000, random_state=1)
    assert slow.chords == fast.chords
    assert slow.tempo == fast.tempo
    assert len(fast.recordings[0]) == 2 * len(slow.recordings[0])
    a, b = (np.abs(s.recordings[0]).reshape(40, -1).mean(axis=1) for s in (slow, fast))
    assert np.corrcoef(a, b)[0, 1] > 0.9


def test_beats_follow_the_tempo(songs):
    for beats, tempo in zip(songs.beats, songs.tempo, strict=True):
        np.testing.assert_allclose(np.diff(beats), 60 / tempo)
        assert beats[0] == 0
        assert 24 - 60 / tempo <= beats[-1] < 24
        assert 80 <= tempo <= 140


@pytest.mark.parametrize("tempo", [84, 126])
def test_tempo_is_heard(tempo):
    for song in make_songs(5, 16.0, sr=SR, tempo=tempo, random_state=2).recordings:
        lags, correlation = onset_autocorrelation(song)
        heard = (lags > 0.2) & (lags < 1.6)
        best = lags[heard][np.argmax(correlation[heard])]
        ratio = best / (60 / tempo)  # any level of the metre, which may be 3/4
        assert min(abs(ratio / level - 1) for level in (0.5, 1, 2, 3)) < 0.04
        at = np.interp(np.array([1, 0.85, 1.15]) * 60 / tempo, lags, correlation)
        assert at[0] > at[1:].max()


def test_tempo_range_bounds_the_tempo():
    tempos = make_songs(6, 1.0, sr=8000, tempo=(90, 100), random_state=0).tempo
    assert all(90 <= tempo <= 100 for tempo in tempos)
    assert len(set(tempos)) == 6
    assert make_songs(2, 1.0, sr=8000, tempo=111.5).tempo == [111.5, 111.5]


@pytest.mark.parametrize("key", ["A minor", "F# major"])
def test_key_is_heard(key):
    made = make_songs(5, 16.0, sr=SR, key=key, random_state=4)
    shares = []
    for song, name in zip(made.recordings, made.key, strict=True):
        tonic, mode = name.split()
        scale = (PITCHES.index(tonic) + np.array(SCALES[mode])) % 12
        chroma = chromagram(song)[1].mean(axis=1)
        shares.append(chroma[scale].sum())
        # Of all keys of the mode, the true one or a neighbour holds most.
        every = [chroma[(scale + k) % 12].sum() for k in range(12)]
        assert np.argmax(every) in (0, 5, 7)
    assert np.mean(shares) > 0.7  # chance is 7 / 12


def test_key_names_are_normalised():
    keys = [
        make_songs(1, 1.0, sr=8000, key=key).key[0] for key in ("C", "Bb minor", "F#")
    ]
    assert keys == ["C major", "A# minor", "F# major"]
    drawn = make_songs(12, 1.0, sr=8000, random_state=0).key
    assert len(set(drawn)) > 4


def test_chords_are_heard(songs):
    for song, chords in zip(songs.recordings, songs.chords, strict=True):
        times, chroma = chromagram(song)
        ends = [start for start, _ in chords[1:]] + [24.0]
        gains = []
        for (start, name), end in zip(chords, ends, strict=True):
            root, steps = parse_chord(name)
            inside = (times > start + 0.1) & (times < end - 0.1)
            tones = (root + np.array(steps)) % 12
            share = chroma[:, inside].mean(axis=1)[tones].sum()
            gains.append(share / (len(tones) / 12))
        assert min(gains) > 1.1
        assert np.mean(gains) > 1.4


@pytest.mark.parametrize("seconds", [1, 61.0])
def test_any_duration_works(seconds):
    songs = make_songs(2, seconds, sr=8000, random_state=0)
    assert all(len(song) == round(seconds * 8000) for song in songs.recordings)
    assert all(start < seconds for start, _ in songs.chords[0] + songs.chords[1])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_songs": 0}, "n_songs=0: give an integer of at least 1"),
        ({"n_songs": 1.5}, "n_songs=1.5: give an integer"),
        ({"seconds": 0.5}, "seconds=0.5: give a number of at least 1"),
        ({"seconds": np.nan}, "seconds=nan"),
        ({"seconds": "long"}, "seconds='long'"),
        ({"sr": 4000}, "sr=4000: give an integer of at least 8000"),
        ({"tempo": 0}, "tempo=0: give None, beats per minute between 20 and 400"),
        ({"tempo": "fast"}, "tempo='fast'"),
        ({"tempo": (120, 90)}, "tempo=(120, 90)"),
        ({"key": "H"}, "key='H': give None or a tonic and a mode"),
        ({"key": 3}, "key=3"),
    ],
)
def test_bad_values_are_named(wrong, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make_songs(**{"n_songs": 1, "seconds": 1.0, "sr": 8000} | wrong)
