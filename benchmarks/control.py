"""Does a piece do what is asked of it? Asked against got, for each control.

    .venv/bin/pip install librosa mir_eval
    .venv/bin/python benchmarks/control.py            # about half an hour

Twenty settings of each control, and beside each what the same random state gives
without it. What is got is measured on the waveform, and not by what composes: tempo and
key by librosa, keys scored by mir_eval, styles and chords by means over passages.
"""

import tempfile
from pathlib import Path

import librosa
import mir_eval
import numpy as np
from protocol import SR, command, learn, load
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmusic import audio
from skmusic.features.keys import FITS
from skmusic.metrics import describe
from skmusic.metrics.analysis import LONG_HOP, RATE, spectra

SECONDS, N_SETTINGS = 12, 20
# Of a beat that is heard: its strength; how far off a tempo may be.
CLEAR, NEAR = 0.15, 0.02
TEMPI = 80, 95, 110, 130, 150
CORPORA = "wesnoth", "songs"
# Samples before and after a splice that tell of it, and places of a recording.
ABOUT, PLACES = SR // 4, 60
TONICS = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"]
KEYS = [f"{tonic} {mode}" for mode in ("major", "minor") for tonic in TONICS]
AMOUNTS, LEVELS = (0.0, 0.3, 0.6, 0.9), (0.1, 0.4, 0.7, 1.0)


class Judge:
    """Measures of waveforms; styles are told in deviations between recordings."""

    def __init__(self, recordings):
        self.scale = np.array([_means(x) for x in recordings]).std(axis=0) + 1

    def style(self, x):
        """Mean and deviation of the level of each mel band in a passage."""
        return _means(x) / self.scale

    def chords(self, x, seconds=1.0):
        """Chroma, a mean over a second about each moment, less that of all."""
        found = spectra(x, SR).chroma
        kernel = np.ones(max(1, round(seconds * RATE / LONG_HOP)))
        found = np.stack([np.convolve(c, kernel, "valid") for c in found.T], axis=1)
        return found - found.mean(axis=0)

    def onsets(self, x, n_windows):
        """What begins, a mean over each of so many windows."""
        rises = np.maximum(np.diff(spectra(x, SR).log_mel, axis=0), 0).mean(axis=1)
        return [part.mean() for part in np.array_split(rises, n_windows)]


def _means(x):
    levels = spectra(x, SR).log_mel
    return np.concatenate([levels.mean(axis=0), levels.std(axis=0)])


