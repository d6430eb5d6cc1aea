import numpy as np
import pytest

from skmusic.joins import holding, meeting, mix, turned
from skmusic.layout import Layout
from skmusic.spectra import analysis_window, stft

SR, N = 44100, 2048
LAYOUT = Layout(n_channels=1, n_parts=2, n_bins=N // 2 + 1, frames_per_step=1)


def tone(frequency, phase=0.0, n_frames=24):
    t = np.arange(n_frames * N // 2 - N // 2) / SR
    x = np.cos(2 * np.pi * frequency * t + phase)[:, None]
    return stft(x, analysis_window("hann", N), N // 2).astype(np.float32)


def power(frames):
    return np.square(frames).sum(axis=1)


@pytest.mark.parametrize("phase", [0.5, 2.0, np.pi, -1.5])
@pytest.mark.parametrize("frequency", [110.0, 440.0, 3000.0])
def test_partials_meet_in_phase(frequency, phase):
    old, new = tone(frequency)[8:16], tone(frequency, phase)[8:16]
    met = turned(new, meeting(old, new, LAYOUT), LAYOUT, first=-4)
    half = power(old[:4] + met[:4]) / (4 * power(old[:4]))
    np.testing.assert_allclose(half, 1, atol=0.02)


def test_what_goes_on_is_left_as_it_is():
    old = tone(440.0)[8:16]
    same = meeting(old, old, LAYOUT)
    np.testing.assert_allclose(turned(old, same, LAYOUT), old, atol=1e-4)


def test_the_run_returns_to_its_own_phases():
    rng = np.random.default_rng(0)
    old, new = rng.standard_normal((2, 8, 2 * LAYOUT.n_bins)).astype(np.float32)
    run = rng.standard_normal((200, 2 * LAYOUT.n_bins)).astype(np.float32)
    met = turned(run, meeting(old, new, LAYOUT), LAYOUT)
    assert np.abs(met[0] - run[0]).max() > 0.1
    np.testing.assert_array_equal(met[-180:], run[-180:])
    np.testing.assert_allclose(power(met), power(run), rtol=1e-4)


def test_a_run_is_turned_in_parts_as_in_one():
    rng = np.random.default_rng(1)
    old, new = rng.standard_normal((2, 8, 2 * LAYOUT.n_bins)).astype(np.float32)
    run = rng.standard_normal((20, 2 * LAYOUT.n_bins)).astype(np.float32)
    begins = meeting(old, new, LAYOUT)
    parts = [turned(run[:7], begins, LAYOUT), turned(run[7:], begins, LAYOUT, 7)]
    np.testing.assert_allclose(
        np.concatenate(parts), turned(run, begins, LAYOUT), rtol=1e-6
    )


def test_attacks_have_phases_of_their_own():
    rng = np.random.default_rng(3)
    old, new = rng.standard_normal((2, 8, 2 * LAYOUT.n_bins)).astype(np.float32)
    run = rng.standard_normal((10, 2 * LAYOUT.n_bins)).astype(np.float32)
    levels = np.full((10, 2), -40.0)
    levels[5:, 1] += 12  # something begins high up, and low down all goes on
    share = np.zeros((2, LAYOUT.n_bins), np.float32)
    share[0, :500] = share[1, 500:] = 1
    turn = meeting(old, new, LAYOUT)
    met = turned(run, turn, LAYOUT, held=holding(levels) @ share)
    whole = turned(run, turn, LAYOUT)
    high = np.tile(np.arange(LAYOUT.n_bins) >= 500, 2)
    np.testing.assert_array_equal(met[:5], whole[:5])
    np.testing.assert_array_equal(met[:, ~high], whole[:, ~high])
    np.testing.assert_array_equal(met[5:, high], run[5:, high])
    assert np.abs(whole[5:, high] - run[5:, high]).max() > 0.1


@pytest.mark.parametrize("steps", [[0, 3, 5, 9], [9, 5, 3, 0], [0, 7, 0, 0]])
def test_a_range_holds_until_it_rises(steps):
    held = holding(np.array(steps, np.float16)[:, None])[:, 0]
    assert held[0] == 1  # what is there when a run begins does not begin with it
    assert (np.diff(held) <= 0).all()
    assert held[-1] == (max(np.diff(steps)) < 6)


def test_channels_are_turned_alike():
    rng = np.random.default_rng(4)
    layout = Layout(n_channels=2, n_parts=2, n_bins=N // 2 + 1, frames_per_step=1)
    old, new, run = rng.standard_normal((3, 8, 4 * layout.n_bins)).astype(np.float32)

    def apart(frames):
        x = frames.reshape(-1, 2, 2, layout.n_bins)
        left, right = (x[:, c, 0] + 1j * x[:, c, 1] for c in (0, 1))
        return left * right.conj()

    met = turned(run, meeting(old, new, layout), layout)
    assert np.abs(met - run).max() > 0.1
    np.testing.assert_allclose(apart(met), apart(run), atol=1e-4)


def test_what_is_no_spectrum_is_not_turned():
    x = np.ones((8, 3), np.float32)
    plain = Layout(1, 1, 3, 1)
    assert meeting(x, x, plain) is None
    assert turned(x, None, plain) is x


def test_silence_meets_anything():
    still = np.zeros((8, 2 * LAYOUT.n_bins), np.float32)
    sound = tone(440.0)[8:16]
    for old, new in ((still, still), (still, sound), (sound, still)):
        assert np.isfinite(turned(new, meeting(old, new, LAYOUT), LAYOUT)).all()


def test_cross_fades_keep_the_power():
    rng = np.random.default_rng(2)
    old, new = rng.standard_normal((2, 16, 4000)).astype(np.float32)
    for sign in (1, -1):  # unrelated, and opposed by half
        mixed = mix(old, 0.7 * new + sign * 0.3 * old, np.linspace(0, 1, 16))
        assert (power(mixed) / power(old)).min() > 0.4
        assert (power(mixed) / power(old)).max() < 1.3
