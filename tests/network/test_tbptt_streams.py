import numpy as np
import pytest

from skmusic.network.tbptt import streams


def numbered(lengths):
    """Recordings whose every step is known by its number; targets are negative."""
    pairs, first = [], 1
    for n in lengths:
        at = np.arange(first, first + n)
        at = at[:, None].astype(np.float32)
        pairs.append((at, -at))
        first += n
    return pairs


LENGTHS = [
    ([5], 1, 8),
    ([8], 1, 8),
    ([9], 4, 8),
    ([100], 3, 8),
    ([1, 2, 3], 2, 4),
    ([40, 7, 64, 1, 33], 4, 8),
    ([40, 7, 64, 1, 33], 64, 8),
    ([40, 7, 64, 1, 33], 1, 5),
]


@pytest.mark.parametrize(("lengths", "n_streams", "chunk"), LENGTHS)
@pytest.mark.parametrize("seed", [None, 0, 1])
def test_every_step_stands_in_one_cell(lengths, n_streams, chunk, seed):
    rng = None if seed is None else np.random.default_rng(seed)
    seen = []
    for x, y, weight, _ in streams(numbered(lengths), n_streams, chunk, rng):
        assert x.shape == y.shape == (n_streams, chunk, 1)
        assert weight.shape == (n_streams, chunk)
        assert set(np.unique(weight)) <= {0, 1}
        np.testing.assert_array_equal(y[weight == 1], -x[weight == 1])
        seen.extend(x[..., 0][weight == 1])
    assert sorted(seen) == list(range(1, sum(lengths) + 1))


@pytest.mark.parametrize(("lengths", "n_streams", "chunk"), LENGTHS)
@pytest.mark.parametrize("seed", [None, 0, 1])
def test_state_is_kept_where_and_only_where_a_recording_goes_on(
    lengths, n_streams, chunk, seed
):
    rng = None if seed is None else np.random.default_rng(seed)
    starts = set(np.cumsum([1, *lengths[:-1]]))
    last = np.zeros(n_streams)
    for row, (x, _, weight, keep) in enumerate(
        streams(numbered(lengths), n_streams, chunk, rng)
    ):
        for stream in range(n_streams):
            steps = x[stream, weight[stream] == 1, 0]
            if not len(steps):
                continue
            assert (np.diff(steps) == 1).all()
            assert keep[stream] == (row > 0 and steps[0] not in starts)
            if keep[stream]:
                assert steps[0] == last[stream] + 1
            last[stream] = steps[-1]


def test_streams_are_cut_elsewhere_in_each_epoch():
    rng, sequences = np.random.default_rng(0), numbered([80, 90, 100])
    first, second = ([x for x, *_ in streams(sequences, 3, 8, rng)] for _ in range(2))
    assert not all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_streams_balance():
    counts = sum(w.sum(axis=1) for *_, w, _ in streams(numbered([800]), 4, 8))
    assert counts.max() - counts.min() <= 8


@pytest.mark.parametrize("first", [1, 3, 50])
def test_a_walk_can_begin_at_any_batch(first):
    def walk(first):
        rng = np.random.default_rng(0)
        return list(streams(numbered([40, 7, 64]), 4, 8, rng, first))

    whole, rest = walk(0)[first:], walk(first)
    assert len(whole) == len(rest)
    for a, b in zip(whole, rest, strict=True):
        for x, y in zip(a, b, strict=True):
            np.testing.assert_array_equal(x, y)
