"""What training is for every synthesis: sequences, what is held out, progress."""

import hashlib
import warnings
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from numbers import Integral

import numpy as np

from skmusic.network import tbptt
from skmusic.network.checkpoint import Checkpoint
from skmusic.network.numpy_flow import N_ARRAYS
from skmusic.network.numpy_lstm import from_arrays, to_arrays
from skmusic.utils.lengths import length, warn_of_little
from skmusic.utils.progress import Progress

# Units and dropout by default, those of "mse" the article's; streams and steps of a
# chunk.
_LAYERS = {
    "mse": ((256, 256, 256), (0.5, 0.3, 0.2)),
    "flow": ((320, 320), (0.2,)),
}
_CHUNKS = {"mse": (64, 64), "flow": (8, 32)}


@dataclass(frozen=True)
class TrainingSettings:
    """How a network is trained, as `skmusic.StatefulLSTMGenerator` documents it."""

    hidden_layer_sizes: tuple | int | None = None
    dropout: tuple | float | None = None
    epochs: int = 40
    learning_rate: float = 1e-3
    max_minutes: float | None = None
    n_streams: int | None = None
    chunk_length: int | None = None
    validation_fraction: float = 0.1
    n_iter_no_change: int = 4
    checkpoint_dir: object = None
    callbacks: list | None = None
    verbose: int = 0


@dataclass(frozen=True)
class Trained:
    """What training gives.

    The weights of the best epoch, see `skmusic.network.numpy_lstm`; the record of each
    epoch; and where training stands, to go on from.
    """

    network: dict
    history: list
    training: dict


