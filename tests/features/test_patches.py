"""Laws of the code of patches."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from skmusic.features import patches as module
from skmusic.features.patches import fit_patches, patches
from skmusic.persistence.checks import check_declared


def music(n_steps, n_numbers=4, seed=0):
    """Numbers that hang together, in a step and from step to step."""
    rng = np.random.default_rng(seed)
    deviation = np.geomspace(3, 0.03, n_numbers)
    x = rng.standard_normal((n_steps, n_numbers)) * deviation
    x = x @ rng.standard_normal((n_numbers, n_numbers))
    x[1:] += 0.7 * x[:-1]
    return (5 + x).astype(np.float32)


def fit(recordings, n_steps, n_codes, seed=0):
    return fit_patches(recordings, n_steps, n_codes, np.random.RandomState(seed))


def covariance(x):
    return np.cov(x, rowvar=False, bias=True)


@pytest.mark.parametrize("n_steps", [1, 2, 5])
def test_with_all_components_nothing_is_lost(n_steps):
    x = music(400)
    code = fit([x], n_steps, 4 * n_steps)
    codes = code.encode(x)
    assert codes.shape == (400 // n_steps, code.n_codes)
    assert code.rest.shape == (0, 4 * n_steps)
    again = code.decode(codes, np.zeros((len(codes), 0)))
    assert again.dtype == np.float32
    np.testing.assert_allclose(again, x[: len(again)], atol=1e-3)


def test_components_are_orthogonal_and_codes_have_the_deviation_one():
    x = music(3000)
    code = fit([x], 1, 3)
    np.testing.assert_allclose(
        code.components @ code.components.T, np.eye(3), atol=1e-5
    )
    assert np.square(code.encode(x)).mean() == pytest.approx(1, rel=1e-3)
    # What varies more does so in the code, too.
    assert (np.diff(code.encode(x).std(axis=0)) < 0).all()


def test_learned_codes_are_within_reach_and_others_are_brought_there():
    x = music(3000)
    code = fit([x], 1, 3)
    codes = code.encode(x)
    np.testing.assert_allclose(code.within(codes), codes, rtol=1e-5)
    np.testing.assert_allclose(np.abs(codes).max(axis=0), code.reach, rtol=1e-5)
    wild = code.within(np.array([[np.nan, np.inf, -1e9]]))
    np.testing.assert_allclose(wild, [[0, code.reach[1], -code.reach[2]]])


def test_the_rest_has_the_covariance_of_what_is_left_out():
    x = music(3000)
    code = fit([x], 1, 2)
    left = x - code.decode(code.encode(x))
    wanted = covariance(x)
    np.testing.assert_allclose(
        code.rest.T @ code.rest, covariance(left), atol=1e-4 * wanted.max()
    )


@pytest.mark.parametrize("n_codes", [1, 5, 11])
def test_with_noise_patches_go_on_with_the_covariance_of_the_whole(n_codes):
    x = music(30_002)
    before, x = x[1:-1:3], x[2:]
    code = fit([x], 3, n_codes)
    codes = code.encode(x)
    noise = np.random.default_rng(1).standard_normal((len(codes), len(code.rest)))

    def with_the_step_before(steps):
        return covariance(np.concatenate([before, patches(steps, 3)], axis=1))

    wanted = with_the_step_before(x)
    deviation = np.sqrt(np.diag(wanted))
    most = 6 * np.sqrt(2 / len(codes)) * np.outer(deviation, deviation)
    made = with_the_step_before(code.decode(codes, noise, before))
    assert (np.abs(made - wanted) < most).all()
    # Without noise something is missed; without the step before, what hangs together.
    missed = with_the_step_before(code.decode(codes, None, before))
    assert np.trace(wanted - missed) == pytest.approx(
        np.square(code.rest).sum(), rel=0.2
    )
    if n_codes == 1:
        apart = with_the_step_before(code.decode(codes, noise))
        assert not (np.abs(apart - wanted) < most).all()


def test_there_are_no_more_codes_than_numbers():
    code = fit([music(50, 3)], 2, 100)
    assert (code.n_codes, code.n_numbers, code.n_steps) == (6, 3, 2)


@pytest.mark.parametrize("value", [0.0, 0.1, -90.0, 1e6])
def test_constant_numbers_stay_what_they_are(value):
    x = np.full((40, 3), value, np.float32)
    code = fit([x], 2, 4)
    codes = code.encode(x)
    assert np.isfinite(codes).all()
    noise = np.ones((len(codes), len(code.rest)))
    np.testing.assert_allclose(code.decode(codes, noise), x, rtol=1e-5, atol=1e-6)
    check_declared(code)


@pytest.mark.parametrize("scale", [1e-20, 1e-11, 1e-6, 1, 1e6])
def test_a_file_may_hold_the_code_of_soft_and_of_loud_numbers(scale):
    x = (scale * (music(200) - 5)).astype(np.float32)
    code = fit([x], 2, 5)
    check_declared(code)
    assert np.isfinite(code.encode(x)).all()
    whole = fit([x], 2, 8)
    again = whole.decode(whole.encode(x))
    np.testing.assert_allclose(again, x, atol=1e-3 * x.std())


def test_patches_are_drawn_where_there_are_many(monkeypatch):
    monkeypatch.setattr(module, "_MOST_TO_FIT", 50)
    x = [music(500), music(300, seed=1)]
    one, again, other = (fit(x, 2, 5, seed) for seed in (0, 0, 1))
    np.testing.assert_equal(vars(one), vars(again))
    assert not np.array_equal(one.mean, other.mean)


@pytest.mark.parametrize("most", [7, 10**6])
def test_what_is_learned_from_are_patches_of_one_recording(most, monkeypatch):
    monkeypatch.setattr(module, "_MOST_TO_FIT", most)
    lengths, n_steps = [40, 2, 3, 0, 90, 5], 3
    ends = np.cumsum(lengths)
    x = [np.arange(b - n, b)[:, None] for n, b in zip(lengths, ends, strict=True)]
    for seed in range(9):
        pool = module._drawn(x, n_steps, np.random.RandomState(seed))
        assert len(pool) == min(most, 38 + 1 + 88 + 3)
        assert len(np.unique(pool[:, 0])) == len(pool)
        assert (np.diff(pool, axis=1) == 1).all()
        of = np.searchsorted(ends, pool, side="right")
        assert (of == of[:, :1]).all()


def test_recordings_shorter_than_a_patch_say_nothing():
    x = music(200)
    alone, beside = fit([x], 4, 5), fit([x[:0], x[:3], x, x[:1]], 4, 5)
    np.testing.assert_equal(vars(beside), vars(alone))
    assert beside.encode(x[:3]).shape == (0, 5)
    assert beside.decode(beside.encode(x[:3])).shape == (0, 4)


def test_fits_at_a_time_leave_the_threads_of_linear_algebra_alone():
    def fit(k):
        x = np.random.default_rng(k).standard_normal((300, 8)).astype(np.float32)
        for _ in range(20):
            fit_patches([x], 2, 6, np.random.RandomState(0))

    before = threadpool_info()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(fit, range(4)))
    assert threadpool_info() == before
