"""S31 to S39: devices, layouts, strategies, ops and ConcreteFunctions in the written graph."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose
from tensorflow.core.protobuf import saved_model_pb2

import sm_magics

VECTOR = tf.TensorSpec([None], tf.float32)
GPU = "/device:GPU:0"


def serving(body, *specs):
    module = tf.Module()
    module.serve = tf.function(body, input_signature=list(specs) or [VECTOR])
    return module


def written(directory):
    proto = saved_model_pb2.SavedModel.FromString((directory / "saved_model.pb").read_bytes())
    return proto.meta_graphs[0]


def graph_devices(directory, op: str) -> set[str]:
    """Return the devices of the nodes of an op type in the written functions."""
    functions = written(directory).graph_def.library.function
    return {node.device for f in functions for node in f.node_def if node.op == op}


def test_s31_a_device_around_the_export_is_not_written(exported):
    with tf.device("/CPU:0"):
        out = exported(serving(tf.sin))
    assert graph_devices(out.path, "Sin") == {""}
    assert out.result.inspection.devices == {}
    assert out.result.findings == ()
    assert_allclose(out.serve(x=[0.0])["output_0"], [0.0])


def gpu_sine(x):
    with tf.device(GPU):
        return tf.sin(x)


def test_s32_what_a_gpu_was_asked_for_runs_on_a_cpu(exported):
    out = exported(serving(gpu_sine))
    assert out.result.verification.signatures[0].status == "equal"
    assert_allclose(out.run(x=[1.0])["output_0"], np.sin([1.0]), rtol=1e-6)


def test_s33_a_device_in_the_body_is_written_and_shown(exported):
    out = exported(serving(gpu_sine))
    assert graph_devices(out.path, "Sin") == {GPU}
    assert [GPU in device for device in out.result.inspection.devices] == [True]
    assert "GPU:0" in str(out.result)


def looped(x):
    for _ in tf.range(tf.size(x)):
        with tf.device(GPU):
            x = tf.sin(x)
    return x


def branched(x):
    if tf.reduce_sum(x) > 0.0:
        with tf.device(GPU):
            x = tf.sin(x)
    return x


@pytest.mark.parametrize("body", [looped, branched])
def test_s33_through_loops_and_conditions(body, exported):
    out = exported(serving(body))
    assert graph_devices(out.path, "Sin") == {GPU}
    assert any("GPU:0" in device for device in out.result.inspection.devices)


def test_s33_a_nested_call_is_marked_at_the_call_only(exported):
    inner = tf.function(tf.sin)

    def outer(x):
        with tf.device(GPU):
            return inner(x)

    out = exported(serving(outer))
    assert graph_devices(out.path, "Sin") == {""}
    assert graph_devices(out.path, "PartitionedCall") | graph_devices(
        out.path, "StatefulPartitionedCall"
    ) >= {GPU}


def cudnn(x):
    state = tf.zeros([1, tf.shape(x)[1], 2])
    parameters = tf.zeros([64])
    return tf.raw_ops.CudnnRNNV3(
        input=x,
        input_h=state,
        input_c=state,
        params=parameters,
        sequence_lengths=tf.fill([tf.shape(x)[1]], tf.shape(x)[0]),
        rnn_mode="lstm",
    ).output


def test_s34_what_a_cpu_can_not_run_is_not_called_verified(exported):
    spec = tf.TensorSpec([None, None, 2], tf.float32, name="x")
    out = exported(serving(cudnn, spec), ignore="SM3")
    (check,) = out.result.verification.signatures
    assert check.status == "not verified"
    assert check.reason
    assert out.result.inspection.ops["CudnnRNNV3"] == 1


def test_s34_the_layout_that_a_cpu_may_lack_is_written_as_it_is(exported):
    def convolve(x):
        return tf.nn.conv2d(x, tf.ones([1, 1, 2, 1]), 1, "SAME", data_format="NCHW")

    spec = tf.TensorSpec([None, 2, 3, 3], tf.float32, name="x")
    out = exported(serving(convolve, spec), verify=False, ignore="SM3")
    functions = written(out.path).graph_def.library.function
    formats = {n.attr["data_format"].s for f in functions for n in f.node_def if n.op == "Conv2D"}
    assert formats == {b"NCHW"}


STRATEGY = """
import sys
from pathlib import Path
import keras
import tensorflow as tf
import tf_keras
import sm_magics
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
root = Path(sys.argv[1])
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
VECTOR = tf.TensorSpec([None], tf.float32)

class Scale(tf.Module):
    def __init__(self):
        super().__init__()
        self.factor = tf.Variable(3.0)

    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        return {"y": x * self.factor}

class Replicated(Scale):
    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        total = strategy.run(lambda v: tf.sin(v) * self.factor, (x,))
        return {"y": strategy.reduce("SUM", total, axis=None)}

with strategy.scope():
    scoped = sm_magics.export(Scale(), root / "scoped")
    plain = {d for d in scoped.inspection.devices}
    replicated = Replicated()
