"""The command `skmusic`: learn from recordings, compose new ones.

A command is one function from parsed arguments to a report, which ``--json`` prints.
What takes time to import is imported where it is used: ``skmusic --help`` answers at
once, and only fitting loads TensorFlow.
"""

import importlib
import itertools
import json
import os
import secrets
import shlex
import sys
import time
import warnings
from pathlib import Path

from skmusic import __version__, arguments

__all__ = ["main"]

# Arguments that are those of `sample` and of `stream`.
_SAMPLING = "seed", "seconds", "temperature", "top_k", "top_p"


def main(argv=None):
    """Run the command line.

    Parameters
    ----------
    argv : list of str, default=None
        Arguments; by default those of the process.

    Returns
    -------
    int
        Exit status: 0 if all went well, 1 after an error of input or of the system,
        130 after Ctrl-C. Of wrong usage, argparse makes a `SystemExit` of status 2.
    """
    argv = sys.argv[1:] if argv is None else argv
    args = arguments.parser().parse_args(argv)
    args.line = shlex.join(["skmusic", *argv])
    args.verbose = int(args.verbose or (sys.stderr.isatty() and not args.quiet))
    start = time.monotonic()
    try:
        with warnings.catch_warnings():
            _show_warnings_in_one_line()
            report = {"command": args.command, "version": __version__}
            report |= globals()[args.command](args)
            report["elapsed"] = round(time.monotonic() - start, 3)
            if args.json:
                _print(json.dumps(report, default=str), sys.stdout)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        _forget_stdout()
        return 1
    except (OSError, ValueError, ImportError, MemoryError) as error:
        _print_error(error)
        return 1
    except KeyboardInterrupt:
        _print("skmusic: interrupted", sys.stderr)
        return 130
    return 1 if report.get("errors") else 0


def _forget_stdout():
    """Let what is still to be flushed at exit go nowhere, not into a closed pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def compose(args):
    """Fit and sample in one."""
    targets = _targets(args)
    if args.save:
        _check_target(args.save)
    pipe, report, names, X = _learn(args, ignore=targets)
    if args.save:
        report |= _save(args, pipe, args.save)
    return report | _play(args, pipe, targets, names, X)


def fit(args):
    """Learn a model and save it."""
    _check_target(args.out)
    pipe, report, *_ = _learn(args)
    return report | _save(args, pipe, args.out)


def sample(args):
    """Compose with a model saved before."""
    targets = _targets(args)
    return {"model": str(args.model)} | _play(args, _load(args.model), targets)


def stream(args):
    """Compose as it is listened to, to standard output or to a player."""
    from skmusic import audio, playback

    if not args.play and sys.stdout.isatty():
        raise ValueError(
            "standard output is a terminal; send it on, as in "
            f"'skmusic stream {args.model} | aplay', or add --play"
        )
    if args.seed:
        audio.info(args.seed)
    pipe, (state,) = _load(args.model), _states(args, 1)
    sr = _rate(pipe)
    settings = {name: getattr(args, name) for name in _SAMPLING}
    blocks = pipe.stream(**settings, random_state=state)
    if args.play:
        playback.play(blocks, sr, pipe.steps[0][1].n_channels_)
        return {}
    n_samples = args.seconds and round(args.seconds * sr)
    try:
        playback.write(blocks, sys.stdout.buffer, sr, n_samples=n_samples, raw=args.raw)
    except BrokenPipeError:  # the listener has heard enough: that is no failure
        _forget_stdout()
    return {}


def completion(args):
    """Print a script that teaches a shell what can be typed."""
    from skmusic import completion

    print(completion.script(args.shell))
    return {}


def info(args):
    """Describe recordings and models, all that can be."""
    report = {"files": [], "errors": []}
    for path in args.files:
        try:
            about = _describe(path)
        except (OSError, ValueError) as error:
            _print_error(error)
            report["errors"].append(str(error))
        else:
            report["files"].append(about)
            _say(args, _line(about))
    return report


def _learn(args, ignore=()):
    """Fit a pipeline; return it, its part of the report, names, and recordings."""
    from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator, audio, datasets

    def given(*names):  # for the others the estimators have defaults
        return {n: v for n in names if (v := getattr(args, n)) is not None}

    songs = audio.find(args.songs, ignore)
    on_error = "raise" if args.strict else "warn"
    featurizer = FFTFeaturizer(**given("N", "sr"), on_error=on_error)
    generator = StatefulLSTMGenerator(
        **given("output", "epochs"),
        checkpoint_dir=args.checkpoint and str(args.checkpoint),
        random_state=_seed(args),
        verbose=args.verbose,
    )
    if songs:
        X, names = songs, [song.name for song in songs]
        _say(args, f"learning from {len(X)} recording{'s'[: len(X) != 1]} ...")
    else:
        made = datasets.make_songs(sr=featurizer.sr, random_state=0)
        X, names = made.recordings, made.names
        _say(args, f"no songs given: learning from {len(X)} built-in ones ...")
    _load_tensorflow()
    pipe = Pipeline([featurizer, generator]).fit(X)
    report = {
        "songs": [str(song) for song in songs],
        "built_in_songs": not songs,
        "random_state": args.random_state,
        "settings": _parameters(pipe),
    }
    return pipe, report, names, X


def _load_tensorflow():
    """Load what trains, silently; at any log level TensorFlow greets on file 2."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    stderr = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        importlib.import_module("skmusic.network")
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


