"""Frames of files, made block by block when they are asked for."""

import copy
from collections.abc import Sequence
from functools import partial


class StreamedFrames(Sequence):
    """Frames of recordings in files, made each time they are asked for.

    It is used as a list of arrays is. Who can do with a part of a recording at a
    time calls `map_blocks`, which holds no more than that in memory.

    Parameters
    ----------
    featurizer : FFTFeaturizer
        Fitted.
    paths : list of str
        Files.
    lengths : list of int
        Frames of each, as far as headers tell.

    Attributes
    ----------
    n_dims, n_channels : int
        Numbers in a frame, and the channels that they are of.
    redundant, lapped : bool
        What windows they are of, see `skmusic.layout.Layout`.
    """

    def __init__(self, featurizer, paths, lengths):
        # As it is now: it may be fitted to something else later.
        self._featurizer, self._paths = copy.copy(featurizer), paths
        self.lengths = lengths
        self.n_dims, self.n_channels = featurizer.n_dims_, featurizer.n_channels_
        self.redundant, self.lapped = featurizer.redundant, featurizer._is_lapped()

    def __len__(self):
        return len(self._paths)

    def __getitem__(self, index):
        if isinstance(index, slice):
            part = self._paths[index], self.lengths[index]
            return StreamedFrames(self._featurizer, *part)
        paths = [self._paths[index]]
        return self._featurizer._frames_of_files(paths, one_at_least=False)[0]

    def __repr__(self):
        return f"<frames of {len(self)} recordings, made when they are asked for>"

    def whole(self):
        """List of all frames, as `FFTFeaturizer.transform` makes it."""
        return self._featurizer.transform(self._paths)

    def map_blocks(self, function, arguments, n_frames):
        """Result of a function of each recording's frames.

        Parameters
        ----------
        function : callable
            Called with an iterator over the frames, in arrays of `n_frames`, the
            last of fewer, and with an argument.
        arguments : list
            One for each recording.
        n_frames : int
            Frames in memory at a time.

        Returns
        -------
        list
            For a file that cannot be decoded, what the function makes of no frames.
        """
        read = partial(_read_blockwise, self._featurizer, function, n_frames)
        results = self._featurizer._read_each(self._paths, read, arguments)
        return [
            function(iter(()), argument) if result is None else result
            for result, argument in zip(results, arguments, strict=True)
        ]


def _read_blockwise(featurizer, function, n_frames, path, argument):
    return function(featurizer._blocks_of_file(path, n_frames), argument)
