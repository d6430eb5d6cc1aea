"""Training of LSTM networks; the only module that imports Keras and TensorFlow.

Arrays go in and arrays come out. Of Keras a few compiled networks outlive a call, to
be used again by the next one of their kind; what they hold does not. State is
carried from chunk to chunk of each stream by hand and set to zero where a
recording starts. Where training stands is a value, too: a dict of arrays.
"""

import contextlib
import os
import threading
import warnings
from functools import partial

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import tensorflow as tf

from skmusic.lanes import lanes

# TensorFlow looks for a GPU at first use, and speaks of it; better at once.
tf.config.list_logical_devices()


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
    noise=0.0,
    skip=None,
    version=None,
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
        Inputs ``(n_steps, n_inputs)``, and targets: ``(n_steps,)`` integers for
        cross-entropy, ``(n_steps, n_outputs)`` for mean squared error.
    loss : {"crossentropy", "mse"}
        What is minimised.
    n_outputs : int
        Numbers that the network gives at each step.
    units, dropout : sequence of int, sequence of float
        Size of each LSTM layer and dropout after it.
    epochs : int
        Passes over the sequences, those of `state` counted.
    learning_rate : float
        Of Adam.
    seed : int
        Of weights, dropout, noise and the order of the sequences.
    n_streams, chunk_length : int
        Lanes that are trained side by side, steps between two updates.
    patience : int or None
        Epochs without a better held-out loss after which training ends; the
        weights of the best epoch are kept. None trains all epochs.
    noise : float
        Standard deviation of the noise on the inputs of the first LSTM layer.
    skip : (A, d) or None
        Weights from the inputs straight to the outputs, and bias, to start from;
        without, there is no such path.
    version : callable or None
        Takes inputs and targets of a sequence, and the source of chance of a pass,
        and returns them as this pass is to learn them; None leaves them as they are.
    state : dict or None
        What to go on from, as `train` returns it, or only ``best`` and
        ``history``: then with new moments. None starts anew.
    checkpoint : skmusic.checkpoint.Checkpoint or None
        Where the state is saved after each epoch, and whenever it is due.
    on_chunk, on_epoch : callable or None
        Told ``(n_steps, loss)`` after each update, and each epoch's record.

    Returns
    -------
    state : dict
        Plain numbers and lists of arrays: ``history``, the records of all epochs
        (``epoch``, ``loss`` and, where something is held out, ``val_loss``);
        ``best``, the weights of the best one, as `skmusic.recurrent` takes them;
        and what training needs to go on: ``weights``, ``rest`` (moments and
        sources of chance), ``best_loss``, ``since``, and ``position`` and
        ``carried``, which are those of a whole epoch.

    Notes
    -----
    Under an active `tf.distribute` strategy each replica trains its share of the
    lanes; noise and dropout then are not those of one device. Only the first process
    writes checkpoints, and only between epochs.

    References
    ----------
    R. Williams and J. Peng, "An efficient gradient-based algorithm for on-line
    training of recurrent network trajectories", Neural Computation 2 (1990).
    """
    n_inputs = sequences[0][0].shape[1]
    kind = n_inputs, n_outputs, tuple(units), tuple(dropout), noise, skip is None
    fresh = _build(n_inputs, n_outputs, units, dropout, noise, skip, seed)
    checkpoint = checkpoint if _is_chief() else None
    with _tools((*kind, loss, n_streams, chunk_length), fresh) as tools:
        model, optimizer, step, evaluate = tools
        state = _start(model, optimizer, state)
        # All but the weights comes from outside, a new learning rate too.
        optimizer.learning_rate = learning_rate

        def epoch(state):
            n_done = len(state["history"])
            rng, learned = np.random.default_rng([seed, n_done]), sequences
            if version is not None:
                learned = [version(x, y, rng) for x, y in sequences]
            first = int(state["position"][0])
            batches = lanes(learned, n_streams, chunk_length, rng, first)
            pause = partial(_save_if_due, checkpoint, model, optimizer, state)
            mean = _pass(model, batches, n_streams, step, state, on_chunk, pause)
            record = {"epoch": n_done + 1, "loss": mean}
            if held_out:
                batches = lanes(held_out, n_streams, chunk_length)
                record["val_loss"] = _pass(model, batches, n_streams, evaluate)
            return _judged(state, record, _taken(model, optimizer))

        n_before = len(state["history"])
        try:
            while len(state["history"]) < epochs:
                if patience is not None and state["since"] >= patience:
                    break
                state = epoch(state)
                if checkpoint is not None:
                    checkpoint.save(state)
                if on_epoch is not None:
                    on_epoch(state["history"][-1])
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


_CLIP_NORM = 1.0
# Updates done, and sums of the loss and of the steps, within an epoch.
_WHOLE = {"position": [0, 0.0, 0.0], "carried": []}


# Networks that no fit uses now, by their kind: what is compiled need not be compiled
# again, and TensorFlow would not give back the memory that it takes.
_idle, _lock, _MOST_IDLE = {}, threading.Lock(), 4


@contextlib.contextmanager
def _tools(kind, fresh):
    """Network, optimizer and compiled functions of a kind, as good as new."""
    alone = not tf.distribute.has_strategy()  # which owns the variables
    with _lock:
        tools = _idle.pop(kind, None) if alone else None
    if tools is None:
        optimizer = keras.optimizers.Adam()
        tools = fresh, optimizer, *_steps(fresh, optimizer, kind[-3])
    else:
        model, optimizer, *_ = tools
        for mine, new in zip(model.variables, fresh.variables, strict=True):
            mine.assign(new.numpy())
        for mine in optimizer.variables:
            mine.assign(np.zeros(mine.shape, mine.dtype))
    yield tools
    if alone:
        with _lock:
            _idle[kind] = tools
            while len(_idle) > _MOST_IDLE:
                del _idle[next(iter(_idle))]


def _start(model, optimizer, state):
    """State to begin with; a given one goes into the model and its optimizer."""
    if state is None:
        state = {"best": model.get_weights(), "history": []}
    if "weights" in state:
        model.set_weights(state["weights"])
        for variable, value in zip(_rest(model, optimizer), state["rest"], strict=True):
            variable.assign(value)
        return state
    model.set_weights(state["best"])
    unjudged = {"best_loss": np.inf, "since": 0}
    return state | unjudged | _WHOLE | _taken(model, optimizer)


def _rest(model, optimizer):
    """Variables beside the weights: sources of chance, moments, counts."""
    weights = {id(v) for v in model.weights}
    return [v for v in model.variables if id(v) not in weights] + optimizer.variables


def _taken(model, optimizer):
    """Values of all variables, copied: the next update may write in place."""

    def values(variables):
        return [np.array(v.numpy()) for v in variables]

    return {"weights": values(model.weights), "rest": values(_rest(model, optimizer))}


def _save_if_due(checkpoint, model, optimizer, begun, position, carried):
    """Save where an epoch stands that has `begun` with this state."""
    # What several devices carry is not all here.
    alone = tf.distribute.get_strategy().num_replicas_in_sync == 1
    if checkpoint is not None and alone and checkpoint.due():
        reached = {"position": position, "carried": [s.numpy() for s in carried]}
        checkpoint.save(begun | _taken(model, optimizer) | reached)


def _judged(state, record, taken):
    """State after an epoch."""
    history = [*state["history"], record]
    # Without a judge the last is the best.
    loss = record.get("val_loss", -float(len(history)))
    better = loss < state["best_loss"]
    found = {"best": taken["weights"], "best_loss": loss, "since": 0}
    missed = {"since": state["since"] + 1}
    return state | taken | _WHOLE | {"history": history} | (found if better else missed)


def _build(n_inputs, n_outputs, units, dropout, noise, skip, seed):
    """Model from inputs and state to outputs and state."""
    x = inputs = keras.Input((None, n_inputs))
    if noise:
        x = keras.layers.GaussianNoise(noise, seed=seed + 2000)(x)
    state_in, state_out = [], []
    for k, (n, rate) in enumerate(zip(units, dropout, strict=True)):
        h, c = keras.Input((n,)), keras.Input((n,))
        layer = keras.layers.LSTM(
            n,
            return_sequences=True,
            return_state=True,
            kernel_initializer=keras.initializers.GlorotUniform(seed + 3 * k),
            recurrent_initializer=keras.initializers.Orthogonal(seed=seed + 3 * k + 1),
            seed=seed,
        )
        x, h_out, c_out = layer(x, initial_state=[h, c])
        x = keras.layers.Dropout(rate, seed=seed + 3 * k + 2)(x)
        state_in += [h, c]
        state_out += [h_out, c_out]
    head = keras.layers.Dense(
        n_outputs, kernel_initializer=keras.initializers.GlorotUniform(seed + 1000)
    )
    z = head(x)
    if skip is not None:
        # What is known beforehand is not left to chance: the LSTM starts small.
        # Zeros to begin with: random numbers would come from Python's own source.
        direct = keras.layers.Dense(
            n_outputs, use_bias=False, kernel_initializer="zeros"
        )
        z = z + direct(inputs)
        direct.set_weights([skip[0]])
        head.set_weights([head.get_weights()[0] * 0.1, skip[1]])
    return keras.Model([inputs, *state_in], [z, *state_out])


def _steps(model, optimizer, loss):
    """Functions of lanes: one that updates the weights, one that only looks."""
    n_replicas = tf.distribute.get_strategy().num_replicas_in_sync

    def losses(x, y, weight, keep, state, training):
        state = [s * keep[:, None] for s in state]
        z, *state = model([x, *state], training=training)
        if loss == "mse":
            each = tf.reduce_mean(tf.square(z - y), axis=-1)
        else:
            each = tf.nn.sparse_softmax_cross_entropy_with_logits(y, z)
        return tf.reduce_sum(each * weight), state

    def step(x, y, weight, keep, state, n_steps):
        with tf.GradientTape() as tape:
            total, state = losses(x, y, weight, keep, state, True)
            mean = total / tf.maximum(n_steps, 1.0)
        variables = model.trainable_variables
        gradients = tape.gradient(mean, variables)
        if n_replicas > 1:
            context = tf.distribute.get_replica_context()
            gradients = context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
        gradients, _ = tf.clip_by_global_norm(gradients, _CLIP_NORM)
        if n_replicas > 1:  # over which the optimizer sums once more
            gradients = [g / n_replicas for g in gradients]
        optimizer.apply(gradients, variables)
        return total, state

    def evaluate(x, y, weight, keep, state, n_steps):
        return losses(x, y, weight, keep, state, False)

    optimizer.build(model.trainable_variables)
    return _spread(step), _spread(evaluate)


def _spread(function):
    """Compiled; where a strategy is active, each replica gets its share of lanes."""
    strategy = tf.distribute.get_strategy()
    n_replicas = strategy.num_replicas_in_sync
    if n_replicas == 1:
        return tf.function(function, reduce_retracing=True)

    @tf.function(reduce_retracing=True)
    def run(lanes, state, n_steps):
        part, state = strategy.run(function, (*lanes, state, n_steps))
        return strategy.reduce(tf.distribute.ReduceOp.SUM, part, axis=None), state

    def spread(*args):
        *lanes, state, n_steps = args
        shares = [_shared(strategy, array) for array in lanes]
        if isinstance(state[0], np.ndarray):  # to begin with; later they are shared
            state = [_shared(strategy, array) for array in state]
        return run(shares, state, n_steps)

    return spread


def _shared(strategy, lanes):
    """Lanes of an array, dealt out to the replicas that are in this process."""
    n_replicas = strategy.num_replicas_in_sync
    if len(lanes) < n_replicas:
        raise ValueError(
            f"{len(lanes)} streams cannot be shared by {n_replicas} replicas; learn "
            "from more music, raise n_streams, or train on fewer devices."
        )
    return strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(
            lanes[context.replica_id_in_sync_group :: n_replicas]
        )
    )


def _is_chief():
    """Whether this process is the one that writes, of those that train together."""
    resolver = tf.distribute.get_strategy().cluster_resolver
    return resolver is None or not resolver.task_id


def _pass(model, batches, n_streams, step, begun=None, on_chunk=None, pause=None):
    """Mean loss of one pass, the state carried along each lane.

    A pass that was `begun` goes on; `pause` is told where it stands after each
    update.
    """
    n_rows, total, n_steps = begun["position"] if begun else _WHOLE["position"]
    state = [np.zeros((n_streams, s.shape[1]), np.float32) for s in model.inputs[1:]]
    if n_rows:
        state = begun["carried"]
    for x, y, weight, keep in batches:
        n = float(weight.sum())
        part, state = step(x, y, weight, keep, state, tf.constant(n))
        n_rows, total, n_steps = n_rows + 1, total + float(part), n_steps + n
        if on_chunk is not None:
            on_chunk(int(n), float(part) / max(n, 1.0))
        if pause is not None:
            pause([n_rows, total, n_steps], state)
    return total / max(n_steps, 1.0)
