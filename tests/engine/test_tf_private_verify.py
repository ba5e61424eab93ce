"""The private names of TensorFlow that verification relies on do what we take them to do."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from sm_magics.savedmodel import tf_private


def test_the_array_of_a_variable_is_its_memory():
    variable = tf.Variable(tf.range(1000, dtype=tf.float32))
    first, second = (tf_private.variable_array(variable.handle) for _ in range(2))
    assert np.shares_memory(first, second)
    np.testing.assert_array_equal(first, np.arange(1000, dtype="float32"))


def test_an_array_that_somebody_holds_is_not_written_to():
    variable = tf.Variable([1.0, 2.0])
    array = tf_private.variable_array(variable.handle)
    variable.assign_add([1.0, 1.0])
    np.testing.assert_array_equal(array, [1.0, 2.0])
    np.testing.assert_array_equal(tf_private.variable_array(variable.handle), [2.0, 3.0])


def test_the_attributes_that_name_functions():
    assert tf_private.function_attributes("While") == ("cond", "body")
    assert tf_private.function_attributes("Case") == ("branches",)
    assert tf_private.function_attributes("Add") == ()
    assert tf_private.function_attributes("NoSuchOp") == ()


def test_functions_run_unoptimized_here_and_as_before_afterwards():
    from tensorflow.core.protobuf import config_pb2
    from tensorflow.python.eager import context

    def options():
        told = context.context().function_call_options.config_proto_serialized
        return config_pb2.ConfigProto.FromString(told)

    before = options()
    with tf_private.unoptimized():
        inside = options()
    assert inside.graph_options.rewrite_options.disable_meta_optimizer
    inside.ClearField("graph_options")
    before.ClearField("graph_options")
    assert inside == before
    assert not options().graph_options.rewrite_options.disable_meta_optimizer
    with pytest.raises(RuntimeError), tf_private.unoptimized():
        raise RuntimeError
    assert not options().graph_options.rewrite_options.disable_meta_optimizer
