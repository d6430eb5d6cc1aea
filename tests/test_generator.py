import copy
import os
import pickle
import random
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmusic import FFTFeaturizer, StatefulLSTMGenerator, make_pipeline
from skmusic.datasets import make_songs
from skmusic.network.numpy_lstm import to_arrays
from skmusic.synthesis.controls import CONTROLS

# Of one shape of batches, for which a network is compiled once.
ALIKE = {"hidden_layer_sizes": (8,), "n_streams": 1, "chunk_length": 16}
SMALL = ALIKE | {"epochs": 2}
SYNTHESES = ["neural", "regression"]
OTHER = {"neural": "regression", "regression": "neural"}


# Hardly any check fits recordings that are shorter than these chunks.
CHECKED = {"hidden_layer_sizes": (2,), "epochs": 1, "n_streams": 1, "chunk_length": 2}


@parametrize_with_checks([StatefulLSTMGenerator(s, **CHECKED) for s in SYNTHESES])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def waves(n_recordings=4, n_frames=150, n_dims=3, seed=0):
    """Frames of a few slow waves each, and a little noise; one frame is a step."""
    rng = np.random.default_rng(seed)
    t = np.arange(n_frames)[:, None]
    return [
        np.sin(t / rng.uniform(2, 12, n_dims) + rng.uniform(0, 6, n_dims))
        + 0.1 * rng.standard_normal((n_frames, n_dims))
        for _ in range(n_recordings)
    ]


@pytest.fixture(scope="module")
def recordings(songs):
    """The first seconds of four songs."""
    return [x[: 6 * songs.sr] for x in songs.recordings[:4]]


@pytest.fixture(scope="module")
def featurizer(songs, recordings):
    return FFTFeaturizer(N=128, sr=songs.sr).fit(recordings)


@pytest.fixture(scope="module")
def frames(recordings, featurizer):
    return featurizer.transform(recordings)


@pytest.fixture(scope="module")
def all_fitted(frames):
    """Of each kind, an estimator and what it learned: frames, or plain numbers."""
    options, small = SMALL | {"random_state": 0}, waves()
    return {
        kind: (StatefulLSTMGenerator(kind.split()[0], **options).fit(X), X)
        for kind in KINDS
        for X in [small if "numbers" in kind else frames]
    }


KINDS = [*SYNTHESES, *(f"{synthesis} of numbers" for synthesis in SYNTHESES)]
# What is no waveform is forecast, or drawn, without a vocoder.
DRAWN = [kind for kind in KINDS if kind.startswith("neural")]


@pytest.fixture(params=KINDS)
def fitted(request, all_fitted):
    return all_fitted[request.param]


@pytest.fixture(scope="module")
def composer(all_fitted):
    return all_fitted["neural"][0]


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def global_chance():
    return random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002


def weights(generator):
    return to_arrays(generator.synthesis_.network)


# State


def test_steps_of_the_fixture_are_no_frames(composer, featurizer):
    """Nor are patches steps: what is made is cut within both."""
    synthesis = composer.synthesis_
    assert synthesis.format == featurizer.format_
    assert synthesis.format.step == 4 * synthesis.format.hop_length
    assert synthesis.code.n_steps == 4


def test_predictions_do_not_know_the_future(fitted):
    generator, X = fitted
    (whole,) = generator.predict(X[:1])
    for n in (1, 2, 8, *range(13, 150, 17)):
        (part,) = generator.predict([X[0][:n]])
        np.testing.assert_allclose(part, whole[:n], rtol=1e-5, atol=1e-5)


def test_predictions_remember(fitted):
    generator, X = fitted
    (whole,), (late,) = generator.predict(X[:1]), generator.predict([X[0][100:]])
    assert not np.allclose(late[:30], whole[100:130], atol=1e-4)


def test_recordings_together_equal_recordings_alone_in_any_order(fitted):
    generator, X = fitted
    X = [X[0], X[1][:50], X[2][:9]]
    together = generator.predict(X)
    assert same(together, [generator.predict([x])[0] for x in X])
    assert same(together[::-1], generator.predict(X[::-1]))


def test_scores_of_recordings_are_those_of_each(fitted):
    generator, X = fitted
    each = [generator.score([x]) for x in X[:3]]
    assert generator.score(X[:3]) == pytest.approx(
        np.average(each, weights=[len(x) for x in X[:3]]), abs=1e-3
    )
    assert generator.score(X[:3]) == pytest.approx(generator.score(X[2::-1]))


@pytest.mark.parametrize("parts", [(1, 15), (1,) * 16, (97, 103)], ids=len)
@pytest.mark.parametrize("seeded", [0, 51])
def test_music_in_parts_equals_music_at_once(fitted, parts, seeded):
    generator, X = fitted
    seed = X[0][:seeded] if seeded else None
    state, made = seed, []
    for n in parts:
        music, state = generator.sample(state, n, random_state=1, return_state=True)
        made.append(music)
    whole = generator.sample(seed, sum(parts), random_state=1)
    np.testing.assert_array_equal(np.concatenate(made), whole)


