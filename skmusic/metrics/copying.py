"""How much of generated music is copied: fingerprints, and the search for them."""

import numpy as np
import soxr
from numpy.lib.stride_tricks import as_strided
from scipy.ndimage import uniform_filter1d

from skmusic.metrics.analysis import as_recordings, mono, power_spectra
from skmusic.utils.types import Recordings

COPY_RATE, COPY_SIZE, COPY_HOP = 11025, 2048, 690  # frames of 186 ms every 63 ms
COPY_LOW, COPY_HIGH = 0.6, 0.82  # similarity that extends and that starts a stretch
# Frames between which change is measured, and the change, in nepers of power, at
# which it counts half.
COPY_LAG, COPY_CHANGE = 2, 0.3


def copying(
    training: Recordings,
    generated: Recordings,
    sr: float | None = None,
    semitones: int = 3,
) -> dict[str, float]:
    """How much of the generated music stands in the training recordings.

    Fingerprints of both are compared at every pair of times by matrix products: the
    log power spectrum of 186 ms within 100..2500 Hz, less its envelope, of unit
    norm, and how it changes in 125 ms. It tells one recording from another of the same
    chord by the strengths and the beating of its partials and by when notes begin and
    end, and is blind to level and equalisation. Where the
    mean correlation over 0.25 s reaches 0.82 there starts a stretch, which extends in
    step with the training recording as long as it stays above 0.6. Neither unheard
    game music of the same makers and sampled instruments nor unheard songs of one
    synthesiser were found to be copied.

    Pitch changes are found by playing the generated music faster or slower by
    whole semitones. Where the pitch was changed without the tempo, long stretches break
    into short ones.

    Parameters
    ----------
    training, generated : list of path, or of array of shape (n_samples, n_channels)
        Recordings.
    sr : int or None, default=None
        Sampling rate of arrays in Hz. Files and `skmusic.audio.Music` know theirs; of
        other arrays None is 44100.
    semitones : int
        Largest change of pitch up or down that is still found. The time taken is
        in proportion to `2 * semitones + 1`.

    Returns
    -------
    dict of str to float
        - `longest_run`: s, the longest stretch copied in one piece.
        - `share_1s`, `share_250ms`: share of the generated time that lies in
          copied stretches of at least 1 s and 0.25 s. Silence is never copied.

    References
    ----------
    Wang (2003), An industrial strength audio search algorithm, for the search
    along diagonals of equal time difference. Haitsma and Kalker (2002), A highly
    robust audio fingerprinting system.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).standard_normal((2, 5 * 11025, 1))
    >>> copying(noise[:1], noise[1:], sr=11025)
    {'longest_run': 0.0, 'share_1s': 0.0, 'share_250ms': 0.0}
    >>> round(copying(noise[:1], [noise[0, 11025:44100]], sr=11025)["share_1s"], 1)
    1.0
    """
    known = [
        fingerprints(y[delay:])
        for y in (mono(x, rate, COPY_RATE) for x, rate in as_recordings(training, sr))
        # Delays of half a hop bring all alignments within a quarter of a hop.
        for delay in (0, COPY_HOP // 2)
    ]
    longest, copied_1s, copied_250ms = 0.0, [], []
    for x, rate in as_recordings(generated, sr):
        y = mono(x, rate, COPY_RATE)
        runs = np.vstack(
            [
                copied_runs(old, new) * speed
                for speed in 2 ** (np.arange(-semitones, semitones + 1) / 12)
                for new in [fingerprints(soxr.resample(y, speed, 1.0))]
                for old in known
            ]
        )
        length = np.diff(runs, axis=1)[:, 0]
        total = (len(y) - COPY_SIZE + COPY_HOP) / COPY_RATE
        longest = max(longest, length.max(initial=0))
        copied_1s.append(covered(runs[length >= 1.0], total))
        copied_250ms.append(covered(runs, total))
    return {
        "longest_run": round(float(longest), 3),
        "share_1s": float(np.mean(copied_1s)),
        "share_250ms": float(np.mean(copied_250ms)),
    }


def fingerprints(y):
    """Return the spectra's fine structure and its change, zero where silent.

    Half of a fingerprint is what sounds, a unit vector, and half how it changed in
    125 ms, shorter than a unit vector where it hardly changed: that one chord is held
    like another is no copy.
    """
    band = slice(*(round(f * COPY_SIZE / COPY_RATE) for f in (100, 2500)))
    power = power_spectra(y, COPY_SIZE, COPY_HOP)[:, band]
    level = power.mean(axis=1, keepdims=True)
    # The floor at -20 dB of the mean level makes up for noise added at that level.
    fine = np.log(power + 1e-2 * level + 1e-12)
    fine -= uniform_filter1d(fine, 41, axis=1)
    fine -= fine.mean(axis=1, keepdims=True)
    change = np.zeros_like(fine)
    change[COPY_LAG:] = fine[COPY_LAG:] - fine[:-COPY_LAG]
    little = COPY_CHANGE * np.sqrt(fine.shape[1])
    norms = (
        np.linalg.norm(fine, axis=1, keepdims=True),
        np.hypot(np.linalg.norm(change, axis=1, keepdims=True), little),
    )
    halves = [
        np.divide(x, norm, out=np.zeros_like(x), where=level > 1e-11)
        for x, norm in zip((fine, change), norms, strict=True)
    ]
    return np.hstack(halves) * np.float32(np.sqrt(0.5))


def copied_runs(old, new):
    """Begins and ends in seconds of the stretches of `new` that stand in `old`."""
    m, n = len(old), len(new)
    if n < 4:
        return np.zeros((0, 2))
    similarity = np.zeros((n, m + 2 * n), dtype=np.float32)
    similarity[:, n : n + m] = new @ old.T
    # Skewed by its strides, a matrix has its diagonals as columns.
    row, column = similarity.strides
    diagonals = as_strided(similarity, (n, m + n), (row + column, column))
    pairs = diagonals[:-1] + diagonals[1:]
    patches = ((pairs[:-2] + pairs[2:]) / 4).T
    patches = patches[patches.max(axis=1) >= COPY_HIGH]
    patches = np.pad(patches, ((0, 0), (1, 1))).ravel()
    edges = np.flatnonzero(np.diff(patches >= COPY_LOW)) + 1
    if not edges.size:
        return np.zeros((0, 2))
    runs = edges.reshape(-1, 2)
    runs = runs[np.maximum.reduceat(patches, edges[::2]) >= COPY_HIGH]
    begin = (runs[:, 0] - 1) % (n - 1)
    # A patch of four frames stands for four hops.
    end = begin + np.diff(runs, axis=1)[:, 0] + 3
    return np.column_stack([begin, end]) * COPY_HOP / COPY_RATE


def covered(runs, total, step=0.01):
    """Share of `total` seconds that lies in any of the runs."""
    ends = np.round(runs / step).astype(int)
    depth = np.zeros(max(round(total / step), 1) + 1)
    np.add.at(depth, np.clip(ends[:, 0], 0, len(depth) - 1), 1)
    np.add.at(depth, np.clip(ends[:, 1], 0, len(depth) - 1), -1)
    return float(np.mean(np.cumsum(depth)[:-1] > 0))
