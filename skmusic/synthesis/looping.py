"""Loops: a stretch of music whose end runs into its beginning.

More music is made than is wanted. In it two places are sought, about as far apart as
the loop is to be long, that are surrounded by the same: what is between them can be
played round and round. Two places of a beat are alike where bars begin alike, so a loop
is of whole beats, and mostly of whole bars, though no beat is tracked.

References
----------
A. Schödl et al., "Video textures", SIGGRAPH 2000.
"""

from numbers import Integral
from typing import NamedTuple

import numpy as np
from scipy.signal import correlate

from skmusic.features.constantq import band_energies, to_levels
from skmusic.spectra.frames import STEP_SECONDS
from skmusic.spectra.windows import count_frames

# The shortest loop; by how much one may differ from what is wanted: a share, at most so
# many seconds, which is half a slow bar.
LEAST_SECONDS = 2
SHARE, MOST_OFF = 0.05, 2.0
# Seconds in which a loop may begin, and seconds about its two ends that are compared.
_SEARCH, _CONTEXT = 8.0, 2.0
# Half of what counts of the context is as near as this to the point itself, in seconds.
_NEAR = 0.25
# Steps of the cross-fade. It ends where the loop begins, whose attack stays whole.
_FADE = 6
# Correlation of waveforms that are faded as if they were no more opposed.
_OPPOSED = -0.5
# What the waveforms at this point count beside the context; how many lengths of a loop
# are compared by waveform.
_WAVEFORM, _ALIGNED = 0.5, 48
# Mean square of differences of levels that is not heard.
_HEARD = 1.0
# What a loop as far off as it may be costs, beside the mean context.
_OFF = 0.02


class _Sizes(NamedTuple):
    """Numbers of steps, and of samples in a step."""

    step: int
    context: int
    search: int
    shortest: int
    longest: int


