"""The commands: each is a function from parsed arguments to a report for ``--json``.

Imports that take time stand where they are used, so ``skmusic --help`` answers at
once and only learning loads TensorFlow.
"""

import importlib
import json
import os
import secrets
import shlex
import signal
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
from skmusic.cli.models import check_source, keeping, load_model, parameters, save_model
from skmusic.cli.outputs import check_checkpoint, check_output_path, find_output_paths
from skmusic.cli.recordings import check_seeds, describe, find_songs, in_one_line
from skmusic.synthesis.controls import CONTROLS, taken_by
from skmusic.utils.lengths import length

# Arguments that `Pipeline.sample` and `Pipeline.stream` take under the same name.
_SAMPLING = "seed", "seconds", "temperature"
# The most pieces in a batch, and the most seconds of music: a batch is in memory.
_BATCH, _BATCH_SECONDS = 8, 600


def parse(argv):
    """Parse arguments; add the command line, and whether progress is shown."""
    parser = arguments.parser()
    args = parser.parse_args(argv)
    args.line = shlex.join(["skmusic", *argv])
    if hasattr(args, "style"):
        try:
            args.style = arguments.style_of(args.style)
        except ValueError as error:
            parser.error(error)
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
    except BrokenPipeError:  # a reader such as `head` has seen enough
        _forget_stdout()
        return 1
    except (OSError, ValueError, ImportError, MemoryError) as error:
        print_error(error)
        return 1
    return 1 if report.get("errors") else 0