def _play(args, pipe, targets, names=None, X=None):
    """Sample a piece for each target and write it; return its part of the report."""
    from skmusic import audio

    settings = {name: getattr(args, name) for name in _SAMPLING}
    sr, states = _rate(pipe), _states(args, len(targets))
    options = {"verbose": args.verbose}
    if args.report and hasattr(pipe.steps[-1][1], "bank_"):
        options["return_origin"] = True
    files, pieces, music = [], set(), []
    for target, state in zip(targets, states, strict=True):
        made = pipe.sample(**settings, random_state=state, **options)
        x, *origin = made if isinstance(made, tuple) else (made,)
        if args.report:
            music.append((target.name, x, *origin))
        target.parent.mkdir(exist_ok=True)
        audio.write(target, x, sr)
        files.append(_describe(target))
        _say(args, _line(files[-1]))
        pieces.add(hash(x.tobytes()))
    if len(pieces) < len(files):
        warnings.warn(
            "some pieces are equal: at temperature 0, and with regression, "
            "nothing is left to chance; --pieces 1 will do"
        )
    written = {"files": files}
    if args.report:
        written |= _report(args, pipe, music, names, X)
    if args.play:
        for target in targets:
            _hear(target)
    return written | {
        "seconds": args.seconds,
        "random_state": args.random_state,
        "settings": _parameters(pipe) | {"sample": settings},
    }


def _report(args, pipe, pieces, names, X):
    """Write the page to listen to; return its part of the report."""
    from skmusic import report
    from skmusic.files import written_whole

    pieces = [report.Piece(*piece) for piece in pieces]
    # Of music that a model does not keep some recordings will do.
    real = None if pieces[0].origin is not None or X is None else X[:8]
    line = args.line
    if "--random-state" not in line:
        line += f" --random-state {args.random_state}"
    page = report.report(
        pipe, pieces, seed=args.seed, names=names, real=real, command=line
    )
    with written_whole(args.report) as part:
        part.write_text(page, encoding="utf-8")
    _say(args, f"{args.report}: report, open it in a browser")
    return {"report": str(args.report)}


def _hear(path):
    """Play a recording."""
    from skmusic import audio, playback

    x, sr = audio.read(path)
    blocks = (x[start : start + sr] for start in range(0, len(x), sr))
    playback.play(blocks, sr, x.shape[1])


def _rate(pipe):
    return next(step.sr for _, step in pipe.steps if hasattr(step, "sr"))


def _states(args, n_pieces):
    """Random states of pieces; one is the same however many follow it."""
    import numpy as np

    states = np.random.SeedSequence(_seed(args)).generate_state(n_pieces)
    return [int(state) for state in states]


def _targets(args):
    """Files to write the pieces to, refusing early what would fail after the fit."""
    from skmusic import audio

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
        _check_target(target)
    if args.report:
        from skmusic.pictures import check_installed

        _check_target(args.report)
        check_installed()
    written = {os.path.realpath(target) for target in targets}
    for path in filter(None, [args.seed, *getattr(args, "songs", [])]):
        if os.path.realpath(path) in written:
            raise ValueError(f"{str(path)!r} would be overwritten; choose another -o")
    if args.seed:
        audio.info(args.seed)
    return targets


def _check_target(path):
    """Refuse a file, or a folder to be made, that could not be written."""
    folder = Path(os.path.realpath(path)).parent
    if not folder.is_dir():
        raise FileNotFoundError(f"{str(path)!r}: no folder {str(folder)!r}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(f"{str(path)!r}: you may not write in {str(folder)!r}")
    if path.exists() and not path.is_file():
        raise ValueError(f"{str(path)!r} is there and is no regular file")


def _save(args, pipe, path):
    """Write a model, whole or not at all; return its part of the report."""
    if path.suffix.lower() == ".joblib":
        import joblib

        from skmusic.files import written_whole

        with written_whole(path) as part:
            joblib.dump(pipe, part)
    else:
        from skmusic import save

        save(pipe, path)
    _say(args, f"{path}: model")
    return {"model": str(path)}


def _load(path):
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


def _describe(path):
    """Facts of a recording or a model."""
    from skmusic import audio

    if path.suffix.lower() in arguments.MODELS:
        return {"path": str(path), "steps": _parameters(_load(path))}
    return audio.info(path) | {"path": str(path)}


def _line(about):
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


def _parameters(pipe):
    return {type(step).__name__: step.get_params(deep=False) for _, step in pipe.steps}


def _seed(args):
    """Return the random state asked for, or draw one and tell it."""
    if args.random_state is None:
        args.random_state = secrets.randbelow(2**31)
        if folder := getattr(args, "checkpoint", None):
            from skmusic.checkpoint import lasting_seed

            args.random_state = lasting_seed(folder, args.random_state)
        _say(args, f"to repeat this run, add --random-state {args.random_state}")
    return args.random_state


def _say(args, text):
    if not args.quiet:
        # Standard output is for what programs read.
        taken = args.json or args.command == "stream"
        _print(text, sys.stderr if taken else sys.stdout)


def _print_error(error):
    _print(f"skmusic: error: {str(error) or type(error).__name__}", sys.stderr)


def _print(text, stream):
    """Print one line, whatever characters file names are made of."""
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(text))
    encoding = stream.encoding or "utf-8"
    text = text.encode(encoding, "backslashreplace").decode(encoding)
    print(text, file=stream, flush=True)


def _show_warnings_in_one_line():
    shown = set()

    def show(message, category, filename, lineno, file=None, line=None):
        # Fitting and transforming both tell of the same broken file.
        if str(message) not in shown:
            shown.add(str(message))
            _print(f"skmusic: warning: {message}", sys.stderr)

    warnings.simplefilter("always", UserWarning)
    warnings.showwarning = show