def _sizes(n_samples, sr):
    if n_samples < LEAST_SECONDS * sr:
        raise ValueError(
            f"loop=True of {n_samples / sr:.3g} seconds: a loop takes {LEAST_SECONDS} "
            f"at least; use seconds={LEAST_SECONDS} or more."
        )
    step = max(1, round(STEP_SECONDS * sr))
    off = min(SHARE * n_samples, MOST_OFF * sr)
    context, search = (round(s * sr / step) for s in (_CONTEXT, _SEARCH))
    # One step is left for the alignment of waveforms.
    shortest = int(np.ceil((n_samples - off) / step)) + 1
    longest = max(int((n_samples + off) // step) - 1, shortest)
    return _Sizes(step, context, search, shortest, longest)


def samples_to_make(n_samples, sr):
    """Samples of music in which a loop of so many samples can be found.

    A loop of less than 2 seconds is refused.
    """
    sizes = _sizes(n_samples, sr)
    return (2 * sizes.context + sizes.search + sizes.longest + 2) * sizes.step


def find_loop(x, n_samples, sr):
    """The stretch ``(n_loop, n_channels)`` of some music that loops best.

    `x` has as many samples as `samples_to_make` says. The loop has up to 5 % more or
    fewer samples than wanted, two seconds at most. Its last samples fade into what came
    before it, so played round and round it goes on as the music did.
    """
    sizes = _sizes(n_samples, sr)
    costs = _costs(x, sizes, n_samples)
    # The best beginning for each length; of these the best, by waveform too.
    starts = costs.argmin(axis=1)
    lengths = np.argsort(costs.min(axis=1), kind="stable")[:_ALIGNED]
    found = []
    for i in lengths:
        # A step before the middle of the context: an attack there is not faded.
        start = (sizes.context + int(starts[i])) * sizes.step
        end = start + (sizes.shortest + int(i)) * sizes.step
        end, alike = _aligned(x, start, end, sizes)
        found.append((costs[i, starts[i]] - _WAVEFORM * alike, start, end))
    _, start, end = min(found)
    fade = _FADE * sizes.step
    loop = np.array(x[start:end])
    loop[-fade:] = crossfade(x[end - fade : end], x[start - fade : start])
    return loop


def frames_to_make(frames, n_samples, format):
    """Frames in which a loop can be found, and samples that it is to have.

    What is wanted is given in frames or in samples; a loop without a length or a format
    is refused.
    """
    if format is None:
        raise ValueError(
            "loop=True, but the first step does not tell how its frames are music; "
            "use an FFTFeaturizer, or leave loop out."
        )
    if n_samples is None:
        if not isinstance(frames, Integral):
            raise ValueError(
                f"loop=True, but of what length? Give seconds=30, not frames={frames}."
            )
        n_samples = frames * format.hop_length - format.overlap
    made = samples_to_make(n_samples, format.sr)
    return count_frames(made, format.N, format.hop_length), n_samples


def find_loops(music, n_samples, format):
    """A loop of each piece ``(n_made, n_channels)`` or ``(n_made,)``."""
    music = (x[:, None] if x.ndim == 1 else x for x in music)
    return [find_loop(x, n_samples, format.sr) for x in music]


def crossfade(old, new):
    """Mix ``(n_samples, n_channels)`` that goes from one waveform to another.

    Gains are those of equal power, divided by what the two have in common: unrelated
    waveforms fade along a cosine and a sine. Two that are the same give themselves.
    """
    angle = np.linspace(0, np.pi / 2, len(old), dtype=np.float32)[:, None]
    fall, rise = np.cos(angle), np.sin(angle)
    norm = np.sqrt(np.square(old).sum() * np.square(new).sum())
    correlation = max((old * new).sum() / max(norm, 1e-30), _OPPOSED)
    return (fall * old + rise * new) / np.sqrt(1 + 2 * correlation * fall * rise)


def _costs(x, sizes, n_samples):
    """How unlike the contexts of two places are ``(n_lengths, n_starts)``.

    The mean is about 1. A length that is off costs a little more.
    """
    step, n = sizes.step, 2 * sizes.context + sizes.search
    lags = np.arange(sizes.shortest, sizes.longest + 1)
    here = band_energies(x[: (n + 2) * step], step)
    later = x[sizes.shortest * step : (sizes.longest + n + 2) * step]
    later = band_energies(later, step)
    loud = max(here.mean(), later.mean(), 1e-30)
    here, later = (_described(to_levels(e, loud)) for e in (here, later))
    away = np.abs(np.arange(-sizes.context, sizes.context + 1)) * step
    near = np.exp(-away / (sizes.step * _NEAR / STEP_SECONDS))
    wide = np.hanning(len(away) + 2)[1:-1]
    weight = near / near.sum() + wide / wide.sum()
    costs = np.array(
        [
            np.convolve(
                np.square(here[:n] - later[k : k + n]).sum(axis=1), weight, "valid"
            )
            for k in range(len(lags))
        ]
    )
    off = (lags * step - n_samples) / max(SHARE * n_samples, 1)
    # Of steady sound all places are alike, but for less than anyone hears.
    costs /= max(costs.mean(), _HEARD * here.shape[1])
    return costs + _OFF * np.square(off)[:, None]


def _described(levels):
    """Levels of each step, and what of them rises."""
    rises = np.maximum(np.diff(levels, axis=0, prepend=levels[:1]), 0)
    return np.concatenate([levels, rises], axis=1)


def _aligned(x, start, end, sizes):
    """Where a loop ends whose waveform meets the beginning, at most a step away.

    Beside it stands how well it does: the correlation of what is before both, -1 to 1.
    """
    fade, reach = _FADE * sizes.step, sizes.step
    a = np.asarray(x[start - fade : start + reach], np.float64)
    b = np.asarray(x[end - fade - reach : end + 2 * reach], np.float64)
    common = sum(correlate(q, p, "valid") for p, q in zip(a.T, b.T, strict=True))
    power = np.concatenate([[0], np.cumsum(np.square(b).sum(axis=1))])
    power = power[len(a) :] - power[: -len(a)]
    alike = common / np.sqrt(np.maximum(power * np.square(a).sum(), 1e-30))
    best = int(alike.argmax()) if alike.max() > 0 else reach
    return end - reach + best, float(alike[best])
