"""Laws of training a network that draws, and of weights that are averaged."""

from types import SimpleNamespace

import numpy as np
import pytest

from skmusic.network import numpy_flow, tbptt
from skmusic.network.numpy_lstm import (
    forward,
    from_arrays,
    to_arrays,
    zero_state,
)

POINTS = np.array([[2, -1], [-2, 1]], np.float32)


def choices(n_steps, seed=0):
    """Vectors that are one of two points, as the input says; where it is 0 by chance.

    Chance takes the first one three times out of four.
    """
    rng = np.random.default_rng(seed)
    said = rng.integers(-1, 2, n_steps)
    drawn = np.where(rng.random(n_steps) < 0.75, 1, -1)
    first = np.where(said == 0, drawn, said) == 1
    return said[:, None].astype(np.float32), POINTS[np.where(first, 0, 1)]


def train(sequences, held_out=(), **options):
    options = {
        "loss": "flow",
        "n_outputs": 2,
        "units": (8,),
        "dropout": (0.0,),
        "epochs": 1,
        "learning_rate": 1e-2,
        "seed": 0,
        "n_streams": 4,
        "chunk_length": 8,
    } | options
    return tbptt.train(sequences, held_out, **options)


def drawn(state, said, n_draws):
    """Vectors ``(n_draws, n_steps, 2)`` after inputs."""
    network = from_arrays(state["best"], numpy_flow.N_ARRAYS)
    condition, _ = forward(network, said, zero_state(network))
    noise = np.random.default_rng(0).standard_normal((n_draws, len(said), 2))
    times = numpy_flow.schedule(network["flow"], 16)
    return numpy_flow.draw(network["flow"], condition[None], noise, times)


def test_what_is_drawn_is_one_of_the_points_and_never_their_mean():
    state = train(
        [choices(1500), choices(700, 1)],
        units=(16,),
        epochs=25,
        average=0.98,
    )
    said, _ = choices(120, 2)
    made = drawn(state, said, 100)
    distance = np.linalg.norm(made[..., None, :] - POINTS, axis=-1)
    assert np.mean(distance.min(axis=-1) < 0.8) > 0.95
    # The mean of the points, half as far from one as from the other.
    assert np.mean(np.linalg.norm(made, axis=-1) < 0.8) < 0.03
    first = distance.argmin(axis=-1) == 0
    by_input = {k: first[:, said[:, 0] == k].mean() for k in (-1, 0, 1)}
    assert by_input[1] > 0.97
    assert by_input[-1] < 0.03
    assert by_input[0] == pytest.approx(0.75, abs=0.1)


def noise(lengths, seed=0):
    """Vectors of chance after others."""
    rng = np.random.default_rng(seed)
    return [
        tuple(rng.standard_normal((n, size)).astype(np.float32) for size in (3, 2))
        for n in lengths
    ]


MSE = {"loss": "mse"}
OPTIONS = {
    "mse": MSE | {"dropout": (0.3,)},
    "flow": {"average": 0.9, "sampled": True, "dropout": (0.3,)},
}


@pytest.mark.parametrize("judged", [False, True])
@pytest.mark.parametrize("name", OPTIONS)
def test_to_stop_and_to_go_on_is_not_to_stop(name, judged):
    *kept, last = noise([70, 70, 70])
    held_out = [last] if judged else []
    whole = train(kept, held_out, epochs=3, **OPTIONS[name])
    state = train(kept, held_out, epochs=2, **OPTIONS[name])
    state = train(kept, held_out, epochs=3, state=state, **OPTIONS[name])
    assert state.keys() == whole.keys()
    for key in whole:
        np.testing.assert_equal(state[key], whole[key], err_msg=key)


def test_what_is_held_out_is_judged_by_the_averaged_weights():
    (x, y), *kept = noise([60, 70, 50])
    options = MSE | {"epochs": 3, "learning_rate": 0.05, "n_streams": 1}

    def loss_of(weights):
        network = from_arrays(weights)
        return np.square(forward(network, x, zero_state(network))[0] - y).mean()

    state = train(kept, [(x, y)], average=0.9, **options)
    records = state["history"]
    losses = [record["val_loss"] for record in records]
    assert loss_of(state["best"]) == pytest.approx(min(losses), abs=1e-5)
    if losses[-1] > min(losses):  # `weights` are those of the last epoch
        records = records[: int(np.argmin(losses)) + 1]
        options["epochs"] = len(records)
        state = train(kept, [(x, y)], average=0.9, **options)
    assert loss_of(state["weights"]) != pytest.approx(min(losses), abs=1e-5)
    # Learning itself knows nothing of the average.
    plain = train(kept, [(x, y)], **options)
    for a, b in zip(plain["weights"], state["weights"], strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(
        not np.array_equal(a, b)
        for a, b in zip(plain["best"], state["best"], strict=True)
    )


def test_the_average_of_weights_that_stay_is_these():
    state = train([choices(60)], average=0.9, learning_rate=1e-12)
    for a, b in zip(state["best"], state["weights"], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    assert len(to_arrays(from_arrays(state["best"], numpy_flow.N_ARRAYS))) == len(
        state["best"]
    )


@pytest.mark.parametrize(("most", "n_epochs"), [(25, 3), (None, 5)])
def test_no_epoch_begins_when_the_time_is_over(monkeypatch, most, n_epochs):
    now = [100.0]
    monkeypatch.setattr(tbptt, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def pass_time(state):
        now[0] += 10

    options = MSE | {"epochs": 5, "on_epoch": pass_time}
    state = train(noise([40]), max_seconds=most, **options)
    assert len(state["history"]) == n_epochs
    # What is gone on with has as much time again.
    options["epochs"] = 7
    more = train(noise([40]), max_seconds=most, state=state, **options)
    assert len(more["history"]) == min(7, n_epochs + (n_epochs if n_epochs < 5 else 2))


def test_each_pass_asks_for_its_version():
    sequences, asked, chunks = noise([40, 25]), [], []

    def version(rng):
        n = int(rng.integers(10**9))
        asked.append(n)
        return [(x[n % 3 :], y[n % 3 :]) for x, y in sequences]

    options = MSE | {"on_chunk": lambda n, loss: chunks.append(n)}
    state = train(sequences, version=version, epochs=3, **options)
    assert len(set(asked)) == 3
    assert sum(chunks) == sum(65 - 2 * (n % 3) for n in asked)
    # Chance is that of the seed, and of the epoch.
    first = train(sequences, version=version, epochs=1, **options)
    parts = train(sequences, version=version, epochs=3, state=first, **options)
    assert asked[3:] == asked[:3]
    assert parts.keys() == state.keys()
    for key in state:
        np.testing.assert_equal(parts[key], state[key], err_msg=key)
