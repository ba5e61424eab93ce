"""What leaves the graph as it is shows as unchanged: training, calling, saving, restoring."""

import gc

import keras
import numpy as np
import pytest
import tensorflow as tf

from sm_magics.savedmodel import unchanged
from sm_magics.savedmodel.signatures import keras_models

X = np.ones((8, 4), "float32")
Y = np.ones((8, 3), "float32")


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.first = keras.layers.Dense(3)
        self.others = [keras.layers.Dense(3), keras.layers.Dense(3)]
        self.table = np.arange(3.0, dtype="float32")

    def call(self, x, training=None):
        x = self.first(x)
        for layer in self.others:
            x = layer(x)
        return x + self.table if training else x

    def train_step(self, data):
        return super().train_step(data)


def sequential():
    return keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(3, activation="relu", kernel_regularizer="l2"),
            keras.layers.Dropout(0.5),
            keras.layers.BatchNormalization(),
            keras.layers.ActivityRegularization(l2=0.1),
            keras.layers.Lambda(lambda x: 2.0 * x),
        ]
    )


def functional():
    inputs = keras.Input((4,))
    x = keras.layers.Dense(3, activity_regularizer="l2")(inputs)
    x = keras.layers.GaussianNoise(0.1)(x) + keras.ops.mean(x, keepdims=True)
    return keras.Model(inputs, keras.layers.LayerNormalization()(x))


def subclassed():
    model = Subclassed()
    model(X)
    return model


def recurrent():
    return keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Reshape((4, 1)),
            keras.layers.Bidirectional(keras.layers.LSTM(3)),
            keras.layers.Dense(3),
        ]
    )


def training(model, _):
    model.compile("adam", "mse", metrics=["mae"])
    yield
    model.fit(X, Y, verbose=0, callbacks=[keras.callbacks.EarlyStopping("loss")])
    yield
    model.predict(X, verbose=0)
    yield
    model.evaluate(X, Y, verbose=0)
    yield
    model.train_on_batch(X, Y)
    yield
    model.compile("sgd", "mae", run_eagerly=True)
    model.fit(X, Y, verbose=0, validation_data=(X, Y))


def calling(model, _):
    model(X)
    yield
    model(X, training=True)
    yield
    keras_models.forward(model)
    yield
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(X)) + sum(model.losses)
    tape.gradient(loss, model.trainable_variables)
    yield
    model.summary(print_fn=lambda *_, **__: None)
    yield
    gc.collect()


def assigning(model, _):
    for variable in model.variables:
        variable.assign(variable + 1)
    yield
    model.set_weights(model.get_weights())
    yield
    model.variables[0].value.assign(model.variables[0].value + 1)


def saving(model, folder):
    model.save_weights(folder / "model.weights.h5")
    yield
    model.load_weights(folder / "model.weights.h5")
    yield
    model.export(folder / "exported", verbose=False)
    yield
    tf.saved_model.save(model, folder / "saved")
    yield
    checkpoint = tf.train.Checkpoint(model)
    path = checkpoint.write(folder / "checkpoint")
    yield
    checkpoint.restore(path)


def masked():
    return keras.Sequential(
        [keras.Input((4,)), keras.layers.Reshape((4, 1)), keras.layers.LSTM(3, dropout=0.2)]
    )


ALL = [
    (make, act)
    for make in (sequential, functional, subclassed, recurrent)
    for act in (training, calling, assigning, saving)
]


# TensorFlow's own save can't write the seeds of an LSTM that drops out.
@pytest.mark.parametrize(("make", "act"), [*ALL, (masked, training), (masked, calling)])
def test_it_is_unchanged(make, act, tmp_path):
    model = make()
    before = unchanged.look(model)
    assert before.reason == ""
    for _ in act(model, tmp_path):
        after = unchanged.look(model)
        assert (after.reason, before.difference(after)) == ("", "")
        assert before == after
    assert before == unchanged.look(model)


class Served(tf.Module):
    def __init__(self):
        super().__init__()
        self.weight = tf.Variable([1.0, 2.0])
        self.factor = 2.0

    @tf.function(input_signature=[tf.TensorSpec([2])])
    def serve(self, x):
        return x * self.weight * self.factor

    @tf.function
    def free(self, x):
        return self.serve(x) if self.factor else x


def test_a_module_is_unchanged_by_its_calls(tmp_path):
    module = Served()
    before = unchanged.look(module, also=[module.serve, module.free])
    assert before.reason == ""
    module.serve(tf.ones(2))
    module.free(tf.ones(2))
    module.weight.assign([3.0, 4.0])
    tf.saved_model.save(module, tmp_path / "saved")
    after = unchanged.look(module, also=[module.serve, module.free])
    assert (after.reason, before.difference(after)) == ("", "")


def test_a_module_that_changes_is_noticed():
    module = Served()
    before = unchanged.look(module, also=[module.serve])
    module.factor = 3.0
    assert before.difference(unchanged.look(module, also=[module.serve])) == (
        "model.factor: 2.0 -> 3.0"
    )


def test_a_loaded_module_can_be_shown(tmp_path):
    tf.saved_model.save(Served(), tmp_path / "saved")
    loaded = tf.saved_model.load(tmp_path / "saved")
    before = unchanged.look(loaded)
    assert before.reason == ""
    loaded.serve(tf.ones(2))
    assert before == unchanged.look(loaded)


def test_a_look_keeps_no_model_alive():
    import weakref

    model = sequential()
    look = unchanged.look(model)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None
    assert look.reason == ""
