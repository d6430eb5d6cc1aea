from dataclasses import replace

import numpy as np
import pytest
from handmade import MONO, STEREO, notes, synthesis_of
from test_synthesis import alike, begun, frames_of, piece

from skmusic.synthesis.concatenative.target import (
    Target,
    energy_of,
    target_cost,
    traits_of,
)
from skmusic.synthesis.controls import Controls

N = 240


def fading(n_steps, format=MONO, seed=0):
    """Notes that come in, and of which the last rings."""
    x = notes(n_steps, format, seed)
    gain = np.interp(np.arange(len(x)), [0, len(x) / 3, len(x)], [0.2, 1, 0.02])
    return (x * gain[:, None]).astype(np.float32)


@pytest.fixture(scope="module", params=["mono", "stereo"])
def made(request):
    format = MONO if request.param == "mono" else STEREO
    return synthesis_of([fading(300, format, seed) for seed in range(4)], format)


def controls(name, format):
    x = frames_of(notes(200, format, 7), format)
    return {
        "style": Controls(style=[(0, x), (3, [(x[:80], 1), (x, 2)])]),
        "energy": Controls(energy=[0.0, 1.0, 0.5]),
        "loudness": Controls(energy=x),
        "vary": Controls(vary=x),
        "until": Controls(until=x),
        "begin": Controls(begin=True),
        "end": Controls(end=True),
        "all": Controls(style=x, energy=[(0, 0.5)], vary=x, begin=True, end=True),
    }[name]


NAMES = "style", "energy", "loudness", "vary", "until", "begin", "end", "all"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("parts", [(120, 120), (1, 230, 9)])
def test_a_piece_in_parts_is_the_piece_whatever_is_asked(made, name, parts):
    asked = made.asked(controls(name, made.format), N)
    whole, samples, after = piece(made, begun(made, asked=asked), N)
    state, found, origins = begun(made, asked=asked), [], []
    for n in parts:
        x, origin, state = piece(made, state, n)
        found.append(x)
        origins.append(origin)
    alike(np.concatenate(found), whole)
    alike(np.concatenate(origins), samples)
    alike(piece(made, state, 40)[0], piece(made, after, 40)[0])


@pytest.mark.parametrize("name", NAMES)
def test_what_is_asked_makes_another_piece(made, name):
    asked = made.asked(controls(name, made.format), N)
    plain = piece(made, begun(made), N)[0]
    assert np.abs(piece(made, begun(made, asked=asked), N)[0] - plain).max() > 0
    if name not in ("begin", "all"):
        changed = piece(made, made.change(begun(made), asked), N)[0]
        assert np.abs(changed - plain).max() > 0


def test_nothing_asked_is_no_target_and_costs_nothing(mono):
    assert mono.asked(Controls(), N) is None
    assert begun(mono).target is None
    units = np.arange(len(mono.database))[None]
    step = np.array([[7]])
    traits = traits_of(mono.database)
    assert not target_cost(mono.database, traits, Target(), units, step).any()
    state = begun(mono)
    alike(piece(mono, replace(state, step=99), N)[0], piece(mono, state, N)[0])


def test_the_ends_of_recordings_are_those_of_pieces(made):
    asked = made.asked(controls("all", made.format), N)
    frames, samples, _ = piece(made, begun(made, asked=asked), N)
    database, size = made.database, made.database.samples_per_unit
    assert database.position[samples[0] // size] == 0
    per_step = size // made.format.hop_length
    last = np.flatnonzero(np.abs(frames).max(axis=1))[-1]
    assert N - 12 * per_step <= last < N
    assert database.to_end[samples[last - 2 * per_step] // size] <= 4


def test_the_only_end_there_is_ends_a_piece_that_has_played_it():
    made = synthesis_of([fading(150)])
    for seed in range(4):
        asked = made.asked(Controls(end=True), 1500)
        state = begun(made, asked=asked, seed=seed)
        frames, samples, _ = piece(made, state, 1500)
        last = np.flatnonzero(np.abs(frames).max(axis=1))[-1]
        assert made.database.to_end[samples[last - 4] // MONO.step] <= 4


def test_a_piece_is_silent_after_its_end(made):
    asked = made.asked(controls("end", made.format), 200)
    _, _, state = piece(made, begun(made, asked=asked), 200)
    assert not piece(made, state, 300)[0].any()


def test_louder_is_louder(made):
    def loudness(energy):
        asked = made.asked(Controls(energy=energy), N)
        return np.square(piece(made, begun(made, asked=asked), N)[0]).mean()

    assert loudness(1.0) > 1.5 * loudness(0.0)


def test_a_database_is_as_loud_as_itself(made):
    database, tokenizer = made.database, made.tokenizer
    features = database.features[:300].astype(np.float32)
    found = energy_of(database, features, tokenizer)
    wanted = traits_of(database).energy[:300]
    assert np.corrcoef(found[20:-20, 0], wanted[20:-20, 0])[0, 1] > 0.8


def test_all_of_it_is_no_variation(made):
    x = frames_of(notes(200, made.format, 7), made.format)
    free = made.asked(Controls(vary=x, amount=1), N)
    assert free.target is None
    alike(piece(made, begun(made, asked=free), N)[0], piece(made, begun(made), N)[0])


def test_what_is_asked_beside_a_variation_takes_the_place_of_its_own(made):
    x, y = (frames_of(notes(200, made.format, k), made.format) for k in (7, 8))
    asked = made.asked(Controls(vary=x, style=y, energy=[1.0]), N)
    alone = made.asked(Controls(vary=x), N)
    assert asked.target.styles is None
    alike(asked.style, made.asked(Controls(style=y), N).style)
    assert (asked.target.energy[1] == 1).all()
    assert asked.target.energy_share == 1 > alone.target.energy_share
    alike(asked.target.music, alone.target.music)
    assert alone.target.styles is not None


def test_what_was_not_kept_is_not_asked_for():
    part = synthesis_of([notes(300)], stretches=[(0, 100, 200)])
    with pytest.raises(ValueError, match="end=True, but of no recording"):
        part.asked(Controls(end=True), N)
    database = replace(part.database, position=part.database.position + 10_000)
    with pytest.raises(ValueError, match="begin=True, but of no recording"):
        replace(part, database=database).asked(Controls(begin=True), N)


def test_plain_numbers_have_no_loudness_but_all_else():
    numbers = synthesis_of([notes(200, None, seed) for seed in range(3)], None)
    x = notes(50, None, 7)
    with pytest.raises(ValueError, match="plain numbers have no loudness"):
        numbers.asked(Controls(energy=[0.5]), 50)
    with pytest.raises(ValueError, match="plain numbers have no loudness"):
        numbers.asked(Controls(energy=x), 50)
    for asked in (
        Controls(begin=True, end=True),
        Controls(vary=x),
        Controls(until=x),
        Controls(style=[(0, x), (1, x[:20])]),
    ):
        state = begun(numbers, asked=numbers.asked(asked, 50))
        assert piece(numbers, state, 50)[0].shape == (50, 3)
