"""Laws of the moments that are most alike."""

import numpy as np
import pytest

from skmusic.features.matches import FARTHEST, NEAREST, find_matches


def noise(n_steps, n_levels=6, seed=0):
    return np.random.default_rng(seed).standard_normal((n_steps, n_levels))


@pytest.mark.parametrize("period", [NEAREST, 31, 86, 400, FARTHEST])
@pytest.mark.parametrize("loud", [0, 0.5])
def test_what_returns_is_found_under_noise(period, loud):
    x = np.tile(noise(period), (1 + 2 * FARTHEST // period, 1))
    matches, _ = find_matches(x + loud * noise(len(x), seed=1))
    # After a second of the repeat; any number of periods is as good.
    lag, likeness = matches[period + 60 :].T
    assert np.mean(lag % period == 0) > 0.99
    assert np.median(likeness) > (0.7 if loud else 0.99)


def test_nothing_is_like_a_new_thing():
    _, likeness = find_matches(noise(900, 20))[0].T
    assert not likeness[:NEAREST].any()
    assert likeness[100:].mean() < 0.4


@pytest.mark.parametrize("n", [0, 1, 7, 512, 700, 1899, 1900])
def test_steps_one_part_after_the_other_are_all_at_once(n):
    x = noise(1900)
    whole, past = find_matches(x)
    first, between = find_matches(x[:n])
    second, after = find_matches(x[n:], between)
    np.testing.assert_allclose(np.concatenate([first, second]), whole, atol=1e-4)
    for a, b in zip(after, past, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


def test_a_match_depends_on_no_later_step():
    x, other = noise(600), noise(600)
    other[300:] += 5
    a, b = (find_matches(each)[0] for each in (x, other))
    np.testing.assert_allclose(a[:300], b[:300], atol=1e-5)
    assert not np.allclose(a[300:320], b[300:320], atol=1e-2)


def test_how_loud_and_how_bright_does_not_matter():
    x = np.tile(noise(60), (10, 1))
    wanted, _ = find_matches(x)
    for other in (7 * x, x + np.arange(6)):
        found, _ = find_matches(other)
        np.testing.assert_allclose(found[100:], wanted[100:], atol=1e-2)


@pytest.mark.parametrize("value", [0.0, -90.0, 1e6])
def test_silence_is_like_nothing(value):
    matches, _ = find_matches(np.full((100, 3), value))
    np.testing.assert_allclose(matches[:, 1], 0, atol=1e-3)


def test_what_was_before_stays_as_it_was():
    x = noise(100)
    _, past = find_matches(x)
    before = [np.copy(each) for each in past]
    find_matches(x, past)
    np.testing.assert_equal(list(past), before)
