"""`inspect` against what TensorFlow's own tools say of the same directories."""

from __future__ import annotations

import ast
import contextlib
import io
import math
import re
from collections import Counter
from typing import NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.tools import saved_model_cli

from sm_magics.savedmodel.inspection import inspect

v1 = tf.compat.v1
INITIALISING = {"__saved_model_init_op", "__saved_model_train_op"}


class Scorer(tf.Module):
    """Two signatures, unknown ranks and sizes, several dtypes, functions without a trace."""

    def __init__(self):
        super().__init__()
        self.weight = tf.Variable([[1.0], [2.0]], name="weight")
        self.steps = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.parts = [tf.Variable(1.0), {"inner/most": tf.Variable("text")}]

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, 2], tf.float32, "x"),
            tf.TensorSpec(None, tf.bool, "mask"),
        ]
    )
    def score(self, x, mask):
        return {"scores": x @ self.weight, "any": tf.reduce_any(mask), "mask": mask}

    @tf.function(input_signature=[tf.TensorSpec([3], tf.bfloat16, "x")])
    def halve(self, x):
        return x / 2

    @tf.function
    def add(self, x, y):
        return x + y

    @tf.function
    def never_called(self, x):
        return x


def tf_module(path):
    module = Scorer()
    module.add(tf.constant(1), tf.constant(2))
    module.add(tf.constant([1.0]), tf.constant([2.0]))
    tf.saved_model.save(
        module, path, signatures={"serving_default": module.score, "halve": module.halve}
    )


class Pair(NamedTuple):
    left: object
    right: object


class Caller(tf.Module):
    """Every kind of argument: Python values, structures, composite tensors, ``*args``, keywords."""

    @tf.function
    def call(self, x, training=False, mode="fast", *rest, scale=1.5, **more):  # noqa: ARG002, FBT002
        return x * scale

    @tf.function
    def nest(self, inputs, pair, sizes=(1, 2), limit=None, dtype=tf.float32):  # noqa: ARG002
        return inputs["a"] + pair.left

    @tf.function
    def compose(self, ragged, sparse):
        return ragged * 2.0, tf.sparse.to_dense(sparse)


def arguments_of_every_kind(path):
    module, one = Caller(), tf.constant(1.0)
    module.call(one)
    module.call(one, True, "slow", one, 3, scale=one, extra=one)  # noqa: FBT003
    module.nest({"a": one, "b": tf.constant([1])}, Pair(one, 2))
    first = {"a": tf.TensorSpec([None], name="first")}
    module.nest.get_concrete_function(first, Pair(tf.TensorSpec([]), "text"), [1, "a"], limit=2)
    module.compose(tf.ragged.constant([[1.0], []]), tf.sparse.from_dense([1, 0]))
    named = tf.TensorSpec([None, 2], name="named")
    module.whole = module.call.get_concrete_function(named, True, scale=2.5)  # noqa: FBT003
    module.old = v1.wrap_function(lambda x: x * 2, [tf.TensorSpec([3], name="x")])
    tf.saved_model.save(module, path, signatures=module.whole)


def without_a_signature(path):
    tf.saved_model.save(tf.Module(), path)


def keras_model(library):
    inputs = {"a": library.Input((4,), name="a"), "b": library.Input((2, 2), name="b")}
    hidden = library.layers.Dense(3)(inputs["a"])
    flat = library.layers.Flatten()(inputs["b"])
    outputs = library.layers.Concatenate()([hidden, flat])
    model = library.Model(inputs, outputs)
    model.compile("adam", "mse")
    model.fit({"a": np.ones((2, 4)), "b": np.ones((2, 2, 2))}, np.ones((2, 7)), verbose=0)
    return model


def keras_export(path):
    keras_model(keras).export(path, verbose=False)


def keras_saved_by_tensorflow(path):
    tf.saved_model.save(keras_model(keras), path)


def tf_keras_saved(path):
    keras_model(tf_keras).save(path, save_format="tf")


def checkpoint_root(path):
    root = tf.train.Checkpoint(model=Scorer())
    root.save_counter.assign(3)
    tf.saved_model.save(root, path, signatures=root.model.halve)


def table_and_asset(path):
    vocabulary = path.parent / "words.txt"
    vocabulary.write_text("a\nb\n")
    module = tf.Module()
    module.table = tf.lookup.StaticVocabularyTable(
        tf.lookup.TextFileInitializer(
            str(vocabulary),
            tf.string,
            tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64,
            tf.lookup.TextFileIndex.LINE_NUMBER,
        ),
        num_oov_buckets=1,
    )
    module.counts = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    module.counts.insert(["a", "b"], [1, 2])
    module.ids = tf.function(
        lambda words: module.table.lookup(words) + module.counts.lookup(words),
        input_signature=[tf.TensorSpec([None], tf.string, "words")],
    )
    tf.saved_model.save(module, path, signatures=module.ids)


