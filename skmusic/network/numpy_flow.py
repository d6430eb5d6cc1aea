"""A head that draws vectors by flow matching, in plain numpy.

A condition, which is what an LSTM says, tells mean and deviation of the vector that may
come next. What else is to be known of it a path tells, which leads from noise to how
many deviations the vector is from the mean. Were these noise themselves, the velocity
of the path would be known. The head gives what there is beside that, of where the path
is, of its time (0 is noise, 1 the end) and of the condition. So what comes next is
drawn, never averaged.

A flow is ``{"inputs": X, "times": (T, t), "blocks": [(M, S, s, A, a, B, b), ...],
"outputs": (V, v)}``. Each block is a residual network of one hidden layer, scaled and
shifted before and gated after by what the condition (M) and the time (S, s) say.

References
----------
Y. Lipman et al., "Flow matching for generative modeling", ICLR (2023). S. Lee et al.,
"PriorGrad: improving conditional denoising diffusion models with data-dependent
adaptive prior", ICLR (2022), for paths in deviations from a mean. T. Li et al.,
"Autoregressive image generation without vector quantization", NeurIPS (2024), for such
a head on a network that goes from one vector to the next. W. Peebles and S. Xie,
"Scalable diffusion models with transformers", ICCV (2023), for the blocks. T. Karras et
al., "Elucidating the design space of diffusion-based generative models", NeurIPS
(2022), for a network that learns only what is not known without it.
"""

import numpy as np

# Frequencies that tell the time of a path: 1 to exp(6).
N_TIMES = 16
N_BLOCKS = 3
# Logarithms of the least and the greatest deviation.
SMALLEST, LARGEST = -4.0, 1.0
# How often the velocity is asked for on a path.
_N_PATH = 8
# Arrays of a block, and of a whole flow.
_BLOCK = 7
N_ARRAYS = 5 + _BLOCK * N_BLOCKS


def from_arrays(arrays):
    """Flow of a list of its arrays, in the order of the module's docstring."""
    blocks = arrays[3:-2]
    return {
        "inputs": arrays[0],
        "times": tuple(arrays[1:3]),
        "blocks": [
            tuple(blocks[k : k + _BLOCK]) for k in range(0, len(blocks), _BLOCK)
        ],
        "outputs": tuple(arrays[-2:]),
    }


def to_arrays(flow):
    """List of a flow's arrays, see `from_arrays`."""
    blocks = [array for block in flow["blocks"] for array in block]
    return [flow["inputs"], *flow["times"], *blocks, *flow["outputs"]]


def time_features(t):
    """Sines and cosines ``(n, 32)`` that tell times ``(n,)`` from 0 to 1."""
    angles = t[:, None] * np.exp(np.linspace(0, 6, N_TIMES)).astype(np.float32)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


def usual_velocity(t):
    """Velocity, over the place, of paths at times `t` whose ends are noise as well.

    It is -1 at 0, where paths come together, and 1 at 1, where they widen.
    """
    return (2 * t - 1) / (t**2 + (1 - t) ** 2)


def schedule(flow, n_path=_N_PATH, start=0.0):
    """What the times of a path say, whose velocity is asked for `n_path` times, even.

    `start` is the time at which it begins. Returned are what each block is told,
    ``(n_path, n_blocks, 3 * width)``, the time between two of them, ``(n_path,)``, and
    the `usual_velocity`, ``(n_path,)``.
    """
    T, t = flow["times"]
    step = np.full(n_path, (1 - start) / n_path, np.float32)
    at = np.float32(start) + step * np.arange(n_path, dtype=np.float32)
    told = _silu(time_features(at) @ T + t)
    said = np.stack([told @ S + s for _, S, s, *_ in flow["blocks"]], axis=1)
    return said, step, usual_velocity(at)


def draw(flow, condition, noise, times, followed=None):
    """Follow paths from noise to vectors ``(..., n_outputs)``.

    `condition` ``(..., width + 2 * n_outputs)`` has what is known of each vector, its
    mean, and the logarithm of its deviation. `noise` ``(..., n_outputs)`` is where
    paths begin; standard normal as learned, zeros for no chance. `times` are from
    `schedule`.

    `followed` may be vectors ``(..., n_outputs)`` and the share of noise at the
    beginning of their paths: 0 gives the vector itself, 1 any other one. `times` begin
    as late.
    """
    n = noise.shape[-1]
    condition, mean, log_deviation = np.split(condition, [-2 * n, -n], axis=-1)
    deviation = np.exp(np.clip(log_deviation, SMALLEST, LARGEST))
    y = noise
    if followed is not None:
        vector, amount = followed
        y = amount * noise + (1 - amount) * (vector - mean) / deviation
    y, c = y.astype(np.float32), _silu(condition)
    known = [c @ M for M, *_ in flow["blocks"]]
    # By the midpoint method: the velocity half a step ahead leads over the whole step.
    each = list(zip(*times, strict=True))
    for (now, step, usual), (ahead, _, then) in zip(each[::2], each[1::2], strict=True):
        middle = y + step * _velocity(flow, y, c, known, now, usual)
        y = y + 2 * step * _velocity(flow, middle, c, known, ahead, then)
    return mean + deviation * y


def _velocity(flow, x, c, said, time, usual):
    """At a place ``(..., n_outputs)``, with what the blocks make of all three."""
    y, (V, v) = x @ flow["inputs"] + c, flow["outputs"]
    for (*_, A, a, B, b), known, now in zip(flow["blocks"], said, time, strict=True):
        both, n = known + now, c.shape[-1]
        scale, shift, gate = (both[..., k : k + n] for k in (0, n, 2 * n))
        hidden = _silu((_normed(y) * (1 + scale) + shift) @ A + a)
        y = y + gate * (hidden @ B + b)
    return usual * x + (_normed(y) @ V + v)


def _silu(x):
    """The sigmoid linear unit, ``x * sigmoid(x)``."""
    return x * (np.tanh(x / 2) + 1) / 2


def _normed(x):
    """Numbers less their mean, divided by their deviation; Keras' own smallest one."""
    n = np.float32(x.shape[-1])
    x = x - x.sum(axis=-1, keepdims=True) / n
    variance = np.square(x).sum(axis=-1, keepdims=True) / n
    return x / np.sqrt(variance + np.float32(1e-3))
