"""Checks of input and progress bars: what every room uses."""
