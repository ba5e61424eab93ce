"""What `inspect` says of files, functions, variables and old or odd graphs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow.core.protobuf import saved_model_pb2

from sm_magics.savedmodel.inspection import inspect

ROOT = Path(__file__).parents[2]
v1 = tf.compat.v1


class Net(tf.Module):
    def __init__(self):
        super().__init__()
        self.weight = tf.Variable([1.0, 2.0], name="weight")

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, "x")])
    def serve(self, x):
        return x * self.weight


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "net"
    tf.saved_model.save(Net(), path, options=tf.saved_model.SaveOptions(save_debug_info=True))
    return path


@pytest.fixture
def editable(saved, tmp_path):
    """A copy that a test may change."""
    path = tmp_path / "copy"
    for file in saved.rglob("*"):
        if file.is_file():
            target = path / file.relative_to(saved)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    return path


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


def roles(path):
    return {file.path: file.role for file in inspect(path).files}


def test_a_print_of_it_imports_no_more_than_it_shows(saved):
    # A whole process takes little longer than what it imports.
    code = (
        "import sys, sm_magics; print(sm_magics.inspect(sys.argv[1]));"
        "heavy = {'dataclasses', 'jinja2', 'sm_magics.savedmodel.diagnostics'} & set(sys.modules);"
        "print(sorted(heavy))"
    )
    command = [sys.executable, "-c", code, str(saved)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    *shown, heavy = done.stdout.splitlines()
    assert shown[0].startswith(f"SavedModel {saved}")
    assert heavy == "[]"


def test_it_imports_neither_tensorflow_nor_numpy(saved):
    code = (
        "import sys, json; from sm_magics.savedmodel.inspection import inspect;"
        "found = inspect(sys.argv[1]);"
        "heavy = {'tensorflow', 'keras', 'numpy', 'IPython', 'rich'} & set(sys.modules);"
        "print(json.dumps([sorted(heavy), [s.key for s in found.signatures],"
        " [v.name for v in found.variables]]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(saved)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert json.loads(done.stdout) == [[], ["serving_default"], ["weight"]]


def test_home_is_expanded_and_strings_are_paths(saved, monkeypatch):
    monkeypatch.setenv("HOME", str(saved.parent))
    assert inspect("~/net").path == saved
    assert inspect(str(saved)) == inspect(saved)


# Files


def test_files_that_a_saved_model_has(saved):
    assert roles(saved) == {
        "assets/": "assets (empty)",
        "debug/saved_model_debug_info.pb": "debug info, with local file paths",
        "fingerprint.pb": "fingerprint",
        "saved_model.pb": "graph and signatures",
        "variables/variables.data-00000-of-00001": "variables shard",
        "variables/variables.index": "variables index",
    }


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("keras_metadata.pb", "Keras metadata"),
        ("variables/checkpoint", "checkpoint state"),
        ("assets.extra/tf_serving_warmup_requests", "warmup requests"),
        ("assets.extra/notes/readme.md", "extra asset"),
        ("variables/variables_temp/part-00000-of-00001.index", "left over by an interrupted save"),
        ("variables/variables.data-00001-of-00002", "variables shard that the index doesn't name"),
        ("assets/old/vocabulary.txt", "asset that no graph names"),
        ("assets", "foreign"),
        ("README.md", "foreign"),
        ("deep/saved_model.pb", "foreign"),
        (".hidden", "foreign"),
    ],
)
def test_files_that_others_put_there(editable, name, role):
    file = editable / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"12345")
    found = {file.path: (file.role, file.bytes) for file in inspect(editable).files}
    assert found[name] == (role, 5)


def test_empty_folders_and_links_are_shown(editable):
    (editable / "notes").mkdir()
    (editable / "gone").symlink_to("nowhere")
    (editable / "here").symlink_to(editable / "fingerprint.pb")
    (editable / "loop").symlink_to(editable, target_is_directory=True)
    found = {file.path: file for file in inspect(editable).files}
    assert found["notes/"].role == "foreign (empty)"
    assert found["gone"].role == "foreign"
    assert found["here"].bytes == found["fingerprint.pb"].bytes
    assert not [name for name in found if name.startswith("loop/")]


def test_an_asset_that_the_graph_names_is_just_an_asset(tmp_path):
    vocabulary = tmp_path / "words.txt"
    vocabulary.write_text("a\nb\n")
    module = tf.Module()
    module.words = tf.saved_model.Asset(str(vocabulary))
    assert roles(save(tmp_path, module))["assets/words.txt"] == "asset"


# Functions and variables


def test_functions_have_the_shortest_path_that_python_can_follow(tmp_path):
    scalar = tf.TensorSpec([], tf.float32)
    double = tf.function(lambda x: x * 2, input_signature=[scalar])
    module = tf.Module()
    module.child = tf.Module()
    module.child.call = tf.function(lambda x: x + 1)
    module.child.call(1.0)
    module.child.call(tf.constant(1.0))
    module.child._private = tf.function(lambda x: x, input_signature=[scalar])
    module.listed = [tf.Module(), tf.Module()]
    module.listed[1].call = tf.function(lambda x: x - 1, input_signature=[scalar])
    module.named = {"a b": tf.function(lambda x: x / 2, input_signature=[scalar])}
    module.a_long_way = tf.Module()
    module.a_long_way.double = module._first = module.double = double
    module.untraced = tf.function(lambda x: x)
    path = save(tmp_path, module)

    functions = {one.path: one.traces for one in inspect(path).functions}
    assert functions == {
        "child.call": 2,
        "double": 1,
        "listed[1].call": 1,
        "named['a b']": 1,
        "untraced": 0,
    }
    loaded = tf.saved_model.load(str(path))
    results = {
        way: eval(f"loaded.{way}", {"loaded": loaded})(tf.constant(3.0)).numpy()
        for way, traces in functions.items()
        if traces
    }
    assert results == {
        "child.call": 4.0,
        "double": 6.0,
        "listed[1].call": 2.0,
        "named['a b']": 1.5,
    }


def test_slots_and_escaped_names(tmp_path):
    root = tf.train.Checkpoint()
    root.weights = {"a/b.c": tf.Variable([1.0], name="kernel"), "plain": tf.Variable(2.0)}
    root.optimizer = v1.train.MomentumOptimizer(0.1, 0.9)
    variable = root.weights["a/b.c"]
    root.optimizer.apply_gradients([(tf.constant([1.0]), variable)])
    path = save(tmp_path, root, signatures={})
    found = {one.key.partition("/.ATTRIBUTES")[0]: one for one in inspect(path).variables}
    slot = root.optimizer.get_slot(variable, "momentum")
    assert found["weights/a.Sb..c"].name == "kernel"
    assert found["weights/a.Sb..c/.OPTIMIZER_SLOT/optimizer/momentum"].name == slot.name[:-2]
    assert found["weights/plain"].name == "weights.plain"
    assert "save_counter" not in found


def test_variables_in_several_shards(tmp_path):
    module = tf.Module()
    module.parts = [tf.Variable(tf.zeros(100), name=f"part{i}") for i in range(4)]
    policy = tf.train.experimental.MaxShardSizePolicy(max_shard_size=800)
    options = tf.saved_model.SaveOptions(experimental_sharding_callback=policy)
    path = save(tmp_path, module, options=options)
    inspection = inspect(path)
    shards = [file for file in inspection.files if file.role == "variables shard"]
    assert len(shards) > 1
    assert {one.name: one.bytes for one in inspection.variables} == {
        f"part{i}": 400 for i in range(4)
    }


# Odd and old graphs


def test_text_form_says_the_same(editable):
    binary = inspect(editable)
    file = editable / "saved_model.pb"
    proto = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    file.with_suffix(".pbtxt").write_text(text_format.MessageToString(proto))
    file.unlink()
    text = inspect(editable)
    assert text.meta_graphs == binary.meta_graphs
    assert text.variables == binary.variables
    assert roles(editable)["saved_model.pbtxt"] == "graph and signatures, as text"


def test_an_old_graph_without_what_newer_tensorflow_adds(tmp_path):
    proto = saved_model_pb2.SavedModel(saved_model_schema_version=1)
    graph = proto.meta_graphs.add()
    graph.meta_info_def.tags.append("serve")
    graph.graph_def.node.add(name="x", op="Placeholder")
    graph.graph_def.node.add(name="y", op="Identity", input=["x"])
    signature = graph.signature_def["serving_default"]
    signature.inputs["x"].name = "x:0"
    signature.inputs["x"].dtype = 1
    signature.inputs["x"].tensor_shape.unknown_rank = True
    signature.outputs["y"].name = "y:0"
    signature.outputs["y"].dtype = 7 + 100
    (tmp_path / "saved_model.pb").write_bytes(proto.SerializeToString())

    found = inspect(tmp_path)
    assert (found.tags, found.variables, found.fingerprint) == (("serve",), (), {})
    assert (found.functions, found.devices, found.versions) == ((), {}, {"schema": "1"})
    assert found.ops == {"Identity": 1, "Placeholder": 1}
    [one] = found.signatures
    assert (one.function, str(one.inputs[0])) == ("", "x: float32[...]")
    assert str(one.outputs[0]) == "y: string_ref[]"


def test_the_meta_graph_that_serves_is_the_one_that_is_told(tmp_path):
    proto = saved_model_pb2.SavedModel(saved_model_schema_version=1)
    for tags in (["train"], ["serve", "tpu"], ["serve"], ["eval"]):
        graph = proto.meta_graphs.add()
        graph.meta_info_def.tags.extend(tags)
        graph.graph_def.node.add(name="n", op="_".join(tags))
    (tmp_path / "saved_model.pb").write_bytes(proto.SerializeToString())
    assert inspect(tmp_path).tags == ("serve",)
    assert inspect(tmp_path).ops == {"serve": 1}

    change(tmp_path, lambda proto: proto.meta_graphs.pop(2))
    assert inspect(tmp_path).tags == ("serve", "tpu")
    change(tmp_path, lambda proto: proto.meta_graphs.pop(1))
    assert inspect(tmp_path).tags == ("train",)
    assert [graph.tags for graph in inspect(tmp_path).meta_graphs] == [("train",), ("eval",)]


def test_tensors_made_of_several_are_shown_by_component(tmp_path):
    path = tmp_path / "sparse"
    builder = v1.saved_model.Builder(str(path))
    with v1.Session(graph=tf.Graph()) as session:
        sparse = v1.sparse_placeholder(tf.float32, [None, 3], "sparse")
        ragged = v1.ragged.placeholder(tf.int32, 1, [], "ragged")
        info = v1.saved_model.build_tensor_info
        signature = v1.saved_model.build_signature_def(
            {"s": info(sparse), "r": info(ragged)}, {"sum": info(v1.sparse_reduce_sum(sparse))}
        )
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
    builder.save()
    [signature] = inspect(path).signatures
    assert [str(spec) for spec in signature.inputs] == [
        "r/0: int32[None]",
        "r/1: int64[None]",
        "s/values: float32[None]",
        "s/indices: int64[None, 2]",
        "s/dense_shape: int64[2]",
    ]
