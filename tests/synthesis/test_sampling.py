import numpy as np
import pytest

from skmusic.network.numpy_lstm import log_softmax
from skmusic.synthesis.sampling import SamplingParameters


def chance(seed=0):
    return np.random.RandomState(seed)


def probabilities(shape, seed=0, spread=2.0):
    z = spread * np.random.default_rng(seed).standard_normal(shape)
    return log_softmax(z.astype(np.float32))


def test_nothing_asked_changes_nothing():
    logp = probabilities((50, 20))
    np.testing.assert_array_equal(SamplingParameters().mask(logp), logp)


@pytest.mark.parametrize("top_k", [20, 21, 1000])
def test_top_k_of_all_changes_nothing(top_k):
    logp = probabilities((50, 20))
    np.testing.assert_array_equal(SamplingParameters(top_k=top_k).mask(logp), logp)


@pytest.mark.parametrize("spread", [0.1, 2.0, 30.0])
def test_top_p_of_all_changes_nothing(spread):
    logp = probabilities((50, 20), spread=spread)
    np.testing.assert_array_equal(SamplingParameters(top_p=1.0).mask(logp), logp)


@pytest.mark.parametrize("top_k", [1, 3, 19])
def test_top_k_leaves_the_likeliest(top_k):
    logp = probabilities((50, 20))
    masked = SamplingParameters(top_k=top_k).mask(logp)
    left = np.isfinite(masked)
    assert (left.sum(axis=1) == top_k).all()
    np.testing.assert_array_equal(masked[left], logp[left])
    for row, allowed in zip(logp, left, strict=True):
        assert set(np.flatnonzero(allowed)) == set(np.argsort(row)[-top_k:])


@pytest.mark.parametrize("top_p", [0.01, 0.5, 0.9, 0.999])
def test_top_p_leaves_the_fewest_that_reach_it(top_p):
    logp = probabilities((50, 20))
    masked = SamplingParameters(top_p=top_p).mask(logp)
    mass = np.exp(masked).sum(axis=1)
    assert (mass >= top_p - 1e-6).all()
    least = np.exp(np.where(np.isfinite(masked), masked, np.inf).min(axis=1))
    assert (mass - least < top_p + 1e-6).all()
    assert (np.isfinite(masked).sum(axis=1) >= 1).all()


def test_both_leave_what_each_leaves():
    logp = probabilities((50, 20))
    both = SamplingParameters(top_k=3, top_p=0.6).mask(logp)
    each = (
        SamplingParameters(top_k=3).mask(logp),
        SamplingParameters(top_p=0.6).mask(logp),
    )
    np.testing.assert_array_equal(both, np.minimum(*each))


def test_a_row_is_masked_as_it_is_among_others():
    logp, sampling = probabilities((50, 20)), SamplingParameters(top_k=3, top_p=0.6)
    np.testing.assert_array_equal(sampling.mask(logp[7]), sampling.mask(logp)[7])


def test_no_temperature_takes_the_maximum():
    sampling = SamplingParameters(temperature=0)
    for score in np.random.default_rng(0).standard_normal((20, 9)):
        assert sampling.draw(score, rng=None) == score.argmax()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_draws_follow_the_softmax_at_the_temperature(temperature):
    score, rng = np.array([0.0, 1.0, -np.inf, 2.0, -1000.0]), chance()
    drawn = [SamplingParameters(temperature).draw(score, rng) for _ in range(4000)]
    p = np.exp(score / temperature)
    p /= p.sum()
    np.testing.assert_allclose(np.bincount(drawn, minlength=5) / 4000, p, atol=0.03)


@pytest.mark.parametrize("temperature", [1e-6, 1e-40, 1e-300, 5e-324])
def test_the_lowest_temperatures_are_none_and_no_fault(temperature):
    score = np.float32([-80, -2, -1e30, -2.5, -np.inf])
    with np.errstate(all="raise", under="ignore"):
        drawn = {
            SamplingParameters(temperature).draw(score, chance(i)) for i in range(20)
        }
    assert drawn == {1}


def test_a_low_temperature_is_nearly_none():
    score, rng = np.array([-1e5, 3.0, 2.9]), chance()
    assert {SamplingParameters(1e-3).draw(score, rng) for _ in range(100)} == {1}


@pytest.mark.parametrize("top", [1.0, 20.0, 1e6])
def test_where_one_dominates_the_temperature_rises_until_others_have_a_chance(top):
    score = np.array([top, 0.0, -0.5, -np.inf])
    sampling = SamplingParameters(0.7, top_k=3)
    adapted = sampling.adapted(score)
    assert adapted.top_k == 3
    assert adapted.temperature >= sampling.temperature
    rng = chance()
    drawn = np.bincount([adapted.draw(score, rng) for _ in range(500)], minlength=4)
    assert drawn[3] == 0
    assert 50 < drawn[0] < 470
    # No more than it takes.
    assert SamplingParameters(adapted.temperature).adapted(score) == SamplingParameters(
        adapted.temperature
    )


@pytest.mark.parametrize(
    ("temperature", "score"),
    [(0, [3.0, 0.0]), (1.0, [3.0]), (1.0, [3.0, -np.inf]), (1.0, [0.0, 0.1, 0.0])],
)
def test_the_temperature_stays_where_there_is_a_choice_or_none_is_wanted(
    temperature, score
):
    sampling = SamplingParameters(temperature)
    assert sampling.adapted(np.array(score)) == sampling
