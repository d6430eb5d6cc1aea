import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from handmade import FORMATS, MONO, notes, synthesis_of

from skmusic.spectra.reframing import cut_frames, hop_of, samples_for, waveform
from skmusic.spectra.stft import stft
from skmusic.synthesis.controls import Controls
from skmusic.synthesis.sampling import SamplingParameters


def frames_of(x, format):
    return x if format is None else stft(x, *format.stft_args())


def begun(made, n_heard=100, seed=0, sampling=None, **options):
    sampling = sampling or SamplingParameters()
    heard = frames_of(notes(200, made.format), made.format)[:n_heard]
    primed = made.prime(heard, sampling, **options)
    return made.start(primed, sampling, np.random.RandomState(seed))


def piece(made, state, n_frames, sampling=None):
    """Frames, samples of the database and the state after them."""
    sampling = sampling or SamplingParameters()
    made_of = made.advance([state], n_frames, sampling, lambda n: None)
    return tuple(x for (x,) in made_of)


def alike(x, y):
    np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("parts", [(8, 8), (1,) * 16, (0, 15, 1), (16, 0)])
def test_a_piece_in_parts_is_the_piece(each, parts):
    whole, samples, after = piece(each, begun(each), 16)
    state, found, origins = begun(each), [], []
    for n in parts:
        x, origin, state = piece(each, state, n)
        found.append(x)
        origins.append(origin)
    alike(np.concatenate(found), whole)
    alike(np.concatenate(origins), samples)
    alike(piece(each, state, 300)[0], piece(each, after, 300)[0])


@pytest.mark.parametrize("n_frames", [500, 777])
def test_long_parts_too(each, n_frames):
    whole, samples, _ = piece(each, begun(each), 2 * n_frames)
    first, early, state = piece(each, begun(each), n_frames)
    then, late, _ = piece(each, state, n_frames)
    alike(np.concatenate([first, then]), whole)
    alike(np.concatenate([early, late]), samples)
    assert len(state.pending) == len(state.origins) * max(each.tokenizer.step, 1) - (
        state.given
    )


def test_pieces_together_are_what_each_is_alone(each):
    states = [begun(each, n, seed) for n, seed in ((100, 0), (30, 1), (0, 2))]
    together = each.advance(states, 90, SamplingParameters(), lambda n: None)
    for state, x, samples, _ in zip(states, *together, strict=True):
        alone = piece(each, state, 90)
        alike(x, alone[0])
        alike(samples, alone[1])


def test_all_frames_are_told_of(each):
    told = []
    states = [begun(each), begun(each, seed=1)]
    each.advance(states, 90, SamplingParameters(), told.append)
    assert sum(told) == 180
    assert min(told) >= 0


def test_a_piece_leaves_its_state_as_it_was(each):
    state = begun(each)
    first, again = piece(each, state, 20)[0], piece(each, state, 20)[0]
    alike(first, again)


@pytest.mark.parametrize("n_heard", [0, 1, 2, 5])
@pytest.mark.parametrize("n_frames", [1, 2])
def test_little_is_heard_and_made(each, n_heard, n_frames):
    x, samples, _ = piece(each, begun(each, n_heard), n_frames)
    assert x.shape[0] == len(samples) == n_frames
    assert np.isfinite(x).all()


