from itertools import pairwise

import numpy as np
import pytest

from skmusic.features.constantq import band_edges, band_energies
from skmusic.features.levels import first_bins, range_levels
from skmusic.features.tokenizer import fit_codebook
from skmusic.spectra.frames import Layout
from skmusic.synthesis.concatenative.equalizer import PAST, coloured, colouring, tone

LAYOUTS = [Layout(2, 2, 1025, 1), Layout(1, 2, 129, 8), Layout(2, 2, 129, 4)]


def noise(layout, n_steps=40, seed=0):
    shape = n_steps * layout.frames_per_step
    shape = shape, layout.numbers_per_step // layout.frames_per_step
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def levels(frames, layout):
    return range_levels([frames], layout).astype(float)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_coloured_has_the_levels_that_were_played(layout):
    frames = noise(layout)
    first = first_bins(layout)
    wanted = np.linspace(-8, 8, len(first)).astype(np.float32)
    played = coloured(frames, wanted, layout)
    before, after = (
        np.add.reduceat(np.square(x).reshape(-1, layout.n_bins), first, axis=1)
        for x in (frames, played)
    )
    gain = 10 * np.log10(after / before)
    # Gains go smoothly from range to range.
    np.testing.assert_allclose(gain.mean(axis=0), wanted, atol=1.5)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_run_that_is_alike_is_left_as_it_is(layout):
    x = levels(noise(layout), layout)
    colour = colouring(x, x)
    assert not colour.any()
    frames = noise(layout)
    assert coloured(frames, colour, layout) is frames


def test_a_steady_difference_is_taken_on_and_a_changing_one_is_not():
    rng = np.random.default_rng(0)
    own = rng.standard_normal((PAST, 12))
    steady = colouring(own + 2, own)
    assert (steady > 1).all()
    assert (steady <= 2).all()
    changing = own + 6 * np.where(np.arange(PAST)[:, None] % 4 < 3, 1, -1)
    assert (np.abs(colouring(changing, own)) < 1).all()


def test_a_run_is_made_3_db_louder_or_9_db_softer_at_most():
    own = np.zeros((PAST, 12))
    np.testing.assert_allclose(colouring(own + 60, own), 3, rtol=1e-3)
    np.testing.assert_allclose(colouring(own - 60, own), -9, rtol=1e-3)


def test_only_the_last_steps_count():
    rng = np.random.default_rng(1)
    played, own = rng.standard_normal((2, PAST, 12))
    long = np.concatenate([own + 50, own])
    np.testing.assert_array_equal(colouring(played, long), colouring(played, own))
    assert not colouring(played[:1], own).any()
    assert not colouring(played, own[:0]).any()


def test_what_is_no_spectrum_has_no_colour():
    layout = Layout(1, 1, 6, 1)
    x = range_levels([np.ones((2, 6)), np.ones((3, 6))], layout)
    assert x.shape == (5, 0)
    frames = np.ones((5, 6), np.float32)
    assert coloured(frames, colouring(x, x), layout) is frames


def codebook_of(layout):
    """Codebook of noise that is now louder, now softer; and its energies."""
    energies = band_energies(noise(layout, 400), layout, band_edges(layout.n_fine_bins))
    rng = np.random.RandomState(0)
    energies *= 10 ** rng.uniform(-1, 1, (400, 1)).astype(np.float32)
    return fit_codebook([energies], layout, 4, 4, rng), energies


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_tone_brings_a_piece_nearer_to_what_was_heard(layout):
    codebook, energies = codebook_of(layout)
    own = codebook.reduced(energies)
    for decibels in (-6, 0, 6):
        heard = codebook.reduced(energies * 10 ** (decibels / 10))
        found = tone(heard, own.mean(axis=0), codebook)
        assert found.shape == (len(first_bins(layout)),)
        np.testing.assert_allclose(found, 0.7 * decibels, atol=0.7)
    far = tone(codebook.reduced(energies * 1e-9), own.mean(axis=0), codebook)
    assert (far >= -10).all()
    assert (far < -8).all()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_less_is_heard_the_less_is_made_of_it(layout):
    codebook, energies = codebook_of(layout)
    own = codebook.reduced(energies)
    heard = np.repeat(codebook.reduced(4 * energies).mean(axis=0)[None], 200, axis=0)
    tones = [tone(heard[:n], own.mean(axis=0), codebook) for n in (0, 1, 20, 200)]
    assert not tones[0].any()
    for less, more in pairwise(tones):
        assert (less < more).all()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_levels_are_finite_and_below_the_loudest(layout):
    for frames in (noise(layout), 0 * noise(layout), 1e15 * noise(layout)):
        x = levels(frames, layout)
        assert x.shape == (40, len(first_bins(layout)))
        assert ((x >= -80.1) & (x <= 0.01)).all()
