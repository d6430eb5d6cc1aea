"""Frames of recordings in files, read as they are needed.

So a pipeline learns from more music than memory holds.
"""

from collections.abc import Sequence

import numpy as np

from skmusic import audio, spectra
from skmusic.audio.decoding import most_samples, read_blocks
from skmusic.spectra.frames import Frames
from skmusic.utils.threads import map_files


def read_frames(paths, format, *, one_at_least=True, **options):
    """List of the frames of each file, none of one that cannot be decoded.

    Options are those of `map_files`.
    """

    def read(path):
        x, _ = audio.read(path, format.sr, format.n_channels)
        return spectra.stft(x, *format.stft_args())

    frames = map_files(read, paths, one_at_least=one_at_least, **options)
    empty = np.empty((0, format.n_dims), dtype=np.float32)
    return FrameList(Frames(empty if f is None else f, format) for f in frames)


def frames_claimed(about, format):
    """Frames of a file, as `audio.info` has it, but no more than it can hold."""
    most = most_samples(about["size"], about["channels"])
    n_samples = round(min(about["samples"], most) * format.sr / about["sr"])
    return spectra.count_frames(n_samples, format.N, format.hop_length)


class _NotJoined:
    """What `FeatureUnion` would join along time, and numpy then must not."""

    def __array_function__(self, function, types, args, kwargs):
        """Refuse to stack two of these; for all else be a list."""
        stacked = args[0] if args and type(args[0]) in (list, tuple) else ()
        if any(isinstance(x, _NotJoined) for x in stacked):
            raise TypeError(
                "frames of recordings cannot be joined side by side, as FeatureUnion "
                "does: they would follow one another in time. Use one FFTFeaturizer."
            )
        plain = [list(x) if isinstance(x, _NotJoined) else x for x in args]
        return function(*plain, **kwargs)


class FrameList(_NotJoined, list):
    """List of the frames of recordings."""


class StreamedFrames(_NotJoined, Sequence):
    """Frames of recordings in files, made each time they are asked for.

    It is used as a list of arrays is. Who can do with a part of a recording at a
    time calls `map_blocks`, which holds no more than that in memory.

    Parameters
    ----------
    paths : list of str or bytes
        Files, or their contents.
    lengths : list of int
        Frames of each, as far as headers tell.
    format : FrameFormat
        Of the frames.
    **options
        Of `map_files`.
    """

    def __init__(self, paths, lengths, format, **options):
        self._paths, self.lengths, self.format = paths, lengths, format
        self._options = options

    def __len__(self):
        return len(self._paths)

    def __getitem__(self, index):
        if isinstance(index, slice):
            part = self._paths[index], self.lengths[index]
            return StreamedFrames(*part, self.format, **self._options)
        path, options = self._paths[index], self._options
        return read_frames([path], self.format, one_at_least=False, **options)[0]

    def __repr__(self):
        return f"<frames of {len(self)} recordings, made when they are asked for>"

    def whole(self):
        """List of all frames, as `FFTFeaturizer.transform` makes it."""
        return read_frames(self._paths, self.format, **self._options)

    def map_blocks(self, function, arguments, n_frames):
        """List of ``function(blocks, argument)`` of each recording.

        Blocks are its frames, an iterator of arrays of `n_frames`, the last of fewer;
        no more are in memory at a time. A file that cannot be decoded has none.
        """
        format = self.format

        def read(path, argument):
            x = read_blocks(path, format.sr, format.n_channels)
            blocks = spectra.stft_blocks(x, *format.stft_args(), n_frames=n_frames)
            return function(blocks, argument)

        results = map_files(read, self._paths, arguments, **self._options)
        return [
            function(iter(()), argument) if result is None else result
            for result, argument in zip(results, arguments, strict=True)
        ]
