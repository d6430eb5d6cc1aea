from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from handmade import LONGEST, MONO, SHORTEST, notes, steered, synthesis_of

from skmusic.network.numpy_lstm import forward, log_softmax, zero_padded_input
from skmusic.network.numpy_lstm import zero_state as zero
from skmusic.synthesis.concatenative.repetition import Repetition
from skmusic.synthesis.concatenative.sampler import prime, start
from skmusic.synthesis.concatenative.selection import select
from skmusic.synthesis.sampling import SamplingParameters

SURE = SamplingParameters(0)


def begun(synthesis, seed=0, sampling=None, n_heard=20):
    """State of a piece after some steps of the first recording."""
    sampling = sampling or SamplingParameters()
    database, features = synthesis.database, synthesis.database.features[:n_heard]
    heard = features.astype(np.float32)
    primed = prime(database, synthesis.network, heard, synthesis.tokenizer, sampling)
    return start(database, primed, sampling, np.random.RandomState(seed))


def segments(synthesis, n=25, sampling=None, state=None, **options):
    """Segments of a piece, and the state after them."""
    sampling, chosen = sampling or SamplingParameters(), []
    state = state or begun(synthesis, sampling=sampling, **options)
    for _ in range(n):
        (state,), more = select(
            synthesis.database, synthesis.network, [state], sampling
        )
        chosen += more
    return chosen, state


def places(chosen):
    return [(s.start, s.length) for s in chosen]


@pytest.mark.parametrize("seed", range(3))
def test_segments_are_within_bounds_and_their_stretch(each, seed):
    database = each.database
    size = database.samples_per_unit
    chosen, state = segments(each, seed=seed)
    for s, following in pairwise(chosen):
        assert s.length <= LONGEST
        assert s.length >= min(SHORTEST, database.units_from(s.start, s.shift))
        first = database.beginning(s.start) * size
        begin = s.start * size + s.shift
        last = begin + s.length * size
        assert first <= begin
        assert last <= database.ends[s.start] * size
        assert abs(s.shift) <= size / 2
        assert (following.start, following.shift) == (s.target, s.next_shift)
    assert places(chosen) == [*state.played]
    assert state.unit == chosen[-1].target


def test_pieces_together_are_what_each_is_alone(each):
    alone = [segments(each, 8, seed=seed) for seed in range(3)]
    states, chosen = [begun(each, seed) for seed in range(3)], []
    for _ in range(8):
        states, more = select(each.database, each.network, states, SamplingParameters())
        chosen.append(more)
    for (one, state), together, other in zip(
        alone, zip(*chosen, strict=True), states, strict=True
    ):
        assert one == [*together]
        np.testing.assert_array_equal(state.matches, other.matches)
        np.testing.assert_array_equal(state.lstm[0][0], other.lstm[0][0])


def test_the_state_of_the_network_is_that_of_what_was_played(mono):
    database = mono.database
    chosen, state = segments(mono, 3)
    units = np.concatenate([np.arange(s.start, s.start + s.length) for s in chosen])
    played = database.features[np.append(np.arange(20), units)].astype(np.float32)
    np.testing.assert_array_equal(state.x, played[-1])
    x = zero_padded_input(played)
    wanted = forward(mono.network, x, zero(mono.network))[1][-2]
    np.testing.assert_allclose(state.lstm[0][1], wanted[0][1], atol=1e-4)


def test_chance_leads_elsewhere_and_none_does_not(mono):
    assert segments(mono, seed=0)[0] == segments(mono, seed=0)[0]
    assert segments(mono, seed=0)[0] != segments(mono, seed=1)[0]
    sure = [segments(mono, sampling=SURE, seed=seed)[0] for seed in range(2)]
    assert sure[0] == sure[1]


def moved(a, b):
    """Whether two units are the same, but for the beat."""
    return abs(a - b) <= 2


def test_the_network_steers(mono):
    # On the beat a unit beside the target may be played; here there is no beat.
    database = replace(mono.database, before=0 * mono.database.before)
    made = replace(mono, database=database)
    for token in np.argsort(np.bincount(database.tokens))[-2:]:
        pulled = replace(made, network=steered(made.network, token))
        shares = [
            np.mean([database.tokens[s.target] == token for s in segments(each)[0]])
            for each in (made, pulled)
        ]
        assert shares[1] > max(2 * shares[0], 0.5)


@pytest.mark.parametrize("sampling", [{"top_k": 1}, {"top_k": 3}, {"top_p": 0.3}])
def test_only_allowed_tokens_are_gone_on_with(mono, sampling):
    # On the beat a unit beside the target may be played; here there is no beat.
    database = replace(mono.database, before=0 * mono.database.before)
    sampling = SamplingParameters(2.0, **sampling)
    state = begun(mono, sampling=sampling)
    for _ in range(15):
        before = state
        (state,), (segment,) = select(database, mono.network, [state], sampling)
        units = np.arange(segment.start, segment.start + segment.length)
        x = np.concatenate([before.x[None], database.features[units]])
        z, _ = forward(mono.network, x.astype(np.float32), before.lstm)
        allowed = np.isfinite(sampling.mask(log_softmax(z[-1])))
        assert allowed[database.tokens[segment.target]]


def test_where_no_unit_has_an_allowed_token_the_piece_goes_on(mono):
    tokens = np.zeros_like(mono.database.tokens)
    database = replace(mono.database, tokens=tokens)
    made = replace(mono, database=database, network=steered(mono.network, 3))
    chosen, _ = segments(made, 5, SamplingParameters(top_k=1))
    assert len(chosen) == 5


