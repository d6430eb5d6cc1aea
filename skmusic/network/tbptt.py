"""Truncated back-propagation through time, with the state carried.

Arrays go in and arrays come out. State is carried from chunk to chunk of each stream
by hand and set to zero where a recording starts. Where training stands is a value,
too: a dict of arrays.
"""

import time
import warnings
from functools import partial

import numpy as np

# Updates done, and sums of the loss and of the steps, within an epoch.
_WHOLE = {"position": [0, 0.0, 0.0], "carried": []}


def train(
    sequences,
    held_out=(),
    *,
    loss,
    n_outputs,
    units,
    dropout,
    epochs,
    learning_rate,
    seed,
    n_streams=64,
    chunk_length=64,
    patience=None,
    sampled=False,
    average=0.0,
    version=None,
    max_seconds=None,
    state=None,
    checkpoint=None,
    on_chunk=None,
    on_epoch=None,
):
    """Fit an LSTM network by truncated back-propagation with carried state.

    Training is a function of its state: to go on from a state that an earlier
    call returned, or that was saved in the middle of an epoch, ends with the
    same bits as never to have stopped.

    Parameters
    ----------
    sequences, held_out : list of (x, y)
        Inputs ``(n_steps, n_inputs)``, and targets ``(n_steps, n_outputs)``.
    loss : {"mse", "flow"}
        What is minimised: of a regression, or of a head that draws, see
        `skmusic.network.numpy_flow`.
    n_outputs : int
        Numbers that the network gives at each step.
    units, dropout : sequence of int, sequence of float
        Size of each LSTM layer and dropout after it.
    epochs : int
        Passes over the sequences, those of `state` counted.
    learning_rate : float
        Of Adam.
    seed : int
        Of weights, dropout, draws and the order of the sequences.
    n_streams, chunk_length : int
        Streams that are trained side by side, steps between two updates.
    patience : int or None
        Epochs without a better held-out loss after which training ends; the
        weights of the best epoch are kept. None trains all epochs.
    sampled : bool, default=False
        Of a flow alone, whose first inputs are the outputs of the step before: whether
        the network hears a share of what it draws itself in their place, a share that
        is drawn for each stream.
    average : float
        Share of the average of the weights that an update leaves as it was; it is the
        average that is judged and kept. 0 keeps the last weights.
    version : callable or None
        Takes the source of chance of a pass, and returns sequences as this pass is to
        learn them; None leaves them as they are.
    max_seconds : float or None
        No epoch but the first begins after so long.
    state : dict or None
        What to go on from, as `train` returns it, or only ``best`` and
        ``history``: then with new moments. None starts anew.
    checkpoint : skmusic.network.checkpoint.Checkpoint or None
        Where the state is saved after each epoch, and whenever it is due.
    on_chunk, on_epoch : callable or None
        Told ``(n_steps, loss)`` after each update, and the state after each epoch.

    Returns
    -------
    state : dict
        Plain numbers and lists of arrays: ``history``, the records of all epochs
        (``epoch``, ``loss`` and, where something is held out, ``val_loss``);
        ``best``, the weights of the best one, as
        `skmusic.network.numpy_lstm` takes them;
        and what training needs to go on: ``weights``, ``rest`` (moments and
        sources of chance), ``best_loss``, ``since``, and ``position`` and
        ``carried``, which are those of a whole epoch.

    Notes
    -----
    Under an active `tf.distribute` strategy each replica trains its share of the
    streams; draws and dropout then are not those of one device. Only the first process
    writes checkpoints, and only between epochs.

    References
    ----------
    R. Williams and J. Peng, "An efficient gradient-based algorithm for on-line
    training of recurrent network trajectories", Neural Computation 2 (1990). D.
    Duckworth, A. Neelakantan, B. Goodrich, L. Kaiser and S. Bengio, "Parallel
    scheduled sampling" (2019), for a network that hears what it draws.
    """
    # Here and not above: playing needs no TensorFlow.
    from skmusic.network import keras_lstm as network

    checkpoint = checkpoint if network.is_chief() else None
    # Of more than one device not all states are here, so only between epochs.
    within = checkpoint if network.is_alone() else None
    with network.compiled(
        sequences[0][0].shape[1],
        n_outputs,
        units=units,
        dropout=dropout,
        sampled=sampled,
        seed=seed,
        loss=loss,
        average=average,
        shape=(n_streams, chunk_length),
    ) as (model, optimizer, step, evaluate):
        values = partial(network.values, model, optimizer)
        fresh = values()["rest"]
        if state is None:
            state = {"best": model.get_weights(), "history": []}
        if "weights" in state:
            network.assign(model, optimizer, state["weights"], state["rest"])
        else:
            model.set_weights(state["best"])
            state = state | {"best_loss": np.inf, "since": 0} | _WHOLE | values()
        # All but the weights comes from outside, a new learning rate too.
        optimizer.learning_rate = learning_rate

        def epoch(state):
            n_done = len(state["history"])
            rng, learned = np.random.default_rng([seed, n_done]), sequences
            if version is not None:
                learned = version(rng)
            first = int(state["position"][0])
            batches = streams(learned, n_streams, chunk_length, rng, first)
            pause = partial(_save_if_due, within, values, state)
            mean = _pass(units, batches, n_streams, step, state, on_chunk, pause)
            record, taken = {"epoch": n_done + 1, "loss": mean}, values()
            weights = network.averaged(model, optimizer)
            if held_out:
                batches = streams(held_out, n_streams, chunk_length)
                # With the same chance each time, and none of it used up.
                network.assign(model, optimizer, weights, fresh)
                record["val_loss"] = _pass(units, batches, n_streams, evaluate)
                network.assign(model, optimizer, taken["weights"], taken["rest"])
            return _judged(state, record, taken, weights)

        n_before, begun = len(state["history"]), time.monotonic()

        def is_late():
            if max_seconds is None or len(state["history"]) == n_before:
                return False
            return time.monotonic() - begun > max_seconds

        try:
            while len(state["history"]) < epochs:
                if patience is not None and state["since"] >= patience:
                    break
                if is_late():
                    break
                state = epoch(state)
                if checkpoint is not None:
                    checkpoint.save(state)
                if on_epoch is not None:
                    on_epoch(state)
        except KeyboardInterrupt:
            n_done = len(state["history"])
            if n_done == n_before:
                raise
            # What was learned so far is worth keeping.
            warnings.warn(
                f"training was interrupted after {n_done} of {epochs} epochs; "
                "what was learned so far is kept.",
                UserWarning,
            )
    return state