def loudness(x, seconds):
    """Level in windows of so many seconds, in decibels."""
    n = round(seconds * SR)
    power = np.square(x[: len(x) // n * n]).reshape(-1, n * x.shape[1]).mean(axis=1)
    return 10 * np.log10(power + 1e-9)


def between(style, first, second):
    """Where a style is between two: 0 at the first, 1 at the second."""
    way = second - first
    return float((style - first) @ way / (way @ way))


def likeness(a, b):
    n = min(len(a), len(b))
    a, b = a[:n], b[:n]
    return float((a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum() + 1e-12))


def correlation(a, b):
    return float(np.corrcoef(a, b)[0, 1])


def of_energy(pipe, judge, free, recordings, rng):
    """Correlations of loudness and onsets with a curve that is asked for."""
    found, at = [], (np.arange(2 * SECONDS) + 0.5) / (2 * SECONDS)
    for k in range(len(free)):
        levels = rng.permutation(LEVELS).tolist()
        made, without = (
            pipe.sample(seconds=SECONDS, energy=energy, random_state=k)
            for energy in (levels, None)
        )
        asked = np.interp(at, np.linspace(0, 1, len(levels)), levels)
        row = {"asked": levels}
        for name, x in (("with", made), ("without", without)):
            row[f"loudness {name}"] = correlation(loudness(x, 0.5), asked)
            row[f"onsets {name}"] = correlation(judge.onsets(x, len(at)), asked)
        found.append(row)
    return found


def of_tempo(pipe, judge, free, recordings, rng):
    """How clear the beat is, and how far from the tempo that is asked for.

    An octave off is no fault.
    """
    found = []
    for k in range(len(free)):
        x = recordings[k % len(recordings)]
        start, asked = len(x) // 3, TEMPI[k % len(TEMPI)]
        seed, row = x[start : start + 10 * SR], {"asked": asked}
        for name, tempo in (("with", asked), ("without", None)):
            made = pipe.sample(seed, seconds=25, tempo=tempo, random_state=k)
            made = made[5 * SR :]
            octaves = np.log2(tempo_of(made) / asked)
            row[f"off {name}"] = float(2 ** abs(octaves - np.rint(octaves)) - 1)
            row[f"strength {name}"] = describe(made, SR)["beat_strength"]
        found.append(row)
    return found


def tempo_of(x):
    """Beats a minute, by librosa."""
    mono = librosa.to_mono(x.T)
    _, beats = librosa.beat.beat_track(y=mono, sr=SR, units="time", trim=False)
    return 60 / np.polyfit(np.arange(len(beats)), beats, 1)[0]


def of_key(pipe, judge, free, recordings, rng):
    """How near the key of a piece is to the one that is asked for, from 0 to 1.

    Of a recording, how near the key of what follows a seed is to that of the seed.
    """
    score, found = mir_eval.key.weighted_score, []
    for k in range(len(free)):
        x = recordings[k % len(recordings)]
        start, asked = len(x) // 3, KEYS[rng.randint(len(KEYS))]
        seed, after = x[start : start + 10 * SR], x[start + 10 * SR :][: SECONDS * SR]
        row = {"asked": asked, "real": score(key_of(seed), key_of(after))}
        for name, key in (("with", asked), ("without", None)):
            made = pipe.sample(seed, seconds=SECONDS, key=key, random_state=k)
            row[name] = score(asked, key_of(made))
        found.append(row)
    return found


def key_of(x):
    """Key whose profile is most like the chroma of librosa."""
    chroma = librosa.feature.chroma_cqt(y=librosa.to_mono(x.T), sr=SR).mean(axis=1)
    profiles = [np.roll(mode, k) for mode in FITS for k in range(12)]
    return KEYS[np.argmax([correlation(chroma, profile) for profile in profiles])]


def of_blend(pipe, judge, free, recordings, rng):
    """Where pieces are between the styles of two recordings."""
    found = []
    for k, without in enumerate(free):
        a, b = (recordings[i] for i in rng.permutation(len(recordings))[:2])
        share = (k % 5) / 4
        made = pipe.sample(
            seconds=SECONDS, style=[(a, 1 - share), (b, share)], random_state=k
        )
        ends = judge.style(a), judge.style(b)
        row = {"asked": share}
        for name, x in (("with", made), ("without", without)):
            row[name] = between(judge.style(x), *ends)
        found.append(row)
    return found


def of_path(pipe, judge, free, recordings, rng):
    """The same at the beginning and at the end of a change-over."""
    found, n = [], SECONDS * SR // 4
    for k, without in enumerate(free):
        a, b = (recordings[i] for i in rng.permutation(len(recordings))[:2])
        path = [(SECONDS / 4, a), (3 * SECONDS / 4, b)]
        made = pipe.sample(seconds=SECONDS, style=path, random_state=k)
        ends, row = (judge.style(a), judge.style(b)), {}
        for name, x in (("with", made), ("without", without)):
            row[f"first {name}"] = between(judge.style(x[:n]), *ends)
            row[f"last {name}"] = between(judge.style(x[-n:]), *ends)
        found.append(row)
    return found


def of_variation(pipe, judge, free, recordings, rng):
    """Likeness of chords and of loudness to what is varied."""
    found = []
    for k, without in enumerate(free):
        x = recordings[k % len(recordings)]
        start = rng.randint(len(x) - SECONDS * SR)
        x, amount = x[start : start + SECONDS * SR], AMOUNTS[k % len(AMOUNTS)]
        made = pipe.sample(vary=x, amount=amount, random_state=k)
        row = {"asked": amount}
        for name, y in (("with", made), ("without", without)):
            row[f"chords {name}"] = likeness(judge.chords(y), judge.chords(x))
            levels = [loudness(z, 0.5)[: 2 * SECONDS - 1] for z in (x, y)]
            row[f"loudness {name}"] = correlation(*levels)
        found.append(row)
    return found


def of_bridge(pipe, judge, free, recordings, rng):
    """How far the last seconds are from the beginning of what is to follow."""
    found = []
    for k, without in enumerate(free):
        x = recordings[k % len(recordings)]
        seed = recordings[(k + 1) % len(recordings)][-10 * SR :]
        made = pipe.sample(seed, seconds=SECONDS, until=x, random_state=k)
        without = pipe.sample(seed, seconds=SECONDS, random_state=k)
        there, row = judge.style(x[: 4 * SR]), {}
        chord = spectra(x[:SR], SR).chroma.mean(axis=0)
        for name, y in (("with", made), ("without", without)):
            far = np.square(judge.style(y[-4 * SR :]) - there).mean()
            row[f"style {name}"] = float(far)
            end = spectra(y[-SR:], SR).chroma.mean(axis=0)
            row[f"chord {name}"] = likeness(end, chord)
        found.append(row)
    return found


def of_form(pipe, judge, free, recordings, rng):
    """Loudness of both ends of pieces and of recordings, below that of the whole."""
    made = [
        pipe.sample(seconds=SECONDS, begin=True, end=True, random_state=k)
        for k in range(len(free))
    ]
    found = {"real": recordings, "with": made, "without": free}
    return {name: [_ends(x) for x in pieces] for name, pieces in found.items()}


def _ends(x):
    # Before the first sound and after the last there may be any silence.
    loud = np.flatnonzero(np.abs(x).max(axis=1) > 1e-3)
    level = loudness(x[loud[0] : loud[-1] + 1], 0.4)
    level = np.maximum(level - np.percentile(level, 75), -60)
    return {"begin": level[:5].tolist(), "end": level[-5:].tolist()}


def of_loop(pipe, judge, free, recordings, rng):
    """How like splices ends of loops are, by what finds those of recordings."""
    n = 2 * len(recordings) // 3
    spliced = np.tile([False, True], PLACES // 2)

    def splices(x):
        """Places of a recording, every other one of which goes on elsewhere."""
        at, new = rng.randint(ABOUT, len(x) - ABOUT, (2, len(spliced)))
        return [
            _about(x, *each)
            for each in zip(at, np.where(spliced, new, at), strict=True)
        ]

    learnt, held = (
        np.concatenate([splices(x) for x in part])
        for part in (recordings[:n], recordings[n:])
    )
    finder = ExtraTreesClassifier(300, min_samples_leaf=3, random_state=0)
    finder.fit(learnt, np.tile(spliced, n))

    def ends(loops):
        """Of each loop how like a splice its end is, and eight other places."""
        rows = []
        for x in loops:
            at = np.append(0, rng.randint(SR, len(x) - SR, 8))
            rows.append(finder.predict_proba([_about(x, i, i) for i in at])[:, 1])
        return np.array(rows).tolist()

    made = [
        pipe.sample(
            recordings[k % len(recordings)][: 10 * SR],
            seconds=SECONDS,
            loop=True,
            random_state=k,
        )
        for k in range(len(free))
    ]
    found = {"without": ends(free), "with": ends(made)}
    # Of recordings, those that are spliced come first.
    found["real"] = finder.predict_proba(held)[:, 1].reshape(-1, 2)[:, ::-1].tolist()
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("ogg", "opus"):
            path = Path(folder, f"loop.{suffix}")
            found[suffix] = ends(_written(path, x) for x in made)
    return found


def _written(path, loop):
    """A loop, written and read again."""
    audio.write(path, loop, SR, loop=True)
    return audio.read(path, sr=SR, channels=2)[0]


def _about(x, i, j):
    """Flux about a place from which sound goes on at another, frame by frame."""
    n = np.arange(ABOUT)
    y = np.concatenate([x[(i - ABOUT + n) % len(x)], x[(j + n) % len(x)]])
    levels = spectra(y, SR).log_mel
    flux = np.abs(np.diff(levels, axis=0))
    parts = [part.mean(axis=1) for part in np.array_split(flux, 3, axis=1)]
    before, after = levels[: len(levels) // 2], levels[len(levels) // 2 :]
    both = after[:6].mean(axis=0) - before[-6:].mean(axis=0)
    return np.concatenate([*parts, np.abs(both)])


def measure(corpus, quick):
    """All that is asked and got on a corpus."""
    learnt, held = load(corpus, quick)
    pipe = learn(learnt, 2048, quick)
    judge, n = Judge(learnt + held), 2 if quick else N_SETTINGS
    free = [pipe.sample(seconds=SECONDS, random_state=k) for k in range(n)]
    found = {}
    for name, (of, which) in PARTS.items():
        recordings = {"learnt": learnt, "held": held, "both": learnt + held}[which]
        rng = np.random.RandomState(0)
        found[name] = of(pipe, judge, free, recordings, rng)
        print(corpus, name, flush=True)
    return found


# What is measured, and of which recordings.
PARTS = {
    "energy": (of_energy, "learnt"),
    "tempo": (of_tempo, "held"),
    "key": (of_key, "held"),
    "blend": (of_blend, "learnt"),
    "path": (of_path, "learnt"),
    "variation": (of_variation, "held"),
    "bridge": (of_bridge, "held"),
    "form": (of_form, "both"),
    "loop": (of_loop, "both"),
}


# --- tables


def column(rows, name):
    return np.array([row[name] for row in rows])


def told_apart(real, made, end):
    """Area under the curve of a classifier of the loudness of ends; 0.5: not at all."""
    x = np.array([column(real, end).tolist() + column(made, end).tolist()])[0]
    y = np.repeat([0, 1], [len(real), len(made)])
    if min(len(real), len(made)) < 5:
        return np.nan
    model = make_pipeline(StandardScaler(), LogisticRegression())
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    score = cross_val_predict(model, x, y, cv=folds, method="decision_function")
    return roc_auc_score(y, score)


def as_splices(rows):
    """Area under the curve of how like a splice the first place of each row is."""
    first, others = np.array(rows)[:, 0], np.array(rows)[:, 1:]
    is_first = np.repeat([1, 0], [first.size, others.size])
    return roc_auc_score(is_first, np.concatenate([first.ravel(), others.ravel()]))


def lines_of(found):
    """Rows of the table of a corpus: what, with the control, and without."""
    names = "with", "without"
    for of in ("loudness", "onsets"):
        values = [np.median(column(found["energy"], f"{of} {n}")) for n in names]
        yield f"`energy`: correlation of the curve with {of}", values
    rows = found["tempo"]
    clear = [column(rows, f"strength {n}") >= CLEAR for n in names]
    yield "`tempo`: share of pieces whose beat is clear", [c.mean() for c in clear]
    near = [column(rows, f"off {n}") <= NEAR for n in names]
    values = [x[c].mean() for x, c in zip(near, clear, strict=True)]
    yield "`tempo`: share of these within 2 % of it", values
    values = [column(found["key"], n) for n in (*names, "real")]
    yield "`key`: score of MIREX (1 is the key)", [x.mean() for x in values]
    # Which score .3, and have the same notes.
    values = [np.isin(x, (1, 0.3)).mean() for x in values]
    yield "`key`: share of pieces in the key or its relative", values
    asked = column(found["blend"], "asked")
    values = [correlation(asked, column(found["blend"], n)) for n in names]
    yield "`style`, a blend: correlation of shares", values
    for share in np.unique(asked):
        values = [column(found["blend"], n)[asked == share].mean() for n in names]
        yield f"place between the two styles where {share:.2f} is asked", values
    for part, at in (("first", 0), ("last", 1)):
        values = [column(found["path"], f"{part} {n}").mean() for n in names]
        yield f"`style`, a path: place in the {part} quarter, {at} is asked", values
    amounts = column(found["variation"], "asked")
    for amount in np.unique(amounts):
        for of in ("chords", "loudness"):
            values = [
                column(found["variation"], f"{of} {n}")[amounts == amount].mean()
                for n in names
            ]
            yield f"`vary`, `amount={amount}`: likeness of {of}", values
    values = [np.median(column(found["bridge"], f"style {n}")) for n in names]
    yield "`until`: mean square of the last 4 s from the style to come", values
    values = [column(found["bridge"], f"chord {n}").mean() for n in names]
    yield "`until`: likeness of the last second's chord to the first to come", values
    form = found["form"]
    for end, at, place in (("begin", 0, "first"), ("end", -1, "last")):
        levels = [np.median(column(form[n], end)[:, at]) for n in (*names, "real")]
        yield f"`{end}`: decibels of the {place} 0.4 s, median", levels
        values = [told_apart(form["real"], form[n], end) for n in names]
        yield f"`{end}`: AUC of a classifier, 2 s of loudness", values
    loop = found["loop"]
    values = [as_splices(loop[n]) for n in (*names, "real")]
    yield "`loop`: AUC of ends, by what finds splices (real: of splices)", values
    for suffix in ("ogg", "opus"):
        yield f"`loop`: the same, written as {suffix}", [as_splices(loop[suffix])]


def markdown(found):
    """Lines of the page."""
    yield "# Asked and got"
    yield ""
    yield f"Printed by `benchmarks/control.py`: pieces of {SECONDS} s."
    yield f"There are {N_SETTINGS} settings of each control."
    yield "*Without* is what the same random states give without the control."
    yield "Styles are of learned recordings."
    yield "What is varied or arrived at was never heard."
    for corpus, of_corpus in found.items():
        yield from ("", f"## {corpus}", "")
        yield from ("| | with | without | real |", "|---|---|---|---|")
        for what, values in lines_of(of_corpus):
            cells = [f"{v:.2f}" for v in values] + [""] * (3 - len(values))
            yield f"| {what} | " + " | ".join(cells) + " |"


if __name__ == "__main__":
    command(__doc__, "control", measure, markdown, CORPORA)
