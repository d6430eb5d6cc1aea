import numpy as np
import pytest

from skmusic.features.tokenizer import fit_tokenizer
from skmusic.network.numpy_lstm import to_arrays
from skmusic.synthesis.neural.dynamics import begin, forecast, period_of, step
from skmusic.synthesis.neural.dynamics_fit import N_CODES, fit_dynamics
from skmusic.synthesis.sampling import SamplingParameters
from skmusic.synthesis.tokens import step_features


@pytest.fixture(scope="module")
def heard(fitted):
    frames, neural = fitted
    return [step_features(x, x.format, neural.tokenizer) for x in frames]


def drawn(neural, heard, n_steps, temperature=1.0, seed=0):
    parts = neural.network, neural.tokenizer
    state = begin(neural.dynamics, heard, *parts)
    rng, made = np.random.RandomState(seed), []
    sampling = SamplingParameters(temperature)
    for _ in range(n_steps):
        features, state = step(neural.dynamics, state, *parts, sampling, rng)
        made.append(features)
    return np.array(made)


@pytest.mark.parametrize("period", [20, 47, 100])
def test_the_period_is_found_under_noise(period):
    rng = np.random.default_rng(0)
    beat = np.tile(rng.standard_normal((period, 5)), (6, 1))
    # What repeats repeats after twice as long, too.
    assert period_of(beat + 0.3 * rng.standard_normal(beat.shape)) % period == 0
    assert period_of(beat[:20]) == 1


def test_what_is_drawn_stays_where_music_is(fitted, heard):
    _, neural = fitted
    made = drawn(neural, heard[0][:100], 1500) * neural.tokenizer.weight
    assert (made >= neural.dynamics.low - 1e-4).all()
    assert (made <= neural.dynamics.high + 1e-4).all()
    real = np.concatenate(heard) * neural.tokenizer.weight
    for part in made[:500], made[-500:]:  # it neither dies nor runs away
        assert 0.1 < part.var(axis=0).sum() / real.var(axis=0).sum() < 2
    # It changes about as much as music does.
    sizes = [np.square(np.diff(x, axis=0)).sum(axis=1).mean() for x in (made, real)]
    assert 0.3 < sizes[0] / sizes[1] < 2


@pytest.mark.parametrize("n_heard", [0, 1, 2, 200])
def test_without_temperature_there_is_no_chance(fitted, heard, n_heard):
    _, neural = fitted
    seed = heard[0][:n_heard]
    first, second = (drawn(neural, seed, 30, 0, state) for state in (0, 1))
    np.testing.assert_array_equal(first, second)
    others = [drawn(neural, seed, 30, 1, state) for state in (0, 1)]
    assert not np.array_equal(*others)
    assert np.isfinite(others).all()


@pytest.mark.parametrize("n", [0, 1, 50])
def test_a_forecast_knows_only_what_was_heard(fitted, heard, n):
    _, neural = fitted
    args = neural.network, neural.tokenizer
    features, tokens = forecast(neural.dynamics, heard[0], *args)
    assert len(features) == len(tokens) == len(heard[0]) + 1
    part, some = forecast(neural.dynamics, heard[0][:n], *args)
    np.testing.assert_allclose(part, features[: n + 1], atol=1e-4)
    np.testing.assert_array_equal(some, tokens[: n + 1])


def test_forecasts_are_nearer_than_no_change(fitted, heard):
    _, neural = fitted
    x, weight = heard[0], neural.tokenizer.weight
    features, _ = forecast(neural.dynamics, x, neural.network, neural.tokenizer)
    error = np.square((features[1:-1] - x[1:]) * weight).sum(axis=1).mean()
    change = np.square(np.diff(x, axis=0) * weight).sum(axis=1).mean()
    assert error < change


def test_dynamics_hold_no_recording(fitted, heard):
    dynamics, n_steps = fitted[1].dynamics, sum(map(len, heard))
    assert all(holds for holds, _ in dynamics.laws())
    assert dynamics.n_steps <= n_steps
    assert len(dynamics.codes) <= N_CODES
    # Of a longer corpus it would be no larger.
    for name, x in vars(dynamics).items():
        assert n_steps not in np.shape(x), name


def network_of(tokenizer):
    """A network of no hidden layer's worth: all zeros."""
    n, k = len(tokenizer.weight), len(tokenizer.centroids)
    layer = [np.zeros(s, np.float32) for s in ((n, 8), (2, 8), (8,))]
    head = np.zeros((2, k), np.float32), np.zeros(k, np.float32)
    return {"layers": [layer], "head": head, "skip": ()}


def fit_plain(X, past=None):
    """Dynamics of plain numbers, by a tokenizer that knows other ones."""
    pool = np.random.default_rng(9).standard_normal((300, 3)).astype(np.float32)
    tokenizer = fit_tokenizer([pool], 0, 8, 8, np.random.RandomState(0))
    network, features = network_of(tokenizer), [tokenizer.features(x) for x in X]
    assert to_arrays(network)
    tokens = [tokenizer.tokens(f) for f in features]
    return fit_dynamics(features, tokens, network, tokenizer, 0, past)


def test_of_two_parts_the_longer_counts_more():
    rng = np.random.default_rng(0)
    long, short = (rng.standard_normal((n, 3)) for n in (400, 60))
    first, alone = fit_plain([long]), fit_plain([short])
    both = fit_plain([short], past=first)
    assert both.n_steps == 399 + 59
    np.testing.assert_array_equal(both.codes, first.codes)
    assert (both.low <= np.minimum(first.low, alone.low)).all()
    near, far = (np.abs(both.maps - x.maps).mean() for x in (first, alone))
    assert near < far


@pytest.mark.parametrize(
    "X",
    [
        [np.ones((1, 3))],
        [np.ones((1, 3)), np.zeros((1, 3)), np.zeros((0, 3))],
        [np.ones((2, 3))],
        [np.zeros((50, 3))],
    ],
)
def test_next_to_nothing_to_learn_from(X):
    first = fit_plain(X)
    for made in (first, fit_plain(X, past=first)):
        assert all(np.isfinite(x).all() for x in vars(made).values())
        assert all(holds for holds, _ in made.laws())
