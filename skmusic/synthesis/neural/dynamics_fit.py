"""Learning how features change: least squares, k-means, a softmax, covariances."""

import numpy as np
from scipy.signal import lfilter
from threadpoolctl import threadpool_limits

from skmusic.features.tokenizer import ignore_convergence_warning
from skmusic.network.numpy_lstm import forward, teacher_forcing_input, zero_state
from skmusic.synthesis.neural.dynamics import (
    FeatureDynamics,
    nearest,
    period_of,
    regressors,
    softmax_inputs,
    unforeseen,
)

# Codes of changes; steps that are learned from, the beginnings of all recordings.
N_CODES, _MOST_STEPS = 64, 40_000
# Steps in which the style follows the music.
_LEARNED_STYLE_STEPS = 430.0
# Ridge of the least squares: what fits too closely runs away when it is drawn from.
_HOLD = 0.4
# Passes that fit the softmax, steps of an update, and decay of the weights.
_EPOCHS, _BATCH, _DECAY = 4, 512, 1e-3


def fit_dynamics(features, tokens, network, tokenizer, seed, past=None):
    """Learn how features change.

    Parameters
    ----------
    features, tokens : list of ndarray of shape (n_steps, n_features), (n_steps,)
        Of each recording.
    network : dict
        Trained on them, see `skmusic.network.numpy_lstm`.
    tokenizer : Tokenizer
        That of the features.
    seed : int
        Of all chance.
    past : FeatureDynamics or None
        What was learned of other recordings: its codes stay, and the rest is averaged
        by the number of steps.

    Returns
    -------
    FeatureDynamics
    """
    rng = np.random.RandomState(seed % 2**32)
    with threadpool_limits(1):  # sums in one order, whatever else goes on
        parts = [
            _heard(f, t, network, tokenizer)
            for f, t in zip(_thinned(features), _thinned(tokens), strict=True)
            if len(f)
        ]
        parts = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
        x, change, held = parts["regressors"], parts["change"], parts["held"]
        maps = np.stack([_ridge(x[held == k], change[held == k]) for k in (0, 1)])
        if past is not None:
            share = past.n_steps / max(past.n_steps + len(x), 1)
            maps = share * past.maps + (1 - share) * maps
        # What the maps leave becomes codes, a softmax of them, and spread about them.
        left = unforeseen(maps, x, change, held)
        codes = past.codes if past is not None else _codes(left, rng)
        code = nearest(codes, left)
        inputs = softmax_inputs(
            parts["hidden"],
            codes,
            code[np.maximum(np.arange(len(code)) - 1, 0)],
            code[np.maximum(np.arange(len(code)) - parts["period"], 0)],
            x[:, :-1],
            parts["now"],
            held,
        )
        head, bias = _softmax(inputs, code, len(codes), rng)
        spread = _spread(left - codes[code], code, len(codes))
    z = np.concatenate(features) * tokenizer.weight
    low, high = np.percentile(z, (0.5, 99.5), axis=0).astype(np.float32)
    n_steps = len(x)
    if past is not None:
        head, bias, spread = (
            (share * a + (1 - share) * b).astype(np.float32)
            for a, b in zip(
                (past.head, past.bias, past.spread), (head, bias, spread), strict=True
            )
        )
        low, high = np.minimum(low, past.low), np.maximum(high, past.high)
        n_steps += past.n_steps
    return FeatureDynamics(maps, codes, head, bias, spread, low, high, n_steps)


def _heard(features, tokens, network, tokenizer):
    """Of one recording, all that is learned from: dict of arrays, one row a step."""
    z = (features * tokenizer.weight).astype(np.float32)
    lag = period_of(z)
    _, states = forward(network, teacher_forcing_input(features), zero_state(network))
    keep = 1 / _LEARNED_STYLE_STEPS
    first = z[: int(_LEARNED_STYLE_STEPS)].mean(axis=0, keepdims=True)
    # A slow mean that begins at that of the first seconds.
    style, _ = lfilter([keep], [1, keep - 1], z, axis=0, zi=(1 - keep) * first)
    found = regressors(z, tokens, lag, style.astype(np.float32), tokenizer)
    hidden = np.stack([layers[-1][0] for layers in states])[1:]
    n = len(z) - 1
    return found | {"hidden": hidden, "now": z[:-1], "period": np.full(n, lag)}


def _thinned(arrays):
    """The beginnings of all recordings, so long that together they are not too long."""
    share = min(1.0, _MOST_STEPS / max(1, sum(map(len, arrays))))
    return [x[: int(np.ceil(len(x) * share))] for x in arrays]


def _ridge(x, y):
    """Least squares ``(n_inputs, n_outputs)``, held back more where rows are few."""
    gram = x.T.astype(np.float64) @ x
    some = _HOLD * np.trace(gram) / max(len(x), 1) + 1e-9
    return np.linalg.solve(gram + some * np.eye(len(gram)), x.T @ y).astype(np.float32)


def _codes(left, rng):
    """Codes of what is not foreseen ``(n_codes, n_features)``, by k-means."""
    from sklearn.cluster import KMeans

    n = max(1, min(N_CODES, len(np.unique(left, axis=0)), len(left) // 10))
    if not len(left):
        return np.zeros((1, left.shape[1]), np.float32)
    kmeans = KMeans(n, init="random", n_init=1, max_iter=15, tol=0, random_state=rng)
    return ignore_convergence_warning(kmeans.fit, left).cluster_centers_.astype(
        np.float32
    )


def _spread(left, code, n_codes):
    """Cholesky factors of the covariance about each code; of few steps as of all.

    Returns
    -------
    ndarray of shape (n_codes, n_features, n_features), float32
    """
    n = left.shape[1]
    overall = left.T @ left / max(len(left), 1)
    found = []
    for k in range(n_codes):
        own = left[code == k]
        size = np.trace(own.T @ own) / max(np.trace(overall) * len(own), 1e-12)
        # As if 50 more steps had been seen, of the shape of all and of its own size.
        total = own.T @ own + 50 * size * overall
        some = total / (len(own) + 50)
        ridge = 0.01 * np.trace(some) / n + 1e-9
        found.append(np.linalg.cholesky(some + ridge * np.eye(n)))
    return np.array(found, np.float32)


def _softmax(x, y, n, rng):
    """Multinomial logistic regression: weights ``(n_inputs, n)``, bias ``(n,)``."""
    from sklearn.neural_network import MLPClassifier
    from sklearn.preprocessing import StandardScaler

    W, d = np.zeros((x.shape[1], n), np.float32), np.zeros(n, np.float32)
    if n == 1 or not len(x):
        return W, d
    d -= np.log(len(x))  # of codes that never come
    scaler = StandardScaler().fit(x)
    # A perceptron without hidden layers is just that.
    model = MLPClassifier(
        (),
        alpha=_DECAY * _BATCH,
        batch_size=min(_BATCH, len(x)),
        max_iter=_EPOCHS,
        random_state=rng,
    )
    known = np.unique(y)
    if len(known) < 3:  # two classes would have one output
        count = np.bincount(y, minlength=n)
        return W, np.log((count + 1) / len(x)).astype(np.float32)
    ignore_convergence_warning(model.fit, scaler.transform(x), y)
    # The scaler goes into the weights.
    W[:, known] = model.coefs_[0] / scaler.scale_[:, None]
    d[known] = model.intercepts_[0] - scaler.mean_ @ W[:, known]
    return W, d
