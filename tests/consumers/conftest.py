"""Exports for other programs, with what the live objects answer; and what those programs need."""

from __future__ import annotations

import dataclasses
import functools
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from pathlib import Path

PROGRAMS = ("openvino", "tf2onnx", "onnxruntime")


def pytest_collection_finish(session):
    """End the run where tests ask for programs that aren't there: nothing is skipped."""
    asked = any(item.get_closest_marker("consumers") for item in session.items)
    missing = [name for name in PROGRAMS if find_spec(name) is None]
    if asked and missing:
        raise pytest.UsageError(
            f"The tests in tests/consumers run exports in {', '.join(missing)}, which this "
            "environment lacks: pip install --editable '.[consumers]'"
        )


@dataclasses.dataclass
class Case:
    """An export, what to feed it, and what the live object answers to that."""

    path: Path
    feeds: dict[str, np.ndarray]
    expected: dict[str, np.ndarray]

    def agrees(self, answers: dict[str, np.ndarray]) -> None:
        """The answers have the names, the shapes and the values of the live object's."""
        assert set(answers) == set(self.expected)
        for name, value in self.expected.items():
            assert answers[name].shape == value.shape
            # Tighter than bfloat16 is, which has three digits.
            np.testing.assert_allclose(answers[name], value, rtol=1e-4, atol=1e-5)


@pytest.fixture(scope="session")
def case(tmp_path_factory):
    """Return what exports a model of `MODELS` the first time that it is asked for."""
    import tensorflow as tf

    import sm_magics

    @functools.cache
    def exported(name: str) -> Case:
        model, feeds, answer = MODELS[name]()
        live = answer({key: tf.constant(value) for key, value in feeds.items()})
        path = tmp_path_factory.mktemp("exports") / "model"
        sm_magics.export(model, path)
        return Case(path, feeds, {key: np.asarray(value) for key, value in live.items()})

    return exported


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).random(shape, "float32")


def weighted(model):
    """Give every weight numbers of its own: no bias that is lost looks like its zeros."""
    model.set_weights([0.1 + 0.5 * numbers(*weight.shape) for weight in model.get_weights()])
    return model


def of_keras(model, name: str, rows: np.ndarray, output: str):
    """Return a model with one input and one output, its feeds and how it answers."""
    # A subclassed model has weights once it is called.
    model(rows)
    weighted(model)
    return model, {name: rows}, lambda feeds: {output: model(feeds[name], training=False)}


def functional(k: Any):
    x = k.Input((4,), name="x")
    hidden = k.layers.BatchNormalization()(k.layers.Dense(8, activation="swish")(x))
    model = k.Model(x, k.layers.Dense(2, activation="softmax", name="scores")(hidden))
    return of_keras(model, "x", numbers(3, 4), "scores")


def keras_functional():
    import keras

    return functional(keras)


def keras_2_functional():
    import tf_keras

    return functional(tf_keras)


def keras_sequential():
    from keras import Input, Sequential, layers

    model = Sequential(
        [Input((5,), name="x"), layers.Dense(4, activation="relu"), layers.Dense(2, name="y")]
    )
    return of_keras(model, "x", numbers(3, 5), "y")


def keras_subclassed():
    import keras

    class Network(keras.Model):
        def __init__(self):
            super().__init__()
            self.stack = [keras.layers.Dense(4, activation="tanh") for _ in range(2)]
            self.drop = keras.layers.Dropout(0.9)

        def call(self, rows, training=None):
            for layer in self.stack:
                rows = layer(rows)
            return self.drop(rows, training=training)

    return of_keras(Network(), "rows", numbers(3, 4), "output_0")


def keras_convolution():
    from keras import Input, Model, layers

    image = Input((8, 8, 3), name="image")
    features = layers.BatchNormalization()(layers.Conv2D(4, 3, activation="relu")(image))
    pooled = layers.GlobalAveragePooling2D()(layers.MaxPool2D()(features))
    model = Model(image, layers.Dense(2, name="y")(pooled))
    return of_keras(model, "image", numbers(2, 8, 8, 3), "y")


def keras_lstm():
    from keras import Input, Model, layers

    steps = Input((6, 4), name="steps")
    model = Model(steps, layers.Dense(2, name="y")(layers.LSTM(3)(steps)))
    return of_keras(model, "steps", numbers(3, 6, 4), "y")


def keras_lookup():
    from keras import Input, Model, layers

    words = Input((1,), name="words", dtype="string")
    lookup = layers.StringLookup(vocabulary=["red", "blue"], output_mode="multi_hot", name="hot")
    model = Model(words, lookup(words))
    rows = np.array([["blue"], ["none"], ["red"]], object)
    return model, {"words": rows}, lambda feeds: {"hot": model(feeds["words"])}


def keras_several():
    from keras import Input, Model, layers

    # Neither side is in the order of its names.
    price, area = Input((3,), name="price"), Input((2,), name="area", dtype="int32")
    embedded = layers.Flatten()(layers.Embedding(10, 3)(area))
    joined = layers.Concatenate()([price, embedded])
    outputs = [layers.Dense(2, name="z")(joined), layers.Dense(1, name="a")(joined)]
    model = weighted(Model([price, area], outputs))
    feeds = {"price": numbers(2, 3), "area": np.array([[1, 9], [3, 0]], "int32")}
    return (
        model,
        feeds,
        lambda fed: dict(zip("za", model([fed["price"], fed["area"]]), strict=True)),
    )


def tf_module():
    import tensorflow as tf

    class Scorer(tf.Module):
        def __init__(self):
            super().__init__()
            self.weight = tf.Variable(numbers(3, 2), name="weight")

        @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="rows")])
        def serve(self, rows):
            scores = rows @ self.weight
            return {"scores": scores, "total": tf.reduce_sum(scores)}

    module = Scorer()
    return module, {"rows": numbers(2, 3)}, lambda feeds: module.serve(**feeds)


def tf_module_with_svd():
    import tensorflow as tf

    class Singular(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([2, 2], tf.float32, name="x")])
        def serve(self, x):
            return {"values": tf.linalg.svd(x, compute_uv=False)}

    module = Singular()
    return module, {"x": numbers(2, 2)}, lambda feeds: module.serve(**feeds)


MODELS = {
    "Keras functional": keras_functional,
    "Keras 2 functional": keras_2_functional,
    "Keras sequential": keras_sequential,
    "Keras subclassed": keras_subclassed,
    "Keras convolution": keras_convolution,
    "Keras LSTM": keras_lstm,
    "Keras StringLookup": keras_lookup,
    "Keras, several inputs and outputs": keras_several,
    "tf.Module": tf_module,
    "tf.Module with SVD": tf_module_with_svd,
}