@pytest.mark.parametrize(("channels", "hop_length"), [(2, None), (1, 64)])
def test_upper_halves_change_nothing(songs, channels, hop_length):
    settings = {"hop_length": hop_length, "channels": channels, "sr": songs.sr}
    recordings, made = [x[: 4 * songs.sr] for x in songs.recordings[:2]], []
    for redundant in (False, True):
        featurizer = FFTFeaturizer(N=128, redundant=redundant, **settings)
        pipe = make_pipeline(
            featurizer, StatefulLSTMGenerator(**SMALL, random_state=0)
        ).fit(recordings)
        assert pipe[-1].n_dims_ == 2 * channels * (128 if redundant else 65)
        music = pipe.sample(recordings[0][:9001], 300, random_state=0)
        forecast = featurizer.inverse_transform(pipe.predict(recordings[:1]))[0]
        made.append((music, forecast, pipe.score(recordings)))
    # The last bits of a waveform grow in training, and what is drawn is but alike.
    one, other = made
    assert one[-1] == pytest.approx(other[-1], abs=0.05)
    for lower, both in zip(one[:-1], other[:-1], strict=True):
        assert lower.shape == both.shape
        assert 0.5 < np.std(lower) / np.std(both) < 2


# What is asked


def wish(name, frames):
    """Something to ask for by a control."""
    plain = {"energy": 0.5, "begin": True, "end": True, "tempo": 90, "key": "F# minor"}
    return {name: plain.get(name, frames)}


ASKED = [name for name in CONTROLS if name != "amount"]


@pytest.mark.parametrize("name", ASKED)
def test_all_that_can_be_asked_is_taken(composer, frames, name):
    made = composer.sample(frames[0][:300], 60, **wish(name, frames[1]))
    assert made.shape == (60, composer.n_dims_)
    assert np.isfinite(made).all()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "neural"])
@pytest.mark.parametrize("name", ASKED)
def test_what_cannot_be_asked_is_refused(all_fitted, kind, name):
    generator, X = all_fitted[kind]
    remedy = "an FFTFeaturizer before" if kind in DRAWN else "synthesis='neural'"
    with pytest.raises(ValueError, match=f"{name} is given, but .*; use {remedy}"):
        generator.sample(None, 5, **wish(name, X[0]))


@pytest.mark.parametrize("name", ["begin", "key"])
def test_a_state_amid_a_piece_does_not_begin(composer, frames, name):
    asked = wish(name, None)
    _, state = composer.sample(frames[0][:300], 5, return_state=True, **asked)
    with pytest.raises(ValueError, match=f"{name}= is given, but the seed is a state"):
        composer.sample(state, 5, **asked)


def test_a_style_is_taken_with_a_seed_with_none_and_on_the_way(composer, frames):
    plain, state = composer.sample(frames[0], 60, random_state=0, return_state=True)
    told = []
    for seed in (frames[0], None, state):
        music, after = composer.sample(
            seed, 60, style=frames[1], random_state=0, return_state=True
        )
        assert music.shape == plain.shape
        told.append(after.context.moment.style)
        np.testing.assert_allclose(told[-1], told[0])
    assert not np.allclose(told[0], state.context.moment.style)


@pytest.mark.parametrize("name", ["style", "energy", "vary", "until"])
def test_frames_that_cannot_be_heard_are_refused(composer, frames, name):
    for wrong, message in [
        (np.ones((30, 3)), f"{name} has frames of 3"),
        (np.ones((2, 3, 4)), f"{name} has 3 dim"),
        (frames[0][:1], f"given as {name} has too few frames"),
    ]:
        with pytest.raises(ValueError, match=message):
            composer.sample(frames[0][:300], 5, **{name: wrong})


def test_a_state_of_another_synthesis_is_refused(all_fitted):
    for one, other in OTHER.items():
        _, state = all_fitted[one][0].sample(None, 5, return_state=True)
        with pytest.raises(ValueError, match="seed is a state of another"):
            all_fitted[other][0].sample(state, 5)


def test_frames_of_another_format_are_refused(composer, recordings, songs):
    other = FFTFeaturizer(N=128, hop_length=32, sr=songs.sr)
    X = other.fit_transform(recordings[:2])
    assert X[0].shape[1] == composer.n_dims_
    for method in (composer.predict, composer.score):
        with pytest.raises(ValueError, match=r"format.*hop_length=32.*fitted"):
            method(X)
    for name in ("seed", "style", "energy", "vary", "until"):
        with pytest.raises(ValueError, match=r"format.*hop_length=32.*fitted"):
            composer.sample(frames=5, **{name: X[0]})


def test_a_state_can_be_used_again(fitted):
    generator, X = fitted
    _, state = generator.sample(X[0], 5, return_state=True)
    assert same(generator.sample(state, 80), generator.sample(state, 80))
    # Chance is the state's.
    assert same(
        generator.sample(state, 80), generator.sample(state, 80, random_state=9)
    )


def test_saved_music_goes_on(fitted, tmp_path):
    generator, X = fitted
    _, state = generator.sample(X[0], 30, return_state=True)
    joblib.dump((generator, state), tmp_path / "saved.joblib")
    loaded, loaded_state = joblib.load(tmp_path / "saved.joblib")
    assert same(loaded.sample(loaded_state, 80), generator.sample(state, 80))
    assert same(loaded.predict(X[:1]), generator.predict(X[:1]))
    assert loaded.score(X[:1]) == generator.score(X[:1])


