"""Laws of music that knows its rate."""

import copy
import pickle

import joblib
import numpy as np
import pytest

from skmusic import FFTFeaturizer, audio
from skmusic.audio.music import Music
from skmusic.audio.rates import rate_of
from skmusic.display import Player, WaveformDisplay

SR = 8000


def music(sr=SR, n=70):
    return Music(np.random.default_rng(0).uniform(-0.5, 0.5, (n, 2)).astype("f"), sr)


def dumped(x, tmp_path):
    joblib.dump(x, tmp_path / "x")
    return joblib.load(tmp_path / "x")


KEEPING = {
    "all": lambda x, _: x[:],
    "backwards": lambda x, _: x[::-1],
    "a channel": lambda x, _: x[:, 0],
    "plus an array": lambda x, _: np.ones(x.shape, "f") + x,
    "mixed": lambda x, _: x.mean(axis=1),
    "copied": lambda x, _: copy.deepcopy(x),
    "astype": lambda x, _: x.astype(float),
    "joined": lambda x, _: np.concatenate([x[:3], x[3:]]),
    "joined to plain": lambda x, _: np.concatenate([np.zeros((2, 2), "f"), x]),
    "split": lambda x, _: np.split(x, [3])[1],
    "taken apart": lambda x, _: np.modf(x)[1],
    "written into": lambda x, _: np.multiply(x, 2, out=x.copy()),
    "pickled": lambda x, _: pickle.loads(pickle.dumps(x)),
    "joblib": dumped,
}


@pytest.mark.parametrize("way", KEEPING.values(), ids=KEEPING)
def test_what_is_cut_out_or_computed_keeps_the_rate(way, tmp_path):
    x = music()
    made = way(x, tmp_path)
    assert isinstance(made, Music)
    assert made.sr == SR
    np.testing.assert_array_equal(made, way(np.asarray(x), tmp_path))


@pytest.mark.parametrize("key", [slice(None, None, 2), [3, 1], 5])
def test_samples_that_are_picked_out_have_no_rate(key):
    assert music()[key].sr is None
    with pytest.raises(ValueError, match="sr is missing"):
        rate_of(music()[key])


def test_what_is_no_waveform_is_plain():
    x = music()
    assert type(np.asarray(x)) is np.ndarray
    for number in (x.max(), x[0, 0], np.linalg.norm(x)):
        assert not isinstance(number, np.ndarray)
    assert x.sr == SR


def test_music_of_two_rates_does_not_mix():
    for mix in (np.add, lambda a, b: np.concatenate([a, b])):
        with pytest.raises(ValueError, match="different rates, 8000 and 44100"):
            mix(music(), music(44100))


MIXES = {
    "+=": lambda a, b: a.__iadd__(b),
    "into the third": lambda a, b: np.add(a, 1, out=b),
    "put in": lambda a, b: a.__setitem__(slice(0, 70), b),
    "plain, into music": lambda a, b: np.add(a, b, out=np.asarray(a)),
}


@pytest.mark.parametrize("mix", MIXES.values(), ids=MIXES)
def test_what_is_refused_changes_nothing(mix):
    a, b = music(), 2 * music(44100)
    with pytest.raises(ValueError, match="different rates, 8000 and 44100"):
        mix(a, b)
    np.testing.assert_array_equal(a, music())
    np.testing.assert_array_equal(b, 2 * music(44100))


def test_resampling_asks_the_music():
    made = audio.resample(music(), SR, 4000)
    np.testing.assert_array_equal(made, audio.resample(np.asarray(music()), SR, 4000))
    with pytest.raises(ValueError, match=r"sr=44100 contradicts .* 8000 Hz"):
        audio.resample(music(), 44100, 4000)


def test_a_rate_is_told_once():
    assert rate_of(music()) == rate_of(music(), SR) == SR
    assert rate_of([0.1], None, 44100) == 44100
    assert rate_of(music(), None, 44100) == SR
    with pytest.raises(ValueError, match=r"sr=44100 .* 8000 Hz; .*x, 8000, 44100"):
        rate_of(music(), 44100)


def test_files_have_the_rate_of_the_music(tmp_path):
    audio.write(tmp_path / "a.wav", music())
    x, sr = audio.read(tmp_path / "a.wav")
    assert sr == SR
    np.testing.assert_allclose(x, music(), atol=2**-15)
    for x, sr in ((music(), 44100), (np.zeros(9), None)):
        with pytest.raises(ValueError, match="sr"):
            audio.write(tmp_path / "b.wav", x, sr)
    assert not (tmp_path / "b.wav").exists()


def test_music_of_another_rate_is_not_heard_as_if_it_had_this():
    featurizer = FFTFeaturizer(N=16, sr=SR).fit([music(), np.zeros((70, 2))])
    featurizer.transform([music()])
    for X in ([music(), music(44100)], music(44100)[None]):
        with pytest.raises(ValueError, match=r"sr=8000 contradicts .* 44100 Hz"):
            featurizer.transform(X)


def test_players_and_displays_ask_the_music():
    assert Player(music()).sr == SR
    assert Player(np.zeros(9)).sr == 44100
    with pytest.raises(ValueError, match="sr=44100 contradicts"):
        Player(music(), 44100)
    pytest.importorskip("matplotlib")
    assert WaveformDisplay.from_recording(music()).sr == SR


def test_a_notebook_plays_music_and_prints_what_is_none():
    shown = music(n=SR)._repr_html_()
    assert "<audio controls" in shown
    assert "1.0 s of music" in shown
    for other in (
        music()[::2],
        music()[:0],
        1j * music(),
        Music(np.zeros((2, 2, 2)), SR),
        music().T[:, :99],
        music() * np.nan,
    ):
        assert other._repr_html_() is None
