"""The neural synthesis: an LSTM draws what comes next, and a vocoder makes it sound.

No frame of a recording is kept or played. Of plain numbers, which no vocoder can sound,
what is drawn is played.
"""

import warnings
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import RandomState

from skmusic.features.activity import N_ACTIVITY, quantiles_of
from skmusic.features.beats import track_beats
from skmusic.features.matches import find_matches
from skmusic.features.patches import PatchCode, fit_patches
from skmusic.features.style import style_of, styles
from skmusic.network import numpy_flow
from skmusic.network.numpy_lstm import forward, is_state_of, zero_state
from skmusic.network.training import train
from skmusic.spectra.frames import FrameFormat
from skmusic.spectra.reframing import (
    cut_frames,
    hop_of,
    samples_for,
    step_of,
    step_seconds,
    steps_known,
    waveform,
)
from skmusic.synthesis.corpus import read_corpus, read_steps
from skmusic.synthesis.neural import forecasts, vocoder
from skmusic.synthesis.neural.asking import (
    ask,
    conditions_heard,
    in_key,
    in_tempo,
    octaves_off,
)
from skmusic.synthesis.neural.calibration import calibrated
from skmusic.synthesis.neural.conditions import (
    NOTHING,
    Conditions,
    moment_after,
    placed,
    places,
    with_asked,
)
from skmusic.synthesis.neural.context import (
    Context,
    begin,
    forgetful,
    inputs_of,
    levels_of,
)
from skmusic.synthesis.neural.drawing import draw
from skmusic.synthesis.neural.variation import variation
from skmusic.synthesis.neural.vocoder import Vocoder, fit_vocoder
from skmusic.utils.fields import array

# Steps of a patch, and numbers of its code.
PATCH, N_CODES = 4, 128
# Steps of the recordings that the vocoder learns from, at most.
_MOST = 20_000
# Share of the average of its weights that an update leaves as it was.
_AVERAGE = 0.995
# Octaves by which a tempo may be off and still be the same.
_SAME = 0.02


@dataclass(frozen=True)
class NeuralState:
    """Where a piece is: all that the next frame depends on.

    Parameters
    ----------
    lstm : list of (h, c)
        State of the network after all patches.
    context : Context
        What was heard.
    vocoder : VocoderState or None
        What it sounds like; None of plain numbers.
    rng : numpy.random.RandomState
        Source of chance.
    pending : ndarray of shape (n_samples, n_channels)
        Waveform that is made but not yet given out.
    """

    lstm: list
    context: Context
    vocoder: object
    rng: np.random.RandomState
    pending: np.ndarray


