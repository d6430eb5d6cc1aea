"""What each refinement of the concatenative synthesis brings, taken off by itself.

    .venv/bin/python benchmarks/ablation.py           # some two and a half hours
    .venv/bin/python benchmarks/ablation.py --corpus songs --row "without novelty"
    .venv/bin/python benchmarks/ablation.py --corpus songs --model mine=mine.skmusic

Two corpora, 24 pieces of 20 s by each of two random states. A row joins those of
benchmarks/results/ablation.json, or takes the place of the one of its name, so rows of
older code stay. Writes ablation.md beside it.
"""

from contextlib import ExitStack, contextmanager
from unittest import mock

import numpy as np
import protocol
from protocol import HEADS

import skmusic
from skmusic.synthesis.concatenative.equalizer import spectral_match
from skmusic.synthesis.concatenative.repetition import Repetition

_AT = "skmusic.synthesis.concatenative."
# What is replaced by what while pieces are sampled, by the name of the row.
SWITCHES = {
    "today": {},
    "without novelty": {
        _AT + "selection.quotes_on": lambda _, __, units: np.zeros(units.shape, bool),
        _AT + "selection.goes_too_long": lambda _, found: np.zeros(len(found), bool),
        _AT + "selection.was_played": lambda units, _: np.zeros(units.shape, bool),
    },
    "without repetition": {_AT + "sampler.Repetition": lambda _: Repetition(0.0)},
    "without style": {_AT + "selection.STYLE": 0.0, _AT + "sampler.STYLE": 0.0},
    "without beat shift": {
        _AT + "selection._in_time": lambda _, end, target, *__: (target, 0)
    },
    "without limiter": {_AT + "rendering.limited": lambda x: x},
    "without spectral match": {
        _AT + "sampler.spectral_match": lambda *x: 0 * spectral_match(*x)
    },
    "without adapted temperature": {
        "skmusic.synthesis.sampling.SamplingParameters.adapted": lambda self, _: self
    },
    "16 targets of a unit": {_AT + "graph._N_KEPT": 16},
}
# Those of them that are also replaced while a model is fitted.
FITTED = {"16 targets of a unit"}
HIDDEN = "collapse_index", "spectral_flux", "attack", "repetition", "silence", "fit_s"
SHOWN = [name for name in HEADS if name not in HIDDEN]


@contextmanager
def switched(changes):
    """Within, what these paths name is replaced."""
    with ExitStack() as stack:
        for path, new in changes.items():
            stack.enter_context(mock.patch(path, new))
        yield


def judge(pipe, corpus, random_state, quick=False):
    """Measures of the pieces of a fitted pipeline, and the seconds of one of 30 s."""
    learnt, held = corpus
    seeds = protocol.seeds_of(held, quick)
    made, _ = protocol.ours(pipe, 0, seeds, random_state=random_state)
    _, costs = protocol.ours(pipe, 0, seeds[: 1 if quick else 4], seconds=30)
    found = protocol.measured(protocol.reference(held), made, learnt)
    return found | {"piece_s": costs["piece_s"]}


def judged_rows(names, models, corpus, random_state, quick):
    """Name and measures of each of these rows."""
    usual = None
    for name in names:
        with switched(SWITCHES.get(name, {})):
            if name in models:
                pipe = skmusic.load(models[name])
            elif name in FITTED or usual is None:
                pipe, _ = protocol.learn(corpus[0], 2048, quick, random_state)
                usual = usual if name in FITTED else pipe
            else:
                pipe = usual
            yield name, judge(pipe, corpus, random_state, quick)


def markdown(tables):
    """Lines of all tables."""
    lines = ["# Ablation"]
    what = (
        "Medians of 24 pieces of 20 s, by each random state; seconds of a piece of 30."
    )
    lines += protocol.printed_by("ablation.py", what)
    for corpus, table in tables.items():
        lines += [f"## {corpus}", ""]
        lines += [*protocol.table_lines(table, SHOWN, cell=of_each_state), ""]
    return lines[:-1]


def of_each_state(states, name):
    """What stands in a cell."""
    return ", ".join(protocol.cell(found, name) for found in states.values())


def main():
    """Judge, merge and write."""
    parser = protocol.arguments(__doc__)
    parser.add_argument("--row", action="append", choices=list(SWITCHES))
    parser.add_argument("--model", action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--random-state", nargs="+", type=int, default=[0, 1])
    args = parser.parse_args()
    tables = protocol.printed("ablation", args.quick)
    models = dict(each.split("=", 1) for each in args.model)
    names = [*(args.row or ([] if models else SWITCHES)), *models]
    for corpus in args.corpus or ["wesnoth", "songs"]:
        both, table = protocol.load(corpus, args.quick), tables.setdefault(corpus, {})
        for state in args.random_state:
            for name, found in judged_rows(names, models, both, state, args.quick):
                table.setdefault(name, {})[str(state)] = found
                print(corpus, name, state, [found[k] for k in SHOWN], flush=True)
    protocol.write("ablation", markdown, tables, args.quick)


if __name__ == "__main__":
    main()
