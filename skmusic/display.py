"""Displays, as scikit-learn has them, and a player for notebooks.

They need matplotlib (the extra ``plot``), the player does not.
"""

from skmusic.learning_displays import OriginDisplay, TrainingDisplay
from skmusic.player import Player
from skmusic.sound_displays import SpectrogramDisplay, WaveformDisplay
from skmusic.spectrum_display import SpectrumDisplay

__all__ = [
    "OriginDisplay",
    "Player",
    "SpectrogramDisplay",
    "SpectrumDisplay",
    "TrainingDisplay",
    "WaveformDisplay",
]
