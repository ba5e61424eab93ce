"""What models are made of: variables and bytes as the frameworks count them, and parts."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from sm_magics.savedmodel.capture import contains, describe, kind_of, nbytes


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


class QuietAdder(Adder):
    add = None


def functional(k, name=None):
    inputs = k.Input((3,))
    return k.Model(inputs, k.layers.Dense(2)(inputs), name=name)


def built(model, width=3):
    model(tf.ones((1, width)))
    return model


def trained(model):
    model.compile("adam", "mse", metrics=["mae"])
    x, y = np.ones((4, 3), "float32"), np.ones((4, 2), "float32")
    model.fit(x, y, verbose=0)
    model.evaluate(x, y, verbose=0)
    model.predict(x, verbose=0)
    return model


def lstm(k):
    return k.Sequential([k.Input((4, 3)), k.layers.LSTM(5), k.layers.Dropout(0.1)])


class Nested(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.inner = [keras.layers.Dense(3), keras.layers.BatchNormalization()]
        self.scale = self.add_weight(shape=(3,), dtype="float16", initializer="ones")

    def call(self, x):
        for layer in self.inner:
            x = layer(x)
        return x * tf.cast(self.scale, x.dtype)


class OldMeasured(tf_keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.inner = tf_keras.layers.Dense(3)
        self.mean = tf_keras.metrics.Mean()

    def call(self, x):
        return self.inner(x)


KERAS_MODELS = {
    "functional": lambda: functional(keras),
    "trained": lambda: trained(functional(keras)),
    "sequential": lambda: keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]),
    "lstm": lambda: lstm(keras),
    "stacked": lambda: built(
        keras.Sequential(
            [
                keras.layers.Reshape((3, 1)),
                keras.layers.Bidirectional(keras.layers.GRU(2, dropout=0.2)),
                keras.layers.Dense(1, dtype="bfloat16"),
            ]
        )
    ),
    "subclassed": lambda: built(Net()),
    "unbuilt": lambda: keras.Sequential([keras.layers.Dense(2)]),
    "layer": lambda: built(Nested()),
    "model in a model": lambda: built(keras.Sequential([functional(keras)])),
    "old functional": lambda: functional(tf_keras),
    "old trained": lambda: trained(functional(tf_keras)),
    "old sequential": lambda: tf_keras.Sequential(
        [tf_keras.layers.Dense(2, input_shape=(3,)), tf_keras.layers.BatchNormalization()]
    ),
    "old lstm": lambda: lstm(tf_keras),
    "old subclassed": lambda: built(OldNet()),
    "old layer with a metric": lambda: built(OldMeasured()),
    "old float16": lambda: built(
        tf_keras.Sequential([tf_keras.layers.Dense(2, dtype="mixed_float16")])
    ),
}


def size(variable):
    return int(np.prod(variable.shape)) * tf.as_dtype(variable.dtype).size


@pytest.mark.parametrize("name", KERAS_MODELS)
def test_variables_and_bytes_are_those_of_keras(name):
    model = KERAS_MODELS[name]()
    found = describe(model)
    assert found.variables == len(model.variables)
    assert found.bytes == nbytes(model) == sum(map(size, model.variables))
    assert found.built is model.built
    assert (found.variables > 0) == (name != "unbuilt")


def test_an_unbuilt_old_model_has_no_variables_and_raises_nothing():
    model = tf_keras.Sequential([tf_keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="Weights"):
        _ = model.variables
    assert (describe(model).built, describe(model).variables) == (False, 0)


def test_a_module_has_the_variables_that_tensorflow_tracks():
    module = Adder()
    module.children = [Adder(), {"deep": (Adder(),)}]
    module.again = module.v
    module.me = module
    module.half = tf.Variable(tf.zeros([4], tf.float16))
    module.words = tf.Variable(["a", "bc"])
    module.any_shape = tf.Variable([1.0], shape=tf.TensorShape(None))
    found = describe(module)
    assert found.variables == len(module.variables) == 6
    # Strings and unknown shapes have no size before they have values.
    assert found.bytes == 3 * 8 + 4 * 2
    assert found.built is None


def test_a_module_counts_its_keras_layers_once_and_no_optimizer():
    module = tf.Module()
    module.model = trained(functional(keras))
    module.raw = [variable.value for variable in module.model.variables]
    module.optimizer = module.model.optimizer
    assert describe(module).variables == len(module.model.variables) == 2
    assert describe(module).bytes == (3 * 2 + 2) * 4


def test_a_checkpoint_and_a_distributed_variable():
    with tf.distribute.MirroredStrategy(["cpu:0"]).scope():
        mirrored = tf.Variable([1.0, 2.0, 3.0])
    checkpoint = tf.train.Checkpoint(model=Adder(), mirrored=mirrored)
    found = describe(checkpoint)
    assert (found.kind, found.variables, found.bytes) == ("checkpoint", 2, 8 + 12)


def assert_evaluable(model, found):
    for path in found.functions:
        assert kind_of(eval(f"model.{path}", {"model": model})).name == "function", path


def test_a_loaded_model(tmp_path):
    module = Adder()
    module.sub = Adder()
    tf.saved_model.save(module, tmp_path, signatures={"first": module.add})
    loaded = tf.saved_model.load(tmp_path)
    found = describe(loaded)
    assert (found.kind, found.framework) == ("loaded", "TensorFlow")
    assert (found.variables, found.bytes) == (2, 16)
    assert {"add", "sub.add", "signatures['first']"} <= set(found.functions)
    assert_evaluable(loaded, found)


def test_contains():
    outer, other = Net(), Adder()
    encoder = outer.blocks[0]
    module = tf.Module()
    module.deep = [{"net": outer}]
    module.loop = module
    serve = tf.function(abs)
    module.serve = serve
    plain = SimpleNamespace(model=other)
    object.__setattr__(module, "plain", plain)
    assert contains(outer, encoder)
    assert contains(module, encoder)
    assert contains(module, outer)
    assert contains(module, serve)
    assert not contains(encoder, outer)
    assert not contains(outer, module)
    assert not contains(module, other)
    assert not contains(module, module)
    for k in (keras, tf_keras):
        inner = functional(k)
        stack = k.Sequential([inner, k.layers.Dense(1)])
        assert contains(stack, inner)
        assert contains(stack, inner.layers[1])
        assert not contains(inner, stack)
