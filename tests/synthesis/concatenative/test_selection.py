from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from skmusic import FFTFeaturizer
from skmusic.features.constantq import to_energies
from skmusic.features.levels import range_levels
from skmusic.features.tokenizer import fit_codebook
from skmusic.network.numpy_lstm import forward, log_softmax, shifted, zero_state
from skmusic.spectra.frames import find_layout
from skmusic.spectra.reframing import with_lapped
from skmusic.synthesis.concatenative.crossfade import REACH
from skmusic.synthesis.concatenative.database import build_bank
from skmusic.synthesis.concatenative.equalizer import coloured
from skmusic.synthesis.concatenative.limiter import peaks
from skmusic.synthesis.concatenative.sampler import (
    advance,
    enter,
    entry_scores,
    hear,
    tone_in,
)
from skmusic.synthesis.concatenative.selection import without
from skmusic.synthesis.concatenative.storage import store_frames
from skmusic.synthesis.corpus import joined, read_corpus
from skmusic.synthesis.sampling import Tempering

SHORTEST, LONGEST = 4, 12


def chance(seed=0):
    return np.random.RandomState(seed)


# The walk


@pytest.fixture(scope="module")
def fitted(songs):
    """Bank, network of chance, features and codebook."""
    frames = FFTFeaturizer(N=512, sr=songs.sr).fit_transform(songs.recordings)
    layout = with_lapped(find_layout(frames), frames)
    corpus = read_corpus(frames, layout, 10**9)
    codebook = fit_codebook(corpus.energies, layout, None, 16, chance())
    features = [codebook.reduced(e) for e in corpus.energies]
    tokens = [codebook.tokens(f) for f in features]
    bank = build_bank(
        store_frames(corpus.frames, layout),
        range_levels(corpus.frames, layout),
        joined(corpus.pieces),
        features,
        tokens,
        codebook,
        shortest=SHORTEST,
        longest=LONGEST,
    )
    n, rng = features[0].shape[1], np.random.default_rng(0)
    shapes = (n, 32), (8, 32), (32,), (8, len(codebook.centroids))
    W, U, b, V = (rng.standard_normal(s).astype(np.float32) for s in shapes)
    head = V, np.zeros(V.shape[1], np.float32)
    return bank, {"layers": [(W, U, b)], "head": head, "skip": ()}, features, codebook


def unmoved(bank):
    """Bank of frames whose waveform is not known."""
    return replace(bank, layout=replace(bank.layout, lapped=False))


def begin(fitted, n_heard=20, tempering=None, seed=0, **options):
    bank, network, features, codebook = fitted
    tempering = tempering or Tempering()
    mood = options.pop("mood", None)
    heard = hear(bank, network, features[0][:n_heard], codebook, tempering, mood)
    return enter(bank, network, heard, tempering, chance(seed), **options)


def visits(fitted, n_runs=30, **options):
    bank, network, _, _ = fitted
    walk, tempering = begin(fitted, **options), options.get("tempering", Tempering())
    runs = []
    for _ in range(n_runs):
        walk = advance(bank, network, walk, tempering)
        runs.append(walk.visits[-1])
    return runs


