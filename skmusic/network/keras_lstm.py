"""LSTM networks in Keras; the only module that imports Keras and TensorFlow.

State goes in and comes out: a network is a function of its inputs and of the state
of its layers. A few compiled networks outlive a call, to be used again by the next
one of their kind; what they hold does not.

All layers have names: TensorFlow orders sums by them, and names that Keras counts up
would change the last bits of a fit with the networks that a process built before.
"""

import contextlib
import os
import threading

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import tensorflow as tf

from skmusic.network.numpy_flow import (
    LARGEST,
    N_BLOCKS,
    N_TIMES,
    SMALLEST,
    usual_velocity,
)

# TensorFlow looks for a GPU at first use, and speaks of it; better at once.
tf.config.list_logical_devices()

_CLIP_NORM = 1.0
# Of a flow: units that the time goes through, and places on the path that are learned
# of each step.
_TIME_UNITS, _PLACES = 64, 2
# Steps of the path by which a network in training draws, and updates until it hears
# draws that follow nothing.
_N_PATH, _RAMP = 4, 1000

# Networks that no fit uses now, by their kind: what is compiled need not be compiled
# again, and TensorFlow would not give back the memory that it takes. With each are the
# values that it began with, by their seed: to make these takes memory and time, too.
_idle, _lock, _MOST_IDLE = {}, threading.Lock(), 4


@contextlib.contextmanager
def compiled(
    n_inputs, n_outputs, *, units, dropout, sampled, seed, loss, average, shape
):
    """Network, optimizer and two compiled functions, as good as new.

    Arguments are those of `skmusic.network.tbptt.train`, and the streams and the steps
    of a chunk that the functions are compiled for. The functions, ``step`` and
    ``evaluate``, take the streams of a batch (``x, y, weight, keep``), the state, and
    the steps that count in the batch. They return the sum of the losses and the state
    after; ``step`` updates the weights.
    """
    kind = n_inputs, n_outputs, tuple(units), tuple(dropout)
    kind = *kind, sampled, loss, average, *shape
    build = _build_flow if loss == "flow" else _build
    alone = not tf.distribute.has_strategy()  # which owns the variables
    with _lock:
        tools, begun = (_idle.pop(kind, None) if alone else None) or (None, {})
    if seed not in begun:
        fresh = build(n_inputs, n_outputs, units, dropout, seed)
        begun = {seed: [np.array(v.numpy()) for v in fresh.variables]}
    if tools is None:
        optimizer = keras.optimizers.Adam(use_ema=average > 0, ema_momentum=average)
        tools = fresh, optimizer, *_steps(fresh, optimizer, loss, sampled)
    else:
        model, optimizer, *_ = tools
        for mine, value in zip(model.variables, begun[seed], strict=True):
            mine.assign(value)
        for mine in optimizer.variables:
            mine.assign(np.zeros(mine.shape, mine.dtype))
    yield tools
    if alone:
        with _lock:
            _idle[kind] = tools, begun
            while len(_idle) > _MOST_IDLE:
                del _idle[next(iter(_idle))]


def values(model, optimizer):
    """Weights, and the rest (sources of chance, moments, counts), as arrays.

    They are copied: the next update may write in place.
    """

    def copied(variables):
        return [np.array(v.numpy()) for v in variables]

    rest = _beside_weights(model, optimizer)
    return {"weights": copied(model.weights), "rest": copied(rest)}


def assign(model, optimizer, weights, rest):
    """Go on from what `values` returned."""
    model.set_weights(weights)
    for variable, value in zip(_beside_weights(model, optimizer), rest, strict=True):
        variable.assign(value)


def averaged(model, optimizer):
    """Weights averaged over the last updates; those of the last one without average."""
    last = model.get_weights()
    optimizer.finalize_variable_values(model.trainable_variables)
    mean = model.get_weights()
    model.set_weights(last)
    return mean


def is_alone():
    """Whether no other device trains the same network."""
    return tf.distribute.get_strategy().num_replicas_in_sync == 1


def is_chief():
    """Whether this process is the one that writes, of those that train together."""
    resolver = tf.distribute.get_strategy().cluster_resolver
    return resolver is None or not resolver.task_id


def _beside_weights(model, optimizer):
    weights = {id(v) for v in model.weights}
    return [v for v in model.variables if id(v) not in weights] + optimizer.variables


def _build(n_inputs, n_outputs, units, dropout, seed):
    """Model from inputs and state to outputs and state."""
    inputs = keras.Input((None, n_inputs), name="inputs")
    x, state_in, state_out = _layers(inputs, units, dropout, seed)
    start = keras.initializers.GlorotUniform(seed + 1000)
    z = keras.layers.Dense(n_outputs, kernel_initializer=start, name="outputs")(x)
    return keras.Model([inputs, *state_in], [z, *state_out], name="network")


