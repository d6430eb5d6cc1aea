import numpy as np
import pytest

from skmusic import FFTFeaturizer, StatefulLSTMGenerator
from skmusic.features.constantq import band_energies
from skmusic.spectra.frames import Layout
from skmusic.synthesis.neural.vocoder import (
    WARM_UP,
    frames_of,
    heard_at,
    pushed,
    silence,
)

SR = 11025
# How near the levels of bands come to those wanted, in dB, of the middle band.
NEAR_DB = 1.0


def fit(X, **parameters):
    featurizer = FFTFeaturizer(sr=SR, **parameters).fit(X)
    frames = featurizer.transform(X)
    generator = StatefulLSTMGenerator(
        emission="spectra", hidden_layer_sizes=(8,), epochs=1, random_state=0
    )
    return featurizer, frames, generator.fit(frames)


def again(generator, frames):
    """Frames that the features of frames are made to sound as."""
    codebook, image = generator.codebook_, generator.image_
    features = codebook.features(frames)
    sound, made = silence(codebook, image, features[0]), []
    for each in [features[0]] * WARM_UP + [*features, features[-1], features[-1]]:
        sound = pushed(sound, each, codebook, image)
        some, sound = frames_of(sound, codebook, image)
        made.append(some)
    return np.concatenate(made)[: len(frames)]


@pytest.fixture(scope="module", params=[{"N": 512}, {"N": 64}])
def fitted(request, songs):
    X = [x[: 12 * SR] for x in songs.recordings[:3]]
    return fit(X, **request.param)


def test_features_that_sound_have_the_levels_they_stand_for(fitted):
    _, X, generator = fitted
    codebook = generator.codebook_
    energies = [
        band_energies(x, codebook.layout, codebook.edges).sum(axis=0)
        for x in (again(generator, X[0]), X[0])
    ]
    off = 10 * np.log10(energies[0] / energies[1])
    loud = energies[1] > 1e-5 * energies[1].max()
    assert abs(np.median(off[loud])) < NEAR_DB
    assert np.mean(np.abs(off[loud]) < 4) > 0.8


def test_features_that_sound_are_heard_as_what_they_were(fitted):
    _, X, generator = fitted
    before = generator.codebook_.features(X[0])
    after = generator.codebook_.features(again(generator, X[0]))
    n = min(len(before), len(after))
    before, after = (
        x[20 : n - 5] * generator.codebook_.weight for x in (before, after)
    )
    error = np.square(before - after).sum(axis=1).mean()
    other = np.square(before - np.roll(after, 40, axis=0)).sum(axis=1).mean()
    assert error < 0.35 * other


def test_frames_are_those_of_a_waveform(fitted):
    featurizer, X, generator = fitted
    frames = again(generator, X[0])[4:-4]
    (x,) = featurizer.inverse_transform([frames])
    (found,) = featurizer.transform([x])
    off = found[4:-4] - frames[4:-4]
    assert np.square(off).sum() < 1e-6 * np.square(frames[4:-4]).sum()


def test_channels_keep_their_place():
    t = np.arange(8 * SR) / SR
    left, right = np.sin(2 * np.pi * 300 * t), np.sin(2 * np.pi * 2500 * t)
    slow = 0.6 + 0.4 * np.sin(2 * np.pi * 0.5 * t)
    x = np.stack([slow * left + 0.1 * right, 0.1 * left + slow * right], axis=1)
    _, X, generator = fit([x], N=512)
    made = again(generator, X[0])
    layout = generator.codebook_.layout
    # Of some bands there is nothing in the recording.
    low, high = 5, 10
    for place, channel in ((low, 0), (high, 1)):
        shares = [np.exp(heard_at(f, layout)[0][20:-20]) for f in (X[0], made)]
        real, found = (share.mean(axis=0)[channel, place] for share in shares)
        assert real > 0.6
        assert found == pytest.approx(real, abs=0.15)


def test_what_are_spectra_and_what_not():
    assert Layout(1, 1, 3, 1).window_length == 0
    assert Layout(2, 2, 1025, 1).window_length == 2048
