import numpy as np
import pytest

from skmusic import FFTFeaturizer, StatefulLSTMGenerator
from skmusic.synthesis.neural.prediction import begin, period_of, step
from skmusic.synthesis.sampling import Tempering

SMALL = {"hidden_layer_sizes": (8,), "epochs": 2, "random_state": 0}


@pytest.fixture(scope="module")
def fitted(songs):
    frames = FFTFeaturizer(N=512, sr=songs.sr).fit_transform(songs.recordings)
    generator = StatefulLSTMGenerator(emission="spectra", **SMALL).fit(frames)
    return generator, [generator.codebook_.features(x) for x in frames]


def drawn(generator, heard, n_steps, temperature=1.0, state=0):
    parts = generator.network_, generator.codebook_
    course = begin(generator.changes_, heard, *parts)
    rng, made = np.random.RandomState(state), []
    for _ in range(n_steps):
        features, course = step(
            generator.changes_, course, *parts, Tempering(temperature), rng
        )
        made.append(features)
    return np.array(made)


@pytest.mark.parametrize("period", [20, 47, 100])
def test_the_period_is_found_under_noise(period):
    rng = np.random.default_rng(0)
    beat = np.tile(rng.standard_normal((period, 5)), (6, 1))
    # What repeats repeats after twice as long, too.
    assert period_of(beat + 0.3 * rng.standard_normal(beat.shape)) % period == 0


def test_what_is_drawn_stays_where_music_is(fitted):
    generator, heard = fitted
    made = drawn(generator, heard[0][:100], 1500) * generator.codebook_.weight
    changes = generator.changes_
    assert (made >= changes.low - 1e-4).all()
    assert (made <= changes.high + 1e-4).all()
    real = np.concatenate(heard) * generator.codebook_.weight
    for part in made[:500], made[-500:]:  # it neither dies nor runs away
        assert 0.1 < part.var(axis=0).sum() / real.var(axis=0).sum() < 2


def test_what_is_drawn_changes_as_music_does(fitted):
    generator, heard = fitted
    made = drawn(generator, heard[0][:100], 600)
    weight = generator.codebook_.weight
    sizes = [
        np.square(np.diff(x * weight, axis=0)).sum(axis=1).mean()
        for x in (made, np.concatenate(heard))
    ]
    assert 0.3 < sizes[0] / sizes[1] < 2


def test_without_temperature_there_is_no_chance(fitted):
    generator, heard = fitted
    first, second = (drawn(generator, heard[0], 60, 0, state) for state in (0, 1))
    np.testing.assert_array_equal(first, second)
    others = [drawn(generator, heard[0], 60, 1, state) for state in (0, 1)]
    assert not np.array_equal(*others)


def test_changes_hold_no_recording(fitted):
    generator, heard = fitted
    changes, n_steps = generator.changes_, sum(map(len, heard))
    for name, x in vars(changes).items():
        assert n_steps not in np.shape(x), name
    # They were learned of steps, and of a longer corpus would be no larger.
    assert changes.n_steps <= n_steps
    assert len(changes.codes) <= 64


def test_of_two_parts_the_longer_counts_more():
    rng = np.random.default_rng(0)
    X = [rng.standard_normal((400, 3)), rng.standard_normal((60, 3))]
    first = StatefulLSTMGenerator(emission="spectra", **SMALL).fit(X[:1])
    maps = first.changes_.maps.copy()
    both = first.partial_fit(X[1:]).changes_
    alone = StatefulLSTMGenerator(emission="spectra", **SMALL).fit(X[1:]).changes_
    assert both.n_steps == 399 + 59
    near, far = (np.abs(both.maps - x).mean() for x in (maps, alone.maps))
    assert near < far
