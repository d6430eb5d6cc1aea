import gc
import subprocess
import sys
import tracemalloc
from pathlib import Path

import joblib
import numpy as np
import pytest
import sklearn.pipeline
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.preprocessing import FunctionTransformer, Normalizer, StandardScaler
from sklearn.utils import estimator_html_repr

import skmusic
from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator, audio, make_pipeline
from skmusic.datasets import make_songs

ROOT = Path(__file__).resolve().parents[1]
SR, N, HOP = 11025, 256, 128


def featurizer(**options):
    return FFTFeaturizer(**{"N": N, "sr": SR, **options})


def generator(synthesis="neural", **options):
    options = {"hidden_layer_sizes": (8,), "epochs": 1, "random_state": 0, **options}
    return StatefulLSTMGenerator(synthesis, **options)


@pytest.fixture(scope="module")
def songs(shift):
    return make_songs(4, 3.0, sr=SR, random_state=shift).recordings


@pytest.fixture(scope="module")
def wavs(songs, tmp_path_factory):
    """Paths of four stereo songs."""
    folder = tmp_path_factory.mktemp("songs")
    paths = [str(folder / f"{i}.wav") for i in range(len(songs))]
    for path, x in zip(paths, songs, strict=True):
        audio.write(path, x, SR)
    return paths


@pytest.fixture(scope="module")
def pipe(wavs):
    """Stereo, fitted on paths."""
    return Pipeline([featurizer(), generator()]).fit(wavs)


@pytest.fixture(scope="module")
def mono(songs):
    """Mono, fitted on one-dimensional arrays."""
    return Pipeline([featurizer(), generator()]).fit([x[:, 0] for x in songs])


@pytest.fixture(scope="module")
def regression(songs):
    """Of the same songs, by the article's synthesis."""
    return Pipeline([featurizer(), generator("regression")]).fit(songs)


# --- the text that it is all for


def test_the_users_text_runs_as_it_stands(wavs):
    seed, frames = wavs[0], 20
    pipe = Pipeline([FFTFeaturizer(N=256), StatefulLSTMGenerator()])
    pipe.set_params(statefullstmgenerator__epochs=1)  # only to be quick
    music = pipe.fit(wavs).sample(seed, frames)
    assert music.shape == (20 * 128 - 128, 2)
    assert np.isfinite(music).all()


# --- a Pipeline of scikit-learn


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


@pytest.mark.parametrize("steps", ["bare", "tuples", "a list of lists"])
def test_clone_and_parameters(steps):
    pairs = [("fft", featurizer()), ("lstm", generator())]
    given = {
        "bare": [step for _, step in pairs],
        "tuples": pairs,
        "a list of lists": [list(pair) for pair in pairs],
    }[steps]
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


