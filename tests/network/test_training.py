from dataclasses import replace

import numpy as np
import pytest

from skmusic.network.numpy_lstm import to_arrays
from skmusic.network.training import TrainingSettings, layers, past_of, split, train

DEFAULT = ((128, 64, 32), (0.5, 0.2))


@pytest.mark.parametrize("fraction", [0, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("chunk", [1, 8, 64])
@pytest.mark.parametrize("n", [1, 2, 7, 80, 640, 1000])
def test_split_holds_a_stretch_out_that_what_is_learned_does_not_touch(
    n, chunk, fraction
):
    kept, held_out = split(n, fraction, chunk)
    steps = [np.arange(n)[part] for part in kept + held_out]
    assert all(map(len, steps))
    assert len(np.unique(np.concatenate(steps))) == sum(map(len, steps))
    if int(n * fraction) < chunk:
        assert len(steps[0]) == n
        assert held_out == []
        return
    (held_out,) = steps[len(kept) :]
    assert len(held_out) == int(n * fraction)
    between = {held_out[0] - 1, held_out[-1] + 1}
    learned = {int(step) for part in steps[: len(kept)] for step in part}
    missing = set(range(n)) - learned - set(held_out.tolist())
    assert missing == between & set(range(n))


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.33])
def test_a_beginning_and_an_end_are_learned(fraction):
    kept, (held_out,) = split(1000, fraction, 8)
    assert [kept[0].start, kept[1].stop] == [0, 1000]
    assert 1000 - held_out.stop == held_out.stop - held_out.start


