from types import SimpleNamespace

import numpy as np
import pytest

from skmusic.network.training import before, layers, split, train

DEFAULT = ((128, 64, 32), (0.5, 0.2))


def chance(seed=0):
    return np.random.RandomState(seed)


def pairs(lengths):
    return [(np.arange(2.0 * n).reshape(n, 2), np.arange(n)) for n in lengths]


@pytest.mark.parametrize("fraction", [0, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("chunk", [1, 8, 64])
def test_split_parts_each_recording_in_beginning_and_end(fraction, chunk):
    whole = pairs([1, 7, 80, 640, 1000])
    kept, held_out = split(whole, fraction, chunk)
    assert len(kept) == len(whole)
    ends = iter(held_out)
    for (x, y), (x0, y0) in zip(whole, kept, strict=True):
        assert len(x0) == len(y0) > 0
        if len(x0) < len(x):
            x1, y1 = next(ends)
            assert len(x1) == len(y1) >= chunk
            assert len(x1) <= fraction * len(x)
            x0, y0 = np.concatenate([x0, x1]), np.concatenate([y0, y1])
        np.testing.assert_array_equal(x0, x)
        np.testing.assert_array_equal(y0, y)
    assert next(ends, None) is None


def test_nothing_is_held_out_without_need():
    assert split(pairs([1000]), 0, 1)[1] == []
    assert len(split(pairs([1000]), 0.1, 64)[1][0][0]) == 100


@pytest.mark.parametrize(
    ("units", "dropout", "expected"),
    [
        (None, None, ((128, 64, 32), (0.5, 0.2, 0.2))),
        ((8,), None, ((8,), (0.5,))),
        ([8, 4, 2, 1], None, ((8, 4, 2, 1), (0.5, 0.2, 0.2, 0.2))),
        (np.array([8, 4]), 0, ((8, 4), (0.0, 0.0))),
        ((8, 4), (0.1, 0.9), ((8, 4), (0.1, 0.9))),
    ],
)
def test_layers(units, dropout, expected):
    assert layers(units, dropout, DEFAULT) == expected


@pytest.mark.parametrize(
    ("units", "dropout"),
    [
        ((), None),
        ((0,), None),
        ((8, -1), None),
        ((8.5,), None),
        (("8",), None),
        ((8, 8), (0.5,)),
        ((8,), (0.5, 0.5)),
        ((8,), 1.0),
        ((8,), (-0.1,)),
        ((8,), (np.nan,)),
    ],
)
def test_layers_of_no_use(units, dropout):
    with pytest.raises(ValueError, match=r"hidden_layer_sizes=.*dropout=.*each layer"):
        layers(units, dropout, DEFAULT)


def parameters(**changes):
    values = {
        "validation_fraction": 0.25,
        "chunk_length": 8,
        "hidden_layer_sizes": (4,),
        "dropout": None,
        "callbacks": None,
        "epochs": 2,
        "verbose": 0,
        "learning_rate": 1e-3,
        "n_streams": 4,
        "n_iter_no_change": 5,
        "checkpoint_dir": None,
    }
    return SimpleNamespace(**values | changes)


@pytest.fixture(scope="module")
def sequences():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((100, 3)).astype(np.float32)
    return [(x, x)]


def test_records_and_callbacks(sequences):
    first, second = [], []
    generator = parameters(callbacks=[first.append, second.append])
    trained = train(generator, sequences, 3, "mse", chance(), None)
    assert trained["history_"] == first == second
    assert [set(r) for r in first] == [{"epoch", "loss", "val_loss"}] * 2
    assert [r["epoch"] for r in first] == [1, 2]


def test_going_on_adds_to_the_records_and_starts_from_the_weights(sequences):
    first = train(parameters(), sequences, 3, "mse", chance(), None)
    past = list(first["history_"])
    generator = parameters(**first | {"learning_rate": 1e-12, "epochs": 1})
    second = train(generator, sequences, 3, "mse", chance(1), before(generator))
    assert past == first["history_"]
    assert second["history_"][:2] == past
    assert [r["epoch"] for r in second["history_"]] == [1, 2, 3]
    for a, b in zip(
        first["network_"]["layers"][0], second["network_"]["layers"][0], strict=True
    ):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_going_on_with_other_layers(sequences):
    first = train(parameters(epochs=1), sequences, 3, "mse", chance(), None)
    generator = parameters(**first | {"hidden_layer_sizes": (5, 5)})
    with pytest.raises(
        ValueError, match=r"hidden_layer_sizes=\(4,\), not \(5, 5\); use warm_start"
    ):
        train(generator, sequences, 3, "mse", chance(), before(generator))


def test_going_on_without_what_was_dropped(sequences):
    first = train(parameters(), sequences, 3, "mse", chance(), None)
    generator = parameters(**first | {"training_": None, "epochs": 1})
    second = train(generator, sequences, 3, "mse", chance(), before(generator))
    assert second["history_"][:2] == first["history_"]
    assert len(second["history_"]) == 3


def test_going_on_with_other_music_is_judged_anew(sequences):
    first = train(parameters(), sequences, 3, "mse", chance(), None)
    first["training_"] |= {"best_loss": 0.0, "since": 5}
    other = [(x + 1, y + 1) for x, y in sequences]
    generator = parameters(**first | {"epochs": 1})
    second = train(generator, other, 3, "mse", chance(), before(generator))
    assert 0 < second["training_"]["best_loss"] == second["history_"][2]["val_loss"]
    with pytest.warns(UserWarning, match=r"ended after 2 epochs, since 5 .* no better"):
        same = train(generator, sequences, 3, "mse", chance(), before(generator))
    assert same["history_"] == first["history_"]
    # Of other settings the judgement holds, and patience is new.
    generator = parameters(**first | {"epochs": 1, "learning_rate": 1e-4})
    third = train(generator, sequences, 3, "mse", chance(), before(generator))
    assert third["training_"]["best_loss"] == 0
    assert third["training_"]["since"] == 1


def test_a_checkpoint_is_gone_on_from(sequences, tmp_path):
    whole = train(parameters(epochs=3), sequences, 3, "mse", chance(), None)
    keep = {"checkpoint_dir": tmp_path}
    train(parameters(**keep), sequences, 3, "mse", chance(), None)
    told = []
    generator = parameters(**keep, epochs=3, callbacks=[told.append])
    again = train(generator, sequences, 3, "mse", chance(), None)
    np.testing.assert_equal(again, whole)
    assert told == whole["history_"][2:]
    with pytest.raises(
        ValueError, match=r"holds 3 epochs .* and epochs=2 asks for few"
    ):
        train(parameters(**keep), sequences, 3, "mse", chance(), None)
    with pytest.raises(ValueError, match="another training, of other dropout"):
        train(parameters(**keep, dropout=0.1), sequences, 3, "mse", chance(), None)
    with pytest.raises(ValueError, match="another training, of other data"):
        train(parameters(**keep), sequences * 2, 3, "mse", chance(), None)


def test_a_checkpoint_of_the_music_before_is_written_over(sequences, tmp_path):
    keep = {"checkpoint_dir": tmp_path}
    first = train(parameters(**keep), sequences, 3, "mse", chance(), None)
    other = [(x + 1, y + 1) for x, y in sequences]
    generator = parameters(**keep, **first)
    second = train(generator, other, 3, "mse", chance(), before(generator))
    again = train(generator, other, 3, "mse", chance(), before(generator))
    np.testing.assert_equal(again, second)
    assert len(second["history_"]) == 4
