from dataclasses import replace

import numpy as np
import pytest
from handmade import steered

from skmusic.features.constantq import to_energies
from skmusic.network.numpy_lstm import forward, log_softmax, zero_padded_input
from skmusic.network.numpy_lstm import zero_state as zero
from skmusic.synthesis.concatenative.sampler import (
    advance,
    prime,
    start,
    start_scores,
    style_of,
)
from skmusic.synthesis.concatenative.selection import STYLE
from skmusic.synthesis.sampling import SamplingParameters


def features(made, first=0, last=20):
    return made.database.features[first:last].astype(np.float32)


def begun(made, heard, sampling=None, seed=0, **options):
    sampling = sampling or SamplingParameters()
    args = made.database, made.network, heard, made.tokenizer, sampling
    return start(
        made.database, prime(*args, **options), sampling, np.random.RandomState(seed)
    )


@pytest.mark.parametrize("n_heard", [0, 1, 20, 33])
def test_scores_are_of_every_unit_after_each_step(each, n_heard):
    args = each.database, each.network
    scores = list(start_scores(*args, features(each, 0, n_heard), each.tokenizer))
    assert len(scores) == n_heard + 1
    assert all(score.shape == each.database.tokens.shape for score in scores)
    assert all(np.isfinite(score).all() for score in scores)


def test_scores_do_not_know_what_follows(mono):
    args = mono.database, mono.network
    whole = list(start_scores(*args, features(mono, 0, 40), mono.tokenizer))
    part = list(start_scores(*args, features(mono, 0, 17), mono.tokenizer))
    for a, b in zip(part, whole, strict=False):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("n_heard", [0, 20])
def test_no_temperature_starts_at_the_best_score(mono, n_heard):
    heard = features(mono, 0, n_heard)
    *_, score = start_scores(mono.database, mono.network, heard, mono.tokenizer)
    assert begun(mono, heard, SamplingParameters(0)).unit == score.argmax()


@pytest.mark.parametrize("n_heard", [30, 60, 100])
def test_music_that_is_known_goes_on_as_it_did(mono, n_heard):
    V, d = mono.network["head"]
    indifferent = mono.network | {"head": (0 * V, 0 * d)}
    heard = features(mono, 300, 300 + n_heard)
    *_, score = start_scores(mono.database, indifferent, heard, mono.tokenizer)
    assert abs(score.argmax() - (300 + n_heard)) <= 1


@pytest.mark.parametrize("token", [2, 5])
def test_the_network_steers(mono, token):
    made = replace(mono, network=steered(mono.network, token))
    assert mono.database.tokens[begun(made, features(made)).unit] == token


@pytest.mark.parametrize("top_k", [1, 3])
def test_only_allowed_tokens_begin(mono, top_k):
    heard = features(mono)
    x = zero_padded_input(heard)
    logp = log_softmax(forward(mono.network, x, zero(mono.network))[0])[-1]
    allowed = set(np.argsort(logp)[-top_k:])
    sampling = SamplingParameters(200.0, top_k=top_k)
    units = {begun(mono, heard, sampling, seed).unit for seed in range(20)}
    tokens = {mono.database.tokens[unit] for unit in units}
    assert tokens <= allowed or not allowed & set(mono.database.tokens)
    assert len(units) > 1  # among units there is choice still


def test_the_state_after_a_start_is_that_of_what_was_heard(mono):
    heard = features(mono)
    state = begun(mono, heard)
    x = zero_padded_input(heard)
    wanted = forward(mono.network, x, zero(mono.network))[1][-2]
    np.testing.assert_array_equal(state.x, heard[-1])
    np.testing.assert_allclose(state.lstm[0][0], wanted[0][0], atol=1e-6)


@pytest.mark.parametrize("n_heard", [0, 20])
def test_the_style_asked_for_is_what_scores_differ_by(mono, n_heard):
    database = mono.database
    args = database, mono.network, features(mono, 0, n_heard), mono.tokenizer
    scores, apart = [], []
    for unit in (50, 700):
        style = database.styles[unit].astype(np.float32)
        scores.append(prime(*args, SamplingParameters(), style).score)
        apart.append(np.square(database.styles - style, dtype=np.float32).sum(axis=1))
        assert begun(mono, args[2], style=style).target_style is style
    found = scores[0] - scores[1]
    np.testing.assert_allclose(found, STYLE * (apart[1] - apart[0]), atol=0.05)


def test_a_piece_returns_as_much_as_the_music_in_whose_style_it_begins(mono):
    database = mono.database
    shares = np.repeat([0.0, 0.1, 0.2, 0.5], 300).astype(np.float16)
    made = replace(mono, database=replace(database, recurrence=shares))
    found = begun(made, features(made)).repetition.share
    assert 0 <= found <= 0.5
    alike = replace(database, recurrence=np.full(1200, 0.25, np.float16))
    state = begun(replace(mono, database=alike), features(made))
    assert state.repetition.share == 0.25
    assert state.repetition.owed == 0


def test_advancing_leaves_states_as_they_are(mono):
    state = begun(mono, features(mono))
    rng = np.random.RandomState
    args = mono.database, mono.network
    (first,), (second,) = (
        advance(*args, [replace(state, rng=rng(1))], SamplingParameters())
        for _ in range(2)
    )
    np.testing.assert_array_equal(first.pending, second.pending)
    assert state.played == ()
    assert len(state.pending) == 0


def test_music_of_the_database_is_hardly_changed(mono):
    for first in (0, 300, 600, 900):
        _, match = style_of(
            mono.database, features(mono, first, first + 300), mono.tokenizer
        )
        assert (np.abs(match) < 3).all()


def test_a_piece_is_matched_to_what_was_heard(mono):
    tokenizer = mono.tokenizer
    heard = features(mono, 0, 200)
    energies = to_energies(tokenizer.levels(heard))
    energies[:, energies.shape[1] // 2 :] /= 4  # 6 dB softer above the middle
    softer = tokenizer.reduced((energies * tokenizer.reference).astype(np.float32))
    matches = [begun(mono, x, style=None).match for x in (heard, softer, heard[:0])]
    apart = matches[0] - matches[1]
    assert apart[:3].max() < 1.5 < apart[-3:].max()
    assert not matches[2].any()
