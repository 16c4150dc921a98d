"""Keras's side of encode-inception-v3-keras: its own network under tf.function."""
import json
import os
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"
import keras
import tensorflow as tf

from peers.serve import serve

sizes = json.loads((Path(__file__).parent / "encode-inception-v3.json").read_text())
network = keras.applications.InceptionV3(weights=None, include_top=False, pooling="avg")
pixels = tf.random.uniform([sizes["batch"], sizes["size"], sizes["size"], 3], 0, 256, tf.int32)


@tf.function
def features(x):
    return network(tf.cast(x, tf.float32) / 127.5 - 1, training=False)


def work():
    for _ in range(sizes["batches"]):
        features(pixels).numpy()
    return sizes["batches"] * sizes["batch"]


serve(work)
