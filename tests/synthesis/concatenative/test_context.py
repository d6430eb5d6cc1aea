import numpy as np
import pytest

from skmusic import FFTFeaturizer
from skmusic.features.chroma import chroma, pitch_classes
from skmusic.features.constantq import band_edges, band_energies
from skmusic.features.tokenizer import fit_codebook
from skmusic.spectra.frames import find_layout
from skmusic.synthesis.concatenative.context import surroundings

SR = 44100


@pytest.fixture(scope="module")
def made(songs):
    frames = FFTFeaturizer(N=512, sr=songs.sr).fit_transform(songs.recordings)
    return of(frames)


def of(frames):
    """Codebook, and features of each recording."""
    layout = find_layout(frames)
    edges = band_edges(layout.n_bins * layout.frames_per_step)
    energies = [band_energies(x, layout, edges) for x in frames]
    codebook = fit_codebook(energies, layout, None, 16, np.random.RandomState(0))
    return codebook, [codebook.reduced(e) for e in energies]


def test_surroundings_are_of_every_boundary(made):
    codebook, features = made
    for f in (features[0], features[0][:1], features[0][:2]):
        before, after = surroundings(f, codebook)
        assert len(before) == len(after) == len(f) + 1
        assert np.isfinite(before).all()
        assert np.isfinite(after).all()


def test_what_precedes_does_not_know_what_follows(made):
    codebook, features = made
    whole = surroundings(features[0], codebook)[0]
    for n in (1, 30, 100):
        part = surroundings(features[0][:n], codebook)[0]
        np.testing.assert_allclose(part, whole[: n + 1], atol=1e-5)


def test_what_follows_does_not_know_what_precedes(made):
    codebook, features = made
    whole = surroundings(features[0], codebook)[1]
    for n in (1, 30, 100):
        part = surroundings(features[0][n:], codebook)[1]
        np.testing.assert_allclose(part, whole[n:], atol=1e-5)


def tones(pitches):
    """Frames of short tones, one after the other."""
    t = np.arange(SR // 2) / SR
    waves = [np.sin(2 * np.pi * 440 * 2 ** (p / 12) * t) for p in pitches]
    return FFTFeaturizer(N=2048).fit_transform([np.concatenate(waves)[:, None]])[0]


def test_octaves_are_alike_and_other_notes_are_not():
    rng = np.random.default_rng(0)
    pitches = rng.integers(-18, 25, 40)
    frames = tones(pitches)
    codebook, (features,) = of([frames])
    pitch = chroma(features, codebook)
    n_steps = len(pitch) / len(pitches)
    heard = np.array([pitch[round((i + 0.5) * n_steps)] for i in range(len(pitches))])
    apart = np.square(heard[:, None] - heard).sum(axis=2)
    steps = np.abs(pitches[:, None] - pitches)
    octave = (steps % 12 == 0) & (steps > 0)
    assert np.median(apart[octave]) < 0.5 * np.median(apart[(steps % 12 > 1)])


def test_chroma_is_of_unit_variance(made):
    codebook, features = made
    pitch = chroma(np.concatenate(features), codebook)
    np.testing.assert_allclose(pitch.var(axis=0).sum(), 1, rtol=0.1)


def test_a_level_common_to_all_bands_has_no_pitch(made):
    shares = pitch_classes(made[0])
    np.testing.assert_allclose(shares.sum(axis=1), 0, atol=1e-6)
