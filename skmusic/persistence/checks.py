"""Refuse contents of files that later steps could not work with.

What is learned comes from `fit` and is sound; what is read from a file may be
anything. Fields are checked as they are declared, see `skmusic.utils.fields`; here
stands what must hold between them.
"""

from dataclasses import fields
from numbers import Integral, Real

import numpy as np

from skmusic.network.numpy_flow import N_ARRAYS, N_TIMES
from skmusic.network.numpy_flow import to_arrays as flow_arrays
from skmusic.network.numpy_lstm import to_arrays
from skmusic.network.training import past_of
from skmusic.spectra.windows import synthesis_window
from skmusic.synthesis.neural.context import n_inputs
from skmusic.synthesis.neural.synthesis import Neural
from skmusic.synthesis.regression import Regression
from skmusic.utils.fields import LARGEST
from skmusic.utils.limits import (
    MOST_CHANNELS,
    MOST_RATE,
    MOST_STEP,
    MOST_WINDOW,
)

# Windows with numbers that take no time and memory beyond their length, whatever the
# numbers.
_PLAIN_WINDOWS = ("gaussian", "general_gaussian", "general_hamming", "kaiser", "tukey")


def check_array(name, x, shape, kind="f", low=-LARGEST, high=LARGEST):
    """Refuse what is not an array of such a shape, kind and range.

    None in `shape` leaves the length of an axis open. Kinds are ``"f"``, floats, and
    ``"i"``, integers that fit into 64 bits with a sign. NaN is never in range.
    """
    kinds = {"f": "f", "i": "iu"}[kind]
    known = isinstance(x, np.ndarray) and x.dtype.kind in kinds
    # Unsigned integers of 64 bits cannot be indices.
    if not known or (kind == "i" and not np.can_cast(x.dtype, np.int64)):
        raise ValueError(f"{name} is {_of_type(x)}, not an array of kind {kind!r}.")
    if x.ndim != len(shape) or any(
        n not in (None, m) for n, m in zip(shape, x.shape, strict=True)
    ):
        wanted = ", ".join("any" if n is None else str(n) for n in shape)
        raise ValueError(f"{name} has shape {x.shape} where ({wanted}) is needed.")
    if x.size:
        least, greatest = x.min().item(), x.max().item()
        if not (low <= least and greatest <= high):  # NaN is neither
            raise ValueError(
                f"{name} holds values from {least} to {greatest}; "
                f"{low} to {high} are possible."
            )


def check_number(name, x, kind, low, high):
    """Refuse what is no number from `low` to `high`: any ``"f"``, a whole ``"i"``."""
    wanted = {"f": Real, "i": Integral}[kind]
    if not isinstance(x, wanted) or isinstance(x, bool):
        raise ValueError(f"{name} is {_of_type(x)}, not a number of kind {kind!r}.")
    if not low <= x <= high:
        raise ValueError(f"{name} is {x}; {low} to {high} are possible.")


def check_declared(value):
    """Refuse a dataclass whose fields are not as `skmusic.utils.fields` declares them.

    Names of axes stand for the same length in all of them. What it calls its ``laws``
    must hold, too.
    """
    sizes = {}
    for field in fields(value):
        declared, x = field.metadata, getattr(value, field.name)
        limits = [declared[k] for k in ("kind", "low", "high") if k in declared]
        if "shape" in declared:
            shape = [sizes.get(axis, axis) for axis in declared["shape"]]
            wanted = tuple(n if isinstance(n, int) else None for n in shape)
            check_array(field.name, x, wanted, *limits)
            axes = zip(declared["shape"], x.shape, strict=True)
            sizes.update((name, n) for name, n in axes if isinstance(name, str))
        elif declared:
            check_number(field.name, x, *limits)
    for holds, message in getattr(value, "laws", list)():
        if not holds:
            raise ValueError(f"{type(value).__name__}: {message}")


def check_network(network, n_inputs, n_outputs):
    """Refuse what is no network from so many inputs to so many outputs a step."""
    match network:
        case {"layers": [*layers], "head": (V, d), "skip": [*skip], **rest} if not rest:
            n = n_inputs
            for i, layer in enumerate(layers):
                if not isinstance(layer, tuple | list) or len(layer) != 3:
                    break
                W, U, b = layer
                check_array(f"U of layer {i}", U, (None, None))
                m = len(U)
                check_array(f"U of layer {i}", U, (m, 4 * m))
                check_array(f"W of layer {i}", W, (n, 4 * m))
                check_array(f"b of layer {i}", b, (4 * m,))
                n = m
            else:
                check_array("head", V, (n, n_outputs))
                check_array("bias of the head", d, (n_outputs,))
                for A in skip:
                    check_array("skip", A, (n_inputs, n_outputs))
                return
    raise ValueError("the network does not have the parts that one has.")


def check_flow(network, n_inputs, n_outputs):
    """Refuse what is no network whose flow draws vectors of so many numbers."""
    flow, lstm = network.get("flow"), {k: network[k] for k in network if k != "flow"}
    # The outputs of the LSTM are what the flow hears, a mean and a deviation.
    n_known = len(lstm["head"][1])
    check_network(lstm, n_inputs, n_known)
    width = n_known - 2 * n_outputs
    _same("arrays of the flow", len(flow_arrays(flow)), N_ARRAYS)
    _same("paths past the LSTM", len(lstm["skip"]), 1)
    check_array("inputs of the flow", flow["inputs"], (n_outputs, width))
    T, t = flow["times"]
    n_units = len(t)
    check_array("times of the flow", T, (2 * N_TIMES, n_units))
    check_array("times of the flow", t, (n_units,))
    for block in flow["blocks"]:
        shapes = (width, 3 * width), (n_units, 3 * width), (3 * width,)
        shapes += ((width, width), (width,)) * 2
        for x, shape in zip(block, shapes, strict=True):
            check_array("a block of the flow", x, shape)
    V, v = flow["outputs"]
    check_array("outputs of the flow", V, (width, n_outputs))
    check_array("outputs of the flow", v, (n_outputs,))


