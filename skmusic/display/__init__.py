"""Displays, as scikit-learn has them, and a player for notebooks.

They need matplotlib (the extra ``plot``), the player does not.
"""

from skmusic.display.html import Player
from skmusic.display.learning import TrainingDisplay
from skmusic.display.sound import SpectrogramDisplay, SpectrumDisplay, WaveformDisplay

__all__ = [
    "Player",
    "SpectrogramDisplay",
    "SpectrumDisplay",
    "TrainingDisplay",
    "WaveformDisplay",
]