def string_lookup(path):
    layer = keras.layers.StringLookup(vocabulary=["red", "green"])
    model = keras.Sequential([keras.Input((1,), dtype="string"), layer])
    tf.saved_model.save(model, path)


def tf1_with_two_meta_graphs(path):
    builder = v1.saved_model.Builder(str(path))
    with v1.Session(graph=tf.Graph()) as session:
        x = v1.placeholder(tf.float32, [None, 4], "x")
        weight = v1.get_variable(
            "weight", [4, 6], partitioner=v1.fixed_size_partitioner(2, axis=1), use_resource=False
        )
        bias = v1.get_variable("bias", [6], use_resource=True)
        y = tf.matmul(x, tf.concat(list(weight), 1)) + bias
        session.run(v1.global_variables_initializer())
        signature = v1.saved_model.predict_signature_def({"x": x}, {"y": y})
        builder.add_meta_graph_and_variables(
            session, ["train", "gpu"], {"fit": signature}, main_op=v1.tables_initializer()
        )
        builder.add_meta_graph(["serve"], {"serving_default": signature, "again": signature})
    builder.save()


MAKERS = [
    tf_module,
    arguments_of_every_kind,
    without_a_signature,
    keras_export,
    keras_saved_by_tensorflow,
    tf_keras_saved,
    checkpoint_root,
    table_and_asset,
    string_lookup,
    tf1_with_two_meta_graphs,
]


@pytest.fixture(scope="module", params=MAKERS, ids=lambda maker: maker.__name__)
def path(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("made") / request.param.__name__
    request.param(path)
    return path


def shown(path):
    """Parse what `saved_model_cli show --all` prints: its MetaGraphs, and its functions."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        saved_model_cli._show_all(str(path))
    text, _, functions = out.getvalue().partition("Concrete Functions:")
    graphs = {}
    for part in text.split("MetaGraphDef with tag-set: ")[1:]:
        tags = tuple(part[1 : part.index("' contains")].split(", "))
        signatures, initialisers = {}, {}
        for block in part.split("signature_def['")[1:]:
            key, body = block.split("']:", 1)
            if key in INITIALISING:
                initialisers[key] = re.search(r"name: (.*)\n", body)[1]
                continue
            found = re.findall(
                r"(in|out)puts\['(.*)'\] tensor_info:\s+dtype: (\w+)\s+shape: (.*)\n", body
            )
            signatures[key] = [(way, name, dtype(d), shape(s)) for way, name, d, s in found]
        ops = ast.literal_eval(re.search(r"following ops: (.*)", part)[1].replace("set()", "[]"))
        graphs[tags] = signatures, set(ops), initialisers
    named = re.split(r"Function Name: '(.*)'\n", functions)[1:]
    options = {
        name: body.split("Option #")[1:] for name, body in zip(named[::2], named[1::2], strict=True)
    }
    return graphs, options


def leaves(text):
    """Return what an argument's text holds, in one form for theirs and ours, without brackets."""
    text = re.sub(
        r"TensorSpec\(shape=(\(.*?\)|<unknown>), dtype=tf\.(\w+), name='(\w*)'\)",
        lambda spec: spec[2] + spec[1].replace("<unknown>", "[...]"),
        text,
    )
    text = re.sub(r"<dtype: '(\w+)'>|tf\.(\w+)", r"\1\2", text)
    text = re.sub(r"TensorShape|Pair|\w+=| named \w+|'\w+': ", "", text)
    return Counter(re.findall(r"[\w.']+", text))


def arguments(option):
    """Return the positional arguments of what they print for a trace, and the keywords."""
    positional, *keywords = re.split(r"Named Argument #\d+", option)
    found = []
    for lines in re.split(r"Argument #\d+", positional)[1:]:
        kind, _, value = lines.strip().partition("Value: ")
        if not value:  # a tensor with its name, or a text
            name, is_tensor, spec = kind.partition(": ")
            found.append((name, leaves(spec)) if is_tensor else (None, leaves(repr(name))))
        else:
            found.append((None, leaves(value.replace("\b", ""))))
    return found, sorted(keyword.strip() for keyword in keywords)


def our_arguments(trace, keywords):
    """Return the same of a trace of ours, of which the last so many are keywords."""
    found = [
        (None, leaves(one.value))
        if isinstance(one.value, str)
        else (one.value.name, leaves(str(one.value).partition(": ")[2]))
        for one in trace
    ]
    split = len(trace) - keywords
    return found[:split], [one.name for one in trace[split:]]


def dtype(name):
    return tf.dtypes.as_dtype(types_pb2.DataType.Value(name)).name


def shape(text):
    if text == "unknown_rank":
        return None
    dims = [int(dim) for dim in text.strip("()").split(",") if dim.strip()]
    return tuple(None if dim == -1 else dim for dim in dims)


def ours(signature):
    return [("in", s.name, s.dtype, s.shape) for s in signature.inputs] + [
        ("out", s.name, s.dtype, s.shape) for s in signature.outputs
    ]


def test_it_says_what_saved_model_cli_says(path):
    inspection = inspect(path)
    graphs, options = shown(path)

    assert {graph.tags for graph in inspection.meta_graphs} == set(graphs)
    for graph in inspection.meta_graphs:
        signatures, ops, initialisers = graphs[graph.tags]
        assert {one.key: ours(one) for one in graph.signatures} == signatures
        assert [one.key for one in graph.signatures] == sorted(signatures)
        assert ops <= set(graph.ops)
        assert graph.initialisers == initialisers
    at_root = {one.path: one.traces for one in inspection.functions if one.path in options}
    assert at_root == {name: len(theirs) for name, theirs in options.items()}
    for one in inspection.functions:
        if one.path in options:
            assert len(one.arguments) == one.traces
            for option in options[one.path]:
                positional, keywords = arguments(option)
                found = [our_arguments(trace, len(keywords)) for trace in one.arguments]
                assert (positional, keywords) in found
    assert all(
        re.search(r"[.\[]", one.path) for one in inspection.functions if one.path not in options
    )


def test_ops_and_versions_are_those_of_the_proto(path):
    inspection = inspect(path)
    written = saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())
    for graph, theirs in zip(inspection.meta_graphs, written.meta_graphs, strict=True):
        nodes = [*theirs.graph_def.node]
        for function in theirs.graph_def.library.function:
            nodes.extend(function.node_def)
        assert graph.ops == Counter(node.op for node in nodes)
        assert list(graph.ops.values()) == sorted(graph.ops.values(), reverse=True)
        expected = {
            "tensorflow": tf.__version__,
            "producer": str(tf.version.GRAPH_DEF_VERSION),
            "min_consumer": str(theirs.graph_def.versions.min_consumer),
            "schema": "1",
        }
        assert graph.versions == {key: told for key, told in expected.items() if told != "0"}
        names = {function.signature.name for function in theirs.graph_def.library.function}
        called = {
            key: node.attr["f"].func.name
            for key, signature in theirs.signature_def.items()
            for node in theirs.graph_def.node
            if any(tensor.name == f"{node.name}:0" for tensor in signature.outputs.values())
        }
        assert {one.key: one.function for one in graph.signatures} == called
        assert set(called.values()) <= (names or {""})


