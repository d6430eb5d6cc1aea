"""What the pipeline plays: pieces and streams, of exact lengths, as they are asked."""

import gc
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from small import generator

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator

ROOT = Path(__file__).resolve().parents[1]
SR, N, HOP = 11025, 256, 128


@pytest.fixture(scope="module")
def pipe(pipes):
    return pipes["neural"]


@pytest.fixture(scope="module")
def mono(recordings):
    """Mono, fitted on one-dimensional arrays."""
    pipe = Pipeline([FFTFeaturizer(N=N, sr=SR), generator("regression")])
    return pipe.fit([x[:, 0] for x in recordings])


# Several pieces


def test_pieces_together_are_those_made_one_at_a_time(pipe, mono, recordings, wavs):
    for fitted, seeds in [
        (pipe, [wavs[0], None, recordings[1], wavs[0], wavs[0]]),
        (mono, (recordings[0][:, 0], None)),
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


# Streams


@pytest.mark.parametrize("block_frames", [1, 7, 1000])
def test_a_stream_is_the_sample_to_the_bit(pipe, mono, wavs, block_frames):
    options = {"random_state": 3, "temperature": 0.8}
    for fitted, seed, length in [
        (pipe, wavs[0], {"frames": 100}),
        (pipe, None, {"seconds": 1.234}),
        (mono, None, {"frames": 100}),
    ]:
        given = options | length
        blocks = list(fitted.stream(seed, block_frames=block_frames, **given))
        assert all(len(block) for block in blocks)
        whole = fitted.sample(seed, **given)
        np.testing.assert_array_equal(np.concatenate(blocks), whole)


@pytest.mark.parametrize(
    ("synthesis", "settings"),
    [
        ("regression", {"hop_length": N, "window": "boxcar", "redundant": True}),
        ("neural", {"hop_length": 100, "window": "hamming", "factor": 2 / N}),
    ],
)
def test_lengths_and_streams_with_other_windows(recordings, synthesis, settings):
    pipe = Pipeline(
        [FFTFeaturizer(**{"N": N, "sr": SR, **settings}), generator(synthesis)]
    ).fit(recordings)
    hop = settings["hop_length"]
    for length, n_samples in [
        ({"frames": 3}, 3 * hop - (N - hop)),
        ({"frames": 50}, 50 * hop - (N - hop)),
        ({"seconds": 0.3}, round(0.3 * SR)),
    ]:
        music = pipe.sample(recordings[0], **length)
        assert music.shape == (n_samples, 2)
        blocks = list(pipe.stream(recordings[0], block_frames=3, **length))
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


def test_what_a_stream_holds_does_not_grow(pipe):
    # After half a minute all that a piece returns to has been heard.
    long = np.random.default_rng(0).standard_normal((35 * SR, 2)) / 9
    stream = pipe.stream(long, random_state=1)

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
    assert now - short < 0.03 * n_bytes


# Lengths


def test_frames_make_an_exact_length(pipe, mono):
    for frames in (2, 3, 128):
        music = pipe.sample(None, frames)
        assert (music.shape, music.dtype) == ((frames * HOP - HOP, 2), np.float32)
        assert np.isfinite(music).all()
        assert mono.sample(None, frames).shape == (frames * HOP - HOP, 1)


def test_seconds_make_an_exact_length(pipe, mono):
    for seconds in (1 / SR, 2.34567, np.float32(0.5)):
        n_samples = round(seconds * SR)
        assert pipe.sample(None, seconds=seconds).shape == (n_samples, 2)
        assert mono.sample(None, seconds=seconds).shape == (n_samples, 1)


def test_the_default_length_is_that_of_the_generator(pipe):
    music = pipe.sample(random_state=1)
    assert len(music) == 999 * HOP
    np.testing.assert_array_equal(music, pipe.sample(None, 1000, random_state=1))


def test_seconds_are_the_beginning_of_frames(pipe):
    frames = pipe[0].count_frames(SR)
    whole = pipe.sample(None, frames, random_state=1)
    np.testing.assert_array_equal(
        pipe.sample(None, seconds=1, random_state=1), whole[:SR]
    )


@pytest.mark.parametrize("seconds", ["3", True, [3]])
def test_seconds_that_are_no_number_are_named(pipe, seconds):
    for method in (pipe.sample, pipe.stream):
        with pytest.raises(TypeError, match=r"seconds=.* is no number such as 30"):
            method(seconds=seconds)


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ({"frames": 1}, r"frames=1 makes no sample: it takes 2 .* N=256 .*frames=2"),
        ({"block_frames": 0}, "block_frames=0"),
        ({"block_frames": 2.5}, "block_frames=2.5"),
        ({"frames": 9, "seconds": 1.5}, r"frames=9 and seconds=1\.5: give one"),
        ({"seconds": 0}, "seconds=0 makes no music; use"),
        ({"seconds": 1e-9}, "seconds=1e-09 makes no music; use"),
        ({"seconds": np.nan}, "seconds=nan makes no music; use"),
        ({"seconds": 1e6}, r"seconds=1000000\.0 is more than a day; use at most 86400"),
        ({"frames": 0}, "frames=0 makes no music; "),
    ],
    ids=str,
)
def test_lengths_of_no_use(pipe, lengths, message):
    if "block_frames" not in lengths:
        with pytest.raises(ValueError, match=message):
            pipe.sample(None, **lengths)
    if lengths != {"frames": 1}:
        with pytest.raises(ValueError, match=message):  # at once
            pipe.stream(None, **lengths)


