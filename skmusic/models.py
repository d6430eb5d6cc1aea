"""Models and recordings as the command takes them: saved, loaded, described."""

from skmusic import arguments
from skmusic.console import say


def save_model(args, pipe, path):
    """Write a model, whole or not at all; return its part of the report."""
    if path.suffix.lower() == ".joblib":
        import joblib

        from skmusic.files import written_whole

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
