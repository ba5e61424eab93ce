"""One walk, live and written: every node that a consumer can run, each once, and no other."""

from __future__ import annotations

from collections import Counter

import keras
import pytest
import tensorflow as tf
import tf_keras

import sm_magics
from sm_magics.savedmodel import saved
from sm_magics.savedmodel.graphs import live, places, written
from sm_magics.savedmodel.inspection import metagraph

VECTOR = tf.TensorSpec([None], tf.float32, name="x")
# What a save adds around the functions, and what it strips.
AROUND = {"Placeholder", "NoOp", "StatefulPartitionedCall", "PartitionedCall", "Identity"}


@tf.function(input_signature=[VECTOR])
def inner(x):
    return tf.sin(x)


def called(x):
    return inner(inner(x))


def looped(x):
    for _ in tf.range(3):
        x = tf.cos(x)
    return x


def branched(x):
    if tf.reduce_sum(x) > 0.0:
        x = tf.tan(x)
    return x


def switched(x):
    return tf.switch_case(tf.size(x), [lambda: tf.exp(x), lambda: tf.math.log(x)])


def mapped(x):
    return tf.map_fn(tf.sinh, x)


def nested(x):
    for _ in tf.range(2):
        if tf.size(x) > 1:
            x = called(x)
    return x


def dataset(x):
    rows = tf.data.Dataset.from_tensors(x).map(tf.math.cosh)
    return rows.reduce(x, tf.add)


BODIES = {
    "call": (called, {"Sin": 1}),
    "while": (looped, {"Cos": 1}),
    "cond": (branched, {"Tan": 1}),
    "case": (switched, {"Exp": 1, "Log": 1}),
    "map_fn": (mapped, {"Sinh": 1}),
    "call in cond in while": (nested, {"Sin": 1}),
    "functions of a dataset": (dataset, {"Cosh": 1}),
}


def serving(body):
    module = tf.Module()
    module.serve = tf.function(body, input_signature=[VECTOR])
    return module


def live_nodes(obj):
    return list(live.nodes(saved.look(obj).traces))


def written_nodes(obj, path):
    return list(written.nodes(metagraph(sm_magics.export(obj, path, verify=False).path)))


def ops(nodes):
    return Counter(node.op for node in nodes if node.op not in AROUND)


@pytest.mark.parametrize("case", BODIES)
def test_what_functions_call_is_reached_once(case):
    body, expected = BODIES[case]
    found = ops(live_nodes(serving(body)))
    assert {op: found[op] for op in expected} == expected


@pytest.mark.parametrize("case", BODIES)
def test_live_and_written_agree(case, tmp_path):
    module = serving(BODIES[case][0])
    alive = ops(live_nodes(module))
    assert ops(written_nodes(module, tmp_path / "out")) == alive


@pytest.mark.parametrize("k", [keras, tf_keras])
def test_an_lstm_reaches_no_variant_for_another_device(k, tmp_path):
    model = k.Sequential([k.Input((4, 3)), k.layers.LSTM(2)])
    path = sm_magics.export(model, tmp_path / "out").path
    meta_graph = metagraph(path)
    assert not [n.op for n in written.nodes(meta_graph) if n.op.startswith("Cudnn")]
    if k is tf_keras:
        everything = [node.op for node in written.everything(meta_graph)]
        assert any(op.startswith("Cudnn") for op in everything), "there is one to be tempted by"


def test_nodes_know_the_function_that_reached_them():
    module = serving(called)
    module.other = tf.function(looped, input_signature=[VECTOR])
    found = {node.op: node.function for node in live_nodes(module)}
    assert (found["Sin"], found["Cos"]) == ("serve", "other")


def test_gradient_functions_are_reached_in_what_was_written(tmp_path):
    @tf.custom_gradient
    def doubled(x):
        return x * 2.0, tf.atan

    out = written_nodes(serving(doubled), tmp_path / "out")
    assert ops(out)["Atan"] == 1


def test_the_saver_is_not_reached_but_is_part_of_everything(tmp_path):
    module = serving(lambda x: x * module.weight)
    module.weight = tf.Variable(2.0)
    path = sm_magics.export(module, tmp_path / "out").path
    meta_graph = metagraph(path)
    assert "SaveV2" not in {node.op for node in written.nodes(meta_graph)}
    assert {"SaveV2", "RestoreV2", "Mul"} <= {node.op for node in written.everything(meta_graph)}
    assert any(node.device for node in written.everything(meta_graph))


def test_the_place_of_a_node_is_the_statement_that_made_it():
    (node,) = [node for node in live_nodes(serving(looped)) if node.op == "Cos"]
    span = places.live(node)
    assert (span.file, span.source.strip()) == (__file__, "x = tf.cos(x)")
    assert span.source[span.column - 1 : span.end_column - 1] == "x = tf.cos(x)"


def test_a_loaded_model_is_walked_too(tmp_path):
    sm_magics.export(serving(nested), tmp_path / "out")
    loaded = tf.saved_model.load(str(tmp_path / "out"))
    assert ops(live_nodes(loaded))["Sin"] == 1
