import tracemalloc

import numpy as np
import pytest
from handmade import MONO, STEREO, UNEVEN, notes, synthesis_of

from skmusic.features.tokenizer import step_bands
from skmusic.spectra.frames import FrameFormat
from skmusic.spectra.reframing import step_of, waveform
from skmusic.spectra.stft import stft
from skmusic.synthesis.corpus import (
    Corpus,
    grown,
    joined,
    read_corpus,
    read_steps,
    thinned,
)

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
    np.testing.assert_array_equal(a.leads, b.leads)
    assert a.pieces == b.pieces
    for x, y in zip(a.bands + a.waveforms, b.bands + b.waveforms, strict=True):
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
    recordings = [noise(700, format), noise(300, format, 1)]
    corpus = read_corpus(recordings, format, 10**9)
    step = 0 if format is None else format.step
    assert corpus.leads.tolist() == [0, 0]
    stretches, waveforms = joined(corpus.pieces, corpus.waveforms)
    assert [b - a for _, a, b in stretches] == [len(x) for x in corpus.bands]
    for x, bands, kept in zip(recordings, corpus.bands, waveforms, strict=True):
        wanted = waveform(x, format)
        wanted = wanted[: len(wanted) // step_of(format) * step_of(format)]
        np.testing.assert_allclose(kept, wanted, atol=1e-5)
        np.testing.assert_allclose(bands, step_bands(wanted, step), rtol=1e-3)


def test_where_not_all_fits_some_beginnings_and_ends_are_kept(monkeypatch):
    recordings = [noise(9000, MONO, i) for i in range(4)]

    def kept():
        corpus = read_corpus(recordings, MONO, 14_000)
        assert sum(b - a for _, a, b in corpus.pieces) <= 14_000
        # All else is spread over all.
        assert len({i for i, _, _ in corpus.pieces}) == 4
        first = {i for i, a, _ in corpus.pieces if a == 0}
        return first & {i for i, _, b in corpus.pieces if b == len(corpus.bands[i])}

    assert kept()
    monkeypatch.setattr("skmusic.synthesis.corpus._EDGES", 0.01)
    assert not kept()


def test_without_room_no_waveform_is_kept():
    corpus = read_corpus([noise(700, MONO)], MONO)
    assert corpus.pieces == corpus.waveforms == []
    assert len(corpus.bands[0]) == 700


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
        kept = sum(x.nbytes for x in corpus.bands + corpus.waveforms)
        peaks.append(peak - kept)
    assert peaks[1] < 1.5 * peaks[0]


@pytest.mark.parametrize("format", [None, MONO])
def test_silence_at_the_ends_is_left_out(format):
    size = step_of(format)
    x = np.random.default_rng(0).standard_normal((900 * size, 1)).astype(np.float32)
    x[: 40 * size], x[200 * size : 300 * size], x[820 * size :] = 1e-5, 0, 0
    corpus = read_corpus([framed(x, format)], format, 10**9)
    stretches, (kept,) = joined(corpus.pieces, corpus.waveforms)
    # A step is heard together with the one before it.
    late = 0 if format is None else 1
    assert corpus.leads.tolist() == [40]
    assert stretches == [(0, 0, 780 + late)]
    np.testing.assert_allclose(kept, x[40 * size : (820 + late) * size], atol=1e-5)
    assert len(corpus.bands[0]) == 780 + late


def test_what_is_kept_is_from_where_it_is_said_to_be():
    recordings = [noise(5000, seed=k) for k in range(6)]
    for x in recordings:
        x[:100] = 0
    corpus = read_corpus(recordings, None, 12_000)
    for (i, a, b), x in zip(corpus.pieces, corpus.waveforms, strict=True):
        np.testing.assert_array_equal(x, recordings[i][a + 100 : b + 100])
    n_kept = sum(map(len, corpus.waveforms))
    assert 6_000 < n_kept <= 12_000
    assert len({i for i, _, _ in corpus.pieces}) >= 4


@pytest.mark.parametrize("said", [10, 800, 90_000])
def test_lengths_that_are_not_so(said):
    x = noise(450, MONO)
    corpus = read_corpus(Streamed([x], MONO, [said]), MONO, 10**6)
    assert len(corpus.bands[0]) == 450
    music = waveform(x, MONO)
    for (_, a, b), kept in zip(corpus.pieces, corpus.waveforms, strict=True):
        wanted = music[a * MONO.step : b * MONO.step]
        np.testing.assert_allclose(kept, wanted, atol=1e-5)
    assert sum(map(len, corpus.waveforms)) == MONO.step * min(450, said // 2)


def test_where_all_that_is_kept_would_be_silent_a_remedy_is_told():
    x = noise(3000)
    x[:2900] = 0
    with pytest.raises(ValueError, match="database_size"):
        read_corpus([x], None, 20)


def test_all_silent_is_all_kept():
    corpus = read_corpus([np.zeros((500, 8), np.float32)], None, 10**9)
    assert corpus.pieces == [(0, 0, 500)]


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


def test_what_follows_one_another_is_one_stretch():
    pieces = [(0, 0, 5), (0, 5, 6), (0, 7, 8), (1, 8, 9)]
    x = [np.full((b - a, 1), a) for _, a, b in pieces]
    stretches, waveforms = joined(pieces, x)
    assert stretches == [(0, 0, 6), (0, 7, 8), (1, 8, 9)]
    assert [w.ravel().tolist() for w in waveforms] == [[0] * 5 + [5], [7], [8]]


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
    assert [len(x) for x in found] == [len(x) for x in corpus.bands]
    for x, lead, rows in zip(recordings, corpus.leads, found, strict=True):
        wave = waveform(x, MONO)
        wave = wave[: len(wave) // MONO.step * MONO.step]
        wanted = analyse(wave)[lead : lead + len(rows)]
        np.testing.assert_allclose(rows, wanted, atol=1e-5)


# Growing


@pytest.mark.parametrize("most", [10**6, 1500])
@pytest.mark.parametrize("format", [None, MONO])
def test_what_a_database_had_goes_on_being_where_it_was(format, most):
    old = [notes(1000, format, seed) for seed in range(2)]
    stretches = [(0, 100, 1000), (1, 0, 300), (1, 400, 900)]
    synthesis = synthesis_of(old, format, stretches=stretches)
    new = notes(600, format, 2)
    size = step_of(format)
    corpus = Corpus(np.array([7]), [], [(0, 0, 600)], [new])
    database = synthesis.database
    whole, features, tokens, starts = grown(corpus, database, most)
    assert starts.tolist() == [0, 900, 1200]
    numbers = database.recording[starts]
    assert whole.leads.tolist() == [100, 0, 400, 7]
    assert [len(f) for f in features] == [len(t) for t in tokens] == [900, 300, 500]
    n_kept = sum(b - a for _, a, b in whole.pieces)
    assert n_kept == 2300 if most > 2300 else 0.4 * most < n_kept <= most
    for (i, a, b), x in zip(whole.pieces, whole.waveforms, strict=True):
        lead = int(whole.leads[i])
        if i < 3:
            source = old[numbers[i]][(lead + a) * size : (lead + b) * size]
        else:
            source = new[a * size : b * size]
        np.testing.assert_allclose(x, source, atol=1e-4)
