"""Laws of recordings as passes of training hear them."""

from types import SimpleNamespace

import numpy as np
import pytest

from skmusic.features.constantq import band_middles
from skmusic.features.patches import fit_patches
from skmusic.features.style import styles
from skmusic.features.transposition import transposed
from skmusic.synthesis.neural.conditions import NOTHING, Conditions, places
from skmusic.synthesis.neural.context import inputs_of, n_inputs
from skmusic.synthesis.neural.variation import dulled, loosened, variation

# All that is asked of a vocoder here; levels of bands, and two numbers more.
MIDDLES = band_middles(17)
VOCODER = SimpleNamespace(middles=MIDDLES)
N_NUMBERS = len(MIDDLES) + 2


def numbers(n_steps, seed=0, n_numbers=N_NUMBERS):
    x = np.random.default_rng(seed).standard_normal((n_steps, n_numbers))
    return x.astype(np.float32)


def code_of(n_steps=4, n_numbers=N_NUMBERS):
    """Code in which nothing is lost."""
    x, n_codes = numbers(900, 9, n_numbers), n_steps * n_numbers
    return fit_patches([x], n_steps, n_codes, np.random.RandomState(0))


def at_lag(lag, n_steps):
    """Matches that are always so many steps before."""
    return np.tile(np.float32([lag, 0.5]), (n_steps, 1))


def versions(recordings, lags, code, vocoder=VOCODER):
    """Versions of recordings: of each what is heard, and the codes that follow."""
    told = [NOTHING._replace(beat=np.zeros(len(x))) for x in recordings]
    matches = [at_lag(n, len(x)) for n, x in zip(lags, recordings, strict=True)]
    version = variation(recordings, matches, told, code, vocoder)

    def heard_and_codes(seed):
        rng = None if seed is None else np.random.default_rng(seed)
        found = version(rng)
        assert len(found) == len(recordings)
        for heard, codes in found:
            assert heard.dtype == codes.dtype == np.float32
            assert heard.shape == (len(codes), n_inputs(code))
            assert codes.shape[1] == code.n_codes
        return found

    return heard_and_codes


def test_versions_are_sequences_of_training():
    code = code_of()
    x = [numbers(240), numbers(250, 1)]
    version, seen = versions(x, [150, 40], code), set()
    for seed in range(12):
        np.testing.assert_equal(version(seed), version(seed))
        for heard, codes in version(seed):
            # The last patch is heard first, duller than it was, none of those to come.
            assert not heard[0, : code.n_codes].any()
            last, was = heard[1:, : code.n_codes], codes[:-1]
            alike = [
                np.corrcoef(each.ravel(), was.ravel())[0, 1]
                for each in (last, codes[1:])
            ]
            assert alike[0] > 0.5 > 0.3 > alike[1]
            assert np.square(last).mean() < np.square(was).mean()
            seen.add(codes.tobytes())
        # Up to a fifth or so faster or slower.
        assert 60 * np.exp(-0.2) - 2 < len(version(seed)[0][1]) < 60 * np.exp(0.2) + 1
    assert len(seen) > 12  # of the keys and places there are


def test_without_chance_a_recording_is_heard_as_it_is():
    code, x = code_of(), [numbers(402), numbers(90)]
    found = versions(x, [150, 20], code)(None)
    assert len(found) == 2
    for each, (heard, codes), lag in zip(x, found, (150, 20), strict=True):
        told = NOTHING._replace(style=styles(codes, code.n_steps))
        wanted = inputs_of(each, at_lag(lag, len(each)), told, code)
        np.testing.assert_array_equal(heard, wanted[0])
        np.testing.assert_array_equal(codes, wanted[1])


def test_only_levels_are_transposed():
    x, n = numbers(30), len(MIDDLES)
    # To no band from itself: the levels are others, but all are levels of that step.
    moved = transposed(x, np.maximum(np.arange(n) - 2, 0))
    np.testing.assert_array_equal(moved[:, n:], x[:, n:])
    np.testing.assert_array_equal(moved[:, 2:n], x[:, : n - 2])
    np.testing.assert_array_equal(moved[:, :2], x[:, [0, 0]])


def test_attacks_stay_sharp():
    """What a version hears are numbers of the recording, none between them."""
    code, x = code_of(), np.sign(numbers(400))
    version = versions([x], [150], code)
    for seed in range(9):
        ((_, codes),) = version(seed)
        np.testing.assert_allclose(np.abs(code.decode(codes)), 1, atol=1e-3)