def test_variables_are_those_of_the_checkpoint(path):
    found = {variable.key: variable for variable in inspect(path).variables}
    prefix = str(path / "variables" / "variables")
    listed = {
        name: tuple(shape)
        for name, shape in tf.train.list_variables(prefix)
        if name != "_CHECKPOINTABLE_OBJECT_GRAPH" and not name.startswith("save_counter/")
    }
    dtypes = tf.train.load_checkpoint(prefix).get_variable_to_dtype_map()
    assert {key: one.shape for key, one in found.items()} == listed
    assert {key: one.dtype for key, one in found.items()} == {
        key: dtypes[key].name for key in found
    }
    for one in found.values():
        if one.dtype != "string":
            assert one.bytes == math.prod(one.shape) * tf.dtypes.as_dtype(one.dtype).size


def test_variables_have_the_names_and_trainability_that_a_load_gives_them(path):
    loaded = tf.saved_model.load(str(path), tags=["serve"])
    variables = inspect(path).variables
    if path.name == "tf1_with_two_meta_graphs":  # its object graph is made up by the loader
        assert [(one.name, one.shape, one.trainable) for one in variables] == [
            ("bias", (6,), None),
            ("weight", (4, 6), None),
        ]
        return
    expected = [
        one
        for one in tf.train.TrackableView(loaded).descendants()
        if isinstance(one, tf.Variable) and one is not getattr(loaded, "save_counter", None)
    ]
    known = [one for one in variables if one.trainable is not None]  # tables are none
    assert Counter((one.shape, one.trainable) for one in known) == Counter(
        (tuple(one.shape), one.trainable) for one in expected
    )
    names = {one.name.removesuffix(":0") for one in expected} - {"Variable"}
    assert names <= {one.name for one in known}
    assert "Variable" not in {one.name for one in variables}


def test_the_fingerprint_is_tensorflows(path):
    found = inspect(path).fingerprint
    if not (path / "fingerprint.pb").exists():
        assert found == {}
        return
    theirs = tf.saved_model.experimental.read_fingerprint(str(path))
    assert found["saved_model_checksum"] == str(theirs.saved_model_checksum)
    assert found["signature_def_hash"] == str(theirs.signature_def_hash)
    assert found["checkpoint_hash"] == str(theirs.checkpoint_hash)
    assert found["version"].isdecimal()


def test_every_file_has_its_size_and_a_role(path):
    inspection = inspect(path)
    on_disk = {
        file.relative_to(path).as_posix(): file.stat().st_size
        for file in path.rglob("*")
        if file.is_file()
    }
    listed = {file.path: file.bytes for file in inspection.files if not file.path.endswith("/")}
    assert listed == on_disk
    assert inspection.bytes == sum(on_disk.values())
    assert not [file for file in inspection.files if "foreign" in file.role]
