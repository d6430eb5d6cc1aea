"""Files that the command will write, tried before anything is learned."""

import contextlib
import os
import tempfile
from pathlib import Path

from skmusic.cli.models import free_names
from skmusic.cli.recordings import check_heard


def find_targets(args):
    """Files to write the pieces to, refusing early what would fail after the fit."""
    out = args.out
    if out is None:
        targets = free_names(Path(), ".wav", args.pieces)
    elif out.is_dir() or not out.suffix:
        targets = [out / f"piece-{n + 1}.wav" for n in range(args.pieces)]
    elif args.pieces == 1:
        targets = [out]
    else:
        names = (f"{out.stem}-{n + 1}{out.suffix}" for n in range(args.pieces))
        targets = [out.with_name(name) for name in names]
    new_folder = out is not None and not out.suffix and not out.exists()
    for target in [out] if new_folder else targets:
        check_target(target)
    if args.report:
        from skmusic.display.html import check_installed

        check_target(args.report)
        check_installed()
    written = {os.path.realpath(target) for target in targets}
    for path in filter(None, [args.seed, args.mood, *getattr(args, "songs", [])]):
        if os.path.realpath(path) in written:
            raise ValueError(f"{str(path)!r} would be overwritten; choose another -o")
    check_heard(args)
    if args.play:
        from skmusic.audio.players import check_player

        check_player()
    return targets


def check_target(path):
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
    # Rights alone do not tell: a disk may be read-only, a folder of the system.
    try:
        with contextlib.suppress(FileNotFoundError):
            os.lstat(path)  # is the name too long?
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".", suffix=".part"):
            pass
    except OSError as error:
        raise OSError(f"{str(path)!r} cannot be written ({error.strerror})") from error
