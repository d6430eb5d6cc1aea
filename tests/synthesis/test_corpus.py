import tracemalloc

import numpy as np
import pytest

from skmusic.features.constantq import band_edges, band_energies
from skmusic.spectra.frames import Layout, find_layout
from skmusic.synthesis.concatenative.storage import bytes_per_frame
from skmusic.synthesis.corpus import BESIDE, joined, read_corpus, thinned

PLAIN = Layout(n_channels=1, n_parts=1, n_bins=32, frames_per_step=1)
SPECTRA = Layout(n_channels=2, n_parts=2, n_bins=45, frames_per_step=2)


def noise(n_frames, n_dims=32, seed=0):
    x = np.random.default_rng(seed).standard_normal((n_frames, n_dims))
    return x.astype(np.float32)


class Streamed:
    """Recordings that come in blocks, whatever length they were said to have."""

    def __init__(self, recordings, lengths=None, block=None):
        self.recordings, self.block = recordings, block
        self.lengths = lengths or [len(x) for x in recordings]

    def __len__(self):
        return len(self.recordings)

    def map_blocks(self, function, each, n_frames):
        n = self.block or n_frames
        return [
            function((x[k : k + n] for k in range(0, len(x), n)), argument)
            for x, argument in zip(self.recordings, each, strict=True)
        ]


def assert_same(a, b):
    np.testing.assert_array_equal(a.leads, b.leads)
    assert a.pieces == b.pieces
    for x, y in zip(a.energies, b.energies, strict=True):
        np.testing.assert_array_equal(x, y)
    np.testing.assert_array_equal(np.concatenate(a.frames), np.concatenate(b.frames))


@pytest.mark.parametrize("layout", [PLAIN, SPECTRA], ids=["plain", "spectra"])
@pytest.mark.parametrize("block", [2, 30, 4096])
@pytest.mark.parametrize("size", [10**9, 2_500_000])
def test_blocks_are_read_as_the_whole_is(layout, block, size):
    n_dims = layout.numbers_per_step // layout.frames_per_step
    sequences = [noise(n, n_dims, n) for n in (2001, 1, 0, 3000)]
    sequences[3][:100] = sequences[3][-333:] = 0
    whole = read_corpus(sequences, layout, size)
    assert_same(read_corpus(Streamed(sequences, block=block), layout, size), whole)


def test_memory_does_not_grow_with_the_frames():
    class Long(Streamed):
        """Four recordings of 60 MB of frames, made as they are read."""

        def map_blocks(self, function, each, n_frames):
            n = self.lengths[0]
            return [
                function(
                    (noise(n_frames, 512, k) for k in range(0, n, n_frames)), wanted
                )
                for wanted in each
            ]

    layout = Layout(n_channels=1, n_parts=2, n_bins=256, frames_per_step=1)
    tracemalloc.start()
    corpus = read_corpus(Long([None] * 4, [30_000] * 4), layout, 2_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(map(len, corpus.energies)) >= 4 * 30_000
    kept = sum(x.nbytes for x in corpus.energies)
    assert peak - kept < 4 * 30_000 * 512 * 4 / 2, peak


def test_energies_are_those_of_all_steps():
    sequences = [noise(700), noise(300, seed=1)]
    corpus = read_corpus(sequences, PLAIN, 1)
    for x, energies in zip(sequences, corpus.energies, strict=True):
        wanted = band_energies(x, PLAIN, band_edges(32))
        np.testing.assert_array_equal(energies, wanted)


def test_silence_about_the_music_is_left_out():
    x = noise(900)
    x[:40], x[200:300], x[820:] = 1e-5, 0, 0
    corpus = read_corpus([x], PLAIN, 10**9)
    assert corpus.leads.tolist() == [40]
    assert joined(corpus.pieces) == [(0, 0, 780)]
    np.testing.assert_array_equal(np.concatenate(corpus.frames), x[40:820])
    assert len(corpus.energies[0]) == 780


def test_what_sounds_is_where_it_is_said_to_be():
    sequences = [noise(5000, seed=k) for k in range(6)]
    for x in sequences:
        x[:100] = 0
    size = 5_600_000
    corpus = read_corpus(sequences, PLAIN, size)
    taken = np.concatenate(corpus.frames)
    wanted = [sequences[i][a + 100 : b + 100] for i, a, b in joined(corpus.pieces)]
    np.testing.assert_array_equal(taken, np.concatenate(wanted))
    used = (bytes_per_frame(sequences) + BESIDE) * len(taken)
    assert size / 2 < used <= size
    assert len({i for i, _, _ in joined(corpus.pieces)}) >= 4


@pytest.mark.parametrize("said", [10, 2000, 90_000])
def test_lengths_that_are_not_so(said):
    x = noise(2500)
    corpus = read_corpus(Streamed([x], [said]), PLAIN, 1_700_000)
    assert len(corpus.energies[0]) == 2500
    wanted = [x[a:b] for _, a, b in joined(corpus.pieces)]
    np.testing.assert_array_equal(np.concatenate(corpus.frames), np.concatenate(wanted))


@pytest.mark.parametrize("said", [10**6, 10**8])
def test_what_a_header_claims_takes_no_room_from_other_recordings(said):
    sequences = [noise(5000, seed=k) for k in range(4)]
    true = read_corpus(Streamed(sequences), PLAIN, 5_600_000)
    lengths = [5000, said, 5000, 5000]
    assert_same(read_corpus(Streamed(sequences, lengths), PLAIN, 5_600_000), true)


def test_something_sounds_although_what_was_wanted_is_silent():
    x = noise(3000)
    x[:2900] = 0
    corpus = read_corpus([x, x[:50]], PLAIN, 3 * (18 + BESIDE))
    ((i, a, b),) = joined(corpus.pieces)
    assert i == 0
    np.testing.assert_array_equal(np.concatenate(corpus.frames), x[2900 + a : 2900 + b])


def test_all_silent_is_all_taken():
    corpus = read_corpus([np.zeros((500, 32))], PLAIN, 10**9)
    assert joined(corpus.pieces) == [(0, 0, 500)]


def test_no_recording_has_a_step():
    with pytest.raises(ValueError, match=r"2 frames.*one step; pass longer"):
        read_corpus([noise(1, 180)], find_layout([noise(1, 180)], 2, 2), 10**6)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.99])
def test_pieces_are_spread(share):
    pieces = [(i, a, a + 100) for i in range(50) for a in range(0, 1000, 100)]
    kept = thinned(pieces, int(share * 50_000))
    assert set(kept) <= set(pieces)
    assert kept == sorted(kept)
    assert share * 50_000 - 100 <= 100 * len(kept) <= share * 50_000
    at = np.array([1000 * i + a for i, a, _ in kept])
    assert np.diff(at).max(initial=0) <= 100 / share + 100


def test_pieces_that_fit_are_kept():
    pieces = [(0, 0, 10), (2, 0, 7)]
    assert thinned(pieces, 17) == pieces
    assert thinned(pieces, 4) == [(0, 0, 4)]


def test_seams_are_closed():
    assert joined([(0, 0, 5), (0, 5, 6), (0, 7, 8), (1, 8, 9)]) == [
        (0, 0, 6),
        (0, 7, 8),
        (1, 8, 9),
    ]
