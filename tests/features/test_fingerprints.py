import numpy as np
import pytest

from skmusic.features.fingerprints import UNIT, fingerprints, whitened
from skmusic.features.tokenizer import fit_tokenizer


@pytest.fixture(scope="module")
def found(learned):
    tokenizer, features = learned
    return np.concatenate([fingerprints(f, tokenizer) for f in features])


def passages(prints, size=12):
    """Fingerprints of passages, one row each, without their first steps."""
    n = len(prints) // size
    return prints[: n * size].reshape(n, -1).astype(np.int64)


def test_a_passage_matches_itself_best(found):
    x = passages(whitened(found))
    products = x @ x.T
    own = np.diag(products).copy()
    np.fill_diagonal(products, 0)
    assert (products.max(axis=1) < own).all()
    # And most others far less.
    assert (np.median(products, axis=1) < 0.2 * own).all()


def test_products_are_of_whole_numbers_and_bounded(found):
    prints = whitened(found)
    assert prints.dtype == np.int8
    assert len(prints) == len(found)
    power = np.square(prints, dtype=int).sum(axis=1)
    # Rounded, of 48 numbers.
    assert power.max() <= (UNIT + np.sqrt(48) / 2) ** 2


def test_loudness_and_envelope_do_not_count(learned, songs):
    tokenizer, (features, *_) = learned
    louder = tokenizer.features(0.5 * songs.recordings[0])
    x, y = (fingerprints(f, tokenizer).ravel() for f in (features, louder))
    assert x @ y > 0.95 * np.linalg.norm(x) * np.linalg.norm(y)


def test_what_is_held_has_not_changed(learned):
    tokenizer, (features, *_) = learned
    held = fingerprints(np.repeat(features[50:51], 30, axis=0), tokenizer)
    assert held[:, 0].any()
    np.testing.assert_allclose(held[:, 1], 0, atol=1e-3)


@pytest.mark.parametrize("n", [1, 4, 5, 6])
def test_few_steps_and_plain_numbers(learned, n):
    tokenizer, (features, *_) = learned
    assert whitened(fingerprints(features[:n], tokenizer)).shape == (n, 48)
    x = np.random.default_rng(0).standard_normal((n, 6)).astype(np.float32)
    plain = fit_tokenizer([x], 0, 1, 1, np.random.RandomState(0))
    found = fingerprints(plain.features(x), plain)
    assert found.shape == (n, 2, 0)
    assert whitened(found).shape == (n, 0)
