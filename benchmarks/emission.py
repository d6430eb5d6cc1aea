"""Sound without recordings: what each part of ``emission="spectra"`` keeps and loses.

    .venv/bin/python benchmarks/emission.py           # all, some minutes
    .venv/bin/python benchmarks/emission.py --corpus songs

Corpora, clips and measures are those of benchmarks/quality.py. First features of real
clips are made to sound again: as they are, with phases by chance, and with features
that are quantised one by one. Then come pieces that are drawn. Writes emission.md into
benchmarks/results.
"""

import argparse
import os

import numpy as np
from quality import (
    CLIP,
    FIRST,
    HEARD,
    RESULTS,
    clips,
    headed,
    judged_rows,
    judgements,
    learn,
    ours,
    reference,
    songs,
    wesnoth,
)
from sklearn.cluster import KMeans

from skmusic.synthesis.neural import vocoder as resynthesis

SHOWN = headed(
    *FIRST,
    "chroma_change",
    "loudness_range",
    "chroma_drift_10s",
    "spectral_flux",
    "stereo_width",
    "share_1s",
    "share_250ms",
)


def sounding_again(pipe, clip, changed=lambda features: features):
    """A clip's features, made to sound."""
    generator = pipe[-1]
    codebook, image = generator.codebook_, generator.image_
    (frames,) = pipe[0].transform([clip])
    features = changed(codebook.features(frames)).astype(np.float32)
    sound, made = resynthesis.silence(codebook, image, features[0]), []
    lead, end = [features[0]] * resynthesis.WARM_UP, [features[-1]] * 2
    for each in [*lead, *features, *end]:
        sound = resynthesis.pushed(sound, each, codebook, image)
        some, sound = resynthesis.frames_of(sound, codebook, image)
        made.append(some)
    made = np.concatenate(made)[: len(frames)]
    return pipe[0].inverse_transform([made])[0]


def quantised(pipe, learnt, n_stages):
    """Function that quantises features one by one, by tokens and residual codes."""
    codebook = pipe[-1].codebook_
    frames = pipe[0].transform(clips(learnt, (0.2, 0.6), CLIP))
    x = np.concatenate([codebook.features(f) for f in frames]) * codebook.weight
    books = [codebook.centroids]
    for stage in range(n_stages):
        left = x - _nearest(books, x)
        books.append(
            KMeans(256, n_init=1, random_state=stage).fit(left).cluster_centers_
        )
    return lambda f: _nearest(books, f * codebook.weight) / codebook.weight


def _nearest(books, x):
    found = np.zeros_like(x)
    for book in books:
        far = np.square(book).sum(axis=1) - 2 * (x - found) @ book.T
        found = found + book[far.argmin(axis=1)]
    return found


def by_chance(pipe, clip):
    """A clip's features, made to sound with phases by chance."""
    rng, next_phase = np.random.default_rng(0), resynthesis.next_phase
    resynthesis.next_phase = lambda phase, *rest: rng.uniform(0, 2 * np.pi, len(phase))
    try:
        return sounding_again(pipe, clip)
    finally:
        resynthesis.next_phase = next_phase


def rows(learnt, held):
    """Name and clips of each row."""
    real = clips(held, (0.25, 0.75), CLIP)[:8]
    seeds = clips(held, (0.3, 0.6), HEARD)[:8]
    yield "real, unheard", real
    pipe, seconds = learn(learnt, 2048, emission="spectra")
    yield "its features, made to sound", [sounding_again(pipe, x) for x in real]
    yield "... phases by chance", [by_chance(pipe, x) for x in real]
    for n_stages in (0, 4):
        changed = quantised(pipe, learnt, n_stages)
        made = [sounding_again(pipe, x, changed) for x in real]
        yield f"... tokens and {n_stages} residual codes, one by one", made
    yield 'emission="spectra", N=2048', ours(pipe, seconds, seeds)[0]
    fitted = learn(learnt, 256, emission="spectra")
    yield 'emission="spectra", N=256', ours(*fitted, seeds)[0]


def measure(learnt, held):
    """Table of one corpus."""
    return judged_rows(rows(learnt, held), reference(held), learnt, SHOWN)


def main():
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--corpus", choices=["wesnoth", "songs"], action="append")
    corpora = {"wesnoth": wesnoth, "songs": songs}
    lines = [
        "# Sound without recordings",
        "",
        f"Printed by `benchmarks/emission.py` on {os.cpu_count()} cores; "
        "`random_state=0`.",
        "Medians of 8 clips of 20 s. An asterisk marks what lies outside the 5 to",
        "95 % range of real clips.",
    ]
    asked = parser.parse_args().corpus or corpora
    tables = {name: measure(*corpora[name]()) for name in asked}
    lines += judgements(tables, SHOWN, ".2f")
    (RESULTS / "emission.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
