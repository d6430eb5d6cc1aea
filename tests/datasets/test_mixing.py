import numpy as np
from test_instruments import SR, rng

from skmusic.datasets.mixing import Note, render


def test_notes_sound_where_they_are_put():
    song = render([Note("snare", 0, 0.5, 0.1, 1.0)], SR, SR, rng())
    energy = (song**2).sum(axis=1)
    assert energy[: SR // 2 - 10].sum() < 1e-3 * energy.sum()
    assert energy[SR // 2 : SR // 2 + 2000].sum() > 0.3 * energy.sum()


def test_pan_places_instruments():
    left = render([Note("bell", 60, 0.0, 0.8, 1.0)], SR, SR, rng())
    right = render([Note("pluck", 60, 0.0, 0.8, 1.0)], SR, SR, rng())
    assert np.std(left[:, 0]) > 1.2 * np.std(left[:, 1])
    assert np.std(right[:, 1]) > 1.2 * np.std(right[:, 0])


def test_render_cuts_what_is_late_and_bounds_what_is_loud():
    notes = [Note("piano", p, 0.2, 5.0, 1.0) for p in range(40, 80)]
    notes.append(Note("kick", 0, 99.0, 0.1, 1.0))
    song = render(notes, SR, SR, rng())
    assert song.shape == (SR, 2)
    assert song.dtype == np.float32
    assert np.abs(song).max() <= 0.9


def test_no_notes_are_silence():
    np.testing.assert_array_equal(render([], 4000, SR, rng()), 0)
