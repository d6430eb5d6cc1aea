"""Hostile model files, made from a good one: `damaged` and `forged`."""

import copy
import hashlib
import json
import re
import struct

import numpy as np

HUGE = [-1, 0, 1, 7, 2**15, 2**31 - 1, 2**31, 2**63, 2**100, 1e-320, 1e38, 1e300, -1.0]
ODD = [
    None, True, "", "x", "../../etc/passwd", "os.system", [], {}, [[]],
    {"float": "nan"}, {"float": "inf"}, {"tuple": []}, {"dict": {}}, {"strings": ["a"]},
    {"new": "os.system", "fields": {"command": "false"}},
    {"new": "subprocess.Popen", "params": {"args": "false"}, "fitted": {}},
    {"new": "FrameFormat", "fields": {}},
    {"new": "FrameFormat", "fields": {"N": 2**20, "hop_length": 1, "sr": 1e9}},
    {"new": "FrameFormat", "fields": {"N": 4, "hop_length": 2, "window": "dpss"}},
    {"new": "Pipeline", "params": {"steps": []}, "fitted": {}},
    {"new": "FFTFeaturizer", "params": {"n_jobs": 10**6}, "fitted": {}},
    {"new": "FFTFeaturizer", "params": {"N": 2**40}, "fitted": {}},
    {"new": "FFTFeaturizer", "params": {}, "fitted": {"transform": 1}},
    {"new": "FFTFeaturizer", "params": {}, "fitted": {"__class__": 1}},
    {"new": "StatefulLSTMGenerator", "params": {}, "fitted": {"synthesis_": None}},
    {"new": "Pipeline", "params": {"steps": [], "memory": "/tmp"}, "fitted": {}},
]  # fmt: skip
TYPES = {
    "BOOL": 1, "U8": 1, "I8": 1, "I16": 2, "F16": 2, "BF16": 2, "I32": 4, "F32": 4,
    "I64": 8, "U64": 8, "F64": 8, "F8_E4M3": 1, "C64": 8, "X": 1,
}  # fmt: skip


def resealed(raw):
    """The bytes of a file with a checksum that is right again."""
    found = re.search(rb'"sha256":"([0-9a-f]{64})"', raw)
    if not found:
        return bytes(raw)
    start, end = found.span(1)
    digest = hashlib.sha256(raw[:start] + b"0" * 64 + raw[end:]).hexdigest()
    return bytes(raw[:start] + digest.encode() + raw[end:])


def opened(raw):
    """Header, content and array bytes of a good file."""
    end = 8 + struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:end])
    return header, json.loads(header["__metadata__"]["content"]), bytearray(raw[end:])


def closed(header, content, body, edit=lambda text: text):
    """A sealed file of these; `edit` may change the header's text."""
    header = copy.deepcopy(header)
    if isinstance(header.get("__metadata__"), dict) and content is not None:
        header["__metadata__"]["content"] = json.dumps(content)
    text = edit(json.dumps(header, separators=(",", ":")).encode())
    return resealed(struct.pack("<Q", len(text)) + text + bytes(body))


def damaged(raw, rng):
    """What happens to files: its name, and the bytes."""
    raw = bytearray(raw)
    kind = rng.choice(["flip", "flips", "cut", "more", "hole", "swap", "length"])
    i, j = sorted(rng.integers(len(raw), size=2))
    if kind == "flip":
        raw[i] ^= 1 << int(rng.integers(8))
    elif kind == "flips":
        for k in rng.integers(len(raw), size=int(rng.integers(2, 200))):
            raw[k] ^= 1 << int(rng.integers(8))
    elif kind == "cut":
        del raw[i:]
    elif kind == "more":
        raw += rng.bytes(int(rng.integers(1, 1000)))
    elif kind == "hole":
        raw[i : j + 1] = bytes(b ^ 0xFF for b in raw[i : j + 1])
    elif kind == "swap":
        half = (j - i) // 2 or 1
        raw[i : i + half], raw[j : j + half] = raw[j : j + half], raw[i : i + half]
        raw += b"!"
    else:
        claims = [0, 1, 7, 100, len(raw), 2**22, 2**22 + 1, 2**31, 2**63, 2**64 - 1]
        raw[:8] = struct.pack("<Q", claims[rng.integers(len(claims))])
    return str(kind), bytes(raw)


def forged(raw, rng):
    """What a forger makes, with a right checksum: its name, and the bytes."""
    kind = rng.choice(list(FORGERIES))
    return str(kind), FORGERIES[kind](raw, rng)


def _places(node, found):
    """Every (container, key) within a description."""
    if isinstance(node, (list, dict)):
        for key in range(len(node)) if isinstance(node, list) else list(node):
            found.append((node, key))
            _places(node[key], found)
    return found


def _any(items, rng):
    return items[int(rng.integers(len(items)))]


def _value(raw, rng):
    header, content, body = opened(raw)
    node, key = _any(_places(content, []), rng)
    node[key] = copy.deepcopy(_any(HUGE + ODD, rng))
    return closed(header, content, body)


def _swapped(raw, rng):
    header, content, body = opened(raw)
    places = _places(content, [])
    (a, i), (b, j) = _any(places, rng), _any(places, rng)
    a[i], b[j] = copy.deepcopy(b[j]), copy.deepcopy(a[i])
    return closed(header, content, body)


def _key(raw, rng):
    header, content, body = opened(raw)
    node, key = _any(_places(content, []), rng)
    if isinstance(node, list) or rng.random() < 0.4:
        del node[key]
    else:
        names = ["x", "__class__", "__init__", "sample", "_flat", "n_jobs", "callbacks"]
        node[_any([*names, key.upper()], rng)] = node.pop(key)
    return closed(header, content, body)


