"""Frames back to waveforms: the other half of FFTFeaturizer."""

from collections.abc import Iterable, Iterator
from typing import Any

from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from skmusic import spectra
from skmusic.spectra.frames import format_of
from skmusic.utils.threads import map_threads
from skmusic.utils.types import Array
from skmusic.utils.validation import check_recordings, name_of_file, restore_shape


class InverseMixin:
    """Methods of a transformer whose frames have a format.

    They read what `fit` sets: ``format_``, ``n_dims_``, and ``_flat``, whether
    recordings came without an axis for channels. They set nothing.
    """

    def inverse_transform(self, X: ArrayLike) -> Any:
        """Waveform of each sequence of frames.

        Parameters
        ----------
        X : list of ndarray of shape (n_frames, n_dims), or ndarray of shape \
                (n_recordings, n_frames, n_dims)
            Frames.

        Returns
        -------
        list of ndarray or ndarray
            Waveforms ``(n_samples, n_channels)`` as they were given to
            `transform`; ``(n_samples,)`` if those fitted had that shape.

        Raises
        ------
        ValueError
            If frames have other than ``n_dims_`` numbers.

        Examples
        --------
        >>> import numpy as np
        >>> from skmusic import FFTFeaturizer
        >>> x = np.sin(np.arange(5000.0) / 10)[:, None]
        >>> featurizer = FFTFeaturizer(N=256).fit([x])
        >>> featurizer.inverse_transform(featurizer.transform([x]))[0].shape
        (5000, 1)
        """
        check_is_fitted(self)
        frames = check_recordings(type(self)(), X, reset=True, what="frame sequence")
        if frames.form == "paths":
            raise ValueError(
                f"X holds files such as {name_of_file(frames.items[0])}, not frames; "
                "transform them first."
            )
        found = format_of(X)
        if found not in (None, self.format_):
            raise ValueError(
                f"X holds frames of another format, {found}, than those of this "
                f"FFTFeaturizer, {self.format_}; invert them with the one they are of."
            )
        for i, f in enumerate(frames.items):
            if f.shape[1] != self.n_dims_:
                raise ValueError(
                    f"the frames of recording {i} have {f.shape[1]} numbers, this "
                    f"FFTFeaturizer makes and takes {self.n_dims_} (n_dims_); wrap "
                    "the frames of a single recording in a list."
                )
        args = self.format_.istft_args()
        x = map_threads(
            lambda f: spectra.istft(f, *args), frames.items, n_jobs=self.n_jobs
        )
        return restore_shape(x, dense=frames.form == "3d", flat=self._flat)

    def inverse_stream(self, blocks: Iterable[Array]) -> Iterator[Array]:
        """Waveform of frames that come block by block, as they come.

        Parameters
        ----------
        blocks : iterable of ndarray of shape (n_frames, n_dims)
            Frames of one recording, one after another, however they are divided.

        Yields
        ------
        ndarray of shape (n_samples, n_channels)
            Together what `inverse_transform` makes of all frames, to the bit.

        See Also
        --------
        skmusic.Pipeline.stream : Composes as it is listened to.

        Examples
        --------
        >>> import numpy as np
        >>> from skmusic import FFTFeaturizer
        >>> featurizer = FFTFeaturizer(N=256)
        >>> (frames,) = featurizer.fit_transform([np.sin(np.arange(5000.0) / 10)])
        >>> blocks = featurizer.inverse_stream([frames[:20], frames[20:]])
        >>> [x.shape for x in blocks]
        [(2432, 1), (2568, 1)]
        """
        check_is_fitted(self)
        yield from spectra.istft_blocks(blocks, *self.format_.istft_args())

    def count_frames(self, n_samples: int) -> int:
        """Frames whose `inverse_transform` has at least so many samples.

        Parameters
        ----------
        n_samples : int
            Samples wanted, from 0.

        Returns
        -------
        int
            Frames to ask for.

        Examples
        --------
        >>> from skmusic import FFTFeaturizer
        >>> FFTFeaturizer(N=2048).count_frames(44100)
        45
        """
        return spectra.count_frames(n_samples, self.N, self._hop())
