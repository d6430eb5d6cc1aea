from types import SimpleNamespace

import numpy as np
import pytest

from skmusic.features.fingerprints import compared
from skmusic.synthesis.concatenative import novelty as quotes
from skmusic.synthesis.concatenative.novelty import (
    going_along,
    quoted_by_itself,
    quoting,
    repeats,
)


def learned(n=300, seed=0):
    """Steps that are all unlike: what sounds, and how it has changed."""
    x = np.random.default_rng(seed).standard_normal((n, 2, 40))
    return x.astype(np.float32)


def make_bank(*stretches):
    ends = np.cumsum([len(x) for x in stretches])
    return SimpleNamespace(
        prints=compared(np.concatenate(stretches)),
        ends=np.repeat(ends, [len(x) for x in stretches]),
        shortest=11,
        longest=19,
    )


def nothing(bank):
    return np.zeros(len(bank.ends), np.int16)


@pytest.fixture
def twice():
    """Two recordings of 300 steps of the same music, and one of other music."""
    return make_bank(learned(), learned(), learned(seed=1))


def test_repeats_of_the_same_music_are_found_and_only_these(twice):
    source = np.arange(100, 200)
    targets = np.zeros((900, 3), np.int32)
    targets[source] = np.stack([source + 301, source + 601, source + 350], axis=1)
    found = repeats(twice.prints, twice.ends, targets)[source]
    assert found[:, 0].all()
    assert not found[:, 1].any()
    assert not found[:, 2].any()


def test_a_louder_copy_is_a_repeat():
    bank = make_bank(learned(), 1.5 * learned())
    targets = np.full((600, 1), 401, np.int32)
    assert repeats(bank.prints, bank.ends, targets)[100, 0]


def test_what_is_held_is_no_repeat():
    held = np.repeat(learned(1), 200, axis=0) * np.array([[[1], [0]]], np.float32)
    bank = make_bank(learned(), held)
    targets = np.full((500, 1), 420, np.int32)
    assert not repeats(bank.prints, bank.ends, targets)[350, 0]


def test_a_chord_that_is_held_may_go_on_elsewhere():
    """Of music of which all is held, as pads are, only the very passage is a quote."""
    held = np.repeat(learned(1), 300, axis=0)
    held[:, 1] = 0.06 * learned(300)[:, 1]
    bank = make_bank(held)
    along = nothing(bank)
    for start in (10, 60, 110):
        along = going_along(bank, along, start, np.array([19]))[0]
    assert along.nonzero()[0].tolist() == [129]
    along[129] = 100
    targets = np.array([[129, *range(160, 260)]])
    assert quoting(bank, along[None], targets)[0].nonzero()[0].tolist() == [0]


def test_a_run_goes_along_with_itself_and_with_its_repeat(twice):
    lengths = np.arange(10, 20)
    along = going_along(twice, nothing(twice), 100, lengths)
    for row, n in zip(along, lengths, strict=True):
        best = np.argsort(-row, kind="stable")[:2]
        assert set(best) == {100 + n, 400 + n}
        assert row[best[0]] == row[best[1]] == -(-n // quotes._EVERY)


def test_what_follows_a_repeat_goes_on_with_it(twice):
    lengths = np.arange(11, 13)
    along = going_along(twice, nothing(twice), 100, lengths)[1]
    longer = going_along(twice, along, 412, lengths)[1]
    assert longer[124] == longer[424] == 2 * along[112]
    elsewhere = going_along(twice, along, 700, lengths)[1]
    assert elsewhere[124] < along[112]


def test_nothing_goes_along_beyond_the_end_of_a_recording(twice):
    along = going_along(twice, nothing(twice), 290, np.arange(8, 11))
    assert along[1].max() == along[1, 299] > 0
    assert along[2].max() == 0


def test_going_on_with_a_passage_is_quoting_once_it_has_been_long_enough(twice):
    start, lengths = 100, np.arange(4, 20)
    along = going_along(twice, nothing(twice), start, lengths)
    targets = np.stack([start + 300 + lengths, start + 600 + lengths], axis=1)
    assert not quoting(twice, along, targets)[:, 1].any()
    # With the shortest run after it, it would be found about as often as the longest.
    times = -(-np.array([*lengths, twice.shortest, twice.longest]) // quotes._EVERY)
    enough = times[:-2] + times[-2] > times[-1] + quotes._MORE - quotes._RETURN
    assert 0 < enough.sum() < len(lengths)
    np.testing.assert_array_equal(quoting(twice, along, targets)[:, 0], enough)


def test_a_run_that_has_gone_along_for_too_long_should_have_ended(twice):
    lengths = np.arange(11, 60)
    along = going_along(twice, nothing(twice), 100, lengths)
    late = quoted_by_itself(twice, along)
    assert not late[lengths <= twice.longest].any()
    assert late[lengths > twice.longest + quotes._EVERY * (quotes._MORE + 1)].all()
    assert quoted_by_itself(twice, along + np.int16(9)).all()
    # Whatever comes too late, other music is no quote.
    other = np.full((len(lengths), 1), 700)
    assert not quoting(twice, along, other).any()


def test_a_passage_is_not_returned_to_after_one_run_elsewhere(twice):
    run, other = np.array([twice.longest]), np.array([twice.shortest])
    along = going_along(twice, nothing(twice), 100, run)
    place = 400 + twice.longest
    for start in (650, 750):
        along = going_along(twice, along[0], start, other)
        place += twice.shortest
        # It would go on where the recording would be by then, or a second later.
        found = quoting(twice, along, np.array([[place, place + 43]]))
        np.testing.assert_array_equal(found[0], [start == 650, False])


def test_products_of_prints_are_exact():
    bank = make_bank(learned(2000))
    x = bank.prints.astype(np.float32)
    whole = bank.prints.astype(np.int64)
    np.testing.assert_array_equal(x[:50] @ x.T, whole[:50] @ whole.T)


@pytest.mark.parametrize("shape", [(5, 2, 0), (1, 2, 3), (7, 2, 100)])
def test_prints_of_few_bands_or_steps(shape):
    prints = compared(np.zeros(shape, np.float32))
    assert prints.shape[0] == shape[0]
    assert (prints == 0).all()


def test_two_parts_are_one_run(twice):
    first, second = 4 * quotes._EVERY, 2 * quotes._EVERY
    whole = going_along(twice, nothing(twice), 100, np.array([first + second]))
    part = going_along(twice, nothing(twice), 100, np.array([first]))[0]
    then = going_along(twice, part, 100 + first, np.array([second]))
    np.testing.assert_array_equal(then, whole)


def test_what_all_passages_have_in_common_tells_no_quote():
    """Strokes of one drum are alike in all music; what is played about them is not."""
    stroke, other = 2 * learned(1, seed=5), learned(600)
    bank = make_bank(stroke + other[:300], stroke + other[300:], stroke + other[:300])
    x = bank.prints.astype(np.float32)
    alike = (x @ x.T > quotes._products(quotes._ALIKE)).reshape(3, 300, 3, 300)
    assert alike[0, :, 2, :].diagonal().all()
    assert alike[0, :, 1, :].mean() < 0.05
