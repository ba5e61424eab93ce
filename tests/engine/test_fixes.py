"""`--fix`: devices are taken out, cuDNN is not traced, an older consumer gets what it knows."""

from __future__ import annotations

import importlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose
from tensorflow.core.protobuf import saved_model_pb2

import sm_magics
from sm_magics.savedmodel import fixes, op_tables
from sm_magics.savedmodel.checks import reachable
from sm_magics.savedmodel.diagnostics import TARGETS
from sm_magics.savedmodel.graphs import written

VECTOR = tf.TensorSpec([None], tf.float32, name="x")
OLD = op_tables.nearest("2.4")


class Pinned(tf.Module):
    """Devices in the body, in a branch, in a loop, around a call, and none on the variable."""

    def __init__(self):
        super().__init__()
        self.scale = tf.Variable(2.0)
        self.inner = tf.function(lambda x: tf.cos(x))  # noqa: PLW0108, a function of its own

    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        with tf.device("/GPU:0"):
            y = self.inner(x) * self.scale
        if tf.reduce_sum(y) > 0.0:
            with tf.device("/CPU:0"):
                y = tf.sin(y)
        for _ in tf.range(2):
            with tf.device("/GPU:1"):
                y = y + 1.0
        return {"y": y}


def read(path):
    return saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())


def pinned_nodes(path):
    """Return the ops that are pinned: in the functions, by whose these are."""
    functions = read(path).meta_graphs[0].graph_def.library.function
    found = {"saver": set(), "model": set()}
    for function in functions:
        owner = "saver" if "_traced_" in function.signature.name else "model"
        found[owner] |= {node.op for node in function.node_def if node.device}
    return found


def answer(path, **feeds):
    signature = tf.saved_model.load(str(path)).signatures["serving_default"]
    return {name: out.numpy() for name, out in signature(**feeds).items()}


X = tf.constant([0.5, -1.0, 3.0])


def test_devices_are_taken_out_and_the_answers_stay(tmp_path):
    plain = sm_magics.export(Pinned(), tmp_path / "plain", ignore="SM3")
    result = sm_magics.export(Pinned(), tmp_path / "fixed", fix="devices")
    assert {"Mul", "Sin", "AddV2"} <= pinned_nodes(plain.path)["model"]
    assert pinned_nodes(result.path)["model"] == set()
    assert [node for node in written.nodes(read(result.path).meta_graphs[0]) if node.device] == []
    assert result.findings == ()
    assert result.verification.signatures[0].status == "equal"
    assert_allclose(answer(result.path, x=X)["y"], answer(plain.path, x=X)["y"])
    assert [reachable.examine(result.path, target) for target in TARGETS] == [[]] * 4


def test_what_was_taken_is_listed(tmp_path):
    result = sm_magics.export(Pinned(), tmp_path / "fixed", fix="devices")
    assert [line.partition(" from ")[0] for line in result.fixed] == [
        "took /device:CPU:0",
        "took /device:GPU:0",
        "took /device:GPU:1",
    ]


def test_a_server_with_hard_placement_takes_it_only_then(tmp_path):
    with pytest.raises(sm_magics.ExportError, match="SM602"):
        sm_magics.export(Pinned(), tmp_path / "plain", verify="serving")
    result = sm_magics.export(Pinned(), tmp_path / "fixed", verify="serving", fix="devices")
    assert result.verification.signatures[0].status == "equal"


def test_the_saver_keeps_its_devices_and_restores(tmp_path):
    module = Pinned()
    module.scale.assign(7.0)
    result = sm_magics.export(module, tmp_path / "fixed", fix="devices")
    plain = sm_magics.export(module, tmp_path / "plain", ignore="SM3")
    assert {"SaveV2", "RestoreV2"} <= pinned_nodes(result.path)["saver"]
    assert pinned_nodes(result.path)["saver"] == pinned_nodes(plain.path)["saver"]
    assert tf.saved_model.load(str(result.path)).scale.numpy() == 7.0


