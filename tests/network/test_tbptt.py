import random
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

from skmusic.network import keras_lstm as networks
from skmusic.network import tbptt
from skmusic.network.checkpoint import Checkpoint
from skmusic.network.numpy_lstm import (
    forward,
    from_arrays,
    to_arrays,
    zero_state,
)


def before(y):
    """Inputs that forecast each vector: the one before it, zeros first."""
    return np.pad(y, ((1, 0), (0, 0)))[:-1]


def random_pairs(lengths, n, seed=0):
    """Vectors of chance, and before each the one before it."""
    rng = np.random.default_rng(seed)
    each = [rng.standard_normal((length, n)).astype(np.float32) for length in lengths]
    return [(before(y), y) for y in each]


def loss_of(network, sequences):
    """Mean squared error of whole sequences, in plain numpy."""
    each = [
        np.square(forward(network, x, zero_state(network))[0] - y).mean(axis=1)
        for x, y in sequences
    ]
    return np.concatenate(each).mean()


def train(sequences, held_out=(), n=4, **options):
    """State after training, by default of a small network."""
    options = {
        "loss": "mse",
        "n_outputs": n,
        "units": (8,),
        "dropout": (0.0,),
        "epochs": 1,
        "learning_rate": 1e-2,
        "seed": 0,
        "n_streams": 2,
        "chunk_length": 8,
    } | options
    return tbptt.train(sequences, held_out, **options)


def learn(*args, **options):
    """Network and records."""
    state = train(*args, **options)
    return from_arrays(state["best"]), state["history"]


def test_held_out_loss_is_that_of_one_walk_with_the_state_carried():
    sequences = random_pairs([70, 33], 4)
    network, history = learn(
        sequences,
        sequences,
        units=(6, 5),
        dropout=(0.5, 0.2),
        n_streams=1,
        chunk_length=5,
    )
    assert history[0]["val_loss"] == pytest.approx(
        loss_of(network, sequences), abs=1e-5
    )


def test_a_periodic_pattern_is_learned():
    pattern = np.tile([0, 1, 0, 2, 0, 3], 60)  # what follows 0 depends on the past
    y = np.eye(4, dtype=np.float32)[pattern]
    x = before(y)
    network, history = learn(
        [(x, y)], epochs=60, units=(16,), n_streams=2, learning_rate=2e-2
    )
    losses = [record["loss"] for record in history]
    assert losses[-1] < 0.1 * losses[0]
    guess = forward(network, x, zero_state(network))[0].argmax(axis=1)
    assert (guess[6:] == pattern[6:]).all()


def test_memory_reaches_beyond_a_chunk():
    # A number is heard every 16 steps and wanted throughout: in the later chunks of 4
    # steps it is known only from the state.
    sign = np.random.default_rng(0).choice([-1, 1], 120)
    x = np.zeros((120 * 16, 1), np.float32)
    x[::16, 0] = sign
    y = np.repeat(sign, 16)[:, None].astype(np.float32)
    network, _ = learn(
        [(x, y)], n=1, epochs=20, n_streams=4, chunk_length=4, learning_rate=2e-2
    )
    error = np.square(forward(network, x, zero_state(network))[0] - y)[:, 0]
    late = np.arange(len(x)) % 16 >= 4
    assert error[late].mean() < 0.2  # 1 is that of no memory


@pytest.fixture(scope="module")
def stopped():
    """Noise learned by heart: what is held out gets worse at some time."""
    kept, held_out = random_pairs([200], 4, seed=0), random_pairs([60], 4, seed=1)
    network, history = learn(
        kept, held_out, epochs=60, patience=3, learning_rate=5e-2, n_streams=1
    )
    return network, [record["val_loss"] for record in history], held_out


def test_training_stops_after_so_many_epochs_without_a_better_one(stopped):
    _, losses, _ = stopped
    assert len(losses) == np.argmin(losses) + 1 + 3 < 60


def test_the_weights_of_the_best_epoch_are_kept(stopped):
    network, losses, held_out = stopped
    assert loss_of(network, held_out) == pytest.approx(min(losses), abs=1e-5)
    assert losses[-1] > min(losses) + 1e-3


def global_chance():
    return random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002


