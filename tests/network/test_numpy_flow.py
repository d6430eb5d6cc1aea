"""Laws of the head that draws."""

import numpy as np
import pytest

from skmusic.network import keras_lstm, numpy_flow, numpy_lstm
from skmusic.network.numpy_flow import N_ARRAYS, draw, schedule
from skmusic.persistence.checks import check_flow


def flow_of(n_outputs, width, n_times=5, seed=None):
    """Flow of chance, or of zeros."""
    shapes = [(n_outputs, width), (32, n_times), (n_times,)]
    for _ in range(numpy_flow.N_BLOCKS):
        shapes += [(width, 3 * width), (n_times, 3 * width), (3 * width,)]
        shapes += [(width, width), (width,)] * 2
    shapes += [(width, n_outputs), (n_outputs,), (n_times, n_outputs), (n_outputs,)]
    rng = np.random.default_rng(seed)
    scale = 0 if seed is None else 0.4
    return numpy_flow.from_arrays(
        [(scale * rng.standard_normal(s)).astype(np.float32) for s in shapes]
    )


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("n_path", [2, 6, 8])
def test_a_constant_velocity_leads_as_far_as_it_is(n_path):
    flow, noise = flow_of(3, 4), normal(7, 3)
    flow["outputs"][1][:] = [2, 0, -1]
    made = draw(flow, normal(7, 7), noise, schedule(flow, n_path))
    np.testing.assert_allclose(made, noise + [2, 0, -1], atol=1e-5)


@pytest.mark.parametrize("start", [0, 0.25, 0.5, 1])
def test_a_path_that_begins_later_goes_the_rest_of_the_way(start):
    flow, place = flow_of(3, 4), normal(7, 3)
    flow["outputs"][1][:] = [2, 0, -1]
    times = schedule(flow, 4, start)
    assert times[-1].sum() == pytest.approx(1 - start)
    made = draw(flow, normal(7, 7), place, times)
    wanted = place + (1 - start) * np.array([2, 0, -1])
    np.testing.assert_allclose(made, wanted, atol=1e-5)


@pytest.mark.parametrize("n_halves", [1, 2, 4])
def test_the_second_half_of_a_path_is_a_path_of_its_own(n_halves):
    flow, condition, noise = flow_of(4, 8, seed=0), normal(6, 12), normal(6, 4, seed=1)
    n = 2 * n_halves
    whole = schedule(flow, 2 * n)
    middle = draw(flow, condition, noise, [x[:n] for x in whole])
    end = draw(flow, condition, middle, schedule(flow, n, start=0.5))
    np.testing.assert_allclose(end, draw(flow, condition, noise, whole), atol=1e-4)


@pytest.mark.parametrize("n_path", [2, 8])
def test_a_velocity_of_where_the_path_is_leads_to_its_target(n_path):
    # Of one number and two units (x, -x), normed to its sign: half a step towards 0.
    flow = flow_of(1, 2)
    flow["inputs"][:] = [[50, -50]]
    flow["outputs"][0][:] = [[-0.25], [0.25]]
    noise = np.array([[-3], [-1], [1], [2]], np.float32)
    made = draw(flow, np.zeros((4, 3), np.float32), noise, schedule(flow, n_path))
    np.testing.assert_allclose(made, [[-2.5], [-0.5], [0.5], [1.5]], atol=1e-3)


def test_a_velocity_of_the_condition_leads_to_what_it_says():
    flow = flow_of(2, 2)
    flow["outputs"][0][:] = [[1, 3], [-1, -3]]
    said = np.array([[90, -90, 0, 0], [-90, 90, 0, 0]], np.float32)
    made = draw(flow, said, np.zeros((2, 2)), schedule(flow, 8))
    np.testing.assert_allclose(made, [[2, 6], [-2, -6]], rtol=1e-3)


def test_what_is_foreseen_is_a_share_of_the_velocity():
    flow, noise, foreseen = flow_of(3, 2), normal(5, 3), normal(5, 3, seed=1)
    flow["share"][1][:] = [1, 0, -2]
    said = np.concatenate([normal(5, 2), foreseen], axis=1)
    made = draw(flow, said, noise, schedule(flow, 8))
    np.testing.assert_allclose(made, noise + [1, 0, -2] * foreseen, atol=1e-5)


