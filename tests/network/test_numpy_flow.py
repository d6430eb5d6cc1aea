"""Laws of the head that draws."""

from types import SimpleNamespace

import numpy as np
import pytest

from skmusic.network import keras_lstm, numpy_flow, numpy_lstm
from skmusic.network.numpy_flow import LARGEST, N_ARRAYS, SMALLEST, draw, schedule
from skmusic.persistence.checks import check_flow


def flow_of(n_outputs, width, n_times=5, seed=None):
    """Flow of chance, or of zeros."""
    shapes = [(n_outputs, width), (32, n_times), (n_times,)]
    for _ in range(numpy_flow.N_BLOCKS):
        shapes += [(width, 3 * width), (n_times, 3 * width), (3 * width,)]
        shapes += [(width, width), (width,)] * 2
    shapes += [(width, n_outputs), (n_outputs,)]
    rng = np.random.default_rng(seed)
    scale = 0 if seed is None else 0.4
    return numpy_flow.from_arrays(
        [(scale * rng.standard_normal(s)).astype(np.float32) for s in shapes]
    )


def condition_of(*shape, n_outputs, width, seed=0):
    """What is known, by chance, of vectors of mean 0 and deviation 1."""
    known = normal(*shape, width, seed=seed)
    return np.concatenate([known, np.zeros((*shape, 2 * n_outputs))], axis=-1)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


# How far a path goes that the head drives at speed 1 from a time on: it widens as well.
def reach(start=0.0):
    return (np.arcsinh(1) - np.arcsinh(2 * start - 1)) / np.sqrt(2)


@pytest.mark.parametrize("start", [0, 0.25, 0.5, 1])
def test_a_constant_velocity_leads_from_the_usual_place_as_far_as_it_is(start):
    flow, place = flow_of(3, 4), normal(7, 3)
    velocity = np.array([2, 0, -1])
    flow["outputs"][1][:] = velocity
    times = schedule(flow, 512, start)
    assert times[1].sum() == pytest.approx(1 - start)
    made = draw(flow, condition_of(7, n_outputs=3, width=4), place, times)
    usual = place / np.hypot(start, 1 - start)
    np.testing.assert_allclose(made, usual + reach(start) * velocity, atol=1e-3)


@pytest.mark.parametrize("n_halves", [1, 2, 4])
def test_the_second_half_of_a_path_is_a_path_of_its_own(n_halves):
    flow, noise = flow_of(4, 8, seed=0), normal(6, 4, seed=1)
    condition = condition_of(6, n_outputs=4, width=8)
    n = 2 * n_halves
    whole = schedule(flow, 2 * n)
    middle = draw(flow, condition, noise, [x[:n] for x in whole])
    end = draw(flow, condition, middle, schedule(flow, n, start=0.5))
    np.testing.assert_allclose(end, draw(flow, condition, noise, whole), atol=1e-4)


def test_a_velocity_of_where_the_path_is_leads_to_its_target():
    # Of one number and two units (x, -x), normed to its sign: half a step towards 0.
    flow = flow_of(1, 2)
    flow["inputs"][:] = [[50, -50]]
    flow["outputs"][0][:] = [[-0.25], [0.25]]
    noise = np.array([[-3], [-1], [1], [2]], np.float32)
    made = draw(flow, np.zeros((4, 4), np.float32), noise, schedule(flow, 512))
    np.testing.assert_allclose(made, noise - np.sign(noise) * reach() / 2, atol=1e-3)


def test_a_path_ends_so_many_deviations_from_the_mean():
    flow, noise = flow_of(3, 2, seed=0), normal(5, 3)
    mean, deviation = normal(5, 3, seed=1), np.exp(normal(5, 3, seed=2) / 3)
    plain, times = condition_of(5, n_outputs=3, width=2), schedule(flow, 8)
    told = np.concatenate([plain[:, :2], mean, np.log(deviation)], axis=1)
    made = draw(flow, told, noise, times)
    wanted = mean + deviation * draw(flow, plain, noise, times)
    np.testing.assert_allclose(made, wanted, atol=1e-4)


