from dataclasses import is_dataclass, replace

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from skmusic import FFTFeaturizer
from skmusic.features.levels import range_levels
from skmusic.features.tokenizer import fit_codebook
from skmusic.spectra.frames import Layout, find_layout
from skmusic.spectra.reframing import with_lapped
from skmusic.synthesis.concatenative.context import surroundings
from skmusic.synthesis.concatenative.database import build_bank, join_graph
from skmusic.synthesis.concatenative.storage import store_frames
from skmusic.synthesis.corpus import BESIDE, joined, read_corpus

SHORTEST, LONGEST = 15, 37


def noise(n_frames, n_dims, seed=0):
    x = np.random.default_rng(seed).standard_normal((n_frames, n_dims))
    return x.astype(np.float32)


def make_bank(sequences, layout=None, size=10**9, shortest=SHORTEST, longest=LONGEST):
    layout = layout or with_lapped(find_layout(sequences), sequences)
    rng = np.random.RandomState(0)
    corpus = read_corpus(sequences, layout, size)
    codebook = fit_codebook(corpus.energies, layout, None, 16, rng)
    features = [codebook.reduced(e) for e in corpus.energies]
    tokens = [codebook.tokens(f) for f in features]
    bank = build_bank(
        store_frames(corpus.frames, layout),
        range_levels(corpus.frames, layout),
        joined(corpus.pieces),
        features,
        tokens,
        codebook,
        shortest=shortest,
        longest=longest,
    )
    return bank, codebook, features


@pytest.fixture(scope="module")
def frames(songs):
    return FFTFeaturizer(N=512, sr=songs.sr).fit_transform(songs.recordings)


@pytest.fixture(scope="module")
def made(frames):
    return make_bank(frames)


# Frames


