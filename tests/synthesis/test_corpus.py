"""Laws of one reading of a corpus, and of another."""

import tracemalloc

import numpy as np
import pytest

from skmusic.spectra.frames import FrameFormat
from skmusic.spectra.reframing import step_of, waveform
from skmusic.spectra.stft import stft
from skmusic.synthesis.corpus import read_corpus, read_steps, thinned

MONO = FrameFormat(N=256, hop_length=128, sr=11025)
STEREO = FrameFormat(N=512, hop_length=256, sr=11025, n_channels=2)
# Ten hops are a step; the window is no multiple of the hop.
UNEVEN = FrameFormat(N=256, hop_length=100, sr=44100, n_channels=2)
FORMATS = [None, MONO, STEREO, UNEVEN]


def noise(n_steps, format=None, seed=0):
    """Frames of noise."""
    n_channels = 8 if format is None else format.n_channels
    shape = n_steps * step_of(format), n_channels
    x = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    return framed(x, format)


def framed(x, format):
    return x if format is None else stft(x, *format.stft_args())


class Streamed:
    """Recordings that come in blocks, whatever length they were said to have."""

    def __init__(self, recordings, format, lengths=None, block=None):
        self.recordings, self.format, self.block = recordings, format, block
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
    assert (a.leads, a.lengths) == (b.leads, b.lengths)
    for x, y in zip(a.waveforms, b.waveforms, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("format", [MONO, UNEVEN])
@pytest.mark.parametrize("block", [5, 4096])
@pytest.mark.parametrize("most", [10**9, 900])
def test_blocks_are_read_as_the_whole_is(format, block, most):
    recordings = [noise(n, format, n) for n in (870, 1, 900)]
    recordings.append(recordings[0][:0])
    recordings[2][:60] = recordings[2][-99:] = 0
    whole = read_corpus(recordings, format, most)
    streamed = Streamed(recordings, format, block=block)
    assert_same(read_corpus(streamed, format, most), whole)


@pytest.mark.parametrize("format", FORMATS)
def test_all_steps_are_heard_and_kept_where_they_fit(format):
    recordings = [noise(900, format), noise(300, format, 1)]
    corpus = read_corpus(recordings, format, 10**9)
    size, music = step_of(format), [waveform(x, format) for x in recordings]
    assert corpus.leads == [0, 0]
    assert corpus.lengths == [len(x) // size for x in music]
    wanted = [x[: len(x) // size * size] for x in music]
    kept = np.concatenate(corpus.waveforms)
    np.testing.assert_allclose(kept, np.concatenate(wanted), atol=1e-5)


def test_without_room_no_waveform_is_kept():
    corpus = read_corpus([noise(700, MONO)], MONO)
    assert corpus.waveforms == []
    assert corpus.lengths == [700]


def test_memory_does_not_grow_with_the_frames():
    format = FrameFormat(N=512, hop_length=512, window="boxcar")

    class Long(Streamed):
        """Recordings whose frames are made as they are read."""

        def map_blocks(self, function, each, n_frames):
            n = self.lengths[0]
            blocks = range(0, n, n_frames)
            make = np.random.default_rng(0).standard_normal
            return [
                function((make((n_frames, 514), np.float32) for _ in blocks), wanted)
                for wanted in each
            ]

    peaks = []
    for n in (10_000, 40_000):
        tracemalloc.start()
        corpus = read_corpus(Long([None], format, [n]), format, 2_000)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        kept = sum(x.nbytes for x in corpus.waveforms)
        peaks.append(peak - kept)
    assert peaks[1] < 1.5 * peaks[0]


@pytest.mark.parametrize("format", [None, MONO])
def test_silence_at_the_ends_is_left_out(format):
    size = step_of(format)
    x = np.random.default_rng(0).standard_normal((900 * size, 1)).astype(np.float32)
    x[: 40 * size], x[200 * size : 300 * size], x[820 * size :] = 1e-5, 0, 0
    corpus = read_corpus([framed(x, format)], format, 10**9)
    assert corpus.leads == [40]
    assert corpus.lengths == [780]
    (kept,) = corpus.waveforms
    np.testing.assert_allclose(kept, x[40 * size : 820 * size], atol=1e-5)


def test_what_is_kept_is_of_all_recordings_and_of_their_music():
    recordings = [noise(5000, seed=k) for k in range(6)]
    for x in recordings:
        x[:100] = 0
    corpus = read_corpus(recordings, None, 12_000)
    assert corpus.leads == [100] * 6
    assert corpus.lengths == [4900] * 6
    found = set()
    for part in corpus.waveforms:
        for i, x in enumerate(recordings):
            for a in np.flatnonzero((x[100:] == part[0]).all(axis=1)) + 100:
                np.testing.assert_array_equal(part, x[a : a + len(part)])
                found.add(i)
    assert 6_000 < sum(map(len, corpus.waveforms)) <= 12_000
    assert len(found) >= 4


@pytest.mark.parametrize("said", [10, 800, 90_000])
def test_lengths_that_are_not_so(said):
    x = noise(450, MONO)
    corpus = read_corpus(Streamed([x], MONO, [said]), MONO, 10**6)
    assert corpus.lengths == [450]
    n = MONO.step * min(450, said // 2)
    kept = np.concatenate(corpus.waveforms)
    np.testing.assert_allclose(kept, waveform(x, MONO)[:n], atol=1e-5)


def test_where_all_that_is_kept_would_be_silent_a_remedy_is_told():
    x = noise(3000)
    x[:2900] = 0
    with pytest.raises(ValueError, match="silence before and after"):
        read_corpus([x], None, 20)


def test_all_silent_is_all_kept():
    corpus = read_corpus([np.zeros((500, 8), np.float32)], None, 10**9)
    assert corpus.lengths == [500] == [len(x) for x in corpus.waveforms]


def test_no_recording_has_a_step():
    with pytest.raises(ValueError, match=r"2 frames, which make one step; pass longer"):
        read_corpus([noise(1, MONO)[:1]], MONO, 10**6)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.99])
def test_pieces_are_spread_evenly(share):
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
    assert thinned(pieces, 0) == []


# Reading again


def analyse(x, last=None, step=MONO.step):
    """Of each step its loudest sample and that of the step before."""
    x = np.abs(x).reshape(-1, step * x.shape[1]).max(axis=1)
    before = 0 if last is None else np.abs(last).max()
    return np.stack([x, np.append(before, x)[:-1]], axis=1)


@pytest.mark.parametrize("block", [None, 1, 5, 4096])
def test_what_is_analysed_is_that_of_the_music_step_by_step(block):
    recordings = [noise(n, MONO, n) for n in (300, 1, 400)]
    recordings[2][:40] = recordings[2][-99:] = 0
    recordings += [recordings[0][:0], recordings[0][:1]]
    corpus = read_corpus(recordings, MONO)
    streamed = Streamed(recordings, MONO, block=block) if block else recordings
    found = read_steps(streamed, MONO, corpus, analyse)
    assert [len(x) for x in found] == corpus.lengths
    for x, lead, rows in zip(recordings, corpus.leads, found, strict=True):
        wave = waveform(x, MONO)
        wave = wave[: len(wave) // MONO.step * MONO.step]
        wanted = analyse(wave)[lead : lead + len(rows)]
        np.testing.assert_allclose(rows, wanted, atol=1e-5)
