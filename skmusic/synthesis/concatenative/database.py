"""The unit database: steps of recordings that can be played, and what is known of each.

A *unit* is one step of a recording. A piece plays *segments*: units in a row. Where it
goes on elsewhere is a *concatenation point*, whose cost is the distance between the
contexts of the two boundaries: what is heard before and after them.

References
----------
A. Hunt and A. Black, "Unit selection in a concatenative speech synthesis system
using a large speech database", ICASSP 1996. A. Schödl et al., "Video textures",
SIGGRAPH 2000. D. Schwarz, "Concatenative sound synthesis: the early years", Journal of
New Music Research 35 (2006).
"""

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import numpy as np
from scipy.ndimage import uniform_filter1d

from skmusic.features.fingerprints import fingerprints, whitened
from skmusic.features.levels import range_energies, range_levels
from skmusic.features.onsets import spectral_flux
from skmusic.features.tokenizer import step_bands
from skmusic.synthesis.concatenative.context import contexts, style_scale, styles
from skmusic.synthesis.concatenative.graph import concatenation_graph, drop
from skmusic.synthesis.concatenative.novelty import repeats
from skmusic.synthesis.concatenative.repetition import recurrence
from skmusic.utils.fields import array, number

# Steps to either side over which the movement of music is averaged, and the power of it
# that a concatenation point may cost: at 1 pieces were drawn to where music moves most,
# at 0 to where it moves least.
_ABOUT, _LIVELINESS = 43, 0.75
# Bytes that are known of a unit beside its waveform.
BYTES_BESIDE = 936
_MOST = 2**31 - 1


@dataclass(frozen=True)
class UnitDatabase:
    """Units of the corpus, one after another.

    Parameters
    ----------
    samples_per_unit : int
        Samples of a unit; 1 of plain numbers.
    waveform : ndarray of shape (n_samples, n_channels)
        Of all units, int16; of plain numbers the numbers, float32.
    scale : float
        Unit of the waveform.
    features, tokens : ndarray of shape (n_units, n_features), (n_units,)
        What the network hears and says.
    recording, position : ndarray of shape (n_units,)
        Number of the recording, and of the step in it.
    to_end : ndarray of shape (n_units,)
        Steps to the end of the recording, whether they are kept or not.
    ends : ndarray of shape (n_units,)
        First unit after the unbroken stretch that a unit is of.
    before, before_scale : ndarray of shape (n_units, n_numbers), (n_numbers,)
        Context before each unit, int8, and the scale of its numbers.
    fingerprints : ndarray of shape (n_units, n_prints)
        What a passage is recognised by, int8.
    targets, costs : ndarray of shape (n_units, n_targets)
        Where to go on after each unit, -1 for nowhere, and at what cost; 1 is the cost
        of the median best concatenation point.
    styles, style_scale : ndarray of shape (n_units, n_styles), (n_styles,)
        Mean of the seconds about each unit, and the factors that it was multiplied by,
        so that two that are ten seconds apart are at a squared distance of 1.
    levels : ndarray of shape (n_units, n_ranges)
        Decibels of each range of pitch, see `skmusic.features.levels`.
    movement : ndarray of shape (n_units,)
        Squared distance of cost 1 at each unit.
    recurrence : ndarray of shape (n_units,)
        Share of the recording of each unit that returns in it.
    shortest, longest : int
        Bounds of a segment, in units.
    """

    samples_per_unit: int = number("i", 1, 2**24)
    waveform: np.ndarray = array(None, "n_channels", kind="fi")
    scale: float = number("f", 0, 1e30)
    features: np.ndarray = array("n_units", "n_features")
    tokens: np.ndarray = array("n_units", kind="i", low=0, high=_MOST)
    recording: np.ndarray = array("n_units", kind="i", low=0, high=_MOST)
    position: np.ndarray = array("n_units", kind="i", low=0, high=_MOST)
    to_end: np.ndarray = array("n_units", kind="i", low=1, high=_MOST)
    ends: np.ndarray = array("n_units", kind="i", low=1, high=_MOST)
    before: np.ndarray = array("n_units", "n_numbers", kind="i", low=-127, high=127)
    before_scale: np.ndarray = array("n_numbers", low=0)
    fingerprints: np.ndarray = array("n_units", None, kind="i", low=-127, high=127)
    targets: np.ndarray = array("n_units", "n_targets", kind="i", low=-1, high=_MOST)
    costs: np.ndarray = array("n_units", "n_targets", low=0, high=np.inf)
    styles: np.ndarray = array("n_units", "n_styles")
    style_scale: np.ndarray = array("n_styles", low=0)
    levels: np.ndarray = array("n_units", None, low=-1e3, high=1e3)
    movement: np.ndarray = array("n_units", low=1e-12)
    recurrence: np.ndarray = array("n_units", low=0, high=1)
    shortest: int = number("i", 1, _MOST)
    longest: int = number("i", 1, _MOST)

    def __len__(self):
        """Units."""
        return len(self.tokens)

    def context_before(self, units):
        """Context before these units ``(n, n_numbers)``, float32."""
        return self.before[units] * self.before_scale

    def beginning(self, units):
        """First unit of the stretch that each of these is of."""
        return np.searchsorted(self.ends, self.ends[units])

    def units_from(self, unit, shift):
        """Units that can be played from one on, if so many samples later."""
        return int(self.ends[unit]) - unit - (shift > 0)

    def laws(self):
        """What must hold beyond the declared shapes and ranges: (law, message)."""
        n, last = len(self), np.append(np.diff(self.ends) != 0, True)
        yield n > 0, "there are no units."
        yield len(self.waveform) == n * self.samples_per_unit, "waveform is too short."
        # Each stretch ends where its last unit says, and after all of its units.
        whole = (self.ends[last] == np.flatnonzero(last) + 1).all()
        yield whole, "ends are not those of stretches."
        yield self.targets.max(initial=-1) < n, "targets are beyond the units."
        yield self.shortest <= self.longest, "shortest is beyond longest."


