"""What training is for both outputs: sequences, what is held out, progress."""

import numpy as np

from skmusic.progress import Progress

# One step is about this long, by the defaults of FFTFeaturizer (stereo).
STEP_SECONDS = 1024 / 44100


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

    chunk = generator.chunk_length
    kept, held_out = split(sequences, generator.validation_fraction, chunk)
    n_chunks = sum(-(-len(x) // chunk) for x, _ in kept)
    units = _default(generator.hidden_layer_sizes, (128, 128), (256, 256, 256), loss)
    dropout = _default(generator.dropout, 0.5, (0.5, 0.3, 0.2), loss)
    units = tuple(int(n) for n in np.atleast_1d(units))
    dropout = np.broadcast_to(dropout, len(units)) if np.ndim(dropout) == 0 else dropout
    if min(units) < 1 or len(dropout) != len(units):
        raise ValueError(
            f"hidden_layer_sizes={units} with dropout={tuple(dropout)}: each layer "
            "needs at least one unit and a dropout of its own."
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
            dropout=[float(rate) for rate in dropout],
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


def _default(value, for_tokens, for_regression, loss):
    if value is not None:
        return value
    return for_tokens if loss == "crossentropy" else for_regression
