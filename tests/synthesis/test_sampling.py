import numpy as np
import pytest

from skmusic.network.numpy_lstm import log_softmax
from skmusic.synthesis.sampling import Tempering


def chance(seed=0):
    return np.random.RandomState(seed)


def probabilities(shape, seed=0, spread=2.0):
    z = spread * np.random.default_rng(seed).standard_normal(shape)
    return log_softmax(z.astype(np.float32))


def test_nothing_asked_changes_nothing():
    logp = probabilities((50, 20))
    np.testing.assert_array_equal(Tempering().mask(logp), logp)


@pytest.mark.parametrize("top_k", [20, 21, 1000])
def test_top_k_of_all_changes_nothing(top_k):
    logp = probabilities((50, 20))
    np.testing.assert_array_equal(Tempering(top_k=top_k).mask(logp), logp)


@pytest.mark.parametrize("spread", [0.1, 2.0, 30.0])
def test_top_p_of_all_changes_nothing(spread):
    logp = probabilities((50, 20), spread=spread)
    np.testing.assert_array_equal(Tempering(top_p=1.0).mask(logp), logp)


@pytest.mark.parametrize("top_k", [1, 3, 19])
def test_top_k_leaves_the_likeliest(top_k):
    logp = probabilities((50, 20))
    masked = Tempering(top_k=top_k).mask(logp)
    left = np.isfinite(masked)
    assert (left.sum(axis=1) == top_k).all()
    np.testing.assert_array_equal(masked[left], logp[left])
    for row, allowed in zip(logp, left, strict=True):
        assert set(np.flatnonzero(allowed)) == set(np.argsort(row)[-top_k:])


@pytest.mark.parametrize("top_p", [0.01, 0.5, 0.9, 0.999])
def test_top_p_leaves_the_fewest_that_reach_it(top_p):
    logp = probabilities((50, 20))
    masked = Tempering(top_p=top_p).mask(logp)
    mass = np.exp(masked).sum(axis=1)
    assert (mass >= top_p - 1e-6).all()
    least = np.exp(np.where(np.isfinite(masked), masked, np.inf).min(axis=1))
    assert (mass - least < top_p + 1e-6).all()
    assert (np.isfinite(masked).sum(axis=1) >= 1).all()


def test_both_leave_what_each_leaves():
    logp = probabilities((50, 20))
    both = Tempering(top_k=3, top_p=0.6).mask(logp)
    each = Tempering(top_k=3).mask(logp), Tempering(top_p=0.6).mask(logp)
    np.testing.assert_array_equal(both, np.minimum(*each))


def test_a_row_is_masked_as_it_is_among_others():
    logp, tempering = probabilities((50, 20)), Tempering(top_k=3, top_p=0.6)
    np.testing.assert_array_equal(tempering.mask(logp[7]), tempering.mask(logp)[7])


def test_no_temperature_takes_the_maximum():
    tempering = Tempering(temperature=0)
    for score in np.random.default_rng(0).standard_normal((20, 9)):
        assert tempering.draw(score, rng=None) == score.argmax()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_draws_follow_the_tempered_softmax(temperature):
    score, rng = np.array([0.0, 1.0, -np.inf, 2.0, -1000.0]), chance()
    drawn = [Tempering(temperature).draw(score, rng) for _ in range(4000)]
    p = np.exp(score / temperature)
    p /= p.sum()
    np.testing.assert_allclose(np.bincount(drawn, minlength=5) / 4000, p, atol=0.03)


@pytest.mark.parametrize("temperature", [1e-6, 1e-40, 1e-300, 5e-324])
def test_the_lowest_temperatures_are_none_and_no_fault(temperature):
    score = np.float32([-80, -2, -1e30, -2.5, -np.inf])
    with np.errstate(all="raise", under="ignore"):
        drawn = {Tempering(temperature).draw(score, chance(i)) for i in range(20)}
    assert drawn == {1}


def test_a_low_temperature_is_nearly_none():
    score, rng = np.array([-1e5, 3.0, 2.9]), chance()
    assert {Tempering(1e-3).draw(score, rng) for _ in range(100)} == {1}
