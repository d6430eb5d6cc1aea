from dataclasses import replace

import numpy as np
import pytest

from skmusic.synthesis.concatenative.storage import bytes_per_frame, store


def noise(n_frames, n_dims, seed=0):
    x = np.random.default_rng(seed).standard_normal((n_frames, n_dims))
    return x.astype(np.float32)


@pytest.mark.parametrize("n_dims", [1, 5, 32, 33, 200])
@pytest.mark.parametrize("level", [1e-6, 1.0, 1e6])
def test_precise_to_a_127th_of_the_peak_near_by(n_dims, level):
    x = (level * noise(20, n_dims)).astype(np.float32)
    back = store([x])[:]
    assert back.dtype == np.float32
    for start in range(0, n_dims, 8):
        group = slice(start, start + 8)
        peak = np.abs(x[:, group]).max(axis=1, keepdims=True)
        assert (np.abs(back[:, group] - x[:, group]) < peak / 127).all()


def test_soft_groups_are_precise_too_but_less():
    x = noise(200, 24) * np.repeat(np.float32([1, 0.2, 1e-3]), 8)
    stored = store([x])
    off = np.abs(stored[:] - x).reshape(200, 3, 8)
    peak = np.abs(x).reshape(200, 3, 8).max(axis=2, keepdims=True)
    assert (off < peak * np.array([1 / 127, 1 / 127, 1 / 8])[:, None]).all()
    assert stored.is_fine.tolist() == [True, True, False]


@pytest.mark.parametrize("sharpness", [1.0, 4.0])
def test_what_is_rounded_away_of_soft_groups_is_20_db_below_them(sharpness):
    # Of noise, and of tones, which leave most numbers of a group near nothing.
    x = np.sign(noise(500, 64)) * np.abs(noise(500, 64)) ** sharpness
    x = x * np.repeat(np.float32([1, 1e-2, 1e-3, 1e-4]), 16)
    off = np.square(store([x])[:] - x).reshape(500, 4, 16).sum(axis=(0, 2))
    assert (off < 0.01 * np.square(x).reshape(500, 4, 16).sum(axis=(0, 2))).all()


def test_each_frame_has_a_level_of_its_own():
    x = noise(50, 64) * np.geomspace(1e-4, 1, 50, dtype=np.float32)[:, None]
    off, size = (np.linalg.norm(y, axis=1) for y in (store([x])[:] - x, x))
    assert (off < 0.02 * size).all()


def test_recordings_stand_one_after_another_and_are_indexed_like_arrays():
    x = noise(30, 40)
    stored = store([x[:7], x[7:7], x[7:]])
    whole = stored[:]
    assert len(stored) == len(whole) == 30
    np.testing.assert_allclose(whole, x, atol=np.abs(x).max() / 127)
    np.testing.assert_array_equal(stored[3:9], whole[3:9])
    which = np.array([29, 0, 3, 3])
    np.testing.assert_array_equal(stored[which], whole[which])


def test_silence_stays_silence():
    assert not store([np.zeros((3, 40), np.float32)])[:].any()
    x = noise(9, 40)
    x[4] = 0
    assert not store([x])[:][4].any()


def test_bytes_are_known_beforehand():
    x = noise(400, 128) * np.repeat(np.float32([1, 1e-1, 1e-3, 1e-4]), 32)
    stored = store([x])
    used = stored.fine.nbytes + stored.coarse.nbytes + stored.scales.nbytes
    assert used == bytes_per_frame([x]) * len(x) < x.nbytes / 4


@pytest.mark.parametrize("n_dims", [5, 200])
def test_where_there_is_room_nothing_is_heard_of_it(n_dims):
    x = noise(20, n_dims) * np.geomspace(1, 1e-4, n_dims, dtype=np.float32)
    size = 20 * -(-n_dims // 8) * 17
    few, whole = store([x], size - 1), store([x], size)
    assert few.fine.dtype == np.int8
    assert whole.is_fine.all()
    back = whole[:]
    for start in range(0, n_dims, 8):
        group = slice(start, start + 8)
        peak = np.abs(x[:, group]).max(axis=1, keepdims=True)
        assert (np.abs(back[:, group] - x[:, group]) < peak / 30_000).all()
    np.testing.assert_array_equal(store([back], size)[:], back)
    whole.check()


def test_numbers_of_other_sizes_are_refused():
    stored = store([noise(5, 20)])
    with pytest.raises(ValueError, match="int32"):
        replace(stored, fine=stored.fine.astype(np.int32)).check()
