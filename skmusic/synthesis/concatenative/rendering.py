"""How segments sound: slices of waveforms, cross-faded where they meet.

References
----------
E. Moulines and F. Charpentier, "Pitch-synchronous waveform processing techniques for
text-to-speech synthesis", Speech Communication 9 (1990), for joining by overlap-add.
"""

from dataclasses import replace

import numpy as np

# Steps that are cross-faded to either side of a concatenation point.
_FADE = 4
# Waveforms are rounded off from this share of the limit on, and the limit is the
# largest magnitude of the recording nearby, so many times.
_KNEE, _HEADROOM = 0.9, 1.1


def render(database, state, segment):
    """Sampler state with the waveform of a segment among its pending one.

    Parameters
    ----------
    database : UnitDatabase
    state : SamplerState
        Before the segment; of it only what concerns sound is used.
    segment : skmusic.synthesis.concatenative.selection.Segment
        What is to be played.

    Returns
    -------
    SamplerState
    """
    size = database.samples_per_unit
    before, after = _overlap(database, segment)
    n = segment.length * size
    x = _cut(database, segment.start, segment.shift, 0, n + after * size)
    k = len(state.fade_in)
    if k:
        x[:k] = state.tail[:k] + state.fade_in[:, None] * x[:k]
    played, tail = x[:n], x[n:]
    # At equal power, as the two do not agree in phase.
    angle = np.linspace(0, np.pi / 2, (before + after) * size, dtype=np.float32)
    fall, rise, k = np.cos(angle)[:, None], np.sin(angle), before * size
    if k:
        new = _cut(database, segment.target, segment.next_shift, -k, 0)
        played[-k:] = fall[:k] * played[-k:] + rise[:k, None] * new
    units = np.arange(segment.start, segment.start + segment.length)
    return replace(
        state,
        tail=tail * fall[k:],
        fade_in=rise[k:],
        pending=np.concatenate([state.pending, _limited(played, database, segment)]),
        units=np.concatenate([state.units, units]),
    )


def _overlap(database, segment):
    """Steps before and after the end of a segment where the next one sounds too."""
    if database.samples_per_unit == 1:  # plain numbers are not mixed
        return 0, 0
    end, target = segment.start + segment.length, segment.target
    most = min(_FADE, (segment.length - 1) // 2, (database.shortest - 1) // 2)
    behind = target - database.beginning(target)
    ahead = min(database.ends[segment.start] - end, database.ends[target] - target)
    return int(min(most, behind)), int(min(most, ahead))


def _cut(database, unit, shift, first, last):
    """Samples `first` to `last` about where a unit begins, `shift` samples later.

    Beyond the stretch that the unit is of there is silence.
    """
    size = database.samples_per_unit
    begin, end = database.beginning(unit) * size, database.ends[unit] * size
    a, b = unit * size + shift + first, unit * size + shift + last
    i, j = np.clip([a, b], begin, end)
    x = np.zeros((b - a, database.waveform.shape[1]), np.float32)
    x[i - a : j - a] = database.waveform[i:j]
    return x * np.float32(database.scale)


def _limited(x, database, segment):
    """Waveform that is no louder than its recordings are nearby, or hardly.

    References
    ----------
    D. Giannoulis, M. Massberg and J. Reiss, "Digital dynamic range compressor design",
    J. Audio Eng. Soc. 60 (2012).
    """
    if database.samples_per_unit == 1:
        return x
    units = np.append(
        np.arange(segment.start, segment.start + segment.length), segment.target
    )
    limit = _HEADROOM * float(database.peaks[units].max())
    knee = _KNEE * limit
    over = np.abs(x) - knee
    if not (over > 0).any():
        return x
    rounded = knee + (limit - knee) * np.tanh(over / max(limit - knee, 1e-30))
    return np.where(over > 0, np.copysign(rounded, x), x).astype(np.float32)