def test_what_another_version_pickled_is_refused_when_it_is_loaded(fitted):
    old = pickle.loads(pickle.dumps(fitted[0]))
    del vars(old.synthesis_)["network"]
    with pytest.raises(ValueError, match=r"\.network is missing: .* fit again"):
        pickle.loads(pickle.dumps(old))


@pytest.mark.parametrize("kind", ["regression", "regression of numbers"])
def test_without_chance_the_forecast_is_played(all_fitted, kind):
    generator, X = all_fitted[kind]
    for n_frames in (1, 2, 3, 4, 61, 62, 63, 64):
        seed = X[1][:n_frames]
        music = generator.sample(seed, 1, temperature=0)
        forecast = generator.predict([seed])[0][-1:]
        np.testing.assert_allclose(music, forecast, atol=1e-5)


# Chance


def test_same_chance_same_music(fitted):
    generator, X = fitted
    assert same(
        generator.sample(X[0], 90, random_state=3),
        generator.sample(X[0], 90, random_state=3),
    )
    assert same(generator.sample(X[0], 90), generator.sample(X[0], 90, random_state=0))


@pytest.mark.parametrize("kind", DRAWN)
def test_other_chance_other_music(all_fitted, kind):
    generator, X = all_fitted[kind]
    pieces = [generator.sample(X[0], 60, random_state=s) for s in range(3)]
    assert not same(pieces[0], pieces[1])
    assert not same(pieces[1], pieces[2])
    rng = np.random.RandomState(0)
    first, second = (generator.sample(X[0], 60, random_state=rng) for _ in range(2))
    assert not same(first, second)


def test_together_is_one_at_a_time(fitted):
    generator, X = fitted
    _, state = generator.sample(X[0], 33, random_state=7, return_state=True)
    seeds = [X[0], None, state, X[1], X[0][:5], state]
    for n_frames in (1, 33):
        rng = np.random.RandomState(3)
        options = {"random_state": rng, "return_state": True}
        alone = [generator.sample(seed, n_frames, **options) for seed in seeds]
        options["random_state"] = np.random.RandomState(3)
        pieces, states = generator.sample(seeds, n_frames, **options)
        for (piece, after), *others in zip(alone, pieces, states, strict=True):
            assert same(piece, others[0])
            assert same(generator.sample(after, 20), generator.sample(others[1], 20))


def test_no_temperature_no_chance(fitted):
    generator, X = fitted
    for seed in (X[0], None):
        first, second = (
            generator.sample(seed, 100, temperature=0, random_state=s) for s in (0, 1)
        )
        assert same(first, second)


def test_a_fit_keeps_nothing_of_another_synthesis():
    X, options = waves(2), SMALL | {"random_state": 0}
    generator = StatefulLSTMGenerator(**options).fit(X)
    generator.set_params(synthesis="regression").fit(X)
    assert not hasattr(generator.synthesis_, "code")
    with pytest.raises(ValueError, match=r"goes on with Regression .*, not with Neu"):
        generator.set_params(synthesis="neural").partial_fit(X)
    generator.fit(X)
    alone = StatefulLSTMGenerator(**options).fit(X)
    assert vars(generator).keys() == vars(alone).keys()
    assert same(generator.sample(X[0], 20), alone.sample(X[0], 20))


def test_regression_knows_no_chance(all_fitted):
    generator, X = all_fitted["regression"]
    assert same(
        generator.sample(X[0], 50, temperature=2.0, random_state=1),
        generator.sample(X[0], 50, temperature=0.1, random_state=2),
    )


@pytest.mark.parametrize("synthesis", SYNTHESES)
def test_fits_with_the_same_chance_are_equal(synthesis):
    X = waves(2)
    kept = [x.copy() for x in X]
    generator = StatefulLSTMGenerator(synthesis, **SMALL, random_state=5)
    before = global_chance()
    first = weights(generator.fit(X))
    music = generator.sample(X[0], 20)
    assert global_chance() == before
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    # Without warm_start it starts anew.
    assert same(first, weights(generator.fit(X)))
    assert generator.n_iter_ == 2
    assert same(music, generator.sample(X[0], 20))
    other = clone(generator).set_params(random_state=6).fit(X)
    assert not same(first, weights(other))
    assert same(X, kept)


def test_music_for_everyone_at_once(fitted):
    generator, X = fitted

    def work(k):
        x = X[k % len(X)][: 40 + k]
        return generator.sample(x, 60, random_state=k), generator.predict([x])[0]

    serial = [work(k) for k in range(8)]
    with ThreadPoolExecutor(4) as pool:
        parallel = list(pool.map(work, range(8)))
    for a, b in zip(serial, parallel, strict=True):
        assert same(a, b)


PLAY = """
import sys, joblib, numpy as np
generator, seed = joblib.load(sys.argv[1])
np.save(sys.argv[2], generator.sample(seed, 60, random_state=1))
loaded = {name.partition(".")[0] for name in sys.modules}
assert not loaded & {"keras", "tensorflow"}, "playing has loaded TensorFlow"
"""


