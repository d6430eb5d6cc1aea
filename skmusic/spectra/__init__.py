"""Frames of a waveform and back: windows, the FFT, overlap-add, packing.

A frame is one analysis window's spectrum packed as real numbers,
``[real of channel 0, imaginary of channel 0, real of channel 1, ...]``.
Everything here is a pure function of arrays.
"""

from skmusic.spectra.istft import istft, istft_blocks
from skmusic.spectra.stft import stft, stft_blocks
from skmusic.spectra.windows import (
    analysis_window,
    count_bins,
    count_frames,
    synthesis_window,
)

__all__ = [
    "analysis_window",
    "count_bins",
    "count_frames",
    "istft",
    "istft_blocks",
    "stft",
    "stft_blocks",
    "synthesis_window",
]
