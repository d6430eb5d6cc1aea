"""Laws of the neural synthesis."""

from dataclasses import fields, replace

import numpy as np
import pytest
from neural_helpers import begin, sample

from skmusic import FFTFeaturizer
from skmusic.network import numpy_flow, numpy_lstm
from skmusic.persistence.checks import check_declared, check_synthesis
from skmusic.spectra.frames import FrameFormat, Frames
from skmusic.spectra.reframing import waveform


@pytest.fixture(params=["frames", "numbers"])
def learned(request, fitted, numbers):
    """Recordings of frames, or of plain numbers, and what was learned of them."""
    return fitted if request.param == "frames" else numbers


def test_no_piece_goes_beyond_what_was_learned(fitted):
    (x, *_), neural = fitted
    louder = tuple(99 * A for A in neural.network["skip"])  # what is heard grows
    wild = replace(neural, network=neural.network | {"skip": louder})
    _, (state,) = wild.advance([begin(wild, x[:60])], 80, 1.0, id)
    assert np.abs(state.context.code / neural.code.reach).max() == 1


def test_noise_lasts_and_is_standard_normal(numbers):
    (x, *_), neural = numbers
    lasting = np.full(neural.code.n_codes, 0.4)
    neural = replace(neural, noise_persistence=lasting)
    state, noise = begin(neural, x[:60]), []
    for _ in range(600):
        _, (state,) = neural.advance([state], neural.code.n_steps, 1.0, id)
        noise.append(state.context.noise)
    noise = np.array(noise[10:])
    assert noise.std() == pytest.approx(1, abs=0.15)
    found = np.mean(noise[1:] * noise[:-1]) / np.mean(np.square(noise))
    assert found == pytest.approx(0.4, abs=0.15)


@pytest.mark.parametrize("temperature", [0.1, 1e3, 1e300])
def test_at_any_temperature_music_is_finite(learned, temperature):
    (x, *_), neural = learned
    assert np.isfinite(sample(neural, x[:60], 40, temperature=temperature)).all()


@pytest.mark.parametrize("size", [1e9])
def test_what_a_file_may_hold_plays_finite_music(learned, size):
    (x, *_), neural = learned
    rng = np.random.default_rng(0)
    arrays = [
        (size * np.sign(rng.standard_normal(a.shape))).astype(np.float32)
        for a in numpy_lstm.to_arrays(neural.network)
    ]
    network = numpy_lstm.from_arrays(arrays, numpy_flow.N_ARRAYS)
    wild = replace(neural, network=network)
    check_synthesis(wild)
    with np.errstate(all="ignore"):
        made = sample(wild, x[:60], 40)
    assert np.isfinite(made).all()


# Frames


def test_frames_are_those_of_a_waveform(fitted, songs):
    (x, *_), neural = fitted
    frames = sample(neural, x[:60], 40)
    featurizer = FFTFeaturizer(N=512, sr=songs.sr)
    again = featurizer.fit_transform([waveform(frames, neural.format)])[0]
    off = again[4:-4] - frames[4:-4]
    assert np.square(off).sum() < 1e-6 * np.square(frames[4:-4]).sum()


def test_forecasts_are_as_loud_as_music(fitted):
    (x, *_), neural = fitted
    power = np.square(neural.predict(x)).sum() / np.square(x).sum()
    assert 0.1 < power < 10