@pytest.mark.parametrize("kind", SYNTHESES)
def test_playing_needs_no_tensorflow(all_fitted, kind, tmp_path):
    generator, X = all_fitted[kind]
    assert not re.search(rb"keras|tensorflow", pickle.dumps(generator))
    joblib.dump((generator, X[0]), tmp_path / "saved.joblib")
    paths = str(tmp_path / "saved.joblib"), str(tmp_path / "music.npy")
    subprocess.run([sys.executable, "-c", PLAY, *paths], check=True, timeout=600)
    music = generator.sample(X[0], 60, random_state=1)
    np.testing.assert_array_equal(np.load(paths[1]), music)


# Learning


@pytest.mark.parametrize("synthesis", SYNTHESES)
def test_warm_start_goes_on(synthesis):
    X = waves(2)
    generator = StatefulLSTMGenerator(
        synthesis, **SMALL, warm_start=True, random_state=0
    ).fit(X)
    # Of an average of weights the last ones are gone on from.
    first, history = generator.training_["weights"], list(generator.history_)
    before = generator.synthesis_
    generator.set_params(epochs=3, learning_rate=1e-12).fit(X)
    assert generator.history_[:2] == history
    assert [record["epoch"] for record in generator.history_] == [1, 2, 3, 4, 5]
    assert generator.n_iter_ == 5
    assert generator.synthesis_.network is not before.network
    for name, value in vars(before).items():
        # These depend on the network.
        if name not in ("network", "variance", "noise_size", "noise_persistence"):
            np.testing.assert_equal(getattr(generator.synthesis_, name), value)
    for a, b in zip(first, generator.training_["weights"], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    with pytest.raises(
        ValueError, match=r"3 numbers.* and 2, None; use fit with warm_start=F"
    ):
        generator.fit(waves(n_dims=2))
    other = OTHER[synthesis]
    with pytest.raises(ValueError, match=f"not with {other.title()} and .*warm_start"):
        generator.set_params(synthesis=other).fit(X)
    assert generator.n_iter_ == 5
    assert generator.sample(X[0], 5).shape == (5, 3)


@pytest.mark.parametrize("synthesis", SYNTHESES)
def test_two_fits_are_one_of_all_their_epochs(synthesis):
    X = waves(2, 300)
    options = {"hidden_layer_sizes": (8, 4), "chunk_length": 16, "random_state": 0}
    whole = StatefulLSTMGenerator(synthesis, epochs=3, **options).fit(X)
    parts = StatefulLSTMGenerator(synthesis, epochs=1, warm_start=True, **options).fit(
        X
    )
    parts = pickle.loads(pickle.dumps(parts))  # another day
    parts.set_params(epochs=2).fit(X)
    assert parts.history_ == whole.history_
    assert same(weights(parts), weights(whole))
    np.testing.assert_equal(parts.training_, whole.training_)
    music = [each.sample(X[0], 90, random_state=1) for each in (parts, whole)]
    np.testing.assert_array_equal(*music)


@pytest.mark.parametrize("synthesis", SYNTHESES)
def test_a_first_partial_fit_is_a_fit(synthesis):
    X, options = waves(2), SMALL | {"random_state": 0}
    first = StatefulLSTMGenerator(synthesis, **options).partial_fit(X)
    np.testing.assert_equal(
        first.training_, StatefulLSTMGenerator(synthesis, **options).fit(X).training_
    )


@pytest.mark.parametrize("synthesis", SYNTHESES)
def test_a_partial_fit_is_a_warm_start_that_keeps_what_was_learned(synthesis):
    X, new, options = waves(2), waves(3, seed=1), SMALL | {"random_state": 0}
    generator = StatefulLSTMGenerator(synthesis, **options).fit(X)
    other = pickle.loads(pickle.dumps(generator))
    generator.partial_fit(new)
    other.set_params(warm_start=True).fit(new)
    np.testing.assert_equal(generator.training_, other.training_)
    assert generator.n_iter_ == 4
    assert (generator.n_recordings_, other.n_recordings_) == (5, 3)
    assert generator.sample(X[0], 30).shape == (30, 3)
    with pytest.raises(ValueError, match=r"have 2 numbers where 3 are expected"):
        generator.partial_fit(waves(n_dims=2))
    assert generator.n_recordings_ == 5


def test_of_all_that_was_heard_in_parts_something_is_known(frames):
    X = [x[:400] for x in frames]
    generator, again = (
        StatefulLSTMGenerator(**SMALL, random_state=0) for _ in range(2)
    )
    told = {"beats": [], "means": []}
    for part in (X[:2], X[2:3], X[3:]):
        generator.partial_fit(part)
        again.partial_fit(part)
        n = generator.n_recordings_
        for name, before in told.items():
            found = getattr(generator.synthesis_, name)
            assert len(found) == n
            # What was known stays, and recordings are told apart.
            for row, known in zip(found, before, strict=False):
                np.testing.assert_array_equal(row, known)
            told[name] = found
        assert len(np.unique(told["means"], axis=0)) == n
    assert n == len(X)
    made = [each.sample(None, 100, random_state=0) for each in (generator, again)]
    np.testing.assert_array_equal(*made)


def test_means_are_those_of_the_recordings():
    X = waves(3)
    generator = StatefulLSTMGenerator(**SMALL, random_state=0).fit(X[:2])
    generator.partial_fit(X[2:])
    wanted = [x.mean(axis=0) for x in X]
    np.testing.assert_allclose(generator.synthesis_.means, wanted, atol=1e-6)


@pytest.mark.parametrize("synthesis", SYNTHESES)
def test_what_training_needs_can_be_dropped(synthesis):
    X = waves(2)
    generator = StatefulLSTMGenerator(synthesis, **SMALL, warm_start=True).fit(X)
    whole = len(pickle.dumps(generator))
    generator.training_ = None
    assert len(pickle.dumps(generator)) < whole
    music = generator.sample(X[0], 20, random_state=0)
    assert music.shape == (20, 3)
    assert generator.fit(X).n_iter_ == 4


KILLED = """
import os, signal, sys
import joblib
import skmusic.network.checkpoint
skmusic.network.checkpoint.INTERVAL = 0.0  # also within epochs
pieces, n_before, written = int(sys.argv[2]), 0, skmusic.network.checkpoint._write
def write(path, content):
    written(path, content)
    global n_before
    n_before += path.suffix == ".checkpoint"
    if n_before == pieces:
        os.kill(os.getpid(), signal.SIGKILL)
skmusic.network.checkpoint._write = write
generator, X = joblib.load(sys.argv[1])
joblib.dump(generator.fit(X), sys.argv[1])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_a_fit_that_is_killed_twice_ends_as_one_that_is_not(tmp_path):
    X, path, folder = waves(2, 400), tmp_path / "job.joblib", tmp_path / "states"
    generator = StatefulLSTMGenerator(
        hidden_layer_sizes=(8,), epochs=2, random_state=0, checkpoint_dir=folder
    )
    joblib.dump((generator, X), path)
    for n_saved in (7, 9, 0):
        run = [sys.executable, "-c", KILLED, str(path), str(n_saved)]
        done = subprocess.run(run, capture_output=True, text=True, timeout=100)
        assert done.returncode == (-signal.SIGKILL if n_saved else 0), done.stderr
    killed, whole = joblib.load(path), generator.set_params(checkpoint_dir=None).fit(X)
    assert killed.history_ == whole.history_
    np.testing.assert_equal(killed.training_, whole.training_)


def test_a_checkpoint_keeps_the_chance_of_its_fit(tmp_path):
    X, folder = waves(2), tmp_path / "states"
    generator = StatefulLSTMGenerator(**SMALL, checkpoint_dir=folder)
    generator.set_params(epochs=1).fit(X)  # draws its own random state
    generator.set_params(epochs=2).fit(X)
    assert generator.n_iter_ == 2
    with pytest.raises(ValueError, match="another training, of other data"):
        generator.fit(waves(3))


def test_records_of_epochs():
    told = []
    generator = StatefulLSTMGenerator(
        "regression",
        hidden_layer_sizes=(4,),
        epochs=3,
        chunk_length=8,
        callbacks=[told.append],
        random_state=0,
    ).fit(waves())
    assert told == generator.history_
    assert [record["epoch"] for record in told] == [1, 2, 3]
    assert generator.n_iter_ == 3
    for record in told:
        assert set(record) == {"epoch", "loss", "val_loss"}
        assert all(np.isfinite(value) for value in record.values())


@pytest.mark.parametrize("synthesis", SYNTHESES)
def test_in_a_callback_the_generator_is_as_if_training_had_ended(synthesis):
    X, options = waves(2), ALIKE | {"random_state": 0}
    made = []

    def play(record):
        assert (generator.n_iter_, generator.history_[-1]) == (record["epoch"], record)
        made.append(generator.sample(None, 20, random_state=1))

    def heard(ended):
        plain = {}
        if synthesis == "neural":  # whose noise is calibrated once training has ended
            size = np.ones_like(ended.synthesis_.noise_size)
            plain = {"noise_size": size, "noise_persistence": 0 * size}
        ended = copy.copy(ended)
        ended.synthesis_ = replace(ended.synthesis_, **plain)
        return ended.sample(None, 20, random_state=1)

    generator = StatefulLSTMGenerator(synthesis, callbacks=[play], epochs=2, **options)
    generator.fit(X)
    for n, music in enumerate(made, 1):
        ended = StatefulLSTMGenerator(synthesis, epochs=n, **options).fit(X)
        assert np.array_equal(music, heard(ended))
    assert same(weights(generator), weights(ended))  # hearing it changed nothing
    # So it is when more recordings are learned.
    generator.set_params(epochs=1).partial_fit(waves(1))
    assert np.array_equal(made[-1], heard(generator))
    assert (len(made), generator.n_iter_, generator.n_recordings_) == (3, 3, 3)


def test_a_callback_that_fails_leaves_what_was_fitted_before():
    def fail(record):
        raise ValueError("no more")

    generator = StatefulLSTMGenerator("regression", **SMALL, random_state=0)
    for _ in range(2):  # nothing, and something
        before = dict(vars(generator), callbacks=[fail])
        with pytest.raises(ValueError, match="no more"):
            generator.set_params(callbacks=[fail]).fit(waves(1))
        assert vars(generator) == before
        generator.set_params(callbacks=None).fit(waves(1))


def test_nothing_held_out_trains_all_epochs():
    generator = StatefulLSTMGenerator(
        "regression",
        hidden_layer_sizes=(2,),
        epochs=12,
        learning_rate=1e-12,  # nothing ever gets better
        chunk_length=8,
        n_iter_no_change=1,
        random_state=0,
    )
    X = waves(2)
    assert generator.fit(X).n_iter_ < 12
    assert generator.set_params(validation_fraction=0).fit(X).n_iter_ == 12
    assert all(set(record) == {"epoch", "loss"} for record in generator.history_)


@pytest.mark.parametrize("synthesis", SYNTHESES)
def test_losses_fall(synthesis):
    generator = StatefulLSTMGenerator(
        synthesis,
        **ALIKE,
        dropout=0,
        epochs=4,
        learning_rate=1e-2,
        random_state=0,
    ).fit(waves(2))
    losses = [record["loss"] for record in generator.history_]
    assert losses[-1] < 0.95 * losses[0]


def test_however_little_time_there_is_one_epoch_is_trained():
    X, options = waves(1), ALIKE | {"random_state": 0}
    short = StatefulLSTMGenerator(max_minutes=1e-12, **options).fit(X)
    assert short.n_iter_ == len(short.history_) == 1
    one = StatefulLSTMGenerator(epochs=1, **options).fit(X)
    assert same(weights(short), weights(one))
    # So it is where a fit goes on; and with enough time all epochs are trained.
    assert short.set_params(warm_start=True).fit(X).n_iter_ == 2
    assert short.set_params(max_minutes=60, epochs=2).fit(X).n_iter_ == 4


def test_interrupted_learning_leaves_what_was_learned():
    def interrupt(record):
        raise KeyboardInterrupt

    X = waves(2)
    generator = StatefulLSTMGenerator(
        **ALIKE, epochs=30, callbacks=[interrupt], random_state=0
    )
    with pytest.warns(UserWarning, match="interrupted after 1 of 30 epochs"):
        generator.fit(X)
    assert generator.n_iter_ == len(generator.history_) == 1
    assert generator.sample(X[0], 30).shape == (30, 3)
    assert np.isfinite(generator.score(X))


@pytest.mark.parametrize(
    ("synthesis", "sizes", "dropout"),
    [("neural", (3, 2), (0.5, 0.0)), ("regression", np.array([4]), 0.3)],
)
def test_layers(synthesis, sizes, dropout):
    generator = StatefulLSTMGenerator(
        synthesis, hidden_layer_sizes=sizes, dropout=dropout, epochs=1, random_state=0
    ).fit(waves(1))
    assert [len(U) for _, U, _ in generator.synthesis_.network["layers"]] == list(sizes)


@pytest.mark.parametrize("kind", SYNTHESES)
def test_bars_are_shown_on_request(all_fitted, kind, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    generator, X = all_fitted[kind]
    generator.sample(X[0], 20)
    assert capsys.readouterr() == ("", "")
    generator.sample(X[0], 20, verbose=1)
    out, err = capsys.readouterr()
    assert out == ""
    assert re.search(r"sample: 100%.*20/20 \[\d\d:\d\d<\d\d:\d\d.*frames/s", err)


def test_learning_shows_loss_and_time_left(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    generator = StatefulLSTMGenerator(**ALIKE, epochs=1, verbose=1, random_state=0)
    generator.fit(waves(1))
    out, err = capsys.readouterr()
    assert out == ""
    assert re.search(r"fit: 100%.*\[\d\d:\d\d<\d\d:\d\d.*loss=\d", err)
    generator.sample(None, 5)
    assert "sample: 100%" in capsys.readouterr().err


@pytest.mark.parametrize("synthesis", SYNTHESES)
def test_learning_tells_the_length_of_the_music(
    synthesis, frames, recordings, songs, capsys
):
    generator = StatefulLSTMGenerator(
        synthesis, **ALIKE, epochs=1, verbose=1, random_state=0
    )
    with pytest.warns(UserWarning, match="less than a minute of music is little"):
        generator.fit(frames[:1])
    told = re.search(r"fit to ([\d.]+) s of music: ", capsys.readouterr().err)
    seconds = len(recordings[0]) / songs.sr
    assert float(told[1]) == pytest.approx(seconds, rel=0.1)


# Scores


def test_score_is_a_number(fitted):
    generator, X = fitted
    score = generator.score(X)
    assert type(score) is float
    assert np.isfinite(score)


@pytest.mark.parametrize("kind", SYNTHESES)
def test_music_scores_better_than_noise_of_its_level(
    all_fitted, featurizer, recordings, songs, kind
):
    generator, _ = all_fitted[kind]
    rng = np.random.default_rng(0)
    unheard = make_songs(2, seconds=6, sr=songs.sr, random_state=9).recordings
    noise = [x.std() * rng.standard_normal(x.shape) for x in unheard]
    known, new, none = (
        generator.score(featurizer.transform(some))
        for some in (recordings, unheard, noise)
    )
    assert min(known, new) > none + 0.5


@pytest.mark.parametrize("synthesis", SYNTHESES)
def test_score_is_the_logarithm_of_a_density(synthesis):
    generator = StatefulLSTMGenerator(synthesis, **SMALL, random_state=0)
    X = waves(2, n_dims=1)
    generator.fit(X)
    past = X[0][:10]
    grid = np.linspace(-12, 12, 301)
    before = 10 * generator.score([past])
    density = [
        np.exp(11 * generator.score([np.append(past, v)[:, None]]) - before)
        for v in grid
    ]
    assert np.trapezoid(density, grid) == pytest.approx(1, abs=0.01)


# Music


@pytest.fixture(scope="module")
def music(composer, frames):
    return composer.sample(frames[0][:80], 1200, random_state=0)


def test_music_never_stands_still(music):
    assert np.isfinite(music).all()
    moved = np.linalg.norm(np.diff(music, axis=0), axis=1)
    assert (moved > 0).mean() > 0.99
    assert np.median(moved) > 0.3 * np.median(np.linalg.norm(music, axis=1))
    # Nor does it go round in a circle.
    for lag in range(1, len(music) // 2):
        assert not np.allclose(music[lag:][:400], music[:-lag][:400])


def test_music_is_about_as_loud_as_what_was_learned(music, recordings, featurizer):
    (played,), learned = featurizer.inverse_transform([music]), np.stack(recordings)
    assert 0.05 < np.square(played).mean() / np.square(learned).mean() < 10
    assert np.abs(played).max() < 1.01 * np.abs(learned).max()


def test_music_from_nothing(fitted):
    generator, X = fitted
    music = generator.sample(None, 40)
    assert music.shape == (40, X[0].shape[1])
    empty = np.empty((0, X[0].shape[1]))
    assert same(music, generator.sample(empty, 40))


def test_single_numbers_stay_single_numbers():
    X = [x[:, 0] for x in waves(2)]
    generator = StatefulLSTMGenerator(**SMALL, random_state=0).fit(X)
    assert generator.sample(X[0], 9).shape == (9,)
    assert [p.shape for p in generator.predict(X)] == [x.shape for x in X]
    assert generator.predict(np.stack(X)).shape == (2, 150)


def test_empty_recordings_are_passed_over():
    X = waves(2)
    empty = np.empty((0, 3))
    one, other = (
        StatefulLSTMGenerator(**SMALL, random_state=0).fit(some)
        for some in (X, [empty, X[0], empty, X[1]])
    )
    assert same(weights(one), weights(other))
    assert [len(p) for p in one.predict([X[0], empty])] == [150, 0]
    assert one.score([empty, X[0]]) == one.score(X[:1])


@pytest.mark.parametrize("synthesis", SYNTHESES)
@pytest.mark.parametrize(
    "x",
    [np.zeros((1, 1)), np.ones((2, 3)), np.ones((300, 2))],
    ids=lambda x: f"{x.shape}",
)
def test_next_to_nothing_to_learn_from(x, synthesis):
    generator = StatefulLSTMGenerator(synthesis, **ALIKE, epochs=1, random_state=0).fit(
        [x]
    )
    assert np.isfinite(generator.sample(x, 5)).all()
    assert np.isfinite(generator.sample(None, 5)).all()
    assert np.isfinite(generator.predict([x])[0]).all()
    assert np.isfinite(generator.score([x]))


# What is of no use


def refused(error, message):
    return pytest.raises(error, match=message)


def test_paths():
    with refused(ValueError, "paths.*FFTFeaturizer"):
        StatefulLSTMGenerator().fit(["song.wav"])


def test_paths_to_the_fitted(composer):
    for method in (composer.predict, composer.score):
        with refused(ValueError, "paths.*FFTFeaturizer"):
            method(["song.wav"])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"frames": 0}, ValueError, "frames=0 .*at least 1"),
        ({"frames": -5}, ValueError, "frames=-5 .*at least 1"),
        ({"frames": 2.0}, TypeError, "frames=2.0 .*whole number"),
        ({"frames": True}, TypeError, "frames=True .*whole number"),
        ({"frames": None}, TypeError, "frames=None .*whole number"),
        ({"temperature": -1}, ValueError, "temperature=-1 .*use 0"),
        ({"temperature": np.nan}, ValueError, "temperature=nan .*use 0"),
        ({"temperature": np.inf}, ValueError, "temperature=inf .*use 0"),
        ({"temperature": "hot"}, TypeError, "temperature='hot' .*number"),
        ({"temperature": None}, TypeError, "temperature=None .*number"),
        ({"end": True, "total_frames": 0}, ValueError, "total_frames=0 .*at least 1"),
        ({"end": True, "total_frames": 3.5}, TypeError, "total_frames=3.5 .*whole"),
    ],
)
def test_arguments_of_sample(composer, frames, options, error, message):
    with refused(error, message):
        composer.sample(frames[0][:99], **options)


def test_numbers_of_numpy_are_numbers(composer, frames):
    options = {"temperature": np.float32(0.5), "amount": np.float64(0.5)}
    options |= {"vary": frames[1][:99], "tempo": np.int64(90), "energy": np.float32(1)}
    assert len(composer.sample(frames[0][:9], np.int32(7), **options)) == 7


@pytest.mark.parametrize(
    ("seed", "message"),
    [
        (np.zeros((5, 4)), "seed has frames of 4 numbers where [0-9]+ .*FFTFeaturizer"),
        (np.zeros(5), "seed has frames of 1 numbers where [0-9]+ .*FFTFeaturizer"),
        (np.zeros((2, 5, 3)), "seed has 3 dimensions.*one recording"),
        (7.0, r"seed=7\.0 is a number.* random_state=7\.0, a length frames=7\.0"),
        (3, r"seed=3 is a number; a seed is music.*random_state=3"),
        ("song.wav", "seed has 0 dimensions.*one recording"),
    ],
)
def test_seeds(fitted, seed, message):
    with refused(ValueError, message):
        fitted[0].sample(seed, 5)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_seeds_that_are_not_finite(fitted, value):
    generator, X = fitted
    seed = X[0].copy()
    seed[3, 1] = value
    with refused(ValueError, "NaN|infinity"):
        generator.sample(seed, 5)


@pytest.mark.parametrize("method", ["predict", "score", "sample"])
def test_unfitted(method):
    with refused(NotFittedError, "not fitted yet"):
        getattr(StatefulLSTMGenerator(), method)(waves(1)[0])


def test_a_fit_that_failed_is_none():
    generator = StatefulLSTMGenerator(random_state=0, **SMALL)
    bad = {"hidden_layer_sizes": (8, 0)}
    with refused(ValueError, r"hidden_layer_sizes=\(8, 0\) "):
        generator.set_params(**bad).fit(waves(2))
    with refused(NotFittedError, "not fitted yet"):
        generator.sample(None, 5)
    generator.set_params(**SMALL).fit(waves(2))
    before = generator.sample(None, 5)
    with refused(ValueError, r"hidden_layer_sizes=\(8, 0\) "):
        generator.set_params(**bad).fit(waves(2, n_dims=2))
    assert same(before, generator.sample(None, 5))


def test_frames_of_other_sizes(fitted):
    generator, X = fitted
    X = [X[0], X[0][:, :2]]
    for method in (generator.predict, generator.score, generator.fit):
        with refused(ValueError, "recording 1 have 2 numbers where .*FFTFeaturizer"):
            method(X)


def test_recordings_are_counted_with_the_empty_ones():
    X = [np.empty((0, 3)), *waves(2), waves(1, n_dims=2)[0]]
    with refused(ValueError, "recording 3 have 2 numbers where 3 "):
        StatefulLSTMGenerator(**SMALL).fit(X)


def test_nothing_to_learn():
    with refused(ValueError, "all recordings are empty"):
        StatefulLSTMGenerator().fit([np.empty((0, 3)), np.empty((0, 3))])


def test_nothing_to_score(composer, frames):
    with refused(ValueError, "too few frames"):
        composer.score([frames[0][:3]])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"synthesis": "notes"}, "synthesis.*regression.*'notes'"),
        ({"hidden_layer_sizes": ()}, r"hidden_layer_sizes=\(\) .*each layer"),
        ({"hidden_layer_sizes": (8, 0)}, r"hidden_layer_sizes=\(8, 0\) "),
        ({"hidden_layer_sizes": (8,), "dropout": (0.1, 0.2)}, r"dropout=\(0.1, 0.2\)"),
        ({"hidden_layer_sizes": 0}, "hidden_layer_sizes.*Got 0"),
        ({"hidden_layer_sizes": 8.0}, "hidden_layer_sizes.*Got 8.0"),
        ({"dropout": 1.0}, "dropout.*Got 1.0"),
        ({"epochs": 0}, "epochs.*Got 0"),
        ({"validation_fraction": 1.0}, "validation_fraction.*Got 1.0"),
        ({"learning_rate": 0}, "learning_rate.*Got 0"),
        ({"max_minutes": 0}, "max_minutes.*Got 0"),
        ({"max_minutes": -1.5}, "max_minutes.*Got -1.5"),
        ({"max_minutes": "long"}, "max_minutes.*Got 'long'"),
        ({"n_streams": 0}, "n_streams.*Got 0"),
        ({"chunk_length": 0}, "chunk_length.*Got 0"),
        ({"callbacks": print}, "callbacks.*built-in"),
    ],
)
def test_parameters(parameters, message):
    with refused(ValueError, message):
        StatefulLSTMGenerator(**parameters).fit(waves(2))


def test_one_size_is_that_of_one_layer():
    X, options = waves(2), {"epochs": 1, "random_state": 0}
    one, tuple_of_one = (
        StatefulLSTMGenerator("regression", hidden_layer_sizes=sizes, **options).fit(X)
        for sizes in (8, (8,))
    )
    assert same(weights(one), weights(tuple_of_one))


def test_windows_that_cost_too_much_are_warned_of():
    X = FFTFeaturizer(N=4).fit_transform([np.sin(np.arange(400.0))])
    options = SMALL | {"epochs": 1, "hidden_layer_sizes": 2}
    with pytest.warns(UserWarning, match=r"22050 steps in each second .* use N=256"):
        StatefulLSTMGenerator("regression", **options).fit(X)
    # Otherwise a step is 23 ms: a minute of these windows takes seconds.
    X = FFTFeaturizer(N=4).fit_transform([np.sin(np.arange(9000.0))])
    StatefulLSTMGenerator(**options).fit(X)


@pytest.mark.parametrize("backend", ["jax", "torch", "numpy"])
def test_another_backend_of_keras_is_named(backend, tmp_path):
    code = "import numpy as np; from skmusic import StatefulLSTMGenerator as G; "
    run = subprocess.run(
        [sys.executable, "-c", code + "G().fit([np.zeros((99, 2))])"],
        env=os.environ | {"KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert run.returncode == 1
    *_, last = run.stderr.strip().splitlines()
    assert last == (
        f"ImportError: KERAS_BACKEND={backend!r}: learning needs 'tensorflow'; set it "
        "to that, or unset it, before Keras is loaded."
    )
