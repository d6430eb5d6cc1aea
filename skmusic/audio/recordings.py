"""What a recording in a file is: a path, the bytes of a file, or an open file."""

import contextlib
import io
import os
from pathlib import Path
from typing import NamedTuple

from skmusic.audio.files import check_regular


class File(NamedTuple):
    """A recording that is not decoded yet."""

    name: str  # as messages have it; never the contents
    path: Path | None
    data: bytes | None  # of what has no path

    @contextlib.contextmanager
    def opened(self):
        """Open it as a seekable binary file; refuse what is no regular file."""
        if self.path is None:
            yield io.BytesIO(self.data)
            return
        check_regular(self.path)
        with self.path.open("rb") as file:
            yield file


def as_file(x):
    """`File` of a path, of the bytes of a file or of an open file; None of all else.

    A binary file object is read here, from its start to its end, so it may be closed
    later. One that is closed, cannot seek or was opened as text is refused.
    """
    if isinstance(x, str | os.PathLike):
        path = Path(os.fsdecode(x))
        return File(f"{str(path)!r}", path, None)
    if isinstance(x, bytes | bytearray | memoryview):
        return File(f"recording of {len(bytes(x))} bytes", None, bytes(x))
    if hasattr(x, "read") and hasattr(x, "seek"):
        name = getattr(x, "name", None)
        name = f"open file {name!r}" if isinstance(name, str) else "open file"
        return File(name, None, _contents(x, name))
    return None


def _contents(file, name):
    if getattr(file, "closed", False):
        raise ValueError(f"{name} is closed; pass it while it is open, or its path")
    if not (hasattr(file, "seekable") and file.seekable()):
        raise ValueError(f"{name} cannot seek, as pipes cannot; pass file.read()")
    if isinstance(file.read(0), str):
        raise ValueError(f"{name} was opened as text; open it with mode 'rb'")
    position = file.tell()
    file.seek(0)
    data = file.read()
    file.seek(position)
    return data
