"""The tf.functions of models by paths that evaluate."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from sm_magics.savedmodel.capture import describe, kind_of


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.blocks = [keras.layers.Dense(2), keras.layers.Dropout(0.5)]
        self.heads = {"a": keras.layers.Dense(1)}
        self.norm = keras.layers.BatchNormalization()

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        return self.heads["a"](self.norm(x))

    @tf.function(input_signature=[tf.TensorSpec([None, 3], name="x")])
    def serve(self, x):
        return self(x)


class OldNet(tf_keras.Model):
    def __init__(self):
        super().__init__()
        self.blocks = [tf_keras.layers.Dense(2), tf_keras.layers.Dropout(0.5)]
        self.heads = {"a": tf_keras.layers.Dense(1)}
        self.mean = tf_keras.metrics.Mean()

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        return self.heads["a"](x)

    @tf.function
    def serve(self, x):
        return self(x)


class Adder(tf.Module):
    def __init__(self):
        super().__init__()
        self.v = tf.Variable([1.0, 2.0])

    @tf.function(input_signature=[tf.TensorSpec([2])])
    def add(self, x):
        return x + self.v

    @tf.function
    def __call__(self, x):
        return x

    @staticmethod
    @tf.function
    def double(x):
        return 2 * x

    def plain(self, x):
        return x

    @property
    def boom(self):
        raise AssertionError("a property was run")


class QuietAdder(Adder):
    add = None


def trained(model):
    model.compile("adam", "mse", metrics=["mae"])
    x, y = np.ones((4, 3), "float32"), np.ones((4, 2), "float32")
    model.fit(x, y, verbose=0)
    model.evaluate(x, y, verbose=0)
    model.predict(x, verbose=0)
    return model


def assert_evaluable(model, found):
    for path in found.functions:
        assert kind_of(eval(f"model.{path}", {"model": model})).name == "function", path


def test_functions_of_modules():
    module = Adder()
    module.encoder = Adder()
    module.items_ = [Adder(), {"k": QuietAdder()}]
    module.own = tf.function(lambda x: x)
    module.loose = [tf.function(abs)]
    module._hidden = Adder()
    module.loop = module
    found = describe(module)
    assert found.functions[:4] == ("add", "__call__", "double", "own")
    assert set(found.functions[4:]) == {
        *(
            f"{part}.{f}"
            for part in ("encoder", "items_[0]")
            for f in ("add", "__call__", "double")
        ),
        "items_[1]['k'].__call__",
        "items_[1]['k'].double",
        "loose[0]",
        *(f"_hidden.{f}" for f in ("add", "__call__", "double")),
    }
    assert_evaluable(module, found)


def test_instance_attributes_hide_the_functions_of_the_class():
    module = Adder()
    module.double = None
    module.add = tf.function(abs)
    assert describe(module).functions == ("__call__", "add")


class Served(keras.layers.Layer):
    def call(self, x):
        return x

    @tf.function
    def serve(self, x):
        return x


class OldServed(tf_keras.layers.Layer):
    def call(self, x):
        return x

    @tf.function
    def serve(self, x):
        return x


@pytest.mark.parametrize(("k", "layer"), [(keras, Served), (tf_keras, OldServed)])
def test_functions_of_layers_without_those_of_keras(k, layer):
    inputs = k.Input((3,))
    model = trained(k.Model(inputs, k.layers.Dense(2)(layer()(inputs))))
    model.mine = tf.function(abs)
    sequential = k.Sequential([k.Input((3,)), k.layers.Dense(2), layer()])
    late = k.Sequential([k.layers.Dense(2), layer()])
    assert describe(model).functions == ("mine", "layers[1].serve")
    for one in (sequential, late):
        assert describe(one).functions == ("layers[1].serve",)
        assert_evaluable(one, describe(one))
    assert_evaluable(model, describe(model))


@pytest.mark.parametrize("net", [Net, OldNet])
def test_functions_of_subclassed_models(net):
    model = net()
    model.part = net()
    model.parts = [net()]
    assert describe(model).functions == ("serve", "part.serve", "parts[0].serve")
    assert_evaluable(model, describe(model))


def test_a_function_has_neither_functions_nor_variables():
    found = describe(Adder().add)
    assert (found.functions, found.variables, found.built) == ((), 0, None)
