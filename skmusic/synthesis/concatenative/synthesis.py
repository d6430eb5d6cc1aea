"""The concatenative synthesis: plays units of the recordings, chosen by the network."""

from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np

from skmusic.features.tokenizer import Tokenizer
from skmusic.spectra.frames import FrameFormat
from skmusic.spectra.reframing import (
    cut_frames,
    frames_in,
    hop_of,
    samples_for,
    step_of,
    step_seconds,
    steps_known,
    waveform,
)
from skmusic.synthesis.concatenative import tokens
from skmusic.synthesis.concatenative.database import (
    BYTES_BESIDE,
    UnitDatabase,
    build_database,
)
from skmusic.synthesis.concatenative.equalizer import equalized
from skmusic.synthesis.concatenative.rendering import silence
from skmusic.synthesis.concatenative.sampler import (
    advance,
    ask,
    prime,
    start,
    start_scores,
    style_of,
)
from skmusic.synthesis.concatenative.selection import SamplerState
from skmusic.synthesis.concatenative.target import forms, traits_of
from skmusic.synthesis.corpus import grown, joined


@dataclass(frozen=True)
class Concatenative:
    """What the concatenative synthesis learned.

    Parameters
    ----------
    format : FrameFormat or None
        Of the frames; None of plain numbers.
    tokenizer : Tokenizer
    network : dict
        Weights, see `skmusic.network.numpy_lstm`.
    database : UnitDatabase
    """

    format: FrameFormat | None
    tokenizer: Tokenizer
    network: dict
    database: UnitDatabase

    State = SamplerState

    @classmethod
    def fit(
        cls,
        recordings,
        format,
        settings,
        training,
        rng,
        old=None,
        past=None,
        n_before=0,
    ):
        """Learn from recordings.

        Parameters
        ----------
        recordings, format, settings, rng, old
            As `skmusic.synthesis.concatenative.tokens.read_tokens` has them.
        training, past
            As `skmusic.network.training.train` has them.
        n_before : int, default=0
            Recordings that were learned before and go on being played; 0 plays the
            new ones alone.

        Returns
        -------
        Concatenative, Trained
        """
        if format is None:
            size = 4 * recordings[0].shape[1]
        else:
            size = 2 * format.step * format.n_channels
        most = max(1, settings.database_size // (size + BYTES_BESIDE))
        found, corpus = tokens.read_tokens(recordings, format, settings, rng, old, most)
        database = old.database if n_before else None
        database = _database(found, corpus, format, settings, most, database, n_before)
        del corpus  # training needs the memory

        def playing(network):
            return cls(format, found.tokenizer, network, database)

        trained = tokens.train_on(found, format, training, rng, past, playing)
        return playing(trained.network), trained

    def predict(self, frames):
        """Frame that would be played next after each, at temperature 0."""
        features = self.tokenizer.features(waveform(frames, self.format))
        scores = start_scores(self.database, self.network, features, self.tokenizer)
        units = np.array([int(score.argmax()) for score in scores])
        size, n = self.database.samples_per_unit, samples_for(1, self.format)
        played, ends = self.database.waveform, self.database.ends
        known = steps_known(len(frames), len(features), self.format)
        x = np.zeros((len(frames), n, played.shape[1]), np.float32)
        for window, step, late in zip(x, *known, strict=True):
            first = units[step] * size + late
            # Nothing is known of what follows the end of a stretch.
            part = played[first : min(first + n, ends[units[step]] * size)]
            window[: len(part)] = part
        x = x.reshape(-1, played.shape[1]) * np.float32(self.database.scale)
        apart = self.format and replace(self.format, hop_length=n)
        return cut_frames(x, len(frames), apart)

    def log_likelihood(self, frames):
        """Of each step, in nats for each number of its spectrum ``(n_steps,)``."""
        return tokens.log_likelihood(frames, self.format, self.tokenizer, self.network)

    def prime(self, frames, sampling, asked=None):
        """What is known after the frames of a seed, and what is `asked` for."""
        features = tokens.seed_features(frames, self.format, self.tokenizer)
        heard = self.database, self.network, features, self.tokenizer, sampling
        if asked is None:
            return prime(*heard)
        if asked.ends_as is not None:
            own = None
            if len(features):
                own, _ = style_of(self.database, features, self.tokenizer)
            asked = asked.arriving(own)
        return prime(*heard, asked.style, asked.match, asked.target)

    def start(self, primed, sampling, rng):
        """State of a piece after what was heard."""
        state = start(self.database, primed, sampling, rng)
        if primed.target is None or not primed.target.begin or self.format is None:
            return state
        # What the first windows cover in part is not heard: there the piece is silent.
        n = -(-self.format.overlap // self.database.samples_per_unit)
        return silence(self.database, state, n)

    def change(self, state, asked):
        """State that goes on with what is `asked` for."""
        if asked.ends_as is not None:
            asked = asked.arriving(state.style)
            state = replace(state, target_style=state.style)
        # What is made already is played first.
        made = -(-len(state.pending) // self.database.samples_per_unit)
        state = replace(state, target=asked.target, step=made)
        if asked.target is not None:
            state = replace(state, repetition=state.repetition._replace(again=()))
        if asked.match is not None:
            state = replace(state, match=asked.match)
        if asked.style is None:
            return state
        return replace(state, style=asked.style, target_style=asked.style)

    @property
    def forms(self):
        """Which of "begin" and "end" can be asked for."""
        return forms(traits_of(self.database))

    def asked(self, controls, n_frames):
        """`Asked` of a piece of so many frames; None where nothing is.

        Parameters
        ----------
        controls : skmusic.synthesis.controls.Controls
            With frames in place of recordings.
        n_frames : int
            Of the whole piece.
        """
        if not controls.given:
            return None
        n_steps = max(1, (n_frames * hop_of(self.format)) // step_of(self.format) - 1)
        if self.format is None:
            n_steps = n_frames
        return ask(self.database, self.tokenizer, self._heard(controls), n_steps)

    def _heard(self, controls):
        """Controls with features in place of frames, and steps in place of seconds."""

        def listen(frames, name):
            features = tokens.seed_features(frames, self.format, self.tokenizer)
            if not len(features):
                raise ValueError(
                    f"the recording given as {name} has too few frames to make a step; "
                    "pass a longer one."
                )
            return features

        def in_steps(points):
            if not isinstance(points, list):
                return points
            seconds = step_seconds(self.format)
            return [(at and round(at / seconds), x) for at, x in points]

        found = controls.heard(listen)
        return replace(
            found, style=in_steps(found.style), energy=in_steps(found.energy)
        )

    def advance(self, states, n_frames, sampling, progress):
        """Frames of each piece, where they are from, and the states after them.

        Parameters
        ----------
        states : list of SamplerState
            They stay as they are, their sources of chance too.
        n_frames : int
        sampling : SamplingParameters
        progress : callable
            Told how many frames were made.

        Returns
        -------
        frames : list of ndarray of shape (n_frames, n_dims)
        samples : list of ndarray of shape (n_frames,), int
            Sample of the database in the middle of each frame.
        states : list of SamplerState
        """
        if any(len(state.matches) != len(self.database) for state in states):
            raise ValueError(
                "the state is of another unit database than this one, which was fitted "
                "since; pass the music itself as seed."
            )
        states = [replace(state, rng=deepcopy(state.rng)) for state in states]
        wanted = any(state.target is not None for state in states)
        traits = traits_of(self.database) if wanted else None
        needed, made = samples_for(n_frames, self.format), 0
        # What is made waits outside of the states, which stay small.
        waves, origins = [[s.pending] for s in states], [[s.origins] for s in states]
        count = [len(s.pending) for s in states]
        nothing = states[0].pending[:0], states[0].origins[:0]
        while min(count) < needed:
            waiting = [i for i, n in enumerate(count) if n < needed]
            more = [
                replace(states[i], pending=nothing[0], origins=nothing[1])
                for i in waiting
            ]
            more = advance(self.database, self.network, more, sampling, traits)
            for i, state in zip(waiting, more, strict=True):
                states[i] = state
                waves[i].append(state.pending)
                origins[i].append(state.origins)
                count[i] += len(state.pending)
            ready = sum(min(frames_in(n, self.format), n_frames) for n in count)
            progress(ready - made)
            made = ready
        states = [
            replace(s, pending=np.concatenate(x), origins=np.concatenate(o))
            for s, x, o in zip(states, waves, origins, strict=True)
        ]
        frames = [
            equalized(
                cut_frames(s.pending, n_frames, self.format), s.match, self.format
            )
            for s in states
        ]
        progress(n_frames * len(states) - made)
        samples = [self._samples(s, n_frames) for s in states]
        return frames, samples, [self._given(s, n_frames) for s in states]

    def _samples(self, state, n_frames):
        """Sample of the database in the middle of each frame."""
        size, hop = self.database.samples_per_unit, hop_of(self.format)
        middle = np.arange(n_frames) * hop + samples_for(1, self.format) // 2
        step, late = np.divmod(middle + state.given, size)
        return state.origins[step] + late

    def _given(self, state, n_frames):
        """State after so many frames were given out."""
        n = n_frames * hop_of(self.format)
        steps, given = divmod(state.given + n, self.database.samples_per_unit)
        # Copied, so that what was given out is not held by its remainder.
        left = state.pending[n:].copy(), state.origins[steps:].copy()
        return replace(state, pending=left[0], origins=left[1], given=given)


def _database(found, corpus, format, settings, most, old, n_before):
    """Database of what is played: of tokens, and of an old one if there is one."""
    features, said = found.features, found.tokens
    numbers = n_before + np.arange(len(features))
    if old is not None:
        corpus, *more, starts = grown(corpus, old, most)
        features, said = more[0] + features, more[1] + said
        numbers = np.concatenate([old.recording[starts], numbers])
    seconds = step_seconds(format)
    stretches, waveforms = joined(corpus.pieces, corpus.waveforms)
    database = build_database(
        waveforms,
        stretches,
        features,
        said,
        found.tokenizer,
        shortest=max(1, round(settings.min_segment / seconds)),
        longest=max(2, round(settings.max_segment / seconds)),
    )
    if old is not None:
        # What is left of a recording does not tell how much returned in all of it, nor
        # where it ends.
        old_ones = database.recording < len(starts)
        of, within = (x[old_ones] for x in (database.recording, database.position))
        database.recurrence[old_ones] = old.recurrence[starts][of]
        database.to_end[old_ones] = old.to_end[starts][of] - within
    leads = corpus.leads[database.recording]
    return replace(
        database,
        recording=numbers[database.recording].astype(np.int32),
        position=(database.position + leads).astype(np.int32),
    )
