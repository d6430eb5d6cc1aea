"""The pipeline is one of scikit-learn, of any steps."""

import numpy as np
import pytest
import sklearn.pipeline
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.preprocessing import FunctionTransformer, Normalizer, StandardScaler
from sklearn.utils import estimator_html_repr
from small import generator

import skmusic
from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator, make_pipeline

SR, N = 11025, 256


def featurizer(**options):
    return FFTFeaturizer(**{"N": N, "sr": SR, **options})


@pytest.fixture(scope="module")
def pipe(pipes):
    return pipes["neural"]


def test_the_users_text_runs_as_it_stands(wavs):
    seed, frames = wavs[0], 20
    pipe = Pipeline([FFTFeaturizer(N=256), StatefulLSTMGenerator()])
    quick = {"epochs": 1, "hidden_layer_sizes": (8, 4)}  # is all that this is for
    pipe.set_params(**{f"statefullstmgenerator__{k}": v for k, v in quick.items()})
    music = pipe.fit(wavs[:1]).sample(seed, frames)
    assert music.shape == (20 * 128 - 128, 2)
    assert np.isfinite(music).all()


# A pipeline of scikit-learn


def test_bare_steps_are_named_as_make_pipeline_names_them():
    steps = [featurizer(), FunctionTransformer(), FunctionTransformer(), generator()]
    expected = [name for name, _ in sklearn.pipeline.make_pipeline(*steps).steps]
    for pipe in (Pipeline(steps), Pipeline(tuple(steps)), make_pipeline(*steps)):
        assert type(pipe) is Pipeline
        assert [name for name, _ in pipe.steps] == expected
        assert [step for _, step in pipe.steps] == steps


def test_tuples_keep_their_names_also_among_bare_steps():
    a, b = featurizer(), generator()
    assert Pipeline([("fft", a), ("lstm", b)]).steps == [("fft", a), ("lstm", b)]
    mixed = [("fftfeaturizer", a), ("lstm", b)]
    assert Pipeline([a, ("lstm", b)]).steps == mixed
    with pytest.raises(ValueError, match="Names provided are not unique"):
        Pipeline([a, ("fftfeaturizer", b)]).fit([np.ones(9)])


@pytest.mark.parametrize("bare", [True, False])
def test_clone_and_parameters(bare):
    pairs = [("fft", featurizer()), ("lstm", generator())]
    given = [step for _, step in pairs] if bare else [list(pair) for pair in pairs]
    pipe = Pipeline(given, memory="somewhere", verbose=True)
    first, last = (name for name, _ in pipe.steps)
    pipe.set_params(**{f"{first}__N": 64, f"{last}__epochs": 7})
    copy = clone(pipe)
    assert type(copy) is Pipeline
    assert (copy.memory, copy.verbose) == ("somewhere", True)
    assert copy[0] is not pipe[0]
    assert (copy[0].N, copy[-1].epochs) == (64, 7)
    assert repr(copy) == repr(pipe)
    copy.set_params(**{first: FFTFeaturizer(N=32)})
    assert (copy[0].N, pipe[0].N) == (32, 64)
    copy.set_params(steps=[FFTFeaturizer(N=16), generator()])
    assert list(copy.named_steps) == ["fftfeaturizer", "statefullstmgenerator"]


def test_make_pipeline_passes_its_options_on():
    pipe = make_pipeline(featurizer(), generator(), memory="somewhere", verbose=True)
    assert (pipe.memory, pipe.verbose, pipe.transform_input) == (
        "somewhere",
        True,
        None,
    )


