"""Fingerprints: what a listener recognises a passage by, in 48 numbers a step."""

import numpy as np
from scipy.ndimage import uniform_filter1d
from threadpoolctl import threadpool_limits

from skmusic.features.chroma import pitched_bands

# Steps over which bands are smoothed and between which change is measured; bands of the
# envelope that is taken away.
_SMOOTH, _LAG, _ENVELOPE = 5, 5, 25
# A change of this share of the usual one counts by 0.7, and smaller ones by less.
_LITTLE = 0.25
# If the usual change is less than this share of what sounds, most music is held. Then
# all fingerprints are shortened, by this factor at most.
_HELD, _SHORTER = 0.2, 0.8
# Numbers of a fingerprint, and the power of each axis's deviation that is left: 1 would
# leave the axes as they are, 0 would make them alike.
_N_NUMBERS, _EVENED = 48, 0.5
# Length of a fingerprint where much changed. Its numbers are whole, so that sums of
# products are exact, whatever order they are added in.
UNIT = 127


def fingerprints(features, tokenizer):
    """Fine structure of each step's spectrum, and how it has changed.

    Parameters
    ----------
    features : ndarray of shape (n_steps, n_features)
        Of one recording.
    tokenizer : skmusic.features.tokenizer.Tokenizer
        That made them.

    Returns
    -------
    ndarray of shape (n_steps, 2, n_bands), float32
        What sounds, in levels of bands less their envelope, and how it has changed in
        0.1 s.

    References
    ----------
    J. Haitsma and T. Kalker, "A highly robust audio fingerprinting system", ISMIR
    2002.
    """
    pitched, _ = pitched_bands(tokenizer)
    # Loudness and timbre go: what is left are partials and how they move.
    fine = tokenizer.levels(features)[:, pitched].astype(np.float32)
    if fine.size:
        fine = uniform_filter1d(fine, _SMOOTH, axis=0, mode="nearest")
        fine -= uniform_filter1d(fine, _ENVELOPE, axis=1, mode="nearest")
        fine -= fine.mean(axis=1, keepdims=True)
    change = np.zeros_like(fine)
    change[_LAG:] = fine[_LAG:] - fine[:-_LAG]
    return np.stack([fine, change], axis=1)


def whitened(fingerprints):
    """Fingerprints that are told apart by their products, int8.

    Parameters
    ----------
    fingerprints : ndarray of shape (n_steps, 2, n_bands)
        Of all units of the database.

    Returns
    -------
    ndarray of shape (n_steps, n_numbers), int8
        The product of a fingerprint with itself is the square of 127 at most.

    Notes
    -----
    Half of a fingerprint is what sounds, half how it changed. It is shorter where
    little changed, since two chords that are held may well be alike. Principal axes are
    made more even, since what most passages share, such as the strokes of one drum,
    identifies none of them.
    """
    norms = np.linalg.norm(fingerprints, axis=2, keepdims=True)
    usual = np.median(norms, axis=0)
    held = np.clip(usual[1] / (_HELD * usual[0] + 1e-9), _SHORTER, 1)
    norms[:, 0] = np.maximum(norms[:, 0], 0.1 * usual[0])
    norms[:, 1] = np.hypot(norms[:, 1], _LITTLE * usual[1])
    x = fingerprints / (norms + 1e-9) * held
    x = x.reshape(len(x), -1) * np.float32(np.sqrt(0.5))
    lengths = np.linalg.norm(x, axis=1, keepdims=True)
    # One thread, since sums in the order of arrival would differ from run to run.
    with threadpool_limits(1):
        # Principal axes about nothing keep most of all products.
        power, axes = np.linalg.eigh(x.T @ x)
        power, axes = power[::-1][:_N_NUMBERS], axes[:, ::-1][:, :_N_NUMBERS]
        power = np.maximum(power, 1e-6 * power.max(initial=0)) + 1e-30
        x = x @ (axes * power ** ((_EVENED - 1) / 2))
    x *= lengths / (np.linalg.norm(x, axis=1, keepdims=True) + 1e-9)
    return np.rint(UNIT * x).astype(np.int8)
