import numpy as np
import pytest
from handmade import MONO, notes

from skmusic.features.onsets import N_RANGES
from skmusic.features.tokenizer import fit_tokenizer, step_bands
from skmusic.synthesis.concatenative.context import (
    ABOUT,
    beat_lag,
    contexts,
    style_scale,
    styles,
    styles_heard,
)


@pytest.fixture(scope="module")
def heard():
    """Tokenizer and features of a recording."""
    return of(notes(500), MONO.step)


def of(x, step):
    bands = step_bands(x, step)
    tokenizer = fit_tokenizer([bands], step, None, 16, np.random.RandomState(0))
    return tokenizer, tokenizer.reduced(bands)


@pytest.mark.parametrize("n", [1, 2, 500])
def test_contexts_are_of_every_boundary(heard, n):
    tokenizer, features = heard
    for x in contexts(features[:n], tokenizer):
        assert len(x) == n + 1
        assert np.isfinite(x).all()
    assert len(styles(features[:n], tokenizer)) == n + 1


@pytest.mark.parametrize("n", [1, 30, 100])
def test_what_precedes_does_not_know_what_follows(heard, n):
    tokenizer, features = heard
    whole, part = (contexts(f, tokenizer)[0] for f in (features, features[:n]))
    np.testing.assert_allclose(part, whole[: n + 1], atol=1e-4)
    whole, part = (styles_heard(f, tokenizer) for f in (features, features[:n]))
    np.testing.assert_allclose(part, whole[: n + 1], atol=1e-4)


@pytest.mark.parametrize("n", [1, 30, 100])
def test_what_follows_does_not_know_what_precedes(heard, n):
    tokenizer, features = heard
    whole, part = (contexts(f, tokenizer)[1] for f in (features, features[n:]))
    np.testing.assert_allclose(part, whole[n:], atol=1e-4)


def test_styles_of_a_part_are_those_of_the_whole_away_from_its_ends(heard):
    tokenizer, features = heard
    whole = styles(features, tokenizer)
    part = styles(features[50:450], tokenizer)
    # Its first step has no step before it to rise from.
    inside = slice(ABOUT + 1, 400 - ABOUT)
    np.testing.assert_allclose(part[inside], whole[50:][inside], atol=1e-3)


@pytest.mark.parametrize("lag", [-0.6, -0.25, 0, 0.25, 0.6])
def test_the_lag_of_a_beat_is_found(heard, lag):
    """Of strokes that come so much later after one boundary than after another."""
    tokenizer, features = heard
    befores = []
    for late in (0, lag):
        strokes = np.exp(-0.5 * (((np.arange(200) - late) % 20 - 10) / 1.5) ** 2)
        flux = np.repeat(strokes[:, None], N_RANGES, axis=1)
        befores.append(contexts(features[:200], tokenizer, flux)[0][150])
    assert beat_lag(*befores) == pytest.approx(lag, abs=0.1)
    assert beat_lag(*befores[::-1]) == pytest.approx(-lag, abs=0.1)


def test_where_nothing_begins_there_is_no_lag(heard):
    tokenizer, features = heard
    silent = contexts(features[:200], tokenizer, np.zeros((200, N_RANGES)))[0]
    assert beat_lag(silent[150], silent[151]) == 0


def test_styles_ten_seconds_apart_are_at_a_distance_of_one():
    x = np.cumsum(np.random.default_rng(0).standard_normal((5000, 10)), axis=0)
    scale = style_scale([x])
    far = np.square((x[430:] - x[:-430]) * scale)
    assert np.median(far[:, :-N_RANGES].sum(axis=1)) == pytest.approx(0.5, rel=1e-3)
    assert np.median(far[:, -N_RANGES:].sum(axis=1)) == pytest.approx(0.5, rel=1e-3)
    assert not style_scale([0 * x]).any()


def test_styles_of_short_recordings_are_told_apart():
    x = np.random.default_rng(0).standard_normal((6, 10))
    short = [np.repeat(row[None], 50, axis=0) for row in x]
    assert (style_scale(short) > 0).all()
