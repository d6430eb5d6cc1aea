import numpy as np
import pytest
from test_descriptors import SR, music

from skmusic import audio
from skmusic.metrics import copying, describe, distances, evaluate
from skmusic.metrics.analysis import spectra

SPOILT = ["shuffled", "grain", "noise", "tone", "silence", "dc"]


@pytest.fixture(scope="module")
def mels(sets):
    return {name: [spectra(x, SR).log_mel for x in each] for name, each in sets.items()}


@pytest.fixture(scope="module")
def features(mels):
    """Of the reference and of each set."""
    reference = mels["reference"]
    return {name: distances.standardised(reference, x) for name, x in mels.items()}


def test_music_that_does_not_move_has_collapsed(mels):
    reference, silence = mels["reference"], mels["silence"]
    collapse = {name: distances.collapse(reference, x) for name, x in mels.items()}
    assert 0.7 < collapse["unheard"] < 1.4
    assert collapse["shuffled"] < 0.6
    assert max(collapse[name] for name in ("grain", "noise", "dc")) < 0.1
    assert distances.collapse(silence, silence) == 1


def test_unheard_music_ranks_before_spoilt_music(features):
    distance = {name: distances.frechet(*each) for name, each in features.items()}
    assert distance["reference"] == pytest.approx(0, abs=1e-3)
    assert all(distance[name] > 3 * distance["unheard"] for name in SPOILT), distance
    assert 0.2 < distances.auc(*features["unheard"]) < 0.8
    assert min(distances.density_and_coverage(*features["unheard"])) > 0.6
    for name in ("shuffled", "noise", "tone"):
        assert distances.auc(*features[name]) > 0.95, name
        assert max(distances.density_and_coverage(*features[name])) < 0.3, name


def test_constant_references_have_defined_distances(mels):
    silence, dc, noise = (mels[name] for name in ("silence", "dc", "noise"))
    assert distances.frechet(*distances.standardised(silence, silence)) == 0
    assert distances.frechet(*distances.standardised(silence[:1], noise)) > 1
    assert distances.frechet(*distances.standardised(silence[:1], silence[:1])) == 0
    assert distances.density_and_coverage(*distances.standardised(dc, dc))[1] == 1


def test_too_few_recordings_are_refused(sets):
    two = [np.zeros((99, 1))] * 2
    with pytest.raises(ValueError, match="at least 1"):
        evaluate([], two, sr=SR)
    for sets_ in (two[:1], two), (two, two[:1]):
        with pytest.raises(ValueError, match="at least two"):
            evaluate(*sets_, sr=SR)


def test_evaluate(sets):
    reference, unheard = sets["reference"], sets["unheard"]
    report = evaluate(reference, unheard, training=unheard[:1], sr=SR)
    assert report["longest_run"] > 9
    assert 0.2 < report["share_1s"] < 0.4
    inside = [d["inside"] for d in report["descriptors"].values()]
    assert np.mean(inside) > 0.6


def test_evaluate_silence_and_without_training(sets):
    report = evaluate(sets["reference"], sets["silence"], sr=SR)
    assert "share_1s" not in report
    described = report["descriptors"]
    assert not described["silence"]["inside"]
    assert not described["temporal_variance"]["inside"]


def measured(X, sr=None):
    """What each kind of function says of recordings."""
    reference = [audio.Music(audio.resample(music(1, 3), SR, 8000), 8000)]
    copied = copying(reference, X, sr, semitones=0)
    return copied, [describe(x, sr) for x in X]


def test_music_and_files_are_measured_at_their_own_rate(tmp_path):
    plain = [audio.resample(music(seed, 3), SR, 8000) for seed in (1, 3)]
    known = [audio.Music(x, 8000) for x in plain]
    assert measured(known) == measured(plain, 8000) != measured(plain)
    assert evaluate(known, known) == evaluate(plain, plain, sr=8000)
    quarter = [np.round(x * 2**15) / 2**15 for x in plain]
    paths = [tmp_path / "a.wav", tmp_path / "b.wav"]
    for path, x in zip(paths, quarter, strict=True):
        audio.write(path, x, 8000)
    assert measured(paths) == measured([audio.Music(x, 8000) for x in quarter])
    wholes = [(x * 2**15).astype(np.int16) for x in quarter]
    assert describe(wholes[0], 8000) == describe(quarter[0], 8000)
    for f in (describe, lambda x, sr: copying([x], [x], sr)):
        with pytest.raises(ValueError, match=r"sr=44100 contradicts .* 8000 Hz"):
            f(audio.Music(plain[0], 8000), 44100)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (lambda x: x, "wrap it in a list"),
        (lambda x: [x.T], "channel-first"),
        (lambda x: [np.zeros((99, 65))], "65 channels"),
        (lambda x: [x * np.nan], "NaN"),
        (lambda x: [(x, SR)], "array with something beside it"),
        (lambda x: None, "X is None"),
    ],
)
def test_what_is_no_list_of_recordings_is_refused_at_once(bad, words):
    x = np.zeros((5 * SR, 2))
    for f in (copying, evaluate):
        with pytest.raises(ValueError, match=words):
            f([x, x], bad(x))
