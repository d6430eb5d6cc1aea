"""Choose the files to write, and try to write there before anything is learned."""

import contextlib
import os
import tempfile
from pathlib import Path

from skmusic.cli.models import free_names
from skmusic.cli.recordings import check_seeds, recordings_given


def find_output_paths(args):
    """Choose the files for the pieces; refuse what would fail after learning."""
    out = args.out
    if out is None:
        paths = free_names(Path(), ".wav", args.pieces)
    elif out.is_dir() or not out.suffix:
        paths = [out / f"piece-{n + 1}.wav" for n in range(args.pieces)]
    elif args.pieces == 1:
        paths = [out]
    else:
        names = (f"{out.stem}-{n + 1}{out.suffix}" for n in range(args.pieces))
        paths = [out.with_name(name) for name in names]
    if args.loop:
        from skmusic.audio.encoding import check_looped
        from skmusic.synthesis.looping import LEAST_SECONDS

        check_looped(paths[0])
        if args.seconds < LEAST_SECONDS:
            raise ValueError(
                f"--loop takes --seconds {LEAST_SECONDS} or more, not {args.seconds:g}"
            )
    new_folder = out is not None and not out.suffix and not out.exists()
    for path in [out] if new_folder else paths:
        check_output_path(path)
    if args.report:
        check_output_path(args.report)
        from skmusic.display.html import check_installed

        check_installed()
    written = set(map(os.path.realpath, paths))
    given = [path for _, path in recordings_given(args)]
    for path in [*given, *getattr(args, "songs", [])]:
        if os.path.realpath(path) in written:
            raise ValueError(f"{str(path)!r} would be overwritten; choose another -o")
    check_seeds(args)
    if args.play:
        from skmusic.audio.players import check_player

        check_player()
    return paths


def check_output_path(path):
    """Refuse a file, or a folder to be made, that could not be written: try it."""
    folder = Path(os.path.realpath(path)).parent
    if not folder.is_dir():
        raise FileNotFoundError(f"{str(path)!r}: no folder {str(folder)!r}")
    if path.exists() and not path.is_file():
        raise ValueError(f"{str(path)!r} is there and is no regular file")
    _try_writing(folder, path)


def check_checkpoint(folder):
    """Refuse a folder for checkpoints that could not be made or written."""
    there = Path(os.path.realpath(folder))
    while not os.path.lexists(there):
        there = there.parent
    if not there.is_dir():
        raise NotADirectoryError(f"{str(folder)!r}: {str(there)!r} is no folder")
    _try_writing(there, folder)


def _try_writing(folder, path):
    # Permissions are not enough: the disk may be read-only, or the folder virtual.
    try:
        with contextlib.suppress(FileNotFoundError):
            os.lstat(path)  # is the name too long?
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".", suffix=".part"):
            pass
    except OSError as error:
        raise OSError(f"{str(path)!r} cannot be written ({error.strerror})") from error
