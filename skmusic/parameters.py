"""What the parameters of StatefulLSTMGenerator, and of its methods, may be."""

import os
from numbers import Integral, Real

import numpy as np
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


def check_frame_seconds(frame_seconds):
    """Refuse what is no time from one frame to the next, nor None."""
    if frame_seconds is None:
        return
    _check_kind("frame_seconds", frame_seconds, Real, "number such as 0.023, nor None")
    if not 0 < frame_seconds < np.inf:
        raise ValueError(
            f"frame_seconds={frame_seconds} is no time from one frame to the next; "
            "pass FFTFeaturizer.frame_seconds, or None."
        )


def check_sampling(frames, temperature, top_k, top_p):
    """Refuse what nothing can be sampled with."""
    _check_kind("frames", frames, Integral, "whole number such as 1000")
    _check_kind("temperature", temperature, Real, "number such as 1.0")
    if top_k is not None:
        _check_kind("top_k", top_k, Integral, "whole number such as 10, nor None")
    if top_p is not None:
        _check_kind("top_p", top_p, Real, "number such as 0.9, nor None")
    if frames <= 0:
        raise ValueError(f"frames={frames} makes no music; ask for at least 1.")
    if not 0 <= temperature < np.inf:
        raise ValueError(
            f"temperature={temperature} is out of range; use 0 (no chance) to about 2."
        )
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k={top_k} allows no token; use 1 or more, or None.")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p={top_p} is no probability above 0; or use None.")


def _check_kind(name, value, kind, wanted):
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"{name}={value!r} is no {wanted}.")


def check_together(generator):
    """Refuse parameters that exclude each other."""
    if generator.min_run > generator.max_run:
        raise ValueError(
            f"min_run={generator.min_run} is beyond max_run={generator.max_run}; "
            "a run cannot be longer than the longest."
        )
    if generator.emission != "frames" and generator.output != "tokens":
        raise ValueError(
            f"emission={generator.emission!r} makes tokens sound, which output="
            f"{generator.output!r} does not have; use emission='frames' or "
            "output='tokens'."
        )
