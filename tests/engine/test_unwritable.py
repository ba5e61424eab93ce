"""SM205 of functions that no SavedModel can hold, be they served or not."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import sm_magics

SPEC = tf.TensorSpec([None], tf.float32)


class Served(tf.Module):
    @tf.function(input_signature=[SPEC])
    def serve(self, x):
        return x


class Numbered(Served):
    @tf.function
    def other(self, x):
        return {7: x}


class Arrays(Served):
    @tf.function
    def other(self, x):
        return tf.TensorArray(tf.float32, 1).write(0, x)


class Keyed(Served):
    @tf.function
    def other(self, parts):
        return parts[3]


@pytest.mark.parametrize(
    ("module", "argument", "why"),
    [
        (Numbered(), tf.ones([2]), "its outputs have the key 7, which is no string"),
        (Arrays(), tf.ones([2]), "its outputs have a value that no SavedModel can hold"),
        (Keyed(), {3: tf.ones([2])}, "its arguments have the key 3, which is no string"),
    ],
    ids=["key", "array", "argument"],
)
def test_a_trace_that_blocks_the_export_is_named(module, argument, why, tmp_path):
    module.other(argument)
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(module, tmp_path / "out", "serve")
    (found,) = raised.value.findings
    assert (found.code, found.function) == ("SM205", "other")
    assert why in found.message
    assert found.line is not None
    assert "--flatten" not in found.hint
    assert not list(tmp_path.iterdir())


def test_flatten_is_not_offered_where_it_can_not_work():
    module = tf.Module()
    module.serve = tf.function(lambda x: {7: x}, input_signature=[SPEC])
    (found,) = sm_magics.check(module, "serve")
    assert found.code == "SM205"
    assert "--flatten" not in found.hint
    (found,) = sm_magics.check(module, "serve", flatten=True)
    assert (found.code, found.function) == ("SM205", "serve")
    assert "keys are strings" in found.hint


def test_an_object_with_keras_models_is_exported_without_it(tmp_path):
    module = Numbered()
    module.model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    module.other(tf.ones([2]))
    module.keyed = tf.function(lambda x: {7: x}, input_signature=[SPEC])
    result = sm_magics.export(module, tmp_path / "out", ["serve", "keyed=keyed"], flatten=True)
    assert [one.code for one in result.findings] == []
    loaded = tf.saved_model.load(str(tmp_path / "out"))
    np.testing.assert_array_equal(loaded.signatures["keyed"](x=tf.ones([2]))["7"], [1.0, 1.0])
    assert not hasattr(loaded, "other")
