"""The neural synthesis: draws features step by step, and a vocoder makes them sound.

No frame of a recording is kept or played. Of plain numbers, which no vocoder can
sound, the mean numbers of each token are played.
"""

from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np

from skmusic.features.tokenizer import Tokenizer
from skmusic.spectra.frames import FrameFormat
from skmusic.spectra.reframing import cut_frames, hop_of, samples_for
from skmusic.synthesis import tokens
from skmusic.synthesis.corpus import joined
from skmusic.synthesis.neural import vocoder
from skmusic.synthesis.neural.dynamics import (
    DynamicsState,
    FeatureDynamics,
    begin,
    forecast,
    step,
)
from skmusic.synthesis.neural.dynamics_fit import fit_dynamics
from skmusic.synthesis.neural.panning import StereoPanning, places

# Steps of the recordings that the vocoder learns from, at most.
_MOST = 20_000


@dataclass(frozen=True)
class NeuralState:
    """Where a piece is: all that the next frame depends on.

    Parameters
    ----------
    dynamics : DynamicsState
        Of its features.
    vocoder : VocoderState or None
        What they sound like; None of plain numbers.
    rng : numpy.random.RandomState
        Source of chance.
    pending : ndarray of shape (n_samples, n_channels)
        Waveform that is made but not yet given out.
    """

    dynamics: DynamicsState
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
    tokenizer : Tokenizer
    network : dict
        Weights, see `skmusic.network.numpy_lstm`.
    dynamics : FeatureDynamics
        How features change.
    panning : StereoPanning or None
        Where bands are heard; None of plain numbers.
    """

    format: FrameFormat | None
    tokenizer: Tokenizer
    network: dict
    dynamics: FeatureDynamics
    panning: StereoPanning | None

    State = NeuralState

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
        """Learn from recordings, see `skmusic.synthesis.concatenative`.

        Where recordings were learned before, what is not the network is averaged with
        what they gave.

        Returns
        -------
        Neural, Trained
        """
        found = tokens.learn_tokens(
            recordings, format, settings, training, rng, old, past, _MOST
        )
        network, seed = found.trained.network, found.trained.training["seed"]
        heard = found.features, found.tokens, network, found.tokenizer, seed
        dynamics = fit_dynamics(*heard, old.dynamics if n_before else None)
        panning = None
        if format is not None:
            stretches, waveforms = joined(found.corpus.pieces, found.corpus.waveforms)
            features = [found.features[i][a:b] for i, a, b in stretches]
            panning = vocoder.fit_panning(waveforms, features, found.tokenizer)
            if n_before:
                share = old.dynamics.n_steps / max(dynamics.n_steps, 1)
                panning = panning.mixed(old.panning, np.float32(share))
        made = cls(format, found.tokenizer, network, dynamics, panning)
        return made, found.trained

    def predict(self, frames):
        """Likeliest spectrum after each frame, with the phases of that carried on.

        It is likeliest by all but the period of the music.
        """
        heard = tokens.step_features(frames, self.format, self.tokenizer)
        features, said = forecast(self.dynamics, heard, self.network, self.tokenizer)
        steps, _ = tokens.steps_known(len(frames), len(heard), self.format)
        if self.format is None:
            return self._means()[said[steps]]
        return self._carried_on(np.asarray(frames), features, steps)

    def _carried_on(self, frames, features, steps):
        """Frames that sound as some features, their phases those of others carried on.

        Parameters
        ----------
        frames : ndarray of shape (n_frames, n_dims)
        features : ndarray of shape (n_steps, n_features)
        steps : ndarray of shape (n_frames,), int
            Of the features after each frame.

        Returns
        -------
        ndarray of shape (n_frames, n_dims)
        """
        format, n_channels = self.format, self.format.n_channels
        # Of both halves of a spectrum the lower one tells all.
        n, shape = format.N // 2 + 1, (len(frames), n_channels, 2, -1)
        x = frames.reshape(shape)[..., :n]
        z = x[:, :, 0] + 1j * x[:, :, 1]
        # After a hop the phase in the middle of each bin has gone on by so much.
        advance = np.exp(2j * np.pi * np.arange(n) * format.hop_length / format.N)
        unit = z / np.maximum(np.abs(z), 1e-20) * advance
        share, _ = self.panning.at(features)
        # The bin of the analysis window that is nearest to each bin of the frame.
        bins = np.rint(np.arange(n) * 2 * format.step / format.N).astype(int)
        # Windows of other lengths and weights have other energies of the same sound.
        scale = format.factor**2 * np.square(format.weights()).sum() / format.step
        energies = vocoder.bin_energies(features, self.tokenizer)
        power = scale * energies[:, np.minimum(bins, energies.shape[1] - 1)]
        z = unit * np.sqrt(share[:, :, places(n)] * power[:, None])[steps]
        if format.both_halves:
            z = np.concatenate([z, z[..., -2:0:-1].conj()], axis=-1)
        return np.stack([z.real, z.imag], axis=2).reshape(len(frames), -1)

    def _means(self):
        """Mean numbers of each token ``(n_tokens, n_dims)``."""
        tokenizer = self.tokenizer
        return tokenizer.levels(tokenizer.centroids / tokenizer.weight)

    def log_likelihood(self, frames):
        """Of each step, in nats for each number of its spectrum ``(n_steps,)``."""
        return tokens.log_likelihood(frames, self.format, self.tokenizer, self.network)

    def prime(self, frames, sampling, style=None):
        """Features and sound after the frames of a seed."""
        features = tokens.heard(frames, self.format, self.tokenizer)
        dynamics = begin(self.dynamics, features, self.network, self.tokenizer)
        if self.panning is None:
            return dynamics, None
        # The vocoder starts some steps before the piece, or holds the first one known.
        n, last = vocoder.WARM_UP + 1, dynamics.past / self.tokenizer.weight
        first = np.repeat(last[:1], max(0, n - len(last)), axis=0)
        last = np.concatenate([first, last])[-n:]
        state = vocoder.silence(self.tokenizer, self.panning, last[0])
        for each in last[1:]:
            state = vocoder.push(state, each, self.tokenizer, self.panning)
        return dynamics, state

    def start(self, primed, sampling, rng):
        """State of a piece after what was heard."""
        dynamics, state = primed
        width = self.format.n_channels if self.format else self.tokenizer.n_bands
        return NeuralState(dynamics, state, rng, np.empty((0, width), np.float32))

    def advance(self, states, n_frames, sampling, progress):
        """Frames of each piece, None as they are of no recording, and the states then.

        Parameters
        ----------
        states : list of NeuralState
            They stay as they are, their sources of chance too.
        n_frames : int
        sampling : SamplingParameters
        progress : callable
            Told how many frames were made.

        Returns
        -------
        frames : list of ndarray of shape (n_frames, n_dims)
        origins : None
        states : list of NeuralState
        """
        frames, after = [], []
        for state in states:
            x, state = self._waveform(
                state, samples_for(n_frames, self.format), sampling
            )
            frames.append(cut_frames(x, n_frames, self.format))
            # The next frame overlaps with this one: what it needs is kept.
            left = x[n_frames * hop_of(self.format) :].copy()
            after.append(replace(state, pending=left))
            progress(n_frames)
        return frames, None, after

    def _waveform(self, state, n_samples, sampling):
        """So many samples or more, and the state that has made them."""
        rng, dynamics, sound = deepcopy(state.rng), state.dynamics, state.vocoder
        made, n = [state.pending], len(state.pending)
        means = self._means() if sound is None else None
        while n < n_samples:
            features, dynamics = step(
                self.dynamics, dynamics, self.network, self.tokenizer, sampling, rng
            )
            if sound is None:
                x = means[[dynamics.token]].astype(np.float32)
            else:
                sound = vocoder.push(sound, features, self.tokenizer, self.panning)
                x, sound = sound.samples, replace(sound, samples=sound.samples[:0])
            made.append(x)
            n += len(x)
        return np.concatenate(made), NeuralState(dynamics, sound, rng, state.pending)
