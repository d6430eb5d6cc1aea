"""How good is what skmusic composes: one table, and a contact sheet of each corpus.

    .venv/bin/python benchmarks/quality.py            # all, some five hours
    .venv/bin/python benchmarks/quality.py --corpus songs --quick
    .venv/bin/python benchmarks/quality.py --part skmusic    # other rows stay

Rows are real clips, what is no music, the article's method, and pieces of skmusic, with
and without its memory. Writes quality.md, quality.json and a contact sheet for each
corpus into benchmarks/results.
"""

import copy
import re
from dataclasses import replace
from itertools import chain

import numpy as np
from protocol import (
    CLIP,
    CORPORA,
    HEADS,
    RESULTS,
    SR,
    arguments,
    article,
    clips,
    grains,
    learn,
    load,
    looped,
    measured_rows,
    ours,
    pink_noise,
    printed,
    printed_by,
    real_clips,
    reference,
    seeds_of,
    table_lines,
    write,
)

from skmusic import audio
from skmusic.metrics import describe
from skmusic.metrics.analysis import spectra
from skmusic.synthesis.neural.synthesis import PATCH

DEFAULT = "skmusic, N=2048 (default)"


def without_memory(pipe):
    """The pipeline whose head hears the last patch only."""
    pipe = copy.deepcopy(pipe)
    made = pipe[-1].synthesis_
    (V, d), (A,) = made.network["head"], made.network["skip"]
    last = np.arange(len(A))[:, None] < made.code.n_codes
    network = made.network | {"head": (0 * V, d), "skip": (A * last,)}
    pipe[-1].synthesis_ = replace(made, network=network)
    return pipe


