"""How features change from step to step, learned in numbers that hold no recording.

The next features are foreseen by a linear map, of the token that the network drew, of
how they change now, of what was there a period ago, and of the piece's style. What the
map does not foresee is one of 64 codes, drawn by a softmax that hears the
network's state too, and a Gaussian remainder about the code.

Codes are of changes, not of features: a tone that is held is the code of no change,
where features that are quantised one by one would flicker between codes.

References
----------
V. Cuperman and A. Gersho, "Vector predictive coding of speech at 16 kbits/s", IEEE
Trans. Communications 33 (1985), for codes of what is not foreseen. B. Atal and
M. Schroeder, "Adaptive predictive coding of speech signals", Bell System Technical
Journal 49 (1970), for what was there a period ago.
"""

from dataclasses import dataclass

import numpy as np

from skmusic.network.numpy_lstm import (
    forward,
    log_softmax,
    zero_padded_input,
    zero_state,
)
from skmusic.utils.fields import array, number

# Shortest and longest period of the music, in steps: 0.4 to 3 seconds.
_SHORTEST, _LONGEST = 16, 130
# Steps in which the style of a piece follows what is drawn.
_STYLE_STEPS = 2600.0
# Nats that a token loses which is as far from the style as tokens usually are.
_STYLE = 3.0


@dataclass(frozen=True)
class FeatureDynamics:
    """What is learned of changes, in features times ``tokenizer.weight``.

    Parameters
    ----------
    maps : ndarray of shape (2, n_regressors, n_features)
        What foresees the change where the token changes, and where it is held.
    codes : ndarray of shape (n_codes, n_features)
        What may come beside.
    head, bias : ndarray of shape (n_inputs, n_codes), (n_codes,)
        Softmax of the codes.
    spread : ndarray of shape (n_codes, n_features, n_features)
        Cholesky factors of the covariance about each code.
    low, high : ndarray of shape (n_features,)
        Between these features stay.
    n_steps : int
        Steps learned from.
    """

    maps: np.ndarray = array(2, None, "n_features", low=-1e3, high=1e3)
    codes: np.ndarray = array("n_codes", "n_features", low=-1e6, high=1e6)
    head: np.ndarray = array("n_inputs", "n_codes", low=-1e6, high=1e6)
    bias: np.ndarray = array("n_codes")
    spread: np.ndarray = array(
        "n_codes", "n_features", "n_features", low=-1e6, high=1e6
    )
    low: np.ndarray = array("n_features", low=-1e6, high=1e6)
    high: np.ndarray = array("n_features", low=-1e6, high=1e6)
    n_steps: int = number("i", 0, 2**31 - 1)

    def laws(self):
        """What must hold beyond the declared shapes and ranges: (law, message)."""
        n, n_codes = len(self.low), len(self.codes)
        yield n_codes > 0, "there are no codes."
        yield self.maps.shape[:2] == (2, 5 * n + 1), "maps are of other features."
        yield (self.low <= self.high).all(), "low is beyond high."


@dataclass(frozen=True)
class DynamicsState:
    """Where a piece's features are: all that the next depend on.

    Parameters
    ----------
    lstm : list of (h, c)
        State of the network after all steps.
    logits : ndarray of shape (n_tokens,)
        What the network gives for the next token.
    token : int
        Of the last step.
    past : ndarray of shape (period + 1, n_features)
        Features of the last steps, times weight.
    codes : ndarray of shape (period,), int
        Codes of the last changes.
    style : ndarray of shape (n_features,)
        Slow mean of the features.
    """

    lstm: list
    logits: np.ndarray
    token: int
    past: np.ndarray
    codes: np.ndarray
    style: np.ndarray


