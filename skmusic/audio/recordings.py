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
        """Open it as a seekable binary file, at its start.

        Raises
        ------
        FileNotFoundError, IsADirectoryError, PermissionError
            If there is no such file, or you may not read it.
        ValueError
            If it is a pipe or a device.
        """
        if self.path is None:
            yield io.BytesIO(self.data)
            return
        check_regular(self.path)
        with self.path.open("rb") as file:
            yield file


def as_file(x):
    """Decide whether something is a recording in a file.

    Parameters
    ----------
    x : object
        A path is a str or `os.PathLike`. Bytes (also bytearray and memoryview) are
        the contents of a file. A binary file object is read here, from its start to
        its end, so it may be closed later.

    Returns
    -------
    File or None
        None for anything else, such as an array.

    Raises
    ------
    ValueError
        If a file object is closed, cannot seek, or was opened as text.

    Examples
    --------
    >>> import io
    >>> from skmusic.audio.recordings import as_file
    >>> as_file("songs/a.wav").name
    "'songs/a.wav'"
    >>> as_file(io.BytesIO(b"RIFF")).data
    b'RIFF'
    >>> as_file([0.1, 0.2]) is None
    True
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