def test_chance_comes_from_the_seed_alone():
    sequences = random_pairs([60, 50], 4)
    keras.utils.set_random_seed(1)
    before = global_chance()
    first, _ = learn(sequences, **ALL_CHANCE)
    assert global_chance() == before
    keras.utils.set_random_seed(2)
    second, _ = learn(sequences, **ALL_CHANCE)
    other, _ = learn(sequences, seed=5, **ALL_CHANCE)
    for a, b in zip(to_arrays(first), to_arrays(second), strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(
        not np.array_equal(a, b)
        for a, b in zip(to_arrays(first), to_arrays(other), strict=True)
    )


def test_what_is_compiled_is_used_again_and_holds_nothing(monkeypatch):
    made, steps = [], networks._steps

    def told(model, *args):
        made.append(model)
        return steps(model, *args)

    monkeypatch.setattr(networks, "_idle", {})
    monkeypatch.setattr(networks, "_steps", told)
    sequences = random_pairs([60, 50], 4)
    options = ALL_CHANCE | {"epochs": 2}
    states = [
        train(sequences, **options | more)
        for more in ({}, {"seed": 3, "learning_rate": 1.0}, {}, {"units": (5,)}, {})
    ]
    assert len(made) == 2
    for again in (states[2], states[4]):
        assert_same_state(again, states[0])
    with pytest.raises(AssertionError):
        assert_same_state(states[1], states[0])


def test_networks_that_were_built_before_change_no_bit(monkeypatch):
    sequences = random_pairs([60, 50], 4)
    options = {"loss": "flow", "sampled": True, "average": 0.9, "epochs": 8}
    states = []
    for _ in range(2):  # compiled twice, between layers that Keras counts
        monkeypatch.setattr(networks, "_idle", {})
        states.append(train(sequences, **options))
        [keras.layers.LSTM(2), *(keras.layers.Dense(2) for _ in range(37))]
    assert_same_state(*states)


def test_fits_of_a_kind_at_once_do_not_meet():
    sequences = random_pairs([200, 50], 4)
    alone = [train(sequences, seed=seed, epochs=3) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        fits = [pool.submit(train, sequences, seed=seed, epochs=3) for seed in range(4)]
        for fit, state in zip(fits, alone, strict=True):
            assert_same_state(fit.result(), state)


def test_keras_own_chance_is_not_used():
    def draws():
        keras.utils.set_random_seed(7)
        yield keras.random.normal((3,))
        learn(random_pairs([20], 4), **ALL_CHANCE)
        yield keras.random.normal((3,))

    keras.utils.set_random_seed(7)
    undisturbed = [keras.random.normal((3,)) for _ in range(2)]
    for a, b in zip(draws(), undisturbed, strict=True):
        np.testing.assert_array_equal(a, b)


ALL_CHANCE = {"dropout": (0.5,)}


def assert_same_state(a, b):
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_equal(a[name], b[name], err_msg=name)


def test_to_go_on_after_the_end_is_to_stay():
    kept, held_out = random_pairs([100], 4), random_pairs([60], 4, seed=1)
    options = {"patience": 2, "learning_rate": 5e-2, "n_streams": 1}
    whole = train(kept, held_out, epochs=60, **options)
    n = len(whole["history"])
    assert n < 60
    state = train(kept, held_out, epochs=n - 1, **options)
    assert_same_state(train(kept, held_out, epochs=60, state=state, **options), whole)
    assert_same_state(train(kept, held_out, epochs=70, state=whole, **options), whole)
    longer = train(
        kept, held_out, epochs=n + 1, state=whole, **options | {"patience": 9}
    )
    assert len(longer["history"]) == n + 1


class EveryUpdate(Checkpoint):
    """Saves whenever it is asked, and dies at one of the saves."""

    def __init__(self, folder, at):
        super().__init__(folder, {})
        self.at = at

    def due(self):
        return True

    def save(self, state):
        super().save(state)
        self.at -= 1
        if self.at == 0:
            raise MemoryError


@pytest.mark.parametrize("at", [5, 11])
def test_a_state_within_an_epoch_is_gone_on_from(tmp_path, at):
    sequences = random_pairs([70, 40], 4)
    whole = train(sequences, epochs=3, **ALL_CHANCE)
    checkpoint = EveryUpdate(tmp_path, at)
    with pytest.raises(MemoryError):
        train(sequences, epochs=3, checkpoint=checkpoint, **ALL_CHANCE)
    state = Checkpoint(tmp_path, {}).load()
    assert_same_state(train(sequences, epochs=3, state=state, **ALL_CHANCE), whole)


def test_weights_are_plain_arrays():
    network, _ = learn(random_pairs([30], 4), units=(3, 2), dropout=(0, 0))
    assert all(
        type(a) is np.ndarray and a.dtype == np.float32 for a in to_arrays(network)
    )
    assert [W.shape for W, _, _ in network["layers"]] == [(4, 12), (3, 8)]
    assert network["head"][0].shape == (2, 4)


def test_an_interrupt_keeps_what_was_learned():
    def interrupt(state):
        records.append(state["history"][-1])
        if len(records) == 2:
            raise KeyboardInterrupt

    records = []
    with pytest.warns(UserWarning, match="after 2 of 5 epochs"):
        network, history = learn(random_pairs([30], 4), epochs=5, on_epoch=interrupt)
    assert history == records
    again, _ = learn(random_pairs([30], 4), epochs=2)
    for a, b in zip(to_arrays(network), to_arrays(again), strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_interrupt_before_the_first_epoch_ends_is_one():
    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn(random_pairs([30], 4), on_chunk=interrupt)
