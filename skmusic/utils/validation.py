"""The data contract, once, for both estimators: axis 0 is always recordings.

========================================  =====================================
``X``                                     meaning
========================================  =====================================
list, string array or Series of paths     recordings in files
list of ``(n,)`` arrays                   one column each, any length
list of ``(n, k)`` arrays                 any length
3-D array ``(n_recordings, n, k)``        equal lengths
2-D array, DataFrame, nested numbers      equal lengths, one column each
========================================  =====================================

Lists go to lists and arrays to arrays, whether or not lengths happen to agree.
"""

import os
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from numbers import Integral, Number, Real

import numpy as np
import scipy.sparse
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

_PATH = (str, bytes, os.PathLike)
_DTYPES = [np.float64, np.float32]


@dataclass(frozen=True)
class Recordings:
    """Recordings in one uniform shape, and the form that they came in.

    Parameters
    ----------
    items : list
        Paths, or arrays of shape ``(n, k)``.
    form : {"paths", "list", "2d", "3d", "stream"}
        What the caller gave.
    flat : bool
        Whether the recordings came without an axis for columns.
    """

    items: list
    form: str
    flat: bool = False

    @property
    def each_n_dims(self):
        """Columns of each recording; of streamed ones all have the same."""
        if self.form == "stream":
            return [self.items.format.n_dims]
        return [x.shape[1] for x in self.items]

    @property
    def n_dims(self):
        """Columns of the first recording that is not empty, None without one."""
        if self.form == "stream":
            return self.items.format.n_dims
        return next((x.shape[1] for x in self.items if len(x)), None)

    def like(self, results, keep_flat=True):
        """Give results of shape ``(n, k)`` the form that the recordings came in."""
        return restore_shape(
            results, dense=self.form in ("2d", "3d"), flat=self.flat and keep_flat
        )


def restore_shape(results, *, dense, flat):
    """Results as a list or one array, with or without the axis for columns.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.utils.validation import restore_shape
    >>> restore_shape([np.zeros((5, 1))] * 2, dense=True, flat=True).shape
    (2, 5)
    """
    if flat:
        results = [r[:, 0] for r in results]
    lengths = sorted({len(r) for r in results})
    if dense and len(lengths) > 1:
        raise ValueError(
            f"results of lengths {lengths[0]} to {lengths[-1]} make no array; pass a "
            "list of recordings to get a list."
        )
    return np.stack(results) if dense else list(results)


def as_seed_list(seed):
    """Seeds as a list, and whether a list was given: one of others than numbers.

    Examples
    --------
    >>> from skmusic.utils.validation import as_seed_list
    >>> as_seed_list("a.wav"), as_seed_list(["a.wav", None]), as_seed_list([0.1, 0.2])
    ((['a.wav'], False), (['a.wav', None], True), ([[0.1, 0.2]], False))
    """
    if not isinstance(seed, (list, tuple)):
        return [seed], False
    if any(isinstance(item, (list, tuple, Number)) for item in seed):
        return [seed], False
    if not seed:
        raise ValueError(f"seed={seed} asks for no piece; use None for silence.")
    return list(seed), True


def check_recordings(estimator, X, *, reset, what="waveform"):
    """Check `X` against the contract.

    Parameters
    ----------
    estimator : estimator
        Gets ``n_features_in_`` (only of a 2-D `X`), as scikit-learn has it.
    X : see the module
        Recordings.
    reset : bool
        Whether this is a fit.
    what : str
        What one recording is, for messages.

    Returns
    -------
    Recordings

    Raises
    ------
    TypeError
        If `X` is sparse or of no known kind.
    ValueError
        If `X` is empty, a single recording without a list around it, has NaN,
        infinities, complex numbers or too many dimensions.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.base import BaseEstimator
    >>> from skmusic.utils.validation import check_recordings
    >>> found = check_recordings(BaseEstimator(), [np.zeros(5)], reset=True)
    >>> found.form, found.items[0].shape
    ('list', (5, 1))
    """
    if isinstance(X, _PATH):
        raise ValueError(f"X={X!r} is a single path; wrap it in a list: [{X!r}].")
    if hasattr(X, "map_blocks"):  # of FFTFeaturizer, which has checked them
        _forget_features(estimator, reset)
        return Recordings(X, "stream")
    if _is_listlike(X):
        items = list(X)
        if len(items) == 0:
            raise ValueError("X holds 0 recordings, at least 1 is required.")
        if all(isinstance(item, _PATH) for item in items):
            _forget_features(estimator, reset)
            return Recordings([os.fsdecode(item) for item in items], "paths")
        if all(isinstance(item, np.ndarray) and item.ndim > 0 for item in items):
            _forget_features(estimator, reset)
            checked = [
                _check_item(item, i, what, estimator) for i, item in enumerate(items)
            ]
            return Recordings(checked, "list", flat=all(x.ndim == 1 for x in items))
    return _check_dense(estimator, X, reset, what)


