"""The fast writer against TensorFlow's: other bytes, the same SavedModel."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from hypothesis import example, given
from hypothesis import strategies as st
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework import meta_graph
from tensorflow.python.ops.resource_variable_ops import UninitializedVariable

import sm_magics
from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.writing import checkpoint, fast

ROWS = tf.TensorSpec([None, 3], tf.float32, name="rows")


class Mixed(tf.Module):
    """Constants, a list, a dict, a nested module, dtypes, two functions with several traces."""

    def __init__(self):
        super().__init__()
        self.weight = tf.Variable([1.0, 2.0, 3.0], name="weights/mine")
        self.steps = [tf.Variable(3, dtype=tf.int64), tf.Variable(initial_value=True)]
        self.named = {"low": tf.Variable(0.5, dtype=tf.bfloat16), "text": tf.Variable("é")}
        self.part = tf.Module()
        self.part.frozen = tf.Variable([7.0], trainable=False)
        self.again = self.weight
        self.offset = tf.constant([10.0, 20.0, 30.0])

    @tf.function(input_signature=[ROWS])
    def serve(self, rows):
        return {"sum": rows * self.weight + self.offset, "frozen": self.part.frozen}

    @tf.function
    def scale(self, x, by=2.0):
        return tf.nn.silu(x) * by


def mixed():
    module = Mixed()
    module.scale(tf.ones([2]))
    module.scale(tf.ones([2, 2]), by=3.0)
    return module


def convolutional():
    inputs = keras.Input((8, 8, 3), name="image")
    x = keras.layers.Conv2D(4, 3, activation="silu")(inputs)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, keras.layers.Dense(2, name="scores")(x))


def recurrent():
    layers = [keras.Input((None, 3)), keras.layers.LSTM(4), keras.layers.Dropout(0.5)]
    return keras.Sequential(layers)


def empty():
    module = tf.Module()
    module.serve = tf.function(lambda rows: rows + 1.0, input_signature=[ROWS])
    return module


MODELS = {
    "mixed": (mixed, {}),
    "two signatures": (mixed, {"signatures": {"one": "serve", "two": "serve"}}),
    "convolutional": (convolutional, {}),
    "recurrent": (recurrent, {}),
    "no variables": (empty, {}),
    "a function": (lambda: empty().serve, {}),
    "no gradients": (convolutional, {"options": {"experimental_custom_gradients": False}}),
    "tags": (mixed, {"options": {"extra_tags": ["gpu"]}}),
    "no signature": (tf.Module, {"allow_no_signature": True}),
}


@pytest.fixture(params=MODELS)
def both(request, tmp_path):
    """Export an object by either writer; return it and the two directories."""
    make, given_ = MODELS[request.param]
    obj = make()
    ours = sm_magics.export(obj, tmp_path / "fast", **given_)
    assert (ours.writer, ours.left_to_tensorflow) == ("fast", "")
    theirs = sm_magics.export(obj, tmp_path / "plain", writer="tensorflow", **given_)
    assert theirs.writer == "tensorflow"
    return obj, ours.path, theirs.path


def meta(path):
    (graph,) = saved_model_pb2.SavedModel.FromString(
        (path / "saved_model.pb").read_bytes()
    ).meta_graphs
    return graph


def test_the_signatures_are_the_same_to_the_letter(both):
    _, ours, theirs = both
    for path in (ours, theirs):
        assert tf.saved_model.contains_saved_model(path)
    ours, theirs = meta(ours), meta(theirs)
    assert set(ours.signature_def) == set(theirs.signature_def)
    for key, signature in theirs.signature_def.items():
        mine = ours.signature_def[key]
        for side in ("inputs", "outputs"):
            told = [
                {
                    name: (info.dtype, text_format.MessageToString(info.tensor_shape))
                    for name, info in getattr(one, side).items()
                }
                for one in (mine, signature)
            ]
            assert told[0] == told[1]
        assert mine.method_name == signature.method_name
    assert list(ours.meta_info_def.tags) == list(theirs.meta_info_def.tags)
    assert ours.meta_info_def.stripped_default_attrs


def objects(graph):
    """Return what each object of a SavedModel is, by the shortest path to it."""
    nodes = graph.object_graph_def.nodes
    found, queue = {"": nodes[0]}, [("", nodes[0])]
    for path, node in queue:
        for child in node.children:
            below = f"{path}/{child.local_name}"
            if nodes[child.node_id] not in found.values():
                found[below] = nodes[child.node_id]
                queue.append((below, found[below]))
    return {path: node.WhichOneof("kind") for path, node in found.items()}


def test_the_objects_are_the_same(both):
    _, ours, theirs = both
    ours, theirs = objects(meta(ours)), objects(meta(theirs))
    assert ours == theirs


def test_the_checkpoint_has_the_same_keys_and_values(both):
    readers = [tf.train.load_checkpoint(str(path / "variables/variables")) for path in both[1:]]
    shapes = [reader.get_variable_to_shape_map() for reader in readers]
    dtypes = [reader.get_variable_to_dtype_map() for reader in readers]
    assert shapes[0] == shapes[1]
    assert dtypes[0] == dtypes[1]
    for key in set(shapes[0]) - {checkpoint.OBJECT_GRAPH_KEY}:
        np.testing.assert_array_equal(*(reader.get_tensor(key) for reader in readers))


def test_a_checkpoint_of_the_object_restores_as_from_tensorflow_s(both):
    obj, *paths = both
    variables = [tf_private.raw_variable(variable) for variable in getattr(obj, "variables", ())]
    before = [variable.numpy() for variable in variables]
    restored = []
    for path in paths:
        for variable in variables:
            variable.assign(tf.zeros_like(variable))
        if variables:
            tf.train.Checkpoint(obj).restore(str(path)).expect_partial()
        restored.append([variable.numpy() for variable in variables])
    for ours, theirs, value in zip(*restored, before, strict=True):
        np.testing.assert_array_equal(ours, theirs)
        if np.asarray(value).dtype == np.float32:  # the state of a seed is not restored
            np.testing.assert_array_equal(ours, value)


def test_gradients_of_what_is_loaded_are_those_of_the_object(tmp_path):
    model = convolutional()
    rows = tf.random.uniform([2, 8, 8, 3])
    loaded = tf.saved_model.load(str(sm_magics.export(model, tmp_path / "out").path))

    def gradients(call, variables):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(call(rows) ** 2)
        return tape.gradient(loss, variables)

    expected = gradients(lambda x: model(x, training=False), model.trainable_variables)
    found = gradients(lambda x: loaded.serve(x)["scores"], loaded.trainable_variables)
    assert len(found) == len(expected) == 6
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
    assert any(np.any(one) for one in expected)


def test_what_is_loaded_can_be_saved_again(tmp_path):
    model = convolutional()
    first = sm_magics.export(model, tmp_path / "first").path
    tf.saved_model.save(tf.saved_model.load(str(first)), str(tmp_path / "second"))
    rows = tf.random.uniform([2, 8, 8, 3])
    again = tf.saved_model.load(str(tmp_path / "second"))
    np.testing.assert_allclose(again.serve(rows)["scores"], model(rows), rtol=1e-5, atol=1e-6)


def test_a_body_is_stored_once(tmp_path):
    path = sm_magics.export(recurrent(), tmp_path / "out").path
    bodies = [
        function
        for function in meta(path).graph_def.library.function
        if any(node.op in ("While", "StatelessWhile") for node in function.node_def)
    ]
    assert len(bodies) == 1


def test_the_trace_is_what_is_written(tmp_path):
    module = tf.Module()
    module.factor = 2.0
    module.serve = tf.function(lambda rows: rows * module.factor, input_signature=[ROWS])
    rows = tf.ones([1, 3])
    module.serve(rows)
    module.factor = 3.0  # nothing reads it any more
    result = sm_magics.export(module, tmp_path / "out")
    loaded = tf.saved_model.load(str(result.path))
    np.testing.assert_array_equal(loaded.serve(rows), module.serve(rows))
    assert result.verification.signatures[0].status == "equal"


def table():
    module = empty()
    module.table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    return module


def unset():
    module = empty()
    module.weight = UninitializedVariable(shape=[], dtype=tf.float32)
    return module


@pytest.mark.parametrize(
    ("make", "options", "why"),
    [
        (table, {}, "MutableHashTable keeps its state in a way of its own"),
        (mixed, {"experimental_debug_stripper": True}, "debug_stripper is set"),
        (mixed, {"namespace_whitelist": []}, "namespace_whitelist is set"),
        (mixed, {"save_debug_info": True}, "save_debug_info is set"),
        (mixed, {"function_aliases": {"alias": "serve"}}, "function_aliases is set"),
    ],
)
def test_what_it_does_not_know_is_left_to_tensorflow(tmp_path, make, options, why):
    result = sm_magics.export(make(), tmp_path / "out", options=options)
    assert (result.writer, result.left_to_tensorflow) == ("tensorflow", why)
    assert f"tf.saved_model.save, because {why}" in str(result)
    loaded = tf.saved_model.load(str(result.path))
    assert loaded.signatures["serving_default"](rows=tf.ones([1, 3]))


def test_a_variable_without_a_value_is_left_to_tensorflow_which_leaves_it_out(tmp_path):
    result = sm_magics.export(unset(), tmp_path / "out", verify=False)
    assert result.writer == "tensorflow"
    assert result.left_to_tensorflow == "the variable 'Variable:0' has no value yet"
    assert result.inspection.variables == ()


def test_whoever_asks_for_tensorflow_s_writer_gets_no_reason(tmp_path):
    result = sm_magics.export(mixed(), tmp_path / "out", writer="tensorflow")
    assert (result.writer, result.left_to_tensorflow) == ("tensorflow", "")
    assert "Written by\n  tf.saved_model.save\n" in str(result)


def test_another_writer_is_refused(tmp_path):
    with pytest.raises(ValueError, match="writer is one of fast, tensorflow; not 'slow'"):
        sm_magics.export(mixed(), tmp_path / "out", writer="slow")


def test_shards_are_written_side_by_side_and_merged(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "SHARD", 10)
    module = mixed()
    path = sm_magics.export(module, tmp_path / "out").path
    names = sorted(file.name for file in (path / "variables").iterdir())
    shards = [name for name in names if ".data-" in name]
    assert len(shards) == 3
    assert names == [*shards, "variables.index"]
    loaded = tf.saved_model.load(str(path))
    np.testing.assert_array_equal(loaded.weight, module.weight)
    np.testing.assert_array_equal(loaded.named["text"], module.named["text"])


@given(st.lists(st.integers(0, 300), max_size=30))
def test_every_thing_is_in_one_shard_and_no_shard_grows_too_large(sizes):
    before, checkpoint.SHARD = checkpoint.SHARD, 256
    try:
        parts = list(checkpoint.parted(sizes, lambda size: size))
    finally:
        checkpoint.SHARD = before
    assert [size for part in parts for size in part] == sizes
    assert all(sum(part[:-1]) < 256 for part in parts)
    assert all(parts) or parts == [[]]


@given(st.lists(st.text(min_size=1, max_size=12), max_size=5))
@example(["a\\b", "a>", "a/", "/", "A>", "a_"])
def test_any_name_of_a_variable_is_one_for_a_node(names):
    graph, nodes = tf.Graph(), tf.compat.v1.GraphDef()
    with graph.as_default():
        for name in names:
            nodes.node.add(op="NoOp", name=fast._free_name(graph, name))
        tf.graph_util.import_graph_def(nodes, name="")
    made = [operation.name for operation in graph.get_operations()]
    assert made == [node.name for node in nodes.node]
    assert len({name.lower() for name in made}) == len(names)


def test_what_tensorflow_would_strip_is_stripped(tmp_path):
    path = sm_magics.export(convolutional(), tmp_path / "out").path
    graph = meta(path)
    before = graph.SerializeToString(deterministic=True)
    meta_graph.strip_graph_default_valued_attrs(graph)
    assert graph.SerializeToString(deterministic=True) == before
    convolution = next(
        node
        for function in graph.graph_def.library.function
        for node in function.node_def
        if node.op == "Conv2D"
    )
    assert "strides" in convolution.attr
    assert "dilations" not in convolution.attr


@pytest.mark.parametrize("name", ["a weight of mine", "back\\slash", "an.end>"])
def test_a_name_that_tensorflow_refuses_is_written_all_the_same(tmp_path, name):
    module = tf.Module()
    module.weight = tf.Variable([2.0], name=name)
    module.serve = tf.function(lambda rows: rows * module.weight, input_signature=[ROWS])
    path = sm_magics.export(module, tmp_path / "out").path
    loaded = tf.saved_model.load(str(path))
    np.testing.assert_array_equal(loaded.serve(tf.ones([1, 3])), [[2.0, 2.0, 2.0]])
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        tf.compat.v1.saved_model.load(session, ["serve"], str(path))
