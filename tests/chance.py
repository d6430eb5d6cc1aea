"""Networks of chance, where to train one says nothing and takes seconds."""

from contextlib import contextmanager

import numpy as np
import pytest

from skmusic.network import numpy_flow, numpy_lstm
from skmusic.network.training import Trained


def network_of_chance(n_inputs, n_outputs, n_units=8, seed=0):
    """LSTM of one layer and flow, whose draws are no wilder than what is learned."""
    rng, n = np.random.default_rng(seed), n_units
    both = n + 2 * n_outputs
    shapes = [(n_inputs, 4 * n), (n, 4 * n), (4 * n,)]
    shapes += [(n, both), (both,), (n_inputs, both)]
    shapes += [(n_outputs, n), (32, 5), (5,)]
    for _ in range(numpy_flow.N_BLOCKS):
        shapes += [(n, 3 * n), (5, 3 * n), (3 * n,), (n, n), (n,), (n, n), (n,)]
    shapes += [(n, n_outputs), (n_outputs,)]
    arrays = [rng.standard_normal(s) / np.sqrt(4 * s[0]) for s in shapes]
    arrays = [x.astype(np.float32) for x in arrays]
    return numpy_lstm.from_arrays(arrays, numpy_flow.N_ARRAYS)


@contextmanager
def untrained():
    """Within the block the neural synthesis learns all but the network."""

    def train(sequences, n_outputs, loss, training, rng, past, **options):
        n_inputs = sequences[0][0].shape[1]
        network = network_of_chance(n_inputs, n_outputs, seed=rng.randint(2**31))
        return Trained(network, [{"epoch": 1, "loss": 0.0}], {})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skmusic.synthesis.neural.synthesis.train", train)
        yield