@dataclass(frozen=True)
class Neural:
    """What the neural synthesis learned.

    Parameters
    ----------
    format : FrameFormat or None
        Of the frames; None of plain numbers.
    vocoder : Vocoder or None
        From waveforms to parameters of steps and back; None of plain numbers.
    code : PatchCode
        From parameters of steps to what the network draws.
    network : dict
        Weights, see `skmusic.network.numpy_lstm` and `skmusic.network.numpy_flow`.
    beats : ndarray of shape (n_recordings, 2)
        Beats a step of each recording, and how clear they are, from 0 to 1.
    means : ndarray of shape (n_recordings, n_numbers)
        Of the steps of each recording, which tell its style.
    quantiles : ndarray of shape (n_quantiles, 3)
        Of the activity of the first fit's recordings, see `skmusic.features.activity`.
    noise_size : ndarray of shape (n_codes,)
        Of the noise of each number of a code at temperature 1, see
        `skmusic.synthesis.neural.calibration`.
    noise_persistence : ndarray of shape (n_codes,)
        Share of that noise that goes on from patch to patch; below 0 it turns round.
    """

    format: FrameFormat | None
    vocoder: Vocoder | None
    code: PatchCode
    network: dict
    beats: np.ndarray = array("n_recordings", 2, low=0, high=1)
    means: np.ndarray = array("n_recordings", "n_numbers")
    quantiles: np.ndarray = array("n_quantiles", N_ACTIVITY)
    noise_size: np.ndarray = array("n_codes", low=0, high=10)
    noise_persistence: np.ndarray = array("n_codes", low=-1, high=1)

    State = NeuralState

    def laws(self):
        """What must hold beyond the declared shapes and ranges: (law, message)."""
        yield len(self.beats) > 0, "no recording was learned."
        known = self.means.shape[1] == self.code.n_numbers
        yield known, "means are not of as many numbers as steps have."
        each = len(self.noise_size) == self.code.n_codes
        yield each, "noise is not of as many numbers as a code has."

    @classmethod
    def fit(
        cls,
        recordings,
        format,
        training,
        rng,
        old=None,
        past=None,
        n_before=0,
    ):
        """Learn from recordings.

        Parameters
        ----------
        recordings : list of ndarray of shape (n_frames, n_dims), or `StreamedFrames`
            Frames of each recording.
        format : FrameFormat or None
            Of the frames; None of plain numbers.
        training, rng, past
            As `skmusic.network.training.train` has them.
        old : Neural or None
            What was learned before, whose vocoder and code stay.
        n_before : int, default=0
            Recordings that were learned before and go on being known.

        Returns
        -------
        Neural, Trained
        """
        corpus = read_corpus(recordings, format, 0 if format is None else _MOST)
        sound = old.vocoder if old else None
        if format is None:
            spans = zip(recordings, corpus.leads, corpus.lengths, strict=True)
            found = [x[lead : lead + n] for x, lead, n in spans]
        else:
            if sound is None:
                sound = fit_vocoder(corpus.waveforms, format.step)
                if not sound.loudest:
                    warnings.warn("all recordings are silent, and so pieces will be.")
            found = read_steps(recordings, format, corpus, sound.analyse)
        found = [np.asarray(x, np.float32) for x in found]
        del corpus  # training needs the memory
        if old is None:
            most = 1 if format is None else PATCH
            n_steps = min(most, max(map(len, found)))
            code = fit_patches(found, n_steps, N_CODES, rng)
        else:
            code = old.code
        found = [x for x in found if len(x) >= code.n_steps]
        if not found:
            raise ValueError(
                f"no recording has {code.n_steps} steps of {step_of(format)} samples, "
                "which are drawn at once; pass longer recordings."
            )
        matches = [find_matches(levels_of(x, sound))[0] for x in found]
        told, quantiles = [NOTHING] * len(found), np.zeros((1, N_ACTIVITY))
        if sound is not None:
            told = [conditions_heard(x, sound, code, rng) for x in found]
            quantiles = quantiles_of([each.activity for each in told])
        if old is not None:
            quantiles = old.quantiles
        told = [placed(each, quantiles) for each in told]
        if sound is not None:
            told = [each._replace(place=places(len(each.beat))) for each in told]
        version = variation(found, matches, told, code, sound)
        beats = np.array([[each.tempo, each.strength] for each in told])
        means = np.array([x.mean(axis=0, dtype=float) for x in found], np.float32)
        if n_before:
            beats = np.concatenate([old.beats, beats])
            means = np.concatenate([old.means, means])

        plain = np.ones(code.n_codes, np.float32), np.zeros(code.n_codes, np.float32)

        def playing(network):
            return cls(format, sound, code, network, beats, means, quantiles, *plain)

        trained = train(
            version(),
            code.n_codes,
            "flow",
            training,
            rng,
            past,
            playing=playing,
            step_seconds=0.0 if format is None else code.n_steps * step_seconds(format),
            sampled=True,
            average=_AVERAGE,
            version=version,
        )
        made = playing(trained.network)
        return calibrated(made, found, told, training.verbose), trained

    def predict(self, frames):
        """Forecast after each frame: the mean of what might be drawn.

        Of a spectrum the phases are those of the frame before, carried on.
        """
        steps = self._steps(waveform(frames, self.format))
        known, _ = steps_known(len(frames), len(steps), self.format)
        expected = forecasts.mean(self, steps)[known]
        if self.vocoder is None:
            return expected
        return forecasts.carried_on(frames, expected, self.format, self.vocoder)

    def log_likelihood(self, frames):
        """Of each step, in nats for each number of its spectrum ``(n_steps,)``."""
        x = waveform(frames, self.format)
        return forecasts.log_likelihood(self, x, self._steps(x))

    def _steps(self, x):
        """Parameters of the steps of a waveform ``(n_steps, n_numbers)``."""
        if self.vocoder is None:
            return np.asarray(x, np.float32)
        return self.vocoder.analyse(x)

    def prime(self, frames, asked=None):
        """Steps ``(n_steps, n_parameters)`` of the whole patches of frames.

        The last of them end where the frames do. Beside them stand their conditions,
        and `asked`.
        """
        x = waveform(frames, self.format)
        size = step_of(self.format) * self.code.n_steps
        steps, told = self._steps(x[len(x) % size :]), NOTHING
        steps = in_key(self, steps, asked and asked.key)
        if self.vocoder is not None:
            if asked is not None and asked.tempo is not None:
                beat, strength = track_beats(self.vocoder.levels(steps))
                heard = Conditions(beat, strength, None)
                steps = in_tempo(steps, heard, asked.tempo)
                steps = steps[len(steps) % self.code.n_steps :]
            told = conditions_heard(steps, self.vocoder, self.code, RandomState(0))
            codes = self.code.encode(steps)
            told = told._replace(style=styles(codes, self.code.n_steps))
        return steps, placed(told, self.quantiles), asked

    def start(self, primed, temperature, rng):
        """State of a piece after what was heard."""
        steps, told, asked = primed
        moment = moment_after(told)
        if asked is not None and asked.place is not None and not asked.place[0]:
            # It begins now, in the style of what was heard.
            steps, told = steps[:0], told.at(slice(len(steps), None))
        if not moment.strength:
            # What a seed is too short to tell is that of a recording.
            chosen = rng.randint(len(self.beats)) if temperature else 0
            tempo, strength = map(float, self.beats[chosen])
            moment = moment._replace(tempo=tempo, strength=strength)
            if moment.style is None and self.vocoder is not None:
                usual = in_key(self, self.means[chosen, None], asked and asked.key)
                moment = moment._replace(style=style_of(self.code, usual))
        lstm = zero_state(self.network)
        levels = levels_of(steps, self.vocoder)
        context, matches = begin(steps, levels, moment, self.code)
        if len(steps):
            known, _ = inputs_of(steps, matches, told, self.code)
            lstm = forward(self.network, known, lstm)[1][-1]
        nothing = np.empty((0, self._width), np.float32)
        state = NeuralState(lstm, context, self._sound(steps), rng, nothing)
        return state if asked is None else self.change(state, asked)

    @property
    def _width(self):
        """Channels of a waveform, or plain numbers of a frame."""
        return self.format.n_channels if self.format else self.code.n_numbers

    def takes(self, state):
        """Whether a state is of a model of this size."""
        context, code = state.context, self.code
        sizes = len(context.code), context.past.shape[1], state.pending.shape[1]
        alike = sizes == (code.n_codes, code.n_numbers, self._width)
        return alike and is_state_of(self.network, state.lstm)

    def change(self, state, asked):
        """State that goes on with what is `asked` for."""
        context, before = state.context, state.context.moment.tempo
        if asked.place is not None:
            # What is made already is of the piece.
            made = len(state.pending) // step_of(self.format)
            asked = asked._replace(place=asked.place - (0, made))
        moment = with_asked(context.moment, asked, float(self.beats[:, 1].max()))
        now = moment.tempo
        if before and not (now and abs(octaves_off(now, before)) < _SAME):
            # What was heard is of another tempo.
            context = forgetful(context)
        return replace(state, context=replace(context, moment=moment))

    def asked(self, controls, n_frames):
        """`Asked` of a piece of so many frames, by controls with frames for recordings.

        None where nothing is asked for.
        """
        return ask(self, controls, n_frames) if controls.given else None

    def _sound(self, steps):
        """State of the vocoder after some steps."""
        if self.vocoder is None:
            return None
        last = steps[-vocoder.WARM_UP - 1 :]
        # Before a piece that nothing was heard of there is silence.
        lacking = vocoder.WARM_UP + 1 - len(last)
        first = last[:1] if len(last) else self.vocoder.silent()
        last = np.concatenate([np.repeat(first, lacking, axis=0), last])
        state = vocoder.silence(self.vocoder, last[0])
        return vocoder.push(state, last[1:], self.vocoder)

    def advance(self, states, n_frames, temperature, progress):
        """Frames ``(n_frames, n_dims)`` of each piece, and the states after them.

        The states stay as they are, their sources of chance too. `progress` is told how
        many frames were made.
        """
        times = numpy_flow.schedule(self.network["flow"])
        frames, after = [], []
        for state in states:
            wanted = samples_for(n_frames, self.format)
            x, state = self._waveform(state, wanted, temperature, times)
            frames.append(cut_frames(x, n_frames, self.format))
            # The next frame overlaps with this one: what it needs is kept.
            left = x[n_frames * hop_of(self.format) :].copy()
            after.append(replace(state, pending=left))
            progress(n_frames)
        return frames, after

    def _waveform(self, state, n_samples, temperature, times):
        """So many samples or more, and the state that has made them."""
        rng, sound = deepcopy(state.rng), state.vocoder
        made = len(state.pending) - (sound.lead if sound else 0)
        n_steps = -(-max(n_samples - made, 0) // step_of(self.format))
        x, lstm, context = draw(
            self, state.lstm, state.context, n_steps, temperature, times, rng
        )
        # All at once, in blocks of the vocoder's own.
        if sound is not None:
            sound = vocoder.push(sound, x, self.vocoder)
            x, sound = sound.samples, replace(sound, samples=state.vocoder.samples)
        return np.concatenate([state.pending, x]), NeuralState(
            lstm, context, sound, rng, state.pending
        )
