"""Find, read, resample and write recordings.

Recordings are given as paths, bytes or open files; their contents tell the format.
A waveform is a floating-point array of shape ``(n_samples, n_channels)``, time
first, with samples in [-1, 1].  A one-dimensional array is taken as mono.  What
skmusic composes is such an array that knows its rate, `Music`.
libsndfile (``soundfile``) does the decoding and encoding; the MPEG-4 family, which
it does not know, is decoded by FFmpeg (``av``, the optional extra ``m4a``).
"""

from skmusic.audio.decoding import info, read
from skmusic.audio.encoding import write
from skmusic.audio.files import SUFFIXES, find
from skmusic.audio.music import Music
from skmusic.audio.waveform import resample, to_channels

__all__ = [
    "SUFFIXES",
    "Music",
    "find",
    "info",
    "read",
    "resample",
    "to_channels",
    "write",
]