def _is_listlike(X):
    """Lists and tuples, and one-dimensional arrays or Series of objects or text."""
    if isinstance(X, (list, tuple)):
        return True
    kind = getattr(getattr(X, "dtype", None), "kind", "")
    text = kind in ("O", "U", "S", "T") or str(getattr(X, "dtype", "")).startswith(
        ("str", "string")
    )
    return text and getattr(X, "ndim", 0) == 1


def _forget_features(estimator, reset):
    """A list has no columns that could be held to those of another fit."""
    if reset:
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(estimator, name):
                delattr(estimator, name)


def _check_item(x, i, what, estimator):
    if x.ndim > 2:
        raise ValueError(
            f"recording {i} has shape {x.shape}; a {what} has shape "
            "(n_samples,) or (n_samples, n_columns)."
        )
    return check_array(
        x[:, None] if x.ndim == 1 else x,
        dtype=_DTYPES,
        # An unreadable file has no frames, but no waveform is empty.
        ensure_min_samples=int(what == "waveform" or x.ndim == 1),
        ensure_all_finite=not _is_surely_finite(x),
        input_name=f"recording {i}",
        estimator=estimator,
    )


def _is_surely_finite(x):
    """Whether the energy of `x` is finite, by the fastest of all passes over it."""
    if x.dtype not in _DTYPES or not x.flags.c_contiguous:
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(np.vdot(x, x)))


def _check_dense(estimator, X, reset, what):
    if scipy.sparse.issparse(X):
        check_array(X, accept_sparse=False, estimator=estimator)  # raises
    if isinstance(X, (list, tuple)):
        X = _regular(X, what)
    elif isinstance(X, (Iterator, Set, Mapping)):
        raise TypeError(
            f"X is a {type(X).__name__}, which has no order or no length; pass a list."
        )
    ndim = np.ndim(X) if hasattr(X, "ndim") else np.asarray(X).ndim
    if ndim == 3:
        _forget_features(estimator, reset)
        X = check_array(X, dtype=_DTYPES, allow_nd=True, estimator=estimator)
        if 0 in X.shape:
            raise ValueError(f"X has shape {X.shape}: nothing to work on.")
        return Recordings(list(X), "3d")
    if ndim > 3:
        raise ValueError(
            f"X has {ndim} dimensions; the most is 3: "
            "(n_recordings, n_samples, n_columns)."
        )
    X = validate_data(estimator, X, reset=reset, dtype=_DTYPES)
    return Recordings([row[:, None] for row in X], "2d", flat=True)


def _regular(X, what):
    """Nested numbers as an array, with a clear word where rows differ in length."""
    try:
        array = np.asarray(X)
        if array.dtype.kind not in "US":
            return array
    except ValueError:
        pass
    raise ValueError(
        "X is a list that mixes kinds or lengths; pass a list of paths, or a "
        f"list of numpy arrays, one {what} each."
    )


@contextmanager
def _told_of_overflow():
    try:
        with np.errstate(over="raise"):
            yield
    except FloatingPointError as error:
        raise ValueError(
            f"the frames hold numbers too large to work with ({error}); scale the "
            "recordings to [-1, 1]."
        ) from error


# Decorator: numbers whose energy is beyond single precision, as no sound's is, are
# refused.
refuse_overflow = _told_of_overflow()


def check_sequence(frames, name):
    """Refuse what is not the frames of one recording."""
    if np.ndim(frames) not in (1, 2):
        raise ValueError(
            f"{name} has {np.ndim(frames)} dimensions; pass the frames of one "
            "recording, of shape (n_frames, n_dims), or None."
        )


def check_fields(value):
    """Refuse a dataclass, or one in its fields, that lacks what the code asks of it.

    Pickle makes objects without their constructors, of whatever fields they had in
    the version that saved them.

    Parameters
    ----------
    value : object
        What is no dataclass passes.

    Raises
    ------
    ValueError
        If a field is missing.
    """
    if not is_dataclass(value):
        return
    for field in fields(value):
        if not hasattr(value, field.name):
            raise ValueError(
                f"{type(value).__name__}.{field.name} is missing: another version of "
                "skmusic saved it; load it with that one, or fit again."
            )
        check_fields(getattr(value, field.name))


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