@pytest.mark.parametrize("joins", [True, False])
def test_a_piece_goes_along_with_no_passage_for_much_longer_than_a_run(fitted, joins):
    bank, network, _, _ = fitted
    if not joins:
        bank = replace(bank, targets=np.full_like(bank.targets, -1))
    walk, longest = begin(fitted), 0
    for _ in range(60):
        walk = advance(bank, network, walk, Tempering())
        longest = max(longest, walk.along.max())
    assert 0 < longest <= -(-LONGEST // 3) + 1


def test_what_went_on_for_too_long_is_left_though_no_join_is(fitted):
    bank, network, _, _ = fitted
    closed = unmoved(replace(bank, targets=np.full_like(bank.targets, -1)))
    walk, none = begin(fitted), Tempering(0)
    free = advance(closed, network, walk, none).step
    assert free == advance(closed, network, replace(walk, rng=chance(9)), none).step
    along = walk.along.copy()
    along[free - SHORTEST] = 100  # of the step that precedes it by a run
    left = advance(closed, network, replace(walk, along=along), none).step
    assert abs(left - free) > 1


@pytest.mark.parametrize("seed", range(4))
def test_no_place_is_played_again_while_there_are_others(fitted, seed):
    runs = visits(fitted, n_runs=28, seed=seed)
    for (a, n), (b, _) in combinations(runs, 2):
        assert not a - 16 <= b < a + n + 16


@pytest.mark.parametrize("shares", [(0.0, 0.0), (0.0, 0.4), (0.2, 0.0), (0.2, 0.2)])
def test_a_piece_plays_its_shares_again_as_it_was(fitted, shares):
    bank, *rest = fitted
    bank = replace(bank, recurrence=np.tile(np.float16(shares), (len(bank.ends), 1)))
    walk, again, total = begin((bank, *rest)), np.zeros(2), 0
    for _ in range(400):
        before, walk = walk, advance(bank, rest[0], walk, Tempering())
        _, length = walk.visits[-1]
        total += length
        if before.form.again:
            again[before.form.distance] += length
            (planned, target), *to_come = before.form.again
            assert abs(length - planned) <= 1  # the beat may be a step elsewhere
            assert abs(walk.step - target) <= 1
            assert walk.form.again == tuple(to_come)
        elif walk.form.again:
            steps = {a + i for a, n in before.visits for i in range(n)}
            assert {walk.step - 1, walk.step, walk.step + 1} & steps
    np.testing.assert_allclose(again / total, shares, atol=0.1)


@pytest.mark.parametrize("n_heard", [0, 1, 20])
def test_entry_scores_are_of_every_step_after_each_step(fitted, n_heard):
    bank, network, features, codebook = fitted
    scores = list(entry_scores(bank, network, features[0][:n_heard], codebook))
    assert len(scores) == n_heard + 1
    assert all(score.shape == bank.tokens.shape for score in scores)
    assert all(np.isfinite(score).all() for score in scores)


def test_no_temperature_enters_at_the_best_score(fitted):
    bank, network, features, codebook = fitted
    none = Tempering(0)
    *_, score = entry_scores(bank, network, features[0][:20], codebook)
    assert begin(fitted, tempering=none).step == score.argmax()


@pytest.mark.parametrize("n_heard", [30, 60, 100])
def test_music_that_is_known_goes_on_as_it_did(fitted, n_heard):
    bank, network, features, codebook = fitted
    V, d = network["head"]
    indifferent = network | {"head": (0 * V, d)}
    *_, score = entry_scores(bank, indifferent, features[1][:n_heard], codebook)
    first = np.flatnonzero(bank.recording == 1)[0]
    assert abs(score.argmax() - (first + n_heard)) <= 1


def test_the_network_steers(fitted):
    bank, network, features, codebook = fitted
    V, d = network["head"]
    for token in (2, 5):
        wanted = d.copy()
        wanted[token] = 1000
        steered = network | {"head": (V, wanted)}
        assert bank.tokens[begin((bank, steered, features, codebook)).step] == token


@pytest.mark.parametrize("top_k", [1, 3])
def test_only_allowed_tokens_begin(fitted, top_k):
    bank, network, features, _ = fitted
    heard = np.concatenate([np.zeros_like(features[0][:1]), features[0][:20]])
    logp = log_softmax(forward(network, heard, zero_state(network))[0])[-1]
    allowed = set(np.argsort(logp)[-top_k:]) & set(bank.tokens)
    assert allowed
    steps = {
        begin(fitted, tempering=Tempering(5.0, top_k=top_k), seed=s).step
        for s in range(30)
    }
    assert {bank.tokens[step] for step in steps} <= allowed
    assert len(steps) > 1  # there is choice among steps still


def test_the_state_after_entering_is_that_of_what_was_heard(fitted):
    _, network, features, _ = fitted
    heard, walk = features[0][:20], begin(fitted)
    state = forward(network, shifted(heard), zero_state(network))[1][-1]
    np.testing.assert_array_equal(walk.x, heard[-1])
    np.testing.assert_allclose(walk.lstm[0][0], state[0][0], atol=1e-6)
    # And stays that of what was played.
    bank = fitted[0]
    after = advance(bank, network, walk, Tempering())
    start, length = after.visits[-1]
    assert start == walk.step
    played = bank.features[start : start + length]
    np.testing.assert_array_equal(after.x, played[-1])
    x = shifted(np.concatenate([heard, played]))
    state = forward(network, x, zero_state(network))[1][-1]
    np.testing.assert_allclose(after.lstm[0][1], state[0][1], atol=1e-4)


def test_runs_are_bounded(fitted):
    bank = fitted[0]
    for start, length in visits(fitted):
        assert length <= LONGEST
        assert length >= min(SHORTEST, bank.ends[start] - start)
        assert start + length <= bank.ends[start]


@pytest.mark.parametrize("n_heard", [0, 20])
def test_the_mood_asked_for_is_begun_in_and_kept(fitted, n_heard):
    bank, network, _, _ = fitted
    kept, free = [], []
    for seed, step in enumerate(range(50, len(bank.moods), 200)):
        mood = bank.moods[step].astype(np.float32)
        for found, asked in ((kept, mood), (free, None)):
            walk = begin(fitted, n_heard, seed=seed, mood=asked)
            for _ in range(6):
                walk = advance(bank, network, walk, Tempering())
            starts = [start for start, _ in walk.visits]
            found.append(np.square(bank.moods[starts] - mood).sum(axis=1).mean())
    assert np.mean(kept) < 0.7 * np.mean(free)


def test_each_run_is_elsewhere(fitted):
    for seed in range(5):
        runs = visits(fitted, n_runs=10, seed=seed)
        for (a, n), (b, _) in combinations(runs, 2):
            assert not a <= b <= a + n


def test_chance_leads_elsewhere_and_none_does_not(fitted):
    assert visits(fitted, seed=0) == visits(fitted, seed=0)
    assert visits(fitted, seed=0) != visits(fitted, seed=1)
    none = Tempering(0)
    assert visits(fitted, tempering=none, seed=0) == visits(
        fitted, tempering=none, seed=1
    )


def test_as_many_frames_are_made_as_steps_are_played(fitted):
    bank, network, _, codebook = fitted
    m = codebook.layout.frames_per_step
    walk = begin(fitted)
    assert len(walk.pending) == 0
    for _ in range(10):
        walk = advance(bank, network, walk, Tempering())
    # The last step waits for what it overlaps with.
    assert len(walk.pending) == m * (sum(length for _, length in walk.visits) - 1)
    assert len(walk.origins) == len(walk.pending) + m
    assert np.isfinite(walk.pending).all()


def test_what_was_heard_of_a_step_is_passed_over(fitted):
    whole = advance(*fitted[:2], begin(fitted), Tempering())
    for skip in (1, 3):
        late = begin(fitted, skip=skip)
        np.testing.assert_array_equal(late.pending, whole.pending[skip:])


def test_runs_are_played_as_they_are_but_coloured_and_faded_at_joins(fitted):
    bank, network, _, codebook = fitted
    # What is turned and moved is the matter of test_joins and test_moving.
    bank = replace(bank, limit=np.full(len(bank.ends), np.inf, np.float32))
    bank = unmoved(bank)
    m = codebook.layout.frames_per_step
    walk, position, n_compared = begin(fitted), 0, 0
    for _ in range(40):
        colour, middle = walk.colour, len(walk.tail) // m
        walk = advance(bank, network, walk, Tempering())
        start, length = walk.visits[-1]
        if middle >= length - min(REACH, (length - 1) // 2):
            position += length  # no step of it is played alone
            continue
        n_compared += 1
        run = bank.frames[(start + middle) * m : (start + middle + 1) * m]
        run = coloured(run, colour, bank.layout)
        played = walk.pending[(position + middle) * m : (position + middle + 1) * m]
        np.testing.assert_array_equal(played, run)
        position += length
    assert n_compared > 10


def test_origins_are_the_frames_of_the_runs(fitted):
    bank, network, _, codebook = fitted
    m = codebook.layout.frames_per_step
    whole = begin(fitted)
    assert len(whole.origins) == 0
    for _ in range(5):
        whole = advance(bank, network, whole, Tempering())
    runs = [np.arange(a * m, (a + n) * m) for a, n in whole.visits]
    np.testing.assert_array_equal(whole.origins, np.concatenate(runs))
    late = without(whole, 7)
    np.testing.assert_array_equal(late.origins, whole.origins[7:])
    np.testing.assert_array_equal(late.pending, whole.pending[7:])


def test_joins_keep_the_loudness(fitted):
    bank, network, _, codebook = fitted
    m = codebook.layout.frames_per_step
    walk = begin(fitted, 0)
    for _ in range(20):
        walk = advance(bank, network, walk, Tempering())
    played = np.concatenate([bank.frames[a * m : (a + n) * m] for a, n in walk.visits])
    power = np.square(walk.pending).sum(axis=1)
    loudest = np.square(bank.frames[:]).sum(axis=1).max()
    assert power.max() <= loudest * 1.01
    assert 0.8 < power.sum() / np.square(played).sum() < 1.25


def test_no_frame_is_louder_than_the_recordings(fitted):
    bank, network, _, _ = fitted
    tone = np.full(bank.levels.shape[1], 10, np.float32)
    walk = replace(begin(fitted), tone=tone, colour=tone)
    free, without_limit = walk, np.full(len(bank.ends), np.inf, np.float32)
    for _ in range(10):
        walk = advance(bank, network, walk, Tempering())
        free = advance(replace(bank, limit=without_limit), network, free, Tempering())
    found = [peaks(w.pending, bank.layout).max() for w in (walk, free)]
    loudest = peaks(bank.frames[:], bank.layout).max()
    assert found[0] <= loudest * (1 + 1e-6) < found[1]


def test_music_of_the_bank_itself_has_no_tone(fitted):
    """Though it is now drums, now silence: its tone is that of seconds."""
    bank, _, features, codebook = fitted
    first = bank.ends[0]
    beats = np.arange(first) % 20 < 4
    energies = to_energies(codebook.levels(features[0][:first])) * codebook.reference
    beaten = codebook.reduced(energies * np.where(beats, 1, 1e-6)[:, None])
    own = np.concatenate([beaten, bank.features[first:]]).astype(np.float16)
    moods = np.ones((len(own), 1), np.float32)
    moods[np.flatnonzero(~beats)[len(beats) // 2]] = 0  # of one moment, in a pause
    alike = replace(bank, features=own, moods=moods)
    found = tone_in(alike, np.zeros(1, np.float32), beaten, codebook)
    assert (np.abs(found) < 1.5).all()


def test_a_piece_is_in_the_tone_of_what_was_heard(fitted):
    bank, network, features, codebook = fitted
    loud = features[0][:200]
    # The same music, 6 dB softer above the middle of the bands.
    energies = to_energies(codebook.levels(loud))
    energies[:, energies.shape[1] // 2 :] /= 4
    heard = [loud, codebook.reduced(energies * codebook.reference)]
    mood = bank.moods[0].astype(np.float32)
    tones = [tone_in(bank, mood, x, codebook) for x in heard]
    apart = tones[0] - tones[1]
    assert (np.abs(apart[:4]) < 1).all()
    assert (apart[-3:] > 3).all()
    nothing = hear(bank, network, loud[:0], codebook, Tempering())
    assert not nothing.tone.any()


def test_advancing_leaves_the_walk_as_it_was(fitted):
    bank, network, _, _ = fitted
    walk = begin(fitted)
    first = advance(bank, network, replace(walk, rng=chance(1)), Tempering())
    second = advance(bank, network, replace(walk, rng=chance(1)), Tempering())
    np.testing.assert_array_equal(first.pending, second.pending)
    assert walk.visits == ()
    assert len(walk.pending) == 0


def test_without_a_join_left_nothing_but_temperature_is_left_to_chance(fitted):
    bank, network, _, _ = fitted
    closed = replace(bank, targets=np.full_like(bank.targets, -1))

    def piece(seed, temperature):
        walk = replace(begin(fitted), rng=np.random.RandomState(seed))
        for _ in range(6):
            walk = advance(closed, network, walk, Tempering(temperature))
        return walk.visits

    assert piece(0, 0.0) == piece(1, 0.0)
    assert piece(0, 1.0) != piece(1, 1.0)
    starts = [start for start, _ in piece(0, 1.0)]
    assert len(set(starts)) == len(starts)
