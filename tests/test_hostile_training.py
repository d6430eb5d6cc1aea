"""Music is finite, whatever it was learned from."""

import numpy as np
import pytest

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator, audio

pytestmark = pytest.mark.filterwarnings("ignore:recording 0 has a peak")
SR = 8000
T = np.arange(4 * SR) / SR
TONE = 0.5 * np.sin(2 * np.pi * 220 * T)
HOSTILE = {
    "silence": [0 * T],
    "DC": [0 * T + 1],
    "music on DC": [5 + 0.02 * TONE, TONE],
    "denormals of single precision": [(1e-40 * TONE).astype(np.float32)],
    "one click": [np.where(T == 1, 1.0, 0.0)],
    "far too loud": [1e9 * TONE],
    "one sample beside music": [TONE[:1], TONE],
}


def pipeline(synthesis):
    generator = StatefulLSTMGenerator(
        synthesis, epochs=1, hidden_layer_sizes=(4,), random_state=0
    )
    return Pipeline([FFTFeaturizer(N=256, sr=SR), generator])


@pytest.mark.filterwarnings("ignore:all recordings are silent")
@pytest.mark.parametrize("name", HOSTILE)
def test_drawn_music_is_finite_and_no_louder_than_what_was_learned(name, tmp_path):
    X = HOSTILE[name]
    pipe = pipeline("neural").fit(X)
    loudest = max(np.abs(x).max() for x in X)
    for seed in None, X[0], TONE:
        music = pipe.sample(seed, seconds=1, random_state=0)
        assert np.isfinite(music).all()
        assert np.abs(music).max() <= 1.01 * loudest + 1e-6
        audio.write(tmp_path / "a.wav", music, SR)
        assert np.abs(audio.read(tmp_path / "a.wav")[0]).max() <= 1
    assert np.isfinite(pipe.score(X))
    assert np.isfinite(pipe[-1].predict(pipe[0].transform(X))[0]).all()


@pytest.mark.parametrize("name", ["silence", "one click"])
def test_regression_is_finite_too(name):
    pipe = pipeline("regression").fit(HOSTILE[name])
    assert np.isfinite(pipe.sample(HOSTILE[name][0], seconds=1)).all()
    assert np.isfinite(pipe.score(HOSTILE[name]))


@pytest.mark.parametrize(
    ("synthesis", "level"), [("neural", np.float32(1e22)), ("regression", 1e200)]
)
def test_numbers_beyond_all_sound_are_refused_by_a_clear_error(synthesis, level):
    with pytest.raises(ValueError, match=r"numbers too large .* scale the recordings"):
        pipeline(synthesis).fit([(level * TONE).astype(np.result_type(level))])


def test_only_moments_are_refused_by_a_clear_error():
    moments = FFTFeaturizer(N=256).fit_transform([TONE[:300], TONE[:1]])
    with pytest.raises(ValueError, match="pass longer recordings"):
        pipeline("neural")[-1].fit(moments)