def test_where_there_are_no_targets_pieces_go_on_anywhere(mono):
    closed = replace(mono.database, targets=np.full_like(mono.database.targets, -1))
    made = replace(mono, database=closed)
    sure = [segments(made, 8, SURE, seed=seed)[0] for seed in range(2)]
    assert sure[0] == sure[1]
    chosen = [segments(made, 8, seed=seed)[0] for seed in range(2)]
    assert chosen[0] != chosen[1]
    for s in chosen[0]:
        assert s.target + LONGEST <= closed.ends[s.target]


def test_a_piece_does_not_stay_where_it_was(mono):
    """What was just played is not what is played next."""
    for seed in range(3):
        for s in segments(mono, seed=seed)[0]:
            assert not s.start <= s.target < s.start + s.length


def test_silence_does_not_follow_silence():
    """Half of the music is silent, in passages as long as the others."""
    loud = np.repeat(np.arange(300) // 30 % 2, 256)[:, None].astype(np.float32)
    made = synthesis_of([loud * notes(300, seed=seed) for seed in range(4)])
    database = made.database
    silent = 10 * np.log10((10 ** (database.levels.astype(float) / 10)).sum(1)) < -60
    assert 0.3 < silent.mean() < 0.7
    state = replace(begun(made), unit=int(np.flatnonzero(silent)[5]))
    played = np.zeros(0, bool)
    for s in segments(made, 60, state=state)[0]:
        played = np.append(played, silent[s.start : s.start + s.length])
    changes = np.flatnonzero(np.diff(np.r_[0, played, 0]))
    longest = np.diff(changes.reshape(-1, 2), axis=1).max()
    assert longest <= 20 + 2 * LONGEST + 30
    assert played.mean() < 0.6


def test_a_piece_keeps_its_style_and_returns_to_its_target(mono):
    state = begun(mono)
    away = replace(state, style=state.style + 1)
    _, after = segments(mono, 25, state=away)
    assert (np.abs(after.style - 1 - state.style) > 0).any()
    far, near = (
        np.square(s - state.target_style).sum() for s in (away.style, after.style)
    )
    assert near < far


def test_what_is_played_again_is_played_as_it_was(mono):
    """A due return is what was played once, segment by segment."""
    state = begun(mono)
    again = ((7, 150), (9, 900), (11, 450))
    state = replace(state, repetition=Repetition(0.3, 200.0, again))
    chosen, after = segments(mono, 3, state=state)
    for segment, (length, target) in zip(chosen, again, strict=True):
        assert segment.length == length
        assert moved(segment.target, target)
    assert after.repetition.again == ()
    assert after.repetition.owed == pytest.approx(200 - 0.7 * 27)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5])
def test_what_is_played_again_and_what_is_owed_are_the_share_of_a_piece(share):
    """Whatever is drawn, where to return costs nothing."""
    made = synthesis_of([notes(600, seed=1)], shortest=11, longest=19)
    database = made.database
    made = replace(
        made, database=replace(database, movement=np.full(600, np.inf, np.float32))
    )
    state = begun(made)
    state = replace(state, repetition=Repetition(share))
    total = again = 0
    for _ in range(150):
        before = state
        (chosen,), state = segments(made, 1, state=state)
        total += chosen.length
        again += chosen.length * bool(before.repetition.again)
        if before.repetition.again:
            assert state.repetition.again == before.repetition.again[1:]
        elif state.repetition.again:
            units = [a + i for a, n in before.played for i in range(n)]
            assert any(moved(chosen.target, unit) for unit in units)
        owed = share * total - again
        assert state.repetition.owed == pytest.approx(owed, abs=1e-6)
    assert (again > 0) == (share > 0)


@pytest.mark.parametrize("n_steps", [1, 2, SHORTEST - 1, LONGEST, 3 * LONGEST])
@pytest.mark.parametrize("sampling", [SURE, SamplingParameters(top_k=1), None])
def test_next_to_nothing_is_played_on_and_on(n_steps, sampling):
    made = synthesis_of([notes(n_steps), notes(1, seed=1)])
    chosen, state = segments(made, 8, sampling, n_heard=1)
    assert len(chosen) == 8
    assert (state.matches >= 0).all()


def test_the_beat_goes_on_over_concatenation_points():
    """Of strokes whose period is no whole number of steps."""
    period, size = 2700, MONO.step
    rng, waves = np.random.default_rng(0), []
    for seed in range(3):
        x = 0.01 * notes(400, seed=seed)
        for at in range(700 * seed, len(x) - 500, period):
            x[at : at + 500, 0] += (
                0.3 * np.hanning(1000)[500:] * rng.standard_normal(500)
            )
        waves.append(x)
    chosen, _ = segments(synthesis_of(waves), 40)

    def off(place, phases):
        """Samples from one phase of the beat to another."""
        late = place - phases
        return np.abs((late + period / 2) % period - period / 2)

    # Recording k begins at unit 400 k, with its beat 700 k samples later.
    begins = [(400 * size + 700) * (s.start // 400) for s in chosen]
    phases = [s.start * size + s.shift - b for s, b in zip(chosen, begins, strict=True)]
    unmoved = [s.start * size - b for s, b in zip(chosen, begins, strict=True)]
    ends = [p + s.length * size for p, s in zip(phases, chosen, strict=True)]
    found = np.median(off(np.array(ends[:-1]), np.array(phases[1:])))
    without = np.median(off(np.array(ends[:-1]), np.array(unmoved[1:])))
    assert found < 0.2 * size
    assert found < without
