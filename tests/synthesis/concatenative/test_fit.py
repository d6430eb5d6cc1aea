"""What is learned beside the network, which is one of chance here."""

from dataclasses import fields

import numpy as np
import pytest
from handmade import FORMATS, MONO, network_of, notes

from skmusic.network.training import Trained
from skmusic.persistence.checks import check_declared
from skmusic.spectra.reframing import step_of
from skmusic.spectra.stft import stft
from skmusic.synthesis.concatenative.synthesis import Concatenative
from skmusic.synthesis.concatenative.tokens import SynthesisSettings


@pytest.fixture
def fit(monkeypatch):
    """`Concatenative.fit` of waveforms, without training."""

    def untrained(pairs, n_outputs, *args, **more):
        return Trained(network_of(pairs[0][0].shape[1], n_outputs), [], {})

    monkeypatch.setattr("skmusic.synthesis.concatenative.tokens.train", untrained)

    def fitted(waveforms, format=MONO, old=None, n_before=0, **settings):
        frames = [
            x if format is None else stft(x, *format.stft_args()) for x in waveforms
        ]
        synthesis, _ = Concatenative.fit(
            frames,
            format,
            SynthesisSettings(**settings),
            None,
            np.random.RandomState(0),
            old,
            n_before=n_before,
        )
        return synthesis

    return fitted


def assert_played_from(database, waveforms, size):
    """What each unit plays is where it is said to be from."""
    for unit in range(0, len(database), 7):
        here = database.waveform[unit * size : (unit + 1) * size] * database.scale
        at = database.position[unit] * size
        there = waveforms[database.recording[unit]][at : at + size]
        np.testing.assert_allclose(here, there, atol=2 * database.scale + 1e-5)


@pytest.mark.parametrize("format", FORMATS)
def test_units_are_from_where_they_are_said_to_be(fit, format):
    format = FORMATS[format]
    waveforms = [notes(150, format, seed) for seed in range(3)]
    waveforms[1][: 40 * step_of(format)] = 0
    database = fit(waveforms, format).database
    check_declared(database)
    assert len(database) == 3 * 150 - 40
    assert_played_from(database, waveforms, step_of(format))


def bytes_of(database):
    values = (getattr(database, field.name) for field in fields(database))
    return sum(x.nbytes for x in values if isinstance(x, np.ndarray))


@pytest.mark.parametrize("format", FORMATS)
def test_a_database_is_no_larger_than_is_asked(fit, format):
    format, size = FORMATS[format], 2_000_000
    waveforms = [notes(1800, format, seed) for seed in range(2)]
    database = fit(waveforms, format, database_size=size).database
    assert bytes_of(database) <= size
    assert_played_from(database, waveforms, step_of(format))


def test_there_is_a_unit_at_least(fit):
    assert len(fit([notes(900)], database_size=1).database) == 1


@pytest.mark.parametrize("size", [10**8, 1_500_000])
@pytest.mark.parametrize("format", ["mono", "numbers"])
def test_what_was_learned_goes_on_being_played(fit, format, size):
    format = FORMATS[format]
    waveforms = [notes(n, format, n) for n in (950, 100, 300, 200)]
    waveforms[0][: 20 * step_of(format)] = 0
    first = fit(waveforms[:2], format, database_size=size)
    second = fit(waveforms[2:3], format, first, 2, database_size=size)
    third = fit(waveforms[3:], format, second, 3, database_size=size)
    for synthesis, n in ((first, 2), (second, 3), (third, 4)):
        check_declared(synthesis.database)
        assert bytes_of(synthesis.database) <= size
        assert_played_from(synthesis.database, waveforms, step_of(format))
        if size == 10**8:
            assert set(synthesis.database.recording) == {*range(n)}
    # The first units stay as they are, but for what is measured over all of them.
    if size == 10**8:
        n = len(first.database)
        for name in ("features", "tokens", "position", "recording", "ends"):
            old, new = (getattr(x.database, name) for x in (first, third))
            np.testing.assert_array_equal(new[:n], old)


def test_new_music_alone_is_played_where_that_is_asked(fit):
    first = fit([notes(100)])
    second = fit([notes(120, seed=1)], old=first)
    assert len(second.database) == 120
    assert not second.database.recording.any()
    assert second.tokenizer.centroids is first.tokenizer.centroids


@pytest.mark.parametrize("length", [0.001, 0.25, 100.0])
def test_bounds_of_segments_are_in_seconds(fit, length):
    database = fit([notes(100)], min_segment=length, max_segment=2 * length).database
    seconds = MONO.step / MONO.sr
    assert 1 <= database.shortest <= database.longest
    if length > seconds:
        assert database.shortest * seconds == pytest.approx(length, abs=seconds)
        assert database.longest * seconds == pytest.approx(2 * length, abs=seconds)
