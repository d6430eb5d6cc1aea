from dataclasses import replace

import numpy as np
import pytest
from handmade import MONO, notes, synthesis_of

from skmusic.synthesis.concatenative.rendering import crossfade, limited, render
from skmusic.synthesis.concatenative.sampler import prime, start
from skmusic.synthesis.concatenative.selection import Segment
from skmusic.synthesis.sampling import SamplingParameters

SIZE = MONO.step


def silent(synthesis):
    """State that has played nothing."""
    nothing = synthesis.database.features[:0].astype(np.float32)
    args = synthesis.database, synthesis.network, nothing, synthesis.tokenizer
    primed = prime(*args, SamplingParameters())
    rng = np.random.RandomState(0)
    return start(synthesis.database, primed, SamplingParameters(), rng)


def played(synthesis, segments, shifts=None):
    """State after segments ``(start, length)``, the last of which goes on by itself."""
    state, shifts = silent(synthesis), [*(shifts or [0] * len(segments)), 0]
    targets = [unit for unit, _ in segments[1:]] + [sum(segments[-1])]
    targets[-1] = min(targets[-1], len(synthesis.database) - 1)
    for i, ((unit, n), target) in enumerate(zip(segments, targets, strict=True)):
        segment = Segment(unit, n, target, shifts[i], shifts[i + 1])
        state = render(synthesis.database, state, segment)
    return state


def wave(database, first, last):
    """Samples of the database."""
    return database.waveform[first:last] * np.float32(database.scale)


@pytest.mark.parametrize("shift", [0, 70, -70])
def test_to_go_on_in_the_recording_is_to_play_it(each, shift):
    """Where both sides of a fade are the same, it gives themselves."""
    database, size = each.database, each.database.samples_per_unit
    shift = shift if size > 1 else 0
    segments = [(100, 12), (112, 5), (117, 9)]
    state = played(each, segments, [shift] * 3)
    wanted = wave(database, 100 * size + shift, 126 * size + shift)
    end = len(wanted) - 4 * size  # there the shift ends
    np.testing.assert_allclose(state.pending[:end], wanted[:end], atol=1e-4)


def test_a_segment_is_played_as_it_is_between_its_fades(mono):
    state = played(mono, [(100, 12), (700, 12)])
    between = slice(4 * SIZE, 8 * SIZE)
    alone = wave(mono.database, 100 * SIZE, 112 * SIZE)[between]
    np.testing.assert_allclose(state.pending[between], alone, atol=1e-6)
    second = wave(mono.database, 700 * SIZE, 712 * SIZE)[between]
    np.testing.assert_allclose(state.pending[12 * SIZE :][between], second, atol=1e-6)


def test_lengths_and_origins_add_up(each):
    size = each.database.samples_per_unit
    segments = [(20, 7), (150, 12), (3, 5), (350, 9)]
    state = played(each, segments)
    assert len(state.pending) == size * sum(n for _, n in segments)
    wanted = np.concatenate([np.arange(a, a + n) for a, n in segments]) * size
    np.testing.assert_array_equal(state.origins, wanted)
    assert state.pending.dtype == np.float32


@pytest.mark.parametrize("shift", [-90, 0, 90])
def test_origins_are_of_what_is_heard(mono, shift):
    state = played(mono, [(100, 12), (700, 12)], [shift, 0])
    for step in (4, 5, 6, 7, 16, 19):
        here = state.pending[step * SIZE : (step + 1) * SIZE]
        there = wave(mono.database, state.origins[step], state.origins[step] + SIZE)
        np.testing.assert_allclose(here, there, atol=1e-6)


def test_plain_numbers_are_not_mixed():
    synthesis = synthesis_of([notes(100, None)], None)
    state = played(synthesis, [(10, 7), (60, 12)])
    wanted = synthesis.database.waveform[[*range(10, 17), *range(60, 72)]]
    np.testing.assert_array_equal(state.pending, wanted)


# Fades


def noise(n=40_000, seed=0):
    x = np.random.default_rng(seed).standard_normal((n, 2))
    return x.astype(np.float32)


