"""Functions of many recordings, called in threads."""

import os
import warnings
from functools import partial

from joblib import Parallel, delayed, effective_n_jobs


def map_threads(function, items, *more, n_jobs):
    """Results for each item, in threads; one item is not worth a thread.

    With `more` lists, an item of each goes into each call.
    """
    n_jobs = min(effective_n_jobs(n_jobs), len(items))
    run = Parallel(n_jobs=n_jobs, prefer="threads")
    return run(delayed(function)(*args) for args in zip(items, *more, strict=True))


def map_files(function, paths, *more, n_jobs, on_error, one_at_least=True):
    """Result of a function of each path, None for files that cannot be decoded.

    A path may be the contents of a file. An item of each of `more` goes into each call.
    A file that cannot be decoded, a ValueError, is warned of, or raised if `on_error`
    is "raise", or if there is no other and `one_at_least`. One that is missing is
    raised.
    """
    results = map_threads(partial(_attempt, function), paths, *more, n_jobs=n_jobs)
    errors = [r for r in results if isinstance(r, Exception)]
    none = one_at_least and len(errors) == len(paths)
    if errors and (on_error == "raise" or none):
        raise errors[0]
    for error in errors:
        warnings.warn(f"left out: {error}", UserWarning, stacklevel=4)
    return [None if isinstance(r, Exception) else r for r in results]


def _attempt(read, path, *more):
    """Result of `read(path)`, or the error if the file cannot be decoded."""
    if isinstance(path, str) and not os.path.exists(path):
        raise FileNotFoundError(f"{path!r} does not exist; check the path.")
    try:
        return read(path, *more)
    except ValueError as error:
        return error
