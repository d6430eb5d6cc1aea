import dataclasses
import os
import pickle
import re
import subprocess
import sys
import typing
import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest
import sklearn.pipeline
from chance import untrained
from hostile_models import closed, damaged, forged, opened
from sklearn.base import BaseEstimator
from sklearn.preprocessing import FunctionTransformer
from small import SYNTHESES

import skmusic
from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator
from skmusic.persistence import saving

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def files(pipes, tmp_path_factory):
    """The bytes of their files."""
    folder = tmp_path_factory.mktemp("models")
    for name, model in pipes.items():
        skmusic.save(model, folder / name)
    return {name: (folder / name).read_bytes() for name in pipes}


def there_and_back(model, folder):
    skmusic.save(model, folder / "model.skmusic")
    return skmusic.load(folder / "model.skmusic")


def equal(a, b):
    """To the bit, and of the same types throughout."""
    assert type(a) is type(b)
    if isinstance(a, np.ndarray):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        # Sums of products depend on it; joblib, too, makes C order of all else.
        assert b.flags.fnc == a.flags.fnc
        assert (
            a.tolist() == b.tolist()
            if a.dtype == object
            else (a.tobytes() == b.tobytes())
        )
    elif dataclasses.is_dataclass(a) or isinstance(a, BaseEstimator):
        equal(vars(a), vars(b))
    elif isinstance(a, dict):
        assert list(a) == list(b)
        equal(list(a.values()), list(b.values()))
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            equal(x, y)
    else:
        assert a == b or a != a


@pytest.mark.parametrize("synthesis", SYNTHESES)
def test_a_loaded_model_is_the_saved_one_to_the_bit(
    pipes, synthesis, recordings, tmp_path
):
    model, seed = pipes[synthesis], recordings[0][:9000]
    loaded = there_and_back(model, tmp_path)
    equal(model.steps, loaded.steps)
    for heard in None, seed:
        made = [m.sample(heard, 300, random_state=1) for m in (model, loaded)]
        assert made[0].tobytes() == made[1].tobytes()
    frames = model[0].transform([seed])
    assert (
        model[-1].predict(frames)[0].tobytes()
        == loaded[-1].predict(frames)[0].tobytes()
    )
    assert model[-1].score(frames) == loaded[-1].score(frames)


@pytest.mark.parametrize("synthesis", SYNTHESES)
def test_a_loaded_model_goes_on_learning_as_the_saved_one_does(
    pipes, synthesis, wavs, tmp_path
):
    loaded = there_and_back(pipes[synthesis], tmp_path)
    other = pickle.loads(pickle.dumps(pipes[synthesis]))
    for model in loaded, other:
        model[-1].set_params(warm_start=True, epochs=1)
        model.fit(wavs[:2])
        assert model[-1].n_iter_ == 3
    equal(loaded[-1].synthesis_.network, other[-1].synthesis_.network)