def test_parts_of_a_pipeline(pipe, songs):
    assert type(pipe[:1]) is Pipeline
    assert pipe[0] is pipe["fftfeaturizer"] is pipe.named_steps.fftfeaturizer
    frames = pipe[:1].transform(songs)
    for a, b, x in zip(frames, pipe[0].transform(songs), songs, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_allclose(pipe[:1].inverse_transform([a])[0], x, atol=1e-6)
    assert pipe.score(songs) == pipe[-1].score(frames)


def test_methods_of_the_last_step(pipe, wavs):
    frames = pipe[0].transform(wavs[:1])
    np.testing.assert_array_equal(pipe.predict(wavs[:1]), pipe[1].predict(frames))
    score = pipe.score(wavs[:1])
    assert isinstance(score, float)
    assert np.isfinite(score)


def test_html(pipe):
    for html in (pipe._repr_html_(), estimator_html_repr(Pipeline([featurizer()]))):
        assert "FFTFeaturizer" in html
    assert "StatefulLSTMGenerator" in pipe._repr_html_()


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
    monkeypatch.setattr(Pipeline, "stream", lambda *_, **__: 1 / 0)
    assert "<audio" not in pipe._repr_html_()


def test_memory_spares_the_second_transform(wavs, pipe, tmp_path, monkeypatch):
    settings = {"memory": str(tmp_path), "steps": [featurizer(), generator()]}
    first = Pipeline(**settings).fit(wavs)

    def transform(self, X):
        raise AssertionError("computed anew")

    with monkeypatch.context() as patch:
        patch.setattr(FFTFeaturizer, "transform", transform)
        second = Pipeline(**settings).fit(wavs)
    for other in (first, second):
        np.testing.assert_array_equal(other.sample(None, 50), pipe.sample(None, 50))


def test_files_are_learned_as_their_frames_are(wavs, pipe):
    whole = pipe[0].transform(wavs)
    other = clone(pipe[1]).fit(whole)
    assert other.history_ == pipe[1].history_
    np.testing.assert_equal(other.training_, pipe[1].training_)
    music = [each.sample(whole[0], 300, random_state=0) for each in (other, pipe[1])]
    np.testing.assert_array_equal(*music)


def test_many_processes_do_not_hang_after_tensorflow_has_run(wavs, pipe):
    scores = cross_val_score(
        clone(pipe), wavs[:2], cv=[([0], [1]), ([1], [0])], n_jobs=2
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


@pytest.mark.parametrize("bad", [{"sr": 0}, {"sr": "fast"}, {"N": "long"}, {"N": None}])
def test_a_rate_that_is_none_is_refused_by_the_featurizer(wavs, bad):
    with pytest.raises(ValueError, match=f"'{next(iter(bad))}' parameter of FFTFeat"):
        Pipeline([FFTFeaturizer(**bad), generator()]).fit(wavs)


@pytest.mark.parametrize(
    ("synthesis", "form"), [("neural", "paths"), ("regression", "arrays")]
)
def test_scikit_learns_own_pipeline_gives_the_same(wavs, songs, synthesis, form):
    X = {"paths": wavs, "arrays": songs}[form]
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


def test_the_form_of_the_corpus_does_not_matter(wavs, pipe):
    waveforms = np.stack([audio.read(path)[0] for path in wavs])
    for X in ([Path(path) for path in wavs], waveforms):
        other = clone(pipe).fit(X)
        np.testing.assert_array_equal(other.sample(None, 40), pipe.sample(None, 40))


# --- search and validation by song


def test_grid_search_over_paths(wavs):
    search = GridSearchCV(
        Pipeline([featurizer(), generator()]),
        {"fftfeaturizer__N": [128, 256]},
        cv=[([0, 1], [2])],
        error_score="raise",
    ).fit(wavs[:3])
    assert search.best_params_["fftfeaturizer__N"] in (128, 256)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    best = search.best_estimator_
    assert best.sample(wavs[0], seconds=0.5).shape == (round(SR / 2), 2)


@pytest.mark.parametrize("form", ["array of paths", "3-D"])
def test_cross_validation_by_song(wavs, songs, form):
    X = {"array of paths": np.array(wavs), "3-D": np.stack(songs)}
    pipe = Pipeline([featurizer(), generator("regression")])
    scores = cross_val_score(pipe, X[form], cv=2, error_score="raise")
    assert scores.shape == (2,)
    assert np.isfinite(scores).all()
    alone = clone(pipe).fit(X[form][2:]).score(X[form][:2])
    assert scores[0] == pytest.approx(alone)


# --- several pieces


def test_pieces_together_are_those_made_one_at_a_time(pipe, mono, songs, wavs):
    for fitted, seeds in [
        (pipe, [wavs[0], None, songs[1], wavs[0], wavs[0]]),
        (mono, [None] * 4),
        (pipe, (songs[0],)),
    ]:
        for options in ({"frames": 40}, {"seconds": 0.3, "temperature": 0.5}):
            rng = np.random.RandomState(5)
            alone = [fitted.sample(s, random_state=rng, **options) for s in seeds]
            rng = np.random.RandomState(5)
            together = fitted.sample(seeds, random_state=rng, **options)
            assert len(together) == len(seeds)
            for one, other in zip(alone, together, strict=True):
                np.testing.assert_array_equal(one, other)
            first = fitted.sample(seeds[0], random_state=5, **options)
            np.testing.assert_array_equal(first, together[0])
    assert not np.array_equal(*(pipe.sample([None] * 2, 90, random_state=0)))


def test_a_seed_that_comes_again_is_heard_once(pipe, wavs, monkeypatch):
    heard, transform = [], FFTFeaturizer.transform

    def counted(self, X):
        heard.append(X)
        return transform(self, X)

    monkeypatch.setattr(FFTFeaturizer, "transform", counted)
    pipe.sample([wavs[0]] * 3, 10)
    assert heard == [[wavs[0]]]


# --- stream


@pytest.mark.parametrize("block_frames", [1, 7, 1000])
@pytest.mark.parametrize("length", [{"frames": 100}, {"seconds": 1.234}], ids=str)
def test_a_stream_is_the_sample_to_the_bit(pipe, mono, wavs, length, block_frames):
    options = {"random_state": 3, "temperature": 0.8, **length}
    for fitted, seed in [(pipe, wavs[0]), (pipe, None), (mono, None)]:
        blocks = list(fitted.stream(seed, block_frames=block_frames, **options))
        assert all(len(block) for block in blocks)
        np.testing.assert_array_equal(
            np.concatenate(blocks), fitted.sample(seed, **options)
        )


@pytest.mark.parametrize(
    ("synthesis", "settings"),
    [
        ("regression", {"hop_length": N, "window": "boxcar", "redundant": True}),
        ("neural", {"hop_length": 100, "window": "hamming", "factor": 2 / N}),
    ],
)
def test_lengths_and_streams_with_other_windows(songs, synthesis, settings):
    pipe = Pipeline([featurizer(**settings), generator(synthesis)]).fit(songs)
    hop = settings["hop_length"]
    for length, n_samples in [
        ({"frames": 3}, 3 * hop - (N - hop)),
        ({"frames": 50}, 50 * hop - (N - hop)),
        ({"seconds": 0.3}, round(0.3 * SR)),
    ]:
        music = pipe.sample(songs[0], **length)
        assert music.shape == (n_samples, 2)
        blocks = list(pipe.stream(songs[0], block_frames=3, **length))
        np.testing.assert_array_equal(np.concatenate(blocks), music)


def test_a_stream_is_made_as_it_is_taken(pipe, monkeypatch):
    made, sample = [], StatefulLSTMGenerator.sample

    def counted(self, seed, frames, **options):
        made.append(frames)
        return sample(self, seed, frames, **options)

    monkeypatch.setattr(StatefulLSTMGenerator, "sample", counted)
    stream = pipe.stream(random_state=1, block_frames=4)  # has no end
    assert made == []
    for n in range(1, 6):
        next(stream)
        assert made == [4] * n


def test_what_a_stream_holds_does_not_grow(mono):
    # After half a minute all that a piece returns to has been heard.
    long = np.random.default_rng(0).standard_normal(35 * SR) / 9
    stream = mono.stream(long, random_state=1)

    def held(n_blocks):
        tracemalloc.start()
        n_bytes = sum(next(stream).nbytes for _ in range(n_blocks))
        gc.collect()
        now, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return now, n_bytes

    held(10)  # what is made once is made
    short = max(held(10)[0] for _ in range(3))
    now, n_bytes = held(60)
    print(now - short, n_bytes)
    assert now - short < 0.03 * n_bytes


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"frames": 5, "seconds": 1}, "frames=5 and seconds=1"),
        ({"seconds": 0}, "seconds=0 makes no music"),
        ({"frames": 0}, "frames=0"),
        ({"block_frames": 0}, "block_frames=0"),
        ({"block_frames": 2.5}, "block_frames=2.5"),
    ],
    ids=str,
)
def test_streams_of_nothing_are_refused_at_once(pipe, options, message):
    with pytest.raises(ValueError, match=message):
        pipe.stream(**options)


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


