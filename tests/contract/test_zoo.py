"""Ordinary models export without a finding, and what was written answers like the live model."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from numpy.testing import assert_allclose

pytestmark = pytest.mark.python_only("the faces are compared elsewhere; these take long")


@pytest.fixture(params=[keras, tf_keras], ids=["keras3", "tf_keras"])
def k(request):
    return request.param


def silent(out):
    assert out.result.findings == ()
    assert [check.status for check in out.result.verification.signatures] == ["equal"]


APPLICATIONS = {
    "MobileNet": 32,
    "MobileNetV2": 32,
    "MobileNetV3Small": 32,
    "EfficientNetB0": 32,
    "EfficientNetV2B0": 32,
    "ResNet50": 32,
    "ResNet50V2": 32,
    "DenseNet121": 32,
    "NASNetMobile": 32,
    "Xception": 71,
    "InceptionV3": 75,
    "VGG16": 32,
    "ConvNeXtTiny": 32,
}
# Keras compiles its convolutions in groups: a server without XLA can't run them.
TOLD = {"ConvNeXtTiny": [("SM309", "info")]}


@pytest.mark.parametrize("name", APPLICATIONS)
def test_s23_applications(name, exported):
    size = APPLICATIONS[name]
    build = getattr(keras.applications, name)
    model = build(weights=None, include_top=False, input_shape=(size, size, 3), pooling="avg")
    out = exported(model)
    assert [(found.code, found.severity) for found in out.result.findings] == TOLD.get(name, [])
    assert [check.status for check in out.result.verification.signatures] == ["equal"]
    (image,), (features,) = out.names()
    rows = np.random.default_rng(0).random((2, size, size, 3), "float32")
    live = model(rows, training=False)
    assert_allclose(out.run(**{image: rows})[features], live, rtol=1e-3, atol=1e-4)
    keras.backend.clear_session()


def test_s51_an_application_runs_in_a_server(exported):
    model = keras.applications.MobileNetV3Small(
        weights=None, classes=3, input_shape=(32, 32, 3), include_preprocessing=True
    )
    rows = np.random.default_rng(0).random((2, 32, 32, 3), "float32") * 255
    out = exported(model)
    silent(out)
    (image,), (scores,) = out.names()
    live = model(rows, training=False)
    assert_allclose(out.serve(**{image: rows})[scores], live, rtol=1e-3, atol=1e-5)


def attention(k, x):
    return k.layers.MultiHeadAttention(2, 4)(x, x)


def branches(k, x):
    left = k.layers.Conv1D(4, 3, padding="same", activation="relu")(x)
    right = k.layers.Conv1D(4, 5, padding="same")(x)
    joined = k.layers.Concatenate()([left, right, k.layers.BatchNormalization()(x)])
    return k.layers.Add()([k.layers.Dense(3)(joined), x])


def two_ways(k, x):
    return k.layers.Bidirectional(k.layers.LSTM(4, return_sequences=True))(x)


def convolved_steps(k, x):
    return k.layers.TimeDistributed(k.layers.Conv2D(2, 3))(x)


LAYERS = {
    "LSTM": ((6, 3), lambda k, x: k.layers.LSTM(4)(x)),
    "GRU": ((6, 3), lambda k, x: k.layers.GRU(4, return_sequences=True)(x)),
    "SimpleRNN": ((6, 3), lambda k, x: k.layers.SimpleRNN(4)(x)),
    "Bidirectional": ((6, 3), two_ways),
    "Conv1D": ((8, 3), lambda k, x: k.layers.Conv1D(4, 3)(x)),
    "Conv2D": ((8, 8, 3), lambda k, x: k.layers.MaxPool2D()(k.layers.Conv2D(4, 3)(x))),
    "Conv3D": ((5, 5, 5, 2), lambda k, x: k.layers.Conv3D(3, 3)(x)),
    "Conv2DTranspose": ((4, 4, 2), lambda k, x: k.layers.Conv2DTranspose(3, 2, strides=2)(x)),
    "SeparableConv2D": ((6, 6, 2), lambda k, x: k.layers.SeparableConv2D(3, 3)(x)),
    "ConvLSTM2D": ((3, 5, 5, 1), lambda k, x: k.layers.ConvLSTM2D(2, 3)(x)),
    "MultiHeadAttention": ((6, 8), attention),
    "LayerNormalization": ((6, 8), lambda k, x: k.layers.LayerNormalization()(x)),
    "branches": ((6, 3), branches),
    "TimeDistributed": ((2, 5, 5, 1), convolved_steps),
    "augmentation": ((4, 4, 3), lambda k, x: k.layers.RandomFlip()(x)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_s23_s51_layers(name, k, exported):
    shape, build = LAYERS[name]
    inputs = k.Input(shape, name="x")
    model = k.Model(inputs, build(k, inputs))
    rows = np.random.default_rng(0).random((3, *shape), "float32")
    out = exported(model)
    silent(out)
    (output,) = out.names()[1]
    live = model(rows, training=False)
    assert_allclose(out.run(x=rows)[output], live, rtol=1e-4, atol=1e-5)
    assert_allclose(out.serve(x=rows)[output], live, rtol=1e-4, atol=1e-5)


def test_s23_s51_tokens(k, exported):
    inputs = k.Input((None,), name="tokens", dtype="int32")
    embedded = k.layers.Embedding(20, 4, mask_zero=True)(inputs)
    model = k.Model(inputs, k.layers.Dense(2, name="out")(k.layers.LSTM(3)(embedded)))
    out = exported(model)
    silent(out)
    rows = np.array([[3, 19, 0, 0], [7, 1, 2, 0]], "int32")
    assert_allclose(out.serve(tokens=rows)["out"], model(rows), rtol=1e-4, atol=1e-5)


def test_s24_s51_a_subclass_with_a_list_of_layers(k, exported):
    class Stack(k.Model):
        def __init__(self):
            super().__init__()
            self.stack = [k.layers.Dense(4, activation="relu") for _ in range(3)]
            self.normal = k.layers.BatchNormalization()

        def call(self, x, training=None):
            for layer in self.stack:
                x = layer(x)
            return self.normal(x, training=training)

    model = Stack()
    rows = np.random.default_rng(0).random((3, 5), "float32")
    model.compile("adam", "mse")
    model.fit(rows, np.ones((3, 4), "float32"), verbose=0)
    out = exported(model)
    silent(out)
    (name,), (output,) = out.names()
    live = model(rows, training=False)
    assert_allclose(out.serve(**{name: rows})[output], live, rtol=1e-4, atol=1e-5)


def test_s24_s51_a_module_of_modules(exported):
    class Dense(tf.Module):
        def __init__(self, width, depth):
            super().__init__()
            self.w = tf.Variable(tf.ones([width, depth]))
            self.b = tf.Variable(tf.zeros([depth]))

        def __call__(self, x):
            return tf.nn.relu(x @ self.w + self.b)

    class Network(tf.Module):
        def __init__(self):
            super().__init__()
            self.layers = [Dense(3, 4), Dense(4, 2)]

        @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
        def serve(self, x):
            for layer in self.layers:
                x = layer(x)
            return {"y": x}

    out = exported(Network())
    silent(out)
    assert_allclose(out.serve(x=np.ones((1, 3), "float32"))["y"], [[12.0, 12.0]])
