import io

import numpy as np
import pytest
import soundfile as sf

from skmusic.audio.playback import faded, limited, write

SR = 8000


def blocks(peaks, n_samples=100, seed=0):
    """Noise of two channels with a peak for each block."""
    rng = np.random.default_rng(seed)
    for peak in peaks:
        x = rng.uniform(-1, 1, (n_samples, 2)).astype("f")
        yield x * np.float32(peak) / abs(x).max()


def written(x, **options):
    file = io.BytesIO()
    write(x, file, SR, **options)
    return file.getvalue()


# --- faded


@pytest.mark.parametrize("seconds", [0.05, 1, 30, 100])
def test_a_piece_begins_and_ends_in_silence_and_is_between_as_it_was(seconds):
    x = np.ones((int(seconds * SR), 2), "f")
    (y,) = faded([x], len(x), SR)
    n = int(min(0.05 * len(x), 2 * SR))
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y[80 : len(x) - n - 1], x[80 : len(x) - n - 1])
    assert y[0].max() < 0.01
    assert y[-1].max() < 0.01
    assert (np.diff(y[len(x) // 2 :], axis=0) <= 0).all()


@pytest.mark.parametrize("sizes", [[100] * 50, [1, 4998, 1], [2500, 2500]])
def test_blocks_are_faded_as_the_whole_is(sizes):
    (x,) = blocks([1], 5000)
    (whole,) = faded([x], 5000, SR)
    parts = np.split(x, np.cumsum(sizes)[:-1])
    np.testing.assert_array_equal(np.concatenate(list(faded(parts, 5000, SR))), whole)


def test_what_has_no_end_is_faded_in_only():
    x = np.ones((1000, 2), "f")
    y = np.concatenate(list(faded([x[:30], x[30:]], None, SR)))
    assert y[0].max() < 0.01
    assert (np.diff(y[:80], axis=0) > 0).all()
    np.testing.assert_array_equal(y[80:], x[80:])


# --- limited


def test_what_is_quiet_enough_stays_to_the_bit():
    x = list(blocks([0.1, 1.0, 0.5]))
    np.testing.assert_array_equal(np.concatenate(list(limited(x))), np.concatenate(x))


def test_nothing_is_too_loud_and_nothing_jumps():
    peaks = [0.5, 1.0, 3.0, 0.2, 2.0, 8.0, 1.0]
    x = list(blocks(peaks))
    y = list(limited(x))
    assert [len(block) for block in y] == [100] * len(peaks)
    x, y = np.concatenate(x), np.concatenate(y)
    assert abs(y).max() <= 1
    gain = (y / x)[:, 0]
    assert (np.diff(gain) <= 1e-6).all()  # never up again
    assert abs(np.diff(gain)).max() < 0.01
    np.testing.assert_allclose(y, gain[:, None] * x, atol=1e-6)


def test_one_block_is_held_back_and_no_more():
    taken = []

    def source():
        for x in blocks([1.0] * 5):
            taken.append(1)
            yield x

    stream = limited(source())
    next(stream)
    assert len(taken) == 2


def test_no_blocks():
    assert list(limited([])) == []
    assert written([]) == b""


# --- write


@pytest.mark.parametrize("n_samples", [300, None])
@pytest.mark.parametrize("sizes", [[300], [1, 99, 200], [100, 100, 100]])
def test_a_stream_is_what_a_file_would_be(sizes, n_samples):
    (x,) = blocks([1.0], 300)
    x[0] = 1.0, -1.0  # the ends of the scale
    whole = io.BytesIO()
    sf.write(whole, x, SR, subtype="PCM_16", format="WAV")
    made = written(np.split(x, np.cumsum(sizes)[:-1]), n_samples=n_samples)
    assert made[44:] == whole.getvalue()[44:]
    assert written([x], raw=True) == made[44:]
    if n_samples:
        assert made == whole.getvalue()


def test_endless_wavs_are_read_as_far_as_they_go():
    made = written(blocks([0.5, 0.5]))
    with sf.SoundFile(io.BytesIO(made)) as file:
        assert (file.samplerate, file.channels) == (SR, 2)
        x = file.read(200, dtype="float32")
    np.testing.assert_allclose(x, np.concatenate(list(blocks([0.5, 0.5]))), atol=1e-4)


def test_each_block_is_written_when_it_is_there():
    file, lengths = io.BytesIO(), []

    def source():
        for x in blocks([1.0] * 4):
            lengths.append(len(file.getvalue()))
            yield x

    write(source(), file, SR, raw=True)
    assert lengths == [0, 0, 400, 800]
