"""One reading of a corpus: where the music of each recording is, and some of it.

Waveforms are large. Of a large corpus only pieces are kept, spread evenly over all.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from skmusic.spectra.reframing import step_of, waveform_blocks

# Steps quieter than the loudest by so much, at the ends, are no music to learn.
_SILENCE_DB = -60.0
# Steps of a piece; numbers of the frames that are read at once.
_PIECE, _BLOCK = 860, 1 << 22


@dataclass(frozen=True)
class Corpus:
    """What `read_corpus` found."""

    leads: list  # steps of silence before the music of each recording, left out
    lengths: list  # steps of its music
    waveforms: list  # ndarrays (n_samples, n_channels) of pieces of the music


def read_corpus(recordings, format, most=0):
    """Read recordings, frames of each or `StreamedFrames`, once: `Corpus`.

    Of the pieces at most so many steps are kept, spread evenly over the corpus. If no
    recording is as long as a step, or all that is kept is silent, that is a ValueError.
    """
    streamed = hasattr(recordings, "map_blocks")
    n_frames = recordings.lengths if streamed else [len(x) for x in recordings]
    per_step = 1 if format is None else format.step // format.hop_length
    wanted = [[] for _ in n_frames]
    for i, a, b in thinned(_pieces([n // per_step for n in n_frames]), most):
        wanted[i].append((a, b))
    found = _of_each(recordings, wanted, partial(_read, format=format), format)
    leads, lengths, waveforms = zip(*found, strict=True)
    if not any(lengths):
        raise ValueError(
            f"no recording has {per_step} frames, which make one step; pass longer "
            "recordings."
        )
    kept = [x for of_one in waveforms for x in of_one]
    if most and not kept:
        raise ValueError(
            "nearly all of the recordings is silence before and after their music; cut "
            "it off."
        )
    return Corpus(list(leads), list(lengths), kept)


def _of_each(recordings, arguments, read, format):
    """What is read of each recording: takes its blocks of frames, and an argument."""
    if not hasattr(recordings, "map_blocks"):
        return [read([x], each) for x, each in zip(recordings, arguments, strict=True)]
    per_step = format.step // format.hop_length
    block = max(1, _BLOCK // (format.n_dims * per_step)) * per_step
    return recordings.map_blocks(read, arguments, block)


def _steps_of(blocks, format):
    """Of each block the steps that are whole, and the step before; None at first."""
    left, size, last = None, step_of(format), None
    for x in waveform_blocks(blocks, format):
        x = x if left is None else np.concatenate([left, x])
        n = len(x) // size * size
        x, left = x[:n], x[n:]
        yield x, last
        last = x[-size:] if n else last


def _read(blocks, wanted, format):
    """Of one recording: steps of silence and of music, and waveforms of pieces."""
    size, powers, done = step_of(format), [np.empty(0)], 0
    parts = [[] for _ in wanted]
    for x, _ in _steps_of(blocks, format):
        n = len(x) // size
        squares = np.square(x, dtype=float).reshape(n, size * x.shape[1])
        powers.append(squares.sum(axis=1))
        for part, (a, b) in zip(parts, wanted, strict=True):
            if a < done + n and b > done:
                i, j = max(a - done, 0) * size, min(b - done, n) * size
                part.append(x[i:j].copy())
        done += n
    first, stop = _music(np.concatenate(powers))
    pieces = []
    for part, (a, b) in zip(parts, wanted, strict=True):
        i, j = max(a, first), min(b, stop)
        if part and i < j:
            pieces.append(np.concatenate(part)[(i - a) * size : (j - a) * size])
    return first, stop - first, [x for x in pieces if len(x)]


def read_steps(recordings, format, corpus, analyse):
    """Read recordings again: what is analysed of the music of each, step by step.

    `corpus` is what `read_corpus` found. `analyse` takes some steps of a waveform, and
    the step before or None, and returns rows. Returned are rows ``(n_steps,
    n_numbers)`` of each recording.
    """
    nothing = np.empty((0, format.n_channels), np.float32)

    def read(blocks, _):
        rows = [analyse(x, last) for x, last in _steps_of(blocks, format)]
        return np.concatenate([analyse(nothing, None), *rows])

    found = _of_each(recordings, corpus.lengths, read, format)
    each = zip(found, corpus.leads, corpus.lengths, strict=True)
    return [rows[lead : lead + n] for rows, lead, n in each]


def _music(power):
    """First step that is not silent, and the step after the last."""
    loud = np.flatnonzero(power > power.max(initial=0) * 10 ** (_SILENCE_DB / 10))
    return (int(loud[0]), int(loud[-1]) + 1) if len(loud) else (0, len(power))


def _pieces(lengths):
    """Recordings of these lengths in pieces ``(recording, start, stop)``."""
    return [
        (i, a, min(a + _PIECE, n))
        for i, n in enumerate(lengths)
        for a in range(0, n, _PIECE)
    ]


def thinned(pieces, most):
    """As many of the pieces ``(recording, start, stop)`` as have so many steps.

    They are spread evenly over all.
    """
    n_steps = sum(b - a for _, a, b in pieces)
    if n_steps <= most:
        return pieces
    kept, due = [], 0.0
    for i, a, b in pieces:
        due += most / n_steps * (b - a)
        if due >= b - a:
            kept.append((i, a, b))
            due -= b - a
    if kept or not most:
        return kept
    i, a, b = max(pieces, key=lambda piece: piece[2] - piece[1])
    return [(i, a, min(b, a + most))]
