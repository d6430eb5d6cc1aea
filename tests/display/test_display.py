import sys

import numpy as np
import pytest

from skmusic import Pipeline, StatefulLSTMGenerator, audio
from skmusic.display import (
    SpectrogramDisplay,
    SpectrumDisplay,
    TrainingDisplay,
    WaveformDisplay,
)

plt = pytest.importorskip("matplotlib.pyplot")

SR = 8000


def tone(hertz, seconds=1.0):
    return np.sin(2 * np.pi * hertz * np.arange(round(seconds * SR)) / SR)


def recording_displays():
    return [WaveformDisplay, SpectrogramDisplay, SpectrumDisplay]


@pytest.mark.parametrize("display", recording_displays())
def test_displays_draw_where_they_are_told(display):
    figure, ax = plt.subplots()
    shown = display.from_recording(tone(440), sr=SR, ax=ax)
    assert shown.ax_ is ax
    assert shown.figure_ is figure
    assert isinstance(shown, display)
    again = shown.plot()
    assert again is shown
    assert shown.ax_ is not ax


@pytest.mark.parametrize("display", recording_displays())
def test_a_path_is_its_waveform(display, tmp_path):
    x = np.stack([tone(440), 0.5 * tone(200)], axis=1)
    audio.write(tmp_path / "a.wav", x, SR)
    x = audio.read(tmp_path / "a.wav")[0]
    a = display.from_recording(tmp_path / "a.wav")
    b = display.from_recording(x, sr=SR)
    for name, value in vars(a).items():
        if isinstance(value, np.ndarray):
            np.testing.assert_allclose(value, getattr(b, name), atol=1e-5)


@pytest.mark.parametrize("display", recording_displays())
@pytest.mark.parametrize("x", [np.empty((0, 2)), np.zeros((2, 3, 4))])
def test_what_is_no_recording_is_refused(display, x):
    with pytest.raises(ValueError, match="cannot be shown"):
        display.from_recording(x)


def test_a_short_span_shows_each_sample():
    x = np.stack([tone(440), tone(200)], axis=1)
    shown = WaveformDisplay.from_recording(x, sr=SR, start=0.25, seconds=0.1)
    for line, channel in zip(shown.ax_.lines, x.T, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), channel[2000:2800])
        np.testing.assert_allclose(line.get_xdata(), np.arange(2000, 2800) / SR)


def test_a_long_span_shows_the_extremes():
    x = 0.1 * tone(440, 30.0)
    x[12345] = 0.9
    shown = WaveformDisplay.from_recording(x, sr=SR)
    drawn = shown.ax_.collections[0].get_paths()[0].vertices
    assert drawn[:, 1].max() == pytest.approx(0.9)
    assert drawn[drawn[:, 1].argmax(), 0] == pytest.approx(12345 / SR, abs=0.05)
    assert drawn[:, 1].min() == pytest.approx(-0.1, abs=1e-3)


def test_nothing_left_to_show_is_refused():
    with pytest.raises(ValueError, match=r"leave nothing of a recording of 1\.00 s"):
        WaveformDisplay.from_recording(tone(440), sr=SR, start=2)


@pytest.mark.parametrize("hertz", [100, 440, 3000])
def test_a_tone_lies_at_its_frequency_and_time(hertz):
    x = tone(hertz, 4.0)
    x[: len(x) // 2] *= 1e-3
    shown = SpectrogramDisplay.from_recording(x, sr=SR, N=1024)
    late, early = shown.decibels[-20:-5].mean(axis=0), shown.decibels[5:20].mean(axis=0)
    assert shown.frequencies[late.argmax()] == pytest.approx(hertz, rel=0.1)
    assert late.max() > -1
    assert early.max() == pytest.approx(-60, abs=1)
    assert shown.decibels.min() == pytest.approx(-80)


@pytest.mark.parametrize("x", [np.zeros(SR), np.ones(10), tone(50)])
def test_spectrograms_of_what_is_hardly_music(x):
    assert np.isfinite(SpectrogramDisplay.from_recording(x, sr=SR).decibels).all()


def test_spectra_are_real_parts_of_neighbouring_frames():
    x = np.random.default_rng(0).standard_normal(SR)
    shown = SpectrumDisplay.from_recording(x, sr=SR, N=64, n_sets=2, n_frames=3)
    expected = np.fft.rfft(x[: 3 * 64].reshape(3, 64)).real * 2 / 64
    np.testing.assert_allclose(shown.real[0], expected, atol=1e-12)
    expected = np.fft.rfft(x[-3 * 64 :].reshape(3, 64)).real * 2 / 64
    np.testing.assert_allclose(shown.real[1], expected, atol=1e-12)


def test_a_buzz_draws_one_spectrum():
    buzz = np.tile(np.random.default_rng(0).standard_normal(256), 100)
    # Sets that start a whole number of periods apart.
    shown = SpectrumDisplay.from_recording(buzz[: 256 * 95], n_sets=10)
    assert np.ptp(shown.real, axis=(0, 1)).max() < 1e-12


def test_too_short_for_the_spectra():
    with pytest.raises(ValueError, match="shorter than 5 frames of 256"):
        SpectrumDisplay.from_recording(tone(440)[:1000])


def test_training_is_the_history():
    generator = StatefulLSTMGenerator()
    history = [{"loss": 4.0}, {"loss": 2.0}, {"loss": 3.0}]
    generator.history_ = history
    shown = TrainingDisplay.from_estimator(Pipeline([generator]))
    assert shown.ax_.lines[0].get_ydata().tolist() == [h["loss"] for h in history]
    assert shown.ax_.lines[0].get_xdata().tolist() == [1, 2, 3]
    alone = TrainingDisplay.from_estimator(generator)
    assert alone.history == shown.history


def test_training_shows_what_was_held_out_where_something_was():
    history = [{"loss": 3.0, "val_loss": 3.5}, {"loss": 2.0, "val_loss": 3.0}]
    shown = TrainingDisplay(history).plot()
    assert [line.get_ydata().tolist() for line in shown.ax_.lines] == [
        [3.0, 2.0],
        [3.5, 3.0],
    ]


def test_without_matplotlib_the_remedy_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        WaveformDisplay.from_recording(tone(440))
