"""How features change from step to step, learned in numbers that hold no recording.

The next features are foreseen by a linear map, of the token that the network drew, of
how they change now, of what was there a period ago, and of the piece's mood. What the
map does not foresee is a code of a codebook, drawn by a softmax that hears the
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
from scipy.signal import lfilter
from threadpoolctl import threadpool_limits

from skmusic.features.tokenizer import quietly
from skmusic.network.numpy_lstm import (
    forward,
    from_nothing,
    log_softmax,
    shifted,
    zero_state,
)
from skmusic.utils.checks import check_array

# Shortest and longest period of the music, in steps: 0.4 to 3 seconds.
_SHORTEST, _LONGEST = 16, 130
# Steps in which the mood of a piece follows what is drawn.
_MOOD_STEPS = 2600.0
# What a token as far from the mood as tokens are from each other loses, in nats.
_MOOD = 3.0


@dataclass(frozen=True)
class Changes:
    """What is learned of changes, in features times ``codebook.weight``.

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

    maps: np.ndarray
    codes: np.ndarray
    head: np.ndarray
    bias: np.ndarray
    spread: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n_steps: int

    def check(self):
        """Refuse arrays that do not fit together."""
        n_codes, n = self.codes.shape
        check_array("codes", self.codes, (None, n), low=-1e6, high=1e6)
        check_array("maps", self.maps, (2, 5 * n + 1, n), low=-1e3, high=1e3)
        check_array("head", self.head, (None, n_codes), low=-1e6, high=1e6)
        check_array("bias", self.bias, (n_codes,))
        check_array("spread", self.spread, (n_codes, n, n), low=-1e6, high=1e6)
        for name in ("low", "high"):
            check_array(name, getattr(self, name), (n,), low=-1e6, high=1e6)
        if not n_codes or (self.low > self.high).any():
            raise ValueError("the changes are empty.")


def check_changes(changes, n_features, n_units):
    """Refuse changes of other features, or that hear another network."""
    n_inputs = n_units + 2 * n_features + 5 * n_features + n_features + 1
    check_array("head", changes.head, (n_inputs, None), low=-1e6, high=1e6)
    check_array("low", changes.low, (n_features,), low=-1e6, high=1e6)


@dataclass(frozen=True)
class Course:
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
    mood : ndarray of shape (n_features,)
        Slow mean of the features.
    """

    lstm: list
    logits: np.ndarray
    token: int
    past: np.ndarray
    codes: np.ndarray
    mood: np.ndarray


def period_of(features):
    """Lag, in steps, at which the changes of features repeat best; 1 of a few steps.

    Of several that are as good it is the shortest.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.synthesis.neural.prediction import period_of
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


def begin(changes, features, network, codebook):
    """Course after steps heard, or from nothing.

    Parameters
    ----------
    changes, network, codebook
        What is fitted.
    features : ndarray of shape (n_steps, n_features)
        What was heard; no steps start from nothing.

    Returns
    -------
    Course
    """
    heard = from_nothing(features)
    y, states = forward(network, heard, zero_state(network))
    heard = heard[-len(features) :] if len(features) else heard
    tokens = codebook.tokens(heard)
    z = np.clip(heard * codebook.weight, changes.low, changes.high)
    lag = period_of(z)
    known = regressors(z, tokens, lag, z.mean(axis=0), codebook)
    codes = nearest(changes.codes, unforeseen(changes.maps, **known))
    quiet = int(np.square(changes.codes).sum(axis=1).argmin())
    return Course(
        states[-1],
        y[-1],
        int(tokens[-1]),
        _last(z, lag + 1, z[0]),
        _last(codes, lag, quiet),
        z.mean(axis=0),
    )


def _last(x, n, filler):
    """The last `n` items of `x`, `filler` before the first."""
    lacking = max(0, n - len(x))
    return np.concatenate([np.full((lacking, *x.shape[1:]), filler, x.dtype), x])[-n:]


