"""Laws of the transform: it is linear, it can be undone, a bin is a frequency."""

import sys

import numpy as np
import pytest

from skmusic import spectra
from skmusic.spectra import (
    analysis_window,
    count_bins,
    count_frames,
    istft,
    istft_blocks,
    stft,
    stft_blocks,
)

# Largest error of stft and istft, relative to the largest sample.
PRECISION = {np.float64: 1e-12, np.float32: 1e-6}


def noise(n_samples, n_channels=1, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (n_samples, n_channels)).astype(dtype)


def assert_comes_back(x, window, N, hop, factor=1.0, redundant=False):
    w = analysis_window(window, N)
    frames = stft(x, w, hop, factor, redundant)
    n_dims = x.shape[1] * 2 * count_bins(N, redundant)
    assert frames.shape == (count_frames(len(x), N, hop), n_dims)
    y = istft(frames, w, hop, x.shape[1], factor, redundant)
    assert (frames.dtype, y.dtype, y.shape) == (x.dtype, x.dtype, x.shape)
    assert abs(y - x).max() <= PRECISION[x.dtype.type] * abs(x).max()


# --- the way back


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("N", [2, 6, 100, 882])
def test_every_length_comes_back(N, dtype):
    lengths = {1, 2, N // 2, N - 1, N, N + 1, 2 * N, 3 * N - 1, 5 * N + N // 3}
    for n_samples in sorted(lengths):
        assert_comes_back(noise(n_samples, 2, dtype), "hann", N, N // 2)


def test_every_length_comes_back_without_a_gap():
    for n_samples in range(1, 40):
        for hop in range(1, 9):
            assert_comes_back(noise(n_samples), "hamming", 8, hop)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("redundant", [False, True])
@pytest.mark.parametrize(
    ("window", "divisor"),
    [
        *[("hann", k) for k in (2, 3)],
        *[("boxcar", k) for k in (1, 3, 4)],
        ("hamming", 1),
        ("blackman", 2),
        (("kaiser", 5.0), 3),
        ("an array", 1),
    ],
)
def test_every_window_and_hop_comes_back(window, divisor, redundant, dtype):
    N = 250  # no multiple of 3 nor of 4
    if window == "an array":
        window = np.random.default_rng(1).uniform(0.3, 1, N)
    assert_comes_back(noise(1234, 2, dtype), window, N, N // divisor, 1.0, redundant)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_channels", [1, 2, 3])
@pytest.mark.parametrize("factor", [1e-6, -3.0])
def test_every_factor_and_number_of_channels_comes_back(n_channels, factor, dtype):
    x = noise(1000, n_channels, dtype)
    assert_comes_back(x, "hann", 256, 128, factor)
    assert_comes_back(x, "boxcar", 256, 256, factor, redundant=True)


def test_many_blocks_come_back(monkeypatch):
    x, w = noise(5000, 2), analysis_window("hann", 64)
    at_once = stft(x, w, 24)
    for module in ("skmusic.spectra.stft", "skmusic.spectra.istft"):
        monkeypatch.setattr(sys.modules[module], "BLOCK", 1000)
    np.testing.assert_allclose(stft(x, w, 24), at_once, rtol=0, atol=1e-13)
    assert_comes_back(x, "hann", 64, 24)


def test_silence_comes_back_silent():
    w = analysis_window("hann", 64)
    frames = stft(np.zeros((1001, 2)), w, 32)
    assert abs(frames).max() < 10 ** (-300 / 20)
    y = istft(frames, w, 32, 2)
    assert y.shape == (1001, 2)
    assert not y.any()


def test_the_inputs_stay_as_they_are():
    x, w = noise(500, 2), analysis_window("hann", 64)
    frames = stft(x, w, 32)
    before = x.copy(), frames.copy()
    x.flags.writeable = frames.flags.writeable = w.flags.writeable = False
    istft(stft(x, w, 32), w, 32, 2)
    istft(frames, w, 32, 2)
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(frames, before[1])


# --- block by block


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("redundant", [False, True])
@pytest.mark.parametrize(("N", "hop"), [(64, 20), (64, 64), (8, 1)])
def test_blocks_together_are_the_whole_to_the_bit(N, hop, redundant, dtype):
    w = analysis_window("hamming", N)
    made = noise(41, 2 * 2 * count_bins(N, redundant), dtype)
    of_a_recording = stft(noise(1001, 2, dtype), w, hop, 2.0, redundant)
    for frames in (made, of_a_recording):
        whole = istft(frames, w, hop, 2, 2.0, redundant)
        for size in (1, 2, 5, 16, len(frames)):
            blocks = [frames[i : i + size] for i in range(0, len(frames), size)]
            blocks.insert(1, frames[:0])
            parts = list(istft_blocks(blocks, w, hop, 2, 2.0, redundant))
            np.testing.assert_array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("redundant", [False, True])
@pytest.mark.parametrize(("N", "hop"), [(64, 20), (64, 64), (8, 1)])
@pytest.mark.parametrize("n_frames", [1, 64])
def test_frames_of_blocks_are_those_of_the_whole_to_the_bit(
    N, hop, redundant, dtype, n_frames
):
    w = analysis_window("hamming", N)
    for n_samples in (1, hop + 3, 1001, 2900):
        x = noise(n_samples, 2, dtype)
        whole = stft(x, w, hop, 2.0, redundant)
        for size in (1, 100, n_samples):
            blocks = [x[i : i + size] for i in range(0, n_samples, size)]
            if size == 1 and n_samples > 100:
                continue
            parts = list(stft_blocks(blocks, w, hop, 2.0, redundant, n_frames=n_frames))
            np.testing.assert_array_equal(np.concatenate(parts), whole)
            assert {len(part) for part in parts[:-1]} <= {n_frames}


# --- frames that stft did not make


@pytest.mark.parametrize(("N", "hop"), [(64, 32), (64, 20), (64, 64), (8, 1)])
def test_other_frames_have_the_full_length(N, hop):
    w = analysis_window("hamming", N)
    for n_frames in (0, 1, 2, 7, 30):
        frames = noise(n_frames, 2 * (N + 2), np.float32)
        y = istft(frames, w, hop, 2)
        assert y.shape == (max(0, n_frames * hop - (N - hop)), 2)
        assert y.dtype == np.float32


@pytest.mark.parametrize("last", [np.nan, np.inf, -1.0, 0.5, 1e30])
def test_no_number_in_the_padding_slot_can_break_the_length(last):
    w = analysis_window("hann", 64)
    frames = stft(noise(640), w, 32)
    frames[-1, 33] = last
    with np.errstate(invalid="ignore"):
        assert istft(frames, w, 32, 1).shape == (len(frames) * 32 - 32, 1)


# --- physics


def test_frames_are_the_fft_of_windowed_parts():
    N, hop, x = 64, 24, noise(500, 2)
    w = analysis_window("hann", N)
    frames = stft(x, w, hop, factor=0.5)
    starts = np.arange(len(frames)) * hop - (N - hop)
    inside = (starts >= 0) & (starts + N <= len(x))
    assert inside.sum() == (len(x) - N + hop - 8) // hop  # the first starts at 8
    for start, frame in zip(starts[inside], frames[inside], strict=True):
        for channel, packed in enumerate(frame.reshape(2, 2, -1)):
            part = x[start : start + N, channel]
            expected = 0.5 * np.fft.rfft(w * part)
            np.testing.assert_allclose(packed[0] + 1j * packed[1], expected, atol=1e-13)


def test_the_redundant_half_mirrors_the_other():
    N, x = 32, noise(320, 2)
    w = analysis_window("boxcar", N)
    half, full = stft(x, w, N), stft(x, w, N, redundant=True)
    half, full = half.reshape(-1, 2, 2, N // 2 + 1), full.reshape(-1, 2, 2, N)
    np.testing.assert_allclose(full[..., : N // 2 + 1], half, atol=1e-12)
    mirrored = half[..., 1 : N // 2][..., ::-1] * np.array([1, -1])[:, None]
    np.testing.assert_allclose(full[..., N // 2 + 1 :], mirrored, atol=1e-12)


def test_the_transform_is_linear():
    a, b = noise(1000, 2, seed=1), noise(1000, 2, seed=2)
    w = analysis_window("hann", 64)
    together = stft(2 * a - 3 * b, w, 32)
    apart = 2 * stft(a, w, 32) - 3 * stft(b, w, 32)
    np.testing.assert_allclose(together, apart, atol=1e-12)
    c, d = stft(a, w, 32)[:-1], stft(b, w, 32)[:-1]
    sum_of_both = istft(c, w, 32, 2) + istft(d, w, 32, 2)
    np.testing.assert_allclose(istft(c + d, w, 32, 2), sum_of_both, atol=1e-12)


@pytest.mark.parametrize(
    ("window", "hop", "gain"), [("hann", 128, 1), ("hann", 64, 2), ("boxcar", 256, 1)]
)
def test_energy_is_kept(window, hop, gain):
    N, x = 256, noise(4321)
    x[:N] = x[-N:] = 0  # what is beyond the edges does not count
    frames = stft(x, analysis_window(window, N), hop, redundant=True)
    assert np.square(frames).sum() / N == pytest.approx(gain * np.square(x).sum())


@pytest.mark.parametrize("k", [1, 7, 50, 127])
def test_a_tone_is_in_its_bin(k):
    N = 256
    x = np.sin(2 * np.pi * k / N * np.arange(10 * N))[:, None]
    power = np.square(stft(x, analysis_window("hann", N), N // 2)[2:-2])
    power = power.reshape(-1, 2, N // 2 + 1).sum(axis=1)
    assert (power.argmax(axis=1) == k).all()
    near = power[:, max(0, k - 1) : k + 2].sum(axis=1)
    assert (near > 0.99 * power.sum(axis=1)).all()


def test_a_delay_of_one_hop_is_a_delay_of_one_frame():
    x, w = noise(1000), analysis_window("hann", 64)
    delayed = stft(np.concatenate([np.zeros((32, 1)), x]), w, 32)
    np.testing.assert_allclose(delayed[2:-2], stft(x, w, 32)[1:-2], atol=1e-12)


def test_the_edges_are_no_clicks():
    frames = stft(np.ones((1001, 1)), analysis_window("hann", 64), 16)
    frames[-1, 33] = 0  # the count of padded samples
    np.testing.assert_allclose(frames, frames[[20]] + 0 * frames, atol=1e-12)


# --- windows


def test_both_windows_overlap_to_one():
    for window, N, hop in [("hann", 64, 32), ("blackman", 64, 20), ("boxcar", 9, 9)]:
        w = analysis_window(window, N)
        product = w * spectra.synthesis_window(w, hop)
        total = np.zeros(20 * hop + N)
        for i in range(20):
            total[i * hop : i * hop + N] += product
        np.testing.assert_allclose(total[N : 20 * hop], 1, rtol=1e-12)


def test_the_analysis_window_is_the_square_root():
    given = np.random.default_rng(0).uniform(0, 1, 16)
    np.testing.assert_allclose(analysis_window(given, 16) ** 2, given)
    np.testing.assert_allclose(analysis_window(list(given), 16) ** 2, given)
    expected = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(16) / 16)
    np.testing.assert_allclose(analysis_window("hann", 16) ** 2, expected, atol=1e-15)


@pytest.mark.parametrize(
    ("window", "complaint"),
    [
        ("hahn", r"window='hahn' is unknown .*use for example 'hann'"),
        (("kaiser",), r"window=\('kaiser',\) is unknown .*use for example 'hann'"),
        ("flattop", r"window='flattop' has negative values.*use for example 'hann'"),
        ([1.0, 1.0, -0.1, 1.0], r"-0\.1.* has negative values.*'boxcar'"),
        ([1.0, 1.0], r"needs 4 finite values \(N\), got shape \(2,\)"),
        (np.ones((4, 1)), r"needs 4 finite values \(N\), got shape \(4, 1\)"),
        ([1.0, np.nan, 1.0, np.inf], r"needs 4 finite values .* with 2 finite"),
    ],
)
def test_windows_of_no_use_are_refused(window, complaint):
    with pytest.raises(ValueError, match=complaint):
        analysis_window(window, 4)


@pytest.mark.parametrize(
    ("window", "N", "hop"),
    [
        ("hann", 64, 64),
        ("blackman", 64, 64),
        ("hann", 2, 2),
        ("boxcar", 64, 65),
        ("boxcar", 64, 1000),
        (np.zeros(64), 64, 32),
        (np.eye(64)[3], 64, 32),
    ],
)
def test_where_samples_vanish_there_is_no_way_back(window, N, hop):
    complaint = f"N={N} and hop_length={hop} .*no inverse; use a smaller hop_length"
    with pytest.raises(ValueError, match=complaint):
        spectra.synthesis_window(analysis_window(window, N), hop)
