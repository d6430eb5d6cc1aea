"""How the generator learns: it goes on, is watched, interrupted and killed."""

import copy
import pickle
import re
import signal
import subprocess
import sys
from dataclasses import replace

import joblib
import numpy as np
import pytest
from small import SYNTHESES, generator, same, waves, weights

from skmusic.spectra.frames import Frames

OTHER = {"neural": "regression", "regression": "neural"}


@pytest.fixture(scope="module")
def frames(pipes, recordings):
    """Frames of two recordings, for three seconds each."""
    X = pipes["neural"][0].transform(recordings[:2])
    return [Frames(x[:260], x.format) for x in X]


# To go on


@pytest.mark.parametrize("synthesis", SYNTHESES)
def test_warm_start_goes_on(synthesis):
    X = waves(2)
    fitted = generator(synthesis, warm_start=True).fit(X)
    # Of an average of weights the last ones are gone on from.
    first, history = fitted.training_["weights"], list(fitted.history_)
    before = fitted.synthesis_
    fitted.set_params(epochs=3, learning_rate=1e-12).fit(X)
    assert fitted.history_[:2] == history
    assert [record["epoch"] for record in fitted.history_] == [1, 2, 3, 4, 5]
    assert fitted.n_iter_ == 5
    assert fitted.synthesis_.network is not before.network
    for name, value in vars(before).items():
        # These depend on the network.
        if name not in ("network", "variance", "noise_size", "noise_persistence"):
            np.testing.assert_equal(getattr(fitted.synthesis_, name), value)
    for a, b in zip(first, fitted.training_["weights"], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    with pytest.raises(
        ValueError, match=r"3 numbers.* and 2, None; use fit with warm_start=F"
    ):
        fitted.fit(waves(n_dims=2))
    other = OTHER[synthesis]
    with pytest.raises(ValueError, match=f"not with {other.title()} and .*warm_start"):
        fitted.set_params(synthesis=other).fit(X)
    assert fitted.n_iter_ == 5
    assert fitted.sample(X[0], 5).shape == (5, 3)


@pytest.mark.parametrize("synthesis", SYNTHESES)
def test_two_fits_are_one_of_all_their_epochs(synthesis, frames):
    X = frames if synthesis == "neural" else waves(2)
    whole = generator(synthesis, epochs=3).fit(X)
    parts = generator(synthesis, epochs=1, warm_start=True).fit(X)
    parts = pickle.loads(pickle.dumps(parts))  # another day
    parts.set_params(epochs=2).fit(X)
    assert parts.history_ == whole.history_
    assert same(weights(parts), weights(whole))
    np.testing.assert_equal(parts.training_, whole.training_)
    music = [each.sample(X[0], 90, random_state=1) for each in (parts, whole)]
    np.testing.assert_array_equal(*music)


@pytest.mark.parametrize("synthesis", SYNTHESES)
def test_a_partial_fit_is_a_warm_start_that_keeps_what_was_learned(synthesis):
    X, new = waves(2), waves(3, seed=1)
    fitted, other = generator(synthesis).partial_fit(X), generator(synthesis).fit(X)
    np.testing.assert_equal(fitted.training_, other.training_)
    fitted.partial_fit(new)
    other.set_params(warm_start=True).fit(new)
    np.testing.assert_equal(fitted.training_, other.training_)
    assert fitted.n_iter_ == 4
    assert (fitted.n_recordings_, other.n_recordings_) == (5, 3)
    assert fitted.sample(X[0], 30).shape == (30, 3)
    if synthesis == "neural":
        means = [x.mean(axis=0) for x in X + new]
        np.testing.assert_allclose(fitted.synthesis_.means, means, atol=1e-6)
        np.testing.assert_allclose(other.synthesis_.means, means[2:], atol=1e-6)
    with pytest.raises(ValueError, match=r"have 2 numbers where 3 are expected"):
        fitted.partial_fit(waves(n_dims=2))
    assert fitted.n_recordings_ == 5


def test_of_all_that_was_heard_in_parts_something_is_known(frames):
    fitted, told = generator(epochs=1), {"beats": [], "means": []}
    for n, x in enumerate(frames, 1):
        fitted.partial_fit([x])
        assert fitted.n_recordings_ == n
        for name, before in told.items():
            found = getattr(fitted.synthesis_, name)
            assert len(found) == n
            # What was known stays, and recordings are told apart.
            for row, known in zip(found, before, strict=False):
                np.testing.assert_array_equal(row, known)
            told[name] = found
        assert len(np.unique(told["means"], axis=0)) == n


def test_what_training_needs_can_be_dropped():
    X, fitted = waves(2), generator(warm_start=True).fit(waves(2))
    whole = len(pickle.dumps(fitted))
    fitted.training_ = None
    assert len(pickle.dumps(fitted)) < whole
    assert fitted.sample(X[0], 20, random_state=0).shape == (20, 3)
    assert fitted.fit(X).n_iter_ == 4


def test_a_fit_keeps_nothing_of_another_synthesis():
    X = waves(2)
    fitted = generator().fit(X)
    fitted.set_params(synthesis="regression").fit(X)
    assert not hasattr(fitted.synthesis_, "code")
    with pytest.raises(ValueError, match=r"goes on with Regression .*, not with Neu"):
        fitted.set_params(synthesis="neural").partial_fit(X)
    fitted.set_params(synthesis="regression").fit(X)
    alone = generator("regression").fit(X)
    assert vars(fitted).keys() == vars(alone).keys()
    assert same(fitted.sample(X[0], 20), alone.sample(X[0], 20))


# To be killed and interrupted


KILLED = """
import os, signal, sys
import joblib
import skmusic.network.checkpoint
skmusic.network.checkpoint.INTERVAL = 0.0  # also within epochs
n_before, written = 0, skmusic.network.checkpoint._write
def write(path, content):
    written(path, content)
    global n_before
    n_before += path.suffix == ".checkpoint"
    if n_before == 7:
        os.kill(os.getpid(), signal.SIGKILL)
skmusic.network.checkpoint._write = write
generator, X = joblib.load(sys.argv[1])
joblib.dump(generator.fit(X), sys.argv[1])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_a_fit_that_is_killed_ends_as_one_that_is_not(tmp_path):
    X, path, folder = waves(2), tmp_path / "job.joblib", tmp_path / "states"
    killed = generator(checkpoint_dir=folder)
    joblib.dump((killed, X), path)
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], timeout=100)
    assert done.returncode == -signal.SIGKILL
    assert list(folder.glob("*.checkpoint"))
    killed.fit(X)
    whole = generator().fit(X)
    assert killed.history_ == whole.history_
    np.testing.assert_equal(killed.training_, whole.training_)


def test_a_checkpoint_keeps_the_chance_of_its_fit(tmp_path):
    X, folder = waves(2), tmp_path / "states"
    fitted = generator(random_state=None, checkpoint_dir=folder)
    fitted.set_params(epochs=1).fit(X)  # draws its own random state
    fitted.set_params(epochs=2).fit(X)
    assert fitted.n_iter_ == 2
    with pytest.raises(ValueError, match="another training, of other data"):
        fitted.fit(waves(3))


def test_interrupted_learning_leaves_what_was_learned():
    def interrupt(record):
        raise KeyboardInterrupt

    fitted = generator(epochs=30, callbacks=[interrupt])
    with pytest.warns(UserWarning, match="interrupted after 1 of 30 epochs"):
        fitted.fit(waves(2))
    assert fitted.n_iter_ == len(fitted.history_) == 1
    assert fitted.sample(None, 30).shape == (30, 3)
    assert np.isfinite(fitted.score(waves(2)))


def test_however_little_time_there_is_one_epoch_is_trained():
    X = waves(1)
    short = generator("regression", max_minutes=1e-12).fit(X)
    assert short.n_iter_ == len(short.history_) == 1
    assert same(weights(short), weights(generator("regression", epochs=1).fit(X)))
    # So it is where a fit goes on; and with enough time all epochs are trained.
    assert short.set_params(warm_start=True).fit(X).n_iter_ == 2
    assert short.set_params(max_minutes=60, epochs=2).fit(X).n_iter_ == 4


# To be watched


def test_in_a_callback_the_generator_is_as_if_training_had_ended():
    X, made = waves(2, 150), []

    def play(record):
        assert (fitted.n_iter_, fitted.history_[-1]) == (record["epoch"], record)
        made.append(fitted.sample(None, 20, random_state=1))

    def heard(ended):
        # Noise is calibrated once training has ended.
        size = np.ones_like(ended.synthesis_.noise_size)
        plain = {"noise_size": size, "noise_persistence": 0 * size}
        ended = copy.copy(ended)
        ended.synthesis_ = replace(ended.synthesis_, **plain)
        return ended.sample(None, 20, random_state=1)

    fitted = generator(callbacks=[play])
    fitted.fit(X)
    for n, music in enumerate(made, 1):
        ended = generator(epochs=n).fit(X)
        assert np.array_equal(music, heard(ended))
    assert same(weights(fitted), weights(ended))  # hearing it changed nothing
    # So it is when more recordings are learned.
    fitted.set_params(epochs=1).partial_fit(waves(1))
    assert np.array_equal(made[-1], heard(fitted))
    assert (len(made), fitted.n_iter_, fitted.n_recordings_) == (3, 3, 3)


def test_a_callback_that_fails_leaves_what_was_fitted_before():
    def fail(record):
        raise ValueError("no more")

    fitted = generator("regression")
    for _ in range(2):  # nothing, and something
        before = dict(vars(fitted), callbacks=[fail])
        with pytest.raises(ValueError, match="no more"):
            fitted.set_params(callbacks=[fail]).fit(waves(1))
        assert vars(fitted) == before
        fitted.set_params(callbacks=None).fit(waves(1))


def test_nothing_held_out_trains_all_epochs():
    # Nothing ever gets better.
    options = {"epochs": 12, "learning_rate": 1e-12, "n_iter_no_change": 1}
    X, fitted = waves(2), generator("regression", **options)
    assert fitted.fit(X).n_iter_ < 12
    assert all(set(each) == {"epoch", "loss", "val_loss"} for each in fitted.history_)
    assert fitted.set_params(validation_fraction=0).fit(X).n_iter_ == 12
    assert all(set(record) == {"epoch", "loss"} for record in fitted.history_)


def test_layers():
    sizes = {"hidden_layer_sizes": (3, 2, 1), "dropout": (0.5, 0.0, 0.1)}
    fitted = generator("regression", **sizes).fit(waves(1))
    assert [len(U) for _, U, _ in fitted.synthesis_.network["layers"]] == [3, 2, 1]


@pytest.mark.parametrize("synthesis", SYNTHESES)
def test_loss_time_left_and_length_of_the_music_are_shown(
    synthesis, frames, capsys, monkeypatch
):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    fitted = generator(synthesis, epochs=1, verbose=1)
    with pytest.warns(UserWarning, match="less than a minute of music is little"):
        fitted.fit(frames)
    out, err = capsys.readouterr()
    assert out == ""
    assert re.search(r"fit to .*%.*\[\d\d:\d\d<\d\d:\d\d.*loss=\d", err)
    told = re.search(r"fit to ([\d.]+) s of music: ", err)
    seconds = sum(len(x) for x in frames) * frames[0].format.seconds
    assert float(told[1]) == pytest.approx(seconds, rel=0.1)
    fitted.sample(frames[0], 20, verbose=0)
    assert capsys.readouterr() == ("", "")
    fitted.sample(frames[0], 20)
    out, err = capsys.readouterr()
    assert out == ""
    assert re.search(r"sample: 100%.*20/20 \[\d\d:\d\d<\d\d:\d\d.*frames/s", err)


# Next to nothing


def test_empty_recordings_are_passed_over():
    X, empty = waves(2), np.empty((0, 3))
    one, other = (generator().fit(some) for some in (X, [empty, X[0], empty, X[1]]))
    assert same(weights(one), weights(other))
    assert [len(p) for p in one.predict([X[0], empty])] == [100, 0]
    assert one.score([empty, X[0]]) == one.score(X[:1])


@pytest.mark.parametrize("synthesis", SYNTHESES)
@pytest.mark.parametrize("x", [np.zeros((1, 3)), np.ones((60, 3))], ids=len)
def test_next_to_nothing_to_learn_from(x, synthesis):
    fitted = generator(synthesis, epochs=1).fit([x])
    assert np.isfinite(fitted.sample(x, 5)).all()
    assert np.isfinite(fitted.sample(None, 5)).all()
    assert np.isfinite(fitted.predict([x])[0]).all()
    assert np.isfinite(fitted.score([x]))