def build_database(
    waveforms, stretches, features, tokens, tokenizer, *, shortest, longest
):
    """Database of stretches of recordings, with its concatenation graph.

    Parameters
    ----------
    waveforms : list of ndarray of shape (n_samples, n_channels)
        Of the stretches.
    stretches : list of (int, int, int)
        Recording, first step and the step after the last.
    features, tokens : list of ndarray
        Of each recording.
    tokenizer : Tokenizer
        That made features and tokens.
    shortest, longest : int
        Bounds of a segment, in units.

    Returns
    -------
    UnitDatabase
    """
    all_styles = []

    def of_recording(i):
        flux = spectral_flux(features[i], tokenizer)
        before, after = contexts(features[i], tokenizer, flux)
        style = styles(features[i], tokenizer, flux=flux)
        all_styles.append(style[:-1])
        around = np.hstack([before, after])
        marks = fingerprints(features[i], tokenizer)
        share = np.full(len(style), recurrence(marks[:, 1]), np.float16)
        return before, around, around[1:], style, features[i], marks, share, tokens[i]

    # One recording after the other, copied: of a large corpus little is kept.
    kept = [
        [x[a:b].copy() for x in arrays]
        for i, group in groupby(stretches, itemgetter(0))
        for arrays in [of_recording(i)]
        for _, a, b in group
    ]
    before, entries, exits, about, heard, marks, shares, said = (
        np.concatenate(parts) for parts in zip(*kept, strict=True)
    )
    lengths = np.array([b - a for _, a, b in stretches])
    ends = np.repeat(np.cumsum(lengths), lengths).astype(np.int32)
    enterable = np.arange(len(ends)) + longest <= ends
    if not enterable.any():
        enterable[:] = True
    movement = _movement(entries, ends)
    targets, costs = concatenation_graph(exits, entries, enterable, 2 * longest)
    # Where music moves much by itself it may cost more: by plain distance a piece would
    # be drawn into its stillest places and stay.
    costs = costs / np.minimum(movement[:, None], movement[targets])
    marks = whitened(marks)
    targets, costs = drop(targets, costs, repeats(marks, ends, targets))
    finite = costs[np.isfinite(costs[:, 0]), 0]
    median = float(np.median(finite)) + 1e-6 if len(finite) else 1.0
    scale = style_scale(all_styles)
    before_scale = (np.abs(before).max(axis=0) / 127 + 1e-12).astype(np.float32)
    cuts = [(len(features[i]), a, b) for i, a, b in stretches]
    waveform, unit = _stored(waveforms, tokenizer.step)
    return UnitDatabase(
        samples_per_unit=max(tokenizer.step, 1),
        waveform=waveform,
        scale=unit,
        features=_halved(heard),
        tokens=said,
        recording=np.repeat([i for i, _, _ in stretches], lengths).astype(np.int32),
        position=np.concatenate(
            [np.arange(a, b, dtype=np.int32) for _, a, b in stretches]
        ),
        to_end=np.concatenate(
            [np.arange(n - a, n - b, -1, dtype=np.int32) for n, a, b in cuts]
        ),
        ends=ends,
        before=np.rint(before / before_scale).astype(np.int8),
        before_scale=before_scale,
        fingerprints=marks,
        # Integers that are as small as the database allows: there are many of them.
        targets=targets.astype(np.min_scalar_type(-len(ends))),
        costs=_halved(costs / median),
        styles=_halved(about * scale),
        style_scale=scale,
        levels=_levels(waveforms, tokenizer.step),
        movement=movement * np.float32(median),
        recurrence=shares,
        shortest=shortest,
        longest=longest,
    )


def _stored(waveforms, step):
    """Waveforms one after another, in 16 bits a sample, and the scale of these."""
    if not step:
        return np.concatenate(waveforms).astype(np.float32), 1.0
    loudest = max(float(np.abs(x).max(initial=0)) for x in waveforms)
    scale = max(loudest, 1e-12) / 32767
    return np.concatenate(
        [np.rint(x / scale).astype(np.int16) for x in waveforms]
    ), scale


def _levels(waveforms, step):
    return range_levels(
        np.concatenate([range_energies(step_bands(x, step), step) for x in waveforms])
    )


def _movement(entries, ends):
    """How far music moves in a step by itself, about each unit."""
    moved = np.square(np.diff(entries, axis=0, append=entries[-1:])).sum(axis=1)
    moved[np.append(np.diff(ends) > 0, True)] = 0
    about = uniform_filter1d(moved, 2 * _ABOUT + 1, mode="constant")
    about = about + 0.1 * about.mean() + 1e-6
    return (about**_LIVELINESS).astype(np.float32)


def _halved(x):
    """Half precision, finite where `x` is."""
    limit = np.finfo(np.float16).max
    return np.where(np.isinf(x), x, np.clip(x, -limit, limit)).astype(np.float16)
