"""Values as plain JSON beside arrays, and back, without any code.

==================================  ===========================================
null, true, number, string, list    themselves
``{"tuple": [...]}``                tuple
``{"dict": {...}}``                 dict with strings as keys
``{"float": "nan"}``                nan, inf or -inf
``{"array": name, "order": "F"}``   array of that name; "F" where its transpose
                                    is stored
``{"scalar": name}``                numpy scalar, an array without axes
``{"strings": [...]}``              array of strings
``{"new": class, part: {...}}``     object of a known class, made of its parts
==================================  ===========================================
"""

import numpy as np

_DEEPEST = 32
# Objects of a model at most: each takes some time to be made and checked.
_MOST_OBJECTS = 32


def describe(value, name, arrays, parts_of):
    """Describe a value.

    Parameters
    ----------
    value : object
        Of the kinds in the table above.
    name : str
        Of the value; its arrays are called after it.
    arrays : dict of str to ndarray
        Its arrays join these.
    parts_of : callable
        Gives class name and parts, a dict of dicts, of an object; None of others.

    Returns
    -------
    object
        For `json`.

    Raises
    ------
    ValueError
        If something in it is of no such kind.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.persistence.description import build, describe
    >>> arrays = {}
    >>> content = describe((1, np.zeros(3)), "x", arrays, lambda value: None)
    >>> content
    {'tuple': [1, {'array': 'x.1', 'order': 'C'}]}
    >>> build(content, arrays, None)
    (1, array([0., 0., 0.]))
    """
    known = {}  # arrays that stand in several places are stored once

    def inner(values, name):
        return [described(v, f"{name}.{i}") for i, v in enumerate(values)]

    def named(mapping, name):
        return {k: described(v, f"{name}.{k}") for k, v in mapping.items()}

    def described(value, name):
        kind = type(value)
        if kind is float and not np.isfinite(value):
            return {"float": str(value)}
        if value is None or kind in (bool, int, float, str):
            return value
        if kind is list:
            return inner(value, name)
        if kind is tuple:
            return {"tuple": inner(value, name)}
        if kind is dict and all(type(key) is str for key in value):
            return {"dict": named(value, name)}
        if isinstance(value, np.generic) and _is_plain(value.dtype):
            arrays[name] = np.asarray(value)
            return {"scalar": name}
        if kind is np.ndarray and _is_plain(value.dtype):
            if id(value) not in known:
                flipped = value.flags.f_contiguous and not value.flags.c_contiguous
                arrays[name] = value.T if flipped else value
                known[id(value)] = {"array": name, "order": "F" if flipped else "C"}
            return known[id(value)]
        if (
            kind is np.ndarray
            and value.ndim == 1
            and all(type(v) is str for v in value)
        ):
            return {"strings": value.tolist()}
        if (made_of := parts_of(value)) is not None:
            cls, parts = made_of
            return {"new": cls} | {k: named(part, name) for k, part in parts.items()}
        raise ValueError(
            f"{name} is {value!r:.60} (a {kind.__name__}), which cannot be described "
            "in numbers; replace it by plain numbers or None (set_params)"
        )

    return described(value, name)


def _is_plain(dtype):
    return dtype.kind in "biuf" and dtype.itemsize <= 8


def build(content, arrays, new):
    """Build the value that a description stands for.

    `content` is as `describe` made it, or anything else that `json` gives. Each of the
    arrays must be named at least once; ``new`` makes an object of a class name and
    parts. All else is a ValueError.
    """
    used, names = {}, []

    def counted(name, parts):
        names.append(name)
        if len(names) > _MOST_OBJECTS:
            raise ValueError(f"it has more than {_MOST_OBJECTS} parts")
        return new(name, parts)

    value = _value(content, arrays, used, counted, _DEEPEST)
    if left := arrays.keys() - {name for name, _ in used}:
        raise ValueError(f"the array {min(left)!r:.60} has no place in it")
    return value


def _value(node, arrays, used, new, depth):
    if not depth:
        raise ValueError(f"it is nested deeper than {_DEEPEST}")

    def inner(nodes):
        return [_value(n, arrays, used, new, depth - 1) for n in nodes]

    def named(nodes):
        return dict(zip(nodes, inner(nodes.values()), strict=True))

    def array(name, order):
        if name not in arrays:
            raise ValueError(f"the array {name!r:.60} is missing")
        x = arrays[name]
        # One object for all places, as it was.
        return used.setdefault((name, order), x.T if order == "F" else x)

    if isinstance(node, list):
        return inner(node)
    if isinstance(node, float) and not np.isfinite(node):  # such as 1e999
        raise ValueError(f"{node} is no number")
    if not isinstance(node, dict):
        return node
    match node:
        case {"new": str(name), **parts} if all(map(_is_dict, parts.values())):
            return new(name, {k: named(part) for k, part in parts.items()})
        case {"array": str(name), "order": "C" | "F" as order} if len(node) == 2:
            return array(name, order)
        case _ if len(node) != 1:
            pass
        case {"tuple": list(nodes)}:
            return tuple(inner(nodes))
        case {"dict": dict(nodes)}:
            return named(nodes)
        case {"float": "nan" | "inf" | "-inf" as text}:
            return float(text)
        case {"scalar": str(name)}:
            return array(name, "C").reshape(())[()]
        case {"strings": list(texts)} if all(isinstance(t, str) for t in texts):
            return np.array(texts, dtype=object)
    raise ValueError(f"{node!r:.60} in its description stands for nothing")


def _is_dict(x):
    return isinstance(x, dict)
