"""Training on several devices, in processes of their own: run by test_distributed.

``python strategies.py mirrored|INDEX PORT PORT`` prints the losses as JSON.
"""

import json
import os
import sys

import numpy as np


def find_strategy(what, ports):
    """Strategy of this process, which TensorFlow must be told before it begins."""
    if ports:
        addresses = [f"127.0.0.1:{port}" for port in ports]
        task = {"type": "worker", "index": int(what)}
        os.environ["TF_CONFIG"] = json.dumps(
            {"cluster": {"worker": addresses}, "task": task}
        )
    import tensorflow as tf

    if what == "mirrored":
        (cpu,) = tf.config.list_physical_devices("CPU")
        two = [tf.config.LogicalDeviceConfiguration()] * 2
        tf.config.set_logical_device_configuration(cpu, two)
        return tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"])
    return tf.distribute.MultiWorkerMirroredStrategy()


def learn():
    """History of a training on the devices of this process."""
    from skmusic import StatefulLSTMGenerator

    rng = np.random.default_rng(0)
    X = [np.cumsum(rng.standard_normal((n, 8)), axis=0) * 0.1 for n in (900, 700, 333)]
    generator = StatefulLSTMGenerator(
        "regression",
        hidden_layer_sizes=(12, 8),
        dropout=0,
        epochs=4,
        n_streams=7,  # which two cannot share alike
        chunk_length=16,
        learning_rate=1e-2,
        random_state=0,
    )
    return generator.fit(X).history_


def main():
    """Train, and print the history."""
    what, *ports = sys.argv[1:]
    with find_strategy(what, ports).scope():
        print(json.dumps(learn()))


if __name__ == "__main__":
    main()
