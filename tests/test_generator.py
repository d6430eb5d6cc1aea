import random
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from chance import untrained
from sklearn.utils.estimator_checks import parametrize_with_checks
from small import SYNTHESES, generator, same, waves, weights

from skmusic import FFTFeaturizer, Pipeline
from skmusic.datasets import make_songs
from skmusic.synthesis.controls import CONTROLS

KINDS = [*SYNTHESES, *(f"{synthesis} of numbers" for synthesis in SYNTHESES)]
# What is no waveform is forecast, or drawn, without a vocoder.
DRAWN = [kind for kind in KINDS if kind.startswith("neural")]
OTHER = {"neural": "regression", "regression": "neural"}
CHECKED = {"hidden_layer_sizes": (2,), "epochs": 1, "chunk_length": 2}
# To train a network that draws takes seconds; of these checks it is trained.
TRAINED = "check_fit_idempotent", "check_fit2d_1sample", "check_fit2d_1feature"


@parametrize_with_checks([generator(s, **CHECKED) for s in SYNTHESES])
def test_scikit_learn_checks(estimator, check):
    if estimator.synthesis == "regression" or check.func.__name__ in TRAINED:
        check(estimator)
    else:
        with untrained():
            check(estimator)


@pytest.fixture(scope="module")
def featurizer(pipes):
    return pipes["neural"][0]


@pytest.fixture(scope="module")
def frames(recordings, featurizer):
    return featurizer.transform(recordings)


@pytest.fixture(scope="module")
def all_fitted(pipes, frames):
    """Of each kind, an estimator and what it learned: frames, or plain numbers."""
    X = waves(n_frames=150)
    numbers = {f"{name} of numbers": (generator(name).fit(X), X) for name in SYNTHESES}
    return {name: (pipe[-1], frames) for name, pipe in pipes.items()} | numbers


@pytest.fixture(params=KINDS)
def fitted(request, all_fitted):
    return all_fitted[request.param]


@pytest.fixture(scope="module")
def composer(all_fitted):
    return all_fitted["neural"][0]


# State


def test_steps_of_the_fixture_are_no_frames(composer, featurizer):
    """Nor are patches steps: what is made is cut within both."""
    synthesis = composer.synthesis_
    assert synthesis.format == featurizer.format_
    assert synthesis.format.step == 2 * synthesis.format.hop_length
    assert synthesis.code.n_steps == 4


def test_predictions_do_not_know_the_future(fitted):
    generator, X = fitted
    (whole,) = generator.predict(X[:1])
    for n in (1, 2, 8, 64, 149):
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
    assert type(generator.score(X)) is float
    each = [generator.score([x]) for x in X[:3]]
    assert generator.score(X[:3]) == pytest.approx(
        np.average(each, weights=[len(x) for x in X[:3]]), abs=1e-3
    )
    assert generator.score(X[:3]) == pytest.approx(generator.score(X[2::-1]))


@pytest.mark.parametrize("seeded", [0, 51])
def test_music_in_parts_equals_music_at_once(fitted, seeded):
    generator, X = fitted
    seed = X[0][:seeded] if seeded else None
    state, made, parts = seed, [], (1, 1, 15, 97)
    for n in parts:
        music, state = generator.sample(state, n, random_state=1, return_state=True)
        made.append(music)
    whole = generator.sample(seed, sum(parts), random_state=1)
    np.testing.assert_array_equal(np.concatenate(made), whole)


def test_upper_halves_change_nothing(pipes, songs, wavs, recordings):
    upper = FFTFeaturizer(N=256, sr=songs.sr, redundant=True)
    made, pipe = [], Pipeline([upper, generator()]).fit(wavs)
    assert pipe[-1].n_dims_ == 2 * 2 * 256
    for each in (pipes["neural"], pipe):
        music = each.sample(recordings[0][:9001], 300, random_state=0)
        forecast = each[0].inverse_transform(each.predict(recordings[:1]))[0]
        made.append((music, forecast, each.score(recordings)))
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


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "neural"])
def test_what_cannot_be_asked_is_refused(all_fitted, kind):
    generator, X = all_fitted[kind]
    remedy = "an FFTFeaturizer before" if kind in DRAWN else "synthesis='neural'"
    for name in ASKED:
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


def test_a_state_of_another_synthesis_is_refused(all_fitted):
    for one, other in OTHER.items():
        _, state = all_fitted[one][0].sample(None, 5, return_state=True)
        with pytest.raises(ValueError, match="seed is a state of another"):
            all_fitted[other][0].sample(state, 5)


@pytest.mark.parametrize("synthesis", SYNTHESES)
def test_a_state_of_another_size_is_refused(synthesis):
    rng = np.random.default_rng(0)
    with untrained():
        one, other = (
            generator(synthesis, **CHECKED).fit([rng.normal(size=(60, n))])
            for n in (2, 3)
        )
    _, state = one.sample(None, 5, return_state=True)
    with pytest.raises(ValueError, match="seed is a state of another model"):
        other.sample(state, 5)


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


@pytest.mark.parametrize("kind", ["regression", "regression of numbers"])
def test_without_chance_the_forecast_is_played(all_fitted, kind):
    generator, X = all_fitted[kind]
    for n_frames in (1, 4, 61):
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


def test_regression_knows_no_chance(all_fitted):
    generator, X = all_fitted["regression"]
    assert same(
        generator.sample(X[0], 50, temperature=2.0, random_state=1),
        generator.sample(X[0], 50, temperature=0.1, random_state=2),
    )


def global_chance():
    return random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002


@pytest.mark.parametrize("synthesis", SYNTHESES)
def test_fits_with_the_same_chance_are_equal(synthesis):
    X = waves(2)
    kept = [x.copy() for x in X]
    fitted = generator(synthesis, random_state=5)
    before = global_chance()
    first = weights(fitted.fit(X))
    music = fitted.sample(X[0], 20)
    assert global_chance() == before
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    # Without warm_start it starts anew.
    assert same(first, weights(fitted.fit(X)))
    assert fitted.n_iter_ == 2
    assert same(music, fitted.sample(X[0], 20))
    other = generator(synthesis, random_state=6).fit(X)
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


# Scores


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
    X = waves(2, n_dims=1)
    fitted = generator(synthesis).fit(X)
    past = X[0][:10]
    grid = np.linspace(-12, 12, 101)
    before = 10 * fitted.score([past])
    density = [
        np.exp(11 * fitted.score([np.append(past, v)[:, None]]) - before) for v in grid
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
    fitted = generator("regression").fit(X)
    assert fitted.sample(X[0], 9).shape == (9,)
    assert [p.shape for p in fitted.predict(X)] == [x.shape for x in X]
    assert fitted.predict(np.stack(X)).shape == (2, 100)


def test_numbers_of_numpy_are_numbers(composer, frames):
    options = {"temperature": np.float32(0.5), "amount": np.float64(0.5)}
    options |= {"vary": frames[1][:99], "tempo": np.int64(90), "energy": np.float32(1)}
    assert len(composer.sample(frames[0][:9], np.int32(7), **options)) == 7
