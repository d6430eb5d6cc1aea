"""Training of LSTM networks; the only module that imports Keras and TensorFlow.

Arrays go in and arrays come out: nothing of Keras outlives a call. State is
carried from chunk to chunk of each stream by hand and set to zero where a
recording starts.
"""

import os
import warnings

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import tensorflow as tf

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
    network=None,
    on_chunk=None,
    on_epoch=None,
):
    """Fit an LSTM network by truncated back-propagation with carried state.

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
        Passes over the sequences.
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
    network : dict or None
        Weights to start from, as `skmusic.recurrent` has them.
    on_chunk, on_epoch : callable or None
        Told ``(n_steps, loss)`` after each update, and each epoch's record.

    Returns
    -------
    network : dict
        Weights as `skmusic.recurrent` has them, float32.
    history : list of dict
        ``loss`` and, where something is held out, ``val_loss`` of each epoch.

    References
    ----------
    R. Williams and J. Peng, "An efficient gradient-based algorithm for on-line
    training of recurrent network trajectories", Neural Computation 2 (1990).
    """
    rng = np.random.default_rng(seed)
    n_inputs = sequences[0][0].shape[1]
    model = _build(n_inputs, n_outputs, units, dropout, noise, skip, seed)
    if network is not None:
        model.set_weights(_weights(network))
    optimizer = keras.optimizers.Adam(learning_rate, global_clipnorm=1.0)
    step, evaluate = _steps(model, optimizer, loss)
    best, best_loss, since, history = model.get_weights(), np.inf, 0, []
    try:
        for _ in range(epochs):
            batches = lanes(sequences, n_streams, chunk_length, rng)
            record = {"loss": _pass(model, batches, n_streams, step, on_chunk)}
            if held_out:
                batches = lanes(held_out, n_streams, chunk_length)
                record["val_loss"] = _pass(model, batches, n_streams, evaluate)
            history.append(record)
            judged = record.get("val_loss", -len(history))
            if judged < best_loss:
                best, best_loss, since = model.get_weights(), judged, 0
            else:
                since += 1
            if on_epoch is not None:
                on_epoch(record)
            if patience is not None and since >= patience:
                break
    except KeyboardInterrupt:
        if not history:
            raise
        # What was learned so far is worth keeping.
        warnings.warn(
            f"training was interrupted after {len(history)} of {epochs} epochs; "
            "what was learned so far is kept.",
            UserWarning,
        )
    return _network(best, len(units)), history


def lanes(sequences, n_streams, chunk_length, rng=None):
    """Batches of chunks, each lane a walk through the recordings in turn.

    Parameters
    ----------
    sequences : list of (x, y)
        Inputs and targets.
    n_streams, chunk_length : int
        Lanes of a batch, steps of a chunk.
    rng : numpy.random.Generator or None
        Shuffles the recordings and turns the ring of chunks, so that lanes are
        cut elsewhere in each epoch.

    Yields
    ------
    x, y, weight, keep
        ``(n_streams, chunk_length, ...)`` inputs and targets, weight 0 where
        they are padding, and ``(n_streams,)`` 0 where the state starts anew.
    """
    order = range(len(sequences)) if rng is None else rng.permutation(len(sequences))
    ring = [
        (i, start)
        for i in order
        for start in range(0, len(sequences[i][0]), chunk_length)
    ]
    if rng is not None:
        turn = rng.integers(len(ring))
        ring = ring[turn:] + ring[:turn]
    n_rows = -(-len(ring) // n_streams)
    ring += [None] * (n_rows * n_streams - len(ring))
    x0, y0 = sequences[0]
    for row in range(n_rows):
        x = np.zeros((n_streams, chunk_length, *x0.shape[1:]), np.float32)
        y = np.zeros((n_streams, chunk_length, *y0.shape[1:]), y0.dtype)
        weight = np.zeros((n_streams, chunk_length), np.float32)
        keep = np.zeros(n_streams, np.float32)
        for lane in range(n_streams):
            chunk = ring[lane * n_rows + row]
            if chunk is None:
                continue
            i, start = chunk
            part = slice(start, start + chunk_length)
            n = len(sequences[i][1][part])
            x[lane, :n], y[lane, :n] = sequences[i][0][part], sequences[i][1][part]
            weight[lane, :n] = 1
            keep[lane] = row > 0 and start > 0
        yield x, y, weight, keep


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
    """Compiled functions: one that updates the weights, one that only looks."""

    def losses(x, y, weight, state, training):
        z, *state = model([x, *state], training=training)
        if loss == "mse":
            each = tf.reduce_mean(tf.square(z - y), axis=-1)
        else:
            each = tf.nn.sparse_softmax_cross_entropy_with_logits(y, z)
        return tf.reduce_sum(each * weight), state

    @tf.function(reduce_retracing=True)
    def step(x, y, weight, state):
        with tf.GradientTape() as tape:
            total, state = losses(x, y, weight, state, True)
            mean = total / tf.maximum(tf.reduce_sum(weight), 1.0)
        variables = model.trainable_variables
        optimizer.apply(tape.gradient(mean, variables), variables)
        return total, state

    @tf.function(reduce_retracing=True)
    def evaluate(x, y, weight, state):
        return losses(x, y, weight, state, False)

    optimizer.build(model.trainable_variables)
    return step, evaluate


def _pass(model, batches, n_streams, step, on_chunk=None):
    """Mean loss of one pass, the state carried along each lane."""
    state = [tf.zeros((n_streams, s.shape[1])) for s in model.inputs[1:]]
    total = n_steps = 0.0
    for x, y, weight, keep in batches:
        state = [s * keep[:, None] for s in state]
        part, state = step(x, y, weight, state)
        n = float(weight.sum())
        total, n_steps = total + float(part), n_steps + n
        if on_chunk is not None:
            on_chunk(int(n), float(part) / max(n, 1.0))
    return total / max(n_steps, 1.0)


def _network(weights, n_layers):
    layers = [tuple(weights[3 * k : 3 * k + 3]) for k in range(n_layers)]
    head, skip = weights[3 * n_layers :][:2], weights[3 * n_layers + 2 :]
    return {"layers": layers, "head": tuple(head), "skip": tuple(skip)}


def _weights(network):
    """Arrays in the order of the model's weights."""
    parts = [*network["layers"], network["head"], network["skip"]]
    return [array for part in parts for array in part]
