"""The emission "spectra": tokens made to sound without any recording.

Features are drawn step by step, see `prediction`, and become a waveform and
frames, see `vocoder`. Frames that are no spectra are the means of tokens.
"""

from dataclasses import dataclass, replace

import numpy as np

from skmusic.synthesis.neural import vocoder as resynthesis
from skmusic.synthesis.neural.prediction import (
    Course,
    begin,
    check_changes,
    fit_changes,
    forecast,
    step,
)
from skmusic.synthesis.neural.vocoder import N_PLACES, Image, Sound
from skmusic.utils.checks import check_array


@dataclass(frozen=True)
class Piece:
    """Where a piece is: all that the next frame depends on.

    Parameters
    ----------
    course : Course
        Of its features.
    sound : Sound or None
        What they sound like; None where frames are no spectra.
    rng : numpy.random.RandomState
        Source of chance.
    pending : ndarray of shape (n_frames, n_dims)
        Frames that are made but not yet given out.
    """

    course: Course
    sound: Sound | None
    rng: np.random.RandomState
    pending: np.ndarray


def fit(frames, stretches, features, tokens, codebook, network, seed, past=None):
    """Learn how tokens sound.

    Parameters
    ----------
    frames : list of ndarray of shape (n_frames, n_dims)
        Of the recordings.
    stretches : list of (int, int, int)
        Recording, first step and the step after the last, of all frames in order.
    features, tokens : list of ndarray of shape (n_steps, n_features), (n_steps,)
        Of each recording.
    codebook, network
        What is fitted.
    seed : int
        Of all chance.
    past : StatefulLSTMGenerator or None
        What was fitted to other recordings, to be averaged with.

    Returns
    -------
    dict
        ``changes_``, ``image_`` (None of what are no spectra), ``means_``, the mean
        frames of each token (of no token where they are spectra).
    """
    old = past and past.changes_
    changes = fit_changes(features, tokens, network, codebook, seed, old)
    layout, image = codebook.layout, None
    means = np.empty((0, layout.numbers_per_step), np.float32)
    x = _cut(frames, stretches, layout)
    if layout.window_length:
        heard = [features[i][a:b] for i, a, b in stretches]
        image = resynthesis.fit_image(x, heard, codebook)
    else:
        sounding = np.concatenate([tokens[i][a:b] for i, a, b in stretches])
        x = np.concatenate(x).reshape(-1, layout.numbers_per_step)
        means = _means(x, sounding, len(codebook.centroids))
    if past is not None:
        share = np.float32(old.n_steps / changes.n_steps)
        means = share * past.means_ + (1 - share) * means
        if image is not None:
            image = image.mixed(past.image_, share)
    return {"changes_": changes, "image_": image, "means_": means}


def _means(x, tokens, n_tokens):
    """Mean of each token, drawn a little to that of all."""
    means, count = np.tile(x.mean(axis=0, dtype=np.float64), (n_tokens, 1)), 1.0
    np.add.at(means, tokens, x)
    count += np.bincount(tokens, minlength=n_tokens)[:, None]
    return (means / count).astype(np.float32)


def _cut(frames, stretches, layout):
    """Frames of each stretch."""
    if len(frames) == len(stretches):
        return frames
    ends = np.cumsum([(b - a) * layout.frames_per_step for _, a, b in stretches])
    return np.split(np.concatenate(frames), ends[:-1])


def check(generator):
    """Refuse fitted attributes that do not fit together."""
    codebook, image = generator.codebook_, generator.image_
    layout, (n_tokens, n_features) = codebook.layout, codebook.centroids.shape
    n_units = len(generator.network_["layers"][-1][1])
    check_changes(generator.changes_, n_features, n_units)
    check_array("weight", codebook.weight, (n_features,), low=1e-9)
    n_means = n_tokens
    if image is not None:
        n_means = 0
        if not isinstance(image, Image) or not layout.window_length:
            raise ValueError("image and codebook are of other frames.")
        wanted = n_features + 1, layout.n_channels * N_PLACES
        check_array("shares", image.shares, wanted, low=-1e4, high=1e4)
        n_bands = len(codebook.edges)
        check_array("gain", image.gain, (n_bands,), low=-1e4, high=1e4)
    check_array("means", generator.means_, (n_means, layout.numbers_per_step))


def predict(generator, x):
    """Spectrum that is likeliest to follow each frame, its phases carried on."""
    codebook, image = generator.codebook_, generator.image_
    m = codebook.layout.frames_per_step
    features, tokens = forecast(
        generator.changes_, codebook.features(x), generator.network_, codebook
    )
    t = np.arange(1, len(x) + 1)
    if image is None:
        means = generator.means_.reshape(len(generator.means_), m, -1)
        return means[tokens[t // m], t % m]
    N = codebook.layout.window_length
    energies = resynthesis.energies_of(features, codebook, N * m // 2 + 1)
    return resynthesis.turned_on(
        x, energies[t // m], image, features[t // m], codebook.layout
    )


def hear(generator, seed):
    """Course and sound after the frames of a seed, and how many it is ahead."""
    codebook, image = generator.codebook_, generator.image_
    heard = codebook.features(seed)
    course = begin(generator.changes_, heard, generator.network_, codebook)
    sound = None
    if image is not None:
        n, last = resynthesis.WARM_UP + 1, course.past / codebook.weight
        first = np.repeat(last[:1], max(0, n - len(last)), axis=0)
        last = np.concatenate([first, last])[-n:]
        sound = resynthesis.silence(codebook, image, last[0])
        for features in last[1:]:
            sound = resynthesis.pushed(sound, features, codebook, image)
    # Frames of the first step that were heard already.
    return course, sound, len(seed) % codebook.layout.frames_per_step


def start(generator, heard, tempering, rng):
    """Piece after what was heard."""
    course, sound, skip = heard
    none = np.empty((0, generator.codebook_.layout.n_dims), np.float32)
    piece = Piece(course, sound, rng, none)
    return _more(generator, piece, skip, tempering, lambda n: None)[1]


def go_on(generator, pieces, n_frames, tempering, progress):
    """Frames of each piece, None as they are of no recording, and the pieces then."""
    made = [_more(generator, x, n_frames, tempering, progress) for x in pieces]
    frames, after = map(list, zip(*made, strict=True))
    return frames, None, after


def _more(generator, piece, n_frames, tempering, progress):
    """So many frames, and the piece after them."""
    made, left = [piece.pending[:0]], n_frames
    while left:
        if len(piece.pending):
            part = piece.pending[:left]
            made.append(part)
            piece = replace(piece, pending=piece.pending[left:])
            left -= len(part)
            progress(len(part))
        else:
            piece = _advance(generator, piece, tempering)
    return np.concatenate(made), piece


def _advance(generator, piece, tempering):
    """Piece with one more step."""
    codebook, image = generator.codebook_, generator.image_
    features, course = step(
        generator.changes_,
        piece.course,
        generator.network_,
        codebook,
        tempering,
        piece.rng,
    )
    if image is None:
        m = codebook.layout.frames_per_step
        frames, sound = generator.means_[course.token].reshape(m, -1), None
    else:
        sound = resynthesis.pushed(piece.sound, features, codebook, image)
        frames, sound = resynthesis.frames_of(sound, codebook, image)
    return Piece(course, sound, piece.rng, frames)
