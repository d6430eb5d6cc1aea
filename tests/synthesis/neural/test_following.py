"""Laws of pieces that keep a style, follow a recording, begin, end and arrive."""

import numpy as np
import pytest
from neural_helpers import begin, play, steps_of

from skmusic.features.keys import find_key, semitones_between
from skmusic.features.style import style_of, styles
from skmusic.synthesis.controls import Controls
from skmusic.synthesis.neural import drawing
from skmusic.synthesis.neural.asking import FAR, in_key, in_tempo
from skmusic.synthesis.neural.conditions import Conditions, followed
from skmusic.utils.keys import parse_key


def codes_of(neural, frames):
    return neural.code.encode(steps_of(neural, frames))


def style_in(neural, frames):
    return style_of(neural.code, steps_of(neural, frames))


@pytest.fixture(scope="module")
def two(fitted):
    (x, y, _), neural = fitted
    return x[:300], y[:300], neural


def test_a_style_is_the_mean_of_codes_and_a_blend_that_of_styles(two):
    x, y, neural = two
    first, second = (style_in(neural, z) for z in (x, y))
    told = begin(neural, x, Controls(style=y)).context.moment.style
    np.testing.assert_allclose(told, second)
    blend = Controls(style=[(x, 1), (y, 3)])
    told = begin(neural, x, blend).context.moment.style
    np.testing.assert_allclose(told, 0.25 * first + 0.75 * second, rtol=1e-5)


def test_a_path_of_styles_goes_from_one_to_the_other(two):
    x, y, neural = two
    first, second = (style_in(neural, z) for z in (x, y))
    state = begin(neural, x, Controls(style=[(0, x), (0.5, y)]))
    shares = []
    for _ in range(4):
        way = second - first
        told = state.context.moment.style
        shares.append(float((told - first) @ way / (way @ way)))
        _, state = play(neural, state, 40)
    assert shares[0] == pytest.approx(0)
    assert 0 < shares[1] < 1
    assert shares[-1] == pytest.approx(1)


def test_without_a_seed_a_piece_has_the_style_of_a_recording(fitted):
    frames, neural = fitted
    known = [begin(neural, frames[0][:0], Controls(), random_state=k) for k in range(9)]
    told = {tuple(state.context.moment.style) for state in known}
    known = {tuple(style_of(neural.code, mean[None])) for mean in neural.means}
    assert told <= known
    assert len(told) > 1


def test_styles_are_means_of_the_patches_about():
    rng = np.random.default_rng(0)
    codes = rng.standard_normal((900, 40))
    found = styles(codes, 4)
    assert found.shape == (900, 32)
    middle = codes[450 - 86 : 450 + 86, :32].mean(axis=0)
    np.testing.assert_allclose(found[450], middle, atol=0.02)
    np.testing.assert_allclose(found[0], codes[:86, :32].mean(axis=0), atol=0.02)
    # Of a short recording it is that of the whole.
    whole = codes[:50, :32].mean(axis=0)
    np.testing.assert_allclose(styles(codes[:50], 4)[25], whole, 1e-4)
    assert styles(codes[:0], 4).shape == (0, 32)


@pytest.mark.parametrize("amount", [0, 0.3, 1])
def test_a_variation_follows_its_recording_by_as_much_as_is_asked(two, amount):
    x, _, neural = two
    wanted = codes_of(neural, x)
    state = begin(neural, x[:0], Controls(vary=x, amount=amount))
    far = []
    for k in range(10):
        code, share = followed(state.context.moment, neural.code.n_steps)
        np.testing.assert_array_equal(code, wanted[k])
        assert share == amount
        n = state.context.moment.n_steps
        while state.context.moment.n_steps == n:
            _, state = play(neural, state, 1)
        far.append(np.abs(state.context.code - wanted[k]).max())
        # A frame may take more than a patch, and then what follows is not compared.
        assert state.context.moment.n_steps == n + neural.code.n_steps
    assert (max(far) < 1e-5) == (amount == 0)


def test_where_a_recording_ends_that_is_followed_the_piece_goes_on_freely(two):
    x, _, neural = two
    n = len(codes_of(neural, x[:60]))
    state = begin(neural, x[:0], Controls(vary=x[:60], amount=0), 400)
    made, state = play(neural, state, 300)
    assert state.context.moment.n_steps > n * neural.code.n_steps
    assert followed(state.context.moment, neural.code.n_steps) is None
    assert np.isfinite(made).all()


def test_a_piece_begins_in_the_style_of_its_seed_and_hears_nothing_of_it(two):
    x, y, neural = two
    state = begin(neural, x, Controls(begin=True))
    assert state.context.moment.place.tolist() == [0, FAR]
    assert not any(h.any() or c.any() for h, c in state.lstm)
    assert not len(state.context.past)
    other = begin(neural, y, Controls(begin=True))
    assert not np.allclose(other.context.moment.style, state.context.moment.style)


