"""One reading of a corpus: of each recording what is learned of, and what may sound.

Frames are large and are not kept, but for the stretches that go into the bank.
What is kept of all is the energy of each band in each step: 26 kB for a second of
music, where the frames take 700.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from skmusic.features.constantq import band_edges, band_energies
from skmusic.spectra.frames import lower_half
from skmusic.synthesis.concatenative.storage import bytes_of, fewest

# Steps quieter than the loudest by so much, at the ends, are no music to learn.
_SILENCE_DB = -60.0
# Bytes of a step in a bank beside its frames, see `Bank`.
BESIDE = 936
# Steps of a stretch; numbers of the frames that are read at once.
_STRETCH, _BLOCK = 860, 1 << 22


@dataclass(frozen=True)
class Corpus:
    """What `read_corpus` keeps.

    Parameters
    ----------
    leads : ndarray of shape (n_recordings,), int
        Steps of silence before each recording's music, which are left out.
    energies : list of ndarray of shape (n_steps, n_bands)
        Of the music of each recording; nothing of those without a step.
    pieces : list of (int, int, int)
        What may sound: recording, first step of its music, and the step after the
        last.
    frames : list of ndarray
        Of the pieces.
    """

    leads: np.ndarray
    energies: list
    pieces: list
    frames: list


def read_corpus(recordings, layout, size):
    """Read recordings once.

    Parameters
    ----------
    recordings : list of ndarray of shape (n_frames, n_dims), or `StreamedFrames`
        Frames of each recording.
    layout : Layout
        Of the frames.
    size : int
        Bytes that the bank of what may sound takes, at most; of a larger corpus
        stretches are kept, spread evenly over it.

    Returns
    -------
    Corpus
    """
    m = layout.frames_per_step
    streamed = hasattr(recordings, "map_blocks")
    lengths = recordings.lengths if streamed else [len(x) for x in recordings]
    # More than will fit: how well frames can be stored is known when they are.
    most = max(1, int(size / (fewest(layout) * m + BESIDE)))
    wanted = thinned(_pieces([n // m for n in lengths]), most)
    leads, energies, pieces = _read_all(recordings, wanted, layout)
    n_steps = [len(e) for e in energies]
    if not any(n_steps):
        raise ValueError(
            f"no recording has {m} frames, which make one step; pass longer recordings."
        )
    found = sum(b - a for _, a, b in pieces)
    if found < 0.5 * min(most, sum(n_steps)):
        # Much of what was wanted is silence, or was only claimed by a header.
        wanted = thinned(_pieces(n_steps), most)
        wanted = [(i, leads[i] + a, leads[i] + b) for i, a, b in wanted]
        pieces = _read_all(recordings, wanted, layout)[2]
    return Corpus(leads, energies, *_within(size, pieces, layout))


def grown(corpus, bank, size):
    """Corpus whose first recordings are the stretches that a bank has.

    Parameters
    ----------
    corpus : Corpus
        Of new recordings.
    bank : skmusic.synthesis.concatenative.database.Bank
        Its frames go on being played, thinned with the new ones where they are too
        many.
    size : int
        As in `read_corpus`.

    Returns
    -------
    corpus : Corpus
        Without energies.
    features, tokens : list of ndarray
        Of the recordings that the stretches are now.
    numbers : ndarray of shape (n_stretches,), int
        The recordings that they once were of.
    """
    m = bank.layout.frames_per_step
    ends = np.unique(bank.ends)
    starts = np.append(0, ends[:-1])
    pieces = {
        (k, a, b): bank.frames[(starts[k] + a) * m : (starts[k] + b) * m]
        for k, a, b in _pieces(ends - starts)
    }
    for (i, a, b), frames in zip(corpus.pieces, corpus.frames, strict=True):
        pieces[len(ends) + i, a, b] = frames
    leads = np.concatenate([bank.position[starts], corpus.leads])
    features = np.split(bank.features.astype(np.float32), ends[:-1])
    whole = Corpus(leads, [], *_within(size, pieces, bank.layout))
    return whole, features, np.split(bank.tokens, ends[:-1]), bank.recording[starts]


def _within(size, pieces, layout):
    """Pieces that take `size` bytes in a bank, and their frames, from a dict."""
    m = layout.frames_per_step
    each = bytes_of(list(pieces.values()), layout) * m + BESIDE
    fits = max(1, int(size / each))
    kept = thinned(list(pieces), fits)
    starts = {piece[:2]: frames for piece, frames in pieces.items()}
    return kept, [starts[i, a][: (b - a) * m] for i, a, b in kept]


def _read_all(recordings, wanted, layout):
    """Silence before, and energies, of each recording; frames of wanted pieces."""
    of_each = [[] for _ in range(len(recordings))]
    for i, a, b in wanted:
        of_each[i].append((a, b))
    read = partial(_read, layout=layout)
    if hasattr(recordings, "map_blocks"):
        block = max(1, _BLOCK // layout.numbers_per_step) * layout.frames_per_step
        found = recordings.map_blocks(read, of_each, block)
    else:
        found = [read([x], each) for x, each in zip(recordings, of_each, strict=True)]
    pieces = {(i, *piece): x for i, (*_, of) in enumerate(found) for piece, x in of}
    return np.array([f[0] for f in found]), [f[1] for f in found], pieces


def _read(blocks, wanted, layout):
    """Of one recording: steps of silence, energies, and frames of pieces.

    Blocks are of whole steps, but the last.
    """
    m = layout.frames_per_step
    edges = band_edges(layout.n_fine_bins)
    energies, power = [np.empty((0, len(edges)), np.float32)], [np.empty(0)]
    parts, done, last = [[] for _ in wanted], 0, None
    for x in blocks:
        x, n = lower_half(x, layout), len(x) // m
        if not n:
            continue
        # A step's bands are heard together with the step before.
        heard = x if last is None else np.concatenate([last, x])
        energies.append(band_energies(heard, layout, edges)[-n:])
        each = np.einsum("ij,ij->i", x[: n * m], x[: n * m], dtype=np.float64)
        power.append(each.reshape(n, m).sum(axis=1))
        for part, (a, b) in zip(parts, wanted, strict=True):
            if a < done + n and b > done:
                begin, end = max(a - done, 0) * m, min(b - done, n) * m
                part.append(x[begin:end].astype(np.float32))
        last, done = x[(n - 1) * m : n * m], done + n
    first, stop = _music(np.concatenate(power))
    pieces = []
    for part, (a, b) in zip(parts, wanted, strict=True):
        begin, end = max(a, first), min(b, stop)
        if part and begin < end:
            frames = np.concatenate(part)[(begin - a) * m : (end - a) * m]
            pieces.append(((begin - first, end - first), frames))
    return first, np.concatenate(energies)[first:stop], pieces


def _music(power):
    """First step that is not silent, and the step after the last."""
    loud = np.flatnonzero(power > power.max(initial=0) * 10 ** (_SILENCE_DB / 10))
    return (loud[0], loud[-1] + 1) if len(loud) else (0, len(power))


def _pieces(lengths):
    """Recordings of these lengths in pieces ``(recording, start, stop)``."""
    return [
        (i, a, min(a + _STRETCH, n))
        for i, n in enumerate(lengths)
        for a in range(0, n, _STRETCH)
    ]


def thinned(pieces, budget):
    """As many of the pieces as have `budget` steps, spread evenly over all.

    Examples
    --------
    >>> from skmusic.synthesis.corpus import thinned
    >>> thinned([(0, 0, 10), (0, 10, 20), (1, 0, 10), (1, 10, 20)], 20)
    [(0, 10, 20), (1, 10, 20)]
    """
    n_steps = sum(b - a for _, a, b in pieces)
    if n_steps <= budget:
        return pieces
    kept, due = [], 0.0
    for i, a, b in pieces:
        due += budget / n_steps * (b - a)
        if due >= b - a:
            kept.append((i, a, b))
            due -= b - a
    if kept:
        return kept
    i, a, b = max(pieces, key=lambda piece: piece[2] - piece[1])
    return [(i, a, min(b, a + budget))]


def joined(pieces):
    """Stretches of pieces, without the seams of those that follow one another.

    Examples
    --------
    >>> from skmusic.synthesis.corpus import joined
    >>> joined([(0, 0, 10), (0, 10, 20), (1, 0, 10), (1, 30, 40)])
    [(0, 0, 20), (1, 0, 10), (1, 30, 40)]
    """
    stretches = []
    for piece in pieces:
        i, a, b = piece
        if stretches and (i, a) == (stretches[-1][0], stretches[-1][2]):
            stretches[-1] = (i, stretches[-1][1], b)
        else:
            stretches.append(piece)
    return stretches
