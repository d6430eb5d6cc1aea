"""Laws of what can be asked of the neural synthesis."""

from dataclasses import replace

import numpy as np
import pytest
from neural_helpers import begin, play

from skmusic.network.numpy_flow import schedule
from skmusic.spectra.reframing import step_of, step_seconds
from skmusic.synthesis.controls import Controls
from skmusic.synthesis.neural.asking import in_key
from skmusic.synthesis.neural.conditions import Asked
from skmusic.synthesis.neural.drawing import draw

IN_KEY = Controls(key="D minor")


# But a seed can be heard in another tempo, and what a state has heard stays.
def test_a_state_can_be_asked_what_a_seed_can(fitted):
    (x, *_), neural = fitted
    controls = Controls(energy=[(0, 0.2), (0.4, 1)])
    state = begin(neural, x[:300])
    asked = neural.asked(controls, 40)
    changed = play(neural, neural.change(state, asked), 40)[0]
    known = play(neural, begin(neural, x[:300], controls, 40), 40)[0]
    np.testing.assert_array_equal(changed, known)
    assert not np.allclose(known, play(neural, state, 40)[0])


def test_where_nothing_is_asked_nothing_is_changed(fitted):
    _, neural = fitted
    assert neural.asked(Controls(), 40) is None


@pytest.mark.parametrize("bpm", [40, 96.5, 240])
def test_a_tempo_is_that_of_a_clock(fitted, bpm):
    (x, *_), neural = fitted
    state = begin(neural, x[:300], Controls(tempo=bpm))
    before = state.context.moment
    _, (after,) = neural.advance([state], 64, 1.0, id)
    moment, seconds = after.context.moment, step_seconds(neural.format)
    n_steps = moment.n_steps - before.n_steps
    beats = moment.beat - before.beat
    assert beats == pytest.approx(n_steps * seconds * bpm / 60)
    assert moment.strength == pytest.approx(neural.beats[:, 1].max())


def test_nothing_of_another_tempo_is_gone_on_with(fitted):
    (x, *_), neural = fitted
    state = begin(neural, x[:300])
    assert state.context.match[1] > 0
    tempo = state.context.moment.tempo
    other = neural.change(state, Asked(tempo=1.5 * tempo)).context
    assert other.match[1] == 0
    same = neural.change(state, Asked(tempo=tempo)).context
    np.testing.assert_array_equal(same.match, state.context.match)


def test_a_curve_is_spread_over_the_piece_or_told_in_seconds(fitted):
    _, neural = fitted
    spread = neural.asked(Controls(energy=[0, 1, 0]), 80).energy
    np.testing.assert_allclose(spread[0][1:], [spread[0][2] / 2, spread[0][2]])
    assert spread[1].tolist() == [0, 1, 0]
    at, levels = neural.asked(Controls(energy=[(1, 0.2), (3, 0.9)]), 80).energy
    np.testing.assert_allclose(at * step_seconds(neural.format), [1, 3])
    assert levels.tolist() == [0.2, 0.9]


def test_a_recording_is_followed_however_loud_it_is(fitted):
    (x, *_), neural = fitted
    x = np.asarray(x[:400])
    swell = x * np.linspace(0.01, 1, len(x))[:, None]
    at, level = neural.asked(Controls(energy=swell), 80).energy
    assert level.min() >= 0
    assert level.max() <= 1
    assert np.corrcoef(at, level)[0, 1] > 0.7
    _, other = neural.asked(Controls(energy=0.3 * swell), 80).energy
    # Near silence levels are not in proportion.
    assert np.corrcoef(other, level)[0, 1] > 0.9
    np.testing.assert_allclose(other[-20:], level[-20:], atol=0.1)
    with pytest.raises(ValueError, match="energy has too few frames"):
        neural.asked(Controls(energy=x[:0]), 80)


@pytest.mark.parametrize("tempo", [39.9, 241, np.nan])
def test_no_tempo_out_of_range_is_taken(tempo):
    with pytest.raises(ValueError, match="give 40 to 240 beats a minute"):
        Controls(tempo=tempo)


@pytest.mark.parametrize("tempo", ["120", True, [120], 1j])
def test_a_tempo_is_a_number(tempo):
    with pytest.raises(TypeError, match="number of beats a minute such as 120"):
        Controls(tempo=tempo)


def test_a_tempo_that_may_not_be_heard_is_warned_of(fitted):
    (x, *_), neural = fitted
    still = replace(neural, beats=0 * neural.beats)
    with pytest.warns(UserWarning, match="tempo=97 .* has a clear beat"):
        begin(still, x[:300], Controls(tempo=97))


def test_a_key_that_may_not_be_heard_is_warned_of(fitted):
    (x, *_), neural = fitted
    shape = 64 * step_of(neural.format), neural.format.n_channels
    noise = np.random.default_rng(0).normal(0, 0.1, shape)
    steps = neural.vocoder.analyse(noise)
    with pytest.warns(UserWarning, match="has no pitch, only noise or drums"):
        in_key(neural, steps, (2, "major"))
    in_key(neural, neural.prime(x[:300])[0], (2, "major"))  # warns of nothing


def test_notes_that_are_not_of_the_key_are_softer_and_heard_so(fitted):
    (x, *_), neural = fitted
    state = begin(neural, x[:300], IN_KEY)
    free = replace(state.context, moment=state.context.moment._replace(foreign=None))
    steps, codes = [], []
    for context in (free, state.context):
        times, rng = schedule(neural.network["flow"]), np.random.RandomState(0)
        args = neural.code.n_steps, 1.0, times, rng
        found, _, after = draw(neural, state.lstm, context, *args)
        steps.append(found)
        codes.append(after.code)
    foreign = state.context.moment.foreign
    assert 0 < np.count_nonzero(foreign) < len(foreign)
    softer = (steps[0] - steps[1])[:, : len(foreign)]
    np.testing.assert_allclose(softer, np.tile(foreign, (len(softer), 1)), atol=1e-4)
    heard = neural.code.within(neural.code.encode(steps[1])[0])
    np.testing.assert_array_equal(codes[1], heard)
