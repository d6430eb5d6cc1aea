"""The commands: each a function from parsed arguments to a report for ``--json``.

What takes time to import is imported where it is used: ``skmusic --help`` answers at
once, and only learning loads TensorFlow.
"""

import importlib
import json
import os
import secrets
import shlex
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

from skmusic import __version__
from skmusic.cli import arguments
from skmusic.cli.console import (
    print_error,
    print_line,
    say,
    show_warnings_in_one_line,
    without_library_noise,
)
from skmusic.cli.interrupt import ending_at_once
from skmusic.cli.models import keeping, load_model, parameters, save_model
from skmusic.cli.recordings import (
    check_heard,
    describe,
    find_songs,
    in_one_line,
    length,
)
from skmusic.cli.targets import check_checkpoint, check_target, find_targets

# Arguments that are those of `sample` and of `stream`.
_SAMPLING = "seed", "mood", "seconds", "temperature", "top_k", "top_p"
# Pieces that are made at once, and seconds of music that they have at most together:
# all of it is in memory.
_TOGETHER, _TOGETHER_SECONDS = 8, 600


def parse(argv):
    """Parse arguments; add the line that they are, and whether progress is shown."""
    args = arguments.parser().parse_args(argv)
    args.line = shlex.join(["skmusic", *argv])
    args.verbose = int(args.verbose or (sys.stderr.isatty() and not args.quiet))
    return args


def run(args):
    """Run a command; return its exit status."""
    start = time.monotonic()
    try:
        with warnings.catch_warnings(), without_library_noise():
            show_warnings_in_one_line()
            report = {"command": args.command, "version": __version__}
            report |= globals()[args.command](args)
            report["elapsed"] = round(time.monotonic() - start, 3)
            if args.json:
                print_line(json.dumps(report, default=str), sys.stdout)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        _forget_stdout()
        return 1
    except (OSError, ValueError, ImportError, MemoryError) as error:
        print_error(error)
        return 1
    return 1 if report.get("errors") else 0


