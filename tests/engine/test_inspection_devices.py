"""Which hard-coded devices `inspect` counts, and which it leaves to the saver."""

from __future__ import annotations

import re
from collections import Counter

import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from sm_magics.savedmodel.inspection import inspect

v1 = tf.compat.v1


@pytest.fixture
def plain(tmp_path):
    """A SavedModel that pins nothing."""
    module = tf.Module()
    module.weight = tf.Variable([1.0, 2.0])
    module.serve = tf.function(
        lambda x: x * module.weight, input_signature=[tf.TensorSpec([2], tf.float32, "x")]
    )
    return save(tmp_path, module, signatures=module.serve)


def save(tmp_path, module, **options):
    path = tmp_path / "saved"
    tf.saved_model.save(module, path, **options)
    return path


def change(path, edit):
    """Apply `edit` to the SavedModel proto in a directory."""
    file = path / "saved_model.pb"
    proto = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    edit(proto)
    file.write_bytes(proto.SerializeToString())


class Pinned(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
    def loop(self, x):
        for _ in tf.range(3):
            with tf.device("/GPU:1"):
                x = self.inner(x) * 2.0
        return x

    @tf.function
    def inner(self, x):
        with tf.device("/CPU:0"):
            return tf.exp(x)


def test_the_savers_own_devices_are_not_counted(plain):
    written = saved_model_pb2.SavedModel.FromString((plain / "saved_model.pb").read_bytes())
    library = written.meta_graphs[0].graph_def.library.function
    assert any(node.device for function in library for node in function.node_def)
    assert inspect(plain).devices == {}


def test_devices_in_bodies_of_loops_and_called_functions_are_counted(tmp_path):
    module = Pinned()
    path = save(tmp_path, module, signatures=module.loop)
    written = saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())
    expected = Counter(
        node.device
        for function in written.meta_graphs[0].graph_def.library.function
        for node in function.node_def
        if node.device and "_traced_" not in function.signature.name
    )
    assert set(expected) == {"/device:CPU:0", "/device:GPU:1"}
    assert inspect(path).devices == expected


def test_devices_of_functions_without_a_signature_are_counted(tmp_path):
    module = Pinned()
    module.inner(tf.constant(1.0))
    path = save(tmp_path, module, signatures={})
    assert inspect(path).signatures == ()
    assert inspect(path).devices["/device:CPU:0"] >= 1


def test_what_nothing_calls_is_not_counted(plain):
    def add(proto):
        function = proto.meta_graphs[0].graph_def.library.function.add()
        function.signature.name = "nobody_calls_me"
        function.node_def.add(name="n", op="NoOp", device="/device:TPU:0")

    change(plain, add)
    assert inspect(plain).devices == {}


def test_a_variable_that_is_pinned_counts_even_if_only_the_saver_reads_it(plain):
    def pin(proto):
        for node in proto.meta_graphs[0].graph_def.node:
            if node.op == "VarHandleOp":
                node.device = "/device:GPU:0"

    change(plain, pin)
    assert inspect(plain).devices == {"/device:GPU:0": 1}


def test_what_saves_and_restores_a_table_is_the_savers_too(tmp_path):
    module = tf.Module()
    module.table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    path = save(tmp_path, module)
    pinned = []

    def pin(proto):
        for function in proto.meta_graphs[0].graph_def.library.function:
            if re.search("_(save|restore)_fn_", function.signature.name):
                pinned.append(function.signature.name)
                function.node_def[0].device = "/device:TPU:0"

    change(path, pin)
    assert len(pinned) == 2
    assert inspect(path).devices == {}


@pytest.mark.parametrize(
    ("signed", "counted"),
    [
        (True, {"/device:GPU:0": 3, "/device:CPU:0": 1}),  # x, weight, its read; y
        (False, {"/device:GPU:0": 4, "/device:CPU:0": 2}),  # x_again too; unused too
    ],
)
def test_devices_of_a_tf1_graph(tmp_path, signed, counted):
    path = tmp_path / "tf1"
    builder = v1.saved_model.Builder(str(path))
    soft = v1.ConfigProto(allow_soft_placement=True)
    with v1.Session(graph=tf.Graph(), config=soft) as session:
        with tf.device("/GPU:0"):
            x = v1.placeholder(tf.float32, [2], "x")
            tf.identity(x, "x_again")
            handle = tf.raw_ops.VarHandleOp(dtype=tf.float32, shape=[2], shared_name="weight")
            value = tf.raw_ops.ReadVariableOp(resource=handle, dtype=tf.float32)
        with tf.device("/CPU:0"):
            y = tf.multiply(x, value, "y")
            tf.identity(y, "unused")
        signature = v1.saved_model.predict_signature_def({"x": x}, {"y": y})
        signatures = {"serving_default": signature} if signed else None
        bias = v1.get_variable("bias", [2], use_resource=True)  # so that there is a saver
        session.run(bias.initializer)
        builder.add_meta_graph_and_variables(session, ["serve"], signatures)
    builder.save()
    assert inspect(path).devices == counted
    assert [one.name for one in inspect(path).variables] == ["bias"]