def check_synthesis(synthesis):
    """Refuse a synthesis whose parts do not fit together."""
    if not isinstance(synthesis, (Neural, Regression)):
        raise ValueError(f"synthesis_ is {synthesis!r:.60}, which is none.")
    format = synthesis.format
    if isinstance(synthesis, Regression):
        n_dims = len(synthesis.variance)
        check_network(synthesis.network, n_dims, n_dims)
        _same("numbers in a frame", n_dims, format.n_dims if format else n_dims)
        return
    _check_neural(synthesis)


def _check_neural(synthesis):
    code, vocoder, format = synthesis.code, synthesis.vocoder, synthesis.format
    check_flow(synthesis.network, n_inputs(code), code.n_codes)
    if (vocoder is None) != (format is None):
        raise ValueError("vocoder and format are of other frames.")
    if vocoder is not None:
        _same("channels", vocoder.n_channels, format.n_channels)
        _same("samples in a step", vocoder.step, format.step)
        _same("numbers of a step", code.n_numbers, vocoder.n_parameters)


def numbers_in_a_frame(synthesis):
    """Numbers in a frame that a synthesis makes, as its parts have it."""
    if synthesis.format is not None:
        return synthesis.format.n_dims
    if isinstance(synthesis, Regression):
        return len(synthesis.variance)
    return synthesis.code.n_numbers


def _same(what, found, wanted):
    if found != wanted:
        raise ValueError(f"{what}: {found} where {wanted} are needed.")


def check_training(generator):
    """Refuse a past that training could not go on from."""
    for record in generator.history_:
        for name, value in record.items():
            check_number(f"{name} in history_", value, "f", -np.inf, np.inf)
    network = generator.synthesis_.network
    past = past_of(network, generator.history_, generator.training_)
    weights = to_arrays(network)
    for name in ("best", "weights"):
        for x, known in zip(past.get(name, weights), weights, strict=True):
            check_array(f"{name} in training_", x, known.shape)
    for x in past.get("rest", ()):
        # Moments are floats; sources of chance and the count of updates are not.
        kind = "f" if x.dtype.kind == "f" else "i"
        check_array("rest in training_", x, (None,) * x.ndim, kind, -1e38, 1e38)
    if "weights" not in past:
        return
    check_number("seed", past["seed"], "i", 0, 2**31)
    check_number("since", past["since"], "i", 0, 2**31)
    check_number("best_loss", past["best_loss"], "f", -np.inf, np.inf)
    whole = list(past["position"]) == [0, 0.0, 0.0] and len(past["carried"]) == 0
    if not whole or len(past["history"]) != len(generator.history_):
        raise ValueError("training_ is not of a whole epoch.")
    if not all(isinstance(text, str) for text in past["identity"].values()):
        raise ValueError("training_ does not tell what it was.")


def check_generator(generator):
    """Refuse fitted attributes of a generator that do not fit together."""
    if not hasattr(generator, "synthesis_"):
        return
    check_number("n_dims_", generator.n_dims_, "i", 1, 2**31 - 1)
    check_number("n_iter_", generator.n_iter_, "i", 0, 2**31 - 1)
    check_number("n_recordings_", generator.n_recordings_, "i", 0, 2**31 - 1)
    check_synthesis(generator.synthesis_)
    n_dims, flat = numbers_in_a_frame(generator.synthesis_), generator._flat
    _same("numbers in a frame", generator.n_dims_, n_dims)
    if not isinstance(flat, bool) or flat > (n_dims == 1):
        raise ValueError("_flat is not whether sequences have one axis.")
    _same("epochs done", generator.n_iter_, len(generator.history_))
    check_training(generator)


def check_featurizer(featurizer):
    """Refuse parameters and fitted attributes that do not fit together."""
    check_number("N", featurizer.N, "i", 2, MOST_WINDOW)
    check_number("sr", featurizer.sr, "f", 1e-3, MOST_RATE)
    _check_window(featurizer.window)
    featurizer._check_parameters()
    if hasattr(featurizer, "n_dims_"):
        check_number("n_channels_", featurizer.n_channels_, "i", 1, MOST_CHANNELS)
        _same("n_dims_", featurizer.n_dims_, featurizer.format_.n_dims)
        flat = featurizer._flat
        if not isinstance(flat, bool) or flat > (featurizer.n_channels_ == 1):
            raise ValueError("_flat is not whether waveforms have one axis.")


def check_format(format):
    """Refuse a format that no frames have."""
    check_number("N", format.N, "i", 2, MOST_WINDOW)
    _same("samples beyond an even number in N", format.N % 2, 0)
    check_number("hop_length", format.hop_length, "i", 1, format.N)
    check_number("sr", format.sr, "f", 1e-3, MOST_RATE)
    check_number("n_channels", format.n_channels, "i", 1, MOST_CHANNELS)
    check_number("factor", abs(format.factor), "f", 1e-20, 1e20)
    _check_window(format.window)
    check_number("step", format.step, "i", 1, MOST_STEP)
    synthesis_window(format.weights(), format.hop_length)


def _check_window(window):
    match window:
        case (str(name), *numbers) if isinstance(window, tuple):
            plain = all(isinstance(x, Real) for x in numbers)
            if name not in _PLAIN_WINDOWS or not plain:
                raise ValueError(f"window={window!r:.60}; give it as an array.")


def _of_type(x):
    return f"an array of {x.dtype}" if isinstance(x, np.ndarray) else f"{x!r:.60}"
