"""Laws of what the network hears."""

import numpy as np
import pytest

from skmusic.features.matches import FARTHEST, find_matches
from skmusic.features.patches import fit_patches
from skmusic.synthesis.neural.conditions import NOTHING, Moment
from skmusic.synthesis.neural.context import (
    begin,
    forgetful,
    heard,
    inputs,
    inputs_of,
    n_inputs,
)


def numbers(n_steps, n_numbers=3, seed=0):
    x = np.random.default_rng(seed).standard_normal((n_steps, n_numbers))
    return x.astype(np.float32)


def code_of(n_steps, n_codes=5):
    return fit_patches([numbers(500)], n_steps, n_codes, np.random.RandomState(0))


def matches_of(kind, n):
    """Matches of so many steps: none, found, or any that a file may hold."""
    if kind == "found":
        return find_matches(numbers(n, seed=1))[0]
    rng, size = np.random.default_rng(2), 0 if kind == "none" else 1
    lags = rng.integers(0, 2 * FARTHEST, n)
    return np.stack([lags, size * rng.random(n)], axis=1).astype(np.float32)


@pytest.mark.parametrize("n_steps", [1, 4])
@pytest.mark.parametrize("n", [3, 60, 703])
def test_step_by_step_is_heard_what_is_heard_of_the_whole(n_steps, n):
    if n < n_steps:
        pytest.skip("no patch")
    code, x = code_of(n_steps, 3), numbers(n, seed=1)
    wanted, codes = inputs_of(x, find_matches(x)[0], NOTHING, code)
    assert wanted.dtype == np.float32
    assert wanted.shape == (n // n_steps, n_inputs(code))
    np.testing.assert_allclose(codes, code.encode(x), atol=1e-6)
    context, _ = begin(x[:0], x[:0], Moment(), code)
    for k, each in enumerate(codes):
        told = inputs(context, code)
        assert told.dtype == np.float32
        np.testing.assert_allclose(told, wanted[k], atol=1e-4)
        part = x[k * n_steps : (k + 1) * n_steps]
        context = heard(context, each, each, part, part)
        assert len(context.past) <= FARTHEST


@pytest.mark.parametrize("n", [0, 5, 33, 400])
def test_a_context_begins_after_what_was_heard(n):
    code, x = code_of(4), numbers(420, seed=1)
    wanted, _ = inputs_of(x, find_matches(x)[0], NOTHING, code)
    # Of what is no whole patch nothing is heard.
    context, matches = begin(x[:n], x[:n], Moment(), code)
    assert len(matches) == n // 4 * 4
    np.testing.assert_allclose(inputs(context, code), wanted[n // 4], atol=1e-4)


@pytest.mark.parametrize("kind", ["none", "found", "any"])
def test_what_is_heard_before_a_patch_depends_on_no_later_one(kind):
    code, x = code_of(4), numbers(700, seed=1)
    matches = matches_of(kind, len(x))
    wanted, _ = inputs_of(x, matches, NOTHING, code)
    for k in (0, 1, 33, 150):
        other = x.copy()
        other[4 * k :] = 9 - other[4 * k :]
        told, _ = inputs_of(other, matches, NOTHING, code)
        np.testing.assert_array_equal(told[: k + 1], wanted[: k + 1])
        assert not np.allclose(told[k + 1], wanted[k + 1])


@pytest.mark.parametrize("kind", ["none", "found", "any"])
def test_what_followed_is_heard_where_there_was_any(kind):
    code, x = code_of(4), numbers(200, seed=1)
    matches = matches_of(kind, len(x))
    told, _ = inputs_of(x, matches, NOTHING, code)
    followed, how = told[:, 5:15], told[:, 3 * code.n_codes]
    assert not followed[0].any()
    n_known = 0
    for k in range(1, 50):
        lag, likeness = matches[4 * k - 1]
        known = 8 <= lag <= 4 * k and likeness > 0
        n_known += known
        wanted = code.encode(x[4 * k - int(lag) :][:8]).ravel() if known else 0
        np.testing.assert_allclose(followed[k], wanted, atol=1e-5)
        assert how[k] == likeness * known
    assert (n_known > 0) == (kind != "none")


def test_what_is_forgotten_is_not_found_again():
    code, bar = code_of(4), numbers(80)
    x = np.tile(bar, (6, 1))
    context, _ = begin(x, x, Moment(), code)
    assert context.match[0] % 80 == 0
    known, other = context, forgetful(context)
    assert not other.match[1]
    for part in np.split(x[:160], 40):
        known, other = (
            heard(each, *2 * [code.encode(part)[0]], part, part)
            for each in (known, other)
        )
        assert known.match[0] % 80 == 0
    assert other.match[0] == 80  # the bar before, of which two were heard since
    np.testing.assert_array_equal(other.past, known.past)
