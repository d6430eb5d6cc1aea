"""One reading of a corpus: of each recording what is learned of, and what may sound.

Waveforms are large. Only the pieces that go into the unit database are kept; of all
else the energy of each band in each step is.
"""

from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from skmusic.features.tokenizer import bands_of_squares, step_bands
from skmusic.spectra.reframing import step_of, waveform_blocks

# Steps quieter than the loudest by so much, at the ends, are no music to learn.
_SILENCE_DB = -60.0
# Steps of a piece; numbers of the frames that are read at once.
_PIECE, _BLOCK = 860, 1 << 22
# Where not all is kept: steps of the beginning and of the end of a recording that are,
# and the share of all that these are at most.
_BEGINNING, _END, _EDGES = 172, 344, 0.04


@dataclass(frozen=True)
class Corpus:
    """What `read_corpus` keeps.

    Parameters
    ----------
    leads : ndarray of shape (n_recordings,), int
        Steps of silence before each recording's music, which are left out.
    bands : list of ndarray of shape (n_steps, n_bands)
        Energies of the music of each recording; nothing of those without a step.
    pieces : list of (int, int, int)
        What may sound: recording, first step of its music, and the step after the
        last.
    waveforms : list of ndarray of shape (n_samples, n_channels)
        Of the pieces.
    """

    leads: np.ndarray
    bands: list
    pieces: list
    waveforms: list