def _twice(raw, rng):
    header, content, body = opened(raw)
    key = _any(list(header), rng).encode()
    mark = b'"' + key + b'":'
    value = _any([b"{}", b'{"dtype":"F32","shape":[],"data_offsets":[0,4]}'], rng)
    return closed(header, content, body, lambda t: t[:1] + mark + value + b"," + t[1:])


def _deep(raw, rng):
    header, _, body = opened(raw)
    depth = _any([20, 40, 500, 5000, 200_000], rng)
    left, right = _any([("[", "]"), ('{"dict":{"a":', "}}"), ('{"tuple":[', "]}")], rng)
    text = json.dumps(left * depth + right * depth).encode()
    old = json.dumps(header["__metadata__"]["content"]).encode()
    return closed(header, None, body, lambda t: t.replace(old, text))


def _bits(raw, rng):
    """Bytes of one array, or the header, as chance has them."""
    header, content, body = opened(raw)
    if rng.random() < 0.3:
        end = 8 + struct.unpack("<Q", raw[:8])[0]
        changed = bytearray(raw)
        for k in rng.integers(8, end, size=int(rng.integers(1, 4))):
            changed[k] ^= 1 << int(rng.integers(8))
        return resealed(changed)
    start, stop = _array(header, rng)[1]["data_offsets"]
    if stop > start:
        for k in rng.integers(start, stop, size=int(rng.integers(1, 50))):
            body[k] = int(rng.integers(256))
    return closed(header, content, body)


def _array(header, rng):
    names = [name for name in header if name != "__metadata__"]
    name = _any(names, rng)
    return name, header[name]


def _numbers(raw, rng):
    """Numbers of one array that are out of range."""
    header, content, body = opened(raw)
    about = _array(header, rng)[1]
    start, stop = about["data_offsets"]
    kinds = {"F": "f", "I": "i", "U": "u", "B": "u"}
    dtype = np.dtype(f"<{kinds[about['dtype'][0]]}{TYPES[about['dtype']]}")
    x = np.frombuffer(body[start:stop], dtype).copy()
    if len(x):
        if dtype.kind == "f":
            limit = np.finfo(dtype)
            odd = [np.nan, np.inf, -np.inf, limit.max, limit.min, 0, -1, limit.tiny]
        else:
            limit = np.iinfo(dtype)
            odd = [limit.min, limit.max, 0, 1, limit.max // 2, min(len(x), limit.max)]
        where = rng.integers(len(x), size=int(_any([1, 2, 10, 10_000], rng)))
        x[where if rng.random() < 0.8 else slice(None)] = _any(odd, rng)
    body[start:stop] = x.tobytes()
    return closed(header, content, body)


def _shape(raw, rng):
    header, content, body = opened(raw)
    about = _array(header, rng)[1]
    shape = about["shape"]
    size = int(np.prod(shape))
    choices = [
        shape[::-1], [size], [1, *shape], [*shape, 1], [0, *shape], [2**40], [2**63, 2],
        [2**32, 2**32], [-1], [1] * 70, [size, 1], [], [1.5], "x", [size + 1],
    ]  # fmt: skip
    about["shape"] = _any(choices, rng)
    return closed(header, content, body)


def _dtype(raw, rng):
    """Another type for the same bytes, or for the same shape."""
    header, content, body = opened(raw)
    about = _array(header, rng)[1]
    old, new = about["dtype"], _any(list(TYPES), rng)
    about["dtype"] = new
    if about["shape"] and rng.random() < 0.7:
        about["shape"][-1] = about["shape"][-1] * TYPES[old] // TYPES[new]
    return closed(header, content, body)


def _offsets(raw, rng):
    header, content, body = opened(raw)
    about = _array(header, rng)[1]
    start, stop = about["data_offsets"]
    choices = [
        [start + 1, stop + 1], [stop, start], [0, stop - start], [0, 2**63], [-1, stop],
        [start, stop - 1], [len(body), len(body) + stop - start], [0], "x", [0, 1e9],
    ]  # fmt: skip
    about["data_offsets"] = _any(choices, rng)
    return closed(header, content, body)


def _resized(raw, rng):
    """One array shorter or longer by rows, everything else in order."""
    header, content, body = opened(raw)
    name, about = _array(header, rng)
    start, stop = about["data_offsets"]
    shape = about["shape"]
    row = (stop - start) // (shape[0] if shape and shape[0] else 1)
    rows = int(_any([0, 1, 2, (shape or [1])[0] - 1, (shape or [1])[0] + 1], rng))
    part = bytes(body[start:stop])
    part = (part + part[:row] * max(0, rows))[: max(0, rows) * row]
    about["shape"] = [max(0, rows), *shape[1:]]
    body[start:stop] = part
    shift = len(part) - (stop - start)
    about["data_offsets"] = [start, start + len(part)]
    for other, info in header.items():
        if other not in ("__metadata__", name) and info["data_offsets"][0] >= stop:
            info["data_offsets"] = [place + shift for place in info["data_offsets"]]
    return closed(header, content, body)


def _metadata(raw, rng):
    header, _, body = opened(raw)
    about = header["__metadata__"]
    key = _any(list(about), rng)
    odd = ["", "2", "-1", "1e9", "[]", "{}", "null", "NaN", '"x"', "9" * 5000, "\udcff"]
    about[key] = _any([*odd, None, 1, [], {}], rng)
    return closed(header, None, body)


FORGERIES = {
    "value": _value,
    "swapped": _swapped,
    "key": _key,
    "twice": _twice,
    "deep": _deep,
    "bits": _bits,
    "numbers": _numbers,
    "shape": _shape,
    "dtype": _dtype,
    "offsets": _offsets,
    "resized": _resized,
    "metadata": _metadata,
}
