"""What the generator refuses, and what it says then."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from chance import untrained
from sklearn.exceptions import NotFittedError
from small import generator, same, waves

from skmusic import FFTFeaturizer, StatefulLSTMGenerator


@pytest.fixture(scope="module")
def composer(pipes):
    return pipes["neural"][-1]


@pytest.fixture(scope="module")
def frames(pipes, recordings):
    return pipes["neural"][0].transform(recordings[:2])


def refused(error, message):
    return pytest.raises(error, match=message)


# What is played from, and what is heard


def test_paths_are_no_frames(composer):
    for method in (StatefulLSTMGenerator().fit, composer.predict, composer.score):
        with refused(ValueError, "paths.*FFTFeaturizer"):
            method(["song.wav"])


@pytest.mark.parametrize("name", ["style", "energy", "vary", "until"])
def test_frames_that_cannot_be_heard_are_refused(composer, frames, name):
    for wrong, message in [
        (np.ones((30, 3)), f"{name} has frames of 3"),
        (np.ones((2, 3, 4)), f"{name} has 3 dim"),
        (frames[0][:1], f"given as {name} has too few frames"),
    ]:
        with pytest.raises(ValueError, match=message):
            composer.sample(frames[0][:300], 5, **{name: wrong})


def test_frames_of_another_format_are_refused(composer, recordings, songs):
    other = FFTFeaturizer(N=256, hop_length=64, sr=songs.sr)
    X = other.fit_transform(recordings[:1])
    assert X[0].shape[1] == composer.n_dims_
    for method in (composer.predict, composer.score):
        with pytest.raises(ValueError, match=r"format.*hop_length=64.*fitted"):
            method(X)
    for name in ("seed", "style", "energy", "vary", "until"):
        with pytest.raises(ValueError, match=r"format.*hop_length=64.*fitted"):
            composer.sample(frames=5, **{name: X[0]})


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
def test_seeds(composer, seed, message):
    with refused(ValueError, message):
        composer.sample(seed, 5)


def test_seeds_that_are_not_finite(composer, frames):
    for value in (np.nan, np.inf):
        seed = frames[0].copy()
        seed[3, 1] = value
        with refused(ValueError, "NaN|infinity"):
            composer.sample(seed, 5)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"frames": 0}, ValueError, "frames=0 .*at least 1"),
        ({"frames": 2.0}, TypeError, "frames=2.0 .*whole number"),
        ({"frames": True}, TypeError, "frames=True .*whole number"),
        ({"temperature": -1}, ValueError, "temperature=-1 .*use 0"),
        ({"temperature": np.nan}, ValueError, "temperature=nan .*use 0"),
        ({"temperature": "hot"}, TypeError, "temperature='hot' .*number"),
        ({"end": True, "total_frames": 0}, ValueError, "total_frames=0 .*at least 1"),
        ({"end": True, "total_frames": 3.5}, TypeError, "total_frames=3.5 .*whole"),
    ],
)
def test_arguments_of_sample(composer, frames, options, error, message):
    with refused(error, message):
        composer.sample(frames[0][:99], **options)


def test_unfitted():
    for method in ("predict", "score", "sample"):
        with refused(NotFittedError, "not fitted yet"):
            getattr(StatefulLSTMGenerator(), method)(waves(1)[0])


def test_nothing_to_score(composer, frames):
    with refused(ValueError, "too few frames"):
        composer.score([frames[0][:2]])


def test_what_another_version_pickled_is_refused_when_it_is_loaded(composer):
    old = pickle.loads(pickle.dumps(composer))
    del vars(old.synthesis_)["network"]
    with pytest.raises(ValueError, match=r"\.network is missing: .* fit again"):
        pickle.loads(pickle.dumps(old))


# What is learned, and how


def test_a_fit_that_failed_is_none():
    bad, good = {"hidden_layer_sizes": (8, 0)}, {"hidden_layer_sizes": (8, 4)}
    fitted = generator("regression", **bad)
    with refused(ValueError, r"hidden_layer_sizes=\(8, 0\) "):
        fitted.fit(waves(2))
    with refused(NotFittedError, "not fitted yet"):
        fitted.sample(None, 5)
    before = fitted.set_params(**good).fit(waves(2)).sample(None, 5)
    with refused(ValueError, r"hidden_layer_sizes=\(8, 0\) "):
        fitted.set_params(**bad).fit(waves(2, n_dims=2))
    assert same(before, fitted.sample(None, 5))


def test_frames_of_other_sizes(composer, frames):
    X = [frames[0], frames[0][:, :2]]
    for method in (composer.predict, composer.score, composer.fit):
        with refused(ValueError, "recording 1 have 2 numbers where .*FFTFeaturizer"):
            method(X)


def test_recordings_are_counted_with_the_empty_ones():
    X = [np.empty((0, 3)), *waves(2), waves(1, n_dims=2)[0]]
    with refused(ValueError, "recording 3 have 2 numbers where 3 "):
        generator().fit(X)


def test_nothing_to_learn():
    with refused(ValueError, "all recordings are empty"):
        StatefulLSTMGenerator().fit([np.empty((0, 3)), np.empty((0, 3))])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"synthesis": "notes"}, "synthesis.*regression.*'notes'"),
        ({"hidden_layer_sizes": ()}, r"hidden_layer_sizes=\(\) .*each layer"),
        ({"hidden_layer_sizes": (8, 0)}, r"hidden_layer_sizes=\(8, 0\) "),
        ({"hidden_layer_sizes": (8,), "dropout": (0.1, 0.2)}, r"dropout=\(0.1, 0.2\)"),
        ({"hidden_layer_sizes": 0}, "hidden_layer_sizes.*Got 0"),
        ({"dropout": 1.0}, "dropout.*Got 1.0"),
        ({"epochs": 0}, "epochs.*Got 0"),
        ({"validation_fraction": 1.0}, "validation_fraction.*Got 1.0"),
        ({"learning_rate": 0}, "learning_rate.*Got 0"),
        ({"max_minutes": 0}, "max_minutes.*Got 0"),
        ({"max_minutes": "long"}, "max_minutes.*Got 'long'"),
        ({"n_streams": 0}, "n_streams.*Got 0"),
        ({"chunk_length": 0}, "chunk_length.*Got 0"),
        ({"callbacks": print}, "callbacks.*built-in"),
    ],
)
def test_parameters(parameters, message):
    with refused(ValueError, message):
        StatefulLSTMGenerator(**parameters).fit(waves(2))


def test_windows_that_cost_too_much_are_warned_of():
    X = FFTFeaturizer(N=4).fit_transform([np.sin(np.arange(400.0))])
    with pytest.warns(UserWarning, match=r"22050 steps in each second .* use N=256"):
        generator("regression", epochs=1).fit(X)
    # Otherwise a step is 23 ms: a minute of these windows takes seconds.
    X = FFTFeaturizer(N=4).fit_transform([np.sin(np.arange(9000.0))])
    with untrained():
        generator().fit(X)


def test_another_backend_of_keras_is_named():
    code = "import numpy as np; from skmusic import StatefulLSTMGenerator as G; "
    run = subprocess.run(
        [sys.executable, "-c", code + "G().fit([np.zeros((99, 2))])"],
        env=os.environ | {"KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert run.returncode == 1
    *_, last = run.stderr.strip().splitlines()
    assert last == (
        "ImportError: KERAS_BACKEND='jax': learning needs 'tensorflow'; set it "
        "to that, or unset it, before Keras is loaded."
    )
