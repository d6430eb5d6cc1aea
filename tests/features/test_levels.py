import numpy as np
import pytest

from skmusic.features.constantq import band_widths
from skmusic.features.levels import (
    FLOOR_DB,
    range_bands,
    range_energies,
    range_levels,
    range_shares,
)
from skmusic.features.tokenizer import step_bands

each_step = pytest.mark.parametrize("step", [1, 2, 186, 441, 1024])


@each_step
def test_ranges_part_the_energy(step):
    x = np.random.default_rng(0).standard_normal((20 * step, 2))
    bands = step_bands(x, step)
    energies = range_energies(bands, step)
    assert energies.shape == (20, len(range_bands(step)))
    total = (bands * band_widths(step + 1)).sum(axis=1)
    np.testing.assert_allclose(energies.sum(axis=1), total, rtol=1e-5)
    assert range_energies(np.ones((5, 6)), 0).shape == (5, 0)


@each_step
def test_ranges_share_each_bin(step):
    shares = range_shares(step)
    assert shares.shape == (len(range_bands(step)), step + 1)
    np.testing.assert_allclose(shares.sum(axis=0), 1, atol=1e-6)
    assert (shares >= 0).all()


def test_levels_are_decibels_below_the_loudest_step():
    energies = np.array([[0.5, 0.5], [0.1, 0.0], [0.001, 0.0]])
    for scale in (1e-20, 1.0, 1e20):
        levels = range_levels(scale * energies)
        assert levels.dtype == np.float16
        wanted = [[-3.01, -3.01], [-10, FLOOR_DB], [-30, FLOOR_DB]]
        np.testing.assert_allclose(levels, wanted, atol=0.02)
    assert (range_levels(0 * energies) == FLOOR_DB).all()
    assert range_levels(energies[:0]).shape == (0, 2)
