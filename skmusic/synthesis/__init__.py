"""Forecasts to frames: neural, or the article's regression."""

# Synthesis -> where its class is; each is loaded when it is asked for.
SYNTHESES = {
    "neural": ("skmusic.synthesis.neural.synthesis", "Neural"),
    "regression": ("skmusic.synthesis.regression", "Regression"),
}