def test_after_its_end_a_piece_is_silent(two):
    x, _, neural = two
    state = begin(neural, x, Controls(end=True), 80)
    made, state = play(neural, state, 80)
    later, state = play(neural, state, 40, 40)
    assert np.abs(made).max() > 100 * np.abs(later[60:]).max()
    assert state.context.moment.place[1] < 0


def test_a_piece_arrives_at_the_beginning_of_a_recording(two):
    x, y, neural = two
    size = neural.code.n_steps
    state = begin(neural, x, Controls(until=y), 400)
    model = state.context.moment.model
    steps = steps_of(neural, y)
    np.testing.assert_allclose(
        model.codes[-1], neural.code.encode(steps[:size][::-1])[0], atol=1e-5
    )
    # At first it is drawn freely, then less and less.
    assert model.amounts[0] == 1
    assert (np.diff(model.amounts) <= 0).all()
    assert model.amounts[-1] < 0.5
    _, state = play(neural, state, 400)
    np.testing.assert_allclose(
        state.context.moment.style, style_in(neural, y), rtol=0.05, atol=0.05
    )


@pytest.mark.parametrize(
    "controls",
    [
        lambda y: {"energy": [0.1]},
        lambda y: {"tempo": 140},
        lambda y: {"begin": True},
        lambda y: {"style": y},
        lambda y: {},
    ],
)
def test_what_is_asked_for_is_told_and_gone_beyond(two, controls, monkeypatch):
    x, y, neural = two
    said, draw = [], drawing.numpy_flow.draw

    def heard(flow, conditions, *args):
        said.append(conditions)
        return draw(flow, conditions, *args)

    monkeypatch.setattr(drawing.numpy_flow, "draw", heard)
    for guided in (-1, 0, 2):
        monkeypatch.setattr(drawing, "_GUIDED", guided)
        state = begin(neural, x, Controls(**controls(y)))
        play(neural, state, neural.code.n_steps)
    untold, told, beyond = said[:: len(said) // 3]
    np.testing.assert_allclose(beyond - told, 2 * (told - untold), atol=1e-4)
    assert np.allclose(told, untold) == (not controls(y))


def test_a_new_wish_leaves_older_ones_where_they_are(two):
    x, _, neural = two
    state = begin(neural, x, Controls(energy=[(0, 0.1), (9, 0.9)]))
    _, state = play(neural, state, 40)
    before = state.context.moment
    after = neural.change(state, neural.asked(Controls(tempo=99), 40)).context.moment
    assert after.energy is before.energy
    assert after.n_steps == before.n_steps
    assert after.tempo != before.tempo


@pytest.mark.parametrize("key", ["C major", "F# minor"])
def test_what_is_heard_is_heard_in_the_key_that_is_asked_for(two, key):
    x, _, neural = two
    wanted, format = parse_key(key), neural.format
    pitches = neural.vocoder.middles * format.sr / (2 * format.step)

    def off(steps):
        found = find_key(neural.vocoder.levels(steps), pitches)
        return semitones_between(found, wanted)

    steps = steps_of(neural, x)
    moved = in_key(neural, steps, wanted)
    assert moved.shape == steps.shape
    assert abs(off(moved)) < max(2, abs(off(steps)))
    asked = neural.asked(Controls(key=key), 40)
    heard, _, _ = neural.prime(x, asked)
    # But for the first step, before which nothing was heard.
    np.testing.assert_array_equal(heard[1:], moved[len(moved) - len(heard) + 1 :])
    plain, _, _ = neural.prime(x)
    assert in_key(neural, plain, None) is plain


@pytest.mark.parametrize("tempo", [0.02, 0.05])
def test_what_is_heard_is_heard_in_the_tempo_that_is_asked_for(tempo):
    steps, beat = np.arange(400)[:, None], 0.04 * np.arange(400)
    heard = Conditions(beat, 0.5, None)
    moved = in_tempo(steps, heard, tempo)[:, 0]
    rate = np.log2(tempo / (np.polyfit(np.arange(len(moved)), beat[moved], 1)[0]))
    assert rate == pytest.approx(round(rate), abs=0.02)  # or an octave of it
    assert np.ptp(np.diff(moved)) <= 1
    assert 2**-0.5 - 0.01 <= len(moved) / 400 <= 2**0.5 + 0.01
    for told in (heard._replace(strength=0), heard._replace(beat=beat[:1])):
        assert in_tempo(steps, told, tempo) is steps
    assert in_tempo(steps, heard, None) is steps
