"""Types that public signatures share.

What depends on the arguments, such as a list for a list, is `Any`: a union would have
to be taken apart at each call.
"""

import os
from collections.abc import Sequence
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Name: TypeAlias = str | os.PathLike[str]
File: TypeAlias = Name | bytes | bytearray | memoryview | BinaryIO
Array: TypeAlias = NDArray[Any]
# One recording, or frames of one; several, of which an array is one kind; several that
# are decoded.
Recording: TypeAlias = File | ArrayLike
Recordings: TypeAlias = Sequence[Recording] | ArrayLike
Waveforms: TypeAlias = Sequence[ArrayLike] | Array
RandomState: TypeAlias = int | np.random.RandomState | None
# Of matplotlib, which may be absent.
Axes: TypeAlias = Any
