import numpy as np

from skmusic.synthesis.concatenative.database import drop


def test_dropped_targets_are_gone_and_the_others_ascend():
    targets = np.array([[4, 5, 6], [7, 8, 9]], np.int32)
    costs = np.array([[1, 2, 3], [1, 2, 3]], np.float32)
    kept, cost = drop(targets, costs, np.array([[1, 0, 0], [0, 1, 0]], bool))
    np.testing.assert_array_equal(kept, [[5, 6, -1], [7, 9, -1]])
    np.testing.assert_array_equal(cost, [[2, 3, np.inf], [1, 3, np.inf]])
