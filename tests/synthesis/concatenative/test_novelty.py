"""What a piece was in lately, it does not go on with, nor with what sounds as that."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from handmade import LONGEST, notes, synthesis_of
from test_selection import SURE, segments

from skmusic.features.fingerprints import UNIT, whitened
from skmusic.synthesis.concatenative.novelty import (
    count_matches,
    goes_too_long,
    quotes_on,
    repeats,
    was_played,
)
from skmusic.synthesis.sampling import SamplingParameters

# Of pieces, whatever the form of the constraint.


@pytest.fixture(scope="module")
def copied():
    """A recording, the same again a little louder, and three others."""
    x = [notes(250, seed=seed) for seed in range(4)]
    return synthesis_of([x[0], 1.2 * x[0], *x[1:]])


def place(unit):
    """Where a unit is in the music, the same in both copies."""
    return unit - 250 if 250 <= unit < 500 else unit


@pytest.mark.parametrize("sampling", [SURE, SamplingParameters()])
@pytest.mark.parametrize("seed", range(3))
def test_what_was_just_played_is_not_gone_on_with_in_a_copy(copied, sampling, seed):
    chosen, _ = segments(copied, 40, sampling, seed=seed)
    for s in chosen:
        first, target = place(s.start), place(s.target)
        # Neither from within the segment, nor as it goes on itself.
        assert not first <= target <= first + s.length + 2


def test_a_piece_is_not_long_in_one_passage_or_its_copies(copied):
    """Though it may leave it for a segment in between."""
    for seed in range(3):
        chosen, _ = segments(copied, 60, seed=seed)
        longest = matches = 0
        for a, b in pairwise(chosen):
            goes_on = abs(place(b.start) - place(a.start) - a.length) <= 2
            matches = matches + b.length if goes_on else b.length
            longest = max(longest, matches)
        assert longest <= 2 * LONGEST


def test_a_piece_does_not_go_in_circles(mono):
    """Nowhere is played again while there is music that was not."""
    for seed in range(3):
        units = [s.start for s in segments(mono, 40, seed=seed)[0]]
        near = np.abs(np.subtract.outer(units, units)) <= 2
        assert np.triu(near, 1).sum() <= 2


def test_where_there_is_one_passage_only_the_piece_goes_on():
    x = notes(40)
    chosen, _ = segments(synthesis_of([x, x, x]), 30)
    assert len(chosen) == 30


# Of fingerprints


def unlike(n=300, seed=0):
    """Steps that are all unlike: what sounds, and how it has changed."""
    x = np.random.default_rng(seed).standard_normal((n, 2, 40))
    return x.astype(np.float32)


def database_of(*stretches):
    lengths = [len(x) for x in stretches]
    return SimpleNamespace(
        fingerprints=whitened(np.concatenate(stretches)),
        ends=np.repeat(np.cumsum(lengths), lengths),
        shortest=11,
        longest=19,
    )


def nothing(database):
    return np.zeros(len(database.ends), np.int16)


@pytest.fixture(scope="module")
def twice():
    """Two recordings of 300 units of the same music, and one of other music."""
    return database_of(unlike(), unlike(), unlike(seed=1))


@pytest.mark.parametrize("gain", [1, 1.5])
def test_repeats_of_the_same_music_are_found_and_only_these(gain):
    database = database_of(unlike(), gain * unlike(), unlike(seed=1))
    source = np.arange(100, 200)
    targets = np.zeros((900, 3), np.int32)
    targets[source] = np.stack([source + 301, source + 601, source + 350], axis=1)
    found = repeats(database.fingerprints, database.ends, targets)[source]
    assert found[:, 0].all()
    assert not found[:, 1:].any()


def test_what_is_held_is_no_repeat():
    held = np.repeat(unlike(1), 200, axis=0) * np.array([[[1], [0]]], np.float32)
    database = database_of(unlike(), held)
    targets = np.full((500, 1), 420, np.int32)
    assert not repeats(database.fingerprints, database.ends, targets)[350, 0]


def test_a_segment_goes_along_with_itself_and_with_its_copy(twice):
    lengths = np.arange(10, 20)
    matches = count_matches(twice, nothing(twice), 100, lengths)
    for row, n in zip(matches, lengths, strict=True):
        best = np.argsort(-row, kind="stable")[:2]
        assert set(best) == {100 + n, 400 + n}
        assert row[best[0]] == row[best[1]] > 0


def test_what_follows_a_copy_goes_on_with_it(twice):
    lengths = np.arange(12, 13)
    matches = count_matches(twice, nothing(twice), 100, lengths)[0]
    longer = count_matches(twice, matches, 412, lengths)[0]
    assert longer[124] == longer[424] == 2 * matches[112]
    elsewhere = count_matches(twice, matches, 700, lengths)[0]
    assert elsewhere[124] < matches[112]


def test_nothing_goes_along_beyond_the_end_of_a_recording(twice):
    matches = count_matches(twice, nothing(twice), 290, np.arange(8, 11))
    assert matches[1].max() == matches[1, 299] > 0
    assert matches[2].max() == 0


def test_to_go_on_with_a_passage_is_to_quote_it_once_it_was_long_enough(twice):
    lengths = np.arange(4, 20)
    matches = count_matches(twice, nothing(twice), 100, lengths)
    targets = np.stack([400 + lengths, 700 + lengths], axis=1)
    quoted = quotes_on(twice, matches, targets)
    assert not quoted[:, 1].any()
    assert (np.diff(quoted[:, 0].astype(int)) >= 0).all()
    assert quoted[-1, 0] > quoted[0, 0]


def test_a_segment_that_has_gone_along_for_too_long_should_have_ended(twice):
    lengths = np.arange(11, 80)
    matches = count_matches(twice, nothing(twice), 100, lengths)
    late = goes_too_long(twice, matches)
    assert not late[lengths <= twice.longest].any()
    assert (np.diff(late.astype(int)) >= 0).all()
    assert late[-1]
    # Whatever comes too late, other music is no quote.
    other = np.full((len(lengths), 1), 700)
    assert not quotes_on(twice, matches, other).any()


def test_two_parts_are_one_segment(twice):
    whole = count_matches(twice, nothing(twice), 100, np.array([18]))
    part = count_matches(twice, nothing(twice), 100, np.array([12]))[0]
    then = count_matches(twice, part, 112, np.array([6]))
    np.testing.assert_array_equal(then, whole)


def test_what_was_played_is_told_with_what_is_about_it():
    played = ((1000, 12), (5000, 15))
    units = np.arange(900, 1100)
    found = np.flatnonzero(was_played(units, played)) + 900
    assert {*range(1000, 1012)} < {*found}
    assert len(found) == np.ptp(found) + 1
    assert np.ptp(found) < 100


def test_what_is_alike_in_all_music_is_no_copy():
    """Strokes of one drum are alike; what is played about them is not."""
    stroke, other = 2 * unlike(1, seed=5), unlike(600)
    parts = [other[:300], other[300:], other[:300]]
    database = database_of(*(stroke + x for x in parts))
    matches = count_matches(database, nothing(database), 100, np.array([19]))[0]
    assert matches[719] == matches[119] > 0
    assert matches[300:600].max() < matches[719] / 2


def test_products_of_fingerprints_are_exact():
    prints = whitened(unlike(2000))
    x, whole = prints.astype(np.float32), prints.astype(np.int64)
    np.testing.assert_array_equal(x[:50] @ x.T, whole[:50] @ whole.T)
    assert np.square(whole).sum(axis=1).max() <= 1.05 * UNIT**2