def shuffled(recordings):
    """Recordings whose patches stand in random order."""
    rng, n = np.random.default_rng(0), PATCH * 1024
    made = []
    for x in recordings:
        x = x[: len(x) // n * n].reshape(-1, n, x.shape[1])
        made.append(rng.permutation(x).reshape(-1, x.shape[2]))
    return made


def minutes(pipe, seed):
    """Whether ten minutes stay alive: the first of them, and the last."""
    made = pipe.sample(seed, seconds=600, random_state=0)
    both = [describe(x, SR) for x in (made[: 60 * SR], made[-60 * SR :])]
    return {
        name: tuple(round(d[name], 2) for d in both)
        for name in ("temporal_variance", "repetition", "silence")
    }


def real(learnt, held, quick, notes):
    """Rows of real music."""
    unheard = real_clips(held, quick)
    yield "real, unheard", unheard
    yield "real, learnt", clips(learnt, (0.1, 0.45, 0.8), CLIP)[: len(unheard)]


def controls(learnt, held, quick, notes):
    """Rows of what is no music, and of the article's method."""
    seeds, real = seeds_of(held, quick), real_clips(held, quick)
    yield "a quarter second looped", looped(real)
    yield "pink noise", pink_noise(len(real))
    yield "random grains of 2 s", grains(learnt, len(real))
    # Of a buzz eight clips tell enough; it samples more slowly than it plays.
    yield "the article's method", article(learnt, seeds[:8], 1 if quick else 1000)


def skmusic(learnt, held, quick, notes):
    """Rows of the neural synthesis; what is no row goes into `notes`.

    In the last something is asked of the pieces, one thing in turn.
    """
    seeds = seeds_of(held, quick)
    pipe = learn(learnt, 2048, quick)
    yield DEFAULT, ours(pipe, seeds)
    if not quick:
        notes["first and last of ten minutes"] = minutes(pipe, seeds[0])
    yield "the same, its memory cut off", ours(without_memory(pipe), seeds)
    blend = [(x, 1) for x in learnt[:2]]
    wishes = {"energy": [0.3, 0.7]}, {"style": blend}, {"tempo": 110}, {"key": "D"}
    made = [
        pipe.sample(seed, seconds=CLIP, random_state=i, **wishes[i % len(wishes)])
        for i, seed in enumerate(seeds)
    ]
    yield "N=2048, energy, style, tempo or key asked for", made


def others(learnt, held, quick, notes):
    """Rows of other frames, and of music in another order."""
    seeds = seeds_of(held, quick)
    yield "skmusic, N=256", ours(learn(learnt, 256, quick), seeds)
    pipe = learn(shuffled(learnt), 2048, quick)
    yield "N=2048, learned in shuffled order", ours(pipe, seeds)


def effort(learnt, held, quick, notes):
    """Rows of less training, of smaller networks, of less music."""
    seeds = seeds_of(held, quick)
    for minutes in (1, 2, 4):
        pipe = learn(learnt, 2048, quick, max_minutes=minutes)
        yield f"{minutes} min of training", ours(pipe, seeds)
    for units in (80, 160):
        pipe = learn(learnt, 2048, quick, hidden_layer_sizes=(units, units))
        yield f"two layers of {units}, not 320", ours(pipe, seeds)
    for n in (2, 5):
        pipe = learn(learnt[:n], 2048, quick)
        yield f"{n} recordings learned, not {len(learnt)}", ours(pipe, seeds)


# Name and clips of each row, by the part of the table that it is of.
PARTS = {each.__name__: each for each in (real, controls, skmusic, others, effort)}


def measure(name, quick, parts=tuple(PARTS)):
    """Rows of a corpus, measured; two clips of each are kept to be listened to.

    Rows of other parts stay as they were printed.
    """
    learnt, held = load(name, quick)
    known = printed("quality", quick).get(name, {"table": {}})
    notes = {}
    shown = {row: made[0] for row, made in real(learnt, held, quick, notes)}

    def told():
        made_of = (PARTS[part](learnt, held, quick, notes) for part in parts)
        for row, made in chain.from_iterable(made_of):
            shown[row] = made[0]
            for i, clip in enumerate(made[: 0 if quick else 2]):
                path = RESULTS / "sound" / f"{name}-{row}-{i}.ogg"
                path.parent.mkdir(parents=True, exist_ok=True)
                audio.write(path, clip, SR)
            yield row, made

    table = measured_rows(told(), reference(held), learnt)
    table = known["table"] | table
    if not quick:
        sheet(name, shown)
        if "effort" in parts:
            against_effort(name, table)
    return known | {"table": table, **notes}


def sheet(name, shown):
    """Contact sheet: waveform, spectrogram and chromagram of one clip of each row.

    Of real music there is one in any case.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    n = len(shown)
    figure, axes = plt.subplots(n, 3, figsize=(15, 1.4 * n), width_ratios=(2, 4, 3))
    for row_axes, (row, clip) in zip(axes, shown.items(), strict=True):
        x = clip.mean(axis=1) + 1e-9
        wave, spectrogram, chromagram = row_axes
        wave.plot(np.arange(len(x))[::50] / SR, x[::50], linewidth=0.3)
        wave.set(xlim=(0, CLIP), ylim=(-1, 1))
        spectrogram.specgram(x, NFFT=2048, Fs=SR, noverlap=1024, vmin=-140)
        spectrogram.set(ylim=(0, 8000), ylabel="Hz")
        chroma = np.roll(spectra(clip, SR).chroma.T, -3, axis=0)  # from A to C
        extent = (0, CLIP, -0.5, 11.5)
        chromagram.imshow(chroma, aspect="auto", origin="lower", extent=extent)
        chromagram.set(yticks=(0, 4, 7), yticklabels="CEG")
        wave.set_title(row, fontsize=8, loc="left")
    figure.tight_layout()
    figure.savefig(RESULTS / f"quality-{name}.png", dpi=60)


def against_effort(name, table):
    """Plot of Fréchet distance against training, units and music, of one corpus."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    distance = {row: each["frechet_distance"] for row, each in table.items()}
    usual, best = distance[DEFAULT], distance["real, unheard"]
    # The default: a fit of eight minutes, layers of 320 units, ten recordings.
    panels = {
        "minutes of training": ("min of training", 8),
        "units of a layer": ("two layers of", 320),
        "recordings of 70 s": ("recordings learned", 10),
    }
    figure, axes = plt.subplots(1, len(panels), figsize=(9, 2.8), sharey=True)
    for axis, (label, (of, default)) in zip(axes, panels.items(), strict=True):
        known = {int(re.search(r"\d+", r)[0]): distance[r] for r in distance if of in r}
        at, values = zip(*sorted((known | {default: usual}).items()), strict=True)
        axis.plot(at, values, "o-")
        axis.axhline(best, linestyle=":", color="gray")
        axis.set(xscale="log", xlabel=label, xticks=at, xticklabels=at)
        axis.minorticks_off()
    axes[0].set_ylim(0)
    axes[0].set_ylabel("Fréchet distance")
    axes[0].text(at[0] / 2, best, "real", color="gray", va="bottom")
    figure.tight_layout()
    figure.savefig(RESULTS / f"effort-{name}.png", dpi=80)
    plt.close(figure)


def markdown(tables):
    """Lines of all tables."""
    lines = ["# Quality"]
    lines += printed_by("quality.py", "Medians of 24 clips of 20 s; `random_state=0`.")
    for name, found in tables.items():
        table = found["table"]
        within = next(iter(table.values()))["frechet_within"]
        lines += [f"## {name}", ""]
        lines += [f"Fréchet distance of the reference's halves: {within:.1f}.", ""]
        lines += table_lines(table, HEADS)
        lines += [""]
        long = found.get("first and last of ten minutes", {})
        told = [f"{k.replace('_', ' ')} {a}, {b}" for k, (a, b) in long.items()]
        if told:
            lines += ["Ten minutes sampled in one go, first and last minute: "]
            lines[-1] += "; ".join(told) + "."
            lines += [""]
    return lines[:-1]


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("--part", choices=PARTS, action="append")
    asked = parser.parse_args()
    found = printed("quality", asked.quick)
    for each in asked.corpus or CORPORA:
        found[each] = measure(each, asked.quick, asked.part or tuple(PARTS))
        write("quality", markdown, found, asked.quick)