@pytest.mark.parametrize("common", [-0.4, 0.0, 0.5, 0.9, 1.0])
def test_a_fade_keeps_the_power_whatever_two_waveforms_have_in_common(common):
    old = noise()
    new = common * old + np.sqrt(1 - common**2) * noise(seed=1)
    power = np.square(crossfade(old, new)).mean(axis=1).reshape(8, -1).mean(axis=1)
    np.testing.assert_allclose(power, 1, atol=0.06)


def test_a_fade_begins_with_one_and_ends_with_the_other():
    old, new = noise(), noise(seed=1)
    mixed = crossfade(old, new)
    np.testing.assert_allclose(mixed[:5], old[:5], atol=1e-3)
    np.testing.assert_allclose(mixed[-5:], new[-5:], atol=1e-3)


def test_a_waveform_faded_into_itself_is_itself_and_silence_is_silence():
    x = noise()
    np.testing.assert_allclose(crossfade(x, x), x, rtol=1e-5)
    assert not crossfade(0 * x, 0 * x).any()


def test_a_fade_into_the_opposite_is_finite_and_no_louder_than_twice():
    x = noise()
    mixed = crossfade(x, -x)
    assert np.square(mixed).mean() < 2 * np.square(x).mean()


CLICKS = [
    [(100, 12), (0, 12), (700, 12)],  # the beginning of a stretch
    [(288, 12), (700, 12)],  # the end of one
    [(288, 12), (300, 12)],  # the end of one, and the beginning of another
    [(297, 3), (600, 12), (298, 2), (900, 1), (150, 5)],  # short segments
    [(299, 1), (300, 1), (299, 1), (0, 1), (300, 12)],
]


@pytest.mark.parametrize("segments", CLICKS)
@pytest.mark.parametrize("shortest", [2, 5, 12])
def test_there_is_no_click_wherever_a_segment_begins_or_ends(segments, shortest):
    """Of slow waves no sample is far from the one before, at no concatenation."""
    t = np.arange(300 * SIZE)[:, None]
    waves = [np.cos(2 * np.pi * k * t / 2000) for k in (1, 1.3, 1.7, 2.1)]
    synthesis = synthesis_of([x.astype(np.float32) for x in waves], shortest=shortest)
    state = played(synthesis, segments)
    steepest = np.abs(np.diff(waves[-1], axis=0)).max()
    # The shortest fade takes half a step, along a sine.
    assert np.abs(np.diff(state.pending, axis=0)).max() < 1.5 * steepest + 4 / SIZE


def test_states_are_left_as_they_are(mono):
    state = silent(mono)
    first = played(mono, [(100, 12)])
    tail = first.tail.copy()
    render(mono.database, first, Segment(700, 12, 100, 0, 0))
    np.testing.assert_array_equal(first.tail, tail)
    assert len(state.pending) == 0


# The limit


def test_no_sample_is_beyond_the_limit_and_what_is_below_is_as_it_is():
    x = np.linspace(-1e5, 1e5, 10_001, dtype=np.float32)[:, None]
    y = limited(x)
    assert np.abs(y).max() <= 1.1 * 32767
    assert (np.diff(y, axis=0) >= 0).all()
    below = np.abs(x) <= 32767
    np.testing.assert_array_equal(y[below], x[below])
    # Continuous, so that there is no border to hear.
    assert np.abs(np.diff(y, axis=0)).max() <= np.diff(x, axis=0).max() * 1.01


def test_what_is_played_is_hardly_louder_than_the_recordings(mono):
    rng = np.random.default_rng(0)
    state = played(mono, [(int(a), 9) for a in rng.integers(0, 1180, 60)])
    loudest = np.abs(mono.database.waveform.astype(float)).max() * mono.database.scale
    assert np.abs(state.pending).max() <= 1.1 * loudest * (1 + 1e-6)


def test_rendering_in_parts_is_rendering_the_whole(mono):
    segments = [(100, 12), (700, 9), (450, 11)]
    whole = played(mono, segments)
    state, parts = silent(mono), []
    for (unit, n), target in zip(segments, (700, 450, 461), strict=True):
        state = render(mono.database, state, Segment(unit, n, target, 0, 0))
        parts.append(state.pending)
        state = replace(state, pending=state.pending[:0])
    np.testing.assert_array_equal(np.concatenate(parts), whole.pending)