def test_no_deviation_is_beyond_bounds():
    flow, noise = flow_of(2, 2), normal(5, 2)
    told = np.concatenate([np.zeros((5, 4)), np.tile([-1e9, 1e9], (5, 1))], axis=1)
    made = draw(flow, told, noise, schedule(flow, 2))
    bounds = np.exp([SMALLEST, LARGEST])
    np.testing.assert_allclose(made, noise * bounds, rtol=1e-4)


@pytest.mark.parametrize("amount", [0.0, 0.3, 1.0])
def test_a_path_that_follows_begins_between_noise_and_what_is_followed(amount):
    flow, noise, vector = flow_of(3, 2, seed=0), normal(5, 3), normal(5, 3, seed=1)
    condition, times = normal(5, 8) / 2, schedule(flow, 4, start=1 - amount)
    made = draw(flow, condition, noise, times, (vector, amount))
    mean, deviation = condition[:, 2:5], np.exp(condition[:, 5:])
    place = amount * noise + (1 - amount) * (vector - mean) / deviation
    np.testing.assert_allclose(made, draw(flow, condition, place, times), atol=1e-4)
    if not amount:
        np.testing.assert_allclose(made, vector, atol=1e-5)
    if amount == 1:
        np.testing.assert_array_equal(made, draw(flow, condition, noise, times))


def test_each_vector_is_drawn_as_if_alone():
    flow, condition, noise = flow_of(4, 8, seed=0), normal(6, 16), normal(3, 6, 4)
    times = schedule(flow, 6)
    assert times[0].shape == (6, numpy_flow.N_BLOCKS, 24)
    assert times[1].shape == (6,)
    together = draw(flow, condition[None], noise, times)
    assert together.shape == (3, 6, 4)
    for i in range(3):
        for k in range(6):
            alone = draw(flow, condition[k], noise[i, k], times)
            np.testing.assert_allclose(alone, together[i, k], atol=1e-5)