@pytest.mark.parametrize(
    ("units", "dropout", "expected"),
    [
        (None, None, ((128, 64, 32), (0.5, 0.2, 0.2))),
        ((8,), None, ((8,), (0.5,))),
        (8, None, ((8,), (0.5,))),
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


SETTINGS = TrainingSettings(
    hidden_layer_sizes=(4,),
    epochs=2,
    n_streams=4,
    chunk_length=8,
    validation_fraction=0.25,
    n_iter_no_change=5,
)


@pytest.fixture(scope="module")
def sequences():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((100, 3)).astype(np.float32)
    return [(x, x)]


def fitted(sequences, past=None, seed=0, version=None, **changes):
    settings, rng = replace(SETTINGS, **changes), np.random.RandomState(seed)
    more = {"playing": to_arrays, "version": version}
    return train(sequences, 3, "mse", settings, rng, past, **more)


def weights(trained):
    return to_arrays(trained.network)


def test_callbacks_are_told_what_is_learned_so_far(sequences):
    first, second = [], []
    both = [lambda *told: first.append(told), lambda *told: second.append(told)]
    trained = fitted(sequences, callbacks=both)
    np.testing.assert_equal(first, second)
    assert [set(r) for r in trained.history] == [{"epoch", "loss", "val_loss"}] * 2
    assert [r["epoch"] for r in trained.history] == [1, 2]
    for n, (played, so_far) in enumerate(first, 1):
        ended = fitted(sequences, epochs=n)
        np.testing.assert_equal(vars(so_far), vars(ended))
        np.testing.assert_equal(played, weights(ended))


def test_chance_is_the_callers(sequences):
    first, again, other = (fitted(sequences, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_equal(vars(again), vars(first))
    assert not np.array_equal(weights(other)[0], weights(first)[0])


@pytest.mark.parametrize("kept", [True, False])
def test_going_on_adds_to_the_records_and_starts_from_the_weights(sequences, kept):
    first = fitted(sequences)
    past = list(first.history)
    before = past_of(first.network, first.history, first.training if kept else None)
    second = fitted(sequences, before, seed=1, learning_rate=1e-12, epochs=1)
    assert past == first.history == second.history[:2]
    assert [r["epoch"] for r in second.history] == [1, 2, 3]
    for a, b in zip(weights(first), weights(second), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_going_on_with_other_layers(sequences):
    first = fitted(sequences, epochs=1)
    with pytest.raises(
        ValueError, match=r"hidden_layer_sizes=\(4,\), not \(5, 5\); use warm_start"
    ):
        fitted(sequences, first.training, hidden_layer_sizes=(5, 5))


def test_going_on_with_other_music_is_judged_anew(sequences):
    past = fitted(sequences).training | {"best_loss": 0.0, "since": 5}
    other = [(x + 1, y + 1) for x, y in sequences]
    second = fitted(other, past, epochs=1)
    assert 0 < second.training["best_loss"] == second.history[2]["val_loss"]
    with pytest.warns(UserWarning, match=r"ended after 2 epochs, since 5 .* no better"):
        same = fitted(sequences, past, epochs=1)
    assert same.history == past["history"]
    # Of other settings the judgement holds, and patience is new.
    third = fitted(sequences, past, epochs=1, learning_rate=1e-4)
    assert third.training["best_loss"] == 0
    assert third.training["since"] == 1


def test_a_checkpoint_is_gone_on_from(sequences, tmp_path):
    whole = fitted(sequences, epochs=3)
    fitted(sequences, checkpoint_dir=tmp_path)
    told, keep = [], {"checkpoint_dir": tmp_path}
    tell = [lambda made, trained: told.append(trained.history[-1])]
    again = fitted(sequences, epochs=3, callbacks=tell, **keep)
    np.testing.assert_equal(vars(again), vars(whole))
    assert told == whole.history[2:]
    with pytest.raises(
        ValueError, match=r"holds 3 epochs .* and epochs=2 asks for few"
    ):
        fitted(sequences, **keep)
    with pytest.raises(ValueError, match="another training, of other dropout"):
        fitted(sequences, dropout=0.1, **keep)
    with pytest.raises(ValueError, match="another training, of other data"):
        fitted(sequences * 2, **keep)


def test_a_checkpoint_of_the_music_before_is_written_over(sequences, tmp_path):
    past = fitted(sequences, checkpoint_dir=tmp_path).training
    other = [(x + 1, y + 1) for x, y in sequences]
    second = fitted(other, past, checkpoint_dir=tmp_path)
    again = fitted(other, past, checkpoint_dir=tmp_path)
    np.testing.assert_equal(vars(again), vars(second))
    assert len(second.history) == 4


@pytest.mark.parametrize("lengths", [[1], [1, 1], [9, 1, 3]])
def test_next_to_nothing_can_be_learned_from(lengths):
    x = [np.ones((n, 3), np.float32) for n in lengths]
    assert len(fitted([(one, one) for one in x]).history) == 2


def test_of_each_version_the_same_is_held_out(sequences):
    plain = fitted(sequences)
    same = fitted(sequences, version=lambda rng: sequences)
    np.testing.assert_equal(weights(same), weights(plain))
    assert same.history == plain.history
    held_out = split(100, 0.25, 8)[1][0]

    def changed(*parts):
        """Sequences with other numbers in some parts."""
        copies = [tuple(each.copy() for each in pair) for pair in sequences]
        for x, y in copies:
            for part in parts:
                x[part] = y[part] = 9
        return copies

    hidden = fitted(sequences, version=lambda rng: changed(held_out))
    np.testing.assert_equal(weights(hidden), weights(plain))
    heard = fitted(sequences, version=lambda rng: changed(slice(90, 100)))
    assert not np.array_equal(weights(heard)[0], weights(plain)[0])


def test_a_training_of_versions_is_gone_on_from(sequences, tmp_path):
    def version(rng):
        shift = np.float32(rng.normal())
        return [(x + shift, y + shift) for x, y in sequences]

    whole = fitted(sequences, epochs=3, version=version)
    first = fitted(sequences, epochs=1, version=version, checkpoint_dir=tmp_path)
    both = fitted(sequences, first.training, epochs=2, version=version)
    np.testing.assert_equal(vars(both), vars(whole))
    again = fitted(sequences, epochs=3, version=version, checkpoint_dir=tmp_path)
    np.testing.assert_equal(vars(again), vars(whole))
    with pytest.raises(ValueError, match="another training, of other version"):
        fitted(sequences, epochs=3, checkpoint_dir=tmp_path)
