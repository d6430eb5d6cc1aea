"""Find, check and describe recordings."""

import shlex
from pathlib import Path

from skmusic.cli.arguments import MODELS
from skmusic.cli.console import say
from skmusic.cli.models import load_model, parameters
from skmusic.synthesis.controls import (
    CONTROLS,
    Controls,
    as_curve,
    refuse_endings,
    refuse_untaken,
)
from skmusic.utils.lengths import length, warn_of_little

# Seconds of a recording to go by: less has no beat and no style.
_LEAST = 0.5


def find_songs(args, ignore=()):
    """Find the recordings to learn from; leave out those that cannot be read."""
    from skmusic import audio
    from skmusic.utils.threads import map_files

    if not (found := audio.find(args.songs, ignore)):
        return []
    on_error = "raise" if args.strict else "warn"
    facts = map_files(audio.info, found, n_jobs=-1, on_error=on_error)
    songs = [path for path, about in zip(found, facts, strict=True) if about]
    seconds = sum(about["seconds"] for about in facts if about)
    recordings = f"{len(songs)} recording{'s'[: len(songs) != 1]}"
    say(args, f"learning from {recordings}, {length(seconds)} of music ...")
    warn_of_little(seconds)
    return songs


def check_seeds(args):
    """Refuse what cannot be asked for or read, before anything is learned."""
    from skmusic import audio

    asked = {name: getattr(args, name) for name in CONTROLS}
    refuse_endings(asked, getattr(args, "loop", False), 0)
    if args.amount is not None and args.vary is None:
        raise ValueError("--amount says how close a variation is; give --vary too")
    asked = Controls(**{name: x for name, x in asked.items() if x is not None}).given
    if hasattr(args, "synthesis"):  # a model has one already
        refuse_untaken(asked, args.synthesis or "neural", "--{}", "--synthesis {}")
    for option, path in recordings_given(args):
        if path.is_dir():
            raise IsADirectoryError(
                f"{option} {str(path)!r} is a folder; give one recording "
                f"(skmusic info {shlex.quote(str(path))} lists them)"
            )
        seconds = audio.info(path)["seconds"]
        if option != "--seed" and seconds < _LEAST:
            raise ValueError(
                f"{option} {str(path)!r} has {seconds:g} s of music; give one of "
                f"{_LEAST} s or more"
            )


def recordings_given(args):
    """Options that name recordings to go by, and the paths: (option, path)."""
    found = [("--seed", args.seed), ("--vary", args.vary), ("--until", args.until)]
    if isinstance(args.energy, Path):
        found.append(("--energy", args.energy))
    if args.style is not None:
        for _, blend in as_curve(args.style):
            found += [("--style", path) for path, _ in blend]
    return [(option, path) for option, path in found if path is not None]


def describe(path):
    """Return the facts of a recording or a model."""
    from skmusic import audio

    if path.suffix.lower() in MODELS:
        return {"path": str(path), "steps": parameters(load_model(path))}
    about = audio.info(path)
    del about["size"]
    return about | {"path": str(path)}


def in_one_line(about):
    """Write the facts of `describe` in one line."""
    if "steps" in about:
        steps = (
            f"{name}({', '.join(f'{k}={v!r}' for k, v in params.items())})"
            for name, params in about["steps"].items()
        )
        return f"{about['path']}: model, {' + '.join(steps)}"
    return (
        "{path}: {format} {subtype}, {sr} Hz, {channels} channel{s}, {seconds:.2f} s"
    ).format(**about, s="s"[: about["channels"] != 1])
