"""Arrays that carry a fact with them: frames their format, music its rate."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike


class Carrying(np.ndarray):
    """Array that knows one thing more; an ndarray in all else.

    What is cut out of it or computed from it knows the same. A subclass names the
    attribute in ``_fact``; its ``_fact_of`` says what the fact is of several arrays
    together.
    """

    __array_priority__ = 1.0  # joined to plain arrays it stays what it is
    _fact = "fact"

    def __new__(cls, array: ArrayLike, fact: Any) -> Self:
        """View of an array, with a fact."""
        made = np.asarray(array).view(cls)
        setattr(made, cls._fact, fact)
        return made

    def __array_finalize__(self, other):
        setattr(self, self._fact, getattr(other, self._fact, None))

    def __array_function__(self, function, types, args, kwargs):
        """Such as `numpy.concatenate`, whose result numpy leaves without the fact."""
        made = super().__array_function__(function, types, args, kwargs)
        if type(made) is type(self) and getattr(made, self._fact) is None and args:
            setattr(made, self._fact, self._fact_of(args[0]))
        return made

    def __array_wrap__(self, array, context=None, return_scalar=False):
        return array[()] if return_scalar else super().__array_wrap__(array, context)

    def __reduce__(self):
        """For pickle: numpy's own would lose the fact."""
        return type(self), (np.asarray(self), getattr(self, self._fact))
