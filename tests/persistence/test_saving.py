import dataclasses
import hashlib
import os
import pickle
import subprocess
import sys
import typing
import warnings

import joblib
import numpy as np
import pytest
import sklearn.pipeline
from hostile_models import closed, damaged, forged, opened
from sklearn.base import BaseEstimator
from sklearn.preprocessing import FunctionTransformer

import skmusic
from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator
from skmusic.persistence import saving

SYNTHESES = ["neural", "regression"]


@pytest.fixture(scope="module")
def models(songs):
    """A fitted pipeline of each synthesis."""
    return {
        name: Pipeline(
            [
                FFTFeaturizer(N=256, sr=11025),
                StatefulLSTMGenerator(
                    name, epochs=1, hidden_layer_sizes=(8, 4), random_state=0
                ),
            ]
        ).fit([x[:40_000] for x in songs.recordings[:2]])
        for name in SYNTHESES
    }


@pytest.fixture(scope="module")
def files(models, tmp_path_factory):
    """The bytes of their files."""
    folder = tmp_path_factory.mktemp("models")
    for name, model in models.items():
        skmusic.save(model, folder / name)
    return {name: (folder / name).read_bytes() for name in models}


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
def test_a_loaded_model_is_the_saved_one_to_the_bit(models, synthesis, songs, tmp_path):
    model, seed = models[synthesis], songs.recordings[0][:9000]
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
def test_the_file_is_as_small_as_a_pickle(models, synthesis, tmp_path):
    joblib.dump(models[synthesis], tmp_path / "a.joblib")
    skmusic.save(models[synthesis], tmp_path / "a.skmusic")
    fixed = 6000  # the description; of a real model a ten-thousandth
    small, large = ((tmp_path / f"a.{s}").stat().st_size for s in ("skmusic", "joblib"))
    assert small < 1.1 * large + fixed


def test_parts_and_models_that_are_not_fitted(models, tmp_path):
    featurizer, generator = (step for _, step in models["neural"].steps)
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


@pytest.mark.parametrize("synthesis", SYNTHESES)
def test_a_loaded_model_goes_on_learning_as_the_saved_one_does(
    models, synthesis, songs, tmp_path
):
    both = [
        there_and_back(models[synthesis], tmp_path),
        pickle.loads(pickle.dumps(models[synthesis])),
    ]
    for model in both:
        model[-1].set_params(warm_start=True)
        model.fit([x[:40_000] for x in songs.recordings[:2]])
        assert model[-1].n_iter_ == 2
    equal(*(model[-1].synthesis_.network for model in both))


@pytest.mark.parametrize("synthesis", SYNTHESES)
def test_another_process_loads_it_without_tensorflow(models, synthesis, tmp_path):
    skmusic.save(models[synthesis], tmp_path / "a.skmusic")
    code = (
        "import skmusic, sys, hashlib\n"
        f"music = skmusic.load({str(tmp_path / 'a.skmusic')!r}).sample(None, 100)\n"
        "print(hashlib.sha256(music.tobytes()).hexdigest(), 'keras' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    music = models[synthesis].sample(None, 100)
    assert done.stdout.split() == [hashlib.sha256(music.tobytes()).hexdigest(), "False"]


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


def test_a_model_that_is_not_finite_is_not_written(models, tmp_path):
    broken = pickle.loads(pickle.dumps(models["regression"]))
    broken[-1].synthesis_.network["head"][0][0, 0] = np.nan
    with pytest.raises(ValueError, match="head holds values from nan"):
        skmusic.save(broken, tmp_path / "a.skmusic")


@pytest.mark.parametrize("scale", [0, 1e-11, 1, 1e6])
def test_what_is_drawn_of_plain_numbers_is_kept(scale, tmp_path):
    X = [scale * np.random.default_rng(0).standard_normal((120, 3))]
    model = StatefulLSTMGenerator("neural", epochs=1, hidden_layer_sizes=(4,))
    loaded = there_and_back(model.set_params(random_state=0).fit(X), tmp_path)
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
def test_parts_of_the_neural_synthesis_fit_together(models, name, tmp_path):
    model = pickle.loads(pickle.dumps(models["neural"]))
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


def test_steps_of_different_formats_are_refused(models, tmp_path):
    model = pickle.loads(pickle.dumps(models["neural"]))
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
def test_hostile_files_are_refused_or_work(files, synthesis, make, songs, tmp_path):
    # The long run is benchmarks/fuzz_models.py.
    path = tmp_path / "a.skmusic"
    repr(FFTFeaturizer())  # scikit-learn imports what prints only when it prints
    heard = np.random.default_rng(0).standard_normal((80, 516)).astype(np.float32)
    refused = 0
    for i in range(250):
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
    assert refused > 150


def test_nothing_is_left_of_a_save_that_failed(tmp_path, monkeypatch):
    def fail(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        skmusic.save(FFTFeaturizer(), tmp_path / "a.skmusic")
    assert not list(tmp_path.iterdir())