def period_of(features):
    """Lag, in steps, at which the changes of features repeat best; 1 of a few steps.

    Of those that are about as good it is the shortest.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.synthesis.neural.dynamics import period_of
    >>> beat = np.random.default_rng(0).standard_normal((40, 3))
    >>> period_of(np.tile(beat, (5, 1)))
    40
    """
    change = np.diff(features, axis=0)
    longest = min(_LONGEST, len(change) // 2)
    if longest <= _SHORTEST:
        return 1
    size = np.sqrt(np.square(change).sum(axis=1, keepdims=True))
    # Large ones count, but none alone.
    change = change / (size + np.sqrt(np.square(size).mean()) + 1e-12)
    lags = np.arange(_SHORTEST, longest)
    alike = np.array([(change[k:] * change[:-k]).sum(axis=1).mean() for k in lags])
    return int(lags[np.argmax(alike >= alike.max() - 1e-3 * abs(alike.max()))])


def begin(dynamics, features, network, tokenizer):
    """DynamicsState after steps heard, or from nothing.

    Parameters
    ----------
    dynamics, network, tokenizer
        What is fitted.
    features : ndarray of shape (n_steps, n_features)
        What was heard; no steps start from nothing.

    Returns
    -------
    DynamicsState
    """
    heard = zero_padded_input(features)
    y, states = forward(network, heard, zero_state(network))
    heard = heard[-len(features) :] if len(features) else heard
    tokens = tokenizer.tokens(heard)
    z = np.clip(heard * tokenizer.weight, dynamics.low, dynamics.high)
    lag = period_of(z)
    known = regressors(z, tokens, lag, z.mean(axis=0), tokenizer)
    codes = nearest(dynamics.codes, unforeseen(dynamics.maps, **known))
    no_change = int(np.square(dynamics.codes).sum(axis=1).argmin())
    return DynamicsState(
        states[-1],
        y[-1],
        int(tokens[-1]),
        _last(z, lag + 1, z[0]),
        _last(codes, lag, no_change),
        z.mean(axis=0),
    )


def _last(x, n, filler):
    """The last `n` items of `x`, `filler` before the first."""
    lacking = max(0, n - len(x))
    return np.concatenate([np.full((lacking, *x.shape[1:]), filler, x.dtype), x])[-n:]


def step(dynamics, state, network, tokenizer, sampling, rng):
    """Features of one more step, and the state after it.

    Parameters
    ----------
    dynamics, network, tokenizer
        What is fitted.
    state : DynamicsState
    sampling : SamplingParameters
        Of tokens, codes and the remainder.
    rng : numpy.random.RandomState

    Returns
    -------
    features : ndarray of shape (n_features,)
    state : DynamicsState
    """
    far = np.square(tokenizer.centroids - state.style).sum(axis=1)
    score = sampling.mask(log_softmax(state.logits)) - _STYLE * far / _width(tokenizer)
    token = sampling.draw(score, rng)
    # First the token, then what the change is foreseen from.
    held = int(token == state.token)
    now, past = state.past[-1], state.past
    x = row(tokenizer.centroids[token], now, past[-2], past[1], past[0], state.style)
    inputs = softmax_inputs(
        state.lstm[-1][0][None],
        dynamics.codes,
        state.codes[-1:],
        state.codes[:1],
        x[None, :-1],
        now[None],
        np.array([held]),
    )
    # Then the code of what is not foreseen, and a Gaussian remainder about it.
    code = sampling.draw(log_softmax(inputs @ dynamics.head + dynamics.bias)[0], rng)
    noise = rng.standard_normal(len(now)).astype(np.float32)
    noise *= np.sqrt(min(sampling.temperature, 1.0))
    z = now + x @ dynamics.maps[held] + dynamics.codes[code]
    z = np.clip(z + dynamics.spread[code] @ noise, dynamics.low, dynamics.high)
    z = z.astype(np.float32)
    # The network hears what was drawn, as it would hear music.
    features = z / tokenizer.weight
    y, states = forward(network, features[None], state.lstm)
    return features, DynamicsState(
        states[-1],
        y[-1],
        token,
        np.concatenate([past[1:], z[None]]),
        np.append(state.codes[1:], code),
        state.style + (z - state.style) / np.float32(_STYLE_STEPS),
    )


def forecast(dynamics, features, network, tokenizer):
    """Likeliest features after 0, 1, ... of the steps heard, and their tokens.

    Nothing of a period is known here, since it would be that of the steps to come.

    Parameters
    ----------
    dynamics, network, tokenizer
        What is fitted.
    features : ndarray of shape (n_steps, n_features)
        What was heard.

    Returns
    -------
    features, tokens : ndarray of shape (n_steps + 1, n_features), (n_steps + 1,)
    """
    heard = zero_padded_input(features)
    y, _ = forward(network, heard, zero_state(network))
    tokens = y.argmax(axis=1)
    z = np.clip(heard * tokenizer.weight, dynamics.low, dynamics.high)
    before = np.concatenate([z[:1], z[:-1]])
    style = np.cumsum(z, axis=0) / np.arange(1, len(z) + 1)[:, None]
    x = row(tokenizer.centroids[tokens], z, before, z, before, style)
    held = tokenizer.tokens(heard) == tokens
    # Of no change at all, what is not foreseen is the foreseen change, negative.
    z = z - unforeseen(dynamics.maps, x, 0, held)
    z = np.clip(z, dynamics.low, dynamics.high).astype(np.float32)
    return z / tokenizer.weight, tokens


def _width(tokenizer):
    """Mean squared distance of the tokens from their mean."""
    return np.square(tokenizer.centroids - tokenizer.centroids.mean(axis=0)).sum(
        axis=1
    ).mean() + np.float32(1e-12)


def row(target, now, before, ago, before_that, style):
    """What the change is foreseen from.

    Parameters
    ----------
    target : ndarray of shape (..., n_features)
        Centroid of the token that comes.
    now, before : ndarray of shape (..., n_features)
        Features of the last step, and of the one before.
    ago, before_that : ndarray of shape (..., n_features)
        A period before the step that comes, and one step earlier.
    style : ndarray of shape (..., n_features)

    Returns
    -------
    ndarray of shape (..., 5 * n_features + 1), float32
    """
    one = np.ones((*now.shape[:-1], 1), np.float32)
    parts = target - now, now - before, ago - now, ago - before_that, style - now, one
    return np.concatenate(parts, axis=-1).astype(np.float32)


def softmax_inputs(hidden, codes, last, ago, x, now, held):
    """What the softmax of the codes hears ``(n_steps, n_inputs)``, float32.

    Parameters
    ----------
    hidden : ndarray of shape (n_steps, n_units)
        State of the network's last layer.
    codes : ndarray of shape (n_codes, n_features)
    last, ago : ndarray of shape (n_steps,), int
        Code of the last change, and of that a period ago.
    x : ndarray of shape (n_steps, 5 * n_features)
        From `row`, without its one.
    now : ndarray of shape (n_steps, n_features)
    held : ndarray of shape (n_steps,)
        1 where the token is held.
    """
    parts = hidden, codes[last], codes[ago], x, now, held[:, None]
    return np.concatenate(parts, axis=1).astype(np.float32)


def regressors(z, tokens, lag, style, tokenizer):
    """Of all steps but the last: what the change is foreseen from, and the change.

    Parameters
    ----------
    z : ndarray of shape (n_steps, n_features)
        Features times weight.
    tokens : ndarray of shape (n_steps,)
    lag : int
        Period, in steps.
    style : ndarray of shape (n_features,) or (n_steps, n_features)
    tokenizer : Tokenizer

    Returns
    -------
    dict of ndarray
        ``regressors``, ``change`` and ``held``, as `row` and `unforeseen` have them.
    """
    t = np.arange(len(z) - 1)
    ago = np.maximum(t + 1 - lag, 0)
    x = row(
        tokenizer.centroids[tokens[1:]],
        z[:-1],
        z[np.maximum(t - 1, 0)],
        z[ago],
        z[np.maximum(ago - 1, 0)],
        np.broadcast_to(style, z.shape)[:-1],
    )
    held = (tokens[1:] == tokens[:-1]).astype(np.int64)
    return {"regressors": x, "change": z[1:] - z[:-1], "held": held}


def unforeseen(maps, regressors, change, held):
    """What the maps do not foresee of a change ``(n_steps, n_features)``."""
    foreseen = [regressors @ each for each in maps]
    return change - np.where(held[:, None] == 1, foreseen[1], foreseen[0])


def nearest(codes, x):
    """Nearest code of each row ``(n_rows,)``, int."""
    return (np.square(codes).sum(axis=1) - 2 * (x @ codes.T)).argmin(axis=1)
