"""What is a model, of which kind and framework."""

import keras
import pytest
import tensorflow as tf
import tf_keras

from sm_magics.savedmodel.capture import Kind, describe, find, kind_of


def functional(k, name=None):
    inputs = k.Input((3,))
    return k.Model(inputs, k.layers.Dense(2)(inputs), name=name)


class Net(keras.Model):
    pass


class OldNet(tf_keras.Model):
    pass


class Adder(tf.Module):
    def __init__(self):
        super().__init__()
        self.v = tf.Variable([1.0, 2.0])

    @tf.function(input_signature=[tf.TensorSpec([2])])
    def add(self, x):
        return x + self.v


KINDS = {
    "functional": (lambda: functional(keras), Kind("functional", "Keras 3")),
    "sequential": (keras.Sequential, Kind("sequential", "Keras 3")),
    "subclassed": (Net, Kind("subclassed", "Keras 3")),
    "layer": (lambda: keras.layers.Dense(1), Kind("layer", "Keras 3")),
    "input layer": (lambda: keras.layers.InputLayer((1,)), Kind("layer", "Keras 3")),
    "old functional": (lambda: functional(tf_keras), Kind("functional", "Keras 2")),
    "old sequential": (tf_keras.Sequential, Kind("sequential", "Keras 2")),
    "old subclassed": (OldNet, Kind("subclassed", "Keras 2")),
    "old layer": (lambda: tf_keras.layers.Dense(1), Kind("layer", "Keras 2")),
    "module": (Adder, Kind("module", "TensorFlow")),
    "checkpoint": (tf.train.Checkpoint, Kind("checkpoint", "TensorFlow")),
    "function": (lambda: tf.function(abs), Kind("function", "TensorFlow")),
    "concrete function": (
        lambda: tf.function(abs).get_concrete_function(1.0),
        Kind("function", "TensorFlow"),
    ),
    "bound function": (lambda: Adder().add, Kind("function", "TensorFlow")),
}


@pytest.mark.parametrize("name", KINDS)
def test_kinds(name):
    make, kind = KINDS[name]
    assert kind_of(make()) == kind


@pytest.mark.parametrize("k", [keras, tf_keras])
def test_a_subclass_that_becomes_functional(k):
    class Late(k.Model):
        pass

    inputs = k.Input((3,))
    assert kind_of(Late()) == Kind("subclassed", "Keras 3" if k is keras else "Keras 2")
    assert kind_of(Late(inputs, k.layers.Dense(1)(inputs))).name == "functional"


NO_MODELS = {
    "optimizer": keras.optimizers.Adam,
    "old optimizer": tf_keras.optimizers.Adam,
    "legacy optimizer": tf_keras.optimizers.legacy.Adam,
    "metric": keras.metrics.Mean,
    "old metric": tf_keras.metrics.Mean,
    "loss": keras.losses.MeanSquaredError,
    "variable": lambda: tf.Variable(1.0),
    "keras variable": lambda: keras.Variable(1.0),
    "dataset": lambda: tf.data.Dataset.range(3),
    "table": lambda: tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, 0),
    "class": lambda: Net,
    "lambda": lambda: lambda x: x,
    "method": lambda: tf.Module().with_name_scope,
    "None": lambda: None,
    "symbolic tensor": lambda: keras.Input((3,)),
    "module": lambda: keras,
}


@pytest.mark.parametrize("name", NO_MODELS)
def test_what_is_no_model(name):
    obj = NO_MODELS[name]()
    assert kind_of(obj) is None
    assert find({"x": obj, "xs": [obj]}) == []
    with pytest.raises(TypeError, match="m is no model"):
        describe(obj, ("m",))
