"""Temperature, top_k and top_p: how a choice is drawn from probabilities."""

from dataclasses import dataclass

import numpy as np

_COLDEST = 1e-6


@dataclass(frozen=True)
class Tempering:
    """How the network's probabilities are sharpened.

    Parameters
    ----------
    temperature : float
        0 always takes the likeliest; 1 as learned.
    top_k : int or None
        Only so many tokens are allowed.
    top_p : float or None
        Only the likeliest tokens that together reach this probability.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None

    def __post_init__(self):
        if self.temperature:
            # Colder than this, no two scores in single precision leave a chance.
            object.__setattr__(self, "temperature", max(self.temperature, _COLDEST))

    def mask(self, logp):
        """Log-probabilities with the tokens that are not allowed at -inf."""
        if self.top_k is None and self.top_p is None:
            return logp
        ranked = -np.sort(-logp, axis=-1)
        least = np.full(logp.shape[:-1], -np.inf, logp.dtype)
        if self.top_k is not None and self.top_k < logp.shape[-1]:
            least = np.maximum(least, ranked[..., self.top_k - 1])
        if self.top_p is not None and self.top_p < 1:
            mass = np.cumsum(np.exp(ranked), axis=-1)
            count = np.minimum((mass < self.top_p).sum(axis=-1), logp.shape[-1] - 1)
            last = np.take_along_axis(ranked, count[..., None], axis=-1)
            least = np.maximum(least, last[..., 0])
        return np.where(logp >= least[..., None], logp, -np.inf)

    def draw(self, score, rng):
        """Index of a score, drawn from their tempered softmax."""
        if self.temperature == 0:
            return int(score.argmax())
        mass = np.exp((score - score.max()) / self.temperature).cumsum()
        # Below the last number that was added, whatever rounding makes of it.
        place = min(mass[-1] * rng.random_sample(), np.nextafter(mass[-1], 0))
        return int(mass.searchsorted(place, side="right"))
