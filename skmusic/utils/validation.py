"""The data contract, once, for both estimators: axis 0 is always recordings.

========================================  =====================================
``X``                                     meaning
========================================  =====================================
list, string array or Series of paths     recordings in files
list of bytes or binary file objects      the same, of their contents
list of ``(n,)`` arrays                   one column each, any length
list of ``(n, k)`` arrays                 any length
3-D array ``(n_recordings, n, k)``        equal lengths
2-D array, DataFrame, nested numbers      equal lengths, one column each
========================================  =====================================

A waveform has full scale 1: integers are divided by that of their type, as files are,
and floats far beyond it are warned of. It has time first, and few channels.

Lists go to lists and arrays to arrays, whether or not lengths happen to agree.
"""

import os
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from skmusic.utils.amplitude import to_full_scale, warn_of_peaks
from skmusic.utils.limits import FEW_COLUMNS, MANY_ROWS, MOST_CHANNELS

_PATH = (str, os.PathLike, np.bytes_)
_CONTENTS = (bytes, bytearray, memoryview)
_DTYPES = [np.float64, np.float32]


@dataclass(frozen=True)
class Recordings:
    """Recordings in one uniform shape, and the form that they came in.

    Parameters
    ----------
    items : list
        Paths, bytes or file objects, or arrays of shape ``(n, k)``.
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
    """Results ``(n, k)`` as a list or an array, with or without axis for columns."""
    if flat:
        results = [r[:, 0] for r in results]
    lengths = sorted({len(r) for r in results})
    if dense and len(lengths) > 1:
        raise ValueError(
            f"results of lengths {lengths[0]} to {lengths[-1]} make no array; pass a "
            "list of recordings to get a list."
        )
    return np.stack(results) if dense else list(results)


def check_recordings(estimator, X, *, reset, what="waveform"):
    """Check `X` against the contract: `Recordings`.

    The estimator gets ``n_features_in_``, only of a 2-D `X`, as scikit-learn has it;
    `reset` says that this is a fit. `what` names one recording in messages. What is
    sparse or of no known kind is a TypeError; what is empty, a single recording without
    a list around it, not finite or of too many dimensions is a ValueError.
    """
    _refuse_single_recording(X)
    if hasattr(X, "map_blocks"):  # of FFTFeaturizer, which has checked them
        _forget_features(estimator, reset)
        return Recordings(X, "stream")
    if _is_listlike(X):
        items = list(X)
        if len(items) == 0:
            raise ValueError("X holds 0 recordings, at least 1 is required.")
        if all(map(_is_file, items)):
            _forget_features(estimator, reset)
            return Recordings(
                [os.fsdecode(x) if isinstance(x, _PATH) else x for x in items], "paths"
            )
        _refuse_odd_items(items)
        if all(map(_is_array, items)):
            _forget_features(estimator, reset)
            checked = [
                _check_item(item, i, what, estimator) for i, item in enumerate(items)
            ]
            if what == "waveform":
                warn_of_peaks(checked)
            return Recordings(checked, "list", flat=all(x.ndim == 1 for x in items))
    return _check_dense(estimator, X, reset, what)


def _refuse_single_recording(X):
    """Refuse one recording, nothing, and tables that hold paths in a column."""
    if X is None:
        raise ValueError("X is None; pass a list of recordings, such as [x].")
    if isinstance(X, _PATH):
        if os.path.isdir(X):
            raise ValueError(
                f"X={X!r} is a folder; pass the files that are in it: "
                f"skmusic.audio.find({X!r})."
            )
        raise ValueError(
            f"X={X!r:.80} is a single path; wrap it in a list: [{X!r:.80}]."
        )
    if _is_file(X):
        raise ValueError(
            f"X is {name_of_file(X)}, a single recording; wrap it in a list: [x]."
        )
    for name in getattr(X, "columns", ()):
        if isinstance(next(iter(X[name]), None), str | os.PathLike):
            raise ValueError(
                f"X is a table with text in its column {name!r}; if these are paths, "
                f"pass that column alone: X[{name!r}]."
            )


def _refuse_odd_items(items):
    """Refuse a list of which an item is no recording, or is one of another kind."""
    for i, item in enumerate(items):
        if item is None or (isinstance(item, float) and np.isnan(item)):
            raise ValueError(f"recording {i} is {item!r}; leave it out of the list.")
        if isinstance(item, Mapping | Set):
            raise ValueError(
                f"recording {i} is a {type(item).__name__}; pass a path or an array."
            )
        _refuse_odd_numbers(item, f"recording {i}")
    for i, item in enumerate(items):
        if isinstance(item, tuple) and sorted(map(_is_array, item)) == [False, True]:
            raise ValueError(
                f"recording {i} is an array with something beside it; pass the array "
                "alone. Its rate goes into FFTFeaturizer(sr=...)."
            )
        if _is_file(item):
            raise ValueError(
                f"recording {i} is {name_of_file(item)}, and others are arrays or of "
                "another kind; read it first: skmusic.audio.read(path, sr=44100)[0]."
            )


def _refuse_odd_numbers(x, name):
    """Refuse an array whose numbers are no samples, without printing them."""
    if isinstance(x, np.ma.MaskedArray):
        raise ValueError(
            f"{name} is a masked array; say what is to sound where it is masked: "
            "x.filled(0)."
        )
    if getattr(getattr(x, "dtype", None), "kind", "") == "c":
        # The first words are what scikit-learn's own estimators say.
        raise ValueError(f"Complex data not supported: {name}; pass real numbers.")


def _is_file(x):
    """Whether something is a path, the bytes of a file or an open file."""
    kinds = (*_PATH, *_CONTENTS)
    return isinstance(x, kinds) or (hasattr(x, "read") and hasattr(x, "seek"))


def name_of_file(x):
    """What messages call a recording in a file: never its contents."""
    if isinstance(x, _PATH):
        return f"the path {x!r:.80}"
    return f"{len(bytes(x))} bytes" if isinstance(x, _CONTENTS) else "an open file"


def _is_array(x):
    return isinstance(x, np.ndarray) and x.ndim > 0


def _is_listlike(X):
    """Lists and tuples, and one-dimensional arrays or Series of objects or text."""
    if isinstance(X, (list, tuple)):
        return True
    dtype = getattr(X, "dtype", None)
    text = getattr(dtype, "kind", "") in ("O", "U", "S", "T")
    text = text or str(dtype).startswith("str")
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
    if what == "waveform":
        _check_waveform(x, f"recording {i}")
        x = to_full_scale(x, x.dtype)
    return check_array(
        x[:, None] if x.ndim == 1 else x,
        dtype=_DTYPES,
        # An unreadable file has no frames, but no waveform is empty.
        ensure_min_samples=int(what == "waveform" or x.ndim == 1),
        ensure_all_finite=not _is_surely_finite(x),
        input_name=f"recording {i}",
        estimator=estimator,
    )


def _check_waveform(x, name):
    """Refuse what has its channels first, or more than any music has."""
    if x.dtype.kind == "b":
        raise ValueError(f"{name} holds booleans, which are no samples.")
    if x.ndim < 2:
        return
    n_samples, n_channels = x.shape[-2:]
    if n_channels > max(2, n_samples) and n_samples:
        raise ValueError(
            f"{name} has shape {x.shape[-2:]}, which looks channel-first; pass x.T, of "
            "shape (n_samples, n_channels)."
        )
    if n_channels > MOST_CHANNELS:
        raise ValueError(
            f"{name} has {n_channels} channels, the most is {MOST_CHANNELS}; pass an "
            "array of shape (n_samples, n_channels)."
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
    _refuse_odd_numbers(X, "X")
    shape = X.shape if hasattr(X, "shape") else np.asarray(X).shape
    ndim = len(shape)
    dtype = getattr(X, "dtype", None)
    is_samples = what == "waveform" and isinstance(dtype, np.dtype)
    if ndim == 1:
        # The second half is what scikit-learn's own estimators say.
        raise ValueError(
            f"X of shape {shape} is one recording, not a list of them: wrap it in "
            "a list, [x]. (Reshape your data only if it holds several.)"
        )
    if ndim == 2:
        _refuse_bare(X, shape, what)
    if ndim == 3:
        _forget_features(estimator, reset)
        if is_samples:
            _check_waveform(X, "each recording")
        X = check_array(X, dtype=_DTYPES, allow_nd=True, estimator=estimator)
        if 0 in X.shape:
            raise ValueError(f"X has shape {X.shape}: nothing to work on.")
        found = Recordings(list(X), "3d")
    elif ndim > 3:
        raise ValueError(
            f"X has {ndim} dimensions; the most is 3: "
            "(n_recordings, n_samples, n_columns)."
        )
    else:
        X = validate_data(estimator, X, reset=reset, dtype=_DTYPES)
        found = Recordings([row[:, None] for row in X], "2d", flat=True)
    if what != "waveform":
        return found
    if is_samples:
        found = replace(found, items=[to_full_scale(x, dtype) for x in found.items])
    warn_of_peaks(found.items)
    return found


def _refuse_bare(X, shape, what):
    """Refuse a single recording that would be taken for one recording a row."""
    n_rows, n_columns = shape
    if getattr(X, "format", None) is not None or (
        n_rows >= MANY_ROWS and n_columns <= FEW_COLUMNS
    ):
        raise ValueError(
            f"X of shape {shape} is one {what}, and would be taken for "
            f"{n_rows} recordings of {n_columns} numbers; wrap it in a list: [x]."
        )


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
