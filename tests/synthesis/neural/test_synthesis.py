from copy import deepcopy

import numpy as np
import pytest

from skmusic import FFTFeaturizer
from skmusic.spectra.frames import FrameFormat, Frames
from skmusic.spectra.reframing import waveform
from skmusic.synthesis.sampling import SamplingParameters

SAMPLING = SamplingParameters()


def begin(neural, seed, random_state=0):
    rng = np.random.RandomState(random_state)
    return neural.start(neural.prime(seed, SAMPLING), SAMPLING, rng)


def advance(neural, states, n):
    frames, origins, after = neural.advance(states, n, SAMPLING, id)
    assert origins is None
    return frames, after


def sample(neural, seed, *lengths, random_state=0):
    states, parts = [begin(neural, seed, random_state)], []
    for n in lengths:
        (x,), states = advance(neural, states, n)
        parts.append(x)
    return np.concatenate(parts)


def test_parts_are_those_of_the_whole(fitted):
    (x, *_), neural = fitted
    whole = sample(neural, x[:60], 23)
    assert whole.shape == (23, x.shape[1])
    parts = sample(neural, x[:60], 1, 1, 8, 13)
    np.testing.assert_allclose(parts, whole, atol=1e-4 * np.abs(whole).max())
    assert not np.allclose(sample(neural, x[:60], 23, random_state=1), whole)


def test_pieces_hear_no_other_and_states_stay(fitted):
    (x, y, _), neural = fitted
    seeds = [x[:60], y[:31], x[:0]]
    states = [begin(neural, seed, k) for k, seed in enumerate(seeds)]
    before = deepcopy(states)
    told = []
    together, _, _ = neural.advance(states, 9, SAMPLING, told.append)
    for k, seed in enumerate(seeds):
        alone = sample(neural, seed, 9, random_state=k)
        np.testing.assert_array_equal(together[k], alone)
    assert sum(told) == 27
    for state, was in zip(states, before, strict=True):
        np.testing.assert_equal(vars(state.vocoder), vars(was.vocoder))
    again, _ = advance(neural, states, 9)
    np.testing.assert_array_equal(again, together)


def test_frames_are_those_of_a_waveform(fitted, songs):
    (x, *_), neural = fitted
    frames = sample(neural, x[:60], 40)
    featurizer = FFTFeaturizer(N=512, sr=songs.sr)
    again = featurizer.fit_transform([waveform(frames, neural.format)])[0]
    off = again[4:-4] - frames[4:-4]
    assert np.square(off).sum() < 1e-6 * np.square(frames[4:-4]).sum()


@pytest.mark.parametrize("n", [1, 9, 120])
def test_a_forecast_knows_only_what_was_heard(fitted, n):
    (x, *_), neural = fitted
    whole, part = neural.predict(x), neural.predict(x[:n])
    assert whole.shape == x.shape
    atol = 1e-3 * np.abs(whole).max()
    np.testing.assert_allclose(part, whole[:n], atol=atol)


def test_forecasts_are_as_loud_as_music(fitted):
    (x, *_), neural = fitted
    power = np.square(neural.predict(x)).sum() / np.square(x).sum()
    assert 0.3 < power < 2


def test_the_score_is_one_number_a_step(fitted):
    (x, *_), neural = fitted
    score = neural.log_likelihood(x)
    n_samples = len(waveform(x, neural.format))
    assert score.shape == (n_samples // neural.format.step,)
    assert np.isfinite(score).all()
    noise = np.random.default_rng(0).standard_normal((n_samples, 2)) * 0.2
    (y,) = FFTFeaturizer(N=512, sr=neural.format.sr).fit_transform([noise])
    assert neural.log_likelihood(y).mean() < score.mean()


FORMATS = [
    FrameFormat(64, 7, "hamming", 8000, 1, 50.0, True),
    FrameFormat(882, 441, sr=44100, n_channels=2, factor=1e-3),
    FrameFormat(2, 1, sr=20),
    FrameFormat(8192, 4096, sr=96000, n_channels=3),
]


@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_every_format_learns_forecasts_and_plays(fit_neural, format):
    n = 12 * format.step + format.N
    t = np.arange(n)[:, None] + np.arange(format.n_channels)
    x = (0.5 * np.sin(t / 9) * np.sin(t / 2000)).astype(np.float32)
    featurizer = FFTFeaturizer(
        N=format.N,
        hop_length=format.hop_length,
        window=format.window,
        sr=format.sr,
        factor=format.factor,
        redundant=format.both_halves,
    )
    X = featurizer.fit_transform([x])
    neural, _ = fit_neural(X, X[0].format)
    forecasts, made = neural.predict(X[0]), sample(neural, X[0], 2, 3)
    assert forecasts.shape == X[0].shape
    assert made.shape == (5, format.n_dims)
    for frames in (forecasts, made):
        assert np.isfinite(frames).all()
    if format.both_halves:  # they are of a real signal
        z = made.reshape(5, format.n_channels, 2, format.N)
        mirrored = z[..., 1:][..., ::-1] * [[1], [-1]]
        np.testing.assert_allclose(z[..., 1:], mirrored, atol=1e-4)


def test_plain_numbers_play_the_means_of_tokens(fit_neural):
    x = np.random.default_rng(0).standard_normal((300, 4)).astype(np.float32)
    neural, trained = fit_neural([x], None)
    assert neural.panning is None
    made, forecasts = sample(neural, x[:50], 20, 5), neural.predict(x)
    assert (made.shape, forecasts.shape) == ((25, 4), (300, 4))
    means = {tuple(row) for row in neural._means().astype(np.float32)}
    assert {tuple(row) for row in made} <= means
    np.testing.assert_allclose(neural.predict(x[:9]), forecasts[:9], atol=1e-4)
    more, _ = fit_neural([x[:1]], None, neural, trained.training, 1)
    assert more.dynamics.n_steps == neural.dynamics.n_steps


def test_what_is_learned_before_counts(fit_neural, fitted):
    frames, _ = fitted
    x = Frames(frames[0][:40], frames[0].format)
    first, trained = fit_neural([x], x.format)
    more, _ = fit_neural([x], x.format, first, trained.training, 1)
    assert more.tokenizer.reference == first.tokenizer.reference
    np.testing.assert_allclose(more.panning.shares, first.panning.shares, atol=1e-3)
    np.testing.assert_array_equal(more.dynamics.codes, first.dynamics.codes)
    assert more.dynamics.n_steps == 2 * first.dynamics.n_steps
