"""Laws of what the network hears."""

from copy import deepcopy

import numpy as np
import pytest

from skmusic.features.patches import fit_patches
from skmusic.synthesis.neural.conditions import NOTHING, Moment
from skmusic.synthesis.neural.context import (
    begin,
    heard,
    inputs,
    inputs_of,
    lags_of,
    n_inputs,
    n_noisy,
)


def numbers(n_steps, n_numbers=3, seed=0):
    x = np.random.default_rng(seed).standard_normal((n_steps, n_numbers))
    return x.astype(np.float32)


def code_of(n_steps, n_codes=5):
    return fit_patches([numbers(500)], n_steps, n_codes, np.random.RandomState(0))


LAGS = [(0, 0), (20, 0), (0, 200), (37, 130), (129, 519), (520, 4), (3, 1)]


@pytest.mark.parametrize("lags", LAGS)
@pytest.mark.parametrize("n_steps", [1, 4])
@pytest.mark.parametrize("n", [3, 60, 703])
def test_step_by_step_is_heard_what_is_heard_of_the_whole(lags, n_steps, n):
    if n < n_steps:
        pytest.skip("no patch")
    code, x = code_of(n_steps, 3), numbers(n, seed=1)
    lags = np.array(lags)
    wanted, codes = inputs_of(x, lags, NOTHING, code)
    assert wanted.dtype == np.float32
    assert wanted.shape == (n // n_steps, n_inputs(code))
    np.testing.assert_allclose(codes, code.encode(x), atol=1e-6)
    context = begin(x[:0], lags, Moment(), code)
    for k, each in enumerate(codes):
        told = inputs(context, code)
        assert told.dtype == np.float32
        np.testing.assert_allclose(told, wanted[k], atol=1e-4)
        part = slice(k * n_steps, (k + 1) * n_steps)
        context = heard(context, each, x[part])
        assert len(context.past) <= 520


@pytest.mark.parametrize("n", [0, 5, 33, 400])
def test_a_context_begins_after_what_was_heard(n):
    code, x = code_of(4), numbers(420, seed=1)
    lags = np.array([21, 140])
    wanted, _ = inputs_of(x, lags, NOTHING, code)
    # Of what is no whole patch nothing is heard.
    told = inputs(begin(x[:n], lags, Moment(), code), code)
    np.testing.assert_allclose(told, wanted[n // 4], atol=1e-4)


def test_a_context_that_goes_on_stays_what_it_was():
    code, x = code_of(4), numbers(60, seed=1)
    context = begin(x[:40], np.array([20, 0]), Moment(), code)
    before = {name: deepcopy(value) for name, value in vars(context).items()}
    heard(context, code.encode(x[40:44])[0], x[40:44])
    inputs(context, code)
    np.testing.assert_equal(vars(context), before)


@pytest.mark.parametrize("lags", LAGS)
def test_what_is_heard_before_a_patch_depends_on_no_later_one(lags):
    code, x = code_of(4), numbers(700, seed=1)
    lags = np.array(lags)
    wanted, _ = inputs_of(x, lags, NOTHING, code)
    for k in (0, 1, 33, 150):
        other = x.copy()
        other[4 * k :] = 9 - other[4 * k :]
        told, _ = inputs_of(other, lags, NOTHING, code)
        np.testing.assert_array_equal(told[: k + 1], wanted[: k + 1])
        assert not np.allclose(told[k + 1], wanted[k + 1])


def test_the_patch_a_lag_ago_is_told_where_there_was_one():
    code, x = code_of(4), numbers(200, seed=1)
    for lag in (4, 21, 40, 150):
        told, _ = inputs_of(x, np.array([lag, 0]), NOTHING, code)
        ago, known = told[:, 5:10], told[:, n_noisy(code)]
        for k in range(50):
            assert known[k] == (4 * k >= lag)
            part = x[4 * k - lag :][:4]
            wanted = code.encode(part)[0] if known[k] else 0
            np.testing.assert_allclose(ago[k], wanted, atol=1e-5)


@pytest.mark.parametrize("beat", [23, 50, 86, 127])
@pytest.mark.parametrize("loud", [0, 0.5, 1])
def test_a_beat_is_found_under_noise(beat, loud):
    rng = np.random.default_rng(beat)
    x = np.tile(rng.standard_normal((beat, 8)), (1500 // beat, 1))
    x = x + loud * rng.standard_normal(x.shape)
    bar, phrase = lags_of(x)
    assert 20 <= bar < 130 <= phrase < 520
    assert bar % beat == phrase % beat == 0


def test_how_loud_and_from_where_on_does_not_matter():
    x = np.tile(numbers(60, 8), (30, 1)) + 0.3 * numbers(1800, 8, seed=1)
    for other in (9 * x, x + 50, x[17:]):
        np.testing.assert_array_equal(lags_of(other) % 60, 0)


@pytest.mark.parametrize("n", [0, 1, 2, 50, 260])
def test_too_few_steps_tell_no_lag(n):
    assert lags_of(numbers(n)).tolist() == [0, 0]


def test_a_bar_is_told_before_a_phrase_is():
    bar, phrase = lags_of(numbers(600))
    assert bar
    assert not phrase


@pytest.mark.parametrize("value", [0.0, -90.0])
def test_where_nothing_begins_there_is_no_lag(value):
    assert lags_of(np.full((1200, 3), value, np.float32)).tolist() == [0, 0]
