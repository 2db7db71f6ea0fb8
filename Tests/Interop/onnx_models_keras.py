"""Keras models through tf2onnx."""

import numpy as np
import tensorflow as tf
import tf2onnx
from onnx_models import ROWS
from tensorflow import keras

STEPS = 10


def wide_and_deep():
    ids = [keras.Input((1,), dtype="int32", name=f"id{i}") for i in range(3)]
    dense = keras.Input((4,), name="numbers")
    parts = [keras.layers.Flatten()(keras.layers.Embedding(50, 4)(x)) for x in ids]
    x = keras.layers.Concatenate()([*parts, dense])
    x = keras.layers.Dense(16, activation="relu")(x)
    x = keras.layers.BatchNormalization()(x)
    heads = [
        keras.layers.Dense(1, activation="sigmoid", name="click")(x),
        keras.layers.Dense(5, activation="softmax", name="classes")(x),
    ]
    return keras.Model([*ids, dense], heads)


def tokens():
    return keras.Input((STEPS,), dtype="int32", name="tokens")


def recurrent(layer):
    x = ids = tokens()
    x = keras.layers.Embedding(60, 8)(x)
    x = layer(x)
    return keras.Model(ids, keras.layers.Dense(3, activation="softmax", name="classes")(x))


def approximate_gelu(x):
    """By tanh: tf2onnx has no operator for the exact one's erfc."""
    return keras.activations.gelu(x, approximate=True)


def convolved():
    ids = tokens()
    x = keras.layers.Embedding(60, 8)(ids)
    x = keras.layers.Conv1D(6, 3, padding="same", activation=approximate_gelu)(x)
    x = keras.layers.GlobalMaxPooling1D()(x)
    return keras.Model(ids, keras.layers.Dense(1, activation="sigmoid", name="score")(x))


def attending():
    ids = tokens()
    x = keras.layers.Embedding(60, 8)(ids)
    y = keras.layers.MultiHeadAttention(2, 4)(x, x)
    x = keras.layers.LayerNormalization()(x + y)
    x = keras.layers.GlobalAveragePooling1D()(x)
    return keras.Model(ids, keras.layers.Dense(1, activation="sigmoid", name="score")(x))


MODELS = {
    "wide": wide_and_deep,
    "lstm": lambda: recurrent(keras.layers.LSTM(6)),
    "gru": lambda: recurrent(keras.layers.GRU(6)),
    "lstm-both": lambda: recurrent(keras.layers.Bidirectional(keras.layers.LSTM(6))),
    "cnn": convolved,
    "attention": attending,
}


def make(cases, options):
    rng = np.random.default_rng(3)
    keras.utils.set_random_seed(3)
    for name, build in MODELS.items():
        if not cases.wants(f"keras-{name}"):
            continue
        model = build()

        def value(tensor, rows):
            width = tensor.shape[1]
            if tensor.dtype == "int32":
                return rng.integers(0, 50, (rows, width), dtype=np.int32)
            return rng.standard_normal((rows, width), dtype=np.float32)

        requests = [{t.name: value(t, rows) for t in model.inputs} for rows in ROWS]
        signature = [
            tf.TensorSpec((None, t.shape[1]), t.dtype, name=t.name) for t in model.inputs
        ]
        call = tf.function(
            lambda *values, model=model: model(list(values) if len(values) > 1 else values[0])
        )
        exported, _ = tf2onnx.convert.from_function(call, input_signature=signature, opset=17)

        def run(request, model=model):
            values = [request[t.name] for t in model.inputs]
            results = model(values if len(values) > 1 else values[0])
            return [np.asarray(r) for r in (results if isinstance(results, list) else [results])]

        cases.write(f"keras-{name}", exported, requests, run)
