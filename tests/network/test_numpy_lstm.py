import keras
import numpy as np
import pytest

from skmusic.network import numpy_lstm
from skmusic.network.numpy_lstm import (
    forward,
    from_arrays,
    to_arrays,
    zero_state,
)


def random_network(n_inputs, units, n_outputs, *, skip=False, seed=0, scale=0.5):
    rng = np.random.default_rng(seed)

    def array(*shape):
        return (scale * rng.standard_normal(shape)).astype(np.float32)

    layers, n = [], n_inputs
    for u in units:
        layers.append((array(n, 4 * u), array(u, 4 * u), array(4 * u)))
        n = u
    return {
        "layers": layers,
        "head": (array(n, n_outputs), array(n_outputs)),
        "skip": (array(n_inputs, n_outputs),) if skip else (),
    }


def inputs(n_steps, n_inputs, seed=1):
    x = np.random.default_rng(seed).standard_normal((n_steps, n_inputs))
    return x.astype(np.float32)


@pytest.mark.parametrize("chunk", [1, 8, 64])
@pytest.mark.parametrize("units", [(5,), (7, 3)])
@pytest.mark.parametrize("skip", [False, True])
def test_chunks_with_the_state_carried_equal_the_whole(chunk, units, skip):
    network, x = random_network(3, units, 4, skip=skip), inputs(150, 3)
    whole, states = forward(network, x, zero_state(network))
    parts, state = [], zero_state(network)
    for start in range(0, len(x), chunk):
        y, after = forward(network, x[start : start + chunk], state)
        parts.append(y)
        state = after[-1]
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-5)
    np.testing.assert_allclose(
        np.concatenate([np.ravel(s) for s in state]),
        np.concatenate([np.ravel(s) for s in states[-1]]),
        atol=1e-5,
    )


def test_nothing_that_is_given_is_changed():
    network, x = random_network(3, (5,), 4, skip=True), inputs(20, 3)
    state = forward(network, x, zero_state(network))[1][-1]
    for array in (x, *state[0], *network["layers"][0], *network["head"]):
        array.flags.writeable = False
    first, _ = forward(network, x, state)
    second, _ = forward(network, x, state)
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("units", [(6,), (6, 5)])
def test_agrees_with_keras(units):
    x = inputs(40, 3)
    model = keras.Sequential(
        [
            keras.Input((None, 3)),
            *(keras.layers.LSTM(n, return_sequences=True) for n in units),
            keras.layers.Dense(4),
        ]
    )
    rng = np.random.default_rng(0)
    weights = [
        (0.7 * rng.standard_normal(w.shape)).astype(np.float32)
        for w in model.get_weights()
    ]
    model.set_weights(weights)
    network = {
        "layers": [tuple(weights[3 * k : 3 * k + 3]) for k in range(len(units))],
        "head": tuple(weights[-2:]),
        "skip": (),
    }
    ours, _ = forward(network, x, zero_state(network))
    np.testing.assert_allclose(ours, np.asarray(model(x[None]))[0], atol=1e-5)


def test_the_skip_is_a_path_of_its_own():
    network, x = random_network(3, (5,), 4, skip=True), inputs(20, 3)
    with_skip, _ = forward(network, x, zero_state(network))
    without, _ = forward(network | {"skip": ()}, x, zero_state(network))
    np.testing.assert_allclose(with_skip - without, x @ network["skip"][0], atol=1e-5)


def test_huge_inputs_saturate_without_warning():
    network = random_network(3, (5,), 4)
    y, _ = forward(network, 1e6 * inputs(20, 3), zero_state(network))
    assert np.isfinite(y).all()


@pytest.mark.parametrize("n_rows", [1, 4, 9])
def test_the_bits_of_a_step_do_not_depend_on_the_steps_after_it(n_rows):
    network, x = random_network(33, (31, 16), 7, skip=True), inputs(20, 33)
    whole, states = forward(network, x, zero_state(network))
    part, part_states = forward(network, x[:n_rows], zero_state(network))
    np.testing.assert_array_equal(part, whole[:n_rows])
    for mine, other in zip(part_states[-1], states[n_rows - 1], strict=True):
        np.testing.assert_array_equal(mine, other)


def test_streams_side_by_side_are_each_as_alone():
    network, x = random_network(5, (6, 4), 3, skip=True), inputs(3 * 20, 5)
    x = x.reshape(3, 20, 5)
    zeros = [tuple(np.stack([s] * 3) for s in pair) for pair in zero_state(network)]
    together, states = forward(network, x, zeros)
    for k in range(3):
        alone, own = forward(network, x[k], zero_state(network))
        np.testing.assert_array_equal(together[k], alone)
        np.testing.assert_array_equal(states[-1][1][0][k], own[-1][1][0])


def test_products_in_parts_are_those_of_the_whole(monkeypatch):
    network, x = random_network(33, (7, 5), 3, skip=True), inputs(9, 33)
    whole, _ = forward(network, x, zero_state(network))
    monkeypatch.setattr(numpy_lstm, "_SMALL", 20)  # less than a row of the weights
    parts, _ = forward(network, x, zero_state(network))
    np.testing.assert_allclose(parts, whole, atol=1e-4)


@pytest.mark.parametrize("skip", [False, True])
def test_a_network_is_a_list_of_arrays_and_back(skip):
    network = random_network(3, (5, 4), 2, skip=skip)
    again = from_arrays(to_arrays(network))
    assert again.keys() == network.keys()
    for a, b in zip(to_arrays(again), to_arrays(network), strict=True):
        assert a is b