def test_steps_that_cannot_stream_are_named(songs):
    steps = [featurizer(), FunctionTransformer(), generator("regression")]
    with pytest.raises(NotFittedError):
        Pipeline(steps).stream()
    fitted = Pipeline(steps).fit(songs)
    with pytest.raises(TypeError, match=r"FunctionTransformer\(\) has no inverse_str"):
        fitted.stream()


# --- from one process to another


def test_another_process_plays_the_same_without_tensorflow(pipe, wavs, tmp_path):
    joblib.dump(pipe, tmp_path / "pipe.joblib")
    expected = pipe.sample(wavs[0], 60, random_state=3)
    code = f"""
import sys
import joblib, numpy
pipe = joblib.load("pipe.joblib")
numpy.save("music.npy", pipe.sample({wavs[0]!r}, 60, random_state=3))
loaded = {{name.partition(".")[0] for name in sys.modules}}
assert loaded.isdisjoint({{"tensorflow", "keras"}}), "loads TensorFlow"
"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    # Single precision rounds as arrays happen to lie in memory.
    tolerance = 1e-5 * abs(expected).max()
    music = np.load(tmp_path / "music.npy")
    np.testing.assert_allclose(music, expected, rtol=0, atol=tolerance)


# --- sample


def test_frames_make_an_exact_length(pipe, mono):
    for frames in (2, 3, 17, 128, 501):
        music = pipe.sample(None, frames)
        assert (music.shape, music.dtype) == ((frames * HOP - HOP, 2), np.float32)
        assert np.isfinite(music).all()
        assert mono.sample(None, frames).shape == (frames * HOP - HOP, 1)


def test_seconds_make_an_exact_length(pipe, mono):
    for seconds in (1 / SR, 0.01, 1, 2.34567, np.float32(0.5)):
        n_samples = round(seconds * SR)
        assert pipe.sample(None, seconds=seconds).shape == (n_samples, 2)
        assert mono.sample(None, seconds=seconds).shape == (n_samples, 1)


def test_the_default_length_is_that_of_the_generator(pipe):
    music = pipe.sample(random_state=1)
    assert len(music) == 999 * HOP
    np.testing.assert_array_equal(music, pipe.sample(None, 1000, random_state=1))


@pytest.mark.parametrize("seconds", ["3", True, [3]])
def test_seconds_that_are_no_number_are_named(pipe, seconds):
    for method in (pipe.sample, pipe.stream):
        with pytest.raises(TypeError, match=r"seconds=.* is no number such as 30"):
            method(seconds=seconds)


def test_a_number_is_no_style(pipe):
    with pytest.raises(ValueError, match="style=10 is a number"):
        pipe.sample(None, 20, style=10)


def test_a_number_is_no_seed_of_a_stream(pipe):
    with pytest.raises(ValueError, match="seed=10 is a number"):
        pipe.stream(10)


def test_seconds_are_the_beginning_of_frames(pipe):
    frames = pipe[0].count_frames(SR)
    whole = pipe.sample(None, frames, random_state=1)
    np.testing.assert_array_equal(
        pipe.sample(None, seconds=1, random_state=1), whole[:SR]
    )


def test_music_is_what_the_steps_make_of_it(pipe, songs):
    heard = pipe[0].transform([songs[0]])[0]
    made = pipe[1].sample(heard, 40, random_state=1, temperature=0.5)
    (expected,) = pipe[0].inverse_transform([made])
    music = pipe.sample(songs[0], 40, random_state=1, temperature=0.5)
    np.testing.assert_array_equal(music, expected)


def test_a_path_and_its_waveform_are_the_same_seed(pipe, wavs):
    x, _ = audio.read(wavs[1])
    expected = pipe.sample(x, 40)
    assert expected.any()
    for seed in (wavs[1], Path(wavs[1]), np.str_(wavs[1])):
        np.testing.assert_array_equal(pipe.sample(seed, 40), expected)


def test_a_mono_seed_is_heard_by_both_ears(pipe, songs):
    x = songs[0][:, 0]
    (heard,) = pipe[0].transform([np.stack([x, x], axis=1)])
    for seed in (x, x[:, None], x.tolist()):
        (frames,) = pipe[0].transform([seed])
        np.testing.assert_allclose(frames, heard, rtol=1e-5, atol=1e-5)
        assert pipe.sample(seed, 40).shape == (39 * HOP, 2)


def test_the_seed_matters_and_none_is_no_seed(pipe, songs):
    nothing, first, second = (
        pipe.sample(seed, 60, random_state=0) for seed in (None, songs[0], songs[1])
    )
    assert not np.array_equal(nothing, first)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(nothing, pipe.sample(frames=60, random_state=0))


def test_chance_is_the_callers(pipe):
    a, b, c = (pipe.sample(None, 60, random_state=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


@pytest.mark.parametrize("n_samples", [1, 100, HOP + 1])
def test_a_short_seed_is_fine(pipe, songs, n_samples):
    music = pipe.sample(songs[0][:n_samples], 30)
    assert music.shape == (29 * HOP, 2)
    assert np.isfinite(music).all()


def test_steps_between_are_undone_in_turn(songs, regression):
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
    turned = Pipeline(steps).fit(songs)
    (heard,) = regression[0].transform(songs[:1])
    made = turned[-1].sample(heard[:, ::-1] / 2, 40)
    (expected,) = turned[0].inverse_transform([made[:, ::-1] * 2])
    np.testing.assert_allclose(turned.sample(songs[0], 40), expected, atol=1e-7)


@pytest.mark.parametrize("nothing", ["passthrough", None])
def test_steps_that_do_nothing(songs, nothing):
    steps = [("a", featurizer()), ("b", nothing), ("c", generator("regression"))]
    pipe = Pipeline(steps).fit(songs)
    assert pipe.sample(songs[0], 40).shape == (39 * HOP, 2)


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ({"frames": 1}, r"frames=1 makes no sample: it takes 2 .* N=256 .*frames=2"),
        ({"frames": 9, "seconds": 1.5}, r"frames=9 and seconds=1\.5: give one"),
        ({"seconds": 0}, "seconds=0 makes no music; use"),
        ({"seconds": -1}, "seconds=-1 makes no music; use"),
        ({"seconds": 1e-9}, "seconds=1e-09 makes no music; use"),
        ({"seconds": np.nan}, "seconds=nan makes no music; use"),
        ({"seconds": np.inf}, "seconds=inf makes no music; use"),
        ({"seconds": 1e6}, r"seconds=1000000\.0 is more than a day; use at most 86400"),
        ({"frames": 0}, "frames=0 makes no music; ask for at least 1"),
        ({"frames": -1}, "frames=-1 makes no music; ask for at least 1"),
    ],
    ids=str,
)
def test_lengths_of_no_use(pipe, lengths, message):
    with pytest.raises(ValueError, match=message):
        pipe.sample(None, **lengths)


BAD_SEEDS = {  # seed, error, message
    "missing": ("gone.wav", FileNotFoundError, r"'gone\.wav' does not exist; check"),
    "a folder": (ROOT, IsADirectoryError, "is a folder; pass a file"),
    "NaN": (np.full((300, 2), np.nan), ValueError, "recording 0 contains NaN"),
    "no samples": (np.zeros((0, 2)), ValueError, r"0 sample.*shape=\(0, 2\)"),
    "3-D": (np.zeros((2, 300, 2)), ValueError, r"recording 0 has shape \(2, 300, 2\)"),
    "3 channels": (np.zeros((300, 3)), ValueError, "3 channels where 2 were fitted"),
    "a list with one": (["gone.wav"], FileNotFoundError, r"'gone\.wav' does not"),
    "no seeds": ([], ValueError, r"seed=\[\] asks for no piece; use None"),
    "a number": (10, ValueError, r"seed=10 is a number; .*music.* length frames=10"),
}


@pytest.mark.parametrize(
    ("seed", "error", "message"), BAD_SEEDS.values(), ids=BAD_SEEDS
)
def test_seeds_of_no_use(pipe, seed, error, message):
    with pytest.raises(error, match=message):
        pipe.sample(seed, 10)


def test_a_stereo_seed_for_mono_music(mono, songs):
    with pytest.raises(ValueError, match="2 channels where 1 were fitted; mix it down"):
        mono.sample(songs[0], 10)


def test_unfitted_use_is_refused():
    with pytest.raises(NotFittedError, match=r"not fitted yet. Call 'fit'"):
        Pipeline([featurizer(), generator()]).sample(None, 10)


def test_a_broken_song_does_not_hinder_fit(wavs, tmp_path):
    (tmp_path / "broken.wav").write_text("Dear diary")
    with pytest.warns(UserWarning, match=r"left out: .*broken\.wav"):
        pipe = Pipeline([featurizer(), generator()]).fit(
            [wavs[0], tmp_path / "broken.wav", wavs[1]]
        )
    good = Pipeline([featurizer(), generator()]).fit(wavs[:2])
    np.testing.assert_array_equal(pipe.sample(None, 30), good.sample(None, 30))


# --- what is asked


ASKED = {
    "style": lambda a, b: {"style": a},
    "blend": lambda a, b: {"style": [(a, 1), (b, 3)]},
    "path": lambda a, b: {"style": [(0, a), (1, [(a, 1), (b, 1)])]},
    "energy": lambda a, b: {"energy": [0.1, 0.9]},
    "loudness": lambda a, b: {"energy": a},
    "variation": lambda a, b: {"vary": a, "amount": 0.1},
    "bridge": lambda a, b: {"until": b},
    "form": lambda a, b: {"begin": True, "end": True},
    "tempo": lambda a, b: {"tempo": 77, "end": True},
    "key": lambda a, b: {"key": "F# minor", "begin": True},
}


@pytest.mark.parametrize("name", ASKED)
def test_what_is_asked_is_streamed_as_it_is_sampled(pipe, wavs, name):
    options = {"random_state": 3, "frames": 100, **ASKED[name](*wavs[1:3])}
    whole = pipe.sample(wavs[0], **options)
    blocks = pipe.stream(wavs[0], block_frames=7, **options)
    np.testing.assert_array_equal(np.concatenate(list(blocks)), whole)
    plain = pipe.sample(wavs[0], 100, random_state=3)
    assert plain.shape == whole.shape
    assert not np.array_equal(plain, whole)


def test_what_is_asked_is_asked_of_each_piece(pipe, wavs):
    options = {"frames": 60, "style": wavs[1], "key": "C", "begin": True}
    together = pipe.sample([wavs[0], None], random_state=0, **options)
    rng = np.random.RandomState(0)
    for seed, piece in zip([wavs[0], None], together, strict=True):
        alone = pipe.sample(seed, random_state=rng, **options)
        np.testing.assert_array_equal(piece, alone)


def test_in_another_key_the_same_is_another_piece(pipe, wavs):
    one, other = (
        pipe.sample(wavs[0], 40, key=key, random_state=0) for key in ("C", "F#")
    )
    assert not np.array_equal(one, other)


def test_regression_takes_nothing_that_is_asked(regression, wavs):
    for asked in ASKED.values():
        options = {"frames": 20, **asked(*wavs[:2])}
        with pytest.raises(ValueError, match=r"is given, .* use synthesis='neural'"):
            regression.sample(**options)
        with pytest.raises(ValueError, match=r"is given, .* use synthesis='neural'"):
            next(regression.stream(**options))


def test_a_variation_is_as_long_as_what_it_varies(pipe, songs):
    theme = songs[0][:5000]
    made = pipe.sample(vary=theme, random_state=0)
    assert 5000 <= len(made) < 5000 + pipe[0].N
    assert len(pipe.sample(vary=theme, seconds=1, random_state=0)) == SR


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loop": True, "end": True, "seconds": 2}, "leave end out"),
        ({"loop": True, "begin": True, "seconds": 2}, "leave begin out"),
        ({"energy": 2.0}, "the level 2.0"),
        ({"vary": 3}, "vary=3 is a number"),
    ],
)
def test_controls_that_make_no_sense_are_refused(pipe, options, message):
    with pytest.raises(ValueError, match=message):
        pipe.sample(None, **options)


def test_an_end_takes_a_length(pipe, songs):
    with pytest.raises(ValueError, match="of what length"):
        next(pipe.stream(end=True))
    for ends in ({"end": True}, {"until": songs[0]}):
        with pytest.raises(ValueError, match="of what length"):
            pipe.sample(None, **ends)


def test_a_state_goes_on_in_frames(pipe):
    _, state = pipe.sample(None, 9, return_state=True, random_state=0)
    for compose in (pipe.sample, pipe.stream):
        with pytest.raises(ValueError, match=r"pipe\[-1\]\.sample"):
            compose(state, 9)


def test_a_callback_may_save_the_pipeline_that_learns(songs, tmp_path):
    path = tmp_path / "model.skmusic"

    def keep(record):
        skmusic.save(pipe, path)

    generator = StatefulLSTMGenerator(
        epochs=1, hidden_layer_sizes=8, callbacks=[keep], random_state=0
    )
    pipe = Pipeline([featurizer(), generator])
    pipe.fit(songs[:1])
    made = [
        each.sample(None, 20, random_state=0) for each in (pipe, skmusic.load(path))
    ]
    assert made[0].shape == made[1].shape
