from dataclasses import fields, replace

import numpy as np
import pytest
from handmade import LONGEST, MONO, SHORTEST, STEREO, notes, synthesis_of

from skmusic.persistence.checks import check_declared
from skmusic.synthesis.concatenative.context import contexts
from skmusic.synthesis.concatenative.database import BYTES_BESIDE


def test_the_database_plays_the_recordings(each):
    database = each.database
    waveforms = [notes(200, each.format, seed) for seed in range(3)]
    played = database.waveform * np.float32(database.scale)
    # To half a unit of 16 bits; plain numbers are kept as they are.
    within = 0.51 * database.scale if each.format else 0
    np.testing.assert_allclose(played, np.concatenate(waveforms), rtol=0, atol=within)


def test_units_know_where_they_are_from_and_what_is_heard_of_them(each):
    database, tokenizer = each.database, each.tokenizer
    np.testing.assert_array_equal(database.recording, np.repeat(range(3), 200))
    np.testing.assert_array_equal(database.position, np.tile(range(200), 3))
    np.testing.assert_array_equal(database.ends, np.repeat([200, 400, 600], 200))
    heard = [tokenizer.features(notes(200, each.format, seed)) for seed in range(3)]
    np.testing.assert_allclose(
        database.features, np.concatenate(heard), rtol=1e-2, atol=2e-3
    )
    before = np.concatenate([contexts(f, tokenizer)[0][:-1] for f in heard])
    error = np.abs(database.context_before(slice(None)) - before)
    assert (error <= 0.51 * database.before_scale + 1e-4).all()


def test_stretches_are_of_one_recording_and_unbroken():
    waveforms = [notes(300, seed=seed) for seed in range(2)]
    stretches = [(0, 0, 100), (0, 150, 300), (1, 20, 40)]
    database = synthesis_of(waveforms, stretches=stretches).database
    check_declared(database)
    wanted = [(i, t) for i, a, b in stretches for t in range(a, b)]
    found = [*zip(database.recording, database.position, strict=True)]
    assert found == wanted
    assert np.unique(database.ends).tolist() == [100, 250, 270]
    units = np.arange(270)
    starts = np.repeat([0, 100, 250], [100, 150, 20])
    np.testing.assert_array_equal(database.beginning(units), starts)
    assert database.units_from(99, 0) == 1
    assert database.units_from(98, 5) == 1
    size = database.samples_per_unit
    played = database.waveform[100 * size : 250 * size] * database.scale
    wanted = waveforms[0][150 * size : 300 * size]
    np.testing.assert_allclose(played, wanted, atol=0.51 * database.scale)


def test_targets_leave_room_for_the_longest_segment(each):
    database = each.database
    units, known = np.arange(len(database))[:, None], database.targets >= 0
    np.testing.assert_array_equal(np.isfinite(database.costs), known)
    assert known.any()
    assert (np.diff(np.where(known, database.costs, 6e4), axis=1) >= 0).all()
    assert np.abs(database.targets - units)[known].min() >= 2 * LONGEST
    target = database.targets[known]
    assert (target + LONGEST <= database.ends[target]).all()


def test_the_median_best_target_costs_one(mono):
    assert np.median(mono.database.costs[:, 0]) == pytest.approx(1, rel=1e-2)


def test_targets_are_better_than_chance(each):
    database = each.database
    inside = np.flatnonzero(database.ends > np.arange(len(database)) + 1)

    def distance(targets):
        after = database.context_before(inside + 1)
        there = database.context_before(targets)
        return np.square(after - there).sum(axis=1).mean()

    best = database.targets[inside, 0]
    anywhere = np.random.default_rng(0).permutation(best)
    assert distance(best) < 0.7 * distance(anywhere)


def test_how_much_returns_is_told_of_each_recording():
    verse, other = notes(450, seed=1), notes(900, seed=2)
    songs = [np.tile(verse, (3, 1)), np.concatenate([verse, other])]
    often, never = np.split(synthesis_of(songs).database.recurrence, 2)
    assert (often == often[0]).all()
    assert (never == never[0]).all()
    assert often[0] > never[0] + 0.2


def bytes_of(database):
    values = (getattr(database, field.name) for field in fields(database))
    return sum(x.nbytes for x in values if isinstance(x, np.ndarray))


@pytest.mark.parametrize("format", [MONO, STEREO, None])
def test_a_unit_takes_as_many_bytes_as_is_reckoned_at_most(format):
    database = synthesis_of([notes(800, format)], format).database
    beside = (bytes_of(database) - database.waveform.nbytes) / len(database)
    assert beside <= BYTES_BESIDE
    # In large databases targets are twice as large.
    assert format is None or beside + 128 > 0.9 * BYTES_BESIDE


# Little to play


@pytest.mark.parametrize("format", [MONO, None])
@pytest.mark.parametrize("n_steps", [1, 2, SHORTEST - 1, LONGEST, 40])
@pytest.mark.parametrize("gain", [0, 1e-6, 1, 1e6])
def test_what_is_built_of_next_to_nothing_could_be_read_back(format, n_steps, gain):
    database = synthesis_of([gain * notes(n_steps, format)], format).database
    check_declared(database)
    np.testing.assert_array_equal(np.isfinite(database.costs), database.targets >= 0)


def test_one_number_again_and_again_is_built():
    check_declared(synthesis_of([np.ones((50, 1), np.float32)], None).database)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"ends": lambda x: x + 1}, "ends"),
        ({"ends": lambda x: x[::-1]}, "ends"),
        ({"waveform": lambda x: x[:-1]}, "waveform"),
        ({"targets": lambda x: np.full_like(x, len(x))}, "targets"),
        ({"shortest": lambda x: LONGEST + 1}, "shortest"),
        ({"tokens": lambda x: x - 1000}, "tokens"),
    ],
)
def test_what_does_not_fit_together_is_refused(mono, changed, message):
    ((name, change),) = changed.items()
    database = replace(mono.database, **{name: change(getattr(mono.database, name))})
    with pytest.raises(ValueError, match=message):
        check_declared(database)
