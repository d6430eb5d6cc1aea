"""A head that draws vectors by flow matching, in plain numpy.

A path leads from noise to a vector that may come next: its velocity is what the head
gives, of where the path is, of its time (0 is noise, 1 the vector) and of a condition,
which is what an LSTM says. So what comes next is drawn, never averaged.

Much of a vector is foreseen by a linear map. It comes with the condition, and a share
of it, by the time, is a part of the velocity. So the blocks learn only the rest.

A flow is ``{"inputs": X, "times": (T, t), "blocks": [(M, S, s, A, a, B, b), ...],
"outputs": (V, v), "share": (P, p)}``. Each block is a residual network of one hidden
layer, scaled and shifted before and gated after by what the condition (M) and the time
(S, s) say.

References
----------
Y. Lipman et al., "Flow matching for generative modeling", ICLR (2023). T. Li et al.,
"Autoregressive image generation without vector quantization", NeurIPS (2024), for such
a head on a network that goes from one vector to the next. W. Peebles and S. Xie,
"Scalable diffusion models with transformers", ICCV (2023), for the blocks. S. Sadat et
al., "Eliminating oversaturation and artifacts of high guidance scales in diffusion
models", ICLR (2025), for what guidance leaves out.
"""

import numpy as np

# Frequencies that tell the time of a path: 1 to exp(6).
N_TIMES = 16
N_BLOCKS = 3
_NOTHING = np.float32(1e-9)
# How often the velocity is asked for on a path.
_N_PATH = 8
# Arrays of a block, and of a whole flow.
_BLOCK = 7
N_ARRAYS = 7 + _BLOCK * N_BLOCKS


def from_arrays(arrays):
    """Flow of a list of its arrays.

    Examples
    --------
    >>> from skmusic.network.numpy_flow import from_arrays, to_arrays
    >>> flow = from_arrays(list("XTtMSsAaBbVvPp"))
    >>> flow["blocks"], flow["outputs"]
    ([('M', 'S', 's', 'A', 'a', 'B', 'b')], ('V', 'v'))
    >>> "".join(to_arrays(flow))
    'XTtMSsAaBbVvPp'
    """
    blocks = arrays[3:-4]
    return {
        "inputs": arrays[0],
        "times": tuple(arrays[1:3]),
        "blocks": [
            tuple(blocks[k : k + _BLOCK]) for k in range(0, len(blocks), _BLOCK)
        ],
        "outputs": tuple(arrays[-4:-2]),
        "share": tuple(arrays[-2:]),
    }


def to_arrays(flow):
    """List of a flow's arrays, see `from_arrays`."""
    blocks = [array for block in flow["blocks"] for array in block]
    return [flow["inputs"], *flow["times"], *blocks, *flow["outputs"], *flow["share"]]


def time_features(t):
    """Sines and cosines ``(n, 32)`` that tell times ``(n,)`` from 0 to 1."""
    angles = t[:, None] * np.exp(np.linspace(0, 6, N_TIMES)).astype(np.float32)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


def schedule(flow, n_path=_N_PATH, start=0.0):
    """What the times of a path say.

    Parameters
    ----------
    flow : dict
    n_path : int, default=8
        How often the velocity is asked for, an even number.
    start : float, default=0.0
        Time at which it begins.

    Returns
    -------
    said : ndarray of shape (n_path, n_blocks, 3 * width)
        To each block.
    share : ndarray of shape (n_path, n_outputs)
        Of what is foreseen.
    at, step : ndarray of shape (n_path,)
        Each time, and time between two of them.
    """
    (T, t), (P, p) = flow["times"], flow["share"]
    step = np.full(n_path, (1 - start) / n_path, np.float32)
    at = np.float32(start) + step * np.arange(n_path, dtype=np.float32)
    told = _silu(time_features(at) @ T + t)
    said = np.stack([told @ S + s for _, S, s, *_ in flow["blocks"]], axis=1)
    return said, told @ P + p, at, step


def draw(flow, condition, noise, times, lean=None):
    """Follow paths from noise to vectors.

    Parameters
    ----------
    flow : dict
    condition : ndarray of shape (..., width + n_outputs)
        What is known of each vector, and the vector that is foreseen.
    noise : ndarray of shape (..., n_outputs)
        Where each path begins; standard normal at time 0 as learned, zeros for no
        chance.
    times : tuple of ndarray
        From `schedule`.
    lean : ndarray of shape (n_outputs,) or None
        How much paths lean away from what the second of two conditions ``(2, ...,
        width + n_outputs)`` would give, to what the first gives. None is one condition.

    Returns
    -------
    ndarray of shape (..., n_outputs)

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.network.numpy_flow import draw, from_arrays, schedule
    >>> shapes = (2, 4), (32, 4), (4,), (4, 12), (4, 12), (12,)
    >>> shapes += (4, 4), (4,), (4, 4), (4,), (4, 2), (2,), (4, 2), (2,)
    >>> flow = from_arrays([np.zeros(shape, np.float32) for shape in shapes])
    >>> flow["outputs"][1][:] = 3  # the velocity, wherever the path is
    >>> draw(flow, np.zeros(6), np.zeros(2), schedule(flow, 8)).tolist()
    [3.0, 3.0]
    """
    width = flow["inputs"].shape[1]
    foreseen, y = condition[..., width:], noise.astype(np.float32)
    c = _silu(condition[..., :width])
    known = [c @ M for M, *_ in flow["blocks"]]

    def velocity(y, said, share, at):
        found = _velocity(flow, y, c, known, said) + share * foreseen
        return found if lean is None else _guided(*found, y, at, lean)

    # By the midpoint method: the velocity half a step ahead leads over the whole step.
    each = list(zip(*times, strict=True))
    for (*now, step), (*ahead, _) in zip(each[::2], each[1::2], strict=True):
        middle = y + step * velocity(y, *now)
        y = y + 2 * step * velocity(middle, *ahead)
    return y


def _guided(wanted, other, x, at, lean):
    """Velocity that leans from another one to the one that is wanted.

    What points where the path leads already would only make it longer, and louder with
    each vector that hears the one before; so it is left out.
    """
    end = x + (1 - at) * wanted
    more = lean * (wanted - other)
    along = (more * end).sum(axis=-1, keepdims=True)
    power = np.square(end).sum(axis=-1, keepdims=True)
    return wanted + more - along / np.maximum(power, _NOTHING) * end


def _velocity(flow, x, c, said, time):
    """What the blocks make of a place ``(..., n_outputs)``, condition and time."""
    y, (V, v) = x @ flow["inputs"] + c, flow["outputs"]
    for (*_, A, a, B, b), known, now in zip(flow["blocks"], said, time, strict=True):
        both, n = known + now, c.shape[-1]
        scale, shift, gate = (both[..., k : k + n] for k in (0, n, 2 * n))
        hidden = _silu((_normed(y) * (1 + scale) + shift) @ A + a)
        y = y + gate * (hidden @ B + b)
    return _normed(y) @ V + v


def _silu(x):
    """The sigmoid linear unit, ``x * sigmoid(x)``."""
    return x * (np.tanh(x / 2) + 1) / 2


def _normed(x):
    """Numbers less their mean, divided by their deviation; Keras' own smallest one."""
    n = np.float32(x.shape[-1])
    x = x - x.sum(axis=-1, keepdims=True) / n
    variance = np.square(x).sum(axis=-1, keepdims=True) / n
    return x / np.sqrt(variance + np.float32(1e-3))