# Seeds


def test_music_is_what_the_steps_make_of_it(pipe, recordings):
    heard = pipe[0].transform([recordings[0]])[0]
    made = pipe[1].sample(heard, 40, random_state=1, temperature=0.5)
    (expected,) = pipe[0].inverse_transform([made])
    music = pipe.sample(recordings[0], 40, random_state=1, temperature=0.5)
    np.testing.assert_array_equal(music, expected)


def test_a_path_and_its_waveform_are_the_same_seed(pipe, wavs, recordings):
    expected = pipe.sample(recordings[1], 40)
    assert expected.any()
    for seed in (wavs[1], Path(wavs[1]), np.str_(wavs[1])):
        np.testing.assert_array_equal(pipe.sample(seed, 40), expected)


def test_a_mono_seed_is_heard_by_both_ears(pipe, recordings):
    x = recordings[0][:, 0]
    (heard,) = pipe[0].transform([np.stack([x, x], axis=1)])
    for seed in (x, x[:, None], x.tolist()):
        (frames,) = pipe[0].transform([seed])
        np.testing.assert_allclose(frames, heard, rtol=1e-5, atol=1e-5)
        assert pipe.sample(seed, 40).shape == (39 * HOP, 2)


def test_the_seed_matters_and_none_is_no_seed(pipe, recordings):
    nothing, first, second = (
        pipe.sample(seed, 60, random_state=0)
        for seed in (None, recordings[0], recordings[1])
    )
    assert not np.array_equal(nothing, first)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(nothing, pipe.sample(frames=60, random_state=0))


def test_a_short_seed_is_fine(pipe, recordings):
    for n_samples in (1, HOP + 1):
        music = pipe.sample(recordings[0][:n_samples], 30)
        assert music.shape == (29 * HOP, 2)
        assert np.isfinite(music).all()


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


def test_a_number_is_no_seed_of_a_stream_and_no_style(pipe):
    with pytest.raises(ValueError, match="seed=10 is a number"):
        pipe.stream(10)
    with pytest.raises(ValueError, match="style=10 is a number"):
        pipe.sample(None, 20, style=10)


def test_unfitted_use_is_refused():
    with pytest.raises(NotFittedError, match=r"not fitted yet. Call 'fit'"):
        Pipeline([FFTFeaturizer(), generator()]).sample(None, 10)


def test_a_state_goes_on_in_frames(pipe):
    _, state = pipe.sample(None, 9, return_state=True, random_state=0)
    for compose in (pipe.sample, pipe.stream):
        with pytest.raises(ValueError, match=r"pipe\[-1\]\.sample"):
            compose(state, 9)


# What is asked


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
    "arrival": lambda a, b: {"until": b, "begin": True, "energy": [(0, 0.1), (1, 1)]},
    "several": lambda a, b: {"vary": a, "amount": 0.7, "style": b, "tempo": 140},
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


def test_regression_takes_nothing_that_is_asked(pipes, wavs):
    options = {"frames": 20, **ASKED["style"](*wavs[:2])}
    with pytest.raises(ValueError, match=r"is given, .* use synthesis='neural'"):
        pipes["regression"].sample(**options)
    with pytest.raises(ValueError, match=r"is given, .* use synthesis='neural'"):
        next(pipes["regression"].stream(**options))


def test_a_variation_is_as_long_as_what_it_varies(pipe, recordings):
    theme = recordings[0][:5000]
    made = pipe.sample(vary=theme, random_state=0)
    assert 5000 <= len(made) < 5000 + pipe[0].N
    assert len(pipe.sample(vary=theme, seconds=1, random_state=0)) == SR


def test_an_end_takes_a_length(pipe, recordings):
    with pytest.raises(ValueError, match="of what length"):
        next(pipe.stream(end=True))
    for ends in ({"end": True}, {"until": recordings[0]}):
        with pytest.raises(ValueError, match="of what length"):
            pipe.sample(None, **ends)
