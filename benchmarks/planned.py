"""How planned pieces differ from recordings, without making a sound: seconds a piece.

    .venv/bin/python benchmarks/planned.py --corpus songs
    .venv/bin/python benchmarks/planned.py --corpus songs \
        --set skmusic.synthesis.concatenative.selection.MOOD=5

Of 40 pieces of 20 s the steps are planned, not played, from seeds of the bank. Their
features, cross-faded, are held against the bank's own stretches of 20 s: what differs
is what the choice of places does. A constant is set before the model is fitted, in the
module that uses it.
"""

import argparse
import importlib
from itertools import pairwise

import numpy as np
from quality import CORPORA, learn

from skmusic.features.chroma import chroma
from skmusic.features.onsets import onset_strength, rises
from skmusic.metrics.distances import auc
from skmusic.spectra.frames import STEP_SECONDS
from skmusic.synthesis.concatenative.crossfade import FADE
from skmusic.synthesis.concatenative.sampler import enter, hear
from skmusic.synthesis.concatenative.selection import plan
from skmusic.synthesis.sampling import Tempering

PIECE, WINDOW, EVERY, SEED = 860, 129, 43, 430
LAGS = 1, 3, 8, 22, 43, 86
EDGES = (0.7, 1.5, 3.0, 6.0, 12.0)  # Hz
WINDOWS = (
    "levels move",
    *(f"levels at {a:g} to {b:g} Hz" for a, b in pairwise(EDGES)),
    *(f"chord changes in {lag} steps" for lag in LAGS),
    *(f"sound changes in {lag} steps" for lag in LAGS),
    "onsets",
    "strongest onsets",
    "beat",
)
WHOLE = ("loudness range", "chord in 10 s", "sound in 10 s", "sound moves")


def steps_of(bank, runs):
    """Features and levels of runs, cross-faded."""
    first = np.cumsum([0, *(run.length for run in runs)])
    at = np.concatenate([np.arange(r.start, r.start + r.length) for r in runs])
    colour = np.repeat([r.colour for r in runs], [r.length for r in runs], axis=0)
    features = bank.features[at].astype(np.float32)
    power = 10 ** (0.1 * (bank.levels[at] + colour))
    share = (np.arange(2 * FADE) + 0.5) / (2 * FADE)
    for end, old, new in zip(first[1:-1], runs, runs[1:], strict=False):
        i = np.arange(-FADE, FADE)
        a, b = old.start + old.length + i, new.start + i
        inside = (a < bank.ends[old.start]) & (b >= 0) & (end + i < len(at))
        i, a, b, s = i[inside], a[inside], b[inside], share[inside, None]
        features[end + i] = (1 - s) * bank.features[a] + s * bank.features[b]
        before, after = (
            10 ** (0.1 * (bank.levels[x] + r.colour)) for x, r in ((a, old), (b, new))
        )
        power[end + i] = (1 - s) * before + s * after
    return features, 10 * np.log10(power)


def planned(generator, rng):
    """Features and levels of a piece that goes on after a place of the bank."""
    bank, network = generator.bank_, generator.network_
    start = int(rng.randint(len(bank.ends) - SEED))
    seed = bank.features[start : start + SEED].astype(np.float32)
    heard = hear(bank, network, seed, generator.codebook_, Tempering())
    walk = enter(bank, network, heard, Tempering(), rng)
    runs, n = [], 0
    while n < PIECE:
        (walk,), (run,) = plan(bank, network, [walk], Tempering())
        runs.append(run)
        n += run.length
    features, levels = steps_of(bank, runs)
    return features[:PIECE], levels[:PIECE]


def statistics(features, levels, codebook):
    """Statistics of each window of 3 s, and of the whole."""
    sound = features * codebook.weight
    chord = chroma(features, codebook)
    onset = onset_strength(rises(features, codebook))
    bands = codebook.levels(features)
    windows = [
        window(*(x[i : i + WINDOW] for x in (levels, chord, sound, onset, bands)))
        for i in range(0, len(features) - WINDOW + 1, EVERY)
    ]
    power = np.convolve((10 ** (0.1 * levels)).sum(axis=1), np.ones(WINDOW), "valid")
    loudness = 10 * np.log10(power + 1e-9)
    whole = [np.percentile(loudness, 95) - np.percentile(loudness, 10)]
    for x in (chord, sound):
        sums = np.cumsum(x, axis=0)
        mean = (sums[107:] - sums[:-107]) / 107
        whole.append(np.linalg.norm(mean[430:] - mean[:-430], axis=1).mean())
    return np.array(windows), np.array([*whole, sound.var(axis=0).sum()])


def window(levels, chord, sound, onset, bands):
    """Statistics of a window, as `WINDOWS` names them."""
    swing = np.fft.rfft(
        (bands - bands.mean(axis=0)) * np.hanning(WINDOW)[:, None], axis=0
    )
    power = np.square(np.abs(swing)).mean(axis=1)
    which = np.searchsorted(EDGES, np.fft.rfftfreq(WINDOW, STEP_SECONDS))
    found = [levels.std(axis=0).mean()]
    found += [np.log(power[which == k].sum() + 1e-3) for k in range(1, len(EDGES))]
    for x in (chord, sound):
        moved = [np.square(x[lag:] - x[:-lag]).sum(axis=1).mean() for lag in LAGS]
        found += list(np.log(np.array(moved) + 1e-6))
    centred = onset - onset.mean()
    n = len(onset)
    again = np.fft.irfft(np.square(np.abs(np.fft.rfft(centred, 2 * n))))[:n]
    again = again / (centred @ centred + 1e-3 * n) * n / (n - np.arange(n))
    return [*found, onset.mean(), np.percentile(onset, 98), again[12:65].max()]


def report(name, N):
    """Print how far planned pieces are from the recordings, in deviations of these."""
    generator = learn(CORPORA[name]()[0], N)[0][-1]
    bank, codebook = generator.bank_, generator.codebook_
    ends = [e for e in np.unique(bank.ends) if (bank.ends == e).sum() >= PIECE]
    real = [
        statistics(
            bank.features[e - PIECE : e].astype(np.float32),
            bank.levels[e - PIECE : e].astype(np.float32),
            codebook,
        )
        for e in ends
    ]
    made = [
        statistics(*planned(generator, np.random.RandomState(i)), codebook)
        for i in range(40)
    ]
    sets = [np.concatenate([w for w, _ in each]) for each in (real, made)]
    clips = [np.repeat(np.arange(len(e)), len(e[0][0])) for e in (real, made)]
    told = auc(*sets, *clips)
    print(f"{name}, N={N}: AUC {told:.2f}")
    both = (WINDOWS, sets), (WHOLE, [np.array([p for _, p in e]) for e in (real, made)])
    for names, (old, new) in both:
        for label, z in zip(
            names, (new.mean(axis=0) - old.mean(axis=0)) / old.std(axis=0), strict=True
        ):
            print(f"  {label:28s} {z:+.1f}")


def main():
    """Fit, plan and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--corpus", choices=list(CORPORA), action="append")
    parser.add_argument("-N", type=int, default=2048)
    parser.add_argument(
        "--set", action="append", default=[], metavar="MODULE.NAME=VALUE"
    )
    args = parser.parse_args()
    for each in args.set:
        name, value = each.split("=")
        module, _, constant = name.rpartition(".")
        setattr(importlib.import_module(module), constant, float(value))
    for name in args.corpus or CORPORA:
        report(name, args.N)


if __name__ == "__main__":
    main()
