"""Laws of arrays of any type, shape and layout, as recordings."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from skmusic import FFTFeaturizer, audio
from skmusic.metrics import describe

TYPES = ["u1", "i2", "i4", "f2", "f4", "f8", "g", ">i2", ">f4", ">f8"]
LAYOUTS = {
    "as it is": lambda x: x,
    "by columns": np.asfortranarray,
    "every other": lambda x: np.repeat(x, 2, axis=0)[::2],
    "backwards": lambda x: x[::-1].copy()[::-1],
    "part of a wider one": lambda x: np.stack([x, x], axis=-1)[..., 0],
}
some = settings(max_examples=25, deadline=None, derandomize=True, database=None)


def featurizer():
    return FFTFeaturizer(N=64, sr=8000)


def plain(x):
    """The same sound as floats: integers by full scale, bytes about their middle."""
    if x.dtype.kind == "u":
        return (x.astype(float) - 128) / 128
    if x.dtype.kind == "i":
        return x.astype(float) / 2.0 ** (8 * x.dtype.itemsize - 1)
    return x.astype(float)


@st.composite
def waveforms(draw):
    dtype = np.dtype(draw(st.sampled_from(TYPES)))
    n, channels = draw(st.integers(100, 400)), draw(st.sampled_from([None, 1, 2, 6]))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    x = rng.uniform(-0.9, 0.9, (n,) if channels is None else (n, channels))
    if dtype.kind in "iu":
        x = x * 2.0 ** (8 * dtype.itemsize - 1) + 128 * (dtype.kind == "u")
    x = LAYOUTS[draw(st.sampled_from(list(LAYOUTS)))](x.astype(dtype))
    x.flags.writeable = draw(st.booleans()) and x.flags.owndata
    return x


@some
@given(waveforms())
def test_a_sound_is_the_same_in_any_type_and_layout(x):
    before = x.copy()
    found = featurizer().fit_transform([x])[0]
    wanted = featurizer().fit_transform([plain(x)])[0]
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    np.testing.assert_array_equal(x, before)
    f = featurizer().fit([x])
    back = f.inverse_transform(f.transform([x]))[0]
    np.testing.assert_allclose(back[: len(x)].reshape(x.shape), plain(x), atol=1e-5)
    assert describe(x, 8000) == pytest.approx(describe(plain(x), 8000), nan_ok=True)


@some
@given(waveforms())
def test_a_file_holds_the_same_sound(tmp_path_factory, x):
    path = tmp_path_factory.mktemp("any") / "a.wav"
    if x.dtype.kind != "f":
        with pytest.raises(ValueError, match="divide integers by their type's maximum"):
            audio.write(path, x, 8000)
        x = plain(x)
    audio.write(path, x, 8000)
    found, sr = audio.read(path)
    assert sr == 8000
    np.testing.assert_allclose(found, plain(x).reshape(len(x), -1), atol=2 / 2**15)


@some
@given(
    st.builds(
        lambda dtype, shape: np.zeros(shape, dtype),
        st.sampled_from([*TYPES, "?", "c8", "U2", "M8[s]", "O"]),
        arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=70),
    )
)
def test_any_array_makes_frames_or_is_refused_in_words(x):
    for X in (x, [x], [x, x]):
        said = ""
        try:
            frames = featurizer().fit_transform(X)
        except (ValueError, TypeError) as error:
            frames, said = [], str(error)
        assert len(frames) or 10 < len(said) < 1000
        assert all(np.isfinite(each).all() for each in frames)


@pytest.mark.parametrize("shape", [(2, 10**9), (10**6, 10**6), (3, 10**12)])
def test_huge_arrays_are_refused_before_they_are_read(shape):
    huge = np.broadcast_to(np.float32(0), shape)
    with pytest.raises(ValueError, match="channel"):
        featurizer().fit_transform([huge])


def test_an_array_in_a_file_is_a_recording(tmp_path):
    x = np.random.default_rng(0).uniform(-1, 1, (400, 2)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    found = featurizer().fit_transform([mapped])[0]
    np.testing.assert_array_equal(found, featurizer().fit_transform([x])[0])


@pytest.mark.parametrize("wrap", [lambda x: [x], lambda x: [x, x], lambda x: x.T])
def test_what_is_masked_is_no_sound(wrap):
    x = np.ma.masked_array(np.zeros((400, 1)), mask=np.arange(400)[:, None] % 7 == 0)
    with pytest.raises(ValueError, match=r"masked array.*x\.filled\(0\)"):
        featurizer().fit_transform(wrap(x))
