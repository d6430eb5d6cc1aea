"""Temperature, top_k and top_p: how a choice is drawn from probabilities."""

from dataclasses import dataclass, replace

import numpy as np

_COLDEST = 1e-6
# A draw has as much choice as this many equally likely ones, at least; the temperature
# rises by the factor until it has.
_CHOICES, _HEATING = 1.5, 1.3


@dataclass(frozen=True)
class SamplingParameters:
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
        """Log-probabilities ``(..., n_tokens)``, those not allowed at -inf."""
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
        """Index of a score ``(n_choices,)``, drawn from the softmax of all."""
        if self.temperature == 0:
            return int(score.argmax())
        mass = np.exp((score - score.max()) / self.temperature).cumsum()
        # Below the last number that was added, whatever rounding makes of it.
        place = min(mass[-1] * rng.random_sample(), np.nextafter(mass[-1], 0))
        return int(mass.searchsorted(place, side="right"))

    def adapted(self, score):
        """Parameters at which there is a choice between scores ``(n_choices,)``.

        If one continuation dominates, the temperature rises until others have a
        chance. At temperature 0 there is none anyway.
        """
        loss = score.max() - score[np.isfinite(score)]
        temperature = self.temperature
        if temperature and len(loss) > 1:
            while _choices(loss / temperature) < _CHOICES:
                temperature *= _HEATING
        return replace(self, temperature=temperature)


def _choices(loss):
    """Exponential of the entropy: how many equally likely choices it is worth."""
    p = np.exp(-loss)
    total = p.sum()
    return float(np.exp(np.log(total) + (p * loss).sum() / total))
