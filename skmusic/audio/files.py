"""Find recordings by their names; write files whole or not at all."""

import contextlib
import os
import uuid
import warnings
from collections.abc import Iterable
from pathlib import Path

import soundfile as sf

from skmusic.utils.types import Name

MPEG4 = {".m4a", ".m4b", ".m4r", ".mp4", ".aac", ".mov", ".3gp"}

# libsndfile names its formats after their usual suffix; the rest are synonyms. A search
# leaves out raw files, which have no header, and Matlab files, which are rarely sound.
SUFFIXES = tuple(
    sorted(
        {f".{name.lower()}" for name in sf.available_formats()}
        - {".raw", ".mat4", ".mat5"}
        | {".aif", ".aifc", ".bwf", ".iff", ".oga", ".opus", ".sf", ".snd", ".wave"}
        | MPEG4
    )
)
# Names of sound that cannot be read, of which a search tells.
_UNREADABLE = (
    ".3g2", ".aa", ".aax", ".ac3", ".amr", ".ape", ".asf", ".avi", ".dff", ".dsf",
    ".dts", ".flv", ".it", ".m4p", ".mid", ".midi", ".mka", ".mkv", ".mod", ".mpc",
    ".ofr", ".ra", ".ram", ".rm", ".s3m", ".shn", ".spx", ".tak", ".tta", ".webm",
    ".weba", ".wma", ".wv", ".xm",
)  # fmt: skip


def find(
    paths: Name | Iterable[Name], ignore: Name | Iterable[Name] = ()
) -> list[Path]:
    """Find recordings by name.

    Parameters
    ----------
    paths : str, path or iterable of these
        Files are kept, whatever their suffix. Folders are searched, with all their
        subfolders, for files with one of the `SUFFIXES` in upper or lower case. Hidden
        files and folders (a leading dot) are skipped. Links are followed, but no
        folder is searched twice.
    ignore : str, path or iterable of these, default=()
        Files and folders to leave out.

    Returns
    -------
    list of pathlib.Path
        In the order of `paths`; those of a folder are sorted by name.

    Raises
    ------
    FileNotFoundError
        If a path does not exist.
    ValueError
        If a folder holds no recording.

    Warns
    -----
    UserWarning
        Which files of a folder are sound of a kind that cannot be read, by name.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in "b.wav", "a.MP3", "notes.txt":
    ...         Path(folder, name).touch()
    ...     [path.name for path in find(folder)]
    ['a.MP3', 'b.wav']
    """
    ignored = {real_path(path) for path in _as_paths(ignore)}
    found, skipped = [], []
    for path in _as_paths(paths):
        if not path.exists():
            raise FileNotFoundError(f"{str(path)!r}: no such file or folder")
        is_folder = path.is_dir()
        wanted = [
            file
            for file in (_walk(path, set()) if is_folder else [path])
            if ignored.isdisjoint([real_path(file), *real_path(file).parents])
        ]
        if is_folder:
            skipped += [f.name for f in wanted if f.suffix.lower() in _UNREADABLE]
            wanted = [f for f in wanted if f.suffix.lower() in SUFFIXES]
        if is_folder and not wanted:
            _tell_of_skipped(skipped)
            raise ValueError(
                f"folder {str(path)!r} holds no recording, no file named *.wav, "
                "*.flac, *.ogg, *.mp3, *.m4a or alike; name other files one by one"
            )
        found += wanted
    _tell_of_skipped(skipped)
    return found


def _tell_of_skipped(names):
    if not names:
        return
    shown = ", ".join(names[:5]) + ", ..." * (len(names) > 5)
    files = "1 file" if len(names) == 1 else f"{len(names)} files"
    warnings.warn(
        f"skipped {files} of a kind that cannot be read: {shown}", stacklevel=3
    )


def check_regular(path):
    """Refuse what is no file: also pipes and devices, which might hang when opened."""
    if not path.exists():
        raise FileNotFoundError(f"{str(path)!r}: no such file")
    if path.is_dir():
        raise IsADirectoryError(
            f"{str(path)!r} is a folder; pass a file (skmusic.audio.find lists them)"
        )
    if not path.is_file():
        raise ValueError(f"{str(path)!r} is a pipe or a device; pass a regular file")


@contextlib.contextmanager
def written_whole(path):
    """Name a hidden file in the same folder; it becomes `path` when the block ends.

    If the block fails, an older file stays as it was and the new one is deleted. If
    `path` is a link, the file that it points to is replaced. A missing folder is
    refused, and a `path` that is a folder, a pipe or a device.
    """
    target = real_path(path)
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"{str(path)!r}: no folder {str(target.parent)!r}; make it first"
        )
    if target.exists():
        check_regular(target)
    # With something added, the name of the target might be too long.
    part = target.with_name(f".{uuid.uuid4().hex}.part")
    try:
        yield part
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def _as_paths(paths):
    """Return one path or an iterable of paths as a list of Paths."""
    one = isinstance(paths, str | os.PathLike)
    return [Path(path) for path in ([paths] if one else paths)]


def _walk(folder, seen):
    """Yield the files in a folder and its subfolders, sorted by name."""
    if real_path(folder) in seen:  # links may lead in a circle
        return
    seen.add(real_path(folder))
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _walk(path, seen)
        elif path.is_file():
            yield path


def real_path(path):
    """Return the absolute path without links; Path.resolve raises for circles."""
    return Path(os.path.realpath(path))


def native_name(path):
    """Return the name for libsndfile; as str only UTF-8 names would pass on POSIX."""
    return str(path) if os.name == "nt" else os.fsencode(path)