def step(changes, course, network, codebook, tempering, rng):
    """Features of one more step, and the course after it.

    Parameters
    ----------
    changes, network, codebook
        What is fitted.
    course : Course
    tempering : Tempering
        Of tokens, codes and the remainder.
    rng : numpy.random.RandomState

    Returns
    -------
    features : ndarray of shape (n_features,)
    course : Course
    """
    far = np.square(codebook.centroids - course.mood).sum(axis=1)
    score = tempering.mask(log_softmax(course.logits)) - _MOOD * far / _width(codebook)
    token = tempering.draw(score, rng)
    held = int(token == course.token)
    now, past = course.past[-1], course.past
    x = row(codebook.centroids[token], now, past[-2], past[1], past[0], course.mood)
    inputs = inputs_of(
        course.lstm[-1][0][None],
        changes.codes,
        course.codes[-1:],
        course.codes[:1],
        x[None, :-1],
        now[None],
        np.array([held]),
    )
    code = tempering.draw(log_softmax(inputs @ changes.head + changes.bias)[0], rng)
    noise = rng.standard_normal(len(now)).astype(np.float32)
    noise *= np.sqrt(min(tempering.temperature, 1.0))
    z = now + x @ changes.maps[held] + changes.codes[code]
    z = np.clip(z + changes.spread[code] @ noise, changes.low, changes.high)
    z = z.astype(np.float32)
    features = z / codebook.weight
    y, states = forward(network, features[None], course.lstm)
    return features, Course(
        states[-1],
        y[-1],
        token,
        np.concatenate([past[1:], z[None]]),
        np.append(course.codes[1:], code),
        course.mood + (z - course.mood) / np.float32(_MOOD_STEPS),
    )


def forecast(changes, features, network, codebook):
    """Likeliest features after 0, 1, ... of the steps heard, and their tokens.

    Nothing of a period is known here, since it would be that of the steps to come.

    Parameters
    ----------
    changes, network, codebook
        What is fitted.
    features : ndarray of shape (n_steps, n_features)
        What was heard.

    Returns
    -------
    features, tokens : ndarray of shape (n_steps + 1, n_features), (n_steps + 1,)
    """
    heard = from_nothing(features)
    y, _ = forward(network, heard, zero_state(network))
    tokens = y.argmax(axis=1)
    z = np.clip(heard * codebook.weight, changes.low, changes.high)
    before = np.concatenate([z[:1], z[:-1]])
    mood = np.cumsum(z, axis=0) / np.arange(1, len(z) + 1)[:, None]
    x = row(codebook.centroids[tokens], z, before, z, before, mood)
    held = codebook.tokens(heard) == tokens
    z = z - unforeseen(changes.maps, x, 0, held)
    z = np.clip(z, changes.low, changes.high).astype(np.float32)
    return z / codebook.weight, tokens


def _width(codebook):
    """Mean squared distance of the tokens from their mean."""
    return np.square(codebook.centroids - codebook.centroids.mean(axis=0)).sum(
        axis=1
    ).mean() + np.float32(1e-12)


def row(target, now, before, ago, before_that, mood):
    """What the change is foreseen from."""
    one = np.ones((*now.shape[:-1], 1), np.float32)
    parts = target - now, now - before, ago - now, ago - before_that, mood - now, one
    return np.concatenate(parts, axis=-1).astype(np.float32)


def inputs_of(hidden, codes, last, ago, x, now, held):
    """What the softmax of the codes hears."""
    parts = hidden, codes[last], codes[ago], x, now, held[:, None]
    return np.concatenate(parts, axis=1).astype(np.float32)


def regressors(z, tokens, lag, mood, codebook):
    """Of all steps but the last: what the change is foreseen from, and the change."""
    t = np.arange(len(z) - 1)
    ago = np.maximum(t + 1 - lag, 0)
    x = row(
        codebook.centroids[tokens[1:]],
        z[:-1],
        z[np.maximum(t - 1, 0)],
        z[ago],
        z[np.maximum(ago - 1, 0)],
        np.broadcast_to(mood, z.shape)[:-1],
    )
    held = (tokens[1:] == tokens[:-1]).astype(np.int64)
    return {"regressors": x, "change": z[1:] - z[:-1], "held": held}


def unforeseen(maps, regressors, change, held):
    """What the maps do not foresee of a change."""
    foreseen = [regressors @ each for each in maps]
    return change - np.where(held[:, None] == 1, foreseen[1], foreseen[0])


def nearest(codes, x):
    """Nearest code of each row."""
    return (np.square(codes).sum(axis=1) - 2 * (x @ codes.T)).argmin(axis=1)


# Codes of changes; steps that are learned from, the beginnings of all recordings.
N_CODES, _MOST_STEPS = 64, 40_000
# Steps in which the mood follows the music.
_LEARNED_MOOD_STEPS = 430.0
# How much least squares are held back: what foresees too well runs away when drawn.
_HOLD = 0.4
# Of the softmax: passes, steps of an update, decay of the weights.
_EPOCHS, _BATCH, _DECAY = 4, 512, 1e-3


