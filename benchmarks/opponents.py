"""What skmusic's speed is held against: the article's loop, plain Keras, plain FFTs.

Keras and TensorFlow are imported where they are used: most opponents need neither.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import scipy.fft
import soundfile
import soxr
from measuring import seconds
from scipy.signal import ShortTimeFFT

# The article's: samples in a frame, numbers of its stereo spectrum, frames in a batch.
N, N_DIMS, BATCH = 256, 1024, 32


def windows(x, N):
    """Windows ``(n_channels, n_windows, N)`` of ``(n_channels, n_samples)``, a view."""
    return np.lib.stride_tricks.sliding_window_view(x, N, axis=1)[:, :: N // 2]


def fft_opponents(x, w):
    """Ways to the spectrum and back: ``{name: (forward, backward)}``.

    Parameters
    ----------
    x : ndarray of shape (n_channels, n_samples), float32
        Waveform, contiguous in time, as these ways like it best.
    w : ndarray of shape (N,), float32
        Window for both directions; the hop is half of it.
    """
    import librosa

    n, hop = len(w), len(w) // 2
    short = ShortTimeFFT(w.astype(np.float64), hop, 1.0)
    spectra = scipy.fft.rfft(windows(x, n) * w)
    theirs = librosa.stft(x, n_fft=n, hop_length=hop, window=w)
    shorts = short.stft(x)
    return {
        "bare rfft": (
            lambda: scipy.fft.rfft(windows(x, n) * w),
            lambda: scipy.fft.irfft(spectra, n=n) * w,
        ),
        "librosa": (
            lambda: librosa.stft(x, n_fft=n, hop_length=hop, window=w),
            lambda: librosa.istft(theirs, hop_length=hop, window=w),
        ),
        "ShortTimeFFT": (lambda: short.stft(x), lambda: short.istft(shorts)),
    }


def decode(paths, sr, threads):
    """Decode and resample, nothing more, in threads; the number of samples."""

    def read(path):
        x, rate = soundfile.read(path, dtype="float32", always_2d=True)
        return len(x if rate == sr else soxr.resample(x, rate, sr, quality="HQ"))

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(read, map(str, paths)))


def sgemm(n=2048, repeats=8):
    """Best rate of a product of two n x n matrices, GFLOP/s: OpenBLAS's, TensorFlow's.

    The higher of the two is what the machine can do.
    """
    import tensorflow as tf

    a = np.random.default_rng(0).random((n, n), np.float32)
    b = tf.constant(a)
    product = tf.function(tf.matmul)
    rates = []
    for multiply in (lambda: a @ a, lambda: product(b, b).numpy()):
        multiply()
        rates.append(2 * n**3 / min(seconds(multiply) for _ in range(repeats)) / 1e9)
    return rates


class Article:
    """The article's network and its loop as written: one step, batches of 32 frames.

    The batch axis holds 32 consecutive frames, the target is 32 frames ahead; the
    state is kept from batch to batch and reset after each recording.

    References
    ----------
    https://github.com/niisan-tokyo/music_generator
    """

    def __init__(self):
        import keras

        layers = [keras.Input(batch_shape=(BATCH, 1, N_DIMS))]
        for k, rate in enumerate((0.5, 0.3, 0.2)):
            layers += [
                keras.layers.LSTM(256, stateful=True, return_sequences=k < 2),
                keras.layers.Dropout(rate),
            ]
        self.model = keras.Sequential([*layers, keras.layers.Dense(N_DIMS)])
        self.model.compile(loss="mean_squared_error", optimizer="adam")

    def fit(self, recordings):
        """One pass; frames ``(n_frames, 1024)`` of each recording."""
        for frames in recordings:
            n = (len(frames) - BATCH) // BATCH * BATCH
            x, y = frames[:n, None], frames[BATCH : n + BATCH]
            self.model.fit(x, y, batch_size=BATCH, epochs=1, shuffle=False, verbose=0)
            for layer in self.model.layers:
                if hasattr(layer, "reset_states"):
                    layer.reset_states()

    def sample(self, frames, n_frames):
        """Frames that follow 32 frames: one `predict` for each 32."""
        made = [frames[:BATCH]]
        for _ in range(n_frames // BATCH):
            last = made[-1][:, None]
            made.append(self.model.predict(last, batch_size=BATCH, verbose=0))
        return np.concatenate(made[1:])


def keras_network(n_inputs, n_outputs, units, dropout):
    """Skmusic's network in plain Keras: stateless, compiled, for `fit` over chunks."""
    import keras

    inputs = x = keras.Input((None, n_inputs))
    x = keras.layers.GaussianNoise(0.7)(x)
    for n in units:
        x = keras.layers.LSTM(n, return_sequences=True)(x)
        x = keras.layers.Dropout(dropout)(x)
    direct = keras.layers.Dense(n_outputs, use_bias=False)(inputs)
    outputs = keras.layers.Dense(n_outputs)(x) + direct
    model = keras.Model(inputs, outputs)
    model.compile(
        keras.optimizers.Adam(1e-3, global_clipnorm=1.0),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


def keras_recurrent(units, x):
    """Function: forward and backward through plain Keras LSTM layers, compiled."""
    import keras
    import tensorflow as tf

    stack = keras.Sequential(
        [keras.layers.LSTM(n, return_sequences=True) for n in units]
    )
    x = tf.constant(x)
    stack(x)

    @tf.function
    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(tf.square(stack(x)))
        return total, tape.gradient(total, [x, *stack.trainable_variables])

    return lambda: run(x)[0].numpy()


def lstm_flops(units, n_inputs, n_outputs=0, n_direct=0):
    """Operations of one step forward; training takes three times as many."""
    flops = 2 * n_direct * n_outputs
    for n in units:
        flops, n_inputs = flops + 2 * 4 * n * (n_inputs + n), n
    return flops + 2 * n_inputs * n_outputs