def read_corpus(recordings, format, most=0):
    """Read recordings once.

    Parameters
    ----------
    recordings : list of ndarray of shape (n_frames, n_dims), or `StreamedFrames`
        Frames of each recording.
    format : FrameFormat or None
        Of the frames; None of plain numbers.
    most : int, default=0
        Steps of pieces that are kept, at most, spread evenly over the corpus.

    Returns
    -------
    Corpus

    Raises
    ------
    ValueError
        If no recording is as long as a step, or all that is kept is silent.
    """
    streamed = hasattr(recordings, "map_blocks")
    lengths = recordings.lengths if streamed else [len(x) for x in recordings]
    per_step = 1 if format is None else format.step // format.hop_length
    wanted = [[] for _ in lengths]
    for i, a, b in _chosen([n // per_step for n in lengths], most):
        wanted[i].append((a, b))
    found = _of_each(recordings, wanted, partial(_read, format=format), format)
    if not any(len(bands) for _, bands, _ in found):
        raise ValueError(
            f"no recording has {per_step} frames, which make one step; pass longer "
            "recordings."
        )
    kept = [((i, *at), x) for i, (*_, of) in enumerate(found) for at, x in of]
    if most and not kept:
        raise ValueError(
            "all that fits into the unit database is silent; use a larger "
            "database_size."
        )
    return Corpus(
        np.array([lead for lead, *_ in found]),
        [bands for _, bands, _ in found],
        [piece for piece, _ in kept],
        [x for _, x in kept],
    )


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
    """Of one recording: steps of silence, energies, and waveforms of pieces."""
    step = 0 if format is None else format.step
    size = max(step, 1)
    bands, parts, done = [], [[] for _ in wanted], 0
    x = np.empty((0, 1), np.float32)
    for x, last in _steps_of(blocks, format):
        if not len(x):
            continue
        n = len(x) // size
        # A step is heard together with the one before.
        heard = x if last is None or not step else np.concatenate([last, x])
        bands.append(step_bands(heard, step)[-n:])
        for part, (a, b) in zip(parts, wanted, strict=True):
            if a < done + n and b > done:
                i, j = max(a - done, 0) * size, min(b - done, n) * size
                part.append(x[i:j].copy())
        done += n
    if not bands:
        return 0, step_bands(x, step), []
    bands = np.concatenate(bands)
    first, stop = _music(bands_of_squares(bands, step).sum(axis=1))
    pieces = []
    for part, (a, b) in zip(parts, wanted, strict=True):
        i, j = max(a, first), min(b, stop)
        if part and i < j:
            x = np.concatenate(part)[(i - a) * size : (j - a) * size]
            pieces.append(((i - first, i - first + len(x) // size), x))
    return first, bands[first:stop], pieces


def read_steps(recordings, format, corpus, analyse):
    """Read recordings again: what is analysed of the music of each, step by step.

    Parameters
    ----------
    recordings, format
        As `read_corpus` has them.
    corpus : Corpus
        What it found.
    analyse : callable
        Takes some steps of a waveform, and the step before or None; returns rows.

    Returns
    -------
    list of ndarray of shape (n_steps, n_numbers)
    """
    nothing = np.empty((0, format.n_channels), np.float32)

    def read(blocks, _):
        rows = [analyse(x, last) for x, last in _steps_of(blocks, format)]
        return np.concatenate([analyse(nothing, None), *rows])

    lengths = [len(bands) for bands in corpus.bands]
    found = _of_each(recordings, lengths, read, format)
    return [
        rows[lead : lead + n]
        for rows, lead, n in zip(found, corpus.leads, lengths, strict=True)
    ]


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


def _chosen(lengths, most):
    """Pieces of recordings that are kept: beginnings, ends, and some of the rest."""
    pieces = _pieces(lengths)
    if sum(lengths) <= most or not most:
        return thinned(pieces, most)
    # Of so many recordings, spread evenly, that there is room for.
    n = min(len(lengths), int(_EDGES * most) // (_BEGINNING + _END))
    edges, rest = [], []
    chosen = {int((k + 0.5) * len(lengths) / n) for k in range(n)}
    for i, a, b in pieces:
        first, last = min(_BEGINNING, lengths[i]), max(lengths[i] - _END, 0)
        cuts = {a, b} | ({first, last} & set(range(a, b)) if i in chosen else set())
        for start, stop in pairwise(sorted(cuts)):
            inner = i not in chosen or first <= start < last
            (rest if inner else edges).append((i, start, stop))
    left = most - sum(b - a for _, a, b in edges)
    return sorted(edges + thinned(rest, left))


def thinned(pieces, most):
    """As many of the pieces as have so many steps, spread evenly over all.

    Examples
    --------
    >>> from skmusic.synthesis.corpus import thinned
    >>> thinned([(0, 0, 10), (0, 10, 20), (1, 0, 10), (1, 10, 20)], 20)
    [(0, 10, 20), (1, 10, 20)]
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


def joined(pieces, waveforms):
    """Stretches of pieces, those that follow one another as one, and their waveforms.

    Examples
    --------
    >>> import numpy as np
    >>> from skmusic.synthesis.corpus import joined
    >>> x = [np.zeros((10, 1))] * 3
    >>> stretches, waveforms = joined([(0, 0, 10), (0, 10, 20), (1, 30, 40)], x)
    >>> stretches, [len(x) for x in waveforms]
    ([(0, 0, 20), (1, 30, 40)], [20, 10])
    """
    stretches, parts = [], []
    for (i, a, b), x in zip(pieces, waveforms, strict=True):
        if stretches and (i, a) == (stretches[-1][0], stretches[-1][2]):
            stretches[-1] = (i, stretches[-1][1], b)
            parts[-1].append(x)
        else:
            stretches.append((i, a, b))
            parts.append([x])
    return stretches, [np.concatenate(x) for x in parts]


def grown(corpus, database, most):
    """Corpus whose first recordings are the stretches that a database has.

    Parameters
    ----------
    corpus : Corpus
        Of new recordings.
    database : UnitDatabase
        Its units go on being played, thinned with the new ones where they are too many.
    most : int
        Steps that are kept, at most.

    Returns
    -------
    corpus : Corpus
        Without energies.
    features, tokens : list of ndarray
        Of the recordings that the stretches are now.
    starts : ndarray of shape (n_stretches,), int
        First unit that each stretch of the database had in it.
    """
    size, ends = database.samples_per_unit, np.unique(database.ends)
    starts = np.append(0, ends[:-1])
    pieces = {
        (k, a, b): database.waveform[(starts[k] + a) * size : (starts[k] + b) * size]
        * np.float32(database.scale)
        for k, a, b in _pieces(ends - starts)
    }
    for (i, a, b), x in zip(corpus.pieces, corpus.waveforms, strict=True):
        pieces[len(ends) + i, a, b] = x
    kept, by_start = thinned(list(pieces), most), {k[:2]: x for k, x in pieces.items()}
    waveforms = [by_start[i, a][: (b - a) * size] for i, a, b in kept]
    leads = np.concatenate([database.position[starts], corpus.leads])
    features = np.split(database.features.astype(np.float32), ends[:-1])
    tokens = np.split(database.tokens, ends[:-1])
    whole = Corpus(leads, [], kept, waveforms)
    return whole, features, tokens, starts
