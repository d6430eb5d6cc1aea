"""What the parameters of StatefulLSTMGenerator may be, in scikit-learn's terms."""

import os
from numbers import Integral, Real

from sklearn.utils._param_validation import Interval, StrOptions


def _at_least(kind, low, closed="left"):
    return Interval(kind, low, None, closed=closed)


GENERATOR_CONSTRAINTS = {
    "output": [StrOptions({"tokens", "regression"})],
    "emission": [StrOptions({"frames", "spectra"})],
    "n_tokens": [_at_least(Integral, 1), None],
    "hidden_layer_sizes": ["array-like", None],
    "dropout": [Interval(Real, 0, 1, closed="left"), "array-like", None],
    "epochs": [_at_least(Integral, 1)],
    "learning_rate": [_at_least(Real, 0, "neither")],
    "n_streams": [_at_least(Integral, 1)],
    "chunk_length": [_at_least(Integral, 1)],
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "n_iter_no_change": [_at_least(Integral, 1)],
    "min_run": [_at_least(Real, 0, "neither")],
    "max_run": [_at_least(Real, 0, "neither")],
    "bank_size": [_at_least(Integral, 1)],
    "n_channels": [_at_least(Integral, 1), None],
    "frames_per_step": [_at_least(Integral, 1), None],
    "warm_start": ["boolean"],
    "checkpoint_dir": [str, os.PathLike, None],
    "callbacks": [list, tuple, None],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}
