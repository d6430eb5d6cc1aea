"""Checks of sequences of frames: what fits a generator."""

import numpy as np

from skmusic.utils.validation import check_recordings


def check_sequences(estimator, X, *, reset):
    """Check recordings that are sequences of frames, as `check_recordings` does."""
    recordings = check_recordings(estimator, X, reset=reset, what="frame sequence")
    if recordings.form == "paths":
        raise ValueError(
            "X holds paths; StatefulLSTMGenerator learns from frames. Put an "
            "FFTFeaturizer before it, for example in a skmusic.Pipeline."
        )
    return recordings


def check_dims(recordings, n_dims, format):
    """Refuse frames of other than so many numbers, or of a format of others."""
    for i, found in enumerate(recordings.each_n_dims):
        if found != n_dims:
            raise ValueError(
                f"the frames of recording {i} have {found} numbers where "
                f"{n_dims} are expected; transform all with one FFTFeaturizer."
            )
    if format is not None and format.n_dims != n_dims:
        raise ValueError(
            f"frames of {format} have {format.n_dims} numbers, and X has {n_dims}; "
            "pass the frames as FFTFeaturizer makes them."
        )


def check_same_format(found, format, name):
    """Refuse frames that know that they are of another format than what was fitted.

    Both formats are None of plain numbers, which may be any; `name` is the argument's.
    """
    if None not in (found, format) and found != format:
        raise ValueError(
            f"{name} holds frames of the format {found}, and {format} was fitted; "
            "transform it with the same FFTFeaturizer."
        )


def check_sequence(estimator, frames, n_dims, name):
    """Frames ``(n_frames, n_dims)`` of one recording, checked; no frames for None.

    `name` is that of the argument, for messages.
    """
    if frames is None:
        return np.empty((0, n_dims), np.float32)
    if np.ndim(frames) not in (1, 2):
        raise ValueError(
            f"{name} has {np.ndim(frames)} dimensions; pass the frames of one "
            "recording, of shape (n_frames, n_dims), or None."
        )
    (frames,) = check_sequences(estimator, [np.asarray(frames)], reset=False).items
    if frames.shape[1] != n_dims:
        raise ValueError(
            f"{name} has frames of {frames.shape[1]} numbers where {n_dims} "
            "were fitted; transform it with the same FFTFeaturizer."
        )
    return frames
