"""What training is for both outputs: sequences, what is held out, progress."""

from numbers import Integral

import numpy as np

from skmusic.progress import Progress

# One step is about this long, by the defaults of FFTFeaturizer (stereo).
STEP_SECONDS = 1024 / 44100

# Units and dropout by default; those of "mse" are the article's.
_LAYERS = {
    "crossentropy": ((128, 128), (0.5,)),
    "mse": ((256, 256, 256), (0.5, 0.3, 0.2)),
}


def train(generator, sequences, n_outputs, loss, seed, past, **settings):
    """Train with the parameters of a generator.

    Parameters
    ----------
    generator : StatefulLSTMGenerator
        Its parameters count, and with `past` its network.
    sequences : list of (x, y)
        Inputs and targets of each recording.
    n_outputs, loss, seed
        As `skmusic.network.train` has them.
    past : list of dict
        Records of the epochs before, to go on from; empty to start anew.
    **settings
        More for `skmusic.network.train`.

    Returns
    -------
    dict
        ``network_`` and ``history_``.
    """
    # Here and not above: TensorFlow takes seconds to load, and playing needs none.
    from skmusic import network

    # Chunks longer than any recording would be padding.
    chunk = min(generator.chunk_length, max(len(x) for x, _ in sequences))
    kept, held_out = split(sequences, generator.validation_fraction, chunk)
    n_chunks = sum(-(-len(x) // chunk) for x, _ in kept)
    units, dropout = layers(
        generator.hidden_layer_sizes, generator.dropout, _LAYERS[loss]
    )
    if past:
        known = tuple(len(U) for _, U, _ in generator.network_["layers"])
        if units != known:
            raise ValueError(
                f"warm_start goes on with hidden_layer_sizes={known}, not {units}; "
                "use warm_start=False."
            )
    n_steps = sum(len(x) for x, _ in kept)
    history = list(past)

    def on_epoch(record):
        history.append({"epoch": len(history) + 1, **record})
        for callback in generator.callbacks or ():
            callback(history[-1])

    with Progress(
        "fit", generator.epochs * n_steps, "steps", generator.verbose
    ) as progress:
        weights, _ = network.train(
            kept,
            held_out,
            loss=loss,
            n_outputs=n_outputs,
            units=units,
            dropout=dropout,
            epochs=generator.epochs,
            learning_rate=generator.learning_rate,
            seed=seed,
            # Enough updates in an epoch also where there is little music.
            n_streams=max(1, min(generator.n_streams, n_chunks // 16)),
            chunk_length=chunk,
            patience=generator.n_iter_no_change if held_out else None,
            network=generator.network_ if past else None,
            on_chunk=lambda n, loss: progress(n, n * STEP_SECONDS, loss=f"{loss:.3f}"),
            on_epoch=on_epoch,
            **settings,
        )
    return {"network_": weights, "history_": history}


def split(sequences, fraction, chunk_length):
    """Beginnings to learn from, ends of at least a chunk to be held out."""
    kept, held_out = [], []
    for x, y in sequences:
        n = int(len(x) * fraction)
        n = n if n >= chunk_length else 0
        kept.append((x[: len(x) - n], y[: len(y) - n]))
        if n:
            held_out.append((x[len(x) - n :], y[len(y) - n :]))
    return kept, held_out


def layers(units, dropout, default):
    """Units of each LSTM layer, and the dropout after it.

    Raises
    ------
    ValueError
        If a layer has no unit, or not each a dropout from 0 to below 1.

    Examples
    --------
    >>> from skmusic.training import layers
    >>> layers((8, 8), 0.5, default=((256,), (0.2,)))
    ((8, 8), (0.5, 0.5))
    """
    if units is None:
        units = default[0]
    if dropout is None:
        # Of the default rates, the last serves all further layers.
        dropout = [default[1][min(k, len(default[1]) - 1)] for k in range(len(units))]
    elif np.ndim(dropout) == 0:
        dropout = [dropout] * len(units)
    units, dropout = tuple(units), tuple(map(float, dropout))
    if (
        not units
        or not all(isinstance(n, Integral) and n >= 1 for n in units)
        or len(dropout) != len(units)
        or not all(0 <= rate < 1 for rate in dropout)
    ):
        raise ValueError(
            f"hidden_layer_sizes={units} with dropout={dropout}: each layer needs a "
            "whole number of units, and a dropout from 0 to below 1 of its own."
        )
    return tuple(map(int, units)), dropout
