"""Code and vocoder: what real music loses where its features are made to sound.

    .venv/bin/python benchmarks/vocoder.py            # about an hour and a half
    .venv/bin/python benchmarks/vocoder.py --corpus songs --quick

Nothing is drawn: unheard clips are analysed and made to sound again, from the levels of
their bands, from features, and from features that are quantised. So this bounds what
the neural synthesis can reach. Writes vocoder.md and vocoder.json into
benchmarks/results.
"""

from dataclasses import replace
from unittest import mock

import numpy as np
from protocol import (
    command,
    learn,
    load,
    measured_rows,
    printed_by,
    real_clips,
    reference,
    table_lines,
)

from skmusic.synthesis.neural import vocoder

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


def sounded(features, tokenizer, panning):
    """Waveform ``(n_samples, n_channels)`` of features."""
    state, made = vocoder.silence(tokenizer, panning, features[0]), []
    lead, end = [features[0]] * vocoder.WARM_UP, [features[-1]] * 2
    for each in [*lead, *features, *end]:
        state = vocoder.push(state, each, tokenizer, panning)
        made.append(state.samples)
        state = replace(state, samples=state.samples[:0])
    return np.concatenate(made)[: len(features) * tokenizer.step]


def uncompressed(tokenizer, panning):
    """The same whose features are the levels themselves: no code stands between."""
    n, before = tokenizer.n_bands, tokenizer.components.T
    levels = replace(
        tokenizer,
        mean=np.zeros(n, np.float32),
        components=np.eye(n, dtype=np.float32),
        weight=np.ones(n, np.float32),
    )
    maps = {}
    for name in ("shares", "alike"):
        of_features, constant = np.split(getattr(panning, name), [-1])
        of_levels = before @ of_features
        constant = constant - tokenizer.mean @ of_levels
        maps[name] = np.concatenate([of_levels, constant])
    return levels, replace(panning, **maps)


def phases_by_chance():
    """Function in place of the vocoder's: phases do not go on from those before."""
    rng = np.random.default_rng(0)
    return lambda phase, *_: rng.uniform(0, 2 * np.pi, len(phase))


def rows(learnt, held, quick):
    """Name, clips and costs of each row."""
    real = real_clips(held, quick)
    yield "real, unheard", real, {}
    # The network is not asked.
    pipe, _ = learn(learnt, 2048, quick, synthesis="neural", epochs=1)
    made = pipe[-1].synthesis_
    way = made.tokenizer, made.panning
    levels = uncompressed(*way)
    again = [sounded(levels[0].features(x), *levels) for x in real]
    yield "their levels, made to sound", again, {}
    features = [made.tokenizer.features(x) for x in real]
    yield "their features, made to sound", [sounded(x, *way) for x in features], {}
    with mock.patch.object(vocoder, "next_phase", phases_by_chance()):
        again = [sounded(x, *way) for x in features]
    yield "the same, phases by chance", again, {}
    table = made.tokenizer.centroids / made.tokenizer.weight
    said = [table[made.tokenizer.tokens(x)].astype(np.float32) for x in features]
    yield "their tokens, made to sound", [sounded(x, *way) for x in said], {}


def measure(name, quick):
    """All rows of a corpus, measured."""
    learnt, held = load(name, quick)
    return measured_rows(rows(learnt, held, quick), reference(held), learnt)


def markdown(tables):
    """Lines of all tables."""
    lines = ["# Code and vocoder"]
    lines += printed_by("vocoder.py", "Medians of 24 clips of 20 s; `random_state=0`.")
    for name, table in tables.items():
        lines += [f"## {name}", "", *table_lines(table, SHOWN), ""]
    return lines[:-1]


if __name__ == "__main__":
    command(__doc__, "vocoder", measure, markdown)
