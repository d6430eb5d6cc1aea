"""Models and recordings as the command takes them: saved, loaded, described."""

import itertools
import os
from pathlib import Path

from skmusic.cli import arguments
from skmusic.cli.console import say


def save_model(args, pipe, path):
    """Write a model, whole or not at all; return its part of the report."""
    if path.suffix.lower() == ".joblib":
        import joblib

        from skmusic.audio.files import written_whole

        with written_whole(path) as part:
            joblib.dump(pipe, part)
    else:
        from skmusic import save

        save(pipe, path)
    say(args, f"{path}: model")
    return {"model": str(path)}


def load_model(path):
    """Fitted pipeline of a file; of a pickle too, which runs what is in it."""
    if path.suffix.lower() == ".joblib":
        pipe = _unpickled(path)
    else:
        from skmusic import load

        pipe = load(path)
    if not (hasattr(pipe, "sample") and hasattr(pipe, "steps")):
        raise ValueError(
            f"{str(path)!r} is no model made by skmusic fit: it holds a "
            f"{type(pipe).__name__}"
        )
    return pipe


def _unpickled(path):
    import joblib

    try:
        return joblib.load(path)
    except OSError:
        raise
    except Exception as error:  # unpickling what is no pickle may raise anything
        raise ValueError(
            f"{str(path)!r} is no model made by skmusic fit ({error!r})"
        ) from error


def describe(path):
    """Facts of a recording or a model."""
    from skmusic import audio

    if path.suffix.lower() in arguments.MODELS:
        return {"path": str(path), "steps": parameters(load_model(path))}
    return audio.info(path) | {"path": str(path)}


def in_one_line(about):
    """Facts in one line."""
    if "steps" in about:
        steps = (
            f"{name}({', '.join(f'{k}={v!r}' for k, v in params.items())})"
            for name, params in about["steps"].items()
        )
        return f"{about['path']}: model, {' + '.join(steps)}"
    return (
        "{path}: {format} {subtype}, {sr} Hz, {channels} channel{s}, {seconds:.2f} s"
    ).format(**about, s="s"[: about["channels"] != 1])


def parameters(pipe):
    """Parameters of the steps, by the names of their classes."""
    return {type(step).__name__: step.get_params(deep=False) for _, step in pipe.steps}


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
        from skmusic.display.html import check_installed

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