def test_the_fingerprint_is_that_of_the_fixed_graph(tmp_path):
    path = sm_magics.export(Pinned(), tmp_path / "fixed", fix="devices").path
    before = tf.saved_model.experimental.read_fingerprint(str(path))
    from tensorflow.core.protobuf import fingerprint_pb2
    from tensorflow.python.saved_model.pywrap_saved_model import fingerprinting

    now = fingerprint_pb2.FingerprintDef.FromString(fingerprinting.CreateFingerprintDef(str(path)))
    assert before.graph_def_program_hash == now.graph_def_program_hash
    assert before.saved_model_checksum == now.saved_model_checksum


def graph_with(device, *colocations):
    model = saved_model_pb2.SavedModel()
    function = model.meta_graphs.add().graph_def.library.function.add()
    node = function.node_def.add(name="a", op="Sin", device=device)
    node.attr["_class"].list.s.extend(colocations)
    return model, node


def test_colocations_with_devices_go_and_those_with_ops_stay():
    model, node = graph_with("/device:GPU:0", b"loc:@other", b"loc:@/device:GPU:0")
    fixes.clear_devices(model)
    assert list(node.attr["_class"].list.s) == [b"loc:@other"]
    model, node = graph_with("", b"loc:@/job:worker/device:GPU:0")
    fixes.clear_devices(model)
    assert "_class" not in node.attr


def test_a_custom_device_is_named_as_one():
    model, node = graph_with("/job:localhost/device:FPGA:0")
    assert fixes.clear_devices(model) == [
        "took /job:localhost/device:FPGA:0 from 1 node, a custom device"
    ]
    assert node.device == ""


def test_nothing_is_written_anew_where_nothing_is_pinned(tmp_path):
    module = tf.Module()
    module.serve = tf.function(tf.sin, input_signature=[VECTOR])
    assert sm_magics.export(module, tmp_path / "out", fix="devices").fixed == ()


RECURRENT = {
    "LSTM": lambda: keras.layers.LSTM(2),
    "GRU": lambda: keras.layers.GRU(2),
    "Bidirectional": lambda: keras.layers.Bidirectional(keras.layers.LSTM(2)),
}


KERAS_RNN = importlib.import_module("keras.src.backend.tensorflow.rnn")


@pytest.fixture
def gpu(monkeypatch):
    """Make Keras trace as if there were a GPU."""
    monkeypatch.setattr(KERAS_RNN, "_is_gpu_available", lambda: True)


def recurrent(name):
    return keras.Sequential([keras.Input((4, 3), name="x"), RECURRENT[name]()])


def flags(model):
    (layer,) = model.layers
    return [one.use_cudnn for one in layer._flatten_layers() if hasattr(one, "use_cudnn")]


ROWS = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")


@pytest.mark.parametrize("name", RECURRENT)
@pytest.mark.usefixtures("gpu")
def test_keras_takes_cudnn_where_there_is_a_gpu(name):
    found = sm_magics.check(recurrent(name), target="cpu")
    assert "SM306" in {one.code for one in found}
    assert "--fix cudnn" in next(one.hint for one in found if one.code == "SM306")


@pytest.mark.parametrize("name", RECURRENT)
def test_without_cudnn_it_is_exported_and_agrees(name, tmp_path, monkeypatch):
    model = recurrent(name)
    live = model(ROWS).numpy()  # before anything stands for a GPU
    monkeypatch.setattr(KERAS_RNN, "_is_gpu_available", lambda: True)
    before = flags(model)
    assert sm_magics.check(model, fix="cudnn") == []
    result = sm_magics.export(model, tmp_path / "out", fix="cudnn")
    assert result.findings == ()
    assert flags(model) == before == ["auto"] * len(before)
    assert before
    assert not any("Cudnn" in op for op in result.inspection.ops)
    (output,) = answer(result.path, x=tf.constant(ROWS)).values()
    assert_allclose(output, live, rtol=1e-5, atol=1e-6)


