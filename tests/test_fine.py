import numpy as np
import pytest

from skmusic.fine import coarse_frames, fine_spectra, gathered, scattered
from skmusic.layout import Layout
from skmusic.spectra import analysis_window, stft

SR = 44100


@pytest.mark.parametrize(("N", "m"), [(2048, 1), (256, 8), (300, 7), (128, 16)])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_the_inverse_is_exact(N, m, n_channels):
    layout = Layout(n_channels, 2, N // 2 + 1, m)
    rng = np.random.default_rng(0)
    frames = rng.standard_normal((5 * m, 2 * n_channels * layout.n_bins))
    frames = frames.astype(np.float32)
    fine = fine_spectra(frames, layout)
    np.testing.assert_allclose(coarse_frames(fine, layout), frames, atol=1e-5)


@pytest.mark.parametrize("frequency", [440.0, 1234.0, 3000.0, 9000.0])
@pytest.mark.parametrize(("N", "m"), [(2048, 1), (256, 8), (512, 4), (300, 7)])
def test_a_tone_has_fine_bins_of_its_own_whatever_the_window(N, m, frequency):
    layout = Layout(1, 2, N // 2 + 1, m)
    t = np.arange(SR) / SR
    x = np.cos(2 * np.pi * frequency * t)[:, None]
    frames = stft(x, analysis_window("hann", N), N // 2).astype(np.float32)
    fine = fine_spectra(frames[: len(frames) // m * m], layout)[5:-5]
    power = gathered(np.square(np.abs(fine)).sum(axis=(0, 1)), layout)
    # Where frames are short the first fine bins are those below 0 Hz.
    at = round(frequency * N * m / SR) + (m if m > 1 else 0)
    assert power[at - 2 : at + 3].sum() > 0.85 * power.sum()


@pytest.mark.parametrize("m", [1, 4])
def test_what_is_gathered_is_where_it_is_scattered_to(m):
    layout = Layout(1, 2, 65, m)
    rng = np.random.default_rng(0)
    parts = rng.standard_normal((65, 2 * m if m > 1 else 1))
    fine = rng.standard_normal(len(gathered(parts, layout)))
    np.testing.assert_allclose(
        np.sum(gathered(parts, layout) * fine),
        np.sum(parts * scattered(fine, layout)),
    )
