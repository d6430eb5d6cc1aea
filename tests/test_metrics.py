import numpy as np
import pytest
from scipy.signal import butter, sosfilt
from soxr import resample
from test_descriptors import SR, looped, music

from skmusic.metrics import (
    classifier_auc,
    collapse_index,
    copying,
    density_coverage,
    evaluate,
    frechet_distance,
)

SHAPE = (10 * SR, 2)


def shuffled(x, seconds):
    size = int(seconds * SR)
    grains = x[: len(x) // size * size].reshape(-1, size, 2)
    return np.random.default_rng(0).permutation(grains).reshape(-1, 2)


@pytest.fixture(scope="module")
def sets():
    rng = np.random.default_rng(0)
    t = np.arange(SHAPE[0])[:, None] / SR
    unheard = [music(seed, 10) for seed in range(10, 14)]
    return {
        "reference": [music(seed, 10) for seed in range(6)],
        "unheard": unheard,
        "shuffled": [shuffled(x, 0.05) for x in unheard],
        "grain": [looped(x, 0.05) for x in unheard],
        "noise": [0.1 * rng.standard_normal(SHAPE) for _ in unheard],
        "tone": [np.sin(2 * np.pi * f * t) * [0.3, 0.3] for f in (220, 300, 440, 600)],
        "silence": [np.zeros(SHAPE) for _ in unheard],
        "dc": [np.full(SHAPE, 0.25) for _ in unheard],
    }


SPOILT = ["shuffled", "grain", "noise", "tone", "silence", "dc"]


def test_collapse_index(sets):
    reference = sets["reference"]
    assert 0.7 < collapse_index(reference, sets["unheard"], sr=SR) < 1.4
    assert collapse_index(reference, sets["shuffled"], sr=SR) < 0.6
    for name in ("grain", "noise", "dc"):
        assert collapse_index(reference, sets[name], sr=SR) < 0.1, name
    assert collapse_index(sets["silence"], sets["silence"], sr=SR) == 1


def test_set_metrics_rank_unheard_music_before_spoilt_music(sets):
    reference = sets["reference"]
    distance = {
        name: frechet_distance(reference, generated, sr=SR)
        for name, generated in sets.items()
    }
    assert distance["reference"] == pytest.approx(0, abs=1e-3)
    assert all(distance[name] > 3 * distance["unheard"] for name in SPOILT), distance
    assert 0.2 < classifier_auc(reference, sets["unheard"], sr=SR) < 0.8
    density, coverage = density_coverage(reference, sets["unheard"], sr=SR)
    assert density > 0.6
    assert coverage > 0.6
    for name in ("shuffled", "noise", "tone"):
        assert classifier_auc(reference, sets[name], sr=SR) > 0.95, name
        density, coverage = density_coverage(reference, sets[name], sr=SR)
        assert density < 0.3, name
        assert coverage < 0.3, name


def test_constant_references_have_defined_distances(sets):
    assert frechet_distance(sets["silence"], sets["silence"], sr=SR) == 0
    assert frechet_distance(sets["silence"][:1], sets["noise"], sr=SR) > 1
    assert frechet_distance([np.zeros((99, 1))], [np.zeros((99, 1))], sr=SR) == 0
    assert density_coverage(sets["dc"], sets["dc"], sr=SR)[1] == 1


def test_too_few_recordings_are_refused(sets):
    with pytest.raises(ValueError, match="at least one"):
        collapse_index([], sets["tone"], sr=SR)
    with pytest.raises(ValueError, match="at least two"):
        classifier_auc(sets["tone"][:1], sets["noise"], sr=SR)
    with pytest.raises(ValueError, match="at least two"):
        density_coverage(sets["tone"][:1], sets["noise"], sr=SR)


def disguised(x, disguise):
    rng = np.random.default_rng(0)
    return {
        "verbatim": lambda: x,
        "level": lambda: x / 20,
        "noise": lambda: x + rng.standard_normal(x.shape) * x.std() / 10,
        "lowpass": lambda: sosfilt(butter(6, 2000, fs=SR, output="sos"), x, axis=0),
        "higher": lambda: resample(x, SR * 2 ** (2 / 12), SR),
        "lower": lambda: resample(x, SR * 2 ** (-3 / 12), SR),
    }[disguise]()


@pytest.mark.parametrize(
    "disguise", ["verbatim", "level", "noise", "lowpass", "higher", "lower"]
)
def test_copies_are_found(sets, disguise):
    copy = disguised(sets["reference"][2][30011 : 30011 + 6 * SR], disguise)
    found = copying(sets["reference"], [copy], sr=SR)
    assert found["share_1s"] > 0.9
    assert found["share_250ms"] > 0.9
    assert found["longest_run"] == pytest.approx(len(copy) / SR, rel=0.15)


def test_share_is_of_all_generated_music(sets):
    half = np.vstack([sets["unheard"][0][: 4 * SR], sets["reference"][0][: 4 * SR]])
    found = copying(sets["reference"], [half], sr=SR, semitones=0)
    assert found["share_1s"] == pytest.approx(0.5, abs=0.1)
    assert found["longest_run"] == pytest.approx(4, abs=0.3)


def test_new_music_is_not_copied(sets):
    for name in ("unheard", "noise", "tone", "silence", "dc"):
        found = copying(sets["reference"], sets[name], sr=SR)
        assert found["share_1s"] < 0.05, name
        assert found["share_250ms"] < 0.1, name


def test_splices_are_copied_in_short_windows_only(sets):
    rng = np.random.default_rng(0)
    size = SR // 2
    starts = rng.integers(0, SHAPE[0] - size, 16)
    songs = rng.integers(0, 6, 16)
    pieces = [
        sets["reference"][song][start : start + size]
        for song, start in zip(songs, starts, strict=True)
    ]
    found = copying(sets["reference"], [np.vstack(pieces)], sr=SR)
    assert found["share_1s"] < 0.2
    assert found["share_250ms"] > 0.85


def test_no_pitch_search_finds_no_pitch_changes(sets):
    copy = disguised(sets["reference"][2][: 6 * SR], "higher")
    assert copying(sets["reference"], [copy], sr=SR, semitones=0)["share_1s"] < 0.1


def test_too_short_recordings_are_not_copied():
    short = np.random.default_rng(0).standard_normal((500, 1))
    assert copying([short], [short], sr=SR)["longest_run"] == 0


def test_evaluate(sets):
    reference, unheard = sets["reference"], sets["unheard"]
    report = evaluate(reference, unheard, training=unheard[:1], sr=SR)
    assert report["longest_run"] > 9
    assert 0.2 < report["share_1s"] < 0.4
    assert report["collapse_index"] == collapse_index(reference, unheard, sr=SR)
    assert report["frechet_distance"] == frechet_distance(reference, unheard, sr=SR)
    assert report["classifier_auc"] == classifier_auc(reference, unheard, sr=SR)
    both = report["density"], report["coverage"]
    assert both == density_coverage(reference, unheard, sr=SR)
    inside = [d["inside"] for d in report["descriptors"].values()]
    assert np.mean(inside) > 0.6


def test_evaluate_silence_and_without_training(sets):
    report = evaluate(sets["reference"], sets["silence"], sr=SR)
    assert "share_1s" not in report
    described = report["descriptors"]
    assert not described["silence"]["inside"]
    assert not described["temporal_variance"]["inside"]
