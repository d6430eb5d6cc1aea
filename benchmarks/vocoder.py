"""Code and vocoder: what real music loses where its parameters are made to sound.

    .venv/bin/python benchmarks/vocoder.py            # about a quarter of an hour
    .venv/bin/python benchmarks/vocoder.py --corpus songs --quick

Nothing is drawn: unheard clips are analysed and made to sound again, with all
parameters, without some, and by the code of patches that the network draws. So this
bounds what the neural synthesis can reach. Writes vocoder.md and vocoder.json into
benchmarks/results.
"""

from unittest import mock

import numpy as np
from protocol import (
    CLIP,
    SR,
    command,
    load,
    measured_rows,
    printed_by,
    real_clips,
    reference,
    table_lines,
)

from skmusic.features.patches import fit_patches
from skmusic.synthesis.neural import vocoder
from skmusic.synthesis.neural.noise import N_CLEAR
from skmusic.synthesis.neural.panning import N_PLACES
from skmusic.synthesis.neural.synthesis import N_CODES, PATCH

# Of the featurizer with N=2048: a step of 23 ms.
STEP = 1024
# Seconds from the middle of each recording that the vocoder learns from.
LEARNT = 12
SHOWN = [
    "frechet_distance",
    "classifier_auc",
    "collapse_index",
    "onset_rate",
    "beat_strength",
    "polyphony",
    "chroma_change",
    "spectral_flux",
    "attack",
    "crest",
    "loudness_range",
    "stereo_width",
    "outside",
]


def fitted(learnt):
    """Vocoder of some of each recording."""
    n = LEARNT * SR
    starts = [max(0, (len(x) - n) // 2) for x in learnt]
    stretches = [x[i : i + n] for i, x in zip(starts, learnt, strict=True)]
    return vocoder.fit_vocoder(stretches, STEP)


def changed(parameters, at, value):
    """Parameters of which some have another value."""
    parameters = parameters.copy()
    parameters[:, at] = value
    return parameters


def in_the_middle(parameters, n_bands):
    """Parameters of which all channels are alike."""
    middle = changed(parameters, slice(n_bands, -N_CLEAR), 0)
    return changed(middle, slice(-N_CLEAR - N_PLACES, -N_CLEAR), 10)


def phases_by_chance():
    """Function in place of the vocoder's: phases do not go on from those before."""
    rng = np.random.default_rng(0)
    return lambda _, logs, *__: rng.uniform(0, 2 * np.pi, logs[1:-1].shape)


def coded(code, parameters, rng=None):
    """Parameters by their code, with noise for what it does not keep if `rng`."""
    codes = code.encode(parameters)
    noise = None if rng is None else rng.standard_normal((len(codes), len(code.rest)))
    return code.decode(codes, noise)


def rows(learnt, held, quick):
    """Name and clips of each row."""
    real = real_clips(held, quick)
    yield "real, unheard", real
    way = fitted(learnt)
    found = [way.analyse(x) for x in real]
    again = [vocoder.sounded(p, way) for p in found]
    yield "their parameters, made to sound", again
    learned = [way.analyse(x) for x in learnt]
    code = fit_patches(learned, PATCH, N_CODES, np.random.RandomState(0))
    some = [coded(code, p, np.random.default_rng(0)) for p in found]
    yield "by their code", [vocoder.sounded(p, way) for p in some]
    some = [coded(code, p) for p in found]
    yield "the code alone, no rest", [vocoder.sounded(p, way) for p in some]
    clear = slice(-N_CLEAR, None)
    for name, others in (
        ("all from the middle", [in_the_middle(p, way.n_bands) for p in found]),
        ("all clear: no noise", [changed(p, clear, 10) for p in found]),
        ("none clear", [changed(p, clear, 0) for p in found]),
    ):
        yield name, [vocoder.sounded(p, way) for p in others]
    with mock.patch.object(vocoder, "next_phases", phases_by_chance()):
        again = [vocoder.sounded(p, way) for p in found]
    yield "phases by chance", again


def measure(name, quick):
    """All rows of a corpus, measured."""
    learnt, held = load(name, quick)
    # Whether it is copied is known.
    return measured_rows(rows(learnt, held, quick), reference(held), None)


def markdown(tables):
    """Lines of all tables."""
    lines = ["# Code and vocoder"]
    lines += printed_by("vocoder.py", f"Medians of 24 clips of {CLIP} s.")
    for name, table in tables.items():
        lines += [f"## {name}", "", *table_lines(table, SHOWN), ""]
    return lines[:-1]


if __name__ == "__main__":
    command(__doc__, "vocoder", measure, markdown)