run = sm_magics.export(replicated, root / "run", ignore="SM3")
print("SCOPED", sorted(plain), [f.code for f in scoped.findings])
print("RUN", sorted(run.inspection.devices))
with strategy.scope():
    loaded = tf.saved_model.load(str(root / "scoped"))
    answer = strategy.run(lambda: loaded.serve(tf.constant([2.0]))["y"])
    print("IMPORTED", type(loaded.factor).__name__, float(strategy.reduce("SUM", answer, None)[0]))

rows = tf.random.stateless_uniform([4, 3], [1, 2])
for name, k in {"KERAS3": keras, "TF_KERAS": tf_keras}.items():
    with strategy.scope():
        model = k.Sequential([k.Input((3,), name="x"), k.layers.Dense(2, name="y")])
        model.compile("adam", "mse")
    model.fit(rows, tf.ones([4, 2]), verbose=0)
    with strategy.scope():
        plain = sm_magics.export(model, root / name)
        whole = sm_magics.export(model, root / (name + "_whole"), with_optimizer=True)
    loaded = tf.saved_model.load(str(plain.path))
    served = loaded.signatures["serving_default"](x=rows)["y"]
    close = bool(tf.reduce_all(abs(served - model.predict(rows, verbose=0)) < 1e-5))
    print(name, close, len(plain.findings), plain.left_out > 0, whole.left_out)
"""


@pytest.fixture(scope="module")
def strategy(tmp_path_factory):
    """What a process with two logical CPUs exported and printed."""
    directory = tmp_path_factory.mktemp("strategy")
    script = directory / "strategy.py"
    script.write_text(STRATEGY)
    ran = subprocess.run(
        [sys.executable, str(script), str(directory)],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"},
    )
    assert ran.returncode == 0, ran.stderr
    lines = dict(line.split(" ", 1) for line in ran.stdout.splitlines() if line[:1].isupper())
    return directory, lines


def test_s35_a_scope_alone_hard_codes_nothing(strategy):
    directory, lines = strategy
    assert lines["SCOPED"] == "[] []"
    loaded = tf.saved_model.load(str(directory / "scoped"))
    assert_allclose(loaded.signatures["serving_default"](x=tf.constant([2.0]))["y"], [6.0])


def test_s35_running_replicas_in_the_body_hard_codes_devices(strategy):
    _, lines = strategy
    assert "CPU:1" in lines["RUN"]


@pytest.mark.parametrize("k", ["KERAS3", "TF_KERAS"])
def test_s35_a_compiled_keras_model_in_a_scope(k, strategy):
    _, lines = strategy
    assert lines[k] == "True 0 True 0"


def test_s36_an_export_is_imported_under_a_strategy(strategy):
    _, lines = strategy
    assert lines["IMPORTED"] == "MirroredVariable 12.0"


def test_s37_default_attributes_are_stripped(exported):
    out = exported(serving(lambda x: tf.linalg.matmul(x, x), tf.TensorSpec([2, 2], name="x")))
    graph = written(out.path)
    assert graph.meta_info_def.stripped_default_attrs
    functions = graph.graph_def.library.function
    (matmul,) = [n for f in functions for n in f.node_def if n.op == "MatMul"]
    assert "transpose_a" not in matmul.attr
    assert_allclose(out.serve(x=np.eye(2))["output_0"], np.eye(2))


def test_s38_every_op_is_listed(exported):
    out = exported(serving(lambda x: tf.sin(tf.cos(x))))
    listed = out.result.inspection.ops
    assert listed["Sin"] == listed["Cos"] == 1
    assert {op.name for op in written(out.path).meta_info_def.stripped_op_list.op} <= set(listed)


def test_s38_an_op_that_is_not_registered_is_listed_though_no_one_can_load_it(exported):
    out = exported(serving(tf.sin))
    proto = out.path / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(proto.read_bytes())
    for function in model.meta_graphs[0].graph_def.library.function:
        for node in function.node_def:
            node.op = "Custom>Sine" if node.op == "Sin" else node.op
    proto.write_bytes(model.SerializeToString())
    assert sm_magics.inspect(out.path).ops["Custom>Sine"] == 1
    with pytest.raises((RuntimeError, tf.errors.OpError, FileNotFoundError), match="Custom>Sine"):
        tf.saved_model.load(str(out.path))


def test_s39_one_function_with_many_concrete_functions(exported):
    module = tf.Module()
    module.double = tf.function(lambda x: x * 2)
    floats = module.double.get_concrete_function(VECTOR)
    integers = module.double.get_concrete_function(tf.TensorSpec([None], tf.int32))
    out = exported(module, {"floats": floats, "integers": integers})
    assert_allclose(out.serve("floats", x=[1.5])["output_0"], [3.0])
    assert out.serve("integers", x=[4])["output_0"].tolist() == [8]
    assert out.loaded.double(tf.constant([1.5])).numpy().tolist() == [3.0]
    assert out.loaded.double(tf.constant([4])).numpy().tolist() == [8]
