"""How segments sound: slices of waveforms, cross-faded where they meet.

A *fade* lasts from some steps before a concatenation point to some steps after it. It
is mixed as soon as the next segment is known. What lies after the point waits in the
sampler state, as the beginning of the next segment.

References
----------
M. Fink, M. Holters and U. Zölzer, "Signal-matched power-complementary cross-fading and
dry-wet mixing", DAFx 2016.
D. Giannoulis, M. Massberg and J. Reiss, "Digital dynamic range compressor design",
J. Audio Eng. Soc. 60 (2012), for the limiter.
"""

from dataclasses import replace

import numpy as np

# Steps that are cross-faded to either side of a concatenation point.
_FADE = 4
# Least correlation that is made up for: the sum is never made louder by more than 3 dB.
_OPPOSED = -0.5
# No sample is beyond the limit, and all beyond the knee are rounded off. Both are in
# units of the database, whose loudest sample is 32767: only what is mixed is changed.
_LIMIT, _KNEE = 1.1 * 32767, 32767


def render(database, state, segment):
    """Sampler state with the waveform of a segment among its pending one.

    Parameters
    ----------
    database : UnitDatabase
    state : SamplerState
        Before the segment; of it only what concerns sound is used.
    segment : skmusic.synthesis.concatenative.selection.Segment
        What is to be played; with no target it is the end of the piece.

    Returns
    -------
    SamplerState
    """
    size = database.samples_per_unit
    first = segment.start * size + segment.shift
    follows = segment.target * size + segment.next_shift
    n, ends = segment.length * size, segment.target < 0
    before, after = (0, 0) if ends else _overlap(database, segment, first + n, follows)
    x = _cut(database, first, first + n + after)
    x[: len(state.tail)] = state.tail[: len(x)]
    if before + after:
        new = _cut(database, follows - before, follows + after)
        x[n - before :] = crossfade(x[n - before :], new)
        tail = x[n:]
    else:
        # Neither is known beyond the point. One falls silent, then the other begins.
        half = size // 2
        rise = np.linspace(0, 1, half, dtype=np.float32)[:, None]
        x[n - half :] *= rise[::-1]
        tail = rise[:0] if ends else rise * _cut(database, follows, follows + half)
    played = x[:n] if size == 1 else limited(x[:n])
    return replace(
        state,
        tail=tail,
        pending=np.concatenate([state.pending, played * np.float32(database.scale)]),
        origins=np.append(state.origins, np.arange(first, first + n, size)),
    )


def silence(database, state, n_steps):
    """Sampler state with so many steps of silence among its pending waveform."""
    size = database.samples_per_unit
    nothing = np.zeros((n_steps * size, database.waveform.shape[1]), np.float32)
    # It has no origin; told is that of the unit beside it.
    return replace(
        state,
        pending=np.concatenate([state.pending, nothing]),
        origins=np.append(state.origins, np.full(n_steps, state.unit * size)),
        step=state.step + n_steps,
    )


def _overlap(database, segment, end, follows):
    """Samples before and after the end of a segment where the next one sounds too.

    Parameters
    ----------
    database : UnitDatabase
    segment : Segment
    end, follows : int
        Samples of the database where the segment ends and where the next begins.
    """
    size, target = database.samples_per_unit, segment.target
    if size == 1:  # plain numbers are not mixed
        return 0, 0
    # Two fades do not meet within a segment.
    steps = min(_FADE, (segment.length - 1) // 2, (database.shortest - 1) // 2)
    behind = follows - database.beginning(target) * size
    left = database.ends[segment.start] * size - end
    ahead = database.units_from(target, segment.next_shift) * size
    return int(min(steps * size, behind)), int(min(steps * size, left, ahead))


def _cut(database, first, last):
    """Samples of the database ``(last - first, n_channels)``, float32, unscaled."""
    return database.waveform[first:last].astype(np.float32)


def crossfade(old, new):
    """Mix that goes from one waveform to another and keeps the power.

    Parameters
    ----------
    old, new : ndarray of shape (n_samples, n_channels)

    Returns
    -------
    ndarray of shape (n_samples, n_channels), float32
        Gains are those of equal power, divided by what the two have in common:
        unrelated waveforms fade along a cosine and a sine. Two that are the same give
        themselves.
    """
    angle = np.linspace(0, np.pi / 2, len(old), dtype=np.float32)
    # Of each channel, so that numpy's loops are long.
    angle = np.repeat(angle, old.shape[1]).reshape(old.shape)
    fall, rise = np.cos(angle), np.sin(angle)
    norm = np.sqrt(np.square(old).sum() * np.square(new).sum())
    correlation = max((old * new).sum() / max(norm, 1e-30), _OPPOSED)
    return (fall * old + rise * new) / np.sqrt(1 + 2 * correlation * fall * rise)


def limited(x):
    """Waveform of which no sample is beyond the limit.

    Parameters
    ----------
    x : ndarray of shape (n_samples, n_channels)
        In units of the database.

    Returns
    -------
    ndarray of shape (n_samples, n_channels)
        The same where it is no louder than the database.
    """
    over = (np.abs(x) - _KNEE) / (_LIMIT - _KNEE)
    if not (over > 0).any():
        return x
    rounded = _KNEE + (_LIMIT - _KNEE) * np.tanh(over)
    return np.where(over > 0, np.copysign(rounded, x), x).astype(np.float32)