def test_what_followed_a_match_is_heard_in_most_passes():
    # The last number counts the steps, so that what was heard says when it was.
    code, n_steps, lag, n_found = code_of(), 800, 100, 0
    x = numbers(n_steps)
    x[:, -1] = np.arange(n_steps)
    version = versions([x], [lag], code)
    for seed in range(20):
        ((heard, codes),) = version(seed)
        when = code.decode(codes)[:, -1].astype(float)
        known = heard[:, 3 * code.n_codes] > 0
        if not known.any():
            continue
        n_found += 1
        rate = np.ptp(when) / (len(when) - 1)
        assert 0.8 < rate < 1.25
        assert 4 * known.argmax() == pytest.approx(lag / rate, abs=4)
        for k in range(2):
            part = slice((k + 1) * code.n_codes, (k + 2) * code.n_codes)
            ago = code.decode(heard[known, part])[:, -1]
            behind = when.reshape(-1, 4)[known].ravel() - ago
            # But where steps were left out or came twice.
            np.testing.assert_allclose(behind[1:], lag - 4 * k * rate, atol=2.5)
    assert 10 < n_found < 20


def test_plain_numbers_have_no_key():
    code, x = code_of(1, 3), numbers(120, n_numbers=3)
    version, known = versions([x], [30], code, None), set()
    told = [inputs_of(x, share * at_lag(30, 120), NOTHING, code)[0] for share in (0, 1)]
    for seed in range(20):
        ((heard, codes),) = version(seed)
        np.testing.assert_allclose(codes, code.encode(x), atol=1e-4)
        (k,) = (k for k in range(2) if np.array_equal(heard, told[k]))
        known.add(k)
    assert known == {0, 1}  # some passes are heard without


@pytest.mark.parametrize("n_steps", [1, 2, 3, 4])
@pytest.mark.parametrize("n_patches", [1, 2])
def test_of_a_patch_something_is_always_left(n_steps, n_patches):
    code = code_of(n_steps)
    version = versions([numbers(n_steps * n_patches)], [0], code)
    for seed in [None, *range(30)]:
        ((heard, codes),) = version(seed)
        assert len(codes) >= 1
        assert np.isfinite(heard).all()


def test_dulled_steps_are_between_themselves_and_their_neighbours_mean():
    x = numbers(900)
    found = dulled(x, np.random.default_rng(0))
    assert found.dtype == np.float32
    assert found.shape == x.shape
    mean = (x[:-2] + x[2:]) / 2
    share = (found - x)[1:-1] / (mean - x[1:-1])
    # Of one step the same of all numbers, now little and now much, up to two thirds.
    np.testing.assert_allclose(
        share, np.median(share, axis=1)[:, None] + 0 * share, atol=0.01
    )
    assert share.min() > -0.01
    assert 0.5 < share.max() < 0.68
    line = np.arange(40.0)[:, None]
    np.testing.assert_allclose(dulled(line, np.random.default_rng(0))[1:-1], line[1:-1])


def test_what_is_told_is_loosened_but_not_where_in_the_beat_it_is():
    told = Conditions(
        np.arange(90) / 21,
        0.4,
        np.tile([0.0, 0.5, 1.0], (90, 1)),
        places(90),
        np.tile([-3.0, 3.0], (22, 1)),
    )
    found = [loosened(told, np.random.default_rng(k)) for k in range(300)]
    begins = {round(each.beat[0]) for each in found}
    assert begins == {0, 1, 2, 3}
    for each in found:
        np.testing.assert_allclose(each.beat - each.beat[0], told.beat, atol=1e-9)
        assert each.strength in (0, 0.4)
        if each.activity is not None:
            assert each.activity.min() >= 0
            assert each.activity.max() <= 1
            assert (np.ptp(each.activity, axis=0) == 0).all()
        if each.style is not None:
            np.testing.assert_allclose(np.ptp(each.style, axis=0), 0, atol=1e-9)
        if each.place is not None:
            np.testing.assert_array_equal(each.place, told.place)
    # A fifth, within four deviations.
    left_out = [
        [not f.strength, f.activity is None, f.style is None, f.place is None]
        for f in found
    ]
    off = np.abs(np.mean(left_out, axis=0) - 0.2)
    assert (off < 4 * np.sqrt(0.16 / len(found))).all()
    # One of them is no sign of another.
    assert np.abs(np.corrcoef(left_out, rowvar=False) - np.eye(4)).max() < 0.3
    assert np.std([f.activity[0, 1] for f in found if f.activity is not None]) > 0.05
    assert np.std([f.style[0, 1] for f in found if f.style is not None]) > 0.1