@pytest.mark.usefixtures("gpu")
def test_layers_are_as_they_were_after_an_error(tmp_path):
    model = recurrent("Bidirectional")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious").touch()
    with pytest.raises(sm_magics.ExportError, match="SM502"):
        sm_magics.export(model, tmp_path / "out", fix="cudnn")
    assert set(flags(model)) == {"auto"}
    with fixes.without_cudnn(model):
        assert set(flags(model)) == {False}
    assert set(flags(model)) == {"auto"}


class Scaled(tf.Module):
    def __init__(self):
        super().__init__()
        self.scale = tf.Variable(2.0)

    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        return {"y": x * self.scale}


def test_an_older_consumer_gets_what_it_knows(tmp_path):
    with pytest.raises(sm_magics.ExportError, match="SM404"):
        sm_magics.export(Scaled(), tmp_path / "plain", consumer="2.4")
    result = sm_magics.export(Scaled(), tmp_path / "fixed", consumer="2.4", fix="consumer")
    for use in reachable.uses(read(result.path).meta_graphs[0]):
        assert use.op in OLD.ops
        assert list(OLD.unknown_attributes(use.op, use.attrs)) == []
    assert result.findings == ()
    assert result.oldest_consumer.startswith("2.4")
    assert any("debug_name" in line for line in result.fixed)
    assert_allclose(answer(result.path, x=X)["y"], X * 2.0)
    assert reachable.examine(result.path, "any", OLD) == []


def test_what_a_consumer_needs_is_refused_and_nothing_is_written(tmp_path):
    module = tf.Module()
    module.serve = tf.function(
        lambda x: tf.math.approx_max_k(x, 1)[0],
        input_signature=[tf.TensorSpec([None, 8], name="x")],
    )
    with pytest.raises(sm_magics.ExportError, match="ApproxTopK"):
        sm_magics.export(module, tmp_path / "out", consumer="2.4", fix="consumer")
    assert list(tmp_path.iterdir()) == []


def test_several_fixes_at_once(tmp_path):
    result = sm_magics.export(
        Pinned(), tmp_path / "out", consumer="2.4", fix=["devices", "consumer", "cudnn"]
    )
    assert pinned_nodes(result.path)["model"] == set()
    assert result.oldest_consumer.startswith("2.4")
    assert result.findings == ()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"fix": "layout"}, "fix is one of cudnn, devices, consumer.*not 'layout'"),
        ({"fix": ["devices", "all"]}, "not 'all'"),
        ({"fix": "consumer"}, "--consumer 2.12"),
        ({"consumer": "2.99"}, "no op table of TensorFlow '2.99'"),
        ({"target": "npu"}, "target is one of cpu, gpu, tpu, any; not 'npu'"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(given, said, tmp_path):
    with pytest.raises(ValueError, match=said):
        sm_magics.export(Scaled(), tmp_path / "out", **given)
    assert list(tmp_path.iterdir()) == []


def test_a_tpu_that_was_only_pinned_is_put_right(tmp_path):
    def body(x):
        with tf.device("/TPU:0"):
            return x * 2.0

    module = tf.Module()
    module.serve = tf.function(body, input_signature=[tf.TensorSpec([None], tf.float32)])
    assert "SM305" in {one.code for one in sm_magics.check(module)}
    assert sm_magics.check(module, fix="devices") == []
    result = sm_magics.export(module, tmp_path / "out", fix="devices")
    assert result.inspection.devices == {}


def test_a_kernel_that_only_the_pin_lacks_is_no_finding_once_that_is_gone():
    def body(x):
        with tf.device("/GPU:0"):
            return tf.matmul(x, x)

    module = tf.Module()
    module.serve = tf.function(body, input_signature=[tf.TensorSpec([2, 2], tf.int64)])
    assert "SM308" in {one.code for one in sm_magics.check(module, target="gpu")}
    assert sm_magics.check(module, target="gpu", fix="devices") == []
