"""Make what the README shows, its picture, its table and a figure.

    .venv/bin/python docs/make_readme.py           # all, some five minutes on two cores
    .venv/bin/python docs/make_readme.py --table   # without the picture, at once

The picture: ten recordings of the benchmarks are learned. Ten seconds of another that
was never heard are played to the article's method and to ours; what they go on with
stands below what really followed. It is written to docs/_static/spectrograms.png.
The table is an extract of benchmarks/results/quality.json. How much faster music is
made than it plays stands in the text as ``23<!-- faster -->``, and is replaced by what
was last printed.
"""

import argparse
import json
import re
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
RESULTS = ROOT / "benchmarks" / "results"
PICTURE = ROOT / "docs" / "_static" / "spectrograms.png"
OURS = "skmusic, N=2048 (default)"
COLUMNS = {
    "real, unheard": "real music it did not learn from",
    OURS: "skmusic",
    "the article's method": "the article's method",
}
ROWS = {
    "frechet_distance": ("Distance from real music (less is better)", ".0f"),
    "onset_rate": ("Notes that begin in a second", ".1f"),
    "beat_strength": ("Strength of the beat (0 to 1)", ".2f"),
    "share_1s": ("Copied for a second or more", ".0%"),
    "share_250ms": ("Copied for a quarter of a second or more", ".0%"),
}
START, SHOWN = 30, 12  # seconds
HIGHEST = 4000  # Hz
SR, SIZE, HOP = 44100, 4096, 2048
COLOURS = 64  # fewer make a smaller file


def quality(corpus):
    """Measures of each row of the quality table."""
    return json.loads((RESULTS / "quality.json").read_text())[corpus]["table"]


def faster():
    """How many times as fast as it plays one piece is made."""
    rows = json.loads((RESULTS / "speed.json").read_text())["tables"]["sampling"]
    (row,) = (row for row in rows if "one piece of 30 s" in row["what"])
    return row["measured"]


def table():
    """Lines of the table."""
    measured = quality("wesnoth")
    lines = [
        "| | " + " | ".join(COLUMNS.values()) + " |",
        "|---" * (len(COLUMNS) + 1) + "|",
    ]
    for key, (name, form) in ROWS.items():
        cells = [format(measured[column][key], form) for column in COLUMNS]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def filled(text):
    """Text of the README with the table and the figure that were last printed."""
    head = re.escape(table().splitlines()[0])
    text, count = re.subn(rf"{head}\n(\|.*\n)+", table() + "\n", text)
    if count != 1:
        raise SystemExit(f"README.md has {count} tables with the head {head}, not one")
    return re.sub(r"[\d.,]+<!-- faster -->", f"{faster()}<!-- faster -->", text)


def levels(x):
    """Decibels ``(n_bins, n_frames)`` below the loudest."""
    windows = np.lib.stride_tricks.sliding_window_view(x.mean(axis=1), SIZE)[::HOP]
    spectrum = np.fft.rfft(windows * np.hanning(SIZE))
    power = np.abs(spectrum[:, : HIGHEST * SIZE // SR]) ** 2
    return 10 * np.log10(power / power.max() + 1e-12).T


def draw(panels):
    """One spectrogram above the other, each scaled to its loudest."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        len(panels), 1, figsize=(8, 5.4), sharex=True, layout="constrained"
    )
    for axis, (title, x) in zip(axes, panels.items(), strict=True):
        axis.imshow(
            levels(x[: SHOWN * SR]),
            origin="lower",
            aspect="auto",
            extent=(0, SHOWN, 0, HIGHEST / 1000),
            cmap="magma",
            vmin=-75,
            interpolation="nearest",
        )
        axis.set_title(title, loc="left", fontsize=10)
        axis.set_ylabel("kHz")
    axes[-1].set_xlabel("seconds after what was heard")
    return figure


def save(figure):
    """Write a small PNG, whole or not at all."""
    from PIL import Image

    part = PICTURE.with_suffix(".part")
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3]
    Image.fromarray(pixels).quantize(COLOURS).save(part, "PNG", optimize=True)
    part.replace(PICTURE)
    print(f"{PICTURE}: {PICTURE.stat().st_size / 1000:.0f} kB")


def write_picture():
    """Learn, compose, draw."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    from protocol import HEARD, article, learn, load, ours

    learnt, (song, *_) = load("wesnoth")
    at = START * SR
    seed = song[at - HEARD * SR : at]
    (by_article,) = article(learnt, [seed], epochs=1)
    (by_us,) = ours(learn(learnt, 2048), [seed])
    panels = {
        "real: how the recording goes on": song[at:],
        "the article's method of 2017: a buzz": by_article,
        "skmusic": by_us,
    }
    save(draw(panels))


def main():
    """Make what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--table", action="store_true", help="no picture")
    args = parser.parse_args()
    README.write_text(filled(README.read_text(encoding="utf-8")), encoding="utf-8")
    if not args.table:
        write_picture()


if __name__ == "__main__":
    main()