def test_longer_paths_come_nearer_to_one_end():
    flow, noise = flow_of(4, 8, seed=0), normal(50, 4, seed=1)
    condition = normal(50, 12)
    flow["times"][0][:] = 0  # high frequencies of the time would need many steps
    ends = [draw(flow, condition, noise, schedule(flow, n)) for n in (8, 64, 512)]
    assert np.abs(ends[1] - ends[2]).mean() < 0.3 * np.abs(ends[0] - ends[2]).mean()


def test_each_vector_is_drawn_as_if_alone():
    flow, condition, noise = flow_of(4, 8, seed=0), normal(6, 12), normal(3, 6, 4)
    times = schedule(flow, 6)
    assert times[0].shape == (6, numpy_flow.N_BLOCKS, 24)
    assert times[1].shape == (6, 4)
    together = draw(flow, condition[None], noise, times)
    assert together.shape == (3, 6, 4)
    for i in range(3):
        for k in range(6):
            alone = draw(flow, condition[k], noise[i, k], times)
            np.testing.assert_allclose(alone, together[i, k], atol=1e-5)


def test_paths_lean_across_where_they_lead_by_so_much_of_each_number():
    flow, noise = flow_of(3, 4, seed=0), normal(5, 3)
    said, times = normal(2, 5, 7), schedule(flow, 6)
    alone = draw(flow, said[0], noise, times)
    none = draw(flow, said, noise, times, np.zeros(3, np.float32))
    np.testing.assert_allclose(none, alone, atol=1e-5)
    lean = np.array([0.7, 0, -2], np.float32)
    same = draw(flow, said[[0, 0]], noise, times, lean)
    np.testing.assert_allclose(same, alone, atol=1e-4)
    assert not np.allclose(draw(flow, said, noise, times, lean), alone, atol=0.1)
    wanted, other, x = normal(3, 5, 3)
    velocity = numpy_flow._guided(wanted, other, x, 0.25, np.ones(3))
    end, more = x + 0.75 * wanted, wanted - other
    across = velocity - wanted
    np.testing.assert_allclose((across * end).sum(axis=-1), 0, atol=1e-5)
    # What is left out is along where the path leads, and nothing else.
    along = more - across
    np.testing.assert_allclose(
        np.abs((along * end).sum(axis=-1)),
        np.linalg.norm(along, axis=-1) * np.linalg.norm(end, axis=-1),
        rtol=1e-4,
    )


def test_nothing_that_is_given_is_changed_and_there_is_no_chance():
    flow, condition, noise = flow_of(4, 8, seed=0), normal(6, 12), np.zeros((6, 4))
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
    model = keras_lstm._build_flow(20, 6, (8, 5), (0, 0), (0.3, 6), 0)
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
    known, foreseen = condition[:, :-6], condition[:, -6:]
    known = known / (1 + np.exp(-known))
    said = [block(known) for block in layer.blocks[::4]]

    def velocity(x, i):
        t = np.full((9, 1), i / n_path, np.float32)
        return np.asarray(layer._velocity(x, t, foreseen, known, *said))

    place = noise
    for i in range(0, n_path, 2):  # by the midpoint method
        middle = place + velocity(place, i) / n_path
        place = place + 2 * velocity(middle, i + 1) / n_path
    made = draw(network["flow"], condition, noise, schedule(network["flow"], n_path))
    assert np.abs(made - noise).max() > 0.1
    np.testing.assert_allclose(made, place, rtol=1e-4, atol=1e-3)


def test_the_loss_is_the_squared_error_of_the_velocity():
    # To begin with no path goes anywhere, so it is the square of the whole way.
    model = keras_lstm._build_flow(3, 4, (5,), (0,), (0.3, 3), 0)
    n = 4000
    state = [np.zeros((1, 5), np.float32)] * 2
    target = np.broadcast_to(np.array([0, 1, 2, -3], np.float32), (1, n, 4))
    each, *_ = model([normal(1, n, 3), *state, target])
    assert each.shape == (1, n)
    assert np.mean(each) == pytest.approx(1 + 14 / 4, rel=0.05)
