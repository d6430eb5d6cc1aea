"""From features to frames: band levels to magnitudes, phases to them, and both heard.

A spectrogram of four windows to a window's length is made of the levels of successive
steps and becomes a waveform, step after step; of that waveform frames are taken as
`FFTFeaturizer` takes them, of its window and hop by default. In frames themselves,
which overlap by half, phases would hardly be determined.
"""

from dataclasses import dataclass, replace

import numpy as np
import scipy.fft

from skmusic.features.constantq import band_energies, to_energies
from skmusic.spectra.frames import from_complex, to_complex
from skmusic.spectra.phase import next_phase
from skmusic.spectra.reframing import cut
from skmusic.spectra.windows import sine_window
from skmusic.utils.checks import LARGEST, check_array, check_number

# Channels that are not alike are turned from each other, as chance has it: anew after
# so many spectra, and so many bins. If they were not, their sum would be too smooth.
_TURN_SPECTRA, _TURN_BINS = 2.0, 3
# Steps from which is learned what bands lose.
_GAIN_STEPS = 860
# Energies below this share of the loudest are silence.
_SILENCE = 1e-12
# Steps that sound before a piece begins, so that its first frame is a whole one.
WARM_UP = 4


@dataclass(frozen=True)
class Sound:
    """Where a waveform in the making is.

    Parameters
    ----------
    before, last : ndarray of shape (n_bins,)
        Logarithm of the magnitudes half a step before the last step, and at it.
    phase : ndarray of shape (n_bins,)
        Half a step before the last step.
    turn : ndarray of shape (n_nodes,)
        How far channels are turned from each other, in deviations.
    features : ndarray of shape (n_features,)
        Of the last step.
    n_steps : int
        Steps so far.
    tail : ndarray of shape (n_channels, n_samples)
        Sum of windows that later ones will be added to.
    samples : ndarray of shape (n_channels, n_samples)
        Waveform from the next frame on.
    lead : int
        Samples still to come before the piece begins.
    """

    before: np.ndarray
    last: np.ndarray
    phase: np.ndarray
    turn: np.ndarray
    features: np.ndarray
    n_steps: int
    tail: np.ndarray
    samples: np.ndarray
    lead: int


def fit_image(frames, features, codebook):
    """Learn where bands are heard.

    Parameters
    ----------
    frames : list of ndarray of shape (n_frames, n_dims)
        Spectra.
    features : list of ndarray of shape (n_steps, n_features)
        Of the same steps.
    codebook : Codebook
        That of the features.

    Returns
    -------
    Image
    """
    layout = codebook.layout
    shares, alike, x = [], [], []
    for some, f in zip(frames, features, strict=True):
        one = np.ones((len(f), 1))
        x.append(np.concatenate([f, one], axis=1))
        for found, each in zip((shares, alike), heard_at(some, layout), strict=True):
            found.append(each[: len(f)])
    x, shares, alike = map(np.concatenate, (x, shares, alike))
    gram = x.T @ x
    gram += 1e-3 * (np.trace(gram) / len(gram) + 1e-9) * np.eye(len(gram))
    maps = [
        np.linalg.solve(gram, x.T @ y.reshape(len(x), -1)).astype(np.float32)
        for y in (shares, alike)
    ]
    gain = np.zeros(len(codebook.edges), np.float32)
    image = Image(*maps, gain, _loudest(frames, layout))
    return replace(image, gain=_lost(features, codebook, image))


def _loudest(frames, layout):
    """Largest sample within the windows of frames, of which some are enough."""
    found = 0.0
    for x in frames:
        x = x[::4].reshape(-1, 2, layout.n_bins)
        found = max(found, np.abs(scipy.fft.irfft(x[:, 0] + 1j * x[:, 1])).max())
    return float(found)


def _limited(x, loudest):
    """Samples that come near the loudest, or beyond, rounded off below it."""
    linear = 0.7 * loudest
    over = np.maximum(np.abs(x) - linear, 0) / (0.3 * loudest + 1e-30)
    return np.where(over > 0, np.sign(x) * (linear + 0.3 * loudest * np.tanh(over)), x)


def _lost(features, codebook, image):
    """Decibels that bands lose where features are made to sound."""
    share = min(1.0, _GAIN_STEPS / max(1, sum(map(len, features))))
    wanted, found = 0.0, 0.0
    for f in features:
        f = f[: int(np.ceil(len(f) * share))]
        if not len(f):
            continue
        sound, made = silence(codebook, image, f[0]), []
        for each in [f[0]] * WARM_UP + [*f, f[-1], f[-1]]:
            sound = pushed(sound, each, codebook, image)
            frames, sound = frames_of(sound, codebook, image)
            made.append(frames)
        layout, edges = codebook.layout, codebook.edges
        found += band_energies(np.concatenate(made), layout, edges)[: len(f)].sum(
            axis=0
        )
        levels = np.minimum(codebook.levels(f), 0)
        wanted += codebook.reference * to_energies(levels).sum(axis=0)
    floor = _SILENCE * codebook.reference
    gain = 10 * np.log10((wanted + floor) / (found + floor))
    return np.clip(gain, -MOST_GAIN, MOST_GAIN).astype(np.float32)


