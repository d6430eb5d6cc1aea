"""How many bytes the frames of music take in the bank, and whether that is heard.

    .venv/bin/python benchmarks/storage.py        # some minutes

Clips of the learned recordings are stored in several ways and brought back. What is
lost is held against what it would take to be heard beside the music: the noise-to-mask
ratio in half Barks of 23 ms, with the masked threshold of a spread spectrum between
those of tones and of noise. Writes storage.md into benchmarks/results.

References: T. Thiede et al., "PEAQ: the ITU standard for objective measurement of
perceived audio quality", Journal of the AES 48 (2000), for the ratio; M. R. Schroeder,
B. S. Atal and J. L. Hall, "Optimizing digital speech coders by exploiting masking
properties of the human ear", JASA 66 (1979), for the spreading.
"""

from functools import cache

import numpy as np
import scipy.signal
from quality import CORPORA, RESULTS, SR, clips

from skmusic import FFTFeaturizer
from skmusic.spectra.frames import find_layout
from skmusic.spectra.reframing import with_lapped
from skmusic.synthesis.concatenative import storage
from skmusic.synthesis.concatenative.storage import store_frames

CLIPS, SECONDS, SIZES = 12, 20, (2048, 256)
# Numbers of a group, decibels from which they have four bits, power of their steps,
# and whether frames are stored as they are or by their lapped transform.
WAYS = {
    "frames, groups of 32, equal steps, four bits from -30 dB": (32, -30.0, 1.0, False),
    "frames, groups of 16, from -15 dB": (16, -15.0, 1.4, False),
    "frames, groups of 8, from -10 dB": (8, -10.0, 1.4, False),
    "lapped, groups of 16, from -20 dB": (16, -20.0, 1.4, True),
    "lapped, groups of 8, equal steps, from -20 dB": (8, -20.0, 1.0, True),
    "lapped, groups of 8, from -20 dB (skmusic)": (8, -20.0, 1.4, True),
    "lapped, groups of 4, from -20 dB": (4, -20.0, 1.4, True),
}


def arranged(group, decibels, power):
    """Make the package store frames in this way."""
    storage._GROUP, storage._COARSE_DB, storage._POWER = group, decibels, power
    storage._PAIRS = storage._pairs(power)


@cache
def half_barks():
    """Half Bark of each bin, and how far each of them masks the others."""
    f = np.fft.rfftfreq(1024, 1 / SR)
    bark = 13 * np.arctan(0.00076 * f) + 3.5 * np.arctan((f / 7500) ** 2)
    band = (2 * bark).astype(int)
    z = (np.arange(band.max() + 1) + 0.5) / 2
    d = z[:, None] - z + 0.474
    return band, z, 10 ** ((15.81 + 7.5 * d - 17.5 * np.sqrt(1 + d**2)) / 10)


def ratios(x, y):
    """Decibels of what is lost above the masked threshold ``(n_times, n_bands)``."""
    band, z, spread = half_barks()
    into = np.eye(len(z))[band].T

    def power(wave):
        return into @ np.abs(scipy.signal.stft(wave, SR, "hann", 1024)[2]) ** 2

    heard = power(x)
    # Halfway between 14.5 dB and a Bark's number below a tone, and 5.5 below noise.
    threshold = (spread @ heard) * 10 ** (-(14.5 + z + 5.5) / 20)[:, None]
    threshold += heard.max() * 1e-8
    return 10 * np.log10(power(x - y) / threshold + 1e-9).T


def judged(frames, waves, featurizer, layout, lapped):
    """Bytes of a second of music, and figures of the ratios."""
    store = store_frames if lapped else lambda x, _: storage.store(x)
    stored = [store([x], layout) for x in frames]
    rows = [getattr(each, "rows", each) for each in stored]
    n_bytes = sum(r.fine.nbytes + r.coarse.nbytes + r.scales.nbytes for r in rows)
    back = featurizer.inverse_transform([each[:] for each in stored])
    found = []
    for x, y in zip(waves, back, strict=True):
        n = min(len(x), len(y))
        found.append(ratios(x[:n, 0].astype(float), y[:n, 0].astype(float)))
    found = np.concatenate(found)
    worst = found.max(axis=1)
    mean = 10 * np.log10(np.mean(10 ** (found / 10)))
    return (
        f"{n_bytes / sum(map(len, waves)) * SR / 1000:.0f} | {mean:.1f} | "
        f"{100 * np.mean(worst > 0):.1f} % | {100 * np.mean(worst > 3):.1f} %"
    )


def main():
    lines = [
        "# What the bank's frames take, and whether that is heard",
        "",
        f"Printed by `benchmarks/storage.py`: {CLIPS} clips of {SECONDS} s of the",
        "learned recordings, stored and brought back. Noise to mask is the mean over",
        "bands and times, in dB; the last columns tell in how many windows of 23 ms",
        "the noise of some band is above its threshold, and 3 dB above.",
    ]
    for name, corpus in CORPORA.items():
        music = clips(corpus()[0], (0.1, 0.6), SECONDS)[:CLIPS]
        for N in SIZES:
            featurizer = FFTFeaturizer(N=N, sr=SR)
            frames = featurizer.fit_transform(music)
            waves = featurizer.inverse_transform(frames)
            layout = with_lapped(find_layout(frames), frames)
            lines += ["", f"## {name}, N={N}", ""]
            lines += ["| | kB a second | noise to mask | above | by 3 dB |"]
            lines += ["|---|---|---|---|---|"]
            for way, (*how, lapped) in WAYS.items():
                arranged(*how)
                row = judged(frames, waves, featurizer, layout, lapped)
                lines.append(f"| {way} | {row} |")
                print(name, N, lines[-1], flush=True)
    (RESULTS / "storage.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
