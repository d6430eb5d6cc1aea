import numpy as np
import pytest

from skmusic.features.levels import first_bins
from skmusic.spectra import analysis_window, stft
from skmusic.spectra.frames import Layout
from skmusic.synthesis.concatenative.phase_alignment import holding, meeting, turned

SR, N = 44100, 2048
LAYOUT = Layout(n_channels=1, n_parts=2, n_bins=N // 2 + 1, frames_per_step=1)
FOR_LONG = np.float32(1000)  # a range that goes over so late has all of its turn


def tone(frequency, phase=0.0, n_steps=24):
    t = np.arange((n_steps - 1) * N // 2) / SR
    x = np.cos(2 * np.pi * frequency * t + phase)[:, None]
    return stft(x, analysis_window("hann", N), N // 2).astype(np.float32)


def power(frames):
    return np.square(frames).sum(axis=1)


@pytest.mark.parametrize("phase", [0.5, 2.0, np.pi, -1.5])
@pytest.mark.parametrize("frequency", [110.0, 440.0, 3000.0])
def test_partials_meet_in_phase(frequency, phase):
    old, new = tone(frequency)[8:16], tone(frequency, phase)[8:16]
    met = turned(new, meeting(old, new, LAYOUT), LAYOUT, first=-4)
    about = slice(2, 4)
    half = power(old[about] + met[about]) / (4 * power(old[about]))
    np.testing.assert_allclose(half, 1, atol=0.03)


def test_a_chord_goes_on_where_the_next_run_has_another():
    low, high = (tone(f)[8:16] for f in (440.0, 554.0))
    old, new = low + 0.1 * high, 0.1 * low + high

    def share_of_low(x):
        part = [np.square(np.vdot(x, y) / np.vdot(y, y)) for y in (low, high)]
        return part[0] / sum(part)

    met = turned(new, meeting(old, new, LAYOUT), LAYOUT, late=FOR_LONG)
    assert share_of_low(new) < 0.02
    assert share_of_low(met) > 0.3


def test_ranges_of_pitch_are_as_loud_as_they_were():
    rng = np.random.default_rng(2)
    old, new = rng.standard_normal((2, 16, 2 * LAYOUT.n_bins)).astype(np.float32)
    new *= np.tile(rng.uniform(0, 2, LAYOUT.n_bins), 2).astype(np.float32)
    met = turned(new, meeting(old, new, LAYOUT), LAYOUT, late=FOR_LONG)
    energies = (np.square(x).reshape(-1, LAYOUT.n_bins).sum(axis=0) for x in (met, new))
    met, wanted = (np.add.reduceat(x, first_bins(LAYOUT)) for x in energies)
    np.testing.assert_allclose(met, wanted, rtol=1e-3)


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
    np.testing.assert_array_equal(met[-170:], run[-170:])


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
        return left / right

    met = turned(run, meeting(old, new, layout), layout)
    assert np.abs(met - run).max() > 0.1
    np.testing.assert_allclose(apart(met), apart(run), rtol=1e-4)


@pytest.mark.parametrize("layout", [Layout(1, 1, 3, 1), Layout(1, 2, 129, 8)])
def test_what_tells_no_partials_apart_is_not_turned(layout):
    x = np.ones((8, 3), np.float32)
    assert meeting(x, x, layout) is None
    assert turned(x, None, layout) is x


def test_silence_meets_anything():
    still = np.zeros((8, 2 * LAYOUT.n_bins), np.float32)
    sound = tone(440.0)[8:16]
    for old, new in ((still, still), (still, sound), (sound, still)):
        assert np.isfinite(turned(new, meeting(old, new, LAYOUT), LAYOUT)).all()


def test_what_a_range_did_before_it_is_heard_is_no_attack():
    levels = np.array([0, 9, 9, 18, 18], np.float16)[:, None]
    begun = np.arange(5)[:, None] >= 2
    np.testing.assert_array_equal(holding(levels)[:, 0], [1, 0, 0, 0, 0])
    np.testing.assert_array_equal(holding(levels, begun)[:, 0], [1, 1, 1, 0, 0])


def test_a_range_that_goes_over_late_is_turned_as_much_as_one_that_is_on_time():
    rng = np.random.default_rng(5)
    old, new, run = rng.standard_normal((3, 20, 2 * LAYOUT.n_bins)).astype(np.float32)
    turn = meeting(old, new, LAYOUT)
    late = np.zeros(LAYOUT.n_bins, np.float32)
    late[500:] = 3
    met = turned(run, turn, LAYOUT, late=late)
    same = turned(run, turn, LAYOUT), turned(run, turn, LAYOUT, first=-3)
    high = np.tile(np.arange(LAYOUT.n_bins) >= 500, 2)
    np.testing.assert_array_equal(met[:, ~high], same[0][:, ~high])
    np.testing.assert_allclose(met[:, high], same[1][:, high], atol=1e-6)


def test_only_what_counts_is_made_to_meet():
    old, new, other = tone(440.0)[8:16], tone(440.0, 2.0)[8:16], tone(440.0)[9:17]
    mixed = np.concatenate([new[:4], other[4:]])
    weight = np.zeros((8, LAYOUT.n_bins), np.float32)
    weight[:4] = 1
    np.testing.assert_allclose(
        meeting(old, mixed, LAYOUT, weight).imag, meeting(old[:4], new[:4], LAYOUT).imag
    )
