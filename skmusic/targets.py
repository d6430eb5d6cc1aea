"""Files that the command writes: their names, and whether they can be written."""

import itertools
import os
from pathlib import Path


def find_targets(args):
    """Files to write the pieces to, refusing early what would fail after the fit."""
    out, numbers = args.out, range(1, args.pieces + 1)
    if out is None:  # nobody asked to overwrite: go on after what is there
        for start in itertools.count():
            targets = [Path(f"skmusic-{start + n}.wav") for n in numbers]
            if not any(map(os.path.lexists, targets)):
                break
    elif out.is_dir() or not out.suffix:
        targets = [out / f"piece-{n}.wav" for n in numbers]
    elif args.pieces == 1:
        targets = [out]
    else:
        targets = [out.with_name(f"{out.stem}-{n}{out.suffix}") for n in numbers]
    new_folder = out is not None and not out.suffix and not out.exists()
    for target in [out] if new_folder else targets:
        check_target(target)
    if args.report:
        from skmusic.pictures import check_installed

        check_target(args.report)
        check_installed()
    written = {os.path.realpath(target) for target in targets}
    for path in filter(None, [args.seed, args.mood, *getattr(args, "songs", [])]):
        if os.path.realpath(path) in written:
            raise ValueError(f"{str(path)!r} would be overwritten; choose another -o")
    check_heard(args)
    return targets


def check_heard(args):
    """Refuse recordings to go on from that cannot be read, before much is done."""
    from skmusic import audio

    for path in filter(None, (args.seed, args.mood)):
        audio.info(path)


def check_target(path):
    """Refuse a file, or a folder to be made, that could not be written."""
    folder = Path(os.path.realpath(path)).parent
    if not folder.is_dir():
        raise FileNotFoundError(f"{str(path)!r}: no folder {str(folder)!r}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(f"{str(path)!r}: you may not write in {str(folder)!r}")
    if path.exists() and not path.is_file():
        raise ValueError(f"{str(path)!r} is there and is no regular file")
