import numpy as np

from skmusic.graph import drop, repeats


def learned(n=300, seed=0):
    return np.random.default_rng(seed).standard_normal((n, 64)).astype(np.float32)


def test_repeats_of_the_same_music_are_found_and_only_these():
    x = np.concatenate([learned(), learned(), learned(seed=1)])
    ends = np.repeat([300, 600, 900], 300)
    source = np.arange(100, 200)
    targets = np.zeros((900, 3), np.int32)
    targets[source] = np.stack([source + 301, source + 601, source + 350], axis=1)
    found = repeats(x, ends, targets)[source]
    assert found[:, 0].all()
    assert not found[:, 1].any()
    assert not found[:, 2].any()


def test_level_and_timbre_do_not_hide_a_repeat():
    x = learned()
    x = np.concatenate([x, 0.5 * x + 3])
    targets = np.full((600, 1), 401, np.int32)
    assert repeats(x, np.repeat([300, 600], 300), targets)[100, 0]


def test_what_is_held_is_no_repeat():
    x = np.concatenate([learned(), np.ones((200, 64), np.float32)])
    targets = np.full((500, 1), 420, np.int32)
    assert not repeats(x, np.repeat([300, 500], [300, 200]), targets)[350, 0]


def test_dropped_targets_are_gone_and_the_others_ascend():
    targets = np.array([[4, 5, 6], [7, 8, 9]], np.int32)
    costs = np.array([[1, 2, 3], [1, 2, 3]], np.float32)
    kept, cost = drop(targets, costs, np.array([[1, 0, 0], [0, 1, 0]], bool))
    np.testing.assert_array_equal(kept, [[5, 6, -1], [7, 9, -1]])
    np.testing.assert_array_equal(cost, [[2, 3, np.inf], [1, 3, np.inf]])