def energies_of(features, codebook, n_bins, gain=None):
    """Energy of fine bins ``(n_steps, n_bins)`` that features stand for."""
    edges = codebook.edges
    levels = np.minimum(codebook.levels(features), 0)
    # Level of a band is in its middle; between middles it is a straight line.
    middle = codebook.middles - codebook.layout.long.frames_per_step // 2
    at = np.arange(n_bins)
    i = np.clip(np.searchsorted(middle, at, side="right") - 1, 0, len(edges) - 1)
    j = np.minimum(i + 1, len(edges) - 1)
    share = (at - middle[i]) / np.maximum(middle[j] - middle[i], 1)
    share = np.clip(share, 0, 1)
    levels = levels[:, i] * (1 - share) + levels[:, j] * share
    energies = to_energies(levels)
    if gain is not None:
        energies *= 10 ** ((gain[i] * (1 - share) + gain[j] * share) / 10)
    return np.maximum(energies, _SILENCE) * codebook.reference


def silence(codebook, image, features):
    """Sound before its first step, to which `features` are given."""
    layout = codebook.layout
    N, m = layout.window_length, layout.frames_per_step
    size, n_hop = N * m, N // 2 * m
    log_magnitude = _log_magnitude(features, codebook, image, size)
    return Sound(
        log_magnitude,
        log_magnitude,
        np.zeros_like(log_magnitude),
        np.zeros((size // 2) // _TURN_BINS + 2),
        features,
        0,
        np.zeros((layout.n_channels, size + n_hop), np.float32),
        np.zeros((layout.n_channels, 0), np.float32),
        (WARM_UP + 1) * n_hop + (size - N) // 2,
    )


def _log_magnitude(features, codebook, image, size):
    energy = energies_of(features[None], codebook, size // 2 + 1, image.gain)[0]
    return 0.5 * np.log(energy * codebook.layout.frames_per_step)


def pushed(sound, features, codebook, image):
    """Sound with one more step.

    Parameters
    ----------
    sound : Sound
    features : ndarray of shape (n_features,)
        Of the step.
    codebook, image
        What is fitted.

    Returns
    -------
    Sound
    """
    layout = codebook.layout
    N, m = layout.window_length, layout.frames_per_step
    size, n_hop = N * m, N // 2 * m
    half, rest = n_hop // 2, n_hop - n_hop // 2
    new = _log_magnitude(features, codebook, image, size)
    middle = (sound.last + new) / 2
    first = next_phase(sound.phase, sound.before, sound.last, middle, size, half)
    second = next_phase(first, sound.last, middle, new, size, rest)
    # A chance of its own: without temperature a piece has none.
    rng, turns = np.random.default_rng(sound.n_steps), [sound.turn]
    keep = np.exp(-1 / _TURN_SPECTRA)
    for _ in range(2):
        new_turn = np.sqrt(1 - keep**2) * rng.standard_normal(len(sound.turn))
        turns.append(keep * turns[-1] + new_turn)
    share, alike = image.at(np.stack([sound.features, (sound.features + features) / 2]))
    magnitude, phase = np.exp(np.stack([sound.last, middle])), np.stack([first, second])
    windows = _windows(magnitude, phase, share, alike, turns[1:], size)
    tail = sound.tail.copy()
    tail[:, :size] += windows[0]
    tail[:, rest : rest + size] += windows[1]
    made, tail = _limited(tail[:, :n_hop], image.loudest), tail[:, n_hop:]
    lead = max(0, sound.lead - n_hop)
    return Sound(
        middle,
        new,
        second,
        turns[-1],
        features,
        sound.n_steps + 1,
        np.pad(tail, ((0, 0), (0, n_hop))),
        np.concatenate([sound.samples, made[:, sound.lead - lead :]], axis=1),
        lead,
    )


def _windows(magnitude, phase, share, alike, turns, size):
    """Windows ``(n, n_channels, size)`` of two spectra, ready to be added."""
    bins = np.arange(size // 2 + 1)
    place, n_channels = places(len(bins)), share.shape[1]
    turn = [np.interp(bins / _TURN_BINS, np.arange(len(t)), t) for t in turns]
    # The cosine of twice a Gaussian angle of this deviation is as alike on average.
    turn = np.sqrt(-np.log(np.clip(alike, 0.05, 1)) / 2)[:, place] * turn
    outward = np.linspace(-1, 1, n_channels) if n_channels > 1 else np.zeros(1)
    spectrum = np.sqrt(share)[:, :, place] * magnitude[:, None]
    spectrum = spectrum * np.exp(
        1j * (phase[:, None] + turn[:, None] * outward[:, None])
    )
    # Phases are seen from the middle of the window.
    windows = np.roll(scipy.fft.irfft(spectrum, size, axis=-1), size // 2, axis=-1)
    return (windows * (sine_window(size) / 2)).astype(np.float32)


def frames_of(sound, codebook, image):
    """Frames ``(n_frames, n_dims)`` of all steps that are whole, and the sound then."""
    layout = codebook.layout
    N, m = layout.window_length, layout.frames_per_step
    hop, x = N // 2, sound.samples
    n = max(0, (x.shape[1] - N + hop) // (hop * m)) * m
    if not n:
        return np.empty((0, layout.n_dims), np.float32), sound
    frames = cut(x, n, N).astype(np.float32)
    return frames, replace(sound, samples=x[:, n * hop :])


def turned_on(frames, energies, image, features, layout):
    """Frames of these energies whose phases go on from those of others.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_dims)
        Those before.
    energies : ndarray of shape (n_frames, n_fine_bins)
        Of each frame to be made.
    image, layout
        Of the frames.
    features : ndarray of shape (n_frames, n_features)
        Of each frame to be made.

    Returns
    -------
    ndarray of shape (n_frames, n_dims)
    """
    n, m = layout.n_bins, layout.frames_per_step
    z = to_complex(frames, layout)
    # Half a window later each bin's middle has turned by half a circle a bin.
    turn = np.where(np.arange(n) % 2, -1, 1)
    unit = z / np.maximum(np.abs(z), 1e-20) * turn
    share, _ = image.at(features)
    power = energies[:, np.minimum(np.arange(n) * m, energies.shape[1] - 1)]
    z = unit * np.sqrt(share[:, :, places(n)] * power[:, None])
    return from_complex(z)


# Bands in which channels differ, from a 64th of the highest frequency up.
N_PLACES = 12
# Decibels that a band may be raised or lowered by.
MOST_GAIN = 12.0


@dataclass(frozen=True)
class Image:
    """Where bands are heard: a linear map from features to channels.

    Parameters
    ----------
    shares : ndarray of shape (n_features + 1, n_channels * 12)
        To the logarithm of each channel's share of the energy.
    alike : ndarray of shape (n_features + 1, 12)
        To the correlation of the outermost channels.
    gain : ndarray of shape (n_bands,)
        Decibels that bands would lose else, where windows overlap.
    loudest : float
        Sample that no other is beyond.
    """

    shares: np.ndarray
    alike: np.ndarray
    gain: np.ndarray
    loudest: float

    def check(self):
        """Refuse arrays that do not fit together."""
        check_array("alike", self.alike, (None, N_PLACES), low=-1e4, high=1e4)
        check_array("shares", self.shares, (len(self.alike), None), low=-1e4, high=1e4)
        check_array("gain", self.gain, (None,), low=-MOST_GAIN, high=MOST_GAIN)
        check_number("loudest", self.loudest, "f", 0, LARGEST)
        if not self.shares.shape[1] or self.shares.shape[1] % N_PLACES:
            raise ValueError("the image has no channels.")

    def mixed(self, other, share):
        """Image between this and another one, which counts by its share."""
        names = "shares", "alike", "gain"
        pairs = {name: (getattr(other, name), getattr(self, name)) for name in names}
        mixed = {k: share * a + (1 - share) * b for k, (a, b) in pairs.items()}
        return replace(self, **mixed, loudest=max(self.loudest, other.loudest))

    def at(self, features):
        """Of steps, shares ``(n_steps, n_channels, 12)``, and likeness."""
        x = np.concatenate([features, np.ones((len(features), 1))], axis=1)
        z = (x @ self.shares).reshape(len(x), -1, N_PLACES)
        share = np.exp(z - z.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        return share, np.clip(x @ self.alike, -1, 1)


def heard_at(frames, layout):
    """Of steps, logarithm of the shares of channels, and likeness, in each place."""
    m, n_channels = layout.frames_per_step, layout.n_channels
    n = layout.n_bins
    frames = frames[: len(frames) // m * m]
    x = frames.reshape(-1, n_channels, 2, n)
    edges = np.searchsorted(places(n), np.arange(N_PLACES))
    # A place without a bin has those of the next.
    edges = np.minimum(edges, n - 1)

    def summed(y):
        y = np.add.reduceat(y, edges, axis=-1)
        return y.reshape(-1, m, *y.shape[1:]).sum(axis=1)

    energy = summed(np.square(x, dtype=np.float64).sum(axis=2))
    both = summed((x[:, 0].astype(np.float64) * x[:, -1]).sum(axis=1))
    floor = 1e-9 * energy.max(initial=0) + 1e-30
    share = np.log((energy + floor) / (energy + floor).sum(axis=1, keepdims=True))
    alike = (both + floor) / (np.sqrt(energy[:, 0] * energy[:, -1]) + floor)
    return share, alike


def places(n_bins):
    """Place of each bin."""
    octaves = np.log2(1 + 63 * np.arange(n_bins) / (n_bins - 1)) / 6
    return np.minimum((octaves * N_PLACES).astype(int), N_PLACES - 1)