def test_parts_of_a_pipeline(pipe, recordings):
    assert type(pipe[:1]) is Pipeline
    assert pipe[0] is pipe["fftfeaturizer"] is pipe.named_steps.fftfeaturizer
    frames = pipe[:1].transform(recordings)
    for a, b, x in zip(frames, pipe[0].transform(recordings), recordings, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_allclose(pipe[:1].inverse_transform([a])[0], x, atol=1e-6)
    assert pipe.score(recordings) == pipe[-1].score(frames)


def test_a_notebook_plays_what_is_fitted_and_draws_the_rest(pipe, monkeypatch):
    shown = pipe._repr_mimebundle_()["text/html"]
    assert "StatefulLSTMGenerator" in shown
    assert shown.count("<audio controls") == 1
    silent = Pipeline([StandardScaler(), LogisticRegression()]).fit(
        [[0.0], [1.0]], [0, 1]
    )
    for other in (clone(pipe), silent):
        assert "<audio" not in other._repr_html_()
        assert "Pipeline" in other._repr_html_()
    assert "FFTFeaturizer" in estimator_html_repr(Pipeline([featurizer()]))
    monkeypatch.setattr(Pipeline, "stream", lambda *_, **__: 1 / 0)
    assert "<audio" not in pipe._repr_html_()


def test_memory_spares_the_second_transform(wavs, tmp_path, monkeypatch):
    settings = {
        "memory": str(tmp_path),
        "steps": [featurizer(), generator("regression")],
    }
    first = Pipeline(**settings).fit(wavs[:2])

    def transform(self, X):
        raise AssertionError("computed anew")

    with monkeypatch.context() as patch:
        patch.setattr(FFTFeaturizer, "transform", transform)
        second = Pipeline(**settings).fit(wavs[:2])
    made = [each.sample(None, 50) for each in (first, second)]
    np.testing.assert_array_equal(*made)


def test_files_are_learned_as_their_frames_are(wavs, pipe):
    whole = pipe[0].transform(wavs)
    other = clone(pipe[1]).fit(whole)
    assert other.history_ == pipe[1].history_
    np.testing.assert_equal(other.training_, pipe[1].training_)
    music = [each.sample(whole[0], 300, random_state=0) for each in (other, pipe[1])]
    np.testing.assert_array_equal(*music)


def test_many_processes_do_not_hang_after_tensorflow_has_run(wavs, pipes):
    scores = cross_val_score(
        clone(pipes["regression"]), wavs[:2], cv=[([0], [1]), ([1], [0])], n_jobs=2
    )
    assert np.isfinite(scores).all()


def test_more_songs_can_be_learned_later(wavs):
    pipe = Pipeline([featurizer(), generator()]).partial_fit(wavs[:2])
    fitted = Pipeline([featurizer(), generator()]).fit(wavs[:2])
    assert pipe[1].history_ == fitted[1].history_
    n_channels, before = pipe[0].n_channels_, pipe[1].synthesis_
    pipe.partial_fit(wavs[2:])
    assert pipe[0].n_channels_ == n_channels
    assert pipe[1].n_recordings_ == len(wavs)
    for name in ("beats", "means"):
        known = getattr(pipe[1].synthesis_, name)
        assert len(known) == len(wavs)
        np.testing.assert_array_equal(known[:2], getattr(before, name))
    fitted[1].partial_fit(fitted[0].transform(wavs[2:]))
    np.testing.assert_equal(fitted[1].training_, pipe[1].training_)


def test_a_rate_that_is_none_is_refused_by_the_featurizer(wavs):
    for name, value in {"sr": "fast", "N": None}.items():
        with pytest.raises(ValueError, match=f"'{name}' parameter of FFTFeat"):
            Pipeline([FFTFeaturizer(**{name: value}), generator()]).fit(wavs)


@pytest.mark.parametrize(
    ("synthesis", "form"), [("neural", "paths"), ("regression", "arrays")]
)
def test_scikit_learns_own_pipeline_gives_the_same(wavs, recordings, synthesis, form):
    X = {"paths": wavs, "arrays": recordings}[form]
    fft = featurizer(sr=8000)
    theirs = sklearn.pipeline.make_pipeline(fft, generator(synthesis)).fit(X)
    ours = make_pipeline(clone(fft), generator(synthesis)).fit(X)
    assert theirs[-1].synthesis_.format == ours[-1].synthesis_.format == fft.format_
    np.testing.assert_equal(theirs[-1].training_, ours[-1].training_)
    assert theirs.score(X) == ours.score(X)
    for a, b in zip(theirs.predict(X), ours.predict(X), strict=True):
        np.testing.assert_array_equal(a, b)
    made = theirs[-1].sample(theirs[0].transform(X[:1])[0], 30, random_state=1)
    (music,) = theirs[0].inverse_transform([made])
    np.testing.assert_array_equal(music, ours.sample(X[0], 30, random_state=1))


def test_arrays_are_learned_as_the_files_that_hold_them(recordings, pipe):
    other = clone(pipe).fit(np.stack(recordings))
    np.testing.assert_array_equal(other.sample(None, 40), pipe.sample(None, 40))


@pytest.mark.parametrize("name", ["sample", "stream", "partial_fit"])
def test_a_pipeline_has_what_its_steps_can_do(name):
    def flat(X):
        return [x.mean(axis=0) for x in X]

    no_inverse = Normalizer()
    assert hasattr(Pipeline([featurizer(), generator()]), name)
    for steps in (
        [featurizer(), FunctionTransformer(flat), LogisticRegression()],
        [featurizer()],
        [featurizer(), "passthrough"],
    ):
        assert not hasattr(Pipeline(steps), name)
    parts = Pipeline([StandardScaler(), SGDClassifier()])
    assert hasattr(parts, name) == (name == "partial_fit")
    assert hasattr(Pipeline([no_inverse, generator()]), name) == (name == "partial_fit")


def test_other_estimators_learn_in_parts_too():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((60, 3)), rng.integers(2, size=60)
    ours = Pipeline([StandardScaler(), SGDClassifier(random_state=0)])
    scaler, theirs = StandardScaler().fit(X[:30]), SGDClassifier(random_state=0)
    for part in (slice(30), slice(30, 60)):
        ours.partial_fit(X[part], y[part], classes=[0, 1])
        theirs.partial_fit(scaler.transform(X[part]), y[part], classes=[0, 1])
    np.testing.assert_array_equal(ours[-1].coef_, theirs.coef_)


def test_a_callback_may_save_the_pipeline_that_learns(recordings, tmp_path):
    path = tmp_path / "model.skmusic"

    def keep(record):
        skmusic.save(pipe, path)

    pipe = Pipeline([featurizer(), generator(epochs=1, callbacks=[keep])])
    pipe.fit(recordings[:1])
    made = [
        each.sample(None, 20, random_state=0) for each in (pipe, skmusic.load(path))
    ]
    assert made[0].shape == made[1].shape


# Search and validation by song


def test_grid_search_over_paths(wavs):
    search = GridSearchCV(
        Pipeline([featurizer(), generator("regression")]),
        {"fftfeaturizer__N": [128, 256]},
        cv=[([0, 1], [2])],
        error_score="raise",
    ).fit(wavs[:3])
    assert search.best_params_["fftfeaturizer__N"] in (128, 256)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    best = search.best_estimator_
    assert best.sample(wavs[0], seconds=0.5).shape == (round(SR / 2), 2)


def test_cross_validation_by_song(recordings):
    X = np.stack(recordings)
    pipe = Pipeline([featurizer(), generator("regression")])
    scores = cross_val_score(pipe, X, cv=2, error_score="raise")
    assert scores.shape == (2,)
    assert scores[0] == pytest.approx(clone(pipe).fit(X[2:]).score(X[:2]))


# Steps between


def test_steps_between_are_undone_in_turn(recordings, pipes):
    def turn(X):
        return [np.ascontiguousarray(x[:, ::-1]) for x in X]

    def halve(X):
        return [x / 2 for x in X]

    def double(X):
        return [x * 2 for x in X]

    steps = [
        featurizer(),
        FunctionTransformer(turn, turn, check_inverse=False),
        FunctionTransformer(halve, double, check_inverse=False),
        generator("regression"),
    ]
    turned = Pipeline(steps).fit(recordings)
    (heard,) = pipes["regression"][0].transform(recordings[:1])
    made = turned[-1].sample(heard[:, ::-1] / 2, 40)
    (expected,) = turned[0].inverse_transform([made[:, ::-1] * 2])
    np.testing.assert_allclose(turned.sample(recordings[0], 40), expected, atol=1e-7)


def test_steps_that_do_nothing(wavs, pipes):
    steps = [("a", featurizer()), ("b", "passthrough"), ("c", generator("regression"))]
    made = [
        each.sample(wavs[0], 40)
        for each in (Pipeline(steps).fit(wavs), pipes["regression"])
    ]
    np.testing.assert_array_equal(*made)


def test_steps_that_cannot_stream_are_named(wavs):
    steps = [featurizer(), FunctionTransformer(), generator("regression")]
    with pytest.raises(NotFittedError):
        Pipeline(steps).stream()
    fitted = Pipeline(steps).fit(wavs[:1])
    with pytest.raises(TypeError, match=r"FunctionTransformer\(\) has no inverse_str"):
        fitted.stream()
