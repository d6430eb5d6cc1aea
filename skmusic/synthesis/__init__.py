"""Forecasts to frames: concatenative, neural, or the article's regression."""