def train(
    sequences,
    n_outputs,
    loss,
    settings,
    rng,
    past=None,
    *,
    playing,
    step_seconds=0.0,
    version=None,
    **more,
):
    """Train a network.

    Parameters
    ----------
    sequences : list of (x, y)
        Inputs and targets of each recording.
    n_outputs, loss
        As `skmusic.network.tbptt.train` has them.
    settings : TrainingSettings
        Its callbacks are told a synthesis and a `Trained` after each epoch.
    rng : numpy.random.RandomState
        Of all chance, unless `past` has its own.
    past : dict or None
        What was trained before, to go on from, see `past_of`; None starts anew.
    playing : callable
        Takes a network, and returns the synthesis that plays with it.
    step_seconds : float
        Length of a step, for the progress that is shown; 0 of what is no sound.
    version : callable or None
        Takes the source of chance of a pass, and returns sequences as this pass is to
        learn them; None leaves them as they are.
    **more
        More for `skmusic.network.tbptt.train`.

    Returns
    -------
    Trained
    """
    # Chunks longer than any recording would be padding.
    n_streams, chunk = _CHUNKS[loss]
    n_streams = settings.n_streams or n_streams
    longest = max(len(x) for x, _ in sequences)
    chunk = min(settings.chunk_length or chunk, longest)
    fraction = settings.validation_fraction
    slices = [split(len(x), fraction, chunk) for x, _ in sequences]
    kept, held_out = (_parts(sequences, each) for each in zip(*slices, strict=True))
    if version is not None:
        more["version"] = lambda rng: _parts(version(rng), [of for of, _ in slices])
    n_chunks = sum(-(-len(x) // chunk) for x, _ in kept)
    units, dropout = layers(
        settings.hidden_layer_sizes, settings.dropout, _LAYERS[loss]
    )
    drawn = int(rng.randint(2**31 - 10_000))
    seed = past.get("seed", drawn) if past else drawn
    named = {
        "loss": loss,
        "n_outputs": n_outputs,
        "units": units,
        "dropout": dropout,
        "learning_rate": float(settings.learning_rate),
        "seed": seed,
        # Some sixteen updates in an epoch also where there is little music.
        "n_streams": max(1, min(n_streams, -(-n_chunks // 16))),
        "chunk_length": chunk,
        "patience": settings.n_iter_no_change if held_out else None,
        **more,
    }
    identity = _identity(named, kept, held_out, past)
    parse = partial(from_arrays, n_flow=N_ARRAYS if loss == "flow" else 0)
    state = _going_on(past, identity, units, parse) if past else None
    minutes = settings.max_minutes
    epochs = settings.epochs + (len(state["history"]) if state else 0)
    checkpoint = None
    if settings.checkpoint_dir is not None:
        older = past.get("identity") if past else None
        checkpoint = Checkpoint(settings.checkpoint_dir, identity, older)
        state = _newer(state, checkpoint.load(), epochs)
    _warn_if_stopped(state, named["patience"])
    n_done = len(state["history"]) if state else 0
    n_steps = sum(len(x) for x, _ in kept)

    def learned(state):
        return Trained(
            parse(state["best"]),
            [dict(record) for record in state["history"]],
            state | {"seed": seed, "identity": identity},
        )

    def on_epoch(state):
        if settings.callbacks:
            trained = learned(state)
            made = playing(trained.network)
            for callback in settings.callbacks:
                callback(made, trained)

    what = "fit"
    if settings.verbose and step_seconds:
        seconds = step_seconds * sum(len(x) for x, _ in sequences)
        what = f"fit to {length(seconds)} of music"
        warn_of_little(seconds)
    # TensorFlow takes seconds to load, which are no part of the progress, and speaks of
    # it; not above, since playing needs none.
    import_module("skmusic.network.keras_lstm")
    with Progress(
        what, (epochs - n_done) * n_steps, "steps", settings.verbose
    ) as progress:
        state = tbptt.train(
            kept,
            held_out,
            epochs=epochs,
            max_seconds=None if minutes is None else 60 * minutes,
            state=state,
            checkpoint=checkpoint,
            on_chunk=lambda n, loss: progress(n, n * step_seconds, loss=f"{loss:.3f}"),
            on_epoch=on_epoch,
            **named,
        )
    return learned(state)


def past_of(network, history, training):
    """What training goes on from, dict; `training` may be None in a smaller model."""
    if training is not None:
        return training
    return {"best": to_arrays(network), "history": history}


def _going_on(past, identity, units, parse):
    """State to go on from, judged anew where the music is another."""
    known = tuple(len(U) for _, U, _ in parse(past["best"])["layers"])
    if units != known:
        raise ValueError(
            f"warm_start goes on with hidden_layer_sizes={known}, not {units}; "
            "use warm_start=False."
        )
    state = {name: past[name] for name in past if name not in ("seed", "identity")}
    if "weights" in state and past["identity"] != identity:
        state["since"] = 0
        if past["identity"]["data"] != identity["data"]:
            state["best_loss"] = float("inf")
    return state


def _newer(state, saved, epochs):
    """The state that is further, of two of the same training."""
    if saved is None or (state and len(saved["history"]) < len(state["history"])):
        return state
    if len(saved["history"]) > epochs:
        raise ValueError(
            f"checkpoint_dir holds {len(saved['history'])} epochs of this training, "
            f"and epochs={epochs} asks for fewer; ask for more, or name a new folder."
        )
    return saved


def _warn_if_stopped(state, patience):
    if state and patience is not None and state.get("since", 0) >= patience:
        warnings.warn(
            f"training had ended after {len(state['history'])} epochs, since "
            f"{patience} brought no better held-out loss; with a larger "
            "n_iter_no_change it goes on.",
            UserWarning,
        )


def _identity(settings, kept, held_out, past):
    """What makes a training what it is; with one state, another would differ."""
    named = dict(settings)
    if named.pop("version", None) is not None:
        named["version"] = "drawn"  # a function has no lasting name
    data = hashlib.sha256()
    for part in (kept, held_out):
        for pair in part:
            for array in pair:
                data.update(f"{array.dtype}{array.shape}".encode())
                data.update(np.ascontiguousarray(array))
        data.update(b"held out")
    identity = {k: str(v) for k, v in named.items()} | {"data": data.hexdigest()}
    if not past:
        return identity
    # The same settings and music as before go on as the same training.
    known = past.get("identity", {})
    if {k: v for k, v in known.items() if k != "beginning"} == identity:
        return known
    beginning = hashlib.sha256()
    for array in past.get("weights", past["best"]):
        beginning.update(np.ascontiguousarray(array))
    return identity | {"beginning": beginning.hexdigest()}


def split(n_steps, fraction, chunk_length):
    """Slices of a recording that are learned, and slices that are held out.

    Held out is a stretch before an end that is as long, so that the end is learned, and
    nothing where it would be shorter than a chunk. A step between the two is neither.
    """
    n = int(n_steps * fraction)
    if n < chunk_length:
        return [slice(0, n_steps)], []
    stop = n_steps - min(n, (n_steps - n) // 2)
    kept = [slice(0, max(stop - n - 1, 0)), slice(stop + 1, n_steps)]
    return [part for part in kept if part.start < part.stop], [slice(stop - n, stop)]


def _parts(sequences, slices):
    """Parts of inputs and targets of recordings."""
    return [
        (x[part], y[part])
        for (x, y), parts in zip(sequences, slices, strict=True)
        for part in parts
    ]


def layers(units, dropout, default):
    """Units of each LSTM layer, and the dropout after it; refuse what is none."""
    if units is None:
        units = default[0]
    if isinstance(units, Integral):
        units = (units,)
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
