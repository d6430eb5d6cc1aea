"""Save and load models; keep one when a later step fails."""

import contextlib
import copy
import itertools
import os
import shlex
import sys
import tempfile
from pathlib import Path

from skmusic.cli.arguments import MODELS
from skmusic.cli.console import print_line, say


def save_model(args, pipe, path):
    """Write a model, whole or not at all; return its part of the report."""
    with keeping(pipe, path.suffix):
        _save(pipe, path)
    say(args, f"{path}: model")
    return {"model": str(path)}


@contextlib.contextmanager
def keeping(pipe, suffix=MODELS[0]):
    """If the block fails, save the model in another place and print its name."""
    try:
        yield
    except Exception:
        _keep(pipe, suffix)
        raise


def _keep(pipe, suffix):
    for folder in (Path(), Path(tempfile.gettempdir())):
        with contextlib.suppress(Exception):
            (path,) = free_names(folder, suffix, 1)
            _save(pipe, path)
            print_line(f"skmusic: the model is kept in {path}", sys.stderr)
            return
    print_line("skmusic: the model is lost, it cannot be written", sys.stderr)


def free_names(folder, suffix, n):
    """Name `n` files that are not there yet, with numbers in a row."""
    for start in itertools.count(1):
        paths = [folder / f"skmusic-{start + i}{suffix}" for i in range(n)]
        if not any(map(os.path.lexists, paths)):
            return paths


def _save(pipe, path):
    """Write a model without what only training needs, which is several times as large.

    Learning from Python goes on with it, though with new moments.
    """
    pipe = copy.copy(pipe)
    name, generator = pipe.steps[-1]
    generator = copy.copy(generator)
    generator.training_ = None
    pipe.steps = [*pipe.steps[:-1], (name, generator)]
    if path.suffix.lower() == ".joblib":
        import joblib

        from skmusic.audio.files import written_whole

        with written_whole(path) as part:
            joblib.dump(pipe, part)
    else:
        from skmusic import save

        save(pipe, path)


def load_model(path):
    """Load a fitted pipeline. A pickle (.joblib) runs the code in it."""
    if path.is_dir():
        raise IsADirectoryError(
            f"{str(path)!r} is a folder; give a model, a file that 'skmusic fit' made "
            f"(to learn from the folder: skmusic compose {shlex.quote(str(path))})"
        )
    if path.suffix.lower() == ".joblib":
        pipe = _unpickled(path)
    else:
        from skmusic.persistence.archive import check_header

        try:
            check_header(path)  # before scikit-learn is loaded
        except ValueError as error:
            raise ValueError(f"{str(path)!r} cannot be loaded: {error}") from error
        from skmusic import load

        pipe = load(path)
    if not (hasattr(pipe, "sample") and hasattr(pipe, "steps")):
        raise ValueError(
            f"{str(path)!r} is no model made by skmusic fit: it holds a "
            f"{type(pipe).__name__}"
        )
    return pipe


def check_source(path):
    """Refuse what the studio cannot be opened with."""
    if not path.exists():
        raise FileNotFoundError(f"{str(path)!r}: no such file or folder")
    if not path.is_dir() and path.suffix.lower() != MODELS[0]:
        raise ValueError(
            f"{str(path)!r} is neither a folder nor a .skmusic file; the studio loads "
            "no other models, since a pickle can run any program"
        )


def _unpickled(path):
    import joblib

    try:
        return joblib.load(path)
    except OSError:
        raise
    except Exception as error:  # what is no pickle may raise anything
        raise ValueError(
            f"{str(path)!r} is no model made by skmusic fit ({error!r})"
        ) from error


def parameters(pipe):
    """Return the parameters of each step, by the name of its class."""
    return {type(step).__name__: step.get_params(deep=False) for _, step in pipe.steps}
