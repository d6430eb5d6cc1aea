"""Laws of beats and of activity."""

import numpy as np
import pytest

from skmusic.features.activity import activity, quantiles_of, ranked
from skmusic.features.beats import LEAST, track_beats


def clicks(period, n=1300, noise=0.0, first=7, seed=0):
    """Levels that rise at once at each beat and fall again; steps of the beats."""
    rng = np.random.default_rng(seed)
    beats = np.arange(first, n, period)
    levels = np.zeros((n, 6))
    for k, at in enumerate(np.rint(beats).astype(int)):
        decay = np.exp(-np.arange(n - at) / 5)[:, None]
        levels[at:] = np.maximum(levels[at:], (8 + 2 * (k % 2)) * decay)
    return levels + noise * rng.standard_normal(levels.shape), beats


@pytest.mark.parametrize("period", [17.0, 21.53, 26.7, 33.3])
@pytest.mark.parametrize("noise", [0, 0.5])
def test_beats_are_where_things_begin(period, noise):
    levels, beats = clicks(period, noise=noise)
    beat, strength = track_beats(levels)
    inner = np.rint(beats[(beats > 50) & (beats < 1250)]).astype(int)
    apart = np.abs(beat[inner] - np.rint(beat[inner]))
    assert (apart * period).max() <= 1.5
    np.testing.assert_allclose(np.diff(beat[inner]), 1, atol=3 / period)
    assert strength > 0.2


def test_how_loud_and_from_where_on_does_not_matter():
    levels, _ = clicks(21.5, noise=0.3)
    beat, strength = track_beats(levels)
    for other in (5 * levels, levels - 40):
        again = track_beats(other)
        np.testing.assert_allclose(again[0], beat)
        assert again[1] == pytest.approx(strength)
    later, _ = track_beats(levels[200:])
    apart = later - beat[200:]
    np.testing.assert_allclose(apart[50:], np.rint(apart[50]), atol=0.1)


@pytest.mark.parametrize("n", [0, 1, LEAST - 1, LEAST, 400])
def test_beats_never_go_back(n):
    levels = np.random.default_rng(n).standard_normal((n, 3))
    beat, strength = track_beats(levels)
    assert beat.shape == (n,)
    assert (np.diff(beat) >= 0).all()
    assert 0 <= strength <= 1
    assert (strength == 0) or n >= LEAST


@pytest.mark.parametrize("n", [0, 5, 800])
def test_where_nothing_begins_there_is_no_beat(n):
    beat, strength = track_beats(np.full((n, 4), -30.0))
    assert np.isfinite(beat).all()
    assert strength == 0


def test_activity_tells_loud_sharp_and_even_apart():
    levels, beats = clicks(21.5)
    beat, _ = track_beats(levels)
    usual = activity(levels, beat)
    assert usual.shape == (1300, 3)
    louder = activity(levels + 3, beat) - usual
    np.testing.assert_allclose(louder, np.broadcast_to([3, 0, 0], (1300, 3)), atol=1e-9)
    sharper = activity(2 * levels, beat)
    np.testing.assert_allclose(sharper[:, 1] - usual[:, 1], np.log(2), atol=0.05)
    np.testing.assert_allclose(sharper[:, 2], usual[:, 2], rtol=0.1)
    # The same attacks, anywhere.
    uneven, _ = clicks(21.5)
    at = np.sort(np.random.default_rng(0).choice(1300, len(beats), replace=False))
    uneven = np.concatenate(
        [
            levels[7:28][: max(b - a, 0)]
            for a, b in zip(at, [*at[1:], 1300], strict=True)
        ]
    )
    other = activity(uneven, beat[: len(uneven)])
    assert np.median(other[:, 2]) < 0.6 * np.median(usual[:, 2])


def test_ranks_are_shares_of_what_the_quantiles_are_of():
    rng = np.random.default_rng(0)
    found = [rng.gamma(2, size=(700, 3)), 3 * rng.standard_normal((300, 3))]
    quantiles = quantiles_of(found)
    ranks = ranked(np.concatenate(found), quantiles)
    assert ranks.min() == 0
    assert ranks.max() == pytest.approx(1)
    # Uniform: so many are below each rank.
    for share in (0.1, 0.5, 0.9):
        np.testing.assert_allclose((ranks < share).mean(axis=0), share, atol=0.03)
    np.testing.assert_array_equal(ranked(np.full((1, 3), 99.0), quantiles), 1)
    # Where all is alike, too, a rank is a number.
    alike = ranked(np.ones((4, 3)), quantiles_of([np.ones((9, 3))]))
    assert ((alike >= 0) & (alike <= 1)).all()
