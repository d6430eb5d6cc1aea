"""Arrays and a description of them in one checked file that holds no code.

The file is of the format safetensors, so that its arrays can be looked at with any
tool for that::

    8 bytes      length of the header, little-endian
    header       JSON: name, type, shape and place of each array; in
                 ``__metadata__``, which holds only strings:
                     format    "skmusic"
                     version   of this layout, "1"
                     made_with versions of skmusic, numpy, scikit-learn: JSON
                     content   what the arrays are: JSON, see `saving`
                     sha256    of the whole file, the 64 digits themselves being 0
    the rest     the arrays, little-endian, one after another without gaps

Why so, measured on a model of 96 MB (two cores, best of three, more in
``benchmarks/speed.py``): joblib writes 96.08 MB and reads it in 0.02 s, but
reading runs any code that is in the file. skops, in place of pickle, wrote 96.15 MB
and read them in 0.10 s; its file names the classes to make, it has had several faults
by which a file ran code when it was loaded (CVE-2024-37065, CVE-2025-54412,
CVE-2025-54413), and it does not look at what the arrays hold, which has to be done
here either way. safetensors wrote 96.08 MB, is read in 0.07 s, 0.11 s with the
checksum, knows nothing but arrays, and has a reader that refuses gaps, overlaps and
lengths beyond the file. A ``.npz`` has no more, and is a zip besides: compression,
names and lengths that can be forged in two places.

The checksum tells damage, not malice: who forges a file can also compute it anew.
"""

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from skmusic.audio.files import check_regular, written_whole

VERSION = 1
# Bytes of a header at most; one of ours has about ten thousand.
_MOST_HEADER = 1 << 22
_DIGEST = re.compile(rb'"sha256":"([0-9a-f]{64})"')
_REMEDY = "ask for the file anew"


def write_archive(path, arrays, content, made_with):
    """Write arrays, a dict of booleans, integers or floats, whole or not at all.

    `content` tells what they are, for `json`; `made_with` has versions.
    """
    metadata = {
        "format": "skmusic",
        "version": str(VERSION),
        "made_with": json.dumps(made_with),
        "content": json.dumps(content, allow_nan=False),
        "sha256": "0" * 64,
    }
    # In order: of others safetensors would take the memory as it lies.
    arrays = {k: np.ascontiguousarray(x).reshape(x.shape) for k, x in arrays.items()}
    raw = safetensors.numpy.save(arrays, metadata)
    start, digest = _digest(raw)
    with written_whole(path) as part, part.open("wb") as file:
        for piece in (raw[:start], digest.encode(), memoryview(raw)[start + 64 :]):
            file.write(piece)


def read_archive(path):
    """Read arrays, content and versions that `write_archive` wrote.

    Memory is bounded by twice the size of the file and some 200 MB. What is no such
    file, of a later version or damaged is a ValueError.
    """
    check_header(path)  # before all of a wrong file is read
    raw = Path(path).read_bytes()
    metadata = _metadata(raw)
    start, digest = _digest(raw)
    if raw[start : start + 64] != digest.encode():
        raise ValueError(f"it is damaged: its checksum is another; {_REMEDY}")
    try:
        arrays = safetensors.numpy.load(raw)
    except (SafetensorError, KeyError, ValueError, OverflowError) as error:
        raise ValueError(f"its arrays cannot be read ({error}); {_REMEDY}") from error
    for name, x in arrays.items():
        # numpy counts on it, and may crash where it is not so.
        if x.dtype == bool and x.size and x.view(np.uint8).max() > 1:
            raise ValueError(f"{name} holds bytes that are no booleans; {_REMEDY}")
    return (arrays, *(_parsed(metadata.get(k)) for k in ("content", "made_with")))


def check_header(path):
    """Refuse what is no such file by its first bytes alone, as `read_archive` does."""
    path = Path(path)
    check_regular(path)
    with path.open("rb", buffering=0) as file:
        _metadata(file.read(8 + _MOST_HEADER))


def _metadata(start):
    """Metadata of a file of a version that is known."""
    length = int.from_bytes(start[:8], "little")
    if length > _MOST_HEADER or start[8:9] != b"{":
        raise ValueError("it is no skmusic model")
    header = _parsed(start[8 : 8 + length])
    metadata = header.get("__metadata__") if isinstance(header, dict) else None
    if not isinstance(metadata, dict) or metadata.get("format") != "skmusic":
        raise ValueError("it is no skmusic model")
    version = metadata.get("version")
    if version != str(VERSION):
        raise ValueError(
            f"its format is version {version!r:.20}, this skmusic knows {VERSION}; "
            "update skmusic"
        )
    return metadata


def _digest(raw):
    """Where the checksum of a file stands, and what it should be."""
    end = 8 + int.from_bytes(raw[:8], "little")
    found = list(_DIGEST.finditer(raw, 8, end))
    if len(found) != 1:
        raise ValueError(f"it has {len(found)} checksums where it should have one")
    start = found[0].start(1)
    total = hashlib.sha256(raw[:start])
    total.update(b"0" * 64)
    total.update(memoryview(raw)[start + 64 :])
    return start, total.hexdigest()


def _parsed(text):
    try:
        return json.loads(
            text, object_pairs_hook=_without_repeats, parse_constant=_no_number
        )
    except (ValueError, TypeError, RecursionError) as error:
        reason = f"its header cannot be read ({error!s:.80}); {_REMEDY}"
        raise ValueError(reason) from error


def _without_repeats(pairs):
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _no_number(text):
    raise ValueError(f"{text} is no number")