def test_the_bank_plays_the_recordings(made, frames):
    bank, codebook, _ = made
    m = codebook.layout.frames_per_step
    whole = np.concatenate([f[: len(f) // m * m] for f in frames])
    played = bank.frames[: len(whole)]
    assert played.shape == whole.shape
    assert np.square(played - whole).sum() < 3e-4 * np.square(whole).sum()


def test_the_bank_knows_where_its_steps_come_from(made):
    bank, codebook, features = made
    for i, t, x, token in zip(
        bank.recording, bank.position, bank.features, bank.tokens, strict=True
    ):
        np.testing.assert_allclose(x, features[i][t], atol=1e-3, rtol=1e-3)
        assert 0 <= token < len(codebook.centroids)
    assert (codebook.tokens(bank.features) == bank.tokens).mean() > 0.99


@pytest.mark.parametrize(
    "changes",
    [{"layout": Layout(1, 2, 514, 4)}, {"layout": Layout(2, 2, 257, 4, False)}],
)
def test_frames_of_another_layout_are_refused(made, changes):
    bank = made[0]
    bank.check()
    with pytest.raises(ValueError, match="layout"):
        replace(bank, frames=replace(bank.frames, **changes)).check()


def check_stretches(bank):
    """Up to its end, each stretch is of one recording and unbroken."""
    steps = np.arange(len(bank.ends))
    assert (bank.ends > steps).all()
    inside = steps[:-1][steps[1:] < bank.ends[:-1]]
    assert (bank.recording[inside + 1] == bank.recording[inside]).all()
    assert (bank.position[inside + 1] == bank.position[inside] + 1).all()
    assert (bank.ends[inside + 1] == bank.ends[inside]).all()


def test_stretches_are_unbroken(made, frames):
    check_stretches(made[0])
    assert len(np.unique(made[0].ends)) == len(frames)


def bytes_of(x):
    """Bytes of the arrays that an object is made of."""
    if isinstance(x, np.ndarray):
        return x.nbytes
    return sum(map(bytes_of, vars(x).values())) if is_dataclass(x) else 0


@pytest.fixture(scope="module")
def corpus():
    """Eight noises of 1500 steps of 400 numbers."""
    return [noise(1500, 400, seed) for seed in range(8)]


@pytest.mark.parametrize("share", [0.02, 0.3])
def test_a_small_bank_is_no_larger_and_spread_over_the_corpus(corpus, share):
    size = int(share * 8 * 1500 * (400 + 400 / 8 + BESIDE))
    bank, _, _ = make_bank(corpus, Layout(1, 1, 400, 1), size=size)
    assert size / 3 <= bytes_of(bank) <= size
    check_stretches(bank)
    if share == 0.3:
        assert len(set(bank.recording)) >= 3
        assert bank.recording.max() - bank.recording.min() >= 4


@pytest.mark.parametrize("n_dims", [1, 40])
def test_size_is_in_bytes_whatever_the_frame(n_dims):
    size = 1_000_000
    bank, _, _ = make_bank([noise(3000, n_dims)], Layout(1, 1, n_dims, 1), size=size)
    assert bytes_of(bank) <= size


def test_a_bank_has_a_step_at_least(corpus):
    bank, _, _ = make_bank(corpus[:1], Layout(1, 1, 400, 1), size=1)
    assert len(bank.tokens) >= 1


# Joins


def graph(n, n_numbers=5, apart=4, seed=0, closed=()):
    exits, entries = noise(n, n_numbers, seed), noise(n, n_numbers, seed + 1)
    enterable = np.ones(n, bool)
    enterable[list(closed)] = False
    targets, costs = join_graph(exits, entries, enterable, apart)
    d = cdist(exits, entries, "sqeuclidean")
    d[:, ~enterable] = np.inf
    ahead = np.arange(n) - np.arange(1, n + 1)[:, None]  # from where it would go on
    d[(ahead >= -apart) & (ahead < apart)] = np.inf
    return targets, costs, d


@pytest.mark.parametrize("n", [1, 2, 9, 40, 333])
@pytest.mark.parametrize("closed", [(), (0,), range(0, 333, 2)])
def test_joins_are_those_of_brute_force(n, closed):
    targets, costs, d = graph(n, closed=[i for i in closed if i < n])
    best = d.min(axis=1)
    np.testing.assert_allclose(costs[:, 0], best, rtol=1e-3, atol=1e-4)
    found = np.isfinite(costs)
    np.testing.assert_array_equal(targets >= 0, found)
    rows = np.nonzero(found)[0]
    np.testing.assert_allclose(
        costs[found], d[rows, targets[found]], rtol=1e-3, atol=1e-4
    )


def test_targets_ascend_in_cost_and_differ():
    targets, costs, _ = graph(333)
    with np.errstate(invalid="ignore"):
        assert not (np.diff(costs, axis=1) < 0).any()
    for row in targets:
        row = row[row >= 0]
        assert len(set(row)) == len(row)


@pytest.mark.parametrize("apart", [1, 4, 100])
def test_targets_are_apart(apart):
    targets, _, _ = graph(150, apart=apart)
    source = np.arange(150)[:, None]
    behind = np.abs(targets - source)[targets >= 0]
    assert behind.size
    assert behind.min() >= apart


def test_joins_of_the_bank(made):
    bank, _, _ = made
    source, known = np.arange(len(bank.targets))[:, None], bank.targets >= 0
    np.testing.assert_array_equal(np.isfinite(bank.costs), known)
    assert known.any()
    assert (bank.costs[known] >= 0).all()
    assert (np.diff(np.where(known, bank.costs, np.float32(1e9)), axis=1) >= 0).all()
    assert np.abs(bank.targets - source)[known].min() >= 2 * LONGEST
    # A run that begins there can be as long as any.
    target = bank.targets[known]
    assert (target + bank.longest <= bank.ends[target]).all()
    assert np.isfinite(bank.outlook).all()


def test_joins_sound_better_than_chance(made):
    bank, codebook, features = made
    before = np.concatenate([surroundings(f, codebook)[0][1:] for f in features])
    known = np.flatnonzero(bank.targets[:, 0] >= 0)

    def distance(targets):
        there = bank.heard_before(targets)
        return np.square(before[known] - there).sum(axis=1).mean()

    anywhere = np.random.default_rng(0).permutation(bank.targets[known, 0])
    assert distance(bank.targets[known, 0]) < 0.7 * distance(anywhere)


# Little to play


@pytest.mark.parametrize(
    "x",
    [
        noise(1, 1),
        noise(2, 1),
        noise(1, 6),
        noise(2, 6),
        noise(SHORTEST, 6),
        noise(LONGEST, 6),
        np.zeros((50, 6), np.float32),
        np.ones((50, 6), np.float32),
        np.zeros((1, 1), np.float32),
    ],
)
def test_next_to_nothing_to_play(x):
    bank, codebook, features = make_bank([x])
    np.testing.assert_allclose(bank.frames[:], x, atol=np.abs(x).max() / 100)
    assert np.isfinite(bank.outlook).all()
    assert np.isfinite(surroundings(features[0], codebook)[0]).all()
    assert np.isfinite(bank.moods).all()
    np.testing.assert_array_equal(np.isfinite(bank.costs), bank.targets >= 0)
