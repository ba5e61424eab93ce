"""The models that exports are measured and proven on, and small kin of each for quick tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Callable

MIB = 2**20
FLOATS_IN_64_MIB = 16 * MIB
CONSUMERS = ("openvino", "onnxruntime")


@dataclass(frozen=True)
class Subject:
    """A model to export: how it is made, and what it is fed.

    Attributes
    ----------
    name : str
    build : callable
        Makes the model, with other weights each time where they are random.
    sample : callable
        Makes its inputs: arrays by the names of the signature's inputs.
    variables, trainable : str
        The attribute that lists all variables and those that are trained, of the live object and
        of the loaded one.
    consumers : tuple of str
        Which other programs know all its ops, and have time for it in a test.
    """

    name: str
    build: Callable[[], Any]
    sample: Callable[[], dict[str, np.ndarray]]
    variables: str = "variables"
    trainable: str = "trainable_variables"
    consumers: tuple[str, ...] = ()

    def answer(self, model: Any, feeds: dict[str, Any]) -> Any:
        """Return what the live model answers, one tensor."""
        (fed,) = feeds.values()
        if isinstance(model, keras.Model):
            return model(fed, training=False)
        return model.serve(fed)


class Module(tf.Module):
    """Variables of one length, of which each one's first number counts."""

    def __init__(self, count: int, length: int) -> None:
        super().__init__()
        self.parts = [tf.Variable(tf.random.uniform([length])) for _ in range(count)]

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32, name="x")])
    def serve(self, x):
        return tf.add_n([part[0] for part in self.parts]) * x


class Scalars(tf.Module):
    """Many small variables."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.parts = [tf.Variable(number / count) for number in range(count)]

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32, name="x")])
    def serve(self, x):
        return tf.add_n(self.parts) * x


def transformer(blocks: int, width: int, heads: int, words: int, length: int) -> keras.Model:
    layers = keras.layers
    tokens = keras.Input((length,), dtype="int32", name="tokens")
    x = layers.Embedding(words, width)(tokens)
    for _ in range(blocks):
        x = layers.LayerNormalization()(x + layers.MultiHeadAttention(heads, width // heads)(x, x))
        hidden = layers.Dense(4 * width, activation="gelu")(x)
        x = layers.LayerNormalization()(x + layers.Dense(width)(hidden))
    return keras.Model(tokens, layers.Dense(1000)(x))


def lstm(words: int, width: int) -> keras.Model:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((None,), dtype="int32", name="tokens"),
            layers.Embedding(words, width // 2),
            layers.Bidirectional(layers.LSTM(width, return_sequences=True)),
            layers.LSTM(width),
            layers.Dense(10),
        ]
    )


def small_resnet() -> keras.Model:
    layers = keras.layers
    image = keras.Input((16, 16, 3), name="image")
    x = layers.Conv2D(8, 3, padding="same")(image)
    for _ in range(2):
        y = layers.BatchNormalization()(layers.Conv2D(8, 3, padding="same")(x))
        y = layers.Conv2D(8, 3, padding="same")(layers.ReLU()(y))
        x = layers.ReLU()(layers.Add()([x, layers.BatchNormalization()(y)]))
    pooled = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(5, activation="softmax")(pooled))


def small_efficientnet() -> keras.Model:
    """Return inverted residual blocks with squeeze and excitation; SiLU has a custom gradient."""
    layers = keras.layers
    image = keras.Input((16, 16, 3), name="image")
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="silu")(image)
    for _ in range(2):
        y = layers.Conv2D(16, 1, use_bias=False)(x)
        y = layers.Activation("silu")(layers.BatchNormalization()(y))
        y = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(y)
        y = layers.Activation("silu")(layers.BatchNormalization()(y))
        squeezed = layers.GlobalAveragePooling2D(keepdims=True)(y)
        excited = layers.Conv2D(16, 1, activation="sigmoid")(
            layers.Conv2D(4, 1, activation="silu")(squeezed)
        )
        y = layers.Conv2D(8, 1, use_bias=False)(layers.Multiply()([y, excited]))
        x = layers.Add()([x, layers.BatchNormalization()(y)])
    pooled = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(5, activation="softmax")(pooled))


def _image(side: int) -> Callable[[], dict[str, np.ndarray]]:
    return lambda: {"image": np.random.default_rng(0).random((1, side, side, 3), "float32")}


def _tokens(length: int, words: int) -> Callable[[], dict[str, np.ndarray]]:
    rows = (2, length)
    return lambda: {"tokens": np.random.default_rng(0).integers(0, words, rows, "int32")}


def _number() -> dict[str, np.ndarray]:
    return {"x": np.array(1.5, "float32")}


def _named_image(build: Callable[..., keras.Model], side: int) -> keras.Model:
    return build(weights=None, input_tensor=keras.Input((side, side, 3), name="image"))


_OF_MODULE = {"variables": "parts", "trainable": "parts"}


def large(efficientnet_side: int = 600) -> tuple[Subject, ...]:
    """Return the benchmark models.

    Parameters
    ----------
    efficientnet_side : int
        The pixels of a side of what EfficientNetB7 is fed, 600 by its authors. The graph has the
        same nodes for fewer, and gradients take a fraction of 8 GB.
    """
    return (
        Subject(
            "ResNet50",
            lambda: _named_image(keras.applications.ResNet50, 224),
            _image(224),
        ),
        Subject(
            "EfficientNetB7",
            lambda: _named_image(keras.applications.EfficientNetB7, efficientnet_side),
            _image(efficientnet_side),
        ),
        Subject(
            "24-layer transformer", lambda: transformer(24, 512, 8, 32000, 128), _tokens(128, 32000)
        ),
        Subject("LSTM", lambda: lstm(10000, 256), _tokens(12, 10000)),
        Subject("1 GiB module", lambda: Module(16, FLOATS_IN_64_MIB), _number, **_OF_MODULE),
        Subject("5,000 small variables", lambda: Scalars(5000), _number, **_OF_MODULE),
    )


LARGE = large()

SMALL = (
    Subject("small ResNet", small_resnet, _image(16), consumers=CONSUMERS),
    Subject("small EfficientNet", small_efficientnet, _image(16), consumers=CONSUMERS),
    Subject(
        "2-layer transformer",
        lambda: transformer(2, 16, 2, 50, 8),
        _tokens(8, 50),
        consumers=("openvino",),
    ),
    Subject("small LSTM", lambda: lstm(50, 8), _tokens(6, 50), consumers=CONSUMERS),
    Subject("small module", lambda: Module(4, 1000), _number, consumers=CONSUMERS, **_OF_MODULE),
    Subject("50 small variables", lambda: Scalars(50), _number, consumers=CONSUMERS, **_OF_MODULE),
)


def named(name: str) -> Subject:
    """Return one of the models."""
    (found,) = [subject for subject in (*LARGE, *SMALL) if subject.name == name]
    return found
