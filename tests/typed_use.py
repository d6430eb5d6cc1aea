"""A program that uses the public names; mypy checks it strictly, nobody runs it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

from skmusic import (
    FFTFeaturizer,
    Pipeline,
    StatefulLSTMGenerator,
    load,
    make_pipeline,
    save,
)
from skmusic.audio import Music, find, info, read, resample, to_channels, write
from skmusic.datasets import make_songs
from skmusic.display import (
    Player,
    SpectrogramDisplay,
    SpectrumDisplay,
    TrainingDisplay,
    WaveformDisplay,
)
from skmusic.metrics import copying, describe, evaluate
from skmusic.report import Piece, report
from skmusic.spectra import analysis_window, istft, stft

Array = NDArray[Any]


def learn(folder: Path) -> Pipeline:
    paths = assert_type(find(folder), list[Path])
    featurizer = FFTFeaturizer(2048, window=("kaiser", 5.0), sr=22050)
    generator = StatefulLSTMGenerator(
        "neural",
        hidden_layer_sizes=(64, 64),
        dropout=0.5,
        checkpoint_dir=folder / "states",
        callbacks=[lambda record: print(record["loss"])],
        random_state=np.random.RandomState(0),
    )
    frames = featurizer.fit(paths).transform(paths)
    assert_type(generator.fit(frames), StatefulLSTMGenerator)
    assert_type(generator.partial_fit(frames).score(frames), float)
    generator.sample(generator.sample(frames[0], 5, return_state=True)[1], 5)
    assert_type(featurizer.count_frames(44100), int)
    assert_type(featurizer.inverse_stream(iter(frames)), Iterator[Array])
    make_pipeline(featurizer, generator).fit([np.zeros((100, 2))])
    return Pipeline([featurizer, ("generator", generator)])


def play(pipe: Pipeline, folder: Path) -> None:
    music = pipe.sample("seed.wav", seconds=30, temperature=0.8, random_state=1)
    pipe.sample([None, folder / "a.wav"], 100, style=np.zeros(9))
    for block in pipe.stream(None, seconds=30):
        assert_type(block, Array)
    write(folder / "a.wav", music)
    write(folder / "a.wav", np.zeros(9), sr=44100)
    assert_type(Music(np.zeros(9), 44100).sr, float | None)
    x, sr = assert_type(read(b"RIFF", sr=8000), tuple[Array, int])
    assert_type(to_channels(resample(x, sr, 44100), 1), Array)
    assert_type(info("a.wav"), dict[str, Any])
    save(pipe, folder / "a.skmusic")
    load("a.skmusic").sample()
    make_songs(2, tempo=(80, 90), key="A minor", random_state=0)


def see(pipe: Pipeline, music: Array) -> None:
    assert_type(WaveformDisplay.from_recording("a.wav").plot(), WaveformDisplay)
    SpectrogramDisplay.from_recording(music, sr=8000)
    SpectrumDisplay.from_recording([0.0, 0.1], N=2)
    TrainingDisplay.from_estimator(pipe)
    report(pipe, [Piece("a", music)], seed="a.wav", names=["a"])
    report(pipe, seconds=30, n=3).save("a.html")
    Player(music, 44100, name="a", encoding="mp3")


def judge(reference: list[Array], pieces: list[Array]) -> None:
    assert_type(evaluate(reference, pieces, reference), dict[str, Any])
    assert_type(copying(reference, pieces), dict[str, float])
    describe(reference[0])
    w = analysis_window("hann", 256)
    assert_type(istft(stft(reference[0], w, 128), w, 128, 2), Array)