def _forget_stdout():
    """Send to nowhere what Python flushes at exit: the pipe is closed."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def compose(args):
    """Learn, then compose."""
    with ending_at_once():
        paths = find_output_paths(args)
        if args.save:
            check_output_path(args.save)
    pipe, report, names, X = _learn(args, ignore=paths)
    if args.save:
        report |= save_model(args, pipe, args.save)
        return report | _compose_pieces(args, pipe, paths, names, X)
    with keeping(pipe):
        return report | _compose_pieces(args, pipe, paths, names, X)


def fit(args):
    """Learn a model and save it."""
    check_output_path(args.out)
    pipe, report, *_ = _learn(args)
    return report | save_model(args, pipe, args.out)


def sample(args):
    """Compose with a saved model."""
    with ending_at_once():
        paths = find_output_paths(args)
        pipe = load_model(args.model)
    return {"model": str(args.model)} | _compose_pieces(args, pipe, paths)


def stream(args):
    """Compose while someone listens, to standard output or to a player."""
    with ending_at_once():
        from skmusic.audio import playback, players

        if args.play:
            players.check_player()
        elif sys.stdout.isatty():
            raise ValueError(
                "standard output is a terminal; send it on, as in "
                f"'skmusic stream {args.model} | aplay', or add --play"
            )
        check_seeds(args)
        pipe, rng = load_model(args.model), _chance(args)
    sr = _rate(pipe)
    settings = _settings(args, pipe, ("begin",))
    blocks = pipe.stream(**settings, random_state=rng)
    n_samples = args.seconds and round(args.seconds * sr)
    ends = settings.keys() & {"end", "until"}
    blocks = playback.faded(blocks, None if ends else n_samples, sr)
    if args.play:
        players.play(blocks, sr, pipe.steps[0][1].n_channels_)
        return {}
    try:
        playback.write(blocks, sys.stdout.buffer, sr, n_samples=n_samples, raw=args.raw)
    except BrokenPipeError:  # the listener has heard enough, which is no failure
        _forget_stdout()
    return {}


def serve(args):
    """Serve the studio to this machine until Ctrl-C."""
    with ending_at_once():
        from skmusic.studio.server import serve as serve_studio

        check_source(args.source)

    def ready(address, opener):
        # Also for those who asked for quiet: without it nothing can be done.
        print_line(f"the studio is at {address} (Ctrl-C ends it)", sys.stdout)
        if args.open:
            import webbrowser

            webbrowser.open(opener)

    # What ends it politely is not to leave the pieces in a temporary folder.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    serve_studio(args.source, ready, args.port or 0)
    return {}


def info(args):
    """Describe recordings, models, and the recordings of folders."""
    report = {"files": [], "errors": []}
    with ending_at_once():
        for path in args.files:
            (_describe_folder if path.is_dir() else _describe)(args, path, report)
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
        from skmusic.utils.arguments import check_backend

        check_backend()
        if args.checkpoint:
            check_checkpoint(args.checkpoint)
        songs = find_songs(args, ignore)
        from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator, datasets

        # Loaded later, TensorFlow would hold up the first progress bar.
        importlib.import_module("skmusic.network.keras_lstm")

    def given(*names):  # the estimators have defaults for the others
        return {n: v for n in names if (v := getattr(args, n)) is not None}

    on_error = "raise" if args.strict else "warn"
    featurizer = FFTFeaturizer(**given("N", "sr"), on_error=on_error)
    generator = StatefulLSTMGenerator(
        **given("synthesis", "epochs", "max_minutes"),
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


def _compose_pieces(args, pipe, paths, names=None, X=None):
    """Sample a piece for each path and write it; return its part of the report."""
    from skmusic import audio
    from skmusic.audio import playback

    settings = _settings(args, pipe, () if args.loop else ("begin", "end"))
    settings |= {"loop": True} if args.loop else {}
    faded = not settings.keys() & {"end", "until"} or None
    sr, rng = _rate(pipe), _chance(args)

    def write(path, x):
        path.parent.mkdir(exist_ok=True)
        audio.write(path, x, sr, loop=args.loop)

    files, pieces, music = [], set(), []
    n = max(1, min(_BATCH, int(_BATCH_SECONDS / args.seconds)))
    for batch in (paths[i : i + n] for i in range(0, len(paths), n)):
        seeds = {"seed": [args.seed] * len(batch)}
        made = pipe.sample(**settings | seeds, random_state=rng, verbose=args.verbose)
        if not args.loop:
            made = [next(playback.faded([x], faded and len(x), sr)) for x in made]
        with ThreadPoolExecutor() as pool:
            # Each is begun at once, so none is lost where another fails.
            written = [
                pool.submit(write, *each) for each in zip(batch, made, strict=True)
            ]
        for each in written:
            each.result()
        for path, x in zip(batch, made, strict=True):
            files.append(describe(path))
            say(args, in_one_line(files[-1]))
            pieces.add(hash(x.tobytes()))
            if args.report:
                music.append((path.name, x))
    if len(pieces) < len(files):
        warnings.warn(
            "some pieces are equal: temperature 0 and regression leave nothing to "
            "chance; one piece (--pieces 1) is enough"
        )
    written = {"files": files}
    if args.report:
        written |= _report(args, pipe, music, names, X)
    if args.play:
        for path in paths:
            _play_file(path)
    return written | {
        "seconds": args.seconds,
        "random_state": args.random_state,
        "settings": parameters(pipe) | {"sample": settings},
    }


def _settings(args, pipe, usual):
    """Arguments for `pipe.sample`; without a seed also its `usual` ends, if it can."""
    settings = {name: getattr(args, name) for name in _SAMPLING}
    found = {name: getattr(args, name) for name in CONTROLS}
    if args.seed is None:
        made = getattr(pipe.steps[-1][1], "synthesis_", None)
        can = set(taken_by(made) if made else ()) & set(usual)
        can -= {"end"} if args.until else set()
        found |= {name: True for name in can if found[name] is None}
    # Plain arguments for pipelines whose last step knows no controls.
    return settings | {name: x for name, x in found.items() if x not in (None, False)}


def _report(args, pipe, pieces, names, X):
    """Write the page to listen to; return its part of the report."""
    from skmusic import report

    pieces = [report.Piece(*piece) for piece in pieces]
    line = args.line
    if "--random-state" not in line:
        line += f" --random-state {args.random_state}"
    real = X and X[:8]  # a saved model holds no recordings
    page = report.report(
        pipe, pieces, seed=args.seed, names=names, real=real, command=line
    )
    page.save(args.report)
    say(args, f"{args.report}: report, open it in a browser")
    return {"report": str(args.report)}


def _play_file(path):
    """Play a recording."""
    from skmusic import audio
    from skmusic.audio import players

    x, sr = audio.read(path)
    blocks = (x[start : start + sr] for start in range(0, len(x), sr))
    players.play(blocks, sr, x.shape[1])


def _rate(pipe):
    return next(step.sr for _, step in pipe.steps if hasattr(step, "sr"))


def _chance(args):
    """Make the random generator; the first piece does not depend on their number."""
    import numpy as np

    return np.random.RandomState(_seed(args))


def _seed(args):
    """Return the random state of the arguments, or draw one and print it."""
    if args.random_state is None:
        args.random_state = secrets.randbelow(2**31)
        if folder := getattr(args, "checkpoint", None):
            from skmusic.network.checkpoint import lasting_seed

            args.random_state = lasting_seed(folder, args.random_state)
        say(args, f"to repeat this run, add --random-state {args.random_state}")
    return args.random_state