def test_nothing_that_is_given_is_changed_and_there_is_no_chance():
    flow, condition, noise = flow_of(4, 8, seed=0), normal(6, 16), np.zeros((6, 4))
    times = schedule(flow, 4)
    for x in (condition, noise, *times, *numpy_flow.to_arrays(flow)):
        x.flags.writeable = False
    first, second = (draw(flow, condition, noise, times) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert first.dtype == np.float32


def test_a_flow_is_a_list_of_arrays_and_back():
    arrays = numpy_flow.to_arrays(flow_of(3, 4))
    assert len(arrays) == N_ARRAYS
    network = numpy_lstm.from_arrays(list("WUbVdA") + arrays, N_ARRAYS)
    again = numpy_lstm.to_arrays(network)
    assert again[:6] == list("WUbVdA")
    assert all(a is b for a, b in zip(again[6:], arrays, strict=True))


@pytest.fixture(scope="module")
def in_keras():
    """Model with weights of chance, the layer that has its flow, and its network."""
    model = keras_lstm._build_flow(20, 6, (8, 5), (0, 0), 0)
    rng = np.random.default_rng(0)
    model.set_weights([0.4 * rng.standard_normal(w.shape) for w in model.get_weights()])
    (layer,) = (x for x in model.layers if isinstance(x, keras_lstm._FlowLoss))
    return model, layer, numpy_lstm.from_arrays(model.get_weights(), N_ARRAYS)


def test_the_network_is_what_a_file_may_hold(in_keras):
    _, _, network = in_keras
    check_flow(network, 20, 6)
    assert [len(U) for _, U, _ in network["layers"]] == [8, 5]


@pytest.mark.parametrize("n_path", [2, 6])
def test_paths_are_those_of_keras(in_keras, n_path):
    _, layer, network = in_keras
    x, noise = normal(9, 20), normal(9, 6, seed=1)
    condition, states = numpy_lstm.forward(network, x, numpy_lstm.zero_state(network))
    hidden = np.stack([state[-1][0] for state in states])
    wanted = np.asarray(layer.head(hidden) + layer.skip(x))
    np.testing.assert_allclose(condition, wanted, atol=1e-5)
    said, mean, log_deviation = layer._known(hidden, x)

    def velocity(x, i):
        t = np.full((9, 1), i / n_path, np.float32)
        return np.asarray(layer._velocity(x, t, *said))

    place = noise
    for i in range(0, n_path, 2):  # by the midpoint method
        middle = place + velocity(place, i) / n_path
        place = place + 2 * velocity(middle, i + 1) / n_path
    place = mean + np.exp(log_deviation) * place
    made = draw(network["flow"], condition, noise, schedule(network["flow"], n_path))
    assert np.abs(made - noise).max() > 0.1
    np.testing.assert_allclose(made, place, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("amount", [0.0, 0.3, 1.0])
def test_the_network_draws_in_training_as_it_does_when_it_plays(in_keras, amount):
    _, layer, network = in_keras
    x = np.repeat(normal(1, 20), 4000, axis=0)
    hidden = np.repeat(normal(1, 5, seed=1), len(x), axis=0)
    condition = np.asarray(layer.head(hidden) + layer.skip(x))
    times = schedule(network["flow"], keras_lstm._N_PATH, start=1 - amount)
    vector = normal(6, seed=3)
    noise = normal(len(x), 6, seed=2)
    played = draw(network["flow"], condition, noise, times, (vector, amount))
    followed = np.tile(vector, (1, len(x), 1))
    share = np.full((1, 1, 1), amount, np.float32)
    drawn = np.asarray(layer.draw(hidden[None], x[None], followed, share))[0]
    scale = played.std(axis=0) + 1e-2
    np.testing.assert_allclose(
        drawn.mean(axis=0) / scale, played.mean(axis=0) / scale, atol=0.1
    )
    np.testing.assert_allclose((drawn.std(axis=0) + 1e-2) / scale, 1, atol=0.1)


def test_the_loss_is_how_unlikely_the_target_is_and_the_error_of_the_velocity():
    # To begin with mean and deviation are 0 and 1, and paths are those to noise.
    model = keras_lstm._build_flow(3, 4, (5,), (0,), 0)
    n = 4000
    state = [np.zeros((1, 5), np.float32)] * 2
    target = np.broadcast_to(np.array([0, 1, 2, -3], np.float32), (1, n, 4))
    each, *_ = model([normal(1, n, 3), *state, target])
    assert each.shape == (1, n)
    t = 1 / (1 + np.exp(-np.random.default_rng(0).standard_normal(100_000)))
    missed = np.mean(1 / (t**2 + (1 - t) ** 2)) / 2
    wanted = 14 / 8 + missed * (1 + 14 / 4)
    assert np.mean(each) == pytest.approx(wanted, rel=0.05)


def test_what_is_heard_in_training_is_more_and_more_what_the_network_draws():
    model = keras_lstm._build_flow(9, 4, (5,), (0,), 0)
    model.set_weights([normal(*w.shape) / 3 for w in model.get_weights()])
    optimizer = SimpleNamespace(iterations=0)
    sample = keras_lstm._sampler(model, optimizer)
    x, state = normal(7, 20, 9), [np.zeros((7, 5), np.float32)] * 2
    np.testing.assert_allclose(sample(x, state), x, atol=1e-4)
    changes = []
    for optimizer.iterations in (100, keras_lstm._RAMP, 9 * keras_lstm._RAMP):
        heard = np.asarray(sample(x, state))
        # Beside the outputs of the step before all is heard as it is.
        np.testing.assert_array_equal(heard[..., 4:], x[..., 4:])
        np.testing.assert_array_equal(heard[:, 0], x[:, 0])
        changes.append(np.abs(heard - x)[..., :4].mean())
    assert 0 < changes[0] < changes[1] / 3
    assert changes[2] < 3 * changes[1]
