"""Plain music: drums with pauses, pads, single notes. What is wrong is heard at once.

    .venv/bin/python benchmarks/plain.py              # a quarter of an hour
    .venv/bin/python benchmarks/plain.py --kind drums

Real recordings hide much: noise, other partials, a room. Here a minute or so of each
kind is learned, and eight pieces are held against recordings of the same kind that were
never heard. Nothing is tuned to these corpora. Writes plain.md and plain.json into
benchmarks/results.
"""

import numpy as np
from quality import FIRST, SR, command, headed, judged, judgements, learn

SECONDS, LEARNT, UNHEARD, HEARD = 15, 5, 8, 5
SIZES = 2048, 256
SHOWN = headed(
    *FIRST,
    "centroid",
    "spectral_flux",
    "chroma_change",
    "chroma_drift_5s",
    "loudness",
    "repetition",
    "share_1s",
    "longest_run",
)


def times(seconds):
    """Times of samples."""
    return np.arange(int(seconds * SR)) / SR


def added(wave, note, second):
    """Add a note to a waveform, as far as it lasts."""
    start = int(second * SR)
    note = note[: max(len(wave) - start, 0)]
    wave[start : start + len(note)] += note


def drums(rng, tempo=None):
    """Bass drum, snare and hi-hat; nothing between the strokes."""
    wave, eighth = np.zeros(SECONDS * SR), 30 / (tempo or rng.choice([100, 110, 120]))
    for k in range(int(SECONDS / eighth)):
        if k % 4 == 0 or rng.random() < 0.1:
            t = times(0.25)
            sweep = 50 * t + 12 * (1 - np.exp(-30 * t))
            added(wave, np.sin(2 * np.pi * sweep) * np.exp(-12 * t), k * eighth)
        if k % 4 == 2:
            t = times(0.18)
            both = rng.standard_normal(len(t)) + np.sin(2 * np.pi * 190 * t)
            added(wave, 0.5 * both * np.exp(-20 * t), k * eighth)
        if rng.random() < 0.8:
            t = times(0.05)
            hiss = np.diff(rng.standard_normal(len(t)), prepend=0)
            added(wave, 0.3 * hiss * np.exp(-80 * t), k * eighth)
    return wave


def melody(rng, partials, decay, tempo=120):
    """One note after another, of a major scale; each fades under the next."""
    wave, second, step = np.zeros(SECONDS * SR), 0.0, 7
    root, scale = rng.integers(-3, 4), np.array([0, 2, 4, 5, 7, 9, 11])
    while second < SECONDS:
        beats = rng.choice([0.5, 0.5, 1, 1, 2])
        step = int(np.clip(step + rng.integers(-2, 3), 0, 20))
        hertz = 220 * 2 ** ((root + 12 * (step // 7) + scale[step % 7]) / 12)
        t = times(min(90 / tempo * beats, 3))
        note = sum(
            np.sin(2 * np.pi * hertz * k * t) / k * np.exp(-decay * k * t)
            for k in range(1, partials + 1)
        )
        note *= np.minimum(t / 0.005, 1) * rng.uniform(0.6, 1)
        added(wave, note * np.minimum((t[-1] - t) / 0.05, 1), second)
        second += 60 / tempo * beats
    return wave


def pads(rng):
    """Four chords that fade into one another, three seconds each."""
    wave = np.zeros(SECONDS * SR)
    chords = (0, 4, 7), (5, 9, 12), (7, 11, 14), (9, 12, 16)
    t = times(4)
    swell = np.minimum(1, t / 0.5) * np.minimum(1, (4 - t) / 0.8)
    for second in range(0, SECONDS, 3):
        for pitch in chords[rng.integers(len(chords))]:
            hertz = 220 * 2 ** (pitch / 12) * (1 + 1e-3 * rng.standard_normal(8))
            phases = rng.uniform(0, 2 * np.pi, 8)
            for k in range(8):
                tone = np.sin(2 * np.pi * hertz[k] * (k + 1) * t + phases[k])
                added(wave, swell * tone / (k + 1), second)
    return wave


def band(rng):
    """Drums, plucked notes and pads together."""
    return 0.6 * drums(rng, 120) + melody(rng, 11, 1.5) + 0.2 * pads(rng)


KINDS = {
    "drums": drums,
    "pads": pads,
    "single tones": lambda rng: melody(rng, 1, 3.0),
    "plucked notes": lambda rng: melody(rng, 11, 1.5),
    "band": band,
}


def recordings(kind, seeds):
    """Recordings ``(n_samples, 1)`` of a kind, one of each seed."""
    waves = [KINDS[kind](np.random.default_rng(seed)) for seed in seeds]
    return [(0.5 * x / np.abs(x).max()).astype(np.float32)[:, None] for x in waves]


def measure(kind):
    """Figures of real recordings, and of pieces at each size of window."""
    learnt = recordings(kind, range(LEARNT))
    unheard = recordings(kind, range(100, 100 + UNHEARD))
    others = recordings(kind, range(200, 200 + UNHEARD))
    seeds = [x[: HEARD * SR] for x in others]
    table = {"real, unheard": judged(unheard, others, learnt, SHOWN)}
    for N in SIZES:
        pipe, _ = learn(learnt, N)
        made = [
            pipe.sample(seed, seconds=SECONDS, random_state=i)
            for i, seed in enumerate(seeds)
        ]
        table[f"skmusic, N={N}"] = judged(unheard, made, learnt, SHOWN)
        print(kind, N, table[f"skmusic, N={N}"], flush=True)
    return table


def markdown(tables):
    """A table of each kind; an asterisk is outside the range of real ones."""
    lines = [
        "# Plain music",
        "",
        "Printed by `benchmarks/plain.py`: medians of pieces that go on after unheard",
        f"recordings, {SECONDS} s each; {LEARNT} recordings as long were learned. An",
        "asterisk marks what lies outside the 5 to 95 % range of real recordings.",
    ]
    return "\n".join(lines + judgements(tables, SHOWN)) + "\n"


if __name__ == "__main__":
    command(__doc__, "plain", measure, markdown, KINDS, "--kind")