def fit_changes(features, tokens, network, codebook, seed, past=None):
    """Learn how features change.

    Parameters
    ----------
    features, tokens : list of ndarray of shape (n_steps, n_features), (n_steps,)
        Of each recording.
    network : dict
        Trained on them, see `skmusic.network.numpy_lstm`.
    codebook : Codebook
        That of the features.
    seed : int
        Of all chance.
    past : Changes or None
        What was learned of other recordings: its codes stay, and the rest is averaged
        by the number of steps.

    Returns
    -------
    Changes
    """
    rng = np.random.RandomState(seed % 2**32)
    with threadpool_limits(1):  # sums in one order, whatever else goes on
        parts = [
            _heard(f, t, network, codebook)
            for f, t in zip(_thinned(features), _thinned(tokens), strict=True)
            if len(f)
        ]
        parts = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
        x, change, held = parts["regressors"], parts["change"], parts["held"]
        maps = np.stack([_ridge(x[held == k], change[held == k]) for k in (0, 1)])
        if past is not None:
            share = past.n_steps / (past.n_steps + len(x))
            maps = share * past.maps + (1 - share) * maps
        left = unforeseen(maps, x, change, held)
        codes = past.codes if past is not None else _codes(left, rng)
        code = nearest(codes, left)
        inputs = inputs_of(
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
    z = np.concatenate(features) * codebook.weight
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
    return Changes(maps, codes, head, bias, spread, low, high, n_steps)


def _heard(features, tokens, network, codebook):
    """Of one recording, all that is learned from."""
    z = (features * codebook.weight).astype(np.float32)
    lag = period_of(z)
    _, states = forward(network, shifted(features), zero_state(network))
    keep = 1 / _LEARNED_MOOD_STEPS
    first = z[: int(_LEARNED_MOOD_STEPS)].mean(axis=0, keepdims=True)
    mood, _ = lfilter([keep], [1, keep - 1], z, axis=0, zi=(1 - keep) * first)
    found = regressors(z, tokens, lag, mood.astype(np.float32), codebook)
    hidden = np.stack([layers[-1][0] for layers in states])[1:]
    n = len(z) - 1
    return found | {"hidden": hidden, "now": z[:-1], "period": np.full(n, lag)}


def _thinned(arrays):
    """The beginnings of all recordings, so long that together they are not too long."""
    share = min(1.0, _MOST_STEPS / max(1, sum(map(len, arrays))))
    return [x[: int(np.ceil(len(x) * share))] for x in arrays]


def _ridge(x, y):
    """Least squares, held back the more the fewer the rows."""
    gram = x.T.astype(np.float64) @ x
    some = _HOLD * np.trace(gram) / max(len(x), 1) + 1e-9
    return np.linalg.solve(gram + some * np.eye(len(gram)), x.T @ y).astype(np.float32)


def _codes(left, rng):
    """Codebook of what is not foreseen."""
    from sklearn.cluster import KMeans

    n = max(1, min(N_CODES, len(np.unique(left, axis=0)), len(left) // 10))
    if not len(left):
        return np.zeros((1, left.shape[1]), np.float32)
    kmeans = KMeans(n, init="random", n_init=1, max_iter=15, tol=0, random_state=rng)
    return quietly(kmeans.fit, left).cluster_centers_.astype(np.float32)


def _spread(left, code, n_codes):
    """Cholesky factors of each code's covariance, drawn to that of all."""
    n = left.shape[1]
    overall = left.T @ left / max(len(left), 1)
    found = []
    for k in range(n_codes):
        own = left[code == k]
        size = np.trace(own.T @ own) / max(np.trace(overall) * len(own), 1e-12)
        total = own.T @ own + 50 * size * overall
        some = total / (len(own) + 50)
        ridge = 0.01 * np.trace(some) / n + 1e-9
        found.append(np.linalg.cholesky(some + ridge * np.eye(n)))
    return np.array(found, np.float32)


def _softmax(x, y, n, rng):
    """Weights and bias of multinomial logistic regression."""
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
    quietly(model.fit, scaler.transform(x), y)
    W[:, known] = model.coefs_[0] / scaler.scale_[:, None]
    d[known] = model.intercepts_[0] - scaler.mean_ @ W[:, known]
    return W, d