def test_the_score_is_one_number_a_step(learned):
    (x, *_), neural = learned
    score = neural.log_likelihood(x)
    step = neural.format.step if neural.format else 1
    assert score.shape == (len(waveform(x, neural.format)) // step,)
    assert np.isfinite(score).all()


FORMATS = [
    FrameFormat(64, 7, "hamming", 8000, 1, 50.0, True),
    FrameFormat(882, 441, sr=44100, n_channels=2, factor=1e-3),
    FrameFormat(2, 1, sr=20),
    FrameFormat(8192, 4096, sr=96000, n_channels=3),
]


@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_every_format_learns_forecasts_and_plays(untrained, format):
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
    neural = untrained(X, X[0].format)
    check_synthesis(neural)
    forecasts, made = neural.predict(X[0]), sample(neural, X[0], 5)
    assert forecasts.shape == X[0].shape
    assert made.shape == (5, format.n_dims)
    for frames in (forecasts, made):
        assert np.isfinite(frames).all()
    if format.both_halves:  # they are of a real signal
        z = made.reshape(5, format.n_channels, 2, format.N)
        mirrored = z[..., 1:][..., ::-1] * [[1], [-1]]
        np.testing.assert_allclose(z[..., 1:], mirrored, atol=1e-4)


def test_plain_numbers_are_drawn_and_played_as_they_are(numbers):
    (x, *_), neural = numbers
    assert neural.vocoder is None
    made = sample(neural, x[:50], 200)
    assert made.dtype == np.float32
    # None is a copy, and they are of the size of what was learned.
    distance = np.abs(made[:, None] - x).max(axis=-1)
    assert distance.min() > 0
    assert np.abs(made).max() < 9 * np.abs(x).max()


# Learning


def of_recordings(neural):
    """What is known of each recording, by name."""
    shapes = {field.name: field.metadata.get("shape", ()) for field in fields(neural)}
    names = [name for name, shape in shapes.items() if "n_recordings" in shape]
    assert len(names) > 1
    return {name: getattr(neural, name) for name in names}


def test_what_is_learned_before_counts(untrained, frames):
    x, y = (Frames(f[:120], f.format) for f in frames[:2])
    first = untrained([x], x.format)
    more = untrained([y], x.format, first, 1)
    np.testing.assert_equal(vars(more.vocoder), vars(first.vocoder))
    np.testing.assert_equal(vars(more.code), vars(first.code))
    known = of_recordings(more)
    for name, before in of_recordings(first).items():
        assert len(known[name]) == 2
        np.testing.assert_array_equal(known[name][:1], before)
    # What goes on with all of its recordings knows only these.
    again = untrained([y], x.format, first)
    for name, found in of_recordings(again).items():
        np.testing.assert_array_equal(found, known[name][1:])


def short(frames, n_steps):
    """Frames of so many steps."""
    format = frames.format
    n = (n_steps * format.step + format.overlap) // format.hop_length
    return Frames(frames[40 : 40 + n], format)


def test_a_recording_shorter_than_a_patch_says_nothing(untrained, frames):
    format = frames[0].format
    beside = [short(frames[1], 2), frames[0], Frames(frames[0][:0], format)]
    neural = untrained(beside, format)
    assert neural.code.n_steps == 4
    assert {len(x) for x in of_recordings(neural).values()} == {1}
    check_synthesis(neural)
    check_declared(neural)
    made = sample(neural, beside[0], 9)
    assert np.isfinite(made).all()
    assert np.isfinite(neural.predict(beside[0])).all()


@pytest.mark.parametrize("n_steps", [1, 2, 3, 4])
def test_there_may_be_nothing_but_a_patch(untrained, frames, n_steps):
    X = [short(x, n) for x, n in zip(frames, (1, n_steps, 1), strict=True)]
    neural = untrained(X, X[0].format)
    assert neural.code.n_steps == n_steps
    assert np.isfinite(sample(neural, X[1], 9)).all()
    assert np.isfinite(neural.log_likelihood(X[1])).all()


def test_to_go_on_with_less_than_a_patch_is_refused(untrained, frames):
    X = [Frames(frames[0][:120], frames[0].format)]
    first = untrained(X, X[0].format)
    few = [short(frames[1], 2)]
    with pytest.raises(ValueError, match="longer"):
        untrained(few, X[0].format, first, 1)


def test_silence_is_told_of(untrained):
    silent = FFTFeaturizer(N=512, sr=8000).fit_transform([np.zeros((16000, 2))])
    with pytest.warns(UserWarning, match="all recordings are silent"):
        neural = untrained(silent, silent[0].format)
    assert np.abs(sample(neural, silent[0], 20)).max() < 1e-9