def test_another_process_plays_the_same_without_tensorflow(pipes, wavs, tmp_path):
    for name, pipe in pipes.items():
        skmusic.save(pipe, tmp_path / f"{name}.skmusic")
        joblib.dump(pipe, tmp_path / f"{name}.joblib")
        assert not re.search(rb"keras|tensorflow", pickle.dumps(pipe))
    code = f"""
import sys, joblib, numpy, skmusic
for name in {SYNTHESES}:
    for load, suffix in (skmusic.load, "skmusic"), (joblib.load, "joblib"):
        music = load(f"{{name}}.{{suffix}}").sample({wavs[0]!r}, 60, random_state=3)
        numpy.save(f"{{name}}.{{suffix}}.npy", music)
assert not {{"keras", "tensorflow"}} & set(sys.modules), "loads TensorFlow"
"""
    run = [sys.executable, "-c", code]
    env = os.environ | {"PYTHONPATH": str(ROOT)}  # this skmusic
    subprocess.run(run, cwd=tmp_path, env=env, check=True, timeout=300)
    for name, pipe in pipes.items():
        expected = pipe.sample(wavs[0], 60, random_state=3)
        # Single precision rounds as arrays happen to lie in memory.
        tolerance = 1e-5 * abs(expected).max()
        for suffix in "skmusic", "joblib":
            music = np.load(tmp_path / f"{name}.{suffix}.npy")
            np.testing.assert_allclose(music, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("synthesis", SYNTHESES)
def test_the_file_is_as_small_as_a_pickle(pipes, synthesis, tmp_path):
    joblib.dump(pipes[synthesis], tmp_path / "a.joblib")
    skmusic.save(pipes[synthesis], tmp_path / "a.skmusic")
    fixed = 6000  # the description; of a real model a ten-thousandth
    small, large = ((tmp_path / f"a.{s}").stat().st_size for s in ("skmusic", "joblib"))
    assert small < 1.1 * large + fixed


def test_parts_and_models_that_are_not_fitted(pipes, tmp_path):
    featurizer, generator = (step for _, step in pipes["neural"].steps)
    parts = [
        featurizer,
        generator,
        FFTFeaturizer(window=np.hanning(256), N=256, factor=0.5),
        FFTFeaturizer(window=("kaiser", 8.0)),
        StatefulLSTMGenerator(hidden_layer_sizes=(4, 2), dropout=[0.5, 0.1]),
        FFTFeaturizer(N=64).fit(np.zeros((2, 100))),
    ]
    for part in parts:
        equal(part, there_and_back(part, tmp_path))
    for kind in Pipeline, sklearn.pipeline.Pipeline:
        steps = [("a", featurizer), ("no", "passthrough"), ("b", generator)]
        loaded = there_and_back(kind(steps), tmp_path)
        assert type(loaded) is kind
        equal(steps, loaded.steps)


def test_what_belongs_to_a_machine_is_not_kept(tmp_path):
    model = Pipeline(
        [FFTFeaturizer(n_jobs=2), StatefulLSTMGenerator(callbacks=[print], verbose=1)],
        memory=str(tmp_path),
    )
    loaded = there_and_back(model, tmp_path)
    assert (loaded.memory, loaded[-1].callbacks) == (None, None)
    assert loaded[0].n_jobs == FFTFeaturizer().n_jobs
    assert loaded[-1].verbose == 1


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (StatefulLSTMGenerator(random_state=np.random.RandomState(0)), r"random_state"),
        (Pipeline([FFTFeaturizer(), FunctionTransformer(len)]), "FunctionTransformer"),
        (FFTFeaturizer(window=lambda n: n), r"model\.window"),
        (FFTFeaturizer(window=("dpss", 3)), "give it as an array"),
        (FFTFeaturizer(N=-2), "'N' parameter"),
        (len, "no model of skmusic"),
        ([FFTFeaturizer()], "no model of skmusic"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_remedy(model, why, tmp_path):
    with pytest.raises(ValueError, match=rf"{why}.* joblib"):
        skmusic.save(model, tmp_path / "a.skmusic")
    assert not list(tmp_path.iterdir())


def test_a_model_that_is_not_finite_is_not_written(pipes, tmp_path):
    broken = pickle.loads(pickle.dumps(pipes["regression"]))
    broken[-1].synthesis_.network["head"][0][0, 0] = np.nan
    with pytest.raises(ValueError, match="head holds values from nan"):
        skmusic.save(broken, tmp_path / "a.skmusic")


@pytest.mark.parametrize("scale", [0, 1e-11, 1e6])
def test_what_is_drawn_of_plain_numbers_is_kept(scale, tmp_path):
    X = [scale * np.random.default_rng(0).standard_normal((120, 3))]
    with untrained():
        model = StatefulLSTMGenerator(random_state=0).fit(X)
    loaded = there_and_back(model, tmp_path)
    music = [m.sample(X[0], 30, random_state=1) for m in (model, loaded)]
    np.testing.assert_array_equal(*music)


PARTS = {
    "no recording": lambda s: {"beats": s.beats[:0]},
    "three numbers of a beat": lambda s: {"beats": s.beats[:, [0, 1, 1]]},
    "no mean of a recording": lambda s: {"means": s.means[:0]},
    "means of fewer numbers": lambda s: {"means": s.means[:, 1:]},
    "no vocoder": lambda s: {"vocoder": None},
    "a vocoder of other channels": lambda s: {
        "vocoder": dataclasses.replace(s.vocoder, n_channels=1)
    },
    "a vocoder of other bands": lambda s: {
        "vocoder": dataclasses.replace(s.vocoder, gain=s.vocoder.gain[1:])
    },
    "a code of other steps": lambda s: {"code": dataclasses.replace(s.code, n_steps=2)},
    "a code of no whole steps": lambda s: {
        "code": dataclasses.replace(s.code, n_steps=7)
    },
    "a vocoder of huge steps": lambda s: {
        "vocoder": dataclasses.replace(s.vocoder, n_channels=64, step=2**20)
    },
    "no flow": lambda s: {"network": {**s.network, "flow": None}},
    "a flow of other inputs": lambda s: {
        "network": s.network
        | {"flow": s.network["flow"] | {"inputs": s.network["flow"]["inputs"][1:]}}
    },
    "a flow with a block less": lambda s: {
        "network": s.network
        | {"flow": s.network["flow"] | {"blocks": s.network["flow"]["blocks"][1:]}}
    },
    "no skip": lambda s: {"network": s.network | {"skip": ()}},
}


@pytest.mark.parametrize("name", PARTS)
def test_parts_of_the_neural_synthesis_fit_together(pipes, name, tmp_path):
    model = pickle.loads(pickle.dumps(pipes["neural"]))
    generator = model[-1]
    changed = PARTS[name](generator.synthesis_)
    generator.synthesis_ = dataclasses.replace(generator.synthesis_, **changed)
    with pytest.raises(ValueError, match="not written"):
        skmusic.save(model, tmp_path / "a.skmusic")


def test_every_field_that_holds_numbers_declares_them():
    for cls in saving._DATACLASSES.values():
        hints = typing.get_type_hints(cls)
        for field in dataclasses.fields(cls):
            declared = bool(field.metadata) or cls.__name__ == "FrameFormat"
            assert declared or hints[field.name] not in (np.ndarray, float, int)
    for cls in saving._ESTIMATORS.values():
        assert issubclass(cls, sklearn.pipeline.Pipeline) or cls in saving._CHECKS


class Mine(FFTFeaturizer):
    """Code of a caller."""


@pytest.mark.parametrize(
    "model", [Mine(), Pipeline([Mine()])], ids=["alone", "in a pipeline"]
)
def test_a_subclass_is_said_to_be_one(model, tmp_path):
    with pytest.raises(ValueError, match=r"Mine is a subclass of FFTFeat.* joblib"):
        skmusic.save(model, tmp_path / "a.skmusic")


def test_steps_of_different_formats_are_refused(pipes, tmp_path):
    model = pickle.loads(pickle.dumps(pipes["neural"]))
    model[0].set_params(hop_length=64)  # frames of as many numbers
    with pytest.raises(ValueError, match="frames of different formats"):
        skmusic.save(model, tmp_path / "a.skmusic")


def test_the_message_names_the_file_and_the_fault(files, tmp_path):
    header, content, body = opened(files["neural"])
    generator = content["params"]["steps"][1]["tuple"][1]
    generator["fitted"]["synthesis_"]["new"] = "os.system"
    (tmp_path / "a.skmusic").write_bytes(closed(header, content, body))
    with pytest.raises(ValueError, match=r"a\.skmusic' cannot .*'os\.system', wh"):
        skmusic.load(tmp_path / "a.skmusic")


CODE = "os.system", "subprocess.Popen", "os.exec", "pickle.find_class", "exec"
watching = []


def no_code(event, args):
    assert not (watching and event in CODE), (event, args)


sys.addaudithook(no_code)  # there is no way to take it away again


@pytest.mark.parametrize("synthesis", SYNTHESES)
@pytest.mark.parametrize("make", [damaged, forged])
def test_hostile_files_are_refused_or_work(files, synthesis, make, tmp_path):
    # The long run is benchmarks/fuzz_models.py.
    path = tmp_path / "a.skmusic"
    repr(FFTFeaturizer())  # scikit-learn imports what prints only when it prints
    heard = np.random.default_rng(0).standard_normal((80, 516)).astype(np.float32)
    refused = 0
    for i in range(120):
        kind, raw = make(files[synthesis], np.random.default_rng([7, i]))
        path.write_bytes(raw)
        watching.append(i)
        try:
            model = skmusic.load(path)
        except ValueError:
            refused += 1
            continue
        finally:
            watching.clear()
        assert make is forged, (i, kind)
        generator = model.steps[-1][1]
        if hasattr(generator, "synthesis_"):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of numbers near the largest
                made = generator.sample(heard[:, : generator.n_dims_], 20)
            assert np.isfinite(made).all(), (i, kind)
    assert refused > 70
