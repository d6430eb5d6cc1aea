"""Fields of dataclasses that say what may stand in them.

Each field of what is fitted is declared once, with its shape, type and range; checks
of files and docs read the declaration.
"""

from dataclasses import field

# No number that is learned is as large; products of a few such are still finite.
LARGEST = 1e9


def array(*shape, kind="f", low=-LARGEST, high=LARGEST):
    """Field that holds an array.

    Parameters
    ----------
    *shape : str, int or None
        Length of each axis. A name stands for the same length in all fields of the
        object; None is any length.
    kind : {"f", "i", "b"}
        Floats, integers that fit into 64 bits with a sign, or booleans.
    low, high : float
        Least and greatest value allowed; NaN never is.

    Examples
    --------
    >>> from dataclasses import dataclass, fields
    >>> import numpy as np
    >>> from skmusic.utils.fields import array
    >>> @dataclass
    ... class Units:
    ...     features: np.ndarray = array("n_units", "n_features")
    >>> fields(Units)[0].metadata["shape"]
    ('n_units', 'n_features')
    """
    return field(metadata={"shape": shape, "kind": kind, "low": low, "high": high})


def number(kind, low, high):
    """Field that holds a number: any real ``"f"``, or a whole one ``"i"``."""
    return field(metadata={"kind": kind, "low": low, "high": high})
