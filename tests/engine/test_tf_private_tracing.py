"""The private names of Keras and TensorFlow that say what a trace reads."""

import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from sm_magics.savedmodel import tf_private


@pytest.fixture(scope="module")
def fields(tmp_path_factory):
    """Return the names of all fields that the parts of a trained and saved model have."""
    inputs = keras.Input((4, 1))
    x = keras.layers.LSTM(4, dropout=0.5, recurrent_dropout=0.5)(inputs)
    model = keras.Model(inputs, keras.layers.BatchNormalization()(keras.layers.Dense(3)(x)))
    model.compile("adam", "mse")
    data = np.zeros((4, 4, 1), "float32"), np.zeros((4, 3), "float32")
    model.fit(*data, verbose=0)
    model.predict(data[0], verbose=0)
    model.evaluate(*data, verbose=0)
    weights = tmp_path_factory.mktemp("saved") / "x.weights.h5"
    model.save_weights(weights)
    model.load_weights(weights)
    served = tf.Module()
    served.function = tf.function(lambda x: x, input_signature=[tf.TensorSpec([])])
    served.function(1.0)
    tf.saved_model.save(served, tmp_path_factory.mktemp("module"))
    model.export(tmp_path_factory.mktemp("exported"), verbose=False)
    parts = [model, *model._flatten_layers(), *model.variables, served, served.function]
    parts += [node.arguments for layer in model.layers for node in layer._inbound_nodes]
    parts.append(tf.saved_model.load(str(tmp_path_factory.getbasetemp() / "module0")))
    return {name for part in parts for name in vars(part)}


@pytest.mark.parametrize("where", tf_private.SET_ASIDE, ids=lambda where: where[1])
def test_what_is_set_aside_is_there(where, fields):
    module, name = where
    if name != tf_private.REVIVED_CLASS[1]:  # one of these is made for each load
        assert isinstance(vars(sys.modules[module])[name], type)
    assert tf_private.SET_ASIDE[where] - fields == set()


def test_what_is_made_when_asked_is_there(fields):
    assert tf_private.MADE_WHEN_ASKED.keys() - fields == set()


def test_what_is_read_through_is_set_aside():
    aside = frozenset().union(*tf_private.SET_ASIDE.values())
    for name, through in tf_private.READ_THROUGH.items():
        assert through <= aside
        assert hasattr(keras.Model, name)


def test_methods_of_training_are_those_of_a_model():
    assert {name for name in tf_private.TRAINING_METHODS if not hasattr(keras.Model, name)} == {
        "__del__",
        "save_assets",  # of layers with a vocabulary
        "load_assets",
    }


def test_facts_of_a_variable():
    variable = tf.Variable(1.0, trainable=False)
    handle, *others = tf_private.variable_facts(variable)
    assert handle is variable.handle
    assert others == [False, None, False]


def test_a_variable_of_a_strategy_is_told():
    with tf.distribute.OneDeviceStrategy("/CPU:0").scope():
        assert tf_private.variable_facts(tf.Variable(1.0))[-1]


def test_captured():
    constant = tf.constant([1.0])
    concrete = tf.function(lambda x: x + constant).get_concrete_function(tf.TensorSpec([1]))
    assert [tensor is constant for tensor in tf_private.captured(concrete)] == [True]


def test_settings_of_tensorflow():
    before = tf_private.tensorflow_settings()
    with tf.device("/CPU:0"), tf.name_scope("outer"):
        after = tf_private.tensorflow_settings()
    assert {name for name in before if before[name] != after[name]} == {"device", "name scope"}
    assert before["executing_eagerly"] is True


def test_the_seed_is_a_setting_of_tensorflow():
    from tensorflow.python.eager import context

    before = context.global_seed()
    tf.random.set_seed(7)
    assert tf_private.tensorflow_settings()["seed"] == 7
    context.context()._seed = before


def test_settings_of_keras():
    before = tf_private.keras_settings()
    with keras.RematScope(mode="full"):
        after = tf_private.keras_settings()
    assert [name for name in before if before[name] != after[name]] == ["remat_scope_stack"]
    assert tf_private.keras_settings() == before
