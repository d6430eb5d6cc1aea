"""Refuse arrays and numbers that later steps could not work with.

What is learned comes from `fit` and is sound; what is read from a file may be
anything. The dataclasses of the package have a method ``check`` made of these.
"""

from dataclasses import fields, is_dataclass
from numbers import Integral, Real

import numpy as np

# No number that is learned is as large; products of a few such are still finite.
LARGEST = 1e9


def check_array(name, x, shape, kind="f", low=-LARGEST, high=LARGEST):
    """Refuse what is not an array of such a shape, type and range.

    Parameters
    ----------
    name : str
        Of the array, for the message.
    x : object
        What should be an array.
    shape : tuple of int or None
        None leaves the length of an axis open.
    kind : {"f", "i", "b"}
        Floats, integers that fit into 64 bits with a sign, or booleans.
    low, high : float
        Least and greatest value allowed; NaN never is.

    Raises
    ------
    ValueError
        If it is anything else.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.utils.checks import check_array
    >>> check_array("tokens", np.array([0, 7]), (None,), "i", 0, 5)
    Traceback (most recent call last):
        ...
    ValueError: tokens holds values from 0 to 7; 0 to 5 are possible.
    """
    kinds = {"f": "f", "i": "iu", "b": "b"}[kind]
    known = isinstance(x, np.ndarray) and x.dtype.kind in kinds
    # Unsigned integers of 64 bits cannot be indices.
    if not known or (kind == "i" and not np.can_cast(x.dtype, np.int64)):
        raise ValueError(f"{name} is {_of_type(x)}, not an array of kind {kind!r}.")
    if x.ndim != len(shape) or any(
        n not in (None, m) for n, m in zip(shape, x.shape, strict=True)
    ):
        wanted = ", ".join("any" if n is None else str(n) for n in shape)
        raise ValueError(f"{name} has shape {x.shape} where ({wanted}) is needed.")
    if x.size and kind != "b":
        least, greatest = _extremes(x)
        if not (low <= least and greatest <= high):  # NaN is neither
            raise ValueError(
                f"{name} holds values from {least} to {greatest}; "
                f"{low} to {high} are possible."
            )


def check_number(name, x, kind, low, high):
    """Refuse what is not a number of such a kind and range.

    Parameters
    ----------
    name : str
        Of the number, for the message.
    x : object
        What should be a number.
    kind : {"f", "i"}
        Any real number, or a whole one.
    low, high : float
        Least and greatest value allowed.

    Raises
    ------
    ValueError
        If it is anything else.

    Examples
    --------
    >>> from skmusic.utils.checks import check_number
    >>> check_number("gain", 0.5, "f", 0, 1)
    >>> check_number("gain", float("nan"), "f", 0, 1)
    Traceback (most recent call last):
        ...
    ValueError: gain is nan; 0 to 1 are possible.
    """
    wanted = {"f": Real, "i": Integral}[kind]
    if not isinstance(x, wanted) or isinstance(x, bool):
        raise ValueError(f"{name} is {_of_type(x)}, not a number of kind {kind!r}.")
    if not low <= x <= high:
        raise ValueError(f"{name} is {x}; {low} to {high} are possible.")


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

    Examples
    --------
    >>> from skmusic.utils.checks import check_fields
    >>> from skmusic.spectra.frames import Layout
    >>> old = Layout(2, 2, 1025, 1)
    >>> del vars(old)["n_bins"]
    >>> check_fields(old)
    Traceback (most recent call last):
        ...
    ValueError: Layout.n_bins is missing: another version of skmusic saved it; ...
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


def _of_type(x):
    return f"an array of {x.dtype}" if isinstance(x, np.ndarray) else f"{x!r:.60}"


def _extremes(x):
    """Least and greatest value; NaN comes out where there is one."""
    if x.dtype != np.float16:
        return x.min().item(), x.max().item()
    # Half precision is slow to compare; its bits are ordered by magnitude.
    bits = x.view(np.uint16)
    lowest, highest, positive = bits.min(), bits.max(), bits.view(np.int16).max()
    least = highest if highest >= 0x8000 else lowest
    greatest = positive.astype(np.uint16) if positive >= 0 else lowest
    return least.view(np.float16).item(), greatest.view(np.float16).item()
