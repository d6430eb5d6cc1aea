"""Laws of the edge: frames are a waveform, and a waveform is frames."""

import numpy as np
import pytest

from skmusic import FFTFeaturizer
from skmusic.spectra import stft
from skmusic.spectra.frames import STEP_SECONDS, FrameFormat
from skmusic.spectra.reframing import (
    cut_frames,
    samples_for,
    step_seconds,
    steps_known,
    waveform,
    waveform_blocks,
)

FORMATS = [
    FrameFormat(2048, 1024),
    FrameFormat(256, 64, "hann", 22050, 2, 2 / 256),
    FrameFormat(256, 256, "boxcar", 44100, 1, -3.0),
    FrameFormat(882, 441, "hamming", 44100, 2, 1.0, True),
    FrameFormat(250, 83, ("kaiser", 5.0), 8000, 3, 1e-3, True),
    FrameFormat(64, 7, tuple(np.linspace(0.5, 1, 64).tolist()), 96000),
    FrameFormat(2, 1),
    FrameFormat(2, 2, "boxcar", 8000, 2),
]
each_format = pytest.mark.parametrize("format", FORMATS, ids=str)


def noise(n_samples, n_channels, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (n_samples, n_channels)).astype(np.float32)


def featurizer_of(format):
    window = format.window
    return FFTFeaturizer(
        N=format.N,
        hop_length=format.hop_length,
        window=window if isinstance(window, str) else format.weights() ** 2,
        factor=format.factor,
        redundant=format.both_halves,
        sr=format.sr,
    )


def sizes(format):
    # Fewer samples than channels would be taken for channel-first.
    least = 1 if format.n_channels < 3 else format.n_channels
    return least, format.N - 1, 3 * format.N + 1, 20 * format.N + format.hop_length // 2


@each_format
def test_frames_are_their_waveform(format):
    for n_samples in filter(None, sizes(format)):
        x = noise(n_samples, format.n_channels)
        (frames,) = featurizer_of(format).fit_transform([x])
        assert frames.shape[1] == frames.format.n_dims == format.n_dims
        made = waveform(frames, frames.format)
        assert (made.dtype, made.shape) == (np.float32, x.shape)
        np.testing.assert_allclose(made, x, atol=2e-6)
        for size in (1, 5, len(frames)):
            blocks = [frames[i : i + size] for i in range(0, len(frames), size)]
            parts = list(waveform_blocks([frames[:0], *blocks], frames.format))
            np.testing.assert_array_equal(np.concatenate(parts), made)


@each_format
def test_frames_that_are_cut_are_those_of_the_transform(format, monkeypatch):
    x, hop = noise(20 * format.N, format.n_channels), format.hop_length
    whole = stft(x, *format.stft_args())
    # The first whose window lies within the recording, and where that begins.
    first = -(-format.overlap // hop)
    inner = x[first * hop - format.overlap :]
    n = (len(inner) - format.N) // hop + 1
    assert samples_for(n, format) <= len(inner) < samples_for(n + 1, format)
    found = cut_frames(inner, n, format)
    assert found.dtype == np.float32
    atol = 1e-4 * abs(whole).max()
    np.testing.assert_allclose(found, whole[first : first + n], atol=atol)
    monkeypatch.setattr("skmusic.spectra.reframing.BLOCK", 3 * format.N)
    np.testing.assert_allclose(cut_frames(inner, n, format), found, atol=atol / 100)
    assert cut_frames(inner, 0, format).shape == (0, format.n_dims)


@each_format
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_frames_are_no_samples(format, dtype):
    x = waveform(np.zeros((0, format.n_dims), dtype), format)
    assert (x.shape, x.dtype) == ((0, format.n_channels), np.float32)
    assert list(waveform_blocks([], format)) == []


def test_plain_numbers_are_their_own_waveform():
    x = noise(9, 3).astype(np.float64)
    assert waveform(x, None).dtype == np.float32
    np.testing.assert_allclose(waveform(x, None), x)
    np.testing.assert_array_equal(np.concatenate([*waveform_blocks([x], None)]), x)
    np.testing.assert_array_equal(cut_frames(x, 4, None), x[:4])
    assert samples_for(4, None) == 4


@pytest.mark.parametrize(
    "format",
    [FrameFormat(256, 128), FrameFormat(64, 7, sr=8000), FrameFormat(4096, 4096), None],
)
def test_steps_are_known_when_all_their_samples_are(format):
    n = 300
    steps, samples = steps_known(n, 10**6, format)
    if format is None:
        np.testing.assert_array_equal(steps, np.arange(1, n + 1))
        assert not samples.any()
        return
    known = np.maximum(np.arange(1, n + 1) * format.hop_length - format.overlap, 0)
    np.testing.assert_array_equal(steps * format.step + samples, known)
    assert (samples < format.step).all()
    assert steps_known(n, 3, format)[0].max() == min(3, steps.max())


def test_a_step_lasts_about_as_long_of_all_formats():
    for format in (FrameFormat(256, 128), FrameFormat(128, 64, sr=8000), None):
        assert step_seconds(format) == pytest.approx(STEP_SECONDS, rel=0.2)