def test_samples_are_where_what_is_heard_is_from(each):
    """Between fades the waveform of a piece is that of the database there."""
    format, database = each.format, each.database
    state = replace(begun(each), match=begun(each, 0).match)
    frames, samples, _ = piece(each, state, 600)
    x, hop = waveform(frames, format), hop_of(format)
    # The middle of a frame is late by the overlap.
    late = samples_for(1, format) // 2 - (format.overlap if format else 0)
    n, found = max(hop // 4, 1), []
    for i, sample in enumerate(samples):
        at = i * hop + late
        if at < 0 or at + n > len(x):
            continue
        there = database.waveform[sample : sample + n] * np.float32(database.scale)
        found.append(np.allclose(x[at : at + n], there, atol=1e-4))
    assert len(found) > 500
    # Segments have five steps or more, of which fades take four: a fifth is as it was,
    # less the frames that reach into a fade.
    assert np.mean(found) > (0.15 if format else 0.999)


def test_samples_are_of_the_stretch_that_is_played(each):
    _, samples, _ = piece(each, begun(each), 2000)
    assert samples.min() >= 0
    assert samples.max() < len(each.database.waveform)
    # As many follow one another as segments are long.
    follows = np.diff(samples) == hop_of(each.format)
    assert follows.mean() > 0.75


def test_a_forecast_knows_nothing_of_what_follows(each):
    frames = frames_of(notes(40, each.format, 7), each.format)
    whole = each.predict(frames)
    assert whole.shape == frames.shape
    for n in (1, 2, len(frames) // 2):
        alike(each.predict(frames[:n]), whole[:n])


def test_a_forecast_is_a_frame_of_the_database(each):
    format, database = each.format, each.database
    frames = frames_of(notes(20, format, 7), format)
    # It begins as many samples after a unit as are known beyond whole steps; after the
    # first frame nothing is.
    hop = hop_of(format)
    played = database.waveform * np.float32(database.scale)
    played = played[-format.overlap % hop if format else 0 :]
    n_places = (len(played) - samples_for(1, format)) // hop
    places = cut_frames(played, n_places, format)
    for forecast in each.predict(frames)[2 :: max(1, len(frames) // 10)]:
        assert np.abs(places - forecast).max(axis=1).min() < 1e-3


def test_likelihood_is_of_each_step(each):
    x = notes(30, each.format, 7)
    found = each.log_likelihood(frames_of(x, each.format))
    assert found.shape == (30,)
    assert np.isfinite(found).all()
    assert not len(each.log_likelihood(frames_of(x, each.format)[:0]))


def test_a_new_style_is_gone_over_to(mono):
    other = frames_of(notes(300, seed=2), MONO)
    asked = mono.asked(Controls(style=other), 50)
    state = mono.change(begun(mono), asked)
    alike(state.target_style, begun(mono, asked=asked).target_style)
    assert np.isfinite(piece(mono, state, 50)[0]).all()
    with pytest.raises(ValueError, match="too few frames"):
        mono.asked(Controls(style=other[:1]), 50)


def test_a_brighter_seed_makes_a_brighter_piece(mono):
    x = notes(300)
    brighter = x + 4 * np.diff(x, axis=0, prepend=0)
    states = [
        mono.start(
            mono.prime(frames_of(each, MONO), SamplingParameters()),
            SamplingParameters(),
            np.random.RandomState(0),
        )
        for each in (x, brighter)
    ]
    assert states[1].match[-1] > states[0].match[-1] + 1
    plain = replace(states[0], match=states[1].match)
    bins = np.arange(129)
    found = [piece(mono, s, 400)[0] for s in (states[0], plain)]
    power = [np.square(f).reshape(-1, 2, 129).sum(axis=(0, 1)) for f in found]
    centroids = [(p * bins).sum() / p.sum() for p in power]
    assert centroids[1] > centroids[0]


def test_a_state_of_another_database_is_refused(mono):
    other = synthesis_of([notes(300, seed=seed) for seed in range(5)])
    with pytest.raises(ValueError, match="pass the music"):
        piece(other, begun(mono), 10)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("n_steps", [1, 2, 4, 12, 30])
@pytest.mark.parametrize("temperature", [0, 1])
def test_next_to_nothing_is_played_on_and_on(format, n_steps, temperature):
    format = FORMATS[format]
    made = synthesis_of([notes(n_steps, format), notes(1, format, 1)], format)
    sampling = SamplingParameters(temperature)
    frames, samples, _ = piece(made, begun(made, sampling=sampling), 150, sampling)
    assert np.isfinite(frames).all()
    assert (samples < len(made.database.waveform)).all()
    assert made.predict(frames).shape == frames.shape


def test_memory_grows_with_the_frames_and_not_with_their_square(mono):
    peaks = []
    for n in (500, 2000):
        tracemalloc.start()
        piece(mono, begun(mono), n)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 4.5 * peaks[0]
