"""LSTM layers in plain numpy: state in, state out, no Keras needed to play.

A network is ``{"layers": [(W, U, b), ...], "head": (V, d), "skip": ()}`` with
arrays of shape (n_inputs, 4 n_units), (n_units, 4 n_units), (4 n_units,),
(n_units, n_outputs) and (n_outputs,), gates in Keras' order: input, forget,
candidate, output. ``skip`` may hold one array (n_inputs, n_outputs), a path from
the inputs straight to the outputs. Where there is a ``flow``, the outputs are its
condition, see `skmusic.network.numpy_flow`. A state is a list of pairs (h, c), one a
layer, each of shape (n_units,), or (n_streams, n_units) of sequences side by side.
"""

import numpy as np

from skmusic.network import numpy_flow

# Multiplications that BLAS does in one thread: where the machine is busy, a short run
# of music would wait for the others a hundred times as long as it takes.
_SMALL = 1 << 18


def from_arrays(arrays, n_flow=0):
    """Network of a list of its arrays: layers, head, skip, then those of a flow."""
    arrays, flow = arrays[: len(arrays) - n_flow], arrays[len(arrays) - n_flow :]
    n_layers = (len(arrays) - 2) // 3
    head = arrays[3 * n_layers :]
    drawing = {"flow": numpy_flow.from_arrays(flow)} if n_flow else {}
    return drawing | {
        "layers": [tuple(arrays[3 * k : 3 * k + 3]) for k in range(n_layers)],
        "head": tuple(head[:2]),
        "skip": tuple(head[2:]),
    }


def to_arrays(network):
    """List of a network's arrays, see `from_arrays`; those of a flow come last."""
    parts = [*network["layers"], network["head"], network["skip"]]
    flow = numpy_flow.to_arrays(network["flow"]) if "flow" in network else []
    return [array for part in parts for array in part] + flow


def zero_state(network):
    """State before the first step."""
    return [
        (np.zeros(len(U), U.dtype), np.zeros(len(U), U.dtype))
        for _, U, _ in network["layers"]
    ]


def is_state_of(network, state):
    """Whether a state is of as many layers and units as the network."""
    units = [len(U) for _, U, _ in network["layers"]]
    return [len(h) for h, _ in state] == units


def forward(network, x, state):
    """Outputs ``(..., n_steps, n_outputs)`` of inputs ``(..., n_steps, n_inputs)``.

    Beside them stands the state after each step, a list. `state` is that before the
    first step, and stays as it is. Inputs may be of streams side by side, each of which
    has, to the bit, the outputs that it would have alone. All input projections of a
    layer are one matrix product; only the product with the state is made step by step.

    S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9
    (1997); with forget gates, F. Gers et al. (2000).
    """
    per_layer, direct = [], x
    for (W, U, b), (h, c) in zip(network["layers"], state, strict=True):
        x, hidden = _layer(_product(x.astype(U.dtype, copy=False), W) + b, U, h, c)
        per_layer.append(hidden)
    V, d = network["head"]
    y = _product(x, V) + d
    for A in network["skip"]:
        y = y + _product(direct, A)
    return y, [list(layers) for layers in zip(*per_layer, strict=True)]


def _product(x, W):
    """``x @ W``, row by row.

    So the bits of a row do not depend on the others. And BLAS wakes no other threads.
    """
    if W.size > _SMALL and len(W) > 1:
        half = len(W) // 2
        return _product(x[..., :half], W[:half]) + _product(x[..., half:], W[half:])
    return np.matmul(x[..., None, :], W)[..., 0, :]


def _layer(z, U, h, c):
    """Hidden outputs ``(..., n_steps, n_units)``, and (h, c) after each step."""
    n = len(U)
    out = np.empty((*z.shape[:-1], n), U.dtype)
    states = []
    # sigmoid(a) = tanh(a / 2) / 2 + 1 / 2, so that one tanh serves all four gates.
    scale, shift = np.full((2, 4 * n), 0.5, U.dtype)
    scale[2 * n : 3 * n], shift[2 * n : 3 * n] = 1, 0
    for t in range(z.shape[-2]):
        gates = _product(h, U)
        gates += z[..., t, :]
        gates *= scale
        np.tanh(gates, out=gates)
        gates *= scale
        gates += shift
        i, f, g, o = (gates[..., k : k + n] for k in range(0, 4 * n, n))
        # What is kept of the cell, and what is written into it; then what is shown.
        c = f * c + i * g
        h = o * np.tanh(c)
        out[..., t, :] = h
        states.append((h, c))
    return out, states