def _layers(x, units, dropout, seed):
    """Output of LSTM layers, their states to begin with, and those at the end."""
    state_in, state_out = [], []
    for k, (n, rate) in enumerate(zip(units, dropout, strict=True)):
        h, c = (keras.Input((n,), name=f"{s}_{k}") for s in "hc")
        layer = keras.layers.LSTM(
            n,
            return_sequences=True,
            return_state=True,
            kernel_initializer=keras.initializers.GlorotUniform(seed + 3 * k),
            recurrent_initializer=keras.initializers.Orthogonal(seed=seed + 3 * k + 1),
            seed=seed,
            name=f"lstm_{k}",
        )
        x, h_out, c_out = layer(x, initial_state=[h, c])
        x = keras.layers.Dropout(rate, seed=seed + 3 * k + 2, name=f"dropout_{k}")(x)
        state_in += [h, c]
        state_out += [h_out, c_out]
    return x, state_in, state_out


def _build_flow(n_inputs, n_outputs, units, dropout, seed):
    """Model from inputs, state and what comes next to the loss of each step and state.

    See `skmusic.network.numpy_flow`; the vector that comes next is the last input.
    """
    inputs = keras.Input((None, n_inputs), name="inputs")
    target = keras.Input((None, n_outputs), name="target")
    x, state_in, state_out = _layers(inputs, units, dropout, seed)
    each = _FlowLoss(n_outputs, units[-1], seed + 1000)([x, inputs, target])
    return keras.Model([inputs, *state_in, target], [each, *state_out], name="network")


class _FlowLoss(keras.layers.Layer):
    """Loss of what is drawn, one number a step.

    That is how unlikely the target is by mean and deviation, and the squared error of
    the velocity at places drawn by chance.
    """

    def __init__(self, n_outputs, width, seed):
        super().__init__(name="loss")
        self.parts = width, n_outputs, n_outputs
        self.chance = keras.random.SeedGenerator(seed)

        def dense(n, k, start=None, **options):
            start = start or keras.initializers.GlorotUniform(seed + k)
            return keras.layers.Dense(
                n, kernel_initializer=start, name=f"dense_{k}", **options
            )

        def condition(k, **options):
            """Layer that tells the condition, mean and deviation, at first 0 and 1."""
            known = keras.initializers.GlorotUniform(seed + k)

            def start(shape, dtype=None):
                nothing = tf.zeros((shape[0], 2 * n_outputs), dtype)
                return tf.concat([known((shape[0], width), dtype), nothing], axis=1)

            return dense(sum(self.parts), k, start, **options)

        # In the order of `skmusic.network.numpy_lstm` and then of `numpy_flow`.
        self.head, self.skip = condition(1), condition(2, use_bias=False)
        self.inputs_ = dense(width, 3, use_bias=False)
        self.times = dense(_TIME_UNITS, 4, activation="silu")
        self.blocks = []
        for k in range(10, 10 * N_BLOCKS + 1, 10):
            # Nothing of a block is heard at first: its gate is closed.
            self.blocks.append(dense(3 * width, k, start="zeros", use_bias=False))
            self.blocks.append(dense(3 * width, k + 1, start="zeros"))
            self.blocks.append(dense(width, k + 2, activation="silu"))
            self.blocks.append(dense(width, k + 3))
        self.norm = keras.layers.LayerNormalization(
            center=False, scale=False, name="norm"
        )
        self.outputs_ = dense(n_outputs, 5, start="zeros")

    def call(self, x):
        hidden, heard, target = x
        said, mean, log_deviation = self._known(hidden, heard)
        target = (target - mean) * tf.exp(-log_deviation)
        unlikely = tf.reduce_mean(tf.square(target) / 2 + log_deviation, axis=-1)
        # From here on, several places on the path to each target.
        target = tf.repeat(_flat(tf.stop_gradient(target)), _PLACES, axis=0)
        said = [tf.repeat(z, _PLACES, axis=0) for z in said]
        noise = keras.random.normal(tf.shape(target), seed=self.chance)
        place = keras.random.normal((tf.shape(target)[0], 1), seed=self.chance)
        # More of the middle of a path, where most is decided.
        t = tf.sigmoid(place)
        velocity = self._velocity((1 - t) * noise + t * target, t, *said)
        error = tf.reduce_mean(tf.square(velocity - (target - noise)), axis=-1)
        shape = tf.concat([tf.shape(hidden)[:2], [_PLACES]], axis=0)
        return unlikely + tf.reduce_mean(tf.reshape(error, shape), axis=-1)

    def draw(self, hidden, heard, followed, amount):
        """Vectors of chance, as `skmusic.network.numpy_flow.draw` has it.

        Those that are followed are ``(n_streams, n_steps, n_outputs)``, as what is
        drawn; the amount that is chance, up to 1, is that of a stream ``(n_streams, 1,
        1)``.
        """
        said, mean, log_deviation = self._known(hidden, heard)
        followed = (followed - mean) * tf.exp(-log_deviation)
        noise = keras.random.normal(tf.shape(mean), seed=self.chance)
        x = _flat(amount * noise + (1 - amount) * followed)
        step = _flat(amount * tf.ones_like(mean[..., :1])) / _N_PATH
        for k in range(0, _N_PATH, 2):
            t = 1 - (_N_PATH - k) * step
            middle = x + step * self._velocity(x, t, *said)
            x += 2 * step * self._velocity(middle, t + step, *said)
        return mean + tf.exp(log_deviation) * tf.reshape(x, tf.shape(mean))

    def _known(self, hidden, heard):
        """What velocities hear of a condition; mean and logarithm of the deviation."""
        known = self.head(hidden) + self.skip(heard)
        condition, mean, log_deviation = tf.split(known, self.parts, axis=-1)
        condition = _flat(tf.nn.silu(condition))
        said = [condition, *(said(condition) for said in self.blocks[::4])]
        return said, mean, tf.clip_by_value(log_deviation, SMALLEST, LARGEST)

    def _velocity(self, x, t, condition, *said):
        """As `skmusic.network.numpy_flow` has it."""
        angles = t * tf.exp(tf.linspace(0.0, 6.0, N_TIMES))
        told = self.times(tf.concat([tf.sin(angles), tf.cos(angles)], axis=-1))
        y = self.inputs_(x) + condition
        parts = (self.blocks[k::4] for k in range(1, 4))
        for known, now, first, second in zip(said, *parts, strict=True):
            scale, shift, gate = tf.split(known + now(told), 3, axis=-1)
            y = y + gate * second(first(self.norm(y) * (1 + scale) + shift))
        return usual_velocity(t) * x + self.outputs_(self.norm(y))


