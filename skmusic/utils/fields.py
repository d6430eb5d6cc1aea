"""Fields of dataclasses that say what may stand in them.

Each field of what is fitted is declared once, with its shape, type and range; checks
of files and docs read the declaration.
"""

from dataclasses import field

# No number that is learned is as large; products of a few such are still finite.
LARGEST = 1e9


def array(*shape, kind="f", low=-LARGEST, high=LARGEST):
    """Field that holds an array, of floats ``"f"`` or integers ``"i"``.

    `shape` has the length of each axis. A name stands for the same length in all fields
    of the object; None is any length. NaN is never from `low` to `high`.
    """
    return field(metadata={"shape": shape, "kind": kind, "low": low, "high": high})


def number(kind, low, high):
    """Field that holds a number: any real ``"f"``, or a whole one ``"i"``."""
    return field(metadata={"kind": kind, "low": low, "high": high})