def _forget_stdout():
    """Let what is still to be flushed at exit go nowhere, not into a closed pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def compose(args):
    """Fit and sample in one."""
    with ending_at_once():
        targets = find_targets(args)
        if args.save:
            check_target(args.save)
    pipe, report, names, X = _learn(args, ignore=targets)
    if args.save:
        report |= save_model(args, pipe, args.save)
        return report | _play(args, pipe, targets, names, X)
    with keeping(pipe):
        return report | _play(args, pipe, targets, names, X)


def fit(args):
    """Learn a model and save it."""
    check_target(args.out)
    pipe, report, *_ = _learn(args)
    return report | save_model(args, pipe, args.out)


def sample(args):
    """Compose with a model saved before."""
    with ending_at_once():
        targets = find_targets(args)
        pipe = load_model(args.model)
    return {"model": str(args.model)} | _play(args, pipe, targets)


def stream(args):
    """Compose as it is listened to, to standard output or to a player."""
    with ending_at_once():
        from skmusic.audio import playback, players

        if args.play:
            players.check_player()
        elif sys.stdout.isatty():
            raise ValueError(
                "standard output is a terminal; send it on, as in "
                f"'skmusic stream {args.model} | aplay', or add --play"
            )
        check_heard(args)
        pipe, rng = load_model(args.model), _chance(args)
    sr = _rate(pipe)
    settings = {name: getattr(args, name) for name in _SAMPLING}
    blocks = pipe.stream(**settings, random_state=rng)
    n_samples = args.seconds and round(args.seconds * sr)
    blocks = playback.faded(blocks, n_samples, sr)
    if args.play:
        players.play(blocks, sr, pipe.steps[0][1].n_channels_)
        return {}
    try:
        playback.write(blocks, sys.stdout.buffer, sr, n_samples=n_samples, raw=args.raw)
    except BrokenPipeError:  # the listener has heard enough: that is no failure
        _forget_stdout()
    return {}


def info(args):
    """Describe recordings and models, all that can be; of a folder its recordings."""
    report = {"files": [], "errors": []}
    with ending_at_once():
        for path in args.files:
            if path.is_dir():
                _describe_folder(args, path, report)
            else:
                _describe(args, path, report)
    return report


def _describe_folder(args, folder, report):
    from skmusic import audio

    try:
        found = audio.find(folder)
    except (OSError, ValueError) as error:
        print_error(error)
        report["errors"].append(str(error))
        return
    seconds = [_describe(args, path, report).get("seconds", 0) for path in found]
    recordings = f"{len(found)} recording{'s'[: len(found) != 1]}"
    say(args, f"{folder}: {recordings}, {length(sum(seconds))} in all")


def _describe(args, path, report):
    try:
        about = describe(path)
    except (OSError, ValueError) as error:
        print_error(error)
        report["errors"].append(str(error))
        return {}
    report["files"].append(about)
    say(args, in_one_line(about))
    return about


def _learn(args, ignore=()):
    """Fit a pipeline; return it, its part of the report, names, and recordings."""
    with ending_at_once():
        if args.checkpoint:
            check_checkpoint(args.checkpoint)
        songs = find_songs(args, ignore)
        from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator, datasets

        # It would greet in the midst of a bar of progress.
        importlib.import_module("skmusic.network.keras_lstm")

    def given(*names):  # for the others the estimators have defaults
        return {n: v for n in names if (v := getattr(args, n)) is not None}

    on_error = "raise" if args.strict else "warn"
    featurizer = FFTFeaturizer(**given("N", "sr"), on_error=on_error)
    generator = StatefulLSTMGenerator(
        **given("output", "emission", "epochs"),
        checkpoint_dir=args.checkpoint and str(args.checkpoint),
        random_state=_seed(args),
        verbose=args.verbose,
    )
    if songs:
        X, names = songs, [song.name for song in songs]
    else:
        made = datasets.make_songs(sr=featurizer.sr, random_state=0)
        X, names = made.recordings, made.names
        say(args, f"no songs given: learning from {len(X)} built-in ones ...")
    pipe = Pipeline([featurizer, generator]).fit(X)
    report = {
        "songs": [str(song) for song in songs],
        "built_in_songs": not songs,
        "random_state": args.random_state,
        "settings": parameters(pipe),
    }
    return pipe, report, names, X


def _play(args, pipe, targets, names=None, X=None):
    """Sample a piece for each target and write it; return its part of the report."""
    from skmusic import audio
    from skmusic.audio import playback

    settings = {name: getattr(args, name) for name in _SAMPLING}
    sr, rng = _rate(pipe), _chance(args)
    options = {"verbose": args.verbose}
    if args.report and hasattr(pipe.steps[-1][1], "bank_"):
        options["return_origin"] = True

    def write(target, x):
        target.parent.mkdir(exist_ok=True)
        audio.write(target, x, sr)

    files, pieces, music = [], set(), []
    n = max(1, min(_TOGETHER, int(_TOGETHER_SECONDS / args.seconds)))
    for some in (targets[i : i + n] for i in range(0, len(targets), n)):
        seeds = {"seed": [args.seed] * len(some)}
        made = pipe.sample(**settings | seeds, random_state=rng, **options)
        made, *origins = made if isinstance(made, tuple) else (made,)
        made = [next(playback.faded([x], len(x), sr)) for x in made]
        with ThreadPoolExecutor() as pool:
            list(pool.map(write, some, made))
        for target, x, *origin in zip(some, made, *origins, strict=True):
            files.append(describe(target))
            say(args, in_one_line(files[-1]))
            pieces.add(hash(x.tobytes()))
            if args.report:
                music.append((target.name, x, *origin))
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
        "settings": parameters(pipe) | {"sample": settings},
    }


def _report(args, pipe, pieces, names, X):
    """Write the page to listen to; return its part of the report."""
    from skmusic import report
    from skmusic.audio.files import written_whole

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
    say(args, f"{args.report}: report, open it in a browser")
    return {"report": str(args.report)}


def _hear(path):
    """Play a recording."""
    from skmusic import audio
    from skmusic.audio import players

    x, sr = audio.read(path)
    blocks = (x[start : start + sr] for start in range(0, len(x), sr))
    players.play(blocks, sr, x.shape[1])


def _rate(pipe):
    return next(step.sr for _, step in pipe.steps if hasattr(step, "sr"))


def _chance(args):
    """Source of chance of pieces; one is the same however many follow it."""
    import numpy as np

    return np.random.RandomState(_seed(args))


def _seed(args):
    """Return the random state asked for, or draw one and tell it."""
    if args.random_state is None:
        args.random_state = secrets.randbelow(2**31)
        if folder := getattr(args, "checkpoint", None):
            from skmusic.network.checkpoint import lasting_seed

            args.random_state = lasting_seed(folder, args.random_state)
        say(args, f"to repeat this run, add --random-state {args.random_state}")
    return args.random_state
