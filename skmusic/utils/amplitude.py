"""Samples in the unit that all of skmusic has: full scale is 1."""

import warnings

import numpy as np

from skmusic.utils.limits import MOST_PEAK

# Full scale of the integers that samples are stored as.
_FULL_SCALES = 2**7, 2**15, 2**23, 2**31


def to_full_scale(x, dtype):
    """Samples of a type, in [-1, 1] as soundfile reads them from a file.

    Integers are divided by the full scale of their type; of unsigned ones the middle,
    128 of uint8, is silence. They become floats, of single precision where that holds
    all values. Other types stay as they are.
    """
    # Integers of 64 bits are no format of samples: they are what Python makes of any
    # whole number.
    if dtype.kind not in "iu" or dtype.itemsize > 4:
        return x
    x = x.astype(np.float32 if dtype.itemsize < 4 else np.float64)
    scale = x.dtype.type(2.0 ** (8 * dtype.itemsize - 1))
    if dtype.kind == "u":
        x -= scale
    x /= scale
    return x


def warn_of_peaks(items):
    """Warn of waveforms far beyond full scale, and name the likely factor."""
    peaks = [max(x.max(initial=0), -x.min(initial=0)) for x in items]
    loud = [i for i, peak in enumerate(peaks) if peak > MOST_PEAK]
    if not loud:
        return
    peak = peaks[loud[0]]
    scale = next((s for s in _FULL_SCALES if peak <= s), float(f"{peak:.1g}"))
    others = f" (and {len(loud) - 1} more)" if len(loud) > 1 else ""
    warnings.warn(
        f"recording {loud[0]}{others} has a peak of {peak:.6g}, where full scale is 1; "
        f"if its samples were whole numbers, divide them by {scale:.10g}.",
        UserWarning,
        stacklevel=4,
    )
