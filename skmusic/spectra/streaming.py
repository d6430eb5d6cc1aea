"""Frames of recordings in files, read as they are needed.

So a pipeline learns from more music than memory holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from skmusic import audio, spectra
from skmusic.audio.decoding import most_samples, read_blocks
from skmusic.spectra.frames import FrameFormat, Frames
from skmusic.utils.threads import map_files


@dataclass(frozen=True)
class FrameReader:
    """How files become frames.

    Parameters
    ----------
    format : FrameFormat
        Of the frames.
    n_jobs : int or None
        Threads that decode and transform.
    on_error : {"warn", "raise"}
        What is done with a file that cannot be decoded.
    """

    format: FrameFormat
    n_jobs: int | None
    on_error: str

    def each(self, function, paths, *more, one_at_least=True):
        """Result of a function of each path, see `map_files`."""
        options = {"n_jobs": self.n_jobs, "on_error": self.on_error}
        return map_files(function, paths, *more, one_at_least=one_at_least, **options)

    def n_frames(self, about):
        """Frames of a file, as its header has it, but no more than it can hold.

        Parameters
        ----------
        about : dict
            As `skmusic.audio.info` gives it.
        """
        most = most_samples(about["size"], about["channels"])
        sr, format = self.format.sr, self.format
        n_samples = round(min(about["samples"], most) * sr / about["sr"])
        return spectra.count_frames(n_samples, format.N, format.hop_length)

    def whole(self, path):
        """Frames of a file ``(n_frames, n_dims)``."""
        n_frames = self.n_frames(audio.info(path))
        args = self._waveform(path), *self.format.stft_args()
        return spectra.stft_whole(*args, n_frames=n_frames)

    def blocks(self, path, n_frames):
        """Frames of a file in blocks of so many, the last of fewer."""
        args = self._waveform(path), *self.format.stft_args()
        return spectra.stft_blocks(*args, n_frames=n_frames)

    def _waveform(self, path):
        return read_blocks(path, self.format.sr, self.format.n_channels)

    def all_whole(self, paths, one_at_least=True):
        """Frames of each file, none of one that cannot be decoded."""
        frames = self.each(self.whole, paths, one_at_least=one_at_least)
        empty = np.empty((0, self.format.n_dims), dtype=np.float32)
        return FrameList(Frames(empty if f is None else f, self.format) for f in frames)

    def stream(self, paths, found):
        """Frames of files that are read when they are asked for.

        Parameters
        ----------
        paths : list of str
        found : list of dict or None
            What `skmusic.audio.info` says of each; None of what cannot be decoded.

        Returns
        -------
        StreamedFrames
        """
        lengths = [self.n_frames(about) if about else 0 for about in found]
        return StreamedFrames(self, paths, lengths)


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
    reader : FrameReader
        How files become frames.
    paths : list of str or bytes
        Files, or their contents.
    lengths : list of int
        Frames of each, as far as headers tell.

    Attributes
    ----------
    format : FrameFormat
        Of the frames.
    """

    def __init__(self, reader, paths, lengths):
        self._reader, self._paths, self.lengths = reader, paths, lengths
        self.format = reader.format

    def __len__(self):
        return len(self._paths)

    def __getitem__(self, index):
        if isinstance(index, slice):
            part = self._paths[index], self.lengths[index]
            return StreamedFrames(self._reader, *part)
        (frames,) = self._reader.all_whole([self._paths[index]], one_at_least=False)
        return frames

    def __repr__(self):
        return f"<frames of {len(self)} recordings, made when they are asked for>"

    def whole(self):
        """List of all frames, as `FFTFeaturizer.transform` makes it."""
        return self._reader.all_whole(self._paths)

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

        def read(path, argument):
            return function(self._reader.blocks(path, n_frames), argument)

        results = self._reader.each(read, self._paths, arguments)
        return [
            function(iter(()), argument) if result is None else result
            for result, argument in zip(results, arguments, strict=True)
        ]