def _save_if_due(checkpoint, values, begun, position, carried):
    """Save where an epoch stands that has `begun` with this state."""
    if checkpoint is not None and checkpoint.due():
        reached = {"position": position, "carried": [s.numpy() for s in carried]}
        checkpoint.save(begun | values() | reached)


def _judged(state, record, taken, weights):
    """State after an epoch that took the state there, and gave these weights."""
    history = [*state["history"], record]
    # Without a judge the last is the best.
    loss = record.get("val_loss", -float(len(history)))
    better = loss < state["best_loss"]
    found = {"best": weights, "best_loss": loss, "since": 0}
    missed = {"since": state["since"] + 1}
    return state | taken | _WHOLE | {"history": history} | (found if better else missed)


def _pass(units, batches, n_streams, step, begun=None, on_chunk=None, pause=None):
    """Mean loss of one pass, the state carried along each stream.

    A pass that was `begun` goes on; `pause` is told where it stands after each
    update.
    """
    n_rows, total, n_steps = begun["position"] if begun else _WHOLE["position"]
    state = [np.zeros((n_streams, n), np.float32) for n in units for _ in range(2)]
    if n_rows:
        state = begun["carried"]
    for x, y, weight, keep in batches:
        n = float(weight.sum())
        part, state = step(x, y, weight, keep, state, np.array(n, np.float32))
        n_rows, total, n_steps = n_rows + 1, total + float(part), n_steps + n
        if on_chunk is not None:
            on_chunk(int(n), float(part) / max(n, 1.0))
        if pause is not None:
            pause([n_rows, total, n_steps], state)
    return total / max(n_steps, 1.0)


def streams(sequences, n_streams, chunk_length, rng=None, first=0):
    """Batches of chunks; each stream goes through recordings one after the other.

    Yielded are inputs and targets ``(n_streams, chunk_length, ...)``, their weights, 0
    where they are padding, and ``(n_streams,)`` 0 where the state starts anew. `rng`
    shuffles the recordings and rotates the ring of chunks, so that streams begin
    elsewhere in each epoch. The `first` batches are passed over.
    """
    order = range(len(sequences)) if rng is None else rng.permutation(len(sequences))
    ring = [
        (i, start)
        for i in order
        for start in range(0, len(sequences[i][0]), chunk_length)
    ]
    if rng is not None:
        first_chunk = rng.integers(len(ring))
        ring = ring[first_chunk:] + ring[:first_chunk]
    # Each stream is a stretch of the ring, padded with nothing at its end.
    n_rows = -(-len(ring) // n_streams)
    ring += [None] * (n_rows * n_streams - len(ring))
    x0, y0 = sequences[0]
    for row in range(first, n_rows):
        x = np.zeros((n_streams, chunk_length, *x0.shape[1:]), np.float32)
        y = np.zeros((n_streams, chunk_length, *y0.shape[1:]), np.float32)
        weight = np.zeros((n_streams, chunk_length), np.float32)
        keep = np.zeros(n_streams, np.float32)
        for stream in range(n_streams):
            chunk = ring[stream * n_rows + row]
            if chunk is None:
                continue
            i, start = chunk
            part = slice(start, start + chunk_length)
            n = len(sequences[i][1][part])
            x[stream, :n], y[stream, :n] = sequences[i][0][part], sequences[i][1][part]
            weight[stream, :n] = 1
            # The state is that of the chunk before, unless a recording begins.
            keep[stream] = row > 0 and start > 0
        yield x, y, weight, keep
