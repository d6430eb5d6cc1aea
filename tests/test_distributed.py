"""More than one machine: the work of joblib spread over a cluster of processes."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from strategies import learn

from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator, audio
from skmusic.synthesis.corpus import read_corpus

distributed = pytest.importorskip("distributed")
# Of dask itself, of its event loop and of sockets that it closes later.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
SR, MOST = 11025, 2000


@pytest.fixture(scope="module")
def cluster():
    """Two processes on this machine."""
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
        ) as cluster,
        distributed.Client(cluster),
    ):
        yield cluster


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """Twelve recordings of 40 s."""
    folder, rng = tmp_path_factory.mktemp("paths"), np.random.default_rng(0)
    for k in range(12):
        x = rng.uniform(-0.5, 0.5, (40 * SR, 2)).astype(np.float32)
        audio.write(folder / f"{k:02d}.wav", x, SR)
    return sorted(str(path) for path in folder.iterdir())


@pytest.fixture(scope="module")
def featurizer(paths):
    return FFTFeaturizer(N=512, sr=SR).fit(paths)


def read(featurizer, paths):
    return read_corpus(featurizer.stream(paths), featurizer.format_, MOST)


def assert_same(a, b):
    assert (a.leads, a.lengths) == (b.leads, b.lengths)
    for x, y in zip(a.waveforms, b.waveforms, strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("backend", ["loky", "dask"])
def test_files_are_spread_and_read_as_by_one(featurizer, paths, backend, cluster):
    frames = featurizer.transform(paths[:4])
    corpus = read(featurizer, paths)
    with joblib.parallel_config(backend=backend, n_jobs=2):
        for x, y in zip(featurizer.transform(paths[:4]), frames, strict=True):
            np.testing.assert_array_equal(x, y)
        assert_same(read(featurizer, paths), corpus)


def test_a_worker_may_die(featurizer, paths, cluster):
    corpus = read(featurizer, paths)
    killed = []

    def kill():
        """Kill the first worker that has work to do."""
        while not killed:
            for worker in list(cluster.scheduler.workers.values()):
                if worker.processing and worker.pid:
                    os.kill(worker.pid, signal.SIGKILL)
                    killed.append(worker.pid)
                    return
            time.sleep(0.002)

    with joblib.parallel_config(backend="dask"):
        thread = threading.Thread(target=kill, daemon=True)
        thread.start()
        found = read(featurizer, paths)
        thread.join(10)
    assert killed
    assert_same(found, corpus)


def test_a_grid_is_searched(paths, cluster):
    generator = StatefulLSTMGenerator(epochs=1, random_state=0)
    pipe = Pipeline([FFTFeaturizer(N=512, sr=SR), generator])
    grid = {"statefullstmgenerator__hidden_layer_sizes": [(4,), (8,)]}
    search = GridSearchCV(pipe, grid, cv=[([1], [0])], refit=False)
    with joblib.parallel_config(backend="dask"):
        search.fit(paths[:2])
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    pipe.set_params(statefullstmgenerator__hidden_layer_sizes=(4,)).fit(paths[1:2])
    # Workers may have other threads, and sums another order.
    found = search.cv_results_["split0_test_score"][0]
    assert pipe.score(paths[:1]) == pytest.approx(found, rel=1e-12)


def start(*arguments):
    """A process that trains."""
    script = Path(__file__).with_name("strategies.py")
    return subprocess.Popen(
        [sys.executable, str(script), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(script.parents[1])},
    )


def losses_of(records):
    return [[r["loss"], r["val_loss"]] for r in records]


def losses(process):
    out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return losses_of(json.loads(out.splitlines()[-1]))


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def test_devices_that_train_together_have_the_losses_of_one():
    """Of one process on two devices, and of two processes."""
    ports = free_port(), free_port()
    processes = [start(0, *ports), start(1, *ports), start("mirrored")]
    shared, one = [losses(process) for process in processes], losses_of(learn())
    assert one[0][0] > one[-1][0] > 0
    for each in shared:
        np.testing.assert_allclose(each, one, rtol=0, atol=1e-4)
