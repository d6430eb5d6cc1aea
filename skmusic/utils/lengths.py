"""Lengths of time, written for people; a warning where music is short."""

import warnings

from skmusic.utils.limits import LITTLE_MUSIC


def length(seconds):
    """Write a length of time.

    Examples
    --------
    >>> from skmusic.utils.lengths import length
    >>> length(1.23), length(75), length(4000)
    ('1.2 s', '1 min 15 s', '1 h 07 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, left = divmod(round(seconds), 60)
    hours, minutes_left = divmod(round(seconds / 60), 60)
    if hours:
        return f"{hours} h {minutes_left:02d} min"
    return f"{minutes} min {left:02d} s"


def warn_of_little(seconds):
    """Warn where there is so little music to learn that pieces will repeat it."""
    if seconds < LITTLE_MUSIC:
        warnings.warn(
            "less than a minute of music is little, pieces will repeat it; give some "
            "minutes",
            UserWarning,
        )