def _flat(x):
    """Vectors of all streams and steps ``(n, width)``."""
    return tf.reshape(x, (-1, x.shape[-1]))


def _sampler(model, optimizer):
    """Function of inputs and state: inputs, the first of which the network draws.

    These are the outputs of the step before, followed by as much as chance has it for
    each stream. All steps are drawn at once, after inputs as they were.
    """
    loss = model.get_layer("loss")
    n = loss.parts[-1]
    trunk = keras.Model(model.inputs[:-1], loss.input[0], name="trunk")

    def sample(x, state):
        most = tf.minimum(tf.cast(optimizer.iterations, tf.float32) / _RAMP, 1.0)
        amount = most * keras.random.uniform((tf.shape(x)[0], 1, 1), seed=loss.chance)
        # The last step is drawn for nothing: what it leads to is not known.
        followed = tf.roll(x[..., :n], -1, axis=1)
        drawn = loss.draw(trunk([x, *state], training=False), x, followed, amount)
        heard = tf.concat([x[:, :1, :n], drawn[:, :-1]], axis=1)
        return tf.concat([heard, x[..., n:]], axis=-1)

    return sample


def _steps(model, optimizer, loss, sampled):
    """Functions of streams: one that updates the weights, one that only looks."""
    n_replicas = tf.distribute.get_strategy().num_replicas_in_sync
    sample = _sampler(model, optimizer) if sampled else None

    def losses(x, y, weight, state, training):
        if loss == "flow":
            each, *state = model([x, *state, y], training=training)
            return tf.reduce_sum(each * weight), state
        z, *state = model([x, *state], training=training)
        each = tf.reduce_mean(tf.square(z - y), axis=-1)
        return tf.reduce_sum(each * weight), state

    def step(x, y, weight, keep, state, n_steps):
        state = [s * keep[:, None] for s in state]
        if sample is not None:
            x = sample(x, state)
        with tf.GradientTape() as tape:
            total, state = losses(x, y, weight, state, True)
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
        state = [s * keep[:, None] for s in state]
        return losses(x, y, weight, state, False)

    optimizer.build(model.trainable_variables)
    return _spread(step), _spread(evaluate)


def _spread(function):
    """Compiled; where a strategy is active, each replica gets its share of streams."""
    strategy = tf.distribute.get_strategy()
    n_replicas = strategy.num_replicas_in_sync
    if n_replicas == 1:
        return tf.function(function, reduce_retracing=True)

    @tf.function(reduce_retracing=True)
    def run(streams, state, n_steps):
        part, state = strategy.run(function, (*streams, state, n_steps))
        return strategy.reduce(tf.distribute.ReduceOp.SUM, part, axis=None), state

    def spread(*args):
        *streams, state, n_steps = args
        shares = [_shared(strategy, array) for array in streams]
        if isinstance(state[0], np.ndarray):  # to begin with; later they are shared
            state = [_shared(strategy, array) for array in state]
        return run(shares, state, n_steps)

    return spread


def _shared(strategy, streams):
    """Streams of an array, dealt out to the replicas that are in this process."""
    n_replicas = strategy.num_replicas_in_sync
    if len(streams) < n_replicas:
        raise ValueError(
            f"{len(streams)} streams cannot be shared by {n_replicas} replicas; learn "
            "from more music, raise n_streams, or train on fewer devices."
        )
    return strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(
            streams[context.replica_id_in_sync_group :: n_replicas]
        )
    )
